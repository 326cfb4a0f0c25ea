"""Hedge mode: two positions of a symbol that live beside each other, each with its own orders and margin."""

import random
from decimal import Decimal as D
from typing import Any

import pytest

from trader_gui.simulated_exchange.position import BOTH, LONG, SHORT, Holding, closes_only
from trader_gui.simulated_exchange.records import AccountEvent, OrderEvent, VenueRefusal


@pytest.fixture
def hedged(make_bench: Any) -> Any:
    bench = make_bench()
    bench.core.set_position_mode(True)
    return bench


def legs(bench: Any) -> dict[str, Any]:
    return {view.position_side: view for view in bench.core.position_risk("BTCUSDT")}


def test_what_closes_by_nature() -> None:
    assert closes_only("SELL", LONG) and closes_only("BUY", SHORT)
    assert not any(closes_only(*pair) for pair in (("BUY", LONG), ("SELL", SHORT), ("BUY", BOTH), ("SELL", BOTH)))
    assert list(Holding("BTCUSDT").legs) == [BOTH, LONG, SHORT]


def test_long_and_short_stand_beside_each_other(hedged: Any) -> None:
    hedged.order("BUY", "0.3", positionSide="LONG")
    hedged.order("SELL", "0.1", positionSide="SHORT")
    told = [event for event in hedged.events if isinstance(event, AccountEvent)][-1]
    assert [(row.position_side, row.position_amount) for row in told.positions] == [("BOTH", 0), ("SHORT", D("-0.1"))]
    trade = [event for event in hedged.events if isinstance(event, OrderEvent)][-1].trade
    assert trade is not None and trade.position_side == "SHORT"
    views = legs(hedged)
    assert {side: view.position_amount for side, view in views.items()} == {"LONG": D("0.3"), "SHORT": D("-0.1")}
    hedged.tick(bid="61000.0", ask="61000.1")
    views = legs(hedged)
    assert (views["LONG"].unrealized_profit, views["SHORT"].unrealized_profit) == (D("299.97"), -100)
    assert (views["LONG"].position_initial_margin, views["SHORT"].position_initial_margin) == (915, 305)
    account = hedged.core.account().asset
    assert account.position_initial_margin == 1220
    assert account.maint_margin == D("18300") * D("0.004") + D("6100") * D("0.004")
    assert views["LONG"].liquidation_price == views["SHORT"].liquidation_price > 0
    # One price for both: there, equity and maintenance margin of the two meet.
    price, wallet = views["LONG"].liquidation_price, hedged.wallet()
    equity = wallet + D("0.3") * (price - D("60000.1")) - D("0.1") * (price - D("60000"))
    assert abs(equity - D("0.4") * price * D("0.004")) < D("1e-6")


def test_a_closing_order_never_turns_a_position(hedged: Any) -> None:
    hedged.order("BUY", "0.3", positionSide="LONG")
    for quantity, side in (("0.4", "LONG"), ("0.1", "SHORT")):
        before = hedged.picture()
        with pytest.raises(VenueRefusal, match=r"^-2022:"):
            hedged.order("SELL" if side == "LONG" else "BUY", quantity, positionSide=side)
        assert hedged.picture() == before
    order = hedged.order("SELL", "0.1", positionSide="LONG")
    assert (order.reduce_only, order.position_side) == (True, "LONG")
    hedged.order("SELL", "0.2", positionSide="LONG")
    assert legs(hedged) == {}


def test_closing_orders_are_knocked_out_with_their_own_position(hedged: Any) -> None:
    hedged.order("BUY", "0.3", positionSide="LONG")
    hedged.order("SELL", "0.3", positionSide="SHORT")
    close_long = hedged.order("SELL", "0.3", "61000", positionSide="LONG")
    close_short = hedged.order("BUY", "0.3", "59000", positionSide="SHORT")
    hedged.order("SELL", "0.2", positionSide="LONG")
    assert (close_long.orig_qty, close_short.orig_qty) == (D("0.1"), D("0.3"))
    hedged.order("SELL", "0.1", positionSide="LONG")
    assert (close_long.status, close_short.status) == ("EXPIRED", "NEW")
    assert hedged.events[-2].expiry_reason == "4"


def test_each_position_pays_margin_for_its_own_opening_orders(hedged: Any) -> None:
    hedged.order("BUY", "0.1", "59000", positionSide="LONG")
    hedged.order("SELL", "0.1", "61000", positionSide="SHORT")
    views = legs(hedged)
    assert (views["LONG"].bid_notional, views["LONG"].ask_notional) == (5900, 0)
    assert (views["SHORT"].bid_notional, views["SHORT"].ask_notional) == (0, 6100)
    assert hedged.core.account().asset.open_order_initial_margin == 295 + 305  # one-way: 305


