"""When an order is asked about: by its kind's rule, above the limits, and always where it is far out of the usual."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core_records import make_intent
from tests.ticket_scene import FACTS
from trader_gui.domain.order import OrderType, Side
from trader_gui.domain.ticket import AskKind, AskRules, AskWhen
from trader_gui.i18n import sentences, words
from trader_gui.models.ticket_asking import Circumstances, ask_kind, reasons_to_ask

D = Decimal
PRICE = D("108451.1")
LIMIT = make_intent(price=PRICE, quantity=D("0.010"))
KINDS = {
    AskKind.LIMIT: {},
    AskKind.MARKET: {"order_type": OrderType.MARKET, "price": None},
    AskKind.STOP: {"order_type": OrderType.STOP_MARKET, "price": None, "trigger_price": D(109000)},
    AskKind.CLOSE: {"order_type": OrderType.MARKET, "price": None, "reduce_only": True, "side": Side.SELL},
}
USUAL = Circumstances(sent=(D("0.004"), D("0.005"), D("0.200")))


def rules(when: AskWhen, **more: Any) -> AskRules:
    return AskRules(**({kind.value: when for kind in AskKind} | more))


def codes(rules: AskRules, around: Circumstances = USUAL, **changes: Any) -> list[str]:
    reasons = reasons_to_ask(rules, replace(LIMIT, **changes), PRICE, FACTS, around)
    for reason in reasons:
        assert "{" not in words("ask", reason.code, dict(reason.values))
    return [reason.code for reason in reasons]


@pytest.mark.parametrize("kind", AskKind)
def test_each_kind_goes_by_its_own_rule(kind: AskKind) -> None:
    order = replace(LIMIT, **KINDS[kind])
    assert ask_kind(order) is kind
    only_this = rules(AskWhen.NEVER, **{kind.value: AskWhen.ALWAYS})
    all_but_this = rules(AskWhen.ALWAYS, **{kind.value: AskWhen.NEVER})
    assert codes(only_this, **KINDS[kind]) == ["always"]
    assert codes(all_but_this, **KINDS[kind]) == []
    assert codes(rules(AskWhen.ABOVE_LIMITS), **KINDS[kind]) == []


CASES: list[tuple[dict[str, Any], str, bool]] = [
    ({"quantity": D("0.031")}, "above_usual", False),
    ({"quantity": D("0.051")}, "above_usual", True),
    ({"quantity": D("0.093"), "reduce_only": True}, "", False),
    ({"price": D("109600.0")}, "far_from_mark", False),
    ({"price": D("103000.0")}, "far_from_mark", True),
    ({"price": None, "trigger_price": D("103000.0"), "order_type": OrderType.STOP_MARKET}, "far_from_mark", True),
]


@pytest.mark.parametrize(("changes", "code", "is_guarded"), CASES)
def test_what_is_above_the_limits_is_asked_about_and_what_is_far_above_always(
    changes: dict[str, Any], code: str, is_guarded: bool
) -> None:
    assert codes(rules(AskWhen.ABOVE_LIMITS), **changes) == ([code] if code else [])
    assert codes(rules(AskWhen.NEVER), **changes) == ([code] if is_guarded else [])


@pytest.mark.parametrize(("quantity", "asked", "guarded"), [("0.093", True, False), ("0.5", True, True)])
def test_an_order_that_is_worth_more_than_the_equity(quantity: str, asked: bool, guarded: bool) -> None:
    around = Circumstances(sent=(D("0.1"),) * 3)
    assert ("above_equity" in codes(rules(AskWhen.ABOVE_LIMITS), around, quantity=D(quantity))) is asked
    assert ("above_equity" in codes(rules(AskWhen.NEVER), around, quantity=D(quantity))) is guarded


def test_a_size_is_unusual_only_against_several_others() -> None:
    assert codes(rules(AskWhen.ABOVE_LIMITS), Circumstances(sent=(D("0.001"),) * 2), quantity=D("0.050")) == []


def test_a_changed_leverage_and_the_first_order_with_money_are_asked_about_in_any_case() -> None:
    never = rules(AskWhen.NEVER)
    assert codes(never, Circumstances(is_leverage_changed=True)) == ["leverage_changed"]
    assert codes(never, Circumstances(is_leverage_changed=True), reduce_only=True) == []
    assert codes(never, Circumstances(is_first_live=True)) == ["first_live"]


def test_every_reason_has_its_sentence() -> None:
    assert sentences()["ask"].keys() == {
        "always", "above_usual", "above_equity", "far_from_mark", "leverage_changed", "first_live",
    }  # fmt: skip
