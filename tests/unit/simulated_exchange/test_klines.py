from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.simulated_exchange.klines import (
    FIXED_INTERVAL_MS,
    MINUTE_MS,
    KlineBook,
    KlineBuild,
    RollingDay,
    interval_open_ms,
    interval_span,
)
from trader_gui.simulated_exchange.records import KlineRow, Print

SUNDAY_MS = int(datetime(2026, 3, 1, 23, 50, tzinfo=UTC).timestamp() * 1000)


def flat_row(open_ms: int, price: str = "100", volume: str = "1") -> KlineRow:
    value, size = Decimal(price), Decimal(volume)
    return KlineRow(open_ms, open_ms + MINUTE_MS - 1, value, value, value, value, size, size * value, 1, size, size)


def history(count: int = 5, start_ms: int = SUNDAY_MS - 5 * MINUTE_MS) -> list[KlineRow]:
    return [flat_row(start_ms + index * MINUTE_MS) for index in range(count)]


trades = st.lists(
    st.lists(
        st.builds(
            Print,
            st.integers(1, 500).map(Decimal),
            st.integers(1, 99).map(lambda steps: Decimal(steps).scaleb(-3)),
            st.booleans(),
        ),
        max_size=4,
    ),
    min_size=1,
    max_size=40,
)


@given(trades)
def test_every_interval_equals_the_trades_it_covers(minutes: list[list[Print]]) -> None:
    book = KlineBook(history(1, SUNDAY_MS - MINUTE_MS))
    everything: list[tuple[int, Print]] = []
    closed: dict[str, list[KlineBuild]] = {name: [] for name in book.intervals}
    trade_id = 1
    for index, prints in enumerate(minutes):
        book.add(prints, trade_id)
        trade_id += len(prints)
        everything += [(SUNDAY_MS + index * MINUTE_MS, trade) for trade in prints]
        for name, kline in book.close_one():
            closed[name].append(kline)
    for name in ("1m", "5m", "15m", "1h"):
        for kline in closed[name]:
            if kline.open_time_ms < SUNDAY_MS:
                continue
            inside = [trade for at_ms, trade in everything if kline.open_time_ms <= at_ms <= kline.close_time_ms]
            assert kline.volume == sum(trade.quantity for trade in inside)
            assert kline.quote_volume == sum(trade.quantity * trade.price for trade in inside)
            assert kline.trade_count == len(inside)
            assert kline.taker_buy_volume == sum(trade.quantity for trade in inside if not trade.is_buyer_maker)
            if inside:
                assert kline.close == inside[-1].price
                assert kline.high >= max(trade.price for trade in inside)
                assert kline.low <= min(trade.price for trade in inside)
                if name == "1m":
                    assert (kline.open, kline.high) == (inside[0].price, max(trade.price for trade in inside))
                    assert kline.last_trade_id - kline.first_trade_id == len(inside) - 1


def test_a_week_opens_on_monday_and_closes_with_its_last_minute() -> None:
    monday_ms = SUNDAY_MS + 10 * MINUTE_MS
    assert interval_open_ms(FIXED_INTERVAL_MS["1w"], monday_ms) == monday_ms
    assert interval_open_ms(FIXED_INTERVAL_MS["1w"], monday_ms - 1) == monday_ms - 7 * 1440 * MINUTE_MS
    book = KlineBook(history())
    names = [[name for name, _ in book.close_one()] for _ in range(10)]
    # A three-day span happens to end there, too; the month does not.
    assert names[-1] == [name for name in book.intervals if name != "1M"]
    assert names[0] == ["1m", "3m"]
    assert names[1] == ["1m"]


def test_an_interval_in_progress_holds_closed_and_open_minutes() -> None:
    book = KlineBook(history())
    book.add([Print(Decimal(120), Decimal(2), False)], 1)
    book.close_one()
    book.add([Print(Decimal(90), Decimal(3), True)], 2)
    five = book.open_kline("5m")
    assert (five.open, five.high, five.low, five.close) == (Decimal(120), Decimal(120), Decimal(90), Decimal(90))
    assert (five.volume, five.first_trade_id, five.last_trade_id) == (Decimal(5), 1, 2)
    assert book.rows("5m", 10)[-1] == five.row()
    minute = book.open_kline("1m")
    assert minute.open == Decimal(90)  # its own first trade, not the close before


def test_a_minute_without_trades_stands_still() -> None:
    book = KlineBook(history())
    closed = book.close_one()[0][1]
    assert (closed.open, closed.high, closed.low, closed.close) == (Decimal(100),) * 4
    assert (closed.volume, closed.trade_count, closed.first_trade_id) == (Decimal(0), 0, -1)


