"""Threads that make blocking calls."""

import threading
import time
from concurrent.futures import Future
from concurrent.futures import wait as wait_for

import pytest

from trader_gui.errors import VenueError
from trader_gui.exchange.rest_threads import CallThreads

LIMIT_S = 5.0


class Session:
    """Counts sessions and notes their end."""

    def __init__(self) -> None:
        self.thread = threading.current_thread().name
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


class Gate:
    """A call that blocks until it is opened."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, session: Session) -> str:
        self.entered.set()
        assert self.opened.wait(LIMIT_S)
        return "late"


def make(size: int = 1) -> tuple[CallThreads[Session, object], list[Session]]:
    sessions: list[Session] = []

    def session() -> Session:
        sessions.append(Session())
        return sessions[-1]

    return CallThreads("test-calls", size, session), sessions


def end(threads: CallThreads[Session, object]) -> None:
    done = wait_for(threads.close(), timeout=LIMIT_S)
    assert not done.not_done


def test_one_thread_keeps_the_order_and_its_session():
    threads, sessions = make()
    seen: list[int] = []
    futures: list[Future[object]] = [threads.submit(lambda s, i=i: seen.append(i)) for i in range(50)]
    wait_for(futures, timeout=LIMIT_S)
    end(threads)
    assert seen == list(range(50))
    assert len(sessions) == 1
    assert sessions[0].is_closed
    assert sessions[0].thread == "test-calls"


def test_an_error_belongs_to_its_call_and_to_no_other():
    threads, _ = make()

    def fail(session: Session) -> object:
        raise OSError("cut")

    failed, good = threads.submit(fail), threads.submit(lambda s: "good")
    with pytest.raises(OSError, match="cut"):
        failed.result(LIMIT_S)
    assert good.result(LIMIT_S) == "good"
    end(threads)


def test_a_session_that_cannot_be_made_is_tried_again_by_the_next_call():
    made = iter([False, True])

    def session() -> Session:
        if not next(made):
            raise OSError("not yet")
        return Session()

    threads: CallThreads[Session, object] = CallThreads("test-calls", 1, session)
    with pytest.raises(OSError, match="not yet"):
        threads.submit(lambda s: 1).result(LIMIT_S)
    assert threads.submit(lambda s: 2).result(LIMIT_S) == 2
    end(threads)


def test_a_stuck_call_loses_its_thread_and_the_next_ones_go_on():
    threads, sessions = make()
    gate = Gate()
    stuck = threads.submit(gate)
    assert gate.entered.wait(LIMIT_S)
    behind = threads.submit(lambda s: "on time")
    assert threads.give_up(stuck) is False
    assert behind.result(LIMIT_S) == "on time"
    gate.opened.set()
    assert stuck.result(LIMIT_S) == "late"
    assert threads.submit(lambda s: s).result(LIMIT_S) is sessions[1]
    end(threads)


def test_a_call_that_has_not_begun_never_does():
    threads, _ = make()
    gate = Gate()
    stuck = threads.submit(gate)
    assert gate.entered.wait(LIMIT_S)
    ran: list[int] = []
    waiting = threads.submit(lambda s: ran.append(1))
    assert threads.give_up(waiting) is True
    gate.opened.set()
    stuck.result(LIMIT_S)
    end(threads)
    assert ran == []


def test_after_a_network_was_lost_calls_begin_in_new_sessions_and_hanging_ones_fail_as_cut_off():
    threads, sessions = make(2)
    gate = Gate()
    assert threads.submit(lambda s: "before").result(LIMIT_S) == "before"
    stuck = threads.submit(gate)
    assert gate.entered.wait(LIMIT_S)
    threads.renew()
    threads.abandon(0)
    assert not stuck.done()  # one that has just begun is left alone
    threads.abandon(time.monotonic_ns())
    with pytest.raises(ConnectionAbortedError):
        stuck.result(LIMIT_S)
    assert threads.submit(lambda s: s).result(LIMIT_S) in sessions[1:]
    gate.opened.set()
    end(threads)
    until = time.monotonic() + LIMIT_S  # the thread that hung closes its session by itself
    while not all(s.is_closed for s in sessions) and time.monotonic() < until:
        time.sleep(0.001)
    assert [s.is_closed for s in sessions] == [True] * len(sessions)


def test_closing_refuses_what_waits_and_what_comes():
    threads, _ = make()
    gate = Gate()
    stuck = threads.submit(gate)
    assert gate.entered.wait(LIMIT_S)
    waiting = threads.submit(lambda s: 1)
    ends = threads.close()
    with pytest.raises(VenueError, match="not sent"):
        waiting.result(LIMIT_S)
    with pytest.raises(VenueError, match="not sent"):
        threads.submit(lambda s: 1)
    assert not ends[0].done()
    gate.opened.set()
    assert stuck.result(LIMIT_S) == "late"
    ends[0].result(LIMIT_S)


def test_threads_cannot_hold_up_the_exit():
    threads, _ = make(2)
    gate = Gate()
    threads.submit(gate)
    assert gate.entered.wait(LIMIT_S)
    assert all(t.daemon for t in threading.enumerate() if t.name == "test-calls")
    gate.opened.set()
    end(threads)
