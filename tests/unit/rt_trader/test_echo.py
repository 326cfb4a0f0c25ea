"""What was accepted or executed must be told by the stream within two seconds; what is told in time is no alarm."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core_records import PREFIX, START_MS, dec, make_account_update, make_fill, make_order, make_position
from trader_gui.domain.account import AccountSnapshot, AccountUpdate
from trader_gui.domain.order import Order, OrderFamily, OrderOutcome, OrderStatus, OrderType, OrderUpdate, OutcomeKind
from trader_gui.rt_trader.echo import ECHO_LIMIT_NS, EchoWatch

ID = f"{PREFIX}-hn-1"
LATE_NS = ECHO_LIMIT_NS + 1


def accepted(order: Order | None = None, **over: Any) -> OrderOutcome:
    values: dict[str, Any] = {
        "client_order_id": ID,
        "kind": OutcomeKind.ACCEPTED,
        "is_cancel": False,
        "event_time_ms": 0,
        "order": order,
    }
    return OrderOutcome(**(values | over))


def told(order: Order, execution_type: str = "NEW", *, time_ms: int = START_MS, is_asked: bool = False) -> OrderUpdate:
    fill = make_fill() if execution_type == "TRADE" else None
    return OrderUpdate(order, execution_type, fill, time_ms, time_ms, is_asked=is_asked)


def moved(time_ms: int = START_MS, reason: str = "ORDER", symbol: str = "BTCUSDT") -> AccountUpdate:
    update = make_account_update(make_position("0.010", symbol=symbol), time_ms=time_ms)
    return AccountUpdate(reason, update.balances, (), update.positions, time_ms, time_ms)


def reason(*items: Any, at_ns: int = LATE_NS, is_engine_untold: bool = False) -> str:
    """Let all items come at once, and return what is overdue later."""
    watch = EchoWatch()
    for item in items:
        watch.take(item, 0)
    return watch.overdue(at_ns, is_engine_untold=is_engine_untold)


ORDER = make_order(ID)
ENDED = make_order(ID, status=OrderStatus.CANCELED, update_time_ms=START_MS + 5)
AMENDED = make_order(ID, price=dec(99_000), update_time_ms=START_MS + 5)
FILLED = make_order(ID, status=OrderStatus.FILLED, executed_quantity=dec("0.010"))
STOP = make_order(ID, order_family=OrderFamily.ALGO, order_type=OrderType.STOP_MARKET, order_id=7)
STOPPED = make_order(ID, order_family=OrderFamily.ALGO, status=OrderStatus.CANCELED, order_id=7)


@pytest.mark.parametrize(
    ("answer", "echo"),
    [
        (accepted(ORDER), told(ORDER)),
        (accepted(ORDER), told(FILLED)),
        (accepted(ORDER), told(AMENDED)),  # it was changed since
        (accepted(AMENDED), told(AMENDED, "AMENDMENT")),
        (accepted(ENDED, is_cancel=True), told(ENDED)),
        (accepted(STOP), told(STOP, "ALGO")),
        (accepted(is_cancel=True), told(STOPPED, "ALGO")),  # the Algo service answers without the order
    ],
)
def test_an_answer_is_owed_its_echo_which_may_come_before_it(answer: OrderOutcome, echo: OrderUpdate) -> None:
    assert reason(answer) == "order_untold"
    assert reason(answer, at_ns=ECHO_LIMIT_NS) == ""
    assert reason(answer, echo) == ""
    assert reason(echo, answer) == ""


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (accepted(AMENDED), told(ORDER)),
        (accepted(ENDED, is_cancel=True), told(ORDER)),
        (accepted(make_order(ID, order_id=5)), told(ORDER)),
        (accepted(STOP), told(ORDER)),  # the order of the book is not the stop
        (accepted(ORDER), told(ORDER, is_asked=True)),
    ],
)
def test_another_word_is_no_echo(answer: OrderOutcome, word: OrderUpdate) -> None:
    assert reason(answer, word) == reason(word, answer) == "order_untold"


def test_refusals_unknown_outcomes_and_answers_to_questions_are_owed_nothing() -> None:
    assert reason(accepted(kind=OutcomeKind.REFUSED)) == ""
    assert reason(accepted(kind=OutcomeKind.UNKNOWN)) == ""
    assert reason(accepted(ORDER, is_asked=True)) == ""


def test_an_execution_is_owed_its_position_and_a_position_its_execution() -> None:
    trade = told(FILLED, "TRADE")
    assert reason(trade) == "position_untold"
    assert reason(moved()) == "execution_untold"
    assert reason(trade, moved()) == reason(moved(), trade) == ""
    assert reason(trade, moved(START_MS + 1)) == ""  # within the slack of the two clocks
    assert reason(trade, moved(START_MS - 500)) == "position_untold"
    assert reason(trade, moved(symbol="ETHUSDT")) != ""
    assert reason(moved(reason="FUNDING_FEE")) == ""
    assert reason(told(FILLED, "TRADE", is_asked=True)) == ""


def test_the_venue_may_leave_the_positions_out_of_an_account_event() -> None:
    bare = AccountUpdate("ORDER", (), (), (), START_MS, START_MS)
    assert reason(told(FILLED, "TRADE"), bare) == ""


def test_an_account_that_was_read_later_tells_the_position() -> None:
    trade = told(FILLED, "TRADE")
    assert reason(trade, AccountSnapshot((), (), (), START_MS)) == ""
    assert reason(trade, AccountSnapshot((), (), (), START_MS - 1)) == "position_untold"


def test_an_execution_of_the_engine_that_was_learned_by_asking_is_owed_its_position_too() -> None:
    watch = EchoWatch()
    assert watch.overdue(5, is_engine_untold=True) == ""
    assert watch.overdue(5 + ECHO_LIMIT_NS, is_engine_untold=True) == ""
    assert watch.overdue(6 + ECHO_LIMIT_NS, is_engine_untold=True) == "position_untold"
    assert watch.overdue(7 + ECHO_LIMIT_NS, is_engine_untold=False) == ""


def test_a_stream_that_begins_anew_owes_nothing() -> None:
    watch = EchoWatch()
    watch.take(accepted(ORDER), 0)
    watch.take(told(FILLED, "TRADE"), 0)
    watch.overdue(0, is_engine_untold=True)
    watch.forget()
    assert watch.overdue(LATE_NS, is_engine_untold=False) == ""


EVENTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 400), st.booleans()), max_size=30)


@given(EVENTS)
def test_a_stream_that_tells_everything_is_never_doubted(trades: list[tuple[int, int, bool]]) -> None:
    """Answers and events of many orders, each execution with its position, in either order and later than others."""
    watch = EchoWatch()
    now_ns = 0
    for number, pause_ms, is_account_first in sorted(trades):
        now_ns += pause_ms * 1_000_000
        cid, time_ms = f"{PREFIX}-hn-{number}", START_MS + now_ns // 1_000_000
        order = make_order(cid, order_id=100 + number, update_time_ms=time_ms)
        events = [moved(time_ms), told(order, "TRADE", time_ms=time_ms)]
        for item in events if is_account_first else events[::-1]:
            watch.take(item, now_ns)
        watch.take(accepted(order, client_order_id=cid), now_ns)
        assert watch.overdue(now_ns, is_engine_untold=False) == ""
    assert watch.overdue(now_ns + LATE_NS, is_engine_untold=False) == ""
