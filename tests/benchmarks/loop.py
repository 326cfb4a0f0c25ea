"""How long the demo's loop is ever blocked, window included: `python tests/benchmarks/loop.py [SECONDS] [--xcb]`.

The program runs as a user starts it (demo profile, generated market, engine armed), on the offscreen platform or, with
`--xcb`, on the screen that DISPLAY names. A probe asks to be woken every millisecond and measures how late it comes.
The start (opening the window, loading klines) is shown apart from the session that follows.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LIMIT_MS = 50.0
PROBE_S = 0.001


def main() -> int:
    """Print the figures; 1 when the loop was blocked longer than the limit while the session ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=60.0)
    parser.add_argument("--xcb", action="store_true")
    parser.add_argument("--speed", default="1")
    arguments = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = "xcb" if arguments.xcb else "offscreen"
    with tempfile.TemporaryDirectory(prefix="trader-gui-") as folder:
        starting, running = _measure(arguments.seconds, arguments.speed, Path(folder))
    _print("start", starting)
    _print("session", running)
    return 0 if running.max() <= LIMIT_MS else 1


def _measure(seconds: float, speed: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    from PySide6.QtCore import QSize
    from qasync import QEventLoop

    from trader_gui.__main__ import _check_session, _window_parser
    from trader_gui.app.window import Desk, _make_application
    from trader_gui.log import start_logging
    from trader_gui.settings import DataDirectory, load_settings

    words = ["--profile", "demo", "--seed", "3", "--arm", "--speed", speed, "--data-dir", str(folder)]
    options = _window_parser().parse_args(words)
    _check_session(options)
    directory = DataDirectory.open(folder, "demo")
    settings = load_settings(directory)
    log = start_logging(directory.log_path)
    application = _make_application(settings, "dark")
    starting: list[float] = []
    running: list[float] = []

    async def probe(desk: Desk) -> None:
        ends = None
        before = time.perf_counter()
        while ends is None or before < ends:
            await asyncio.sleep(PROBE_S)
            now = time.perf_counter()
            (starting if ends is None else running).append((now - before - PROBE_S) * 1000)
            before = now
            if ends is None and desk._trader is not None and desk._trader.started.is_set():
                ends = now + seconds
        desk._leave.set()

    async def session() -> None:
        desk = Desk(options, QSize(1920, 1080), directory, settings, log)
        watcher = asyncio.create_task(probe(desk))
        await desk.run()
        await watcher

    with asyncio.Runner(loop_factory=lambda: QEventLoop(application)) as runner:
        runner.run(session())
    log.close()
    return np.array(starting), np.array(running)


def _print(name: str, late_ms: np.ndarray) -> None:
    middle, high = np.percentile(late_ms, [50, 99])
    over = int((late_ms > LIMIT_MS).sum())
    print(
        f"{name:<8} {len(late_ms):>7} probes  median {middle:.2f} ms  p99 {high:.1f} ms"
        f"  longest {late_ms.max():.1f} ms  over {LIMIT_MS:.0f} ms: {over}"
    )


if __name__ == "__main__":
    sys.exit(main())
