from decimal import Decimal as D

import pytest

from trader_gui.simulated_exchange.records import AlgoEvent, OrderEvent, VenueRefusal


def refused(code: int) -> object:
    return pytest.raises(VenueRefusal, match=f"^{code}:")


def test_life_of_a_stop(bench) -> None:
    bench.order("BUY", "0.1")
    algo = bench.algo("SELL", "STOP_MARKET", "59000", "0.1", reduceOnly="true", clientAlgoId="sl-1")
    assert (algo.algo_status, bench.kinds()) == ("NEW", ["NEW"])
    assert bench.core.open_orders() == []  # the normal endpoints know nothing of it
    bench.tick(bid="59000.1", ask="59000.2", prints=[("SELL", "59000.1", "1")])
    assert (algo.algo_status, bench.events) == ("NEW", [])
    bench.tick(bid="58990.0", ask="58990.1", prints=[("SELL", "59000", "1"), ("SELL", "58990", "1")])
    assert bench.kinds() == [
        "TRIGGERING",
        "NEW/NEW",
        "ORDER",
        "TRADE/FILLED",
        "TRIGGERED",
        "FINISHED",
        "BookChange",
    ]
    child = bench.core.query_order("BTCUSDT", algo.actual_order_id)
    assert (child.client_order_id, child.order_type, child.orig_type) == ("sl-1", "MARKET", "STOP_MARKET")
    assert (child.avg_price, child.reduce_only, child.stop_price) == (58990, True, 59000)
    assert (algo.actual_qty, algo.trigger_time_ms, bench.amount()) == (D("0.1"), bench.now_ms, 0)
    pictures = [event.algo for event in bench.events if isinstance(event, AlgoEvent)]
    assert [picture.algo_status for picture in pictures] == ["TRIGGERING", "TRIGGERED", "FINISHED"]
    assert [picture.actual_order_id for picture in pictures] == [None, child.order_id, child.order_id]
    with refused(-2011):
        bench.core.cancel_algo(algo.algo_id, None, bench.now_ms)


@pytest.mark.parametrize(
    ("side", "order_type", "trigger", "hits", "misses"),
    [
        ("BUY", "STOP_MARKET", "60500", "60500.0", "60499.9"),
        ("SELL", "STOP_MARKET", "59500", "59500.0", "59500.1"),
        ("BUY", "TAKE_PROFIT_MARKET", "59500", "59500.0", "59500.1"),
        ("SELL", "TAKE_PROFIT_MARKET", "60500", "60500.0", "60499.9"),
    ],
)
@pytest.mark.parametrize("working_type", ["CONTRACT_PRICE", "MARK_PRICE"])
def test_direction_of_each_type_and_price(
    bench, side: str, order_type: str, trigger: str, hits: str, misses: str, working_type: str
) -> None:
    algo = bench.algo(side, order_type, trigger, "0.01", workingType=working_type)
    for price, status in ((misses, "NEW"), (hits, "FINISHED")):
        if working_type == "MARK_PRICE":
            bench.tick(mark=price)
        else:
            bench.tick(mark="60000", prints=[("BUY", price, "1")])
        assert algo.algo_status == status
    bench.tick(mark=hits, prints=[("BUY", hits, "1")])  # the child's own trade had moved the last price
    with refused(-2021):
        bench.algo(side, order_type, trigger, "0.01", workingType=working_type)


def test_the_other_price_does_not_trigger(bench) -> None:
    mark = bench.algo("SELL", "STOP_MARKET", "59500", "0.01", workingType="MARK_PRICE")
    bench.tick(prints=[("SELL", "59000", "1")])
    assert mark.algo_status == "NEW"
    bench.tick(prints=[("BUY", "60000", "1")])
    last = bench.algo("SELL", "STOP_MARKET", "59500", "0.01")
    bench.tick(mark="59000")
    assert (mark.algo_status, last.algo_status) == ("FINISHED", "NEW")


def test_price_protection_waits(bench) -> None:
    algo = bench.algo("BUY", "STOP_MARKET", "63500", "0.01", priceProtect="true")
    bench.tick(prints=[("BUY", "63500", "1")], mark="60000")
    assert algo.algo_status == "NEW"
    bench.tick(prints=[("BUY", "63500", "1")], mark="63000")  # judged by the mark known before this tick
    assert algo.algo_status == "NEW"
    bench.tick(bid="63500.0", ask="63500.1", prints=[("BUY", "63500", "1")])
    assert algo.algo_status == "FINISHED"


def test_a_stop_limit_rests_and_finishes_with_its_child(bench) -> None:
    bench.order("BUY", "0.1")
    algo = bench.algo("SELL", "STOP", "59000", "0.1", price="59000", reduceOnly="true")
    bench.tick(bid="58900.0", ask="58900.1", prints=[("SELL", "58900", "1")])
    assert bench.kinds() == ["TRIGGERING", "NEW/NEW", "TRIGGERED", "BookChange"]
    assert algo.algo_status == "TRIGGERED"
    bench.tick(bid="58950.0", ask="59100.0", prints=[("BUY", "59000.1", "1")])
    assert (algo.algo_status, algo.actual_price, bench.amount()) == ("FINISHED", 59000, 0)


