"""The window's life: application, loop, session, models, window; and the orderly way out of all of them."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox
from qasync import QEventLoop

from trader_gui import __version__
from trader_gui.app.commands import Commands, connect_keys
from trader_gui.app.position_commands import PositionCommands
from trader_gui.app.table_commands import TableCommands
from trader_gui.credentials import Credentials, KeyStore
from trader_gui.decision.registry import STRATEGIES
from trader_gui.errors import UserError
from trader_gui.journal.damage import JournalDamagedError, move_aside
from trader_gui.kline_history.chart_history import ChartHistory
from trader_gui.log import LogSetup, install_exception_hooks, start_logging
from trader_gui.models.bridge import Bridge
from trader_gui.models.indicator_kinds import BOLLINGER, VOLATILITY
from trader_gui.models.indicator_track import Indicator
from trader_gui.profiles import PROFILES
from trader_gui.resources import resource_path
from trader_gui.rt_trader import RtTrader, SessionOptions
from trader_gui.rt_trader.host import keep_collections_short, load_keys, stop_on_signals
from trader_gui.settings import APPLICATION, DataDirectory, Settings, load_settings
from trader_gui.tasks import TaskRegistry
from trader_gui.widgets.dialogs import DamagedJournalDialog, KeysDialog
from trader_gui.widgets.main_window import MainWindow
from trader_gui.widgets.theme import theme

_log = logging.getLogger(__name__)

END_LIMIT_S = 15.0
"""How long the session may take to end in order; every part of it has shorter limits of its own."""


def run_window(arguments: argparse.Namespace) -> int:
    """Open the window, run one session in it, and return when both have ended.

    Raises:
        TraderError: The session could not start.
    """
    size = _size(arguments.size)
    directory = DataDirectory.open(arguments.data_dir, arguments.profile)
    settings = load_settings(directory)
    log = start_logging(directory.log_path)
    try:
        application = _make_application(settings, arguments.theme)
        with asyncio.Runner(loop_factory=lambda: QEventLoop(application)) as runner:
            return runner.run(Desk(arguments, size, directory, settings, log).run())
    finally:
        log.close()


def show_failure(text: str) -> None:
    """Say in a box of its own why the program could not start; no loop runs when this is called."""
    application = QApplication.instance() or QApplication([APPLICATION])
    QMessageBox.critical(None, application.applicationName() or APPLICATION, text)


def _make_application(settings: Settings, theme_name: str | None) -> QApplication:
    application = QApplication([APPLICATION])
    application.setApplicationName(APPLICATION)
    application.setApplicationVersion(__version__)
    application.setWindowIcon(QIcon(str(resource_path("icons", "app.svg"))))
    application.setQuitOnLastWindowClosed(False)  # the loop ends when the session has ended, not with the window
    name = theme_name or settings.common.theme
    if name == "system":
        is_light = application.styleHints().colorScheme() is Qt.ColorScheme.Light
        name = "light" if is_light else "dark"
    theme().set(name, settings.common.palette)
    theme().install(application)
    return application


def _size(text: str | None) -> QSize | None:
    """Return a size given as `1280x720`.

    Raises:
        UserError: It is none.
    """
    if text is None:
        return None
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise UserError(f"{text!r} is no window size: write it as 1280x720")
    return QSize(int(width), int(height))


class Desk:
    """One window with one session.

    Owner: `run_window`. It owns the session's task, the registry of tasks born in slots, and the window.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        size: QSize | None,
        directory: DataDirectory,
        settings: Settings,
        log: LogSetup,
    ) -> None:
        self._arguments = arguments
        self._size = size
        self._directory = directory
        self._settings = settings
        self._log_setup = log
        self._profile = PROFILES[arguments.profile]
        self._keys = KeyStore()
        self._tasks = TaskRegistry(self._on_task_error)
        self._leave = asyncio.Event()
        self._trader: RtTrader | None = None
        self._commands: Commands | None = None
        self._table_commands: TableCommands | None = None
        self._position_commands: PositionCommands | None = None
        self._history: ChartHistory | None = None
        self._ended: list[QObject] = []
        self._picture_error = ""

    async def run(self) -> int:
        """Show the window and run the session until the user leaves.

        Raises:
            TraderError: The session could not start, or the picture could not be saved.
        """
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_loop_error)
        restore = install_exception_hooks(self._on_uncaught)
        stop_on_signals(loop, self._leave.set)
        try:
            credentials = await self._credentials()
            while not self._leave.is_set():
                try:
                    await self._run_session(credentials)
                    break
                except JournalDamagedError as error:
                    await self._replace_journal(error)
        finally:
            await self._tasks.aclose()  # which may still speak to the window and its models
            for ended in self._ended:
                ended.deleteLater()
            restore()
        if self._picture_error:
            raise UserError(self._picture_error)
        return 0

    async def _run_session(self, credentials: Credentials | None) -> None:
        trader = self._trader = self._make_trader(credentials)
        bridge = Bridge(trader, log_tail=self._log_setup.tail)
        bridge.series.set_indicators(_strategy_indicators(trader.options.strategy))
        window = MainWindow(
            bridge,
            self._profile,
            strategy_title=STRATEGIES[trader.options.strategy].title,
            version=__version__,
            layout_path=self._directory.layout_path,
        )
        bridge.ready.connect(lambda: self._open_history(bridge, trader))
        self._commands = Commands(window, trader, bridge, self._tasks, self._settings, self._keys)
        self._table_commands = TableCommands(window, trader, bridge, self._tasks)
        self._position_commands = PositionCommands(window, trader, bridge, self._tasks)
        window.close_requested.connect(lambda: self._tasks.spawn(self._ask_to_leave(window), "leave"))
        if self._size is not None:
            window.resize(self._size)
        window.show()
        for notice in self._settings.notices:
            window.notify("warn", "Settings", notice)
        bridge.start()
        if self._arguments.screenshot is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self._arguments.after, self._take_picture, window, self._arguments.screenshot)
        self._tasks.spawn(keep_collections_short(trader.started), "short collections")
        _log.info("Trader GUI %s: profile %s, %s %s", __version__, self._profile.name, trader.symbol, trader.interval)
        session = asyncio.create_task(trader.run(), name="session")
        try:
            await self._wait(session)
        finally:
            if self._history is not None:
                await self._history.aclose()
            trader.request_stop()
            await asyncio.wait({session}, timeout=END_LIMIT_S)
            bridge.flush()
            bridge.stop()
            window.workspace.save()
            window.order_entry.history.flush()
            window.hide()
            self._ended += (window, bridge)
        if session.done() and not trader.started.is_set():
            session.result()

    def _open_history(self, bridge: Bridge, trader: RtTrader) -> None:
        """Give the chart the venue's klines, once the session knows its venue."""
        self._history = ChartHistory(
            trader.market, trader.chart_feed, self._tasks.spawn, self._directory.kline_cache_folder
        )
        bridge.series.set_history(self._history)

    async def _wait(self, session: "asyncio.Task[None]") -> None:
        """Return when the user leaves, or when the session could not start; one that fails later keeps its window."""
        leave = asyncio.create_task(self._leave.wait(), name="leave wanted")
        try:
            await asyncio.wait({leave, session}, return_when=asyncio.FIRST_COMPLETED)
            if session.done() and self._trader is not None and self._trader.started.is_set():
                if not session.cancelled() and session.exception() is not None:
                    _log.error("the session ended: %s", session.exception())
                await leave
        finally:
            leave.cancel()

    def _make_trader(self, credentials: Credentials | None) -> RtTrader:
        arguments = self._arguments
        options = SessionOptions(
            symbol=arguments.symbol,
            interval=arguments.interval,
            strategy=arguments.strategy,
            data_file=str(arguments.data) if arguments.data else None,
            speed=arguments.speed,
            seed=arguments.seed,
            arm_at_start=arguments.arm,
            with_book=True,
            protection_action=self._settings.trading.protection_policy,
            dead_man_switch=self._settings.trading.dead_man_switch,
        )
        return RtTrader(self._profile, options, self._directory, self._settings.risk_limits, credentials)

    async def _replace_journal(self, error: JournalDamagedError) -> None:
        """Put a new journal in the place of a damaged one, on the user's word; without it, leave.

        Raises:
            UserError: The file cannot be renamed.
        """
        dialog = DamagedJournalDialog(self._profile.name, str(error.path), error.detail)
        agreed = asyncio.Event()
        dialog.move_requested.connect(agreed.set)
        await self._closed(dialog)
        dialog.deleteLater()
        if not agreed.is_set():
            self._leave.set()
            return
        _log.warning("the damaged journal is kept as %s; a new one is begun", move_aside(error.path))

    # ---- keys ------------------------------------------------------------------------------------------------------

    async def _credentials(self) -> Credentials | None:
        """Return the profile's keys, asked for in a dialog when none are stored."""
        problem = ""
        try:
            stored = await load_keys(self._profile, self._keys)
        except UserError as error:
            stored, problem = None, str(error)
        if stored is not None or not self._profile.needs_key:
            return stored
        dialog = KeysDialog(self._profile.name, "")
        if problem:
            dialog.show_error(problem)
        connect_keys(dialog, self._keys, self._profile.name, self._tasks)
        await self._closed(dialog)
        stored = await load_keys(self._profile, self._keys)
        if stored is None and not self._leave.is_set():
            raise UserError(f"{self._profile.name} needs an API key: start again and enter one")
        return stored

    async def _closed(self, dialog: QDialog) -> None:
        """Open a dialog and wait until it is closed, or the program is to end."""
        closed = asyncio.Event()
        dialog.finished.connect(lambda _result: closed.set())
        dialog.open()
        waits = [asyncio.create_task(event.wait(), name="dialog") for event in (closed, self._leave)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            dialog.close()

    # ---- the way out -----------------------------------------------------------------------------------------------

    async def _ask_to_leave(self, window: MainWindow) -> None:
        """Leave at once where nothing is at stake; at a real account with a position or an armed engine, ask."""
        if self._profile.orders == "venue" and self._is_at_stake():
            box = QMessageBox(
                QMessageBox.Icon.Warning,
                "Leave Trader GUI?",
                "The engine is disarmed when you leave. Positions and stops stay at the exchange.",
                QMessageBox.StandardButton.Close | QMessageBox.StandardButton.Cancel,
                window,
            )
            box.setDefaultButton(QMessageBox.StandardButton.Cancel)
            await self._closed(box)
            if box.result() != QMessageBox.StandardButton.Close.value:
                return
        self._leave.set()

    def _is_at_stake(self) -> bool:
        trader = self._trader
        if trader is None or not trader.is_ready:
            return False
        return trader.is_armed or bool(trader.callback.account.positions)

    def _take_picture(self, window: MainWindow, path: Path) -> None:
        if not window.grab().save(str(path)):
            self._picture_error = f"the picture {path} cannot be written: choose another file, ending in .png"
        self._leave.set()

    # ---- what nobody caught ----------------------------------------------------------------------------------------

    def _on_task_error(self, name: str, error: BaseException) -> None:
        _log.error("the task %s failed", name, exc_info=error)
        self._halt()

    def _on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        _log.error("%s", context.get("message", "error in the loop"), exc_info=context.get("exception"))
        self._halt()

    def _on_uncaught(self, _error: BaseException) -> None:
        self._halt()

    def _halt(self) -> None:
        """A bug anywhere halts trading and keeps the window."""
        if self._trader is not None:
            self._trader.halt("bug")


def _strategy_indicators(strategy: str) -> tuple[Indicator, ...]:
    """Return the indicators that the strategy decides by, with its own windows."""
    v: dict[str, Any] = STRATEGIES[strategy].values({})
    bands = {"window": v["band_window"], "inner": v["inner_deviations"], "outer": v["outer_deviations"]}
    volatility = {"window": v["rv_window"], "range_window": v["rv_range_window"]}
    made = ((BOLLINGER, bands), (VOLATILITY, volatility))
    return tuple(Indicator(kind, {name: float(value) for name, value in values.items()}) for kind, values in made)


if sys.platform == "win32":  # the taskbar groups windows by this id, not by the interpreter that runs them
    import ctypes

    ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID("TraderGUI.TraderGUI")
