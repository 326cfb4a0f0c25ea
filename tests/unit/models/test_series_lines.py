"""Figures on the tags of position and orders."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.chart_scene import entry_fill, hold, load_klines, make_callback, protective_orders, step_mark, wave_klines
from tests.core_records import MINUTE_MS, START_MS, make_order, make_position, make_snapshot
from trader_gui.domain.account import PositionMode
from trader_gui.domain.market import FundingRate
from trader_gui.domain.order import Fill, OrderFamily, OrderStatus, OrderType, Origin, PositionSide, Side
from trader_gui.models.series_lines import LineKind, OrderLine, break_even, entry_time_ms, order_lines, position_lines


def scene(amount: str, stop: str, target: str) -> tuple[OrderLine, OrderLine]:
    """Return the lines of stop and target of a position entered at 108,367.6, mark 108,449.8."""
    callback = make_callback()
    load_klines(callback, wave_klines(30))
    side = Side.SELL if Decimal(amount) > 0 else Side.BUY
    orders = protective_orders(stop, target, side)
    fill = entry_fill(5, "108367.6", side.opposite, amount.lstrip("-"))
    hold(callback, make_position(amount, "108367.6"), orders, [fill])
    step_mark(callback, "108449.8")
    (position,) = position_lines(callback, "BTCUSDT", [fill], callback.mark_price.mark)
    assert position.origin is Origin.ENGINE
    assert position.entry_time_ms == fill.trade_time_ms
    assert round(position.unrealized_pnl, 3) == Decimal("0.822") * (1 if Decimal(amount) > 0 else -1)
    first, second = order_lines(callback.orders.open_orders("BTCUSDT"), [position])
    return first, second


def figures(line: OrderLine) -> tuple[str, str, str]:
    assert line.distance_fraction is not None
    assert line.money is not None
    assert line.r_multiple is not None
    return f"{line.distance_fraction * 100:.2f}", f"{line.money:.2f}", f"{line.r_multiple:.2f}"


def test_a_long_position_loses_at_its_stop_and_gains_at_its_target() -> None:
    stop, target = scene("0.010", "108248.4", "108541.0")
    assert (stop.kind, target.kind) == (LineKind.STOP, LineKind.TARGET)
    assert figures(stop) == ("-0.11", "-1.19", "-1.00")
    assert figures(target) == ("0.16", "1.73", "1.45")


def test_a_short_position_is_the_mirror() -> None:
    stop, target = scene("-0.010", "108486.8", "108194.2")
    assert figures(stop) == ("-0.11", "-1.19", "-1.00")
    assert figures(target) == ("0.16", "1.73", "1.45")


def test_an_order_that_enlarges_the_position_promises_no_result() -> None:
    order = make_order(price=Decimal("100000"), side=Side.BUY)
    callback = make_callback()
    hold(callback, make_position("0.010", "100000"), (), [])
    (line,) = order_lines([order], position_lines(callback, "BTCUSDT", [], callback.mark_price.mark))
    assert (line.kind, line.money, line.r_multiple) == (LineKind.LIMIT, None, None)


def test_market_orders_have_no_line_and_unanswered_ones_say_so() -> None:
    sent = make_order(status=OrderStatus.SENT)
    market = make_order(order_type=OrderType.MARKET, price=Decimal(0))
    (line,) = order_lines([sent, market], ())
    assert not line.is_confirmed


def test_a_close_of_more_than_the_position_counts_the_position_alone() -> None:
    callback = make_callback()
    hold(callback, make_position("0.010", "100000"), (), [])
    order = make_order(side=Side.SELL, price=Decimal("100100"), quantity=Decimal("5"))
    (line,) = order_lines([order], position_lines(callback, "BTCUSDT", [], callback.mark_price.mark))
    assert line.money == Decimal("1.000")


def test_no_liquidation_price_is_not_a_line_at_zero() -> None:
    callback = make_callback()
    hold(callback, replace(make_position("0.010"), liquidation_price=Decimal(0)), (), [])
    (position,) = position_lines(callback, "BTCUSDT", [], callback.mark_price.mark)
    assert position.liquidation_price is None
    assert position.risk is None
    assert position.r_multiple is None


def test_each_leg_has_a_line_and_its_orders_count_from_its_own_entry() -> None:
    long, short = PositionSide.LONG, PositionSide.SHORT
    callback = make_callback()
    callback.step(PositionMode(True, callback.now_ms))
    stops = [
        make_order(
            f"web-{leg}",
            order_family=OrderFamily.ALGO,
            order_type=OrderType.STOP_MARKET,
            side=side,
            position_side=leg,
            close_position=True,
            price=Decimal(0),
            trigger_price=Decimal(trigger),
        )
        for leg, side, trigger in ((long, Side.SELL, "99000"), (short, Side.BUY, "103000"))
    ]
    legs = (
        make_position("0.010", "100000", position_side=long),
        make_position("-0.004", "102000", position_side=short),
    )
    callback.step(make_snapshot(*legs, open_orders=tuple(stops), taken_time_ms=callback.now_ms))
    bought = replace(entry_fill(1, "100000", Side.BUY, "0.010", trade_id=1), position_side=long)
    sold = replace(entry_fill(3, "102000", Side.SELL, "0.004", trade_id=2), position_side=short)
    lines = position_lines(callback, "BTCUSDT", [bought, sold], None)
    assert [(p.leg, p.is_long, p.entry_time_ms, p.risk) for p in lines] == [
        (long, True, bought.trade_time_ms, Decimal("10.000")),
        (short, False, sold.trade_time_ms, Decimal("4.000")),
    ]
    assert [(line.quantity, line.money) for line in order_lines(stops, lines)] == [
        (Decimal("0.010"), Decimal("-10.000")),
        (Decimal("0.004"), Decimal("-4.000")),
    ]


def fills(*changes: str) -> list[Fill]:
    """Return fills of these signed amounts, one a kline."""
    return [
        entry_fill(i, "100000", Side.BUY if Decimal(c) > 0 else Side.SELL, c.lstrip("-"), trade_id=i)
        for i, c in enumerate(changes)
    ]


@pytest.mark.parametrize(
    ("changes", "amount", "opened_by_fill"),
    [
        (("0.007", "0.003"), "0.010", 0),
        (("0.010", "-0.010", "0.004"), "0.004", 2),
        (("0.010", "-0.030"), "-0.020", 1),
        (("0.020", "-0.005", "0.010"), "0.025", 0),
        (("0.003",), "0.010", None),
        ((), "0.010", None),
    ],
)
def test_the_entry_is_the_fill_that_led_out_of_flat(
    changes: tuple[str, ...], amount: str, opened_by_fill: int | None
) -> None:
    expected = None if opened_by_fill is None else START_MS + opened_by_fill * MINUTE_MS + 20_000
    assert entry_time_ms(Decimal(amount), fills(*changes)) == expected


# ---- break-even ------------------------------------------------------------------------------------------------------

TAKER = Decimal("0.0005")
HOUR_MS = 3_600_000


def result_of_closing(amount: Decimal, entry: Decimal, fills: list[Fill], price: Decimal, funding: Decimal) -> Decimal:
    """Return all that is left when the position is closed at market at a price."""
    paid = sum((f.realized_pnl - f.commission for f in fills), Decimal(0)) - funding
    return amount * (price - entry) + paid - abs(amount) * price * TAKER


@given(
    st.sampled_from([1, -1]),
    st.integers(1, 500),
    st.integers(0, 400),
    st.integers(-30, 30),
    st.integers(-20, 20),
)
def test_at_the_break_even_nothing_is_lost_whatever_was_paid(
    sign: int, lots: int, closed: int, basis_points: int, realized: int
) -> None:
    side = Side.BUY if sign > 0 else Side.SELL
    entry, opened = Decimal("100000"), Decimal(lots + closed) / 1000
    former = entry_fill(1, "90000", side.opposite, "0.5", 1)  # of a position that is over
    over = entry_fill(2, "90000", side, "0.5", 2)
    made = [replace(entry_fill(5, "100000", side, str(opened), 3), commission=opened * entry * TAKER)]
    if closed:
        part = entry_fill(6, "100500", side.opposite, str(Decimal(closed) / 1000), 4)
        made.append(replace(part, commission=Decimal("0.7"), realized_pnl=Decimal(realized)))
    amount = Decimal(lots) / 1000 * sign
    rate = Decimal(basis_points) / 10_000
    funding = [FundingRate(made[0].trade_time_ms + 1, rate), FundingRate(over.trade_time_ms + 1, Decimal("0.5"))]
    found = break_even(make_position(amount, entry), [former, over, *made], "USDT", TAKER, funding)
    assert found is not None
    paid = opened * sign * entry * rate
    assert abs(result_of_closing(amount, entry, made, found, paid)) < Decimal("1e-12")


def test_without_the_executions_or_the_fee_the_venues_break_even_stands() -> None:
    position = make_position("0.010", "100000", break_even_price=Decimal("100050"))
    fill = entry_fill(5, "100000", Side.BUY, "0.010")
    assert break_even(position, [], "USDT", TAKER, ()) is None
    assert break_even(position, [fill], "USDT", None, ()) is None
    callback = make_callback()
    hold(callback, position, (), [fill])
    (line,) = position_lines(callback, "BTCUSDT", [fill], None)
    assert (line.break_even_price, line.is_break_even_whole) == (Decimal("100050"), False)
    (line,) = position_lines(callback, "BTCUSDT", [fill], None, TAKER)
    assert line.is_break_even_whole and line.break_even_price is not None
    assert line.break_even_price % callback.rules.tick_size == 0
    assert line.break_even_price > Decimal("100050")


def test_a_fee_in_another_asset_is_not_counted_as_if_it_were_quote_asset() -> None:
    """0.05 BNB are no 0.05 USDT: the venue's break-even stands, and does not claim to be after all fees."""
    position = make_position("1", "60000", break_even_price=Decimal("60024"))
    fill = entry_fill(5, "60000", Side.BUY, "1")
    in_bnb = replace(fill, commission=Decimal("0.05"), commission_asset="BNB")
    assert break_even(position, [in_bnb], "USDT", TAKER, ()) is None
    callback = make_callback()
    hold(callback, position, (), [in_bnb])
    (line,) = position_lines(callback, "BTCUSDT", [in_bnb], None, TAKER)
    assert (line.break_even_price, line.is_break_even_whole) == (Decimal("60024"), False)
    unpaid = replace(in_bnb, commission=Decimal(0))
    assert break_even(position, [unpaid], "USDT", TAKER, ()) is not None
