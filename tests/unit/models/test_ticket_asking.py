"""When an order is asked about: by its kind's rule, above the limits, and always where it is far out of the usual."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core_records import RULES, make_intent, make_order
from tests.ticket_scene import FACTS
from trader_gui.domain.order import OrderType, PositionSide, Side
from trader_gui.domain.ticket import AskKind, AskRules, AskWhen
from trader_gui.i18n import sentences, words
from trader_gui.models.series_lines import OrderLine, PositionLine, line_at
from trader_gui.models.ticket_asking import Circumstances, ask_kind, reasons_to_ask, reasons_to_ask_of_move

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


@pytest.mark.parametrize("kind", KINDS)
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
        "always", "above_usual", "above_equity", "far_from_mark", "leverage_changed", "first_live", "loosens_stop",
    }  # fmt: skip


# ---- lines moved on the chart ---------------------------------------------------------------------------------------


def lines(order_type: OrderType, amount: int, *prices: str) -> list[OrderLine]:
    """Return the line of an order that leaves a position of 0.010 entered at 108,000, at each of the prices."""
    entry = D(108000)
    held = PositionLine(PositionSide.BOTH, amount > 0, D("0.010"), entry, D(0), D(2), None, None, None, None)
    order = make_order(
        "x-1",
        side=Side.SELL if amount > 0 else Side.BUY,
        order_type=order_type,
        price=D(0),
        quantity=D("0.010"),
        trigger_price=D(prices[0]),
    )
    return [line_at(order, D(price), [held]) for price in prices]


STOP, TARGET = OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET
MOVES: list[tuple[OrderType, int, str, str, list[str]]] = [
    (STOP, 1, "107900.0", "107800.0", ["loosens_stop"]),
    (STOP, 1, "107800.0", "107900.0", []),
    (STOP, 1, "108200.0", "108100.0", ["loosens_stop"]),  # the gain it holds grows smaller
    (STOP, -1, "108100.0", "108200.0", ["loosens_stop"]),
    (STOP, -1, "108200.0", "108100.0", []),
    (TARGET, 1, "108500.0", "108400.0", []),
    (TARGET, 1, "108500.0", "110000.0", ["far_from_mark"]),
    (STOP, 1, "107900.0", "106000.0", ["far_from_mark", "loosens_stop"]),
]


@pytest.mark.parametrize(("order_type", "amount", "old", "new", "expected"), MOVES)
def test_a_move_is_asked_about_when_it_loosens_a_stop_or_leads_far_away(
    order_type: OrderType, amount: int, old: str, new: str, expected: list[str]
) -> None:
    before, after = lines(order_type, amount, old, new)

    def codes(when: AskWhen) -> list[str]:
        reasons = reasons_to_ask_of_move(AskRules(drag=when), before, after, RULES, D("108000.0"))
        assert not any("{" in words("ask", r.code, dict(r.values)) for r in reasons)
        return [r.code for r in reasons]

    assert AskRules().drag is AskWhen.ABOVE_LIMITS
    assert codes(AskWhen.ABOVE_LIMITS) == expected
    assert codes(AskWhen.ALWAYS) == [*expected, "always"]
    assert codes(AskWhen.NEVER) == []


def test_even_a_move_that_is_never_asked_about_is_where_it_leads_far_out_of_the_usual() -> None:
    before, after = lines(STOP, 1, "107900.0", "102000.0")
    (reason,) = reasons_to_ask_of_move(AskRules(drag=AskWhen.NEVER), before, after, RULES, D("108000.0"))
    assert reason.code == "far_from_mark"
    assert reasons_to_ask_of_move(AskRules(drag=AskWhen.NEVER), before, after, RULES, None) == ()


def test_how_much_a_loosened_stop_costs_is_told() -> None:
    before, after = lines(STOP, 1, "107900.0", "107750.0")
    (reason,) = reasons_to_ask_of_move(AskRules(), before, after, RULES, D("108000.0"))
    assert words("ask", reason.code, dict(reason.values)) == "Loosens the stop: its result is 1.50 USDT worse."
