"""The session's look at its clock, some times a second: what silence tells, and nobody else would notice."""

import asyncio
import time

from trader_gui.callback import Callback
from trader_gui.domain.step import Tick
from trader_gui.journal.writer import JournalWriter
from trader_gui.rt_trader.connection import Connection
from trader_gui.rt_trader.parts import Parts
from trader_gui.rt_trader.pump import Pump
from trader_gui.rt_trader.status import SessionStatus

INTERVAL_S = 0.25


class Watch:
    """Looks for silent routes, a machine that slept, late echoes, the end of an arming; tells the core the time.

    Owner: the session's TaskGroup runs `run`, and what it finds is settled by tasks of its own group.
    """

    def __init__(
        self,
        connection: Connection,
        callback: Callback,
        parts: Parts,
        journal: JournalWriter,
        status: SessionStatus,
        pump: Pump,
    ) -> None:
        self._connection = connection
        self._callback = callback
        self._parts = parts
        self._journal = journal
        self._status = status
        self._pump = pump

    async def run(self, started_ns: int) -> None:
        """Look again and again until cancelled; `started_ns` is when the session began, monotonic."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._look(started_ns, time.monotonic_ns(), group)
                await asyncio.sleep(INTERVAL_S)

    def _look(self, started_ns: int, now_ns: int, group: asyncio.TaskGroup) -> None:
        parts = self._parts
        if not self._connection.is_paced:
            parts.freshness.check()
            parts.shown.check(now_ns)
            parts.held_marks.check(now_ns)
            found = parts.disturbances.look()
            if found is not None:
                group.create_task(parts.disturbances.settle(found), name="disturbance")
            parts.account.check(now_ns, has_backlog=len(self._pump) > 0)
        self._connection.read_budget(self._status)
        note_journal(self._journal, self._status)
        parts.engine.check_expiry(now_ns)
        if not self._connection.is_paced:  # nothing by the machine's time, or no two runs would be the same
            parts.facts.check(now_ns)
            parts.road.step(Tick((now_ns - started_ns) // 1_000_000, self._callback.now_ms))


def note_journal(journal: JournalWriter, status: SessionStatus) -> None:
    """Note whether orders can be brought to the disk."""
    status.journal_ok = not journal.failure
    status.journal_failure = journal.failure
    status.journal_failed_since_ms = journal.failed_since_ms
