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
    assert bench.core.cancel_order("BTCUSDT", first.order_id, "b", bench.now_ms)[0] is first  # the id wins
    with refused(-2011):
        bench.core.cancel_order("BTCUSDT", first.order_id, None, bench.now_ms)
    third = bench.order("BUY", "0.01", "59000", newClientOrderId="a")  # free again
    assert bench.core.query_order("BTCUSDT", None, "a") is third
    bench.core.cancel_all("BTCUSDT", bench.now_ms)
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


def reasons(bench, order) -> list[str]:
    return [e.expiry_reason for e in bench.events if isinstance(e, OrderEvent) and e.order.order_id == order.order_id]


def self_trade(bench, mode: str, **taker: str):
    """An own ask of 0.5 stands alone at 60000.0, a taker of 0.8 comes for it and for the ladder behind it."""
    bench.tick(bid="59990.0", ask="60000.1", quantity="1")
    resting = bench.order("SELL", "0.5", "60000.0")
    taking = bench.order("BUY", "0.8", "60000.1", selfTradePreventionMode=mode, **taker)
    return resting, taking


@pytest.mark.parametrize(
    ("mode", "in_force", "resting", "taking", "executed", "codes"),
    [
        ("EXPIRE_MAKER", "GTC", "EXPIRED_IN_MATCH", "FILLED", "0.8", ("1", "0")),
        ("EXPIRE_TAKER", "GTC", "NEW", "EXPIRED_IN_MATCH", "0", (None, "1")),
        ("EXPIRE_BOTH", "GTC", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH", "0", ("1", "1")),
        ("EXPIRE_TAKER", "IOC", "NEW", "EXPIRED_IN_MATCH", "0", (None, "3")),
        ("EXPIRE_BOTH", "IOC", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH", "0", ("1", "3")),
        ("NONE", "GTC", "FILLED", "FILLED", "0.8", ("0", "0")),
        ("EXPIRE_BOTH", "FOK", "FILLED", "FILLED", "0.8", ("0", "0")),  # the mode does not work for FOK
    ],
)
def test_self_trade_prevention_as_the_taker_says(bench, mode, in_force, resting, taking, executed, codes) -> None:
    maker, taker = self_trade(bench, mode, timeInForce=in_force)
    assert (maker.status, taker.status, taker.executed_qty) == (resting, taking, D(executed))
    assert [reasons(bench, order)[-1] if reasons(bench, order) else None for order in (maker, taker)] == list(codes)
    assert bench.amount() == (
        D("0.8") if resting == "EXPIRED_IN_MATCH" and executed != "0" else D("0.3") * (executed != "0")
    )


def test_a_market_order_stopped_by_its_own_resting_order(bench) -> None:
    bench.tick(bid="59990.0", ask="60000.1", quantity="1")
    resting = bench.order("SELL", "0.5", "60000.2")
    order = bench.order("BUY", "1.5", selfTradePreventionMode="EXPIRE_TAKER")
    assert (order.status, order.executed_qty, resting.status) == (
        "FILLED",
        D("1.5"),
        "NEW",
    )  # one ahead of it in the queue
    order = bench.order("BUY", "1.0", selfTradePreventionMode="EXPIRE_TAKER")
    assert (order.status, order.executed_qty, resting.status) == ("EXPIRED_IN_MATCH", D("0.5"), "NEW")
    assert reasons(bench, order)[-1] == "1"


def test_a_self_trade_books_both_sides_and_moves_nothing_but_fees(bench) -> None:
    bench.tick(bid="59990.0", ask="60000.1", quantity="1")
    bench.order("SELL", "0.5", "60000.0")
    bench.order("BUY", "0.5", "60000.0", selfTradePreventionMode="NONE")
    maker, taker = bench.core.trades("BTCUSDT")
    assert (maker.side, maker.is_maker, taker.side, taker.is_maker) == ("SELL", True, "BUY", False)
    assert maker.trade_id != taker.trade_id
    assert (bench.amount(), bench.wallet()) == (0, 10_000 - 30_000 * D("0.0007"))
    change = bench.events[-1]
    assert [(p.price, p.quantity) for p in change.prints] == [(60_000, D("0.5"))]  # one public trade


def test_gtd_orders_expire_in_market_time(bench) -> None:
    until = bench.now_ms + 700_000
    order = bench.order("BUY", "0.01", "59000", timeInForce="GTD", goodTillDate=str(until))
    bench.tick(after_ms=600_000)
    assert order.status == "NEW"
    bench.tick(after_ms=100_000)
    assert (order.status, bench.kinds()) == ("EXPIRED", ["EXPIRED/EXPIRED", "BookChange"])


def test_at_most_200_open_orders(bench) -> None:
    for _ in range(200):
        bench.order("BUY", "0.001", "58000")
    with refused(-2025):
        bench.order("BUY", "0.001", "58000")


def test_orders_expire_after_a_year(bench) -> None:
    order = bench.order("BUY", "0.01", "59000")
    bench.tick(after_ms=365 * 86_400_000 - 2)
    assert order.status == "NEW"
    bench.tick(after_ms=2)
    assert (order.status, "EXPIRED/EXPIRED" in bench.kinds()) == ("EXPIRED", True)


@pytest.mark.parametrize(
    ("side", "match", "price"),
    [
        ("BUY", "OPPONENT", "60000.1"),
        ("BUY", "OPPONENT_5", "60000.5"),
        ("BUY", "OPPONENT_10", "60001.0"),
        ("BUY", "OPPONENT_20", "60002.0"),
        ("BUY", "QUEUE", "60000.0"),
        ("BUY", "QUEUE_20", "59998.1"),
        ("SELL", "QUEUE", "60000.1"),
        ("SELL", "QUEUE_10", "60001.0"),
        ("SELL", "OPPONENT_5", "59999.6"),
    ],
)
def test_price_match(bench, side: str, match: str, price: str) -> None:
    row, _ = bench.core.place_order(
        {
            "symbol": "BTCUSDT",
            "side": side,
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01",
            "priceMatch": match,
        },
        bench.now_ms,
    )
    assert (row.price, row.price_match) == (D(price), match)
    assert row.status == ("FILLED" if match.startswith("OPPONENT") else "NEW")


def test_an_rpi_order_rests_unseen(bench) -> None:
    with refused(-5022):
        bench.order("BUY", "0.1", "60000.1", timeInForce="RPI")
    bench.tick(quantity="1")
    order = bench.order("SELL", "0.1", "60000.1", timeInForce="RPI")
    assert bench.core.best("BTCUSDT")[1] == (D("60000.1"), 1)
    assert bench.core.book_with_rpi("BTCUSDT", 1)[1] == [(D("60000.1"), D("1.1"))]
    assert bench.order("BUY", "1.1", "60000.1", timeInForce="IOC").executed_qty == 1
    assert order.status == "NEW"


def test_events_carry_the_notional_of_the_open_orders(bench) -> None:
    bench.tick(quantity="0.4")
    bench.order("BUY", "0.010", "50000")
    bench.order("SELL", "0.5", "60000.0")
    notionals = [(event.bid_notional, event.ask_notional) for event in bench.events if isinstance(event, OrderEvent)]
    assert notionals == [(500, 30_000), (500, 6_000)]
    bench.order("SELL", "0.1")
    assert [(e.bid_notional, e.ask_notional) for e in bench.events if isinstance(e, OrderEvent)][-1] == (500, 6_000)


def test_an_empty_side_gives_a_market_order_nothing(bench) -> None:
    bench.tick(asks=())
    before = bench.picture()
    with refused(-1112):
        bench.order("BUY", "0.1")
    assert bench.picture() == before


def test_while_trading_is_halted_orders_can_only_be_cancelled(bench) -> None:
    order = bench.order("BUY", "0.1", "59000")
    bench.core._books["BTCUSDT"].is_trading = False
    before = bench.picture()
    with refused(-1122):
        bench.order("BUY", "0.1", "59000")
    with refused(-5024):
        bench.core.modify_order(
            {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.1", "price": "58000", "orderId": str(order.order_id)},
            bench.now_ms,
        )
    assert bench.picture() == before
    bench.core.cancel_order("BTCUSDT", order.order_id, None, bench.now_ms)
    assert order.status == "CANCELED"


def test_a_forced_close_is_calculated_and_goes_against_nobody_if_told(bench) -> None:
    bench.order("BUY", "0.3")
    core, events = bench.core, []
    order = core._desk.autoclose(
        core._account.position("BTCUSDT"),
        bench.now_ms,
        events,
        client_order_id="adl_autoclose",
        quantity=D("0.2"),
        uses_book=False,
    )
    assert (order.status, order.avg_price, order.client_order_id, bench.amount()) == (
        "FILLED",
        60_000,
        "adl_autoclose",
        D("0.1"),
    )
    assert [e.execution_type for e in events if isinstance(e, OrderEvent)] == ["NEW", "CALCULATED"]


def test_in_hedge_mode_closing_orders_are_knocked_out_by_their_own_position_alone(bench) -> None:
    bench.core.set_position_mode(True)
    bench.order("BUY", "0.020", positionSide="LONG")
    bench.order("SELL", "0.020", positionSide="SHORT")
    closes_long = bench.order("SELL", "0.020", "61000", positionSide="LONG")
    closes_short = bench.order("BUY", "0.020", "59000", positionSide="SHORT")
    assert (closes_long.reduce_only, closes_short.reduce_only) == (True, True)
    with refused(-4118):
        bench.order("SELL", "0.001", "61500", positionSide="LONG")
    with refused(-2022):
        bench.order("SELL", "0.021", positionSide="LONG")
    bench.order("SELL", "0.015", positionSide="LONG")
    assert (closes_long.orig_qty, closes_short.orig_qty) == (D("0.005"), D("0.020"))
    bench.order("SELL", "0.005", positionSide="LONG")
    assert (closes_long.status, closes_short.status) == ("EXPIRED", "NEW")
    assert reasons(bench, closes_long) == ["4"]


def test_in_hedge_mode_the_two_positions_of_a_symbol_may_trade_with_each_other(bench) -> None:
    bench.core.set_position_mode(True)
    bench.tick(bid="59990.0", ask="60000.1", quantity="1")
    bench.order("SELL", "0.1", "60000.0", positionSide="SHORT")
    bench.order("BUY", "0.1", "60000.0", positionSide="LONG", selfTradePreventionMode="NONE")
    views = {view.position_side: view.position_amount for view in bench.core.position_risk("BTCUSDT")}
    assert (views["LONG"], views["SHORT"]) == (D("0.1"), D("-0.1"))


def test_a_self_trade_knocks_out_nothing_that_the_position_still_carries(bench) -> None:
    bench.tick(bid="59990.0", ask="60000.1", quantity="1")
    bench.order("SELL", "0.020")
    plain = bench.order("BUY", "0.015", "59995.0")
    closing = bench.order("BUY", "0.020", "59994.0", reduceOnly="true")
    taker = bench.order("SELL", "0.035", "59994.0", selfTradePreventionMode="NONE")
    assert (plain.status, closing.status, closing.executed_qty) == ("FILLED", "FILLED", D("0.020"))
    assert (taker.status, bench.amount()) == ("FILLED", D("-0.020"))
