from decimal import Decimal as D
from itertools import pairwise
from pathlib import Path

import pytest

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.agg_trades_file import COLUMNS, read_agg_trades_file, read_trades
from trader_gui.simulated_exchange.klines import MINUTE_MS, KlineBook, KlineBuild
from trader_gui.simulated_exchange.symbols import SPECS
from trader_gui.simulated_exchange.trades_market import AggTradesMarket

START_MS = 1_699_999_980_000
ARCHIVE = Path(__file__).parents[4] / "shared" / "data" / "trades" / "APEUSDT-perp-aggTrades-2024-10-18.zip"


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join((",".join(COLUMNS), *rows)) + "\n", encoding="utf-8")
    return path


def test_trades_come_at_their_own_times_and_the_book_stands_around_them(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.csv",
        f"1,2.4000,10,1,1,{START_MS},false",
        f"2,2.4000,11,2,2,{START_MS + 5},true",
        f"3,2.3999,12,3,3,{START_MS + 5},true",
        f"4,2.4,13,4,4,{START_MS + 70_000},false",
    )
    market = AggTradesMarket(SPECS["XRPUSDT"], read_agg_trades_file(path))
    ticks = list(market.ticks())
    assert [(tick.time_ms - START_MS, len(tick.prints)) for tick in ticks] == [(0, 1), (5, 2), (70_000, 1)]
    assert [(tick.bids[0][0], tick.asks[0][0]) for tick in ticks] == [
        (D("2.3999"), D("2.4")),
        (D("2.3999"), D("2.4")),
        (D("2.3999"), D("2.4")),
    ]
    assert (ticks[1].mark_price, ticks[1].index_price, ticks[1].funding_rate) == (D("2.3999"), D("2.3999"), 0)
    assert ticks == list(market.ticks())
    with pytest.raises(UserError, match=r"its first price, 2\.4000, is no price of BTCUSDT"):
        AggTradesMarket(SPECS["BTCUSDT"], read_agg_trades_file(path))


@pytest.mark.skipif(not ARCHIVE.exists(), reason="the archive's file is not here")
def test_a_real_day_gives_the_klines_of_its_trades() -> None:
    file = read_agg_trades_file(ARCHIVE)
    assert (file.tick_size, file.step_size) == (D("0.0001"), D(1))
    market = AggTradesMarket(SPECS["XRPUSDT"], file)
    book = KlineBook(market.history())
    ticks = list(market.ticks())
    assert ticks[0].time_ms == market.start_time_ms
    for tick in ticks:
        while book.close_time_ms < tick.time_ms:
            book.close_one()
        book.add(tick.prints, 1)
    builds: dict[int, KlineBuild] = {}
    for row in read_trades(ARCHIVE):
        open_ms = row.time_ms // MINUTE_MS * MINUTE_MS
        builds.setdefault(open_ms, KlineBuild.flat(open_ms, MINUTE_MS, D(0))).add(row.trade, 1)
    rows = book.rows("1m", 1500)
    assert [row for row in rows if row.trade_count] == [build.row() for build in builds.values()]
    assert len(rows) == 24 * 60
    assert all(later.time_ms > before.time_ms for before, later in pairwise(ticks))
