"""A long market in accelerated time, with cuts, by hand: does anything grow, does anything stay behind?

`python tests/venue/soak.py --hours 12 --speed 60` runs one armed session of the real client against the simulated
exchange, which is a process of its own, while sockets are cut, go silent and half-open, keys expire and requests fail.
It prints memory, objects, tasks, timers and sockets as time goes by, and ends with a verdict: memory grown by less than
5 % between the first quarter and the end, nothing left over. `--window` watches the session in the real window.
"""

import argparse
import asyncio
import gc
import json
import os
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from unittest import mock

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.campaign_watch import Leftovers
from trader_gui.credentials import Credentials
from trader_gui.exchange.endpoints import ENDPOINTS, loopback
from trader_gui.profiles import PROFILES
from trader_gui.risk.gate import RiskLimits
from trader_gui.rt_trader.options import SessionOptions
from trader_gui.rt_trader.trader import RtTrader
from trader_gui.settings import DataDirectory
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.process import start_exchange

PROFILE = "testnet"
SYMBOL = "BTCUSDT"
SAMPLES = 60
GROWTH_LIMIT = 0.05
HOUR_S = 3600.0

# Every kind of cut, each some times an hour of real time, so that none of a run's quarters is without it.
CUTS: list[dict[str, Any]] = [
    {"kind": "socket_dropped", "route": "private", "from_ms": 7_000, "repeat_ms": 41_000},
    {"kind": "socket_dropped", "route": "market", "from_ms": 13_000, "repeat_ms": 53_000},
    {"kind": "socket_half_open", "route": "public", "from_ms": 17_000, "repeat_ms": 67_000},
    {"kind": "socket_half_open", "route": "private", "from_ms": 29_000, "repeat_ms": 97_000},
    {"kind": "day_cut", "from_ms": 31_000, "repeat_ms": 113_000},
    {"kind": "listen_key_expired", "announced": False, "from_ms": 37_000, "repeat_ms": 89_000},
    {"kind": "stream_silent", "route": "market", "from_ms": 43_000, "probability": 0.0002, "duration_ms": 4_000},
    {"kind": "event_lost", "probability": 0.02},
    {"kind": "event_duplicated", "probability": 0.02},
    {"kind": "event_delayed", "probability": 0.02, "ms": 700, "in_order": False},
    {"kind": "depth_gap", "probability": 0.001},
    {"kind": "timeout_1007", "path": "/fapi/v1/*", "executed": True, "probability": 0.02},
    {"kind": "unavailable_503", "path": "/fapi/v1/*", "probability": 0.02},
    {"kind": "maintenance", "from_ms": 61_000, "repeat_ms": 127_000, "duration_ms": 3_000},
]


class Sample(NamedTuple):
    """What the client's process holds at a moment; memory in MB, market time in hours."""

    market_h: float
    rss_mb: float
    objects: int
    tasks: int
    timers: int
    sockets: int
    klines: int
    fills: int


def take_sample(trader: RtTrader, begun_ms: int) -> Sample:
    gc.collect()
    loop = asyncio.get_running_loop()
    timers = getattr(loop, "_scheduled", None) or getattr(getattr(loop, "_timer", None), "timers", ())
    status = Path("/proc/self/status").read_text(encoding="ascii")
    rss_kb = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
    sockets = sum(os.readlink(link).startswith("socket:") for link in _links())  # noqa: PTH115
    return Sample(
        (trader.callback.now_ms - begun_ms) / 1000 / HOUR_S,
        rss_kb / 1024,
        len(gc.get_objects()),
        len(asyncio.all_tasks()),
        len(timers),
        sockets,
        len(trader.callback.klines),
        len(trader.callback.orders.fills),
    )


def _links() -> list[str]:
    folder = "/proc/self/fd"
    return [f"{folder}/{name}" for name in os.listdir(folder) if os.path.exists(f"{folder}/{name}")]  # noqa: PTH110, PTH208


