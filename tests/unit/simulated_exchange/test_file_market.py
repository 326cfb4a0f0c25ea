from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.file_market import KlinesFileMarket
from trader_gui.simulated_exchange.klines import MINUTE_MS, KlineBook
from trader_gui.simulated_exchange.klines_file import HISTORY_ROWS, KlinesFile
from trader_gui.simulated_exchange.records import KlineRow
from trader_gui.simulated_exchange.steady_book import LEVELS
from trader_gui.simulated_exchange.symbols import SPECS

START_MS = 1_700_000_040_000
SPEC = SPECS["BTCUSDT"]


def klines_file(
    rows: list[tuple[int, int, int, int, int]], price_places: int = 1, volume_places: int = 3
) -> KlinesFile:
    """Return a file of 500 equal rows and then `rows`: open, high, low, close, volume in last decimals."""
    everything = [(600_000, 600_010, 599_990, 600_000, 5_000)] * HISTORY_ROWS + rows
    texts = [
        [str(Decimal(row[column]).scaleb(-(price_places if column < 4 else volume_places))) for row in everything]
        for column in range(5)
    ]
    times = START_MS + np.arange(len(everything), dtype=np.int64) * MINUTE_MS
    return KlinesFile(
        Path("BTCUSDT-1m.csv"), "1m", MINUTE_MS, times, (texts[0], texts[1], texts[2], texts[3], texts[4])
    )


@st.composite
def kline_values(draw: st.DrawFn) -> tuple[int, int, int, int, int]:
    low = draw(st.integers(590_000, 610_000))
    high = low + draw(st.integers(0, 500))
    return (
        draw(st.integers(low, high)),
        high,
        low,
        draw(st.integers(low, high)),
        draw(st.one_of(st.integers(0, 5), st.integers(0, 10**6))),
    )


@given(st.lists(kline_values(), min_size=1, max_size=4), st.sampled_from([4, 7, 40]), st.sampled_from([1, 2]))
def test_ticks_rebuild_every_kline_exactly(
    rows: list[tuple[int, int, int, int, int]], ticks_per_kline: int, price_places: int
) -> None:
    market = KlinesFileMarket(SPEC, klines_file(rows, price_places), ticks_per_kline=ticks_per_kline)
    book = KlineBook(market.history())
    before_ms = 0
    prints = 0
    for tick in market.ticks():
        assert tick.time_ms > before_ms
        before_ms = tick.time_ms
        while book.close_time_ms < tick.time_ms:
            book.close_one()
        book.add(tick.prints, prints + 1)
        prints += len(tick.prints)
        assert len(tick.bids) == len(tick.asks) == LEVELS
        assert tick.asks[0][0] - tick.bids[0][0] == Decimal("0.1")
        assert tick.bids[0][0] <= tick.prints[0].price <= tick.asks[0][0]
    assert prints >= 4 * len(rows)
    rebuilt = [kline for kline in book.rows("1m", 1500) if kline.open_time_ms >= market.start_time_ms]
    wanted = [
        tuple(Decimal(value).scaleb(-places) for value, places in zip(row, (*[price_places] * 4, 3), strict=True))
        for row in rows
    ]
    assert [(row.open, row.high, row.low, row.close, row.volume) for row in rebuilt] == wanted


def test_a_rising_kline_goes_down_first_and_a_falling_one_up() -> None:
    market = KlinesFileMarket(SPEC, klines_file([(100, 300, 50, 200, 40), (200, 300, 50, 100, 40)]))
    prices = [int(tick.prints[0].price * 10) for tick in market.ticks()]
    assert prices == [100, 50, 300, 200, 200, 300, 50, 100]


def test_the_last_trade_comes_at_the_close_and_the_first_at_the_open() -> None:
    market = KlinesFileMarket(SPEC, klines_file([(100, 300, 50, 200, 40)] * 2))
    times = [tick.time_ms - market.start_time_ms for tick in market.ticks()]
    assert (times[0], times[3], times[4]) == (0, MINUTE_MS - 1, MINUTE_MS)


def test_same_file_same_ticks_and_sizes_depend_on_the_price_alone() -> None:
    file = klines_file([(600_000, 600_900, 599_100, 600_500, 7_777)] * 3)
    market = KlinesFileMarket(SPEC, file, ticks_per_kline=60)
    ticks = list(market.ticks())
    assert ticks == list(KlinesFileMarket(SPEC, file, ticks_per_kline=60).ticks())
    sizes: dict[Decimal, Decimal] = {}
    for tick in ticks:
        for price, size in (*tick.bids, *tick.asks):
            assert size > 0
            assert sizes.setdefault(price, size) == size


def test_history_is_the_first_500_rows() -> None:
    market = KlinesFileMarket(SPEC, klines_file([(600_000, 600_900, 599_100, 600_500, 7_777)]))
    history: tuple[KlineRow, ...] = market.history()
    assert len(history) == HISTORY_ROWS
    assert history[-1].close_time_ms == market.start_time_ms - 1
    assert history[0].high == Decimal("60001.0")
    assert history[0].volume == Decimal(5)


def test_a_file_of_another_symbol_is_refused() -> None:
    file = klines_file([(1, 1, 1, 1, 1)])
    cheap = msgspec.structs.replace(file, columns=(["0.17"] * len(file), *file.columns[1:]))
    with pytest.raises(UserError, match=r"0\.17, is no price of BTCUSDT: choose the symbol"):
        KlinesFileMarket(SPEC, cheap)
