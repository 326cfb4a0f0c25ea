"""TaskRegistry: the owner of tasks born in slots; and work that would hold the loop, done in a thread."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_log = logging.getLogger(__name__)

CLOSE_LIMIT_S = 5.0
"""How long `aclose` waits for tasks to unwind."""


T = TypeVar("T")


async def in_thread(work: Callable[[], T], name: str) -> T:
    """Do work that blocks in a thread of its own, and return its result.

    Whoever is cancelled here leaves the thread to itself: the work must end by itself, and soon.

    Args:
        work: Called once, in the thread.
        name: Of the thread.
    """
    executor = ThreadPoolExecutor(1, thread_name_prefix=name)
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, work)
    finally:
        executor.shutdown(wait=False)


class TaskRegistry:
    """Owns tasks that no TaskGroup owns: those that a click starts.

    Owner: whoever made it closes it with `aclose` before the loop ends. Used on the loop's thread only.
    """

    def __init__(self, on_error: Callable[[str, BaseException], None]) -> None:
        """Make an empty registry.

        Args:
            on_error: Called with (task name, exception) when a task fails; cancelling is no failure.
        """
        self._on_error = on_error
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, coro: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any] | None:
        """Start `coro` as a task called `name`; None, and nothing is started, once the registry is closed."""
        if self._is_closed:
            coro.close()
            return None
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)
        return task

    def is_running(self, name: str) -> bool:
        """Tell whether a task of that name is under way: a second click need not start a second one."""
        return any(task.get_name() == name for task in self._tasks)

    async def aclose(self) -> None:
        """Cancel what still runs and wait, at most `CLOSE_LIMIT_S`, until it has unwound."""
        self._is_closed = True
        current = asyncio.current_task()
        pending = {task for task in self._tasks if task is not current}
        for task in pending:
            task.cancel()
        if not pending:
            return
        _, stuck = await asyncio.wait(pending, timeout=CLOSE_LIMIT_S)
        if stuck:
            _log.error("tasks did not end: %s", ", ".join(sorted(task.get_name() for task in stuck)))

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self._on_error(task.get_name(), error)
