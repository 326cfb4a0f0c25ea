"""What may be done to an order that is open: a cancel once, an amendment that does what its maker means by it."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core_records import PREFIX, START_MS, dec, make_order, make_position, make_risk_context
from trader_gui.domain.bracket import Bracket
from trader_gui.domain.exit_level import ExitLevel
from trader_gui.domain.order import (
    AmendIntent,
    CancelIntent,
    Order,
    OrderFamily,
    OrderStatus,
    OrderType,
    Origin,
    PositionSide,
    Purpose,
    Side,
    TimeInForce,
)
from trader_gui.domain.step import ApprovedAmend, EngineMode, Refusal
from trader_gui.risk.changes import check_cancel, fit_amend
from trader_gui.risk.gate import RiskGate
from trader_gui.risk.rules import RiskContext, RiskLimits

KEY = ("a", OrderFamily.BOOK)


def code(refusal: object) -> str:
    assert isinstance(refusal, Refusal)
    return refusal.code


def cancel(origin: Origin = Origin.HAND, client_order_id: str = "a") -> CancelIntent:
    return CancelIntent("BTCUSDT", client_order_id, OrderFamily.BOOK, origin, "by_hand", START_MS)


def test_cancels() -> None:
    mine, web = make_order("a", origin=Origin.ENGINE), make_order("b")
    context = make_risk_context(open_orders=(mine, web))
    assert check_cancel(cancel(), context) is None
    assert check_cancel(cancel(Origin.ENGINE), context) is None
    assert code(check_cancel(cancel(Origin.ENGINE, "b"), context)) == "not_own_order"
    assert code(check_cancel(cancel(Origin.ENGINE), replace(context, mode=EngineMode.HALTED))) == "halted"
    assert check_cancel(cancel(client_order_id="fresh from the venue's list"), context) is None
    assert code(check_cancel(cancel(), replace(context, cancels_in_flight=frozenset({KEY})))) == "cancel_in_flight"
    assert code(check_cancel(cancel(), replace(context, closed_keys=frozenset({KEY})))) == "order_closed"


# ---- amendments ------------------------------------------------------------------------------------------------------

ENTRY = make_order("a", price=dec("99000"))
PARTLY = replace(ENTRY, status=OrderStatus.PARTIALLY_FILLED, executed_quantity=dec("0.004"), average_price=dec("99000"))
TARGET = replace(ENTRY, side=Side.SELL, price=dec("101000"), reduce_only=True, purpose=Purpose.EXIT)
POST_ONLY = replace(ENTRY, time_in_force=TimeInForce.GTX)
STOP = make_order(
    "a",
    order_family=OrderFamily.ALGO,
    order_type=OrderType.STOP_MARKET,
    close_position=True,
    trigger_price=dec("98000"),
)


def wish(price: str | None = None, quantity: str | None = None, origin: Origin = Origin.HAND) -> AmendIntent:
    new_price, new_quantity = (None if text is None else dec(text) for text in (price, quantity))
    return AmendIntent("BTCUSDT", "a", origin, "by_hand", START_MS, new_price, new_quantity)


def context_with(order: Order, **over: Any) -> RiskContext:
    return make_risk_context(open_orders=(order,), **over)


def test_an_amendment_names_all_terms_of_the_order_as_it_will_be() -> None:
    gate = RiskGate(RiskLimits(), PREFIX, 1)
    for asked, price, quantity in (
        (wish("98000"), "98000", "0.010"),
        (wish(quantity="0.020"), "99000", "0.020"),
        (wish("99500", "0.005"), "99500", "0.005"),
    ):
        approved = gate.review(asked, context_with(ENTRY))
        assert isinstance(approved, ApprovedAmend)
        assert (approved.intent.price, approved.intent.quantity) == (dec(price), dec(quantity))
        assert (approved.amended.price, approved.amended.quantity) == (dec(price), dec(quantity))
        assert (approved.client_order_id, approved.amended.side) == ("a", Side.BUY)
    with pytest.raises(TypeError):
        ApprovedAmend(approved.intent, approved.amended, gate_key=object())


def bracket(stop: str, entry_id: str = "a") -> Bracket:
    return Bracket(entry_id, "BTCUSDT", Side.BUY, PositionSide.BOTH, ExitLevel(dec(stop)), None)


@dataclass(frozen=True)
class Case:
    """An amendment that is refused; `over` is what else is so."""

    code: str
    asked: AmendIntent
    order: Order | None = ENTRY
    over: dict[str, Any] = field(default_factory=dict)
    nearest: str | None = None


ENGINES = Origin.ENGINE
REFUSED = {
    "nobody knows it": Case("unknown_order", wish("98000"), None),
    "it is over": Case("order_closed", wish("98000"), None, {"closed_keys": frozenset({KEY})}),
    "a stop": Case("not_amendable", wish("98000"), STOP),
    "a market order": Case("not_amendable", wish("98000"), replace(ENTRY, order_type=OrderType.MARKET)),
    "on its way": Case("order_in_flight", wish("98000"), replace(ENTRY, status=OrderStatus.SENT)),
    "of unknown outcome": Case("order_in_flight", wish("98000"), replace(ENTRY, status=OrderStatus.UNKNOWN)),
    "being cancelled": Case("cancel_in_flight", wish("98000"), over={"cancels_in_flight": frozenset({KEY})}),
    "being amended": Case("amend_in_flight", wish("98000"), over={"amends_in_flight": frozenset({KEY})}),
    "somebody else's": Case("not_own_order", wish("98000", origin=ENGINES)),
    "disarmed": Case("halted", wish("98000", origin=ENGINES), over={"mode": EngineMode.HALTED}),
    "the same again": Case("nothing_changes", wish("99000.0", "0.01")),
    "no more than is filled": Case("amend_cancels", wish(quantity="0.004"), PARTLY),
    "post-only, at the ask": Case("amend_would_take", wish("100000.1"), POST_ONLY, nearest="100000.0"),
    "post-only, through the bid": Case(
        "amend_would_take", wish("99999.9"), replace(POST_ONLY, side=Side.SELL, price=dec("101000")), nearest="100000.0"
    ),
    "off the tick": Case("off_tick", wish("98000.05")),
    "too far": Case("price_too_far", wish("200000")),
    "off the step": Case("off_step", wish(quantity="0.0105")),
    "too large": Case("above_max_quantity", wish(quantity="1001")),
    "worth too little": Case("below_min_notional", wish("1000")),
    "more than one order may": Case(
        "order_quantity_limit", wish(quantity="0.020"), over={"limits": RiskLimits(max_order_quantity=dec("0.015"))}
    ),
    "more than the position may": Case(
        "position_notional_limit",
        wish(quantity="0.020"),
        over={"limits": RiskLimits(max_position_notional=dec(1500))},
    ),
    "after the day's loss": Case(
        "daily_loss_limit", wish("99500"), over={"limits": RiskLimits(max_daily_loss=dec(9)), "result_today": dec(-9)}
    ),
    "on stale data": Case("stale_feed", wish("99500"), over={"is_market_fresh": False}),
    "while all is closed": Case("flattening", wish("99500"), over={"are_entries_blocked": True}),
    "below its bracket's stop": Case(
        "stop_wrong_side", wish("98000"), over={"brackets": (bracket("98500"),)}, nearest="97999.9"
    ),
    "nothing is left to reduce": Case("nothing_to_reduce", wish("102000"), TARGET),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_amendment_is_refused(name: str) -> None:
    case = REFUSED[name]
    answer = fit_amend(case.asked, make_risk_context(open_orders=(case.order,) if case.order else (), **case.over))
    assert code(answer) == case.code
    if case.nearest is not None:
        assert answer.nearest == dec(case.nearest)


def test_an_entry_stays_where_its_exits_suit_it() -> None:
    """Above its stop it goes anywhere; a smaller size, or another order's stop, is no matter of its exits."""
    context = make_risk_context(open_orders=(ENTRY,), brackets=(bracket("98500"),))
    assert amended(wish("98500.1"), context) == (dec("98500.1"), dec("0.01"), False)
    others = replace(context, brackets=(bracket("98500", "another"),))
    assert amended(wish("98000"), others) == (dec("98000"), dec("0.01"), False)
    late = replace(context, brackets=(bracket("99500"),))
    assert amended(wish(quantity="0.005"), late) == (dec("99000"), dec("0.005"), False)


