"""Starting the simulated exchange as a child process of a program that trades on it.

The child ends with its parent, however the parent ends: its standard input is a pipe that only the parent holds.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, TypeVar

from trader_gui.errors import BugError, UserError
from trader_gui.simulated_exchange.options import ExchangeOptions

READY_SECONDS = 20.0
PATIENCE_SECONDS = 3.0
BAD_INPUT = 2
CONSOLE_NAME = "trader-gui"
"""A frozen windowed program has no standard output; beside it lies the same program with a console."""

_T = TypeVar("_T")


class ExchangeProcess:
    """A running child.

    Attributes:
        rest_url, ws_url, api_key, api_secret: Where and as whom to trade; repr shows none of them.

    Owner: whoever called `start_exchange` must call `stop`.
    """

    def __init__(self, child: "subprocess.Popen[str]", errors: IO[bytes], ready: dict[str, str]) -> None:
        self._child = child
        self._errors = errors
        self.rest_url = ready["rest"]
        self.ws_url = ready["ws"]
        self.api_key = ready["api_key"]
        self.api_secret = ready["api_secret"]

    @property
    def is_running(self) -> bool:
        """Whether the child still runs."""
        return self._child.poll() is None

    async def stop(self) -> None:
        """End the child: ask, then insist; takes at most some seconds and may be called twice."""
        await _in_thread(lambda: _end(self._child))
        self._errors.close()


async def start_exchange(options: ExchangeOptions) -> ExchangeProcess:
    """Start the exchange as a child process and wait until it serves.

    `api_key`, `api_secret`, `start_time_ms` and `limits` of the options stay with programs that serve in-process: the
    child makes its own.

    Raises:
        UserError: The child refused its options, its file or its port (the same sentence), or did not get ready.
    """
    errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child; `stop` closes it
    try:
        child = await _in_thread(lambda: _spawn(_command(options), errors))
    except OSError as error:
        errors.close()
        raise UserError(f"the simulated exchange cannot be started ({error}): install the program again.") from None
    try:
        line = await _in_thread(lambda: _first_line(child))
    except BaseException:
        await asyncio.shield(_in_thread(lambda: _end(child)))
        errors.close()
        raise
    if not line:
        await _in_thread(lambda: _end(child))
        with errors:
            raise _failure(child, errors)
    return ExchangeProcess(child, errors, json.loads(line))


def _command(options: ExchangeOptions) -> list[str]:
    program = [sys.executable, "-m", "trader_gui"]
    if getattr(sys, "frozen", False):
        own = Path(sys.executable)
        console = own.with_name(CONSOLE_NAME + own.suffix)
        program = [str(console if console.exists() else own)]
    words = [*program, "exchange", "--exit-with-parent", "--port", str(options.port), "--speed", str(options.speed)]
    words += ["--balance", str(options.wallet_balance)]
    words += ["--fee-tier", str(options.fee_tier)] if options.fee_tier else []
    words += ["--data", str(options.data)] if options.data is not None else ["--seed", str(options.seed)]
    words += ["--mirror"] if options.mirror else []
    words += ["--rules", str(options.rules)] if options.rules is not None else []
    words += ["--brackets", str(options.brackets)] if options.brackets is not None else []
    words += ["--regime", options.regime]
    words += [] if options.counts else ["--no-limits"]
    words += ["--faults", str(options.faults)] if options.faults is not None else []
    words += ["--latency", options.latency] if options.latency else []
    for file in options.public_keys:
        words += ["--public-key", str(file)]
    for symbol in options.symbols:
        words += ["--symbol", symbol]
    return words


def _spawn(words: list[str], errors: IO[bytes]) -> "subprocess.Popen[str]":
    flags: dict[str, Any] = {}
    if sys.platform == "win32":
        flags["creationflags"] = subprocess.CREATE_NO_WINDOW
    return subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8", **flags
    )


def _first_line(child: "subprocess.Popen[str]") -> str:
    """Read the ready line; empty when the child ended, or was ended for taking too long."""
    if child.stdout is None:
        raise BugError("the child's output is not piped")
    with ThreadPoolExecutor(1, thread_name_prefix="exchange ready") as reader:
        line = reader.submit(child.stdout.readline)
        try:
            return line.result(READY_SECONDS)
        except TimeoutError:
            child.kill()  # ends the pending read, too
            return ""


def _end(child: "subprocess.Popen[str]") -> None:
    """Close the child's input, which asks it to end; then terminate, then kill."""
    if child.stdin is not None:
        child.stdin.close()
    for insist in (child.terminate, child.kill, None):
        try:
            child.wait(PATIENCE_SECONDS)
            break
        except subprocess.TimeoutExpired:
            if insist is not None:
                insist()
    # Last: while a thread still reads it, closing would wait for the child.
    if child.stdout is not None:
        child.stdout.close()


def _failure(child: "subprocess.Popen[str]", errors: IO[bytes]) -> UserError:
    errors.seek(0)
    lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    last = lines[-1].strip() if lines else ""
    if child.returncode == BAD_INPUT and last:
        return UserError(last.removeprefix("trader-gui: "))
    return UserError(f"the simulated exchange did not start ({last or 'it said nothing'}): try again.")


async def _in_thread(work: Callable[[], _T]) -> _T:
    """Run a bounded piece of blocking work in a thread of its own, under any event loop."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="exchange process")
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, work)
    finally:
        executor.shutdown(wait=False)
