"""Payloads: what goes in comes out, exactly."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.journal import samples
from trader_gui.domain.account import LeverageUpdate, MarginCall
from trader_gui.domain.order import CancelIntent, OrderFamily, OrderStatus, Origin, OutcomeKind
from trader_gui.domain.step import Condition, Step
from trader_gui.journal.records import (
    ACCOUNT_KINDS,
    ORDER_KINDS,
    decode_account_message,
    decode_fill,
    decode_intent,
    decode_order_message,
    decode_step,
    encode,
    encode_step,
    truth_of,
)

replace = msgspec.structs.replace
decimals = st.decimals(allow_nan=False, allow_infinity=False)


@given(decimals, st.integers(2**53, 2**63 - 1))
def test_decimals_and_large_ids_survive_digit_by_digit(value: Decimal, trade_id: int) -> None:
    fill = replace(samples.fill(trade_id), price=value)
    again = decode_fill(encode(fill))
    assert again == fill
    assert str(again.price) == str(value)
    intent = replace(samples.intent(), price=value, quantity=None)
    assert str(decode_intent(encode(intent)).price) == str(value)


@pytest.mark.parametrize(
    "message",
    [
        samples.update(1, OrderStatus.FILLED, trade=samples.fill(1)),
        samples.outcome(1, OutcomeKind.ACCEPTED),
        samples.outcome(1, OutcomeKind.UNKNOWN),
        samples.approved_amend().intent,
    ],
)
def test_order_messages_survive(message) -> None:
    assert decode_order_message(ORDER_KINDS[type(message)], encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        samples.account_update("-0.010"),
        samples.snapshot(samples.order(1, OrderStatus.NEW), amount="1"),
        LeverageUpdate("BTCUSDT", 20, 1),
        MarginCall(("BTCUSDT",), 1),
    ],
)
def test_account_messages_survive(message) -> None:
    assert decode_account_message(ACCOUNT_KINDS[type(message)], encode(message)) == message


@given(st.booleans(), st.floats(allow_nan=False), st.text())
def test_a_step_survives_with_its_wishes(truth: bool, reading: float, text: str) -> None:
    cancel = CancelIntent("BTCUSDT", "TTEST-en-1", OrderFamily.BOOK, Origin.ENGINE, "entry_patience", 7)
    step = samples.evaluation_step(3, truth, reading, wish=True)
    conditions = (*step.conditions, Condition("flat", truth, text=text, ready=False, needs=14))
    amend = samples.approved_amend().intent
    step = replace(step, conditions=conditions, wished=(*step.wished, cancel, amend), approved=(samples.approved(9),))
    again = decode_step(step.sequence, step.event_time_ms, "hold", encode_step(step))
    assert step.evaluation is not None
    assert (again.conditions, again.groups) == (step.conditions, step.evaluation.groups)
    assert [wish.order or wish.cancel or wish.amend for wish in again.wished] == list(step.wished)
    assert (again.approved, again.refusals) == (("TTEST-en-9",), step.refusals)


def test_only_truth_and_outcome_make_a_step_new() -> None:
    base = samples.evaluation_step(1, True, 1.0)
    assert truth_of(base) == truth_of(samples.evaluation_step(2, True, 2.0))
    assert truth_of(base) != truth_of(samples.evaluation_step(2, False, 1.0))
    assert base.evaluation is not None
    assert truth_of(base) != truth_of(replace(base, evaluation=replace(base.evaluation, reason="entry_long")))
    unready = replace(base.conditions[0], ready=False)
    assert truth_of(base) != truth_of(replace(base, conditions=(unready,)))
    assert truth_of(Step(sequence=1, message=None, event_time_ms=0)) is None