def test_cancelled_child_finishes_the_parent(bench) -> None:
    algo = bench.algo("BUY", "STOP", "60500", "0.1", price="60400")
    bench.tick(bid="60500.0", ask="60500.1", prints=[("BUY", "60500", "1")])
    _, events = bench.core.cancel_order("BTCUSDT", algo.actual_order_id, None, bench.now_ms)
    assert [event.algo.algo_status for event in events if isinstance(event, AlgoEvent)] == ["FINISHED"]
    assert algo.actual_qty == 0


def test_close_position_needs_a_position_and_is_one_of_a_kind(bench) -> None:
    before = bench.picture()
    with refused(-4509):
        bench.algo("SELL", "STOP_MARKET", "59000", closePosition="true")
    with refused(-4509):
        bench.algo("SELL", "STOP_MARKET", "59000", "0.1", timeInForce="GTE_GTC")
    assert bench.picture() == before
    bench.order("BUY", "0.1")
    with refused(-4509):
        bench.algo("BUY", "STOP_MARKET", "61000", closePosition="true")
    stop = bench.algo("SELL", "STOP_MARKET", "59000", closePosition="true")
    before = bench.picture()
    with refused(-4130):
        bench.algo("SELL", "STOP_MARKET", "58000", closePosition="true")
    assert bench.picture() == before
    bench.algo("SELL", "TAKE_PROFIT_MARKET", "61000", closePosition="true")
    bench.core.cancel_algo(stop.algo_id, None, bench.now_ms)
    bench.algo("SELL", "STOP_MARKET", "58000", closePosition="true")


def test_close_position_closes_what_is_there_and_its_twin_expires(bench) -> None:
    bench.order("BUY", "0.1")
    stop = bench.algo("SELL", "STOP_MARKET", "59000", closePosition="true")
    take = bench.algo("SELL", "TAKE_PROFIT_MARKET", "61000", closePosition="true")
    bench.order("BUY", "0.05")  # the position grew meanwhile
    bench.tick(bid="61000.0", ask="61000.1", prints=[("BUY", "61000", "1")])
    assert (bench.amount(), take.algo_status, stop.algo_status) == (0, "FINISHED", "EXPIRED")
    assert take.actual_qty == D("0.15")
    child = bench.core.query_order("BTCUSDT", take.actual_order_id)
    assert child.close_position and child.reduce_only


def test_close_position_expires_when_the_position_goes_or_turns_round(bench) -> None:
    for quantity in ("0.1", "0.3"):
        bench.order("BUY", "0.1")
        stop = bench.algo("SELL", "STOP_MARKET", "59000", closePosition="true")
        gte = bench.algo("SELL", "STOP_MARKET", "59000", "0.1", timeInForce="GTE_GTC")
        plain = bench.algo("SELL", "STOP_MARKET", "59000", "0.1", reduceOnly="true")
        bench.order("SELL", quantity)
        assert [a.algo_status for a in (stop, gte, plain)] == ["EXPIRED", "EXPIRED", "NEW"]
        assert bench.kinds()[-3:] == ["EXPIRED", "EXPIRED", "BookChange"]
        bench.core.cancel_all_algo("BTCUSDT", bench.now_ms)


def test_both_triggers_in_one_tick_close_only_once(bench) -> None:
    bench.order("BUY", "0.1")
    stop = bench.algo("SELL", "STOP_MARKET", "59000", closePosition="true")
    take = bench.algo("SELL", "TAKE_PROFIT_MARKET", "61000", closePosition="true")
    bench.tick(prints=[("SELL", "59000", "1"), ("BUY", "61000", "1")])
    assert (bench.amount(), stop.algo_status, take.algo_status) == (0, "FINISHED", "EXPIRED")


def test_a_reduce_only_stop_is_cut_to_the_position_or_rejected(bench) -> None:
    bench.order("BUY", "0.1")
    stop = bench.algo("SELL", "STOP_MARKET", "59000", "0.1", reduceOnly="true")
    bench.order("SELL", "0.06")
    bench.tick(bid="58000.0", ask="58000.1", prints=[("SELL", "58000", "1")])
    assert (bench.amount(), stop.algo_status, stop.actual_qty) == (0, "FINISHED", D("0.04"))
    late = bench.algo("SELL", "STOP_MARKET", "57000", "0.1", reduceOnly="true")
    bench.tick(bid="56000.0", ask="56000.1", prints=[("SELL", "56000", "1")])
    assert (late.algo_status, late.reason, bench.amount()) == ("REJECTED", "ReduceOnly Order is rejected.", 0)
    assert bench.kinds() == ["TRIGGERING", "REJECTED"]


