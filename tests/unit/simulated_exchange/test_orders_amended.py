"""Changing open orders (9.3)."""

from decimal import Decimal as D

import pytest

from trader_gui.simulated_exchange.records import VenueRefusal


def refused(code: int) -> object:
    return pytest.raises(VenueRefusal, match=f"^{code}:")


def amend(bench, order, quantity: str, price: str, **extra: str):
    params = {"symbol": "BTCUSDT", "side": order.side, "quantity": quantity, "price": price}
    row, bench.events = bench.core.modify_order(params | {"orderId": str(order.order_id)} | extra, bench.now_ms)
    return row


def test_modify_changes_price_and_quantity_and_loses_the_place(bench) -> None:
    bench.tick(bid="60000.0", quantity="1")
    first = bench.order("BUY", "0.1", "60000.0")
    second = bench.order("BUY", "0.1", "60000.0")
    amend(bench, first, "0.2", "60000.0")
    assert bench.kinds() == ["AMENDMENT/NEW", "BookChange"]
    bench.tick(prints=[("SELL", "60000", "1.1")], quantity="1")
    assert (first.executed_qty, second.executed_qty) == (0, D("0.1"))
    amend(bench, first, "0.2", "60000.1")  # now it takes
    assert (first.status, first.avg_price) == ("FILLED", D("60000.1"))


def test_modify_frees_the_margin_of_the_order_that_it_replaces(make_bench) -> None:
    bench = make_bench(wallet_balance=D(300))
    order = bench.order("BUY", "0.1", "60000")
    assert amend(bench, order, "0.1", "59900").price == 59900
    with refused(-2019):
        amend(bench, order, "0.102", "59900")


def test_modify_refusals_leave_the_order_as_it_was(bench) -> None:
    order = bench.order("BUY", "0.1", "59000")
    before = bench.picture()
    for change, code in (
        (("0.1", "59000"), -5027),
        (("0.1", "59000.05"), -4014),
        (("0.1", "63000.1"), -4016),
        (("2000", "59000"), -4005),
        (("0.0005", "59000"), -1111),
        (("100", "59000"), -2019),
    ):
        with refused(code):
            amend(bench, order, *change)
    with refused(-5047):
        amend(bench, order, "0.1", "58000", reduceOnly="true")
    with refused(-1117):
        amend(bench, order, "0.1", "58000", side="SELL")
    with refused(-2013):
        amend(bench, order, "0.1", "58000", orderId="1")
    assert bench.picture() == before


def test_modify_cancels_what_is_filled_already_or_may_not_take(bench) -> None:
    bench.tick(quantity="0.1")
    order = bench.order("BUY", "0.5", "60000.1")
    assert amend(bench, order, "0.1", "60000.0").status == "CANCELED"
    post_only = bench.order("BUY", "0.5", "59000", timeInForce="GTX")
    assert amend(bench, post_only, "0.5", "61000").status == "CANCELED"
    assert bench.amount() == D("0.1")


def test_modify_writes_history_and_drops_self_trade_prevention(bench) -> None:
    order = bench.order("BUY", "0.1", "59000", newClientOrderId="m")
    amend(bench, order, "0.2", "58000", modifyId="41")
    event = bench.events[0]
    assert (event.execution_type, event.modify_id, event.order.stp_mode) == ("AMENDMENT", 41, "NONE")
    assert (event.bid_notional, event.ask_notional) == (11_600, 0)
    amend(bench, order, "0.2", "58500")
    first, second = bench.core.amendments("BTCUSDT", order.order_id)
    assert (first.price_before, first.price_after, first.quantity_before, first.quantity_after) == (
        59_000,
        58_000,
        D("0.1"),
        D("0.2"),
    )
    assert (first.count, first.modify_id, second.count, second.modify_id) == (1, 41, 2, None)
    assert bench.core.amendments("BTCUSDT", None, "m", limit=1) == [second]


def test_an_amended_order_may_trade_with_the_account_itself(bench) -> None:
    bench.tick(bid="59990.0", ask="60000.1", quantity="1")
    resting = bench.order("SELL", "0.5", "60000.0")
    order = bench.order("BUY", "0.5", "59000")
    amend(bench, order, "0.5", "60000.0")
    assert (order.status, resting.status, bench.amount()) == ("FILLED", "FILLED", 0)


def test_modify_by_price_match(bench) -> None:
    order = bench.order("BUY", "0.1", "59000")
    params = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.1", "orderId": str(order.order_id)}
    bench.core.modify_order(params | {"priceMatch": "QUEUE_5"}, bench.now_ms)
    assert (order.price, order.price_match, order.status) == (D("59999.6"), "QUEUE_5", "NEW")
    before = bench.picture()
    with refused(-5041):
        bench.core.modify_order(params | {"priceMatch": "OPPONENT_20"} | thin_book(bench), bench.now_ms)
    assert bench.picture() != before  # the thin book is there, the order is as it was
    assert (order.price, order.price_match, order.amendment_count) == (D("59999.6"), "QUEUE_5", 1)


def thin_book(bench) -> dict[str, str]:
    level = ((D("60000.1"), D("1")),)
    bench.tick(asks=level)
    return {}


def test_modify_limits(bench) -> None:
    order = bench.order("BUY", "0.1", "59000")
    with refused(-5029):
        amend(bench, order, "0.001", "40000")
    with refused(-5043):
        bench.core.modify_order(
            {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.1", "price": "1", "orderId": str(order.order_id)},
            bench.now_ms,
            {order.order_id},
        )
    order.amendment_count = 9_999
    amend(bench, order, "0.1", "58000")
    before = bench.picture()
    with refused(-5026):
        amend(bench, order, "0.1", "58001")
    assert bench.picture() == before


def test_a_reduce_only_order_may_be_amended_below_the_least_notional(bench) -> None:
    bench.tick(symbol="ETHUSDT", bid="3000.00", ask="3000.01")
    bench.order("BUY", "0.02", symbol="ETHUSDT")
    order = bench.order("SELL", "0.01", "3100", reduceOnly="true", symbol="ETHUSDT")
    with refused(-5029):
        amend(bench, order, "0.005", "3100", symbol="ETHUSDT")
    assert amend(bench, order, "0.005", "3100", symbol="ETHUSDT", reduceOnly="true").orig_qty == D("0.005")
    with refused(-2022):
        amend(bench, order, "0.021", "3100", symbol="ETHUSDT")
