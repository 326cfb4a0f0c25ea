from decimal import Decimal as D
from pathlib import Path

import pytest

from tests.recordings import START_MS, depth, mark, snapshot, top, trade, write
from trader_gui.errors import UserError
from trader_gui.simulated_exchange.raw_feed import Diff, RawTrade, Top, read_frames, read_head

FRAMES = [
    snapshot(START_MS, 100),
    depth(START_MS + 20, (101, 110, 100), [["100.05", "1.25"]]),
    top(START_MS + 20, 105, ("100.0", "1"), ("100.1", "1")),
    trade(START_MS + 20, "100.0", "0.5"),
    trade(START_MS + 10, "100.1", "0.500"),
    mark(START_MS + 15, "100.02", "100.01", "0.0001"),
]


def test_frames_come_in_the_venues_order(tmp_path: Path) -> None:
    path = write(tmp_path / "r.txt", FRAMES)
    head = read_head(path, None)
    assert (head.symbol, head.has_snapshot, head.tick_size, head.step_size) == ("BTCUSDT", True, D("0.01"), D("0.01"))
    assert head.first_mark is not None and head.first_mark.mark_price == D("100.02")
    kinds = [type(frame).__name__ for frame in read_frames(path, head)]
    # At one time the trade comes before the book that it left, and the book's parts by their update ids.
    assert kinds == ["Snapshot", "RawTrade", "RawMark", "RawTrade", "Top", "Diff"]


def test_another_symbol_and_doubled_trades_are_passed_over(tmp_path: Path) -> None:
    other = [{"stream": "ethusdt@trade", "data": {**trade(START_MS, "1", "1")["data"], "s": "ETHUSDT"}}]
    joined = [{"stream": "btcusdt@aggTrade", "data": {**trade(START_MS, "9", "9")["data"], "e": "aggTrade"}}]
    path = write(tmp_path / "r.txt", [*FRAMES[1:], *other, *joined])
    frames = list(read_frames(path, read_head(path, "BTCUSDT")))
    assert [frame.price for frame in frames if isinstance(frame, RawTrade)] == [D("100.1"), D("100.0")]
    # Without a trade stream the aggregate trades are what was traded.
    path = write(tmp_path / "agg.txt", [FRAMES[1], *joined])
    frames = list(read_frames(path, read_head(path, None)))
    assert [frame.price for frame in frames if isinstance(frame, RawTrade)] == [D("9")]


def test_partial_depth_is_no_diff_and_disorder_within_the_window_is_put_right(tmp_path: Path) -> None:
    partial = {"stream": "btcusdt@depth5@100ms", "data": depth(START_MS, (1, 2, 0))["data"]}
    late = [depth(START_MS + 50 * i, (i * 10, i * 10 + 5, i * 10 - 5)) for i in range(1, 200)]
    early = top(START_MS + 60, 12, ("1", "1"), ("2", "1"))
    path = write(tmp_path / "r.txt", [trade(START_MS, "1", "1"), partial, *late[:90], early, *late[90:]])
    frames = list(read_frames(path, read_head(path, None)))
    assert sum(isinstance(frame, Diff) for frame in frames) == 199
    assert [frame.time_ms for frame in frames] == sorted(frame.time_ms for frame in frames)
    assert isinstance(frames[2], Top)


@pytest.mark.parametrize(
    ("frames", "symbol", "sentence"),
    [
        ([], None, "holds no frame of a market stream"),
        (FRAMES, "ETHUSDT", "is a recording of BTCUSDT, not of ETHUSDT"),
        (FRAMES[:2], None, "has no trade or aggTrade stream"),
        (FRAMES[3:], None, "has no diff depth stream"),
    ],
)
def test_what_cannot_be_played_is_said(tmp_path: Path, frames: list[dict], symbol: str | None, sentence: str) -> None:
    path = write(tmp_path / "r.txt", frames)
    with pytest.raises(UserError) as caught:
        read_head(path, symbol)
    assert sentence in str(caught.value)