def test_margin_is_judged_at_the_trigger(make_bench) -> None:
    bench = make_bench(wallet_balance=D(100))
    algo = bench.algo("BUY", "STOP_MARKET", "60500", "1")
    bench.tick(bid="60500.0", ask="60500.1", prints=[("BUY", "60500", "1")])
    assert (algo.algo_status, algo.reason) == ("REJECTED", "Margin is insufficient.")
    assert bench.core.all_orders("BTCUSDT") == []


def test_the_smallest_order_is_not_refused_because_the_price_moved_on(bench) -> None:
    algo = bench.algo("SELL", "STOP_MARKET", "50000", "0.001")  # 50 USDT at the trigger, the least allowed
    bench.tick(bid="49900.0", ask="49900.1", prints=[("SELL", "49900", "1")])
    assert (algo.algo_status, bench.amount()) == ("FINISHED", D("-0.001"))


def test_own_trades_trigger_too(bench) -> None:
    bench.tick(asks=((D("60000.1"), D("0.1")), (D("60500"), D("5"))), mark="60000")
    algo = bench.algo("BUY", "STOP_MARKET", "60500", "0.01")
    bench.order("BUY", "0.2")
    assert algo.algo_status == "FINISHED"
    kinds = bench.kinds()
    assert kinds.index("TRIGGERING") > kinds.index("TRADE/FILLED")
    order_ids = [event.order.order_id for event in bench.events if isinstance(event, OrderEvent)]
    assert order_ids == sorted(order_ids)


def test_a_stop_runs_before_liquidation(make_bench) -> None:
    bench = make_bench(wallet_balance=D(400))
    bench.order("BUY", "0.1")
    stop = bench.algo("SELL", "STOP_MARKET", "57000", closePosition="true", workingType="MARK_PRICE")
    assert round(bench.core.position_risk("BTCUSDT")[0].liquidation_price) == 56255
    bench.tick(bid="56300.0", ask="56300.1", mark="56200")
    assert (stop.algo_status, bench.amount()) == ("FINISHED", 0)
    assert not bench.core.income(income_type="INSURANCE_CLEAR")


@pytest.mark.parametrize(
    ("order_type", "extra", "code"),
    [
        ("STOP_MARKET", {"triggerPrice": "59000.05"}, -4014),
        ("STOP_MARKET", {"triggerPrice": "0"}, -4006),
        ("STOP_MARKET", {"quantity": "0.0005"}, -1111),
        ("STOP_MARKET", {"quantity": "0.001", "triggerPrice": "40000"}, -4164),
        ("STOP_MARKET", {"quantity": "121"}, -4005),
        ("STOP", {"price": "56000"}, -4184),
        ("STOP", {"price": "59000.01"}, -4014),
        ("STOP_MARKET", {"clientAlgoId": "taken"}, -4116),
        ("STOP_MARKET", {"triggerPrice": "60000"}, -2021),
        ("STOP_MARKET", {"symbol": "ETHUSDT"}, -1122),
        ("STOP_MARKET", {"triggerPrice": "9999999"}, -4007),
        ("STOP_MARKET", {"triggerPrice": "5999"}, -4211),
        ("TAKE_PROFIT_MARKET", {"triggerPrice": "600001"}, -4210),
        ("STOP_MARKET", {"timeInForce": "GTE_GTC"}, -4509),
    ],
)
def test_refused_conditional_orders_change_nothing(bench, order_type: str, extra: dict[str, str], code: int) -> None:
    bench.algo("SELL", "STOP_MARKET", "59000", "0.1", clientAlgoId="taken")
    before = bench.picture()
    with refused(code):
        bench.algo("SELL", order_type, "59000", **({"quantity": "0.1"} | extra))
    assert bench.picture() == before


def test_at_most_200_wait(bench) -> None:
    for _ in range(200):
        bench.algo("SELL", "STOP_MARKET", "59000", "0.1")
    with refused(-4045):
        bench.algo("SELL", "STOP_MARKET", "59000", "0.1")


def test_queries(bench) -> None:
    first = bench.algo("SELL", "STOP_MARKET", "59000", "0.1", clientAlgoId="a")
    bench.core.cancel_algo(None, "a", bench.now_ms)
    second = bench.algo("SELL", "STOP_MARKET", "59000", "0.1", clientAlgoId="a")
    assert bench.core.algo_order(None, "a") is second
    assert bench.core.algo_order(first.algo_id).algo_status == "CANCELED"
    assert bench.core.open_algo_orders() == [second] == bench.core.open_algo_orders("BTCUSDT")
    assert bench.core.all_algo_orders("BTCUSDT") == [first, second]
    assert bench.core.all_algo_orders("BTCUSDT", algo_id=second.algo_id) == [second]
    assert bench.core.all_algo_orders("BTCUSDT", end_ms=first.create_time_ms) == [first]
    for algo_id, client_id, code in ((1, None, -2013), (None, "b", -2013), (None, None, -1102)):
        with refused(code):
            bench.core.algo_order(algo_id, client_id)
    with refused(-2011):
        bench.core.cancel_algo(None, "b", bench.now_ms)