@pytest.mark.parametrize(
    ("is_hedge", "extra", "code"),
    [
        (True, {}, -4061),
        (True, {"positionSide": "BOTH"}, -4061),
        (False, {"positionSide": "LONG"}, -4061),
        (False, {"positionSide": "SHORT"}, -4061),
        (True, {"positionSide": "NET"}, -4060),
        (False, {"positionSide": "long"}, -4060),
        (True, {"positionSide": "LONG", "reduceOnly": "true"}, -1106),
        (True, {"positionSide": "LONG", "reduceOnly": "false"}, -1106),
    ],
)
def test_position_side_and_mode_must_agree(make_bench: Any, is_hedge: bool, extra: dict[str, str], code: int) -> None:
    bench = make_bench()
    if is_hedge:
        bench.core.set_position_mode(True)
    before = bench.picture()
    stop = {"symbol": "BTCUSDT", "algoType": "CONDITIONAL", "type": "STOP_MARKET", "triggerPrice": "61000"}
    order = {"symbol": "BTCUSDT", "type": "MARKET"}
    for place, params in ((bench.core.place_order, order), (bench.core.place_algo, stop)):
        with pytest.raises(VenueRefusal) as refusal:
            place(params | {"side": "BUY", "quantity": "0.1"} | extra, bench.now_ms + 1)
        assert (refusal.value.code, refusal.value.http_status) == (code, 400)
    assert bench.picture() == before


def test_close_position_belongs_to_one_position(hedged: Any) -> None:
    hedged.order("BUY", "0.3", positionSide="LONG")
    for side, position_side, code in (("BUY", "LONG", -1128), ("SELL", "SHORT", -1128), ("BUY", "SHORT", -4509)):
        with pytest.raises(VenueRefusal, match=f"^{code}:"):
            hedged.algo(side, "STOP_MARKET", "65000", closePosition="true", positionSide=position_side)
    hedged.order("SELL", "0.2", positionSide="SHORT")
    stop_long = hedged.algo("SELL", "STOP_MARKET", "59000", closePosition="true", positionSide="LONG")
    stop_short = hedged.algo("BUY", "STOP_MARKET", "61000", closePosition="true", positionSide="SHORT")
    with pytest.raises(VenueRefusal, match=r"^-4130:"):
        hedged.algo("BUY", "STOP_MARKET", "61500", closePosition="true", positionSide="SHORT")
    hedged.tick(bid="61001.0", ask="61001.1", prints=[("BUY", "61001", "1")])
    assert (stop_short.algo_status, stop_long.algo_status) == ("FINISHED", "NEW")
    assert {side: view.position_amount for side, view in legs(hedged).items()} == {"LONG": D("0.3")}
    hedged.order("SELL", "0.3", positionSide="LONG")
    assert stop_long.algo_status == "EXPIRED"


def test_isolated_positions_of_a_hedge_keep_their_own_wallets(hedged: Any) -> None:
    hedged.core.set_margin_type("BTCUSDT", "ISOLATED", 1)
    hedged.order("BUY", "0.1", "60000.1", positionSide="LONG")
    hedged.order("SELL", "0.2", "60000", positionSide="SHORT")
    assert [view.isolated_wallet for view in legs(hedged).values()] == [D("300.0005"), 600]
    wallet = hedged.wallet()
    hedged.tick(bid="56900.0", ask="56900.1")  # beyond the price of the long alone
    assert list(legs(hedged)) == ["SHORT"]
    assert hedged.wallet() == wallet - D("300.0005")


def test_funding_goes_to_each_position(hedged: Any) -> None:
    hedged.order("BUY", "0.3", positionSide="LONG")
    hedged.order("SELL", "0.1", positionSide="SHORT")
    hedged.tick(after_ms=28_800_000)
    amounts = [entry.income for entry in hedged.core.income(income_type="FUNDING_FEE")]
    assert amounts == [D("-1.8"), D("0.6")]


def opening_notional(bench: Any, side: str, position_side: str) -> D:
    orders = [o for o in bench.core.open_orders() if (o.side, o.position_side) == (side, position_side)]
    return sum((o.price * (o.orig_qty - o.executed_qty) for o in orders if not o.reduce_only), D(0))


@pytest.mark.parametrize("seed", range(4))
def test_wild_hedging_adds_up(hedged: Any, seed: int) -> None:
    source = random.Random(seed)
    middle, expected = 600_000, {"LONG": D(0), "SHORT": D(0)}
    for _ in range(150):
        if source.random() < 0.4:
            middle += source.randint(-3000, 3000)
            hedged.tick(bid=str(D(middle) / 10), ask=str(D(middle + 1) / 10), quantity="0.2")
        else:
            side, leg = source.choice(["BUY", "SELL"]), source.choice(["LONG", "SHORT"])
            price = str(D(middle + source.randint(-200, 200)) / 10) if source.random() < 0.6 else None
            try:
                hedged.order(side, f"{source.randint(5, 100) / 1000:.3f}", price, positionSide=leg)
            except VenueRefusal as refusal:
                assert refusal.code in (-2019, -2022, -4118)
                continue
        for event in hedged.events:
            if isinstance(event, OrderEvent) and event.trade is not None:
                trade = event.trade
                expected[trade.position_side] += trade.qty if trade.side == "BUY" else -trade.qty
        found = {side: D(0) for side in expected} | {side: v.position_amount for side, v in legs(hedged).items()}
        assert found == expected
        assert expected["LONG"] >= 0 >= expected["SHORT"]
        for view in legs(hedged).values():
            assert view.bid_notional == opening_notional(hedged, "BUY", view.position_side)
            assert view.ask_notional == opening_notional(hedged, "SELL", view.position_side)
        assert hedged.wallet() == 10_000 + sum(e.income for e in hedged.core.income(start_ms=0, limit=10_000))
