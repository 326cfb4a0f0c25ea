"""Cancelling entries takes what could open a position, and leaves what protects one."""

import msgspec

from tests.core_records import make_order
from trader_gui.domain.order import OrderFamily, OrderType, Origin, Purpose
from trader_gui.orders.wishes import cancel_wishes, opening_orders


def test_stops_and_exits_are_left_alone():
    limit = make_order(client_order_id="limit")
    change = msgspec.structs.replace
    stop = change(limit, client_order_id="stop", order_type=OrderType.STOP_MARKET, close_position=True)
    exit_order = change(limit, client_order_id="exit", reduce_only=True)
    net = change(limit, client_order_id="net", purpose=Purpose.PROTECTION)
    assert opening_orders([stop, limit, exit_order, net]) == [limit]


def test_a_wish_to_cancel_names_the_order_and_its_family():
    order = msgspec.structs.replace(make_order(client_order_id="stop"), order_family=OrderFamily.ALGO)
    [wish] = cancel_wishes([order], "by_hand", 7)
    assert (wish.client_order_id, wish.order_family, wish.origin) == ("stop", OrderFamily.ALGO, Origin.HAND)
    assert (wish.reason, wish.wanted_time_ms) == ("by_hand", 7)
