"""Readings in the background: one of a name at a time, each tried again, ever more slowly, until it has worked."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from trader_gui.errors import ProtocolError, VenueError

_log = logging.getLogger(__name__)

RETRY_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0


class Errands:
    """Runs what is asked for as tasks of a session.

    Owner: `start` ties it to the session's TaskGroup; before that, and after `stop`, nothing is run.
    """

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self, group: asyncio.TaskGroup) -> None:
        """From now on, run errands as tasks of `group`."""
        self._group = group

    def stop(self) -> None:
        """Run no more, and end those that run."""
        self._group = None
        for name in tuple(self._running):
            self.drop(name)

    def run(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do a work until it has succeeded, unless one of this name is under way."""
        if self._group is not None and name not in self._running:
            self._running[name] = self._group.create_task(self._until_done(name, work), name=f"read {name}")

    def drop(self, name: str) -> None:
        """End an errand that nobody waits for any more."""
        task = self._running.pop(name, None)
        if task is not None:
            task.cancel()

    async def _until_done(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        task, pause_s = asyncio.current_task(), RETRY_PAUSE_S
        try:
            while True:
                try:
                    await work()
                except (VenueError, ProtocolError) as error:
                    _log.warning("reading %s failed: %s", name, error)
                    wait_s = error.wait_s if isinstance(error, VenueError) else 0.0
                    await asyncio.sleep(max(pause_s, wait_s))
                    pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                else:
                    return
        finally:
            if self._running.get(name) is task:
                del self._running[name]
