"""Threads that make blocking calls, in order, and that a stuck call cannot hold hostage.

The pools of the standard library join their threads when the interpreter ends, so one call stuck in a name look-up
would hang the exit; these threads are daemons. And a call that takes too long can be overtaken: another thread takes
the place of its own, so that a cancel does not queue behind an order that never answers. What was sent before it was
sent, so the order of sending stays as it was.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

from trader_gui.errors import VenueError


class Closable(Protocol):
    """What a call works with; one for each thread, since sessions are not safe to share."""

    def close(self) -> None: ...


def _closed() -> VenueError:
    return VenueError(None, "not sent: the client is closed")


S = TypeVar("S", bound=Closable)
R = TypeVar("R")


class _Job(Generic[S, R]):
    """One call and where its result goes."""

    def __init__(self, call: Callable[[S], R]) -> None:
        self.future: Future[R] = Future()
        self._call = call

    def run(self, make_session: Callable[[], S], session: S | None) -> S | None:
        """Make the call, with a new session when there is none yet; return the session.

        The result of a call that was abandoned meanwhile is nobody's.
        """
        try:
            session = session or make_session()
            result = self._call(session)
        except Exception as error:  # noqa: BLE001  it belongs to whoever awaits the future
            with contextlib.suppress(InvalidStateError):
                self.future.set_exception(error)
        else:
            with contextlib.suppress(InvalidStateError):
                self.future.set_result(result)
        return session


class _Worker:
    """One thread's mark: `is_retired` once its call was overtaken, which began at `started_ns`, monotonic."""

    def __init__(self) -> None:
        self.is_retired = False
        self.started_ns = 0
        self.ended: Future[None] = Future()


class CallThreads(Generic[S, R]):
    """A fixed number of daemon threads that take calls from one queue, first come, first served.

    Owner: `RestClient`; threads start with the first call and end with `close`.
    """

    def __init__(self, name: str, size: int, make_session: Callable[[], S]) -> None:
        self._name = name
        self._size = size
        self._make_session = make_session
        self._jobs: SimpleQueue[_Job[S, R] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._workers: list[_Worker] = []
        self._running: dict[Future[R], _Worker] = {}
        self._generation = 0
        self._is_closed = False

    def submit(self, call: Callable[[S], R]) -> Future[R]:
        """Queue a call.

        Raises:
            VenueError: The threads were closed; nothing is sent.
        """
        if self._is_closed:
            raise _closed()
        job: _Job[S, R] = _Job(call)
        if len(self._workers) < self._size:
            self._start_worker()
        self._jobs.put(job)
        return job.future

    def overtake(self, future: Future[R]) -> None:
        """Let the calls behind a running one go on in a new thread; the old one ends with its call."""
        with self._lock:
            worker = self._running.pop(future, None)
            if worker is None:
                return
            worker.is_retired = True
            self._workers.remove(worker)
        if not self._is_closed:
            self._start_worker()

    def give_up(self, future: Future[R]) -> bool:
        """Stop waiting for a call.

        Returns:
            True when it had not begun and now never will; False when it is running, and then overtaken, or done.
        """
        with self._lock:
            if future.cancel():
                return True
        self.overtake(future)
        return False

    def renew(self) -> None:
        """Let every call that begins from now on have a new session: those at hand are of a network that was lost."""
        self._generation += 1

    def abandon(self, began_before_ns: int) -> None:
        """Fail the calls that have been running since before a monotonic time, as cut off; others take their place."""
        with self._lock:
            stuck = [future for future, worker in self._running.items() if worker.started_ns < began_before_ns]
        for future in stuck:
            self.overtake(future)
            with contextlib.suppress(InvalidStateError):
                future.set_exception(ConnectionAbortedError("the network was lost meanwhile"))

    def close(self) -> list[Future[None]]:
        """Drop what waits, let the threads end after their present call; return a future for the end of each."""
        self._is_closed = True
        try:
            while True:
                job = self._jobs.get_nowait()
                if job is not None and job.future.set_running_or_notify_cancel():
                    job.future.set_exception(_closed())
        except Empty:
            pass
        for _ in self._workers:
            self._jobs.put(None)
        return [worker.ended for worker in self._workers]

    def _start_worker(self) -> None:
        worker = _Worker()
        self._workers.append(worker)
        threading.Thread(target=self._work, args=(worker,), name=self._name, daemon=True).start()

    def _work(self, worker: _Worker) -> None:
        session: S | None = None
        generation = self._generation
        while not worker.is_retired:
            job = self._jobs.get()
            if job is None:
                break
            with self._lock:
                if not job.future.set_running_or_notify_cancel():
                    continue
                worker.started_ns = time.monotonic_ns()
                self._running[job.future] = worker
            if session is not None and generation != self._generation:
                session.close()
                session = None
            generation = self._generation
            session = job.run(self._make_session, session)
            with self._lock:
                self._running.pop(job.future, None)
        if session is not None:
            session.close()
        worker.ended.set_result(None)
