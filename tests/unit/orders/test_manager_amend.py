"""An amendment is journalled before it is sent, sent once, and what became of it is asked for when nobody knows."""

import asyncio
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.unit.orders.manager_rig import FAST, approved, order, play
from trader_gui.domain.order import AmendIntent, OrderOutcome, OrderStatus, Origin, OutcomeKind
from trader_gui.domain.step import _GATE_KEY, ApprovedAmend
from trader_gui.errors import OutcomeUnknownError, TraderError, VenueError
from trader_gui.orders.manager import OrderManager
from trader_gui.orders.state import AMEND_NOT_SEEN, NO_LONGER_ALLOWED, NOT_AT_VENUE, SESSION_OVER

ID = "tg-hn-3"
OLD, NEW = order(ID, OrderStatus.NEW), order(ID, OrderStatus.NEW, price="99.0")
NO_ANSWER = OutcomeUnknownError(-1007, "Timeout waiting for response from backend server.", http_status=408)


def amendment() -> ApprovedAmend:
    intent = AmendIntent("BTCUSDT", ID, Origin.HAND, "by_hand", 1, Decimal("99.0"), Decimal("0.010"))
    amended = replace(approved().intent, origin=Origin.HAND, price=Decimal("99.0"))
    return ApprovedAmend(intent, amended, gate_key=_GATE_KEY)


async def amend(manager: OrderManager) -> None:
    assert (await manager.submit(amendment())).is_amend
    assert manager.orders_sent == 0


def told(outcomes: list[OrderOutcome]) -> list[tuple[OutcomeKind, bool, bool, str]]:
    return [(o.kind, o.is_amend, o.is_asked, o.error_message) for o in outcomes]


def test_an_amendment_is_journalled_then_sent_and_its_answer_carries_the_order() -> None:
    log, outcomes, _ = play(amend, place=[NEW])
    assert log == [f"journal {ID}", f"amend {ID}"]
    assert told(outcomes) == [(OutcomeKind.ACCEPTED, True, False, "")]
    assert outcomes[0].order == NEW


def test_what_cannot_be_journalled_or_has_no_room_is_not_sent(expect_log) -> None:
    expect_log("could not be journalled")
    expect_log("not sent: 9 s left")
    assert play(amend, place=[], journal_error=TraderError("disk full"))[0] == []
    log, outcomes, _ = play(amend, place=[], bar=VenueError(None, "not sent: 9 s left", wait_s=9.0))
    assert (log, outcomes[0].retry_after_ms) == ([], 9_000)


@pytest.mark.parametrize(
    ("shown", "end", "reason"),
    [
        ([OLD, VenueError(None, "no answer"), NEW], OutcomeKind.ACCEPTED, ""),
        ([OLD] * len(FAST), OutcomeKind.REFUSED, AMEND_NOT_SEEN),
        ([OLD, replace(OLD, status=OrderStatus.FILLED)], OutcomeKind.REFUSED, AMEND_NOT_SEEN),
        ([replace(NEW, status=OrderStatus.CANCELED)], OutcomeKind.ACCEPTED, ""),
        ([None] * len(FAST), OutcomeKind.REFUSED, NOT_AT_VENUE),
    ],
    ids=["it shows", "it never shows", "the order ended as it was", "the order ended amended", "no such order"],
)
def test_an_unknown_amendment_is_resolved_by_the_orders_terms_and_never_sent_again(
    shown, end, reason, expect_log
) -> None:
    if any(isinstance(answer, VenueError) for answer in shown):
        expect_log(f"asking for order {ID} failed")
    log, outcomes, manager = play(amend, place=[NO_ANSWER], query=list(shown))
    assert log == [f"journal {ID}", f"amend {ID}"] + [f"query BOOK {ID}"] * len(shown)
    assert told(outcomes) == [(OutcomeKind.UNKNOWN, True, False, NO_ANSWER.message), (end, True, True, reason)]
    assert outcomes[-1].order == shown[-1]
    assert manager.is_idle


@pytest.mark.parametrize("code", [-2011, -2013, -4116, -5043, -5027])
def test_where_the_order_is_not_as_it_is_known_it_is_asked_for(code: int) -> None:
    log, outcomes, _ = play(amend, place=[VenueError(code, "words")], query=[NEW])
    assert log[2:] == [f"query BOOK {ID}"]
    first, second = outcomes
    if code == -5027:  # it has the terms already
        assert (first.kind, first.error_code, first.order) == (OutcomeKind.ACCEPTED, None, None)
    else:
        assert (first.kind, first.error_code) == (OutcomeKind.REFUSED, code)
    assert (second.is_amend, second.is_asked, second.order) == (False, True, NEW)


@pytest.mark.parametrize("code", [-5025, -5026, -5024, -1013, -4164])
def test_any_other_refusal_leaves_the_order_as_it_was(code: int) -> None:
    log, outcomes, _ = play(amend, place=[VenueError(code, "words")])
    assert len(log) == 2
    assert [(o.kind, o.error_code) for o in outcomes] == [(OutcomeKind.REFUSED, code)]


def test_a_bug_in_the_port_leaves_the_outcome_open(expect_log) -> None:
    expect_log("a request to the exchange failed in this program")
    _, outcomes, _ = play(amend, place=[ZeroDivisionError("a bug")], query=[NEW])
    assert [o.kind for o in outcomes] == [OutcomeKind.UNKNOWN, OutcomeKind.ACCEPTED]


def test_what_the_gate_no_longer_allows_does_not_leave() -> None:
    log, outcomes, _ = play(amend, place=[], is_allowed=lambda intent: intent.price != Decimal("99.0"))
    assert log == [f"journal {ID}"]
    assert told(outcomes) == [(OutcomeKind.REFUSED, True, False, NO_LONGER_ALLOWED)]


def test_after_the_end_it_is_refused_as_an_amendment() -> None:
    async def nothing(manager: OrderManager) -> None: ...

    async def after_the_end() -> OrderOutcome:
        return await manager.submit(amendment())

    *_, manager = play(nothing, place=[])
    outcome = asyncio.run(after_the_end())
    assert (outcome.kind, outcome.is_amend, outcome.error_message) == (OutcomeKind.REFUSED, True, SESSION_OVER)