def amended(asked: AmendIntent, context: RiskContext) -> tuple[Any, Any, bool]:
    answer = fit_amend(asked, context)
    assert not isinstance(answer, Refusal), answer
    return answer.price, answer.quantity, answer.is_reducing


def test_the_users_limits_count_what_an_amendment_adds_and_let_through_what_makes_an_order_smaller() -> None:
    blocked = {
        "limits": RiskLimits(max_order_quantity=dec("0.001"), max_position_notional=dec(1), max_daily_loss=dec(1)),
        "result_today": dec(-5),
        "is_market_fresh": False,
        "are_entries_blocked": True,
    }
    assert amended(wish(quantity="0.005"), context_with(ENTRY, **blocked))[1] == dec("0.005")
    # The order itself is not counted twice: 0.015 at 99000 in the place of 0.010 is under 1500.
    room = context_with(ENTRY, limits=RiskLimits(max_position_notional=dec(1500)))
    assert amended(wish(quantity="0.015"), room)[1] == dec("0.015")


def test_a_reducing_order_is_cut_to_the_position_and_what_is_filled_of_it_counts() -> None:
    context = context_with(TARGET, position=make_position("0.012"))
    assert amended(wish(quantity="0.030"), context) == (dec("101000"), dec("0.012"), True)
    half = replace(TARGET, status=OrderStatus.PARTIALLY_FILLED, executed_quantity=dec("0.004"))
    assert amended(wish(quantity="0.030"), context_with(half, position=make_position("0.008")))[1] == dec("0.012")
    leg = replace(TARGET, position_side=PositionSide.LONG, reduce_only=False)
    legs = (
        make_position("0.012", position_side=PositionSide.LONG),
        make_position("-0.050", position_side=PositionSide.SHORT),
    )
    assert amended(wish(quantity="0.030"), context_with(leg, legs=legs, is_hedge=True))[1] == dec("0.012")


def test_a_post_only_order_may_come_as_near_as_the_spread_allows() -> None:
    assert amended(wish("100000.0"), context_with(POST_ONLY))[0] == dec("100000.0")
    assert amended(wish("100000.1"), context_with(ENTRY))[0] == dec("100000.1")


def test_the_engine_amends_its_own_orders() -> None:
    own = replace(ENTRY, origin=Origin.ENGINE, purpose=Purpose.ENTRY)
    assert amended(wish("98000", origin=ENGINES), context_with(own))[0] == dec("98000")
