"""Trailing stops, dates, price matches, halts: what the conditional orders of all kinds do beside triggering."""

from decimal import Decimal as D

import pytest

from trader_gui.simulated_exchange.records import AlgoEvent, AlgoRow, OrderEvent, VenueRefusal


def refused(code: int):
    return pytest.raises(VenueRefusal, match=f"^{code}:")


def trail(bench, side: str, rate: str, quantity: str = "0.1", **extra: str) -> AlgoRow:
    params = {"symbol": "BTCUSDT", "algoType": "CONDITIONAL", "side": side, "type": "TRAILING_STOP_MARKET"}
    row, bench.events = bench.core.place_algo(
        params | {"quantity": quantity, "callbackRate": rate} | extra, bench.now_ms
    )
    return row


def stop_limit(bench, trigger: str = "60500", **extra: str) -> AlgoRow:
    params = {"symbol": "BTCUSDT", "algoType": "CONDITIONAL", "side": "BUY", "type": "STOP", "quantity": "0.1"}
    row, bench.events = bench.core.place_algo(params | {"triggerPrice": trigger} | extra, bench.now_ms)
    return row


def hit(bench, price: str = "60500", **extra: object):
    return bench.tick(bid=f"{price}.0", ask=f"{price}.1", prints=[("BUY", price, "1")], **extra)


def test_a_trailing_stop_is_activated_follows_and_closes(bench) -> None:
    bench.order("BUY", "0.1")
    algo = trail(bench, "SELL", "1", activatePrice="60600", reduceOnly="true", clientAlgoId="t-1")
    assert (bench.kinds(), algo.is_activated) == (["NEW"], False)
    bench.tick(bid="59000.0", ask="59000.1", prints=[("SELL", "59000", "1")])
    assert (algo.algo_status, bench.kinds()) == ("NEW", [])
    hit(bench, "60600")
    assert (algo.is_activated, bench.kinds()) == (True, ["NEW"])
    hit(bench, "61000")
    assert (bench.kinds(), algo.extreme_price) == ([], 61_000)
    hit(bench, "60391")
    assert algo.algo_status == "NEW"
    hit(bench, "60390")
    assert bench.kinds() == ["TRIGGERING", "NEW/NEW", "ORDER", "TRADE/FILLED", "TRIGGERED", "FINISHED", "BookChange"]
    assert (bench.amount(), algo.algo_status) == (0, "FINISHED")
    child = bench.core.query_order("BTCUSDT", algo.actual_order_id)
    assert (child.orig_type, child.order_type, child.client_order_id) == ("TRAILING_STOP_MARKET", "MARKET", "t-1")
    assert (child.activate_price, child.callback_rate) == (60_600, 1)


def test_a_trailing_stop_without_an_activation_price_is_active_at_once(bench) -> None:
    algo = trail(bench, "BUY", "0.5", workingType="MARK_PRICE")
    assert (algo.is_activated, algo.activate_price, bench.kinds()) == (True, 60_000, ["NEW"])
    bench.tick(mark="59000")
    bench.tick(mark="59294.9")
    assert algo.algo_status == "NEW"
    bench.tick(mark="59295")
    assert (algo.algo_status, bench.amount()) == ("FINISHED", D("0.1"))


@pytest.mark.parametrize(
    ("side", "extra", "code"),
    [
        ("BUY", {"activatePrice": "60000"}, -2021),
        ("SELL", {"activatePrice": "60000"}, -2021),
        ("SELL", {"activatePrice": "0"}, -4135),
        ("SELL", {"activatePrice": "9999999"}, -4135),
        ("SELL", {"activatePrice": "61000.05"}, -4014),
        ("SELL", {"callbackRate": "0.05"}, -1130),
        ("SELL", {"callbackRate": "20.1"}, -1130),
        ("SELL", {"quantity": "0.0001"}, -1111),
        ("SELL", {"quantity": "121"}, -4005),
        ("SELL", {"timeInForce": "GTE_GTC"}, -4509),
    ],
)
def test_refused_trailing_stops_change_nothing(bench, side: str, extra: dict[str, str], code: int) -> None:
    before = bench.picture()
    with refused(code):
        trail(bench, side, "1", **extra)
    assert bench.picture() == before


def test_a_dated_order_expires_untriggered(bench) -> None:
    until = bench.now_ms + 700_000
    algo = stop_limit(bench, price="60600", timeInForce="GTD", goodTillDate=str(until))
    later = stop_limit(bench, price="60600", timeInForce="GTD", goodTillDate=str(until + 100_000))
    bench.tick(after_ms=690_000)
    assert algo.algo_status == "NEW"
    bench.tick(after_ms=10_000)
    assert (algo.algo_status, later.algo_status, bench.kinds()) == ("EXPIRED", "NEW", ["EXPIRED"])


