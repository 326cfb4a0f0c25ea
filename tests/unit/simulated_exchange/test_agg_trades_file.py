from decimal import Decimal as D
from pathlib import Path

import pytest

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.agg_trades_file import (
    COLUMNS,
    HISTORY_MINUTES,
    read_agg_trades_file,
    read_trades,
)
from trader_gui.simulated_exchange.klines import MINUTE_MS

START_MS = 1_699_999_980_000
Row = tuple[int, str, str, int, bool]


def write(path: Path, rows: list[Row], *, header: bool = True, unit: int = 1) -> Path:
    """Rows of (time in ms from the start, price, quantity, id, is buyer maker)."""
    lines = [",".join(COLUMNS)] if header else []
    for at_ms, price, quantity, number, is_maker in rows:
        lines.append(
            f"{number},{price},{quantity},{number},{number},{(START_MS + at_ms) * unit},{str(is_maker).lower()}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_first_500_minutes_become_history(tmp_path: Path) -> None:
    rows: list[Row] = [
        (1_000, "1.50", "10", 1, False),
        (2_000, "1.55", "20.5", 2, True),
        (59_999, "1.45", "1", 3, True),
        (3 * MINUTE_MS, "1.60", "4", 4, False),
        (HISTORY_MINUTES * MINUTE_MS + 7, "1.7", "5", 5, False),
        (HISTORY_MINUTES * MINUTE_MS + 8, "1.8", "5", 6, False),
    ]
    for header, unit in ((True, 1), (False, 1000)):
        file = read_agg_trades_file(write(tmp_path / "x.csv", rows, header=header, unit=unit))
        first, second, third, fourth = file.history[:4]
        assert (first.open, first.high, first.low, first.close) == (D("1.5"), D("1.55"), D("1.45"), D("1.45"))
        assert (first.volume, first.taker_buy_volume, first.trade_count) == (D("31.5"), D(10), 3)
        assert (second.open, second.volume, third.close) == (D("1.45"), 0, D("1.45"))
        assert (fourth.open, fourth.volume) == (D("1.60"), D(4))
        assert len(file.history) == HISTORY_MINUTES
        assert file.history[-1].close_time_ms + 1 == START_MS + HISTORY_MINUTES * MINUTE_MS
        assert (file.start_time_ms, file.first_price) == (file.history[-1].close_time_ms + 8, D("1.7"))
        assert (file.tick_size, file.step_size) == (D("0.01"), D("0.1"))


def test_a_short_file_is_played_whole_after_flat_klines(tmp_path: Path) -> None:
    file = read_agg_trades_file(write(tmp_path / "x.csv", [(1_000, "1.5", "10", 1, False)]))
    assert (file.start_time_ms, len(file.history), file.history[-1].volume) == (START_MS + 1_000, 500, 0)
    assert file.history[-1].close_time_ms + 1 == START_MS


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("3,1.5,1,3,3,1700000000000", "row 3: no trade"),
        ("3,0,1,3,3,1700000000000,true", "row 3: no trade"),
        ("3,1.5,NaN,3,3,1700000000000,true", "row 3: no trade"),
        ("3,1.5,1,3,3,1700000000000,maybe", "row 3: no trade"),
        ("1,1.5,1,3,3,1700000000000,true", "row 3: its id does not come after the row before"),
        ("3,1.5,1,3,3,1600000000000,true", "row 3: it is earlier than the row before"),
    ],
)
def test_a_row_that_is_no_trade_is_named(tmp_path: Path, line: str, sentence: str) -> None:
    path = write(tmp_path / "x.csv", [(1_000, "1.5", "10", 1, False)])
    path.write_text(path.read_text() + line + "\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        list(read_trades(path))
    assert str(caught.value).startswith(f"x.csv, {sentence}")


def test_another_header_and_an_empty_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b,c,d,e,f,g\n", encoding="utf-8")
    with pytest.raises(UserError, match="row 1: the columns are not agg_trade_id"):
        read_agg_trades_file(tmp_path / "x.csv")
    with pytest.raises(UserError, match="has no trades"):
        read_agg_trades_file(write(tmp_path / "y.csv", []))