async def soak(wanted: argparse.Namespace, folder: Path) -> tuple[list[Sample], dict[str, Any]]:
    """Run the session for the wanted market time and return what was seen."""
    plan = folder / "cuts.json"
    plan.write_text(json.dumps({"seed": wanted.seed, "faults": CUTS}), encoding="utf-8")
    options = ExchangeOptions(seed=wanted.seed, speed=wanted.speed, symbols=(SYMBOL,), faults=plan, counts=False)
    real_s = wanted.hours * HOUR_S / wanted.speed
    samples: list[Sample] = []
    async with AsyncExitStack() as stack:
        process = await start_exchange(options)
        stack.push_async_callback(process.stop)
        stack.enter_context(mock.patch.dict(ENDPOINTS, {PROFILE: loopback(process.rest_url, process.ws_url)}))
        trader = RtTrader(
            PROFILES[PROFILE],
            SessionOptions(symbol=SYMBOL, interval="1m", strategy="bb_rv", with_book=True),
            DataDirectory.open(folder, PROFILE),
            RiskLimits(),
            Credentials(process.api_key, process.api_secret),
        )
        session = asyncio.create_task(trader.run(), name="session")
        started = asyncio.create_task(trader.started.wait(), name="started")
        await asyncio.wait({session, started}, return_when=asyncio.FIRST_COMPLETED)
        begun_ms, begun_s = trader.callback.now_ms, time.monotonic()
        armer = asyncio.create_task(keep_armed(trader), name="keep armed")
        window = _watch_in_window(stack, trader, folder) if wanted.window else None
        for number in range(1, SAMPLES + 1):
            await asyncio.sleep(max(0.0, begun_s + number * real_s / SAMPLES - time.monotonic()))
            if session.done():
                break
            samples.append(take_sample(trader, begun_ms))
            print(*(f"{name} {value:.1f}" for name, value in samples[-1]._asdict().items()), flush=True)
        armer.cancel()
        trader.request_stop()
        await session
        if window is not None:
            window()
        summary = trader.summary.as_json_object()
    return samples, summary


async def keep_armed(trader: RtTrader) -> None:
    """Arm again after whatever disarmed the engine, as a person would who wants it to trade on."""
    while True:
        await asyncio.sleep(1.0)
        if not trader.is_armed:
            await trader.arm(None)


def _watch_in_window(stack: AsyncExitStack, trader: RtTrader, folder: Path) -> Any:
    """Show the session in the real window; return what takes the window away again."""
    from trader_gui.models.bridge import Bridge
    from trader_gui.widgets.main_window import MainWindow

    bridge = Bridge(trader)
    window = MainWindow(bridge, trader.profile, strategy_title="BB + RV", version="0", layout_path=folder / "layout")
    window.resize(1280, 720)
    window.show()
    bridge.start()

    def take_away() -> None:
        bridge.flush()
        bridge.stop()
        window.hide()
        window.deleteLater()

    return take_away


def run(wanted: argparse.Namespace) -> int:
    """Run the soak, print the verdict, and return 1 when something grew or stayed behind."""
    leftovers = Leftovers()
    left: list[str] = []

    async def body() -> tuple[list[Sample], dict[str, Any]]:
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            seen = await soak(wanted, Path(folder))
        await asyncio.sleep(0.1)
        mine = asyncio.current_task()
        left.extend(f"task {t.get_name()} is left" for t in asyncio.all_tasks() if t is not mine)
        return seen

    if wanted.window:
        from PySide6.QtWidgets import QApplication
        from qasync import QEventLoop

        from trader_gui.widgets.theme import theme

        application = QApplication([])
        application.setQuitOnLastWindowClosed(False)
        theme().install(application)
        with asyncio.Runner(loop_factory=lambda: QEventLoop(application)) as runner:
            samples, summary = runner.run(body())
    else:
        samples, summary = asyncio.run(body())
    gc.collect()
    left += leftovers.findings()
    quarter = samples[len(samples) // 4 : len(samples) // 4 + 6]
    early, late = (median(s.rss_mb for s in part) for part in (quarter, samples[-6:]))
    growth = late / early - 1
    print(json.dumps(summary))
    print(
        f"{samples[-1].market_h:.1f} hours of market: memory {early:.1f} MB after a quarter, {late:.1f} MB at the end"
    )
    print(f"growth {growth:+.2%} (limit {GROWTH_LIMIT:.0%}); tasks {quarter[0].tasks} -> {samples[-1].tasks}, timers")
    print(f"{quarter[0].timers} -> {samples[-1].timers}, sockets {quarter[0].sockets} -> {samples[-1].sockets}")
    print("left over:", "; ".join(left) or "nothing")
    return int(growth > GROWTH_LIMIT or bool(left))


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=12.0, help="of market time")
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--window", action="store_true")
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