def test_the_date_goes_over_to_the_limit_order(bench) -> None:
    until = (bench.now_ms + 700_000) // 1000 * 1000
    algo = stop_limit(bench, price="60400", timeInForce="GTD", goodTillDate=str(until))
    hit(bench)
    child = bench.core.query_order("BTCUSDT", algo.actual_order_id)
    assert (child.time_in_force, child.good_till_date_ms, child.status) == ("GTD", until, "NEW")
    bench.tick(bid="60500.0", ask="60500.1", after_ms=700_000)
    assert (child.status, algo.algo_status) == ("EXPIRED", "FINISHED")


@pytest.mark.parametrize(
    ("in_force", "status", "reason"),
    [
        ("IOC", "FINISHED", ""),
        ("FOK", "REJECTED", "FOK"),
        ("GTX", "REJECTED", "Post Only"),
        ("RPI", "REJECTED", "Post Only"),
        ("GTC", "TRIGGERED", ""),
    ],
)
def test_the_limit_order_obeys_its_time_in_force(bench, in_force: str, status: str, reason: str) -> None:
    algo = stop_limit(bench, price="60500.1", timeInForce=in_force)
    hit(bench, quantity="0.05")
    assert (algo.algo_status, reason in algo.reason) == (status, True)
    assert bench.amount() == (0 if status == "REJECTED" else D("0.05"))


def test_a_price_match_finds_its_price_at_the_trigger(bench) -> None:
    algo = stop_limit(bench, priceMatch="QUEUE_5")
    hit(bench)
    child = bench.core.query_order("BTCUSDT", algo.actual_order_id)
    assert (child.price, child.price_match, child.status) == (D("60499.6"), "QUEUE_5", "NEW")
    late = stop_limit(bench, "61000", priceMatch="OPPONENT_20")
    bench.tick(bid="61000.0", asks=((D("61000.1"), D(1)),), prints=[("BUY", "61000", "1")])
    assert (late.algo_status, late.reason) == ("REJECTED", "No depth matches this BBO order.")


def test_a_gte_order_that_would_trigger_at_once(bench) -> None:
    bench.order("BUY", "0.1")
    before = bench.picture()
    with refused(-4142):
        bench.algo("SELL", "STOP_MARKET", "60001", "0.1", timeInForce="GTE_GTC")
    with refused(-2021):
        bench.algo("SELL", "STOP_MARKET", "60001", closePosition="true")
    assert bench.picture() == before


def test_nothing_triggers_while_the_market_is_halted(bench) -> None:
    algo = bench.algo("SELL", "STOP_MARKET", "59000", "0.1", workingType="MARK_PRICE")
    book = bench.core._books["BTCUSDT"]
    book.is_trading = False
    bench.core._algos.notice("BTCUSDT", "MARK_PRICE", D(58_000), bench.now_ms, [])
    bench.core._algos.settle(bench.now_ms, [])
    assert algo.algo_status == "NEW"
    book.is_trading = True
    bench.tick(mark="58000")
    assert algo.algo_status == "FINISHED"


def test_a_triggered_order_keeps_its_wishes(bench) -> None:
    algo = stop_limit(
        bench, price="60400", selfTradePreventionMode="EXPIRE_BOTH", priceProtect="true", workingType="MARK_PRICE"
    )
    bench.tick(bid="60500.0", ask="60500.1")
    child = next(e.order for e in bench.events if isinstance(e, OrderEvent))
    assert (child.stp_mode, child.price_protect, child.working_type, child.stop_price) == (
        "EXPIRE_BOTH",
        True,
        "MARK_PRICE",
        60_500,
    )
    assert [e.algo.algo_status for e in bench.events if isinstance(e, AlgoEvent)] == ["TRIGGERING", "TRIGGERED"]
    assert algo.actual_order_id == child.order_id


def test_a_taken_client_id_rejects_the_trigger(bench) -> None:
    algo = stop_limit(bench, price="60400", clientAlgoId="twice")
    bench.order("BUY", "0.01", "59000", newClientOrderId="twice")
    hit(bench)
    assert (algo.algo_status, algo.reason) == ("REJECTED", "ClientOrderId is duplicated.")


def test_a_forced_close_takes_the_orders_with_it_that_live_by_the_position(bench) -> None:
    bench.order("BUY", "0.1")
    stop = bench.algo("SELL", "STOP_MARKET", "59000", closePosition="true")
    events = bench.core.auto_deleverage("BTCUSDT", "BOTH", None, bench.now_ms)
    assert (bench.amount(), stop.algo_status) == (0, "EXPIRED")
    assert any(isinstance(event, AlgoEvent) for event in events)