def test_rows_by_time_and_by_count() -> None:
    book = KlineBook(history())
    first = SUNDAY_MS - 5 * MINUTE_MS
    assert [row.open_time_ms for row in book.rows("1m", 3)] == [first + n * MINUTE_MS for n in (3, 4, 5)]
    assert [row.open_time_ms for row in book.rows("1m", 2, start_time_ms=first + 1)] == [
        first + MINUTE_MS,
        first + 2 * MINUTE_MS,
    ]
    ended = book.rows("1m", 2, end_time_ms=first + 2 * MINUTE_MS)
    assert [row.open_time_ms for row in ended] == [first + MINUTE_MS, first + 2 * MINUTE_MS]
    assert book.rows("1m", 9, start_time_ms=SUNDAY_MS + MINUTE_MS) == []
    assert book.rows("1m", 9, end_time_ms=first - 1) == []


def test_a_source_of_longer_klines_serves_only_its_multiples() -> None:
    rows = [
        KlineRow(at, at + 5 * MINUTE_MS - 1, *[Decimal(7)] * 6, 0, Decimal(0), Decimal(0))
        for at in range(0, 25 * MINUTE_MS, 5 * MINUTE_MS)
    ]
    book = KlineBook(rows)
    assert book.base_interval == "5m"
    assert "1m" not in book.intervals
    assert "15m" in book.intervals


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 9)), min_size=3, max_size=60))
def test_the_rolling_day_equals_a_fresh_sum(values: list[tuple[int, int]]) -> None:
    length_ms = FIXED_INTERVAL_MS["1h"]
    rows = [
        KlineRow(
            at * length_ms,
            (at + 1) * length_ms - 1,
            Decimal(price),
            Decimal(price + 1),
            Decimal(price - 1),
            Decimal(price),
            Decimal(volume),
            Decimal(volume * price),
            volume,
            Decimal(0),
            Decimal(0),
        )
        for at, (price, volume) in enumerate(values)
    ]
    day = RollingDay(rows[:1])
    for row in rows[1:]:
        day.add(row)
    window = rows[-23:]
    open_kline = KlineBuild.flat(len(rows) * length_ms, length_ms, rows[-1].close)
    result = day.with_open(open_kline)
    assert result.volume == sum(row.volume for row in window)
    assert result.trade_count == sum(row.trade_count for row in window)
    assert result.high == max(row.high for row in window)
    assert result.low == min(row.low for row in window)
    assert result.open == window[0].open


@pytest.mark.parametrize(("year", "month", "days"), [(2026, 2, 28), (2028, 2, 29), (2026, 12, 31), (2026, 4, 30)])
def test_a_month_lasts_as_long_as_the_calendar_says(year: int, month: int, days: int) -> None:
    first_ms = int(datetime(year, month, 1, tzinfo=UTC).timestamp() * 1000)
    end_ms = first_ms + days * 1440 * MINUTE_MS - 1
    for time_ms in (first_ms, first_ms + 12 * 1440 * MINUTE_MS, end_ms):
        assert interval_span("1M", time_ms) == (first_ms, end_ms)
    assert interval_span("1M", end_ms + 1)[0] == end_ms + 1
    book = KlineBook(history(3, end_ms + 1 - 3 * MINUTE_MS - MINUTE_MS))
    assert "1M" in [name for name, _ in book.close_one()]
    assert book.open_kline("1M").open_time_ms == end_ms + 1


def test_rows_may_be_asked_for_by_time_beyond_either_end() -> None:
    book = KlineBook(history(5))
    everything = book.rows("1m", 100)
    assert len(everything) == 6
    assert book.rows("1m", 100, start_time_ms=0) == everything
    assert book.rows("1m", 2, start_time_ms=0) == everything[:2]
    assert book.rows("1m", 2, end_time_ms=everything[-1].open_time_ms) == everything[-2:]
    assert book.rows("1m", 2, end_time_ms=everything[-1].open_time_ms - 1) == everything[-3:-1]
    assert book.rows("1m", 9, start_time_ms=everything[-1].open_time_ms) == everything[-1:]
    assert book.rows("1m", 9, start_time_ms=everything[-1].open_time_ms + 1) == []
    assert book.rows("1m", 9, end_time_ms=everything[0].open_time_ms - 1) == []
    assert book.rows("1m", 1) == everything[-1:]
    assert book.rows("1m", 6) == everything
