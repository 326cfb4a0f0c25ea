"""What an installed program runs to prove itself: libraries, resources, key store, a session that trades, a chart."""

import asyncio
import importlib
import os
import sys
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from trader_gui.credentials import Credentials, KeyStore
from trader_gui.domain.order import OrderIntent, OrderType, Origin, OutcomeKind, Purpose, Side
from trader_gui.errors import TraderError, UserError
from trader_gui.profiles import PROFILES
from trader_gui.resources import read_text, resource_path
from trader_gui.rt_trader import RtTrader, SessionOptions
from trader_gui.settings import DataDirectory, load_settings

LIBRARIES = (
    "PySide6.QtWidgets",
    "pyqtgraph",
    "qasync",
    "binance.um_futures",
    "websockets",
    "aiohttp",
    "pandas",
    "numpy",
    "keyring",
    "msgspec",
)
SESSION_LIMIT_S = 60.0
MIN_COLOURS = 8
_QUANTITY = Decimal("0.010")
_SECRET_PROFILE = "self-test"


def run_self_test() -> int:
    """Run every check, print one line for each, and return 0 when all passed."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sessions: list[RtTrader] = []
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("libraries", _check_libraries),
        ("resources", _check_resources),
        ("key store", _check_key_store),
        ("session", lambda: _check_session(sessions)),
        ("chart", lambda: _check_chart(sessions)),
    )
    failures = 0
    for name, check in checks:
        try:
            word, detail = "ok", check()
        except Exception as error:  # noqa: BLE001 - a check that fails in any way has failed, and the next one runs
            failures += 1
            word, detail = "FAILED", f"{type(error).__name__}: {error}"
        sys.stdout.write(f"{name:<10} {word:<7} {detail}\n")
        sys.stdout.flush()
    return 1 if failures else 0


def _check_libraries() -> str:
    for name in LIBRARIES:
        importlib.import_module(name)
    return f"{len(LIBRARIES)} libraries import"


def _check_resources() -> str:
    for theme in ("dark", "light"):
        read_text("themes", f"{theme}.json")
    icons = list(resource_path("icons").glob("*.svg"))
    if len(icons) < 20:
        raise UserError(f"only {len(icons)} icons found: install the program again")
    return f"2 themes, {len(icons)} icons"


def _check_key_store() -> str:
    return asyncio.run(_key_round_trip())


async def _key_round_trip() -> str:
    """Store, read and delete a dummy; a system without a key store is no fault of the installation."""
    store = KeyStore()
    try:
        name = await store.check()
    except UserError as error:
        return f"not available on this system, keys can be kept for one session only ({error})"
    dummy = Credentials("K" * 64, "S" * 64)
    await store.save(_SECRET_PROFILE, dummy)
    try:
        if await store.load(_SECRET_PROFILE) != dummy:
            raise TraderError(f"{name} gave back something else than was stored")
    finally:
        await store.delete(_SECRET_PROFILE)
    return f"round trip through {name}"


def _check_session(sessions: list[RtTrader]) -> str:
    with tempfile.TemporaryDirectory(prefix="trader-gui-") as folder:
        trader = _make_trader(Path(folder))
        words = asyncio.run(_trade(trader))
    sessions.append(trader)
    return words


def _make_trader(folder: Path) -> RtTrader:
    directory = DataDirectory.open(folder, "demo")
    options = SessionOptions("BTCUSDT", "1m", "bb_rv", seed=1, with_book=True)
    return RtTrader(PROFILES["demo"], options, directory, load_settings(directory).risk_limits, None)


async def _trade(trader: RtTrader) -> str:
    """Buy at market on the embedded exchange, flatten, and count."""
    session = asyncio.create_task(trader.run(), name="session")
    try:
        async with asyncio.timeout(SESSION_LIMIT_S):
            await _wait_started(trader, session)
            await _wait_fresh(trader)
            answer = await trader.submit(_buy(trader))
            if answer.step.refusals or answer.outcomes[0].kind is not OutcomeKind.ACCEPTED:
                raise TraderError(f"the order was not accepted: {answer.step.refusals or answer.outcomes[0]}")
            report = await trader.flatten(await trader.plan_flatten())
            if not report.is_done:
                raise TraderError(f"not flat after flattening: {report.remaining}")
    finally:
        trader.request_stop()
        await asyncio.wait({session})
    session.result()
    summary = trader.summary
    if not summary.fills or not summary.commission:
        raise TraderError("no fill was reported")
    return f"{summary.fills} fills, commission {summary.commission} USDT, flat again"


async def _wait_started(trader: RtTrader, session: "asyncio.Task[None]") -> None:
    started = asyncio.create_task(trader.started.wait(), name="started")
    await asyncio.wait({started, session}, return_when=asyncio.FIRST_COMPLETED)
    started.cancel()
    if session.done():
        session.result()
        raise TraderError("the session ended before it had started")


async def _wait_fresh(trader: RtTrader) -> None:
    """Wait until every route has been heard of: nothing is opened before."""
    moved = asyncio.Event()
    trader.add_observer(lambda _step: moved.set())
    while not all(route.is_fresh for route in trader.status.routes.values()):
        moved.clear()
        await moved.wait()


def _buy(trader: RtTrader) -> OrderIntent:
    return OrderIntent(
        symbol=trader.symbol,
        side=Side.BUY,
        order_type=OrderType.MARKET,
        purpose=Purpose.ENTRY,
        origin=Origin.HAND,
        reason="self_test",
        wanted_time_ms=trader.callback.now_ms,
        quantity=_QUANTITY,
    )


def _check_chart(sessions: list[RtTrader]) -> str:
    """Draw the session's klines offscreen; a blank picture has a handful of colours."""
    if not sessions:
        raise TraderError("there was no session to draw")
    from PySide6.QtWidgets import QApplication  # Qt only when it is this check's turn

    from trader_gui.models.series import SeriesModel
    from trader_gui.widgets.chart.kline_chart import KlineChart

    application = QApplication.instance() or QApplication([])
    series = SeriesModel()
    chart = KlineChart(series)
    chart.resize(900, 600)
    chart.show()
    series.refresh(sessions[0].callback, sessions[0].status, 0)
    application.processEvents()
    image = chart.grab().toImage()
    chart.close()
    columns = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    if len(columns) < MIN_COLOURS:
        raise TraderError(f"the chart is blank: {len(columns)} colours")
    return f"{image.width()} x {image.height()}, {len(columns)} colours"
