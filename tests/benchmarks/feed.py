"""What a full feed costs, with the window and without: `python tests/benchmarks/feed.py [SECONDS] [--speed N] [--xcb]`.

The program runs as a user starts it (demo profile, generated market, engine armed) at a speed at which the exchange
pushes about 1,500 frames a second of one symbol: depth@100ms, bookTicker, aggTrade, kline and mark price. The exchange,
a process of its own, notes when it queues each bookTicker for the socket; the client notes when its step is done, the
decision included. Both read the system's one monotonic clock, so the time in the kernel and behind a paint is in it.
Without the window the same session runs alone; what the loop's thread spends more with it is the painting, models
included. The other processes of this machine count, too: give the benchmark two processors that idle.
"""

import argparse
import asyncio
import mmap
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

SLOTS = 1 << 16
SIZE = 16 * (SLOTS + 1)
SETTLE_S = 5.0
"""After the start: what the start has left over is worked off."""


def table(path: Path) -> np.ndarray:
    """Return the shared table: (update id, monotonic ns) by update id, and in the last row (frames, 0)."""
    with path.open("r+b") as file:
        return np.frombuffer(mmap.mmap(file.fileno(), SIZE), np.int64).reshape(SLOTS + 1, 2)


def run_exchange(path: Path, words: list[str]) -> int:
    """Run the exchange's own command, with a note of every bookTicker."""
    from trader_gui.__main__ import main
    from trader_gui.simulated_exchange.streams import StreamSocket

    sent, queue = table(path), StreamSocket.push_frame

    def push_frame(self: StreamSocket, frame: bytes) -> None:
        queue(self, frame)
        sent[SLOTS, 0] += 1
        if b'"e":"bookTicker"' in frame:
            start = frame.index(b'"u":') + 4
            number = int(frame[start : frame.index(b",", start)])
            sent[number % SLOTS] = number, time.monotonic_ns()

    StreamSocket.push_frame = push_frame  # type: ignore[method-assign]
    return main(words)


def run_program(path: Path, words: list[str], seconds: float) -> int:
    """Run a command of the program for so long after its start, and print what was measured."""
    from trader_gui.__main__ import main
    from trader_gui.domain.market import BookTicker
    from trader_gui.domain.step import Step
    from trader_gui.rt_trader.trader import RtTrader
    from trader_gui.simulated_exchange import process

    sent, late_ms, queued, spent = table(path), [], [], []
    command: Callable[..., list[str]] = process._command
    run = RtTrader.run

    def own_exchange(options: Any) -> list[str]:
        started = command(options)
        return [sys.executable, __file__, "--exchange", str(path), *started[started.index("exchange") :]]

    def observe(step: Step) -> None:
        if isinstance(step.message, BookTicker):
            number, queued_ns = sent[step.message.update_id % SLOTS]
            if number == step.message.update_id:
                late_ms.append((time.monotonic_ns() - int(queued_ns)) / 1e6)

    async def sample(trader: RtTrader) -> None:
        await trader.started.wait()
        await asyncio.sleep(SETTLE_S)
        trader.add_observer(observe)
        spent.append((time.monotonic(), time.thread_time(), int(sent[SLOTS, 0])))
        for _ in range(round(seconds)):
            await asyncio.sleep(1.0)
            queued.append(len(trader._pump))
        spent.append((time.monotonic(), time.thread_time(), int(sent[SLOTS, 0])))
        os.kill(os.getpid(), signal.SIGTERM)

    async def run_watched(self: RtTrader) -> None:
        watcher = asyncio.create_task(sample(self))
        await run(self)
        await watcher

    process._command = own_exchange
    RtTrader.run = run_watched  # type: ignore[method-assign]
    code = main(words)
    (begun, cpu, frames), (ended, cpu_after, frames_after) = spent
    median, high = np.percentile(late_ms, [50, 99])
    half = len(queued) // 2
    print(
        f"{(frames_after - frames) / (ended - begun):8,.0f} {(cpu_after - cpu) / (ended - begun):8.1%} {median:8.2f}"
        f" {high:8.2f} {max(late_ms):8.1f} {np.mean(queued[:half]):8.1f} {np.mean(queued[half:]):8.1f}",
        flush=True,
    )
    return code


def main() -> int:
    """Print a row for the session alone and one for the session in its window."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=60.0)
    parser.add_argument("--speed", default="40")
    parser.add_argument("--xcb", action="store_true")
    arguments = parser.parse_args()
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb" if arguments.xcb else "offscreen"}
    print("          frames/s     loop   median  p99, ms  longest   queued, 1st and 2nd half")
    for name, command in (("alone", ["run"]), ("window", ["--size", "1600x900"])):
        with tempfile.TemporaryDirectory(prefix="trader-gui-") as folder:
            path = Path(folder) / "sent"
            path.write_bytes(bytes(SIZE))
            words = [*command, "--profile", "demo", "--seed", "3", "--arm", "--speed", arguments.speed]
            words += ["--data-dir", folder]
            print(f"{name:<8}", end="", flush=True)
            measured = [sys.executable, __file__, "--program", str(path), str(arguments.seconds), *words]
            told = subprocess.run(measured, env=environment, check=True, capture_output=True, text=True).stdout
            print(told.splitlines()[-1], flush=True)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--exchange"]:
        sys.exit(run_exchange(Path(sys.argv[2]), sys.argv[3:]))
    if sys.argv[1:2] == ["--program"]:
        sys.exit(run_program(Path(sys.argv[2]), sys.argv[4:], float(sys.argv[3])))
    sys.exit(main())
