"""The window: profile band, menus, session bar, banners, docks, status bar; it asks, and never acts by itself."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path

import PySide6
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QMoveEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QMenuBar, QMessageBox, QVBoxLayout, QWidget

from trader_gui.domain.account import PositionKey
from trader_gui.domain.step import EngineMode
from trader_gui.models.bridge import Bridge
from trader_gui.models.orders import OrderRow
from trader_gui.models.positions import PositionRow
from trader_gui.models.reconciliation import ReconciliationModel
from trader_gui.models.trader_view import ProfileView
from trader_gui.widgets import session_words as words
from trader_gui.widgets.agg_trades import AggTrades
from trader_gui.widgets.banner import Banner, BannerStack
from trader_gui.widgets.chart.kline_chart import KlineChart
from trader_gui.widgets.condition_board import ConditionBoard, HeadlineView
from trader_gui.widgets.fields import label
from trader_gui.widgets.line_asking import LineAsking
from trader_gui.widgets.log_view import LogView
from trader_gui.widgets.menus import WorkspaceMenus, shortcut_words
from trader_gui.widgets.order_book import OrderBook
from trader_gui.widgets.order_entry import OrderEntry
from trader_gui.widgets.positions_panel import PositionsPanel
from trader_gui.widgets.reconciliation import ReconciliationPanel
from trader_gui.widgets.session_bar import ProfileBand, SessionBar
from trader_gui.widgets.status_bar import StatusBar
from trader_gui.widgets.strip import Strip
from trader_gui.widgets.symbol_links import link_symbols
from trader_gui.widgets.table_tabs import TableTabs
from trader_gui.widgets.theme import set_style_property, theme
from trader_gui.widgets.ticket_stage import TicketStage
from trader_gui.widgets.toast import ToastArea
from trader_gui.widgets.workspace import Workspace
from trader_gui.widgets.workspace_layout import LOW_HEIGHT

BAND_HEIGHT = 4
FRAME_WIDTH = 3
FOOTER_HEIGHT = 80
"""Two lines of headline and two below it; fixed, as the ticket's buttons above it must not move with the words."""
MINIMUM = QSize(1100, 640)
DEFAULT = QSize(1600, 960)
_GAP = 4


