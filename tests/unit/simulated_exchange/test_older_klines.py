"""A generated market's past: every interval of it agrees with its minutes, and with what is traded afterwards."""

import time
from decimal import Decimal
from itertools import pairwise

import pytest

from trader_gui.simulated_exchange.generated import HISTORY_KLINES, OLDER_KLINES, GeneratedMarket
from trader_gui.simulated_exchange.klines import FIXED_INTERVAL_MS, MINUTE_MS, MONTH, KlineBook, interval_span
from trader_gui.simulated_exchange.records import KlineRow, Print
from trader_gui.simulated_exchange.symbols import SPECS

START_MS = 1_796_083_200_000 + 11 * 3_600_000 + 7 * MINUTE_MS  # a Tuesday, eleven hours and seven minutes old
DAY_MS = FIXED_INTERVAL_MS["1d"]
INTERVALS = ("1m", "15m", "1h", "4h", "1d", "3d", "1w", MONTH)


@pytest.fixture(scope="module")
def market() -> GeneratedMarket:
    return GeneratedMarket(SPECS["BTCUSDT"], 11, START_MS)


@pytest.fixture(scope="module")
def book(market: GeneratedMarket) -> KlineBook:
    return KlineBook(market.history(), market.older())


@pytest.fixture(scope="module")
def minutes(book: KlineBook) -> list[KlineRow]:
    return everything(book, "1m")


def everything(book: KlineBook, interval: str) -> list[KlineRow]:
    """Read all klines as a chart does: page by page, back from the newest."""
    rows = book.rows(interval, 1500)
    while older := book.rows(interval, 1500, end_time_ms=rows[0].open_time_ms - 1):
        rows = [*older, *rows]
    return rows


def joined(minutes: list[KlineRow]) -> KlineRow:
    """Return minutes as one kline of their interval's times."""
    first, last = minutes[0], minutes[-1]
    sums = [sum((getattr(m, name) for m in minutes), Decimal(0)) for name in ("volume", "quote_volume")]
    taken = [sum((getattr(m, name) for m in minutes), Decimal(0)) for name in _TAKEN]
    high, low = max(m.high for m in minutes), min(m.low for m in minutes)
    count = sum(m.trade_count for m in minutes)
    times = first.open_time_ms, last.close_time_ms
    return KlineRow(*times, first.open, high, low, last.close, *sums, count, *taken)


_TAKEN = ("taker_buy_volume", "taker_buy_quote_volume")


def test_two_months_of_minutes_lead_up_to_the_history_without_a_gap(minutes: list[KlineRow]) -> None:
    rows = minutes
    assert len(rows) == OLDER_KLINES + HISTORY_KLINES + 1
    for before, after in pairwise(rows):
        assert (after.open_time_ms - before.open_time_ms, after.open) == (MINUTE_MS, before.close)
        assert after.low <= min(after.open, after.close) <= max(after.open, after.close) <= after.high
        assert 0 < after.taker_buy_volume < after.volume or after is rows[-1]
    assert all(row.high % SPECS["BTCUSDT"].tick_size == 0 for row in rows[::997])


@pytest.mark.parametrize("interval", INTERVALS[1:])
def test_a_longer_kline_is_its_minutes_on_both_sides_of_the_border_and_across(
    book: KlineBook, minutes: list[KlineRow], interval: str
) -> None:
    rows = everything(book, interval)
    by_open: dict[int, list[KlineRow]] = {}
    for minute in minutes:
        by_open.setdefault(interval_span(interval, minute.open_time_ms)[0], []).append(minute)
    assert [row.open_time_ms for row in rows] == list(by_open)
    for row, own in zip(rows, by_open.values(), strict=True):
        expected = joined(own)
        figures = [getattr(row, name) for name in KlineRow.__struct_fields__[2:]]
        assert figures == [getattr(expected, name) for name in KlineRow.__struct_fields__[2:]]


@pytest.mark.parametrize("interval", ["15m", "4h", "1d", MONTH])
def test_reading_from_a_start_and_up_to_an_end_gives_the_same_rows(book: KlineBook, interval: str) -> None:
    rows = everything(book, interval)
    for first in {0, len(rows) // 2, max(0, len(rows) - 1600), len(rows) - 2}:
        wanted = rows[first : first + 1500]
        assert book.rows(interval, 1500, start_time_ms=wanted[0].open_time_ms) == wanted
        end = wanted[-1].open_time_ms
        assert book.rows(interval, 7, end_time_ms=end) == rows[: first + len(wanted)][-7:]
        assert book.rows(interval, 1500, start_time_ms=wanted[0].open_time_ms, end_time_ms=end) == wanted


def test_an_open_week_that_began_before_the_history_has_its_beginning_when_it_closes(market: GeneratedMarket) -> None:
    book = KlineBook(market.history(), market.older())
    book.add([Print(Decimal(200_000), Decimal(1), False)], 1)
    opened = book.open_kline("1w").row()
    assert opened.open_time_ms < market.older().end_ms and opened.high == 200_000
    closed: list[KlineRow] = []
    while not closed:
        closed = [kline.row() for interval, kline in book.close_one() if interval == "1w"]
    (week,) = closed
    assert (week.open, week.high, week.low) == (opened.open, opened.high, opened.low)
    assert week.volume == opened.volume
    assert week in book.rows("1w", 3)


def test_nothing_is_made_before_somebody_scrolls_back(market: GeneratedMarket) -> None:
    older = market.older()
    book = KlineBook(market.history(), older)
    book.rows("1m", 1500)
    book.rows("1h", 10)
    book.rows("1m", 1500, start_time_ms=START_MS - 60 * MINUTE_MS)
    assert "_minutes" not in vars(older)
    began = time.perf_counter()
    book.rows("1d", 60)
    assert time.perf_counter() - began < 3  # a tenth of a second on a machine that has nothing else to do


def test_a_book_without_a_past_begins_with_its_history(market: GeneratedMarket) -> None:
    book = KlineBook(market.history())
    assert len(book.rows("1m", 1500, end_time_ms=START_MS - DAY_MS)) < 100
    assert book.rows("1d", 60)[0].open_time_ms == interval_span("1d", START_MS - HISTORY_KLINES * MINUTE_MS)[0]
