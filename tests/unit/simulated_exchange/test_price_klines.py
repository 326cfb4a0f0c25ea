from decimal import Decimal

from trader_gui.simulated_exchange.klines import MINUTE_MS, KlineBook
from trader_gui.simulated_exchange.price_klines import PriceKlines
from trader_gui.simulated_exchange.records import KlineRow, Print

HOUR_MS = 60 * MINUTE_MS
START_MS = 28_800_000 * 60_000


def history(count: int) -> list[KlineRow]:
    rows = []
    for index in range(count):
        open_ms = START_MS + (index - count) * MINUTE_MS
        low, high = Decimal(100 - index % 7), Decimal(105 + index % 5)
        rows.append(
            KlineRow(open_ms, open_ms + MINUTE_MS - 1, *(low, high, low, high), *[Decimal(1)] * 2, 9, *[low] * 2)
        )
    return rows


def test_longer_klines_agree_with_those_of_trades() -> None:
    rows = history(500)
    prices, trades = PriceKlines(rows), KlineBook(rows)
    for minute in range(70):
        for value in (Decimal(200 + minute), Decimal(90), Decimal(150)):
            prices.add(value)
            trades.add([Print(value, Decimal(1), False)], minute * 3 + 1)
        prices.close_one()
        trades.close_one()
    for interval in trades.intervals:
        for limits in ({}, {"start_time_ms": START_MS - HOUR_MS}, {"end_time_ms": START_MS}):
            for count in (1, 3, 50):
                expected = trades.rows(interval, count, **limits)
                found = prices.rows(interval, count, **limits)
                assert [(r.open_time_ms, r.close_time_ms, r.open, r.high, r.low, r.close) for r in found] == [
                    (r.open_time_ms, r.close_time_ms, r.open, r.high, r.low, r.close) for r in expected
                ], (interval, limits, count)


def test_a_minute_without_a_value_stands_still_and_has_no_volume() -> None:
    prices = PriceKlines(history(3))
    prices.add(Decimal(7))
    prices.close_one()
    prices.close_one()
    *_, moved, still, now = prices.rows("1m", 10)
    assert (moved.open, moved.high, moved.close) == (Decimal(7),) * 3
    assert (still.open, still.low, still.volume, still.trade_count) == (Decimal(7), Decimal(7), Decimal(0), 60)
    assert (now.open_time_ms, now.trade_count) == (still.close_time_ms + 1, 0)


def test_a_premium_has_a_past_of_zero() -> None:
    prices = PriceKlines(history(3), is_flat=True)
    assert {row.close for row in prices.rows("1m", 10)} == {Decimal(0)}
