from decimal import Decimal as D

import pytest

from trader_gui.simulated_exchange.records import AccountEvent, BookChange, OrderEvent, VenueRefusal


def refused(code: int) -> object:
    return pytest.raises(VenueRefusal, match=f"^{code}:")


def test_a_market_order_walks_levels_one_fill_each(bench) -> None:
    bench.tick(quantity="0.4")
    order = bench.order("BUY", "1.0")
    assert bench.kinds() == ["NEW/NEW", *["ORDER", "TRADE/PARTIALLY_FILLED"] * 2, "ORDER", "TRADE/FILLED", "BookChange"]
    trades = bench.core.trades("BTCUSDT")
    assert [(t.price, t.qty) for t in trades] == [
        (D("60000.1"), D("0.4")),
        (D("60000.2"), D("0.4")),
        (D("60000.3"), D("0.2")),
    ]
    assert order.avg_price == (D("60000.1") * 4 + D("60000.2") * 4 + D("60000.3") * 2) / 10
    change = bench.events[-1]
    assert isinstance(change, BookChange)
    assert [(p.price, p.quantity, p.is_buyer_maker) for p in change.prints][-1] == (D("60000.3"), D("0.2"), False)
    assert bench.core.last_price("BTCUSDT") == D("60000.3")
    assert bench.core.best("BTCUSDT")[1] == (D("60000.3"), D("0.2"))


def test_events_are_pictures_of_their_moment(bench) -> None:
    bench.tick(quantity="0.4")
    bench.order("BUY", "0.5")
    orders = [event.order for event in bench.events if isinstance(event, OrderEvent)]
    assert [order.executed_qty for order in orders] == [0, D("0.4"), D("0.5")]
    wallets = [event.balances[0].wallet_balance for event in bench.events if isinstance(event, AccountEvent)]
    assert wallets[0] == 10_000 - D("12.00002") and wallets[-1] == bench.wallet()


def test_market_rest_expires_and_a_market_beyond_the_bound_is_refused(bench) -> None:
    bench.tick(asks=((D("60000.1"), D("0.1")), (D("63000.1"), D("9"))), mark="60000")
    order = bench.order("BUY", "0.5")
    assert (order.status, order.executed_qty) == ("EXPIRED", D("0.1"))
    last = [event for event in bench.events if isinstance(event, OrderEvent)][-1]
    assert (last.execution_type, last.expiry_reason) == ("EXPIRED", "9")
    with refused(-4131):
        bench.order("BUY", "0.5")


def test_limit_takes_and_rests(bench) -> None:
    bench.tick(quantity="0.1")
    order = bench.order("BUY", "0.5", "60000.2")
    assert (order.status, order.executed_qty) == ("PARTIALLY_FILLED", D("0.2"))
    assert bench.core.best("BTCUSDT")[0] == (D("60000.2"), D("0.3"))
    bench.tick(ask="60000.3", prints=[("SELL", "60000.2", "0.1")], quantity="0.1")
    assert bench.kinds() == ["ORDER", "TRADE/PARTIALLY_FILLED", "BookChange"]
    trade = bench.core.trades("BTCUSDT")[-1]
    assert trade.is_maker and trade.commission == D("60000.2") * D("0.1") * D("0.0002")


def test_a_book_that_moves_through_a_resting_order_fills_it_and_shows_the_trade(bench) -> None:
    order = bench.order("BUY", "0.5", "59990")
    bench.tick(bid="59980.0", ask="59985.0", quantity="0.3")
    assert (order.status, order.avg_price, bench.core.trades("BTCUSDT")[0].is_maker) == ("FILLED", 59990, True)
    change = bench.events[-1]
    assert isinstance(change, BookChange)
    assert [(p.price, p.quantity, p.is_buyer_maker) for p in change.prints] == [(59990, D("0.5"), True)]
    assert bench.core.last_price("BTCUSDT") == 59990
    assert bench.core.best("BTCUSDT")[1] == (D("59985.1"), D("0.1"))


def test_ioc_fok_gtx(bench) -> None:
    bench.tick(quantity="0.1")
    order = bench.order("BUY", "0.5", "60000.2", timeInForce="IOC")
    last = [event for event in bench.events if isinstance(event, OrderEvent)][-1]
    assert (order.status, order.executed_qty, last.expiry_reason) == ("EXPIRED", D("0.2"), "2")
    before = bench.picture()
    with refused(-5021):
        bench.order("BUY", "0.5", "60000.5", timeInForce="FOK")
    with refused(-5022):
        bench.order("BUY", "0.5", "60000.3", timeInForce="GTX")
    assert bench.picture() == before
    assert bench.order("BUY", "0.1", "60000.3", timeInForce="FOK").status == "FILLED"
    assert bench.order("BUY", "0.1", "60000.3", timeInForce="GTX").status == "NEW"