class MainWindow(QWidget):
    """The workspace of one session.

    Args:
        bridge: The models; its timer is the app's business.
        profile: Its name gives colours and words.
        strategy_title: Of the engine's strategy.
        version: Of the program.
        layout_path: Where the layout is kept; None keeps none.

    Attributes:
        session_bar, order_entry, toasts, workspace: For the app, which opens popovers at the buttons and shows results.
        tabs: The panels of the tables, whose wishes the app carries out.

    Signals:
        close_requested: The user wants to leave; the window stays until the app is done.
        arm_requested, disarm_requested, cancel_entries_requested, flatten_requested: As on the session bar.
        order_requested: (OrderIntent) from the ticket.
        cancel_order_requested: (Order) from the orders table; answer with `finish_cancel`.
        close_position_requested: (symbol, leg) from the positions table or the menu, as one key; answer with
            `finish_close`.
        position_wish_requested: (PositionWish) what else can be done with a position; answer as above.
        protect_now_requested, close_now_requested: The engine's position has no stop; place one, or close at market.
        leverage_requested: (int); margin_type_requested: (str).
        check_account_requested: Hold the account against the exchange now.
        keys_requested, screenshot_requested: Menu entries.
        chart_picture_requested: A picture of the chart alone shall be saved.
        look_changed: (theme name, palette name) chosen in the menu.
    """

    close_requested = Signal()
    arm_requested = Signal()
    disarm_requested = Signal()
    cancel_entries_requested = Signal()
    flatten_requested = Signal()
    order_requested = Signal(object)
    cancel_order_requested = Signal(object)
    close_position_requested = Signal(object)
    position_wish_requested = Signal(object)
    protect_now_requested = Signal()
    close_now_requested = Signal()
    leverage_requested = Signal(int)
    margin_type_requested = Signal(str)
    check_account_requested = Signal()
    keys_requested = Signal()
    screenshot_requested = Signal()
    chart_picture_requested = Signal()
    look_changed = Signal(str, str)

    def __init__(
        self,
        bridge: Bridge,
        profile: ProfileView,
        *,
        strategy_title: str = "BB + RV",
        version: str = "",
        layout_path: Path | None = None,
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._version = version
        self.profile_name = profile.name
        self.workspace = Workspace(layout_path)
        self.session_bar = SessionBar(bridge.session, strategy_title)
        self.banners = BannerStack(bridge.session)
        self.status_bar = StatusBar(bridge.session, version)
        self.menu_bar = QMenuBar()
        self.layout_label = QLabel()
        self.layout_label.setProperty("role", "small")
        self.layout_label.setContentsMargins(0, 6, 10, 4)
        self._make_docks()
        self.menus = WorkspaceMenus(self.menu_bar, self._commands(), self.workspace.docks)
        self.menu_bar.setCornerWidget(self.layout_label)
        self.toasts = ToastArea(self, self.chart.view)
        self._lay_out()
        self._connect()
        self.setMinimumSize(MINIMUM)
        self.resize(DEFAULT)
        self.setWindowTitle(f"{words.PROFILE_TITLES[profile.name]} · {bridge.session.symbol} · Trader GUI")
        self.workspace.restore(self)
        self.chart.restore(self.workspace.panel_state("chart"))
        self.chart.state_changed.connect(lambda: self.workspace.keep_panel_state("chart", self.chart.state))
        self._on_session_changed()

    # ---- building ----------------------------------------------------------------------------------------------------

    def _make_docks(self) -> None:
        bridge, add_dock = self._bridge, self.workspace.add_dock
        self.chart = KlineChart(bridge.series)
        self.order_book = OrderBook(bridge.order_book)
        self.order_entry = OrderEntry(bridge.ticket, profile_name=bridge.session.profile_name)
        self.board = ConditionBoard(bridge.conditions)
        self.footer = HeadlineView(bridge.conditions)
        self.positions = PositionsPanel(bridge.positions, bridge.orders, bridge.fills)
        self.tabs = TableTabs(bridge)
        self.orders, self.fills, self.journal = self.tabs.orders.table, self.tabs.fills.table, self.tabs.journal
        self.reconciliation = ReconciliationPanel(bridge.reconciliation, bridge.session)
        self.log_view = LogView(bridge.log)
        add_dock("chart", self.chart, bridge.series, has_own_head=True)
        add_dock("order_book", self.order_book, bridge.order_book)
        add_dock("agg_trades", AggTrades(bridge.agg_trades), bridge.agg_trades)
        self._traded = label(bridge.session.symbol, "label")
        add_dock("order_entry", self._ticket_with_footer(), note=self._traded)
        add_dock("conditions", self.board, note=self.board.time)
        add_dock("positions", self.positions)
        for dock_id, content in self.tabs.docks():
            add_dock(dock_id, content)
        add_dock("reconciliation", self.reconciliation)
        add_dock("log", self.log_view)
        tables = {dock_id: panel.table for dock_id, panel in self.tabs.panels().items()}
        tables |= {"positions": self.positions.table, "journal": self.journal}
        tables |= {"orders_below": self.positions.orders, "fills_below": self.positions.fills}
        for table_id, table in tables.items():
            self.workspace.add_table(table_id, table.header)
            is_open = table_id in ("positions", "orders", "orders_below")
            link_symbols(table, bridge.series.show, by_double_click=is_open)

    def _ticket_with_footer(self) -> QWidget:
        """Return the ticket with the board's first lines below it, which stand in for the board in small windows."""
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.order_entry, 1)
        self.footer.setFixedHeight(FOOTER_HEIGHT)
        column.addWidget(self.footer)
        return holder

    def _lay_out(self) -> None:
        column = self._column = QVBoxLayout(self)
        frame = FRAME_WIDTH if self.profile_name == "live" else 0
        column.setContentsMargins(frame, 0, frame, frame)
        column.setSpacing(0)
        column.addWidget(ProfileBand(self.profile_name, BAND_HEIGHT))
        column.addWidget(self.menu_bar)
        column.addWidget(Strip(self.session_bar))
        column.addWidget(self.banners)
        around = QVBoxLayout()
        around.setContentsMargins(_GAP, _GAP, _GAP, _GAP)
        around.addWidget(self.workspace)
        column.addLayout(around, 1)
        column.addWidget(Strip(self.status_bar))

    def _connect(self) -> None:
        bar, ticket = self.session_bar, self.order_entry
        self._stage = TicketStage(self.chart.view.staging, ticket, partial(self._raise, "order_entry"))
        self._asking = LineAsking(self.chart.view, self._bridge.ticket, ticket)
        self.chart.view.drag.cancel_requested.connect(self.cancel_order_requested)
        self.chart.picture_requested.connect(self.chart_picture_requested)
        bar.arm_requested.connect(self.arm_requested)
        bar.disarm_requested.connect(self.disarm_requested)
        bar.cancel_entries_requested.connect(self.cancel_entries_requested)
        bar.flatten_requested.connect(self.flatten_requested)
        ticket.order_requested.connect(self.order_requested)
        ticket.leverage_requested.connect(self.leverage_requested)
        ticket.margin_type_requested.connect(self.margin_type_requested)
        self.order_book.price_picked.connect(self._on_price_picked)
        self.orders.action_requested.connect(self._on_cancel_order)
        self.tabs.orders.reasons = ticket.reasons
        self.positions.close_requested.connect(self._on_close_position)
        self.positions.wish_requested.connect(self.position_wish_requested)
        self.banners.action_requested.connect(self._on_banner_action)
        self.banners.close_requested.connect(self.close_position_requested)
        self.reconciliation.check_requested.connect(self.check_account_requested)
        self.status_bar.account_requested.connect(self.show_reconciliation)
        self.workspace.layout_changed.connect(self._on_layout_changed)
        self.workspace.layout_broken.connect(self._on_layout_broken)
        self.workspace.docks["conditions"].visibilityChanged.connect(self.footer.setHidden)
        self._bridge.part_failed.connect(self._on_part_failed)
        self._bridge.ticket.changed.connect(self._on_ticket_changed)
        self._bridge.session.changed.connect(self._on_session_changed)
        self._bridge.decisions.rows_noted.connect(self.toasts.show_decisions)
        for name in ("positions", "orders", "order_history", "fills", "reconciliation"):
            model = getattr(self._bridge, name)
            for signal in (model.rowsInserted, model.rowsRemoved, model.dataChanged):
                signal.connect(partial(self._show_count, name))
            self._show_count(name)
        theme().changed.connect(self._on_theme_changed)

    def _commands(self) -> dict[str, Callable[[], None]]:
        return {
            "check_account": self._check_account,
            "reconciliation": self.show_reconciliation,
            "keys": self.keys_requested.emit,
            "screenshot": self.screenshot_requested.emit,
            "quit": self.close_requested.emit,
            "symbol": self._open_symbols,
            "close_position": self._close_session_position,
            "cancel_entries": self.cancel_entries_requested.emit,
            "flatten": self.flatten_requested.emit,
            "arm": self.arm_requested.emit,
            "disarm": self.disarm_requested.emit,
            "reset_layout": lambda: self.workspace.reset(self),
            "shortcuts": lambda: self._open_message("Keyboard", shortcut_words()),
            "about": lambda: self._open_message("About Trader GUI", self._about_words()),
            "full_screen": self._toggle_full_screen,
        }

    def _open_symbols(self) -> None:
        """Open the search for a symbol, where the chart shows one or else at the top."""
        head = self.chart.head
        head.picker.open_below(head if head.isVisible() else self.session_bar)

    # ---- for the app -------------------------------------------------------------------------------------------------

    def finish_cancel(self, order: object) -> None:
        """The cancel of an order has been answered; its button works again."""
        client_order_id = getattr(order, "client_order_id", "")
        self.orders.finish_action((client_order_id, getattr(order, "order_family", None)))

    def finish_close(self, key: PositionKey) -> None:
        """The closing of a position is over or called off; its button works again."""
        self.positions.table.finish_action(key)

    def notify(self, tone: str, head: str, detail: str = "") -> None:
        """Show a toast; `tone` is `ok`, `warn`, `danger` or `info`."""
        self.toasts.show(tone, head, detail)

    def show_banner(self, banner: Banner) -> None:
        """Show a banner of the app's own; `banners.remove(key)` takes it away."""
        self.banners.add(banner)

    def show_reconciliation(self) -> None:
        """Bring the table of exchange, journal and memory to the front."""
        self._raise("reconciliation")

    def _raise(self, dock_id: str) -> None:
        """Bring a dock to the front."""
        dock = self.workspace.docks[dock_id]
        dock.show()
        dock.raise_()

    # ---- reactions ---------------------------------------------------------------------------------------------------

    def _on_cancel_order(self, row: OrderRow) -> None:
        self.cancel_order_requested.emit(row.order)

    def _on_close_position(self, row: PositionRow) -> None:
        self.close_position_requested.emit(row.key)

    def _on_price_picked(self, price: Decimal) -> None:
        """Take a price of the book, unless the ticket has gone on to another symbol in this very frame."""
        rules = self._bridge.order_book.rules
        if rules is not None and rules.symbol == self.order_entry.symbol:
            self.order_entry.pick_price(price)

    def _on_ticket_changed(self) -> None:
        facts = self._bridge.ticket.facts
        if facts is not None:
            self._traded.setText(facts.rules.symbol)
            set_style_property(self._traded, "tone", "" if facts.is_engine_symbol else "accent")

    def _on_banner_action(self, key: str, action: str) -> None:
        if action == "account":
            self.show_reconciliation()
        elif action == "protect":
            self.protect_now_requested.emit()
        elif action == "close_now":
            self.close_now_requested.emit()

    def _close_session_position(self) -> None:
        """Ask to close the position of the session's symbol; of two legs the first, the table has both."""
        position = self._bridge.session.state.position
        if position is not None:
            self.close_position_requested.emit(position.key)

    def _check_account(self) -> None:
        self.show_reconciliation()
        self.check_account_requested.emit()

    def _on_part_failed(self, dock_id: str, text: str) -> None:
        if dock_id in self.workspace.docks:
            self.workspace.docks[dock_id].panel.set_failure(text)
        elif text:
            self.show_banner(Banner(f"part_{dock_id}", "danger", "The session bar cannot be brought up to date.", text))
        else:
            self.banners.remove(f"part_{dock_id}")

    def _on_session_changed(self) -> None:
        state, actions = self._bridge.session.state, self.menus.actions
        is_halted = state.mode is EngineMode.HALTED
        actions["arm"].setEnabled(is_halted and not words.why_not_armable(state))
        actions["disarm"].setEnabled(not is_halted)
        actions["close_position"].setEnabled(state.position is not None)

    def _show_count(self, name: str, *_: object) -> None:
        model = getattr(self._bridge, name)
        count = model.open_rows if isinstance(model, ReconciliationModel) else model.rowCount()
        self.workspace.docks[name].set_count(count)

    def _on_theme_changed(self) -> None:
        self.look_changed.emit(theme().name, theme().palette_name)
        self.update()

    def _toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _open_message(self, title: str, text: str) -> None:
        box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, QMessageBox.StandardButton.Close, self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setTextFormat(Qt.TextFormat.RichText)
        box.open()

    def _about_words(self) -> str:
        return (
            f"<b>Trader GUI {self._version}</b><br>Trades Binance USDⓈ-M futures by hand and by a decision engine."
            f"<br><br>Profile: {words.PROFILE_TITLES[self.profile_name]}, {words.PROFILE_NOTES[self.profile_name]}"
            f"<br>PySide6 {PySide6.__version__}"
        )

    # ---- layout ------------------------------------------------------------------------------------------------------

    def _fit_layout(self) -> None:
        self.positions.set_small_tables(self.height() >= LOW_HEIGHT)
        self.workspace.fit(self)

    def _on_layout_changed(self) -> None:
        self.layout_label.setText(f"Layout: {'Own' if self.workspace.is_custom else 'Default'}")

    def _on_layout_broken(self, new_name: str, is_former: bool) -> None:
        which = "the one of before" if is_former else "the default one"
        what, kept = f"The saved layout could not be read; this is {which}.", f"The old file is kept as {new_name}."
        self.show_banner(Banner("layout", "info", what, kept, (("dismiss", "Dismiss"),)))

    # ---- Qt ----------------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._column.activate()
        self._fit_layout()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self.workspace.save_later()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.close_requested.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("bg0"))
        if self.profile_name == "live":
            painter.fillRect(self.rect(), theme().profile("live")[0])
            inner = self.rect().adjusted(FRAME_WIDTH, 0, -FRAME_WIDTH, -FRAME_WIDTH)
            painter.fillRect(inner, theme().color("bg0"))
