"""TaskRegistry: every task has an owner, and no failure is lost."""

import asyncio
import threading

import pytest

from trader_gui import tasks
from trader_gui.tasks import TaskRegistry, in_thread


def test_a_failure_reaches_the_handler_with_the_tasks_name() -> None:
    async def main() -> None:
        errors: list[tuple[str, BaseException]] = []
        told = asyncio.Event()

        def on_error(name: str, error: BaseException) -> None:
            errors.append((name, error))
            told.set()

        registry = TaskRegistry(on_error)

        async def fails() -> None:
            raise ValueError("broken")

        registry.spawn(fails(), "arming")
        assert registry.is_running("arming") and not registry.is_running("flatten")
        async with asyncio.timeout(2):
            await told.wait()
        assert [(name, str(error)) for name, error in errors] == [("arming", "broken")]
        assert len(registry) == 0
        await registry.aclose()

    asyncio.run(main())


def test_closing_cancels_waits_for_the_clean_up_and_refuses_new_tasks() -> None:
    async def main() -> None:
        errors: list[str] = []
        registry = TaskRegistry(lambda name, _: errors.append(name))
        cleaned: list[str] = []

        async def slow_to_end() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.01)
                cleaned.append("slow")

        async def never_started() -> None:
            raise AssertionError("must not run")

        registry.spawn(slow_to_end(), "slow")
        await asyncio.sleep(0)
        await registry.aclose()
        assert cleaned == ["slow"]
        assert registry.spawn(never_started(), "late") is None
        await asyncio.sleep(0)
        assert errors == []

    asyncio.run(main())


def test_a_task_may_close_its_own_registry() -> None:
    async def main() -> None:
        registry = TaskRegistry(lambda name, error: None)
        task = registry.spawn(registry.aclose(), "quit")
        assert task is not None
        async with asyncio.timeout(2):
            await task

    asyncio.run(main())


def test_a_task_that_will_not_end_is_named_and_does_not_hold_up_the_exit(
    monkeypatch: pytest.MonkeyPatch, expect_log
) -> None:
    monkeypatch.setattr(tasks, "CLOSE_LIMIT_S", 0.05)
    expect_log("ERROR.*did not end: stubborn")

    async def main() -> None:
        registry = TaskRegistry(lambda name, error: None)
        let_go = asyncio.Event()

        async def stubborn() -> None:
            while not let_go.is_set():
                try:
                    await let_go.wait()
                except asyncio.CancelledError:
                    continue

        task = registry.spawn(stubborn(), "stubborn")
        assert task is not None
        await asyncio.sleep(0)
        async with asyncio.timeout(2):
            await registry.aclose()
        let_go.set()
        await task

    asyncio.run(main())


def test_work_that_blocks_is_done_in_a_thread_that_ends_with_it() -> None:
    async def main() -> None:
        name = await in_thread(lambda: threading.current_thread().name, "a table")
        assert name.startswith("a table")
        with pytest.raises(KeyError):
            await in_thread(lambda: {}["nothing"], "a table")

    asyncio.run(main())