def test_cancel_by_either_id_and_only_once(bench) -> None:
    first = bench.order("BUY", "0.01", "59000", newClientOrderId="a")
    second = bench.order("BUY", "0.01", "59000", newClientOrderId="b")
    with refused(-4116):
        bench.order("BUY", "0.01", "59000", newClientOrderId="a")
    assert bench.core.cancel_order("BTCUSDT", first.order_id, "b", 1)[0] is first  # the id wins
    with refused(-2011):
        bench.core.cancel_order("BTCUSDT", first.order_id, None, 1)
    third = bench.order("BUY", "0.01", "59000", newClientOrderId="a")  # free again
    assert bench.core.query_order("BTCUSDT", None, "a") is third
    bench.core.cancel_all("BTCUSDT", 1)
    assert (second.status, third.status, bench.core.open_orders()) == ("CANCELED", "CANCELED", [])
    assert bench.core.account().asset.open_order_initial_margin == 0
    with refused(-2013):
        bench.core.open_order("BTCUSDT", third.order_id)
    assert bench.core.query_order("BTCUSDT", third.order_id) is third


def test_reduce_only_is_refused_without_or_beyond_a_position(bench) -> None:
    for side in ("BUY", "SELL"):
        with refused(-2022):
            bench.order(side, "0.01", reduceOnly="true")
    bench.order("BUY", "0.02")
    with refused(-2022):
        bench.order("BUY", "0.01", reduceOnly="true")
    with refused(-2022):
        bench.order("SELL", "0.021", reduceOnly="true")
    bench.order("SELL", "0.015", "60500", reduceOnly="true")
    with refused(-4118):
        bench.order("SELL", "0.006", "60600", reduceOnly="true")
    bench.order("SELL", "0.005", "60600", reduceOnly="true")
    assert bench.core.account().asset.open_order_initial_margin == 0


def test_reduce_only_orders_are_cut_then_knocked_out_as_the_position_shrinks(bench) -> None:
    bench.order("BUY", "0.020")
    far = bench.order("SELL", "0.008", "60600", reduceOnly="true")
    near = bench.order("SELL", "0.012", "60500", reduceOnly="true")
    bench.order("SELL", "0.003", reduceOnly="true")
    assert (far.orig_qty, far.status, near.orig_qty) == (D("0.005"), "NEW", D("0.012"))
    assert "AMENDMENT/NEW" in bench.kinds()
    bench.order("SELL", "0.007")
    assert (far.status, near.status, near.orig_qty) == ("EXPIRED", "NEW", D("0.010"))
    reasons = [e.expiry_reason for e in bench.events if isinstance(e, OrderEvent) and e.order.order_id == far.order_id]
    assert reasons == ["4"]
    bench.order("SELL", "0.030")  # flips
    assert (near.status, bench.amount()) == ("EXPIRED", D("-0.020"))


def test_resting_closes_hit_by_one_print_cannot_flip(bench) -> None:
    for plain_size, closed, status in (("0.015", "0.005", "FILLED"), ("0.020", "0", "EXPIRED")):
        bench.tick()
        bench.order("BUY", "0.020")
        plain = bench.order("SELL", plain_size, "60400")
        closing = bench.order("SELL", "0.020", "60500", reduceOnly="true")
        bench.tick(bid="60600.0", ask="60600.1", prints=[("BUY", "60600", "50")])
        assert (plain.status, closing.status) == ("FILLED", status)
        assert (closing.executed_qty, bench.amount()) == (D(closed), 0)


def test_own_resting_order_in_the_way_expires(bench) -> None:
    resting = bench.order("SELL", "0.5", "60000.1")
    taking = bench.order("BUY", "0.5", "60000.1")
    assert (resting.status, taking.status) == ("EXPIRED_IN_MATCH", "FILLED")
    reasons = [
        e.expiry_reason for e in bench.events if isinstance(e, OrderEvent) and e.order.order_id == resting.order_id
    ]
    assert reasons == ["1"]


def test_gtd_orders_expire_in_market_time(bench) -> None:
    until = bench.now_ms + 700_000
    order = bench.order("BUY", "0.01", "59000", timeInForce="GTD", goodTillDate=str(until))
    bench.tick(after_ms=600_000)
    assert order.status == "NEW"
    bench.tick(after_ms=100_000)
    assert (order.status, bench.kinds()) == ("EXPIRED", ["EXPIRED/EXPIRED", "BookChange"])


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


def test_at_most_200_open_orders(bench) -> None:
    for _ in range(200):
        bench.order("BUY", "0.001", "58000")
    with refused(-2025):
        bench.order("BUY", "0.001", "58000")
