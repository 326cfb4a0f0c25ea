import importlib.util
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.core_records import PREFIX, START_MS, dec, make_intent, make_position, make_risk_context
from trader_gui.domain.client_order_id import parse_client_order_id
from trader_gui.domain.order import CancelIntent, OrderFamily, OrderType, Origin, Purpose, Side
from trader_gui.domain.step import ApprovedCancel, ApprovedOrder, EngineMode, Refusal
from trader_gui.risk.gate import RiskGate, RiskLimits
from trader_gui.risk.rules import HOUR_MS

EXIT = make_intent(side=Side.SELL, purpose=Purpose.EXIT, reduce_only=True, order_type=OrderType.MARKET, price=None)


def test_a_gate_begins_halted_and_numbers_only_what_it_approves():
    gate = RiskGate(RiskLimits(), PREFIX, 41)
    assert gate.mode is EngineMode.HALTED
    first = gate.review(make_intent(), make_risk_context())
    assert gate.review(make_intent(quantity=dec("0.0001")), make_risk_context()).code == "below_min_quantity"
    second = gate.review(make_intent(origin=Origin.ENGINE), make_risk_context())
    assert isinstance(first, ApprovedOrder) and isinstance(second, ApprovedOrder)
    assert [a.client_order_id.rsplit("-", 1)[1] for a in (first, second)] == ["41", "42"]
    assert parse_client_order_id(PREFIX, first.client_order_id) == (Origin.HAND, Purpose.ENTRY)
    assert parse_client_order_id(PREFIX, second.client_order_id) == (Origin.ENGINE, Purpose.ENTRY)


def test_the_approved_order_carries_the_cut_quantity():
    gate = RiskGate(RiskLimits(), PREFIX, 1)
    approved = gate.review(replace(EXIT, quantity=dec(1)), make_risk_context(position=make_position("0.004")))
    assert approved.intent.quantity == Decimal("0.004")
    assert gate.review(EXIT, make_risk_context()).code == "nothing_to_reduce"


def test_cancels_pass_with_their_intent():
    gate = RiskGate(RiskLimits(), PREFIX, 1)
    intent = CancelIntent("BTCUSDT", "a", OrderFamily.BOOK, Origin.HAND, "by_hand", START_MS)
    approved = gate.review(intent, make_risk_context())
    assert isinstance(approved, ApprovedCancel) and approved.intent == intent
    key = frozenset({("a", OrderFamily.BOOK)})
    assert gate.review(intent, make_risk_context(closed_keys=key)) == Refusal("order_closed", "a")


def test_entries_per_hour_are_counted_over_a_sliding_hour_and_exits_are_not_counted():
    gate = RiskGate(RiskLimits(max_entries_per_hour=2), PREFIX, 1)

    def ask(intent, at_ms):
        context = make_risk_context(limits=gate.limits, now_ms=START_MS + at_ms, position=make_position("0.010"))
        answer = gate.review(intent, context)
        return answer.code if isinstance(answer, Refusal) else "approved"

    assert [ask(make_intent(), 0), ask(EXIT, 1), ask(make_intent(), 10)] == ["approved"] * 3
    assert ask(make_intent(), HOUR_MS - 1) == "entries_per_hour_limit"
    assert ask(EXIT, HOUR_MS - 1) == "approved"
    assert ask(make_intent(), HOUR_MS) == "approved"
    assert ask(make_intent(), HOUR_MS + 9) == "entries_per_hour_limit"


def test_nobody_else_makes_an_approved_order():
    with pytest.raises(TypeError, match="risk gate"):
        ApprovedOrder(make_intent(), "x", gate_key=object())
    package = Path(importlib.util.find_spec("trader_gui").submodule_search_locations[0])
    users = {p.name for p in package.rglob("*.py") if "_GATE_KEY" in p.read_text(encoding="utf-8")}
    assert users == {"step.py", "gate.py"}
