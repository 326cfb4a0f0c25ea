"""Stops, targets and closes as they are put to the gate."""

import pytest
from msgspec.structs import replace

from tests.core_records import RULES, dec, make_position
from trader_gui.domain.order import OrderType, Origin, Side
from trader_gui.risk.exit_orders import market_exit, market_quantity, protective_stop, take_profit


@pytest.mark.parametrize(("amount", "side"), [("0.010", Side.SELL), ("-0.010", Side.BUY)])
def test_each_closes_its_position_and_can_do_nothing_else(amount, side):
    position = make_position(amount)
    whole = protective_stop(position, dec("99000"), Origin.ENGINE, "protect", 5)
    part = protective_stop(position, dec("99000"), Origin.HAND, "protect", 5, dec("0.004"))
    target = take_profit(position, dec("101000"), Origin.HAND, "bracket_target", 5, dec("0.004"))
    close = market_exit(position, RULES, Origin.HAND, "close_now", 5)
    assert {order.side for order in (whole, part, target, close)} == {side}
    assert all(order.is_reducing for order in (whole, part, target, close))
    assert (whole.close_position, whole.quantity, part.close_position) == (True, None, False)
    assert (target.order_type, target.trigger_price) == (OrderType.TAKE_PROFIT_MARKET, dec("101000"))
    assert (close.order_type, close.quantity) == (OrderType.MARKET, dec("0.010"))


def test_a_size_is_what_one_order_without_a_limit_price_may_have():
    rules = replace(RULES, market_max_quantity=dec("0.5"), market_step_size=dec("0.01"))
    assert market_quantity(make_position("0.777"), rules) == dec("0.5")
    assert market_quantity(make_position("-0.123"), rules) == dec("0.12")
    assert market_quantity(make_position("0.004"), rules) == dec("0.004")  # the venue says what it thinks of it
    assert market_quantity(make_position("0.777"), replace(RULES, market_max_quantity=dec(0))) == dec("0.777")
