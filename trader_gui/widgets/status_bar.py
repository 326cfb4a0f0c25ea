"""The status bar: streams, latency, dead man's switch, clock, budget, journal; at the right two clocks."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStatusBar, QWidget

from trader_gui.models.session import SessionModel
from trader_gui.models.session_state import ServiceState
from trader_gui.widgets import format as fmt
from trader_gui.widgets.cell_view import CellView
from trader_gui.widgets.protection_words import DEAD_MAN_NOTE, dead_man_cell
from trader_gui.widgets.provenance_words import account, account_words
from trader_gui.widgets.stream_words import STREAM_NAMES, stream_cell, stream_tip
from trader_gui.widgets.theme import set_style_property, theme

HEIGHT = 24
_ICON_PX = 14
_NEAR_LIMIT = 0.8
_MARGIN = 16
_OFFSET_WORDS = "The exchange's clock minus this computer's"


class StatusCell(QWidget):
    """Label and value on one line."""

    def __init__(self, label: str, description: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = CellView("")
        self._icon = QLabel()
        self._icon.setFixedSize(_ICON_PX, _ICON_PX)
        self._icon.hide()
        self._label = QLabel(label)
        self._label.setProperty("role", "small")
        self._value = QLabel()
        self._value.setProperty("role", "head")
        self.setAccessibleName(label)
        self.setToolTip(description)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 10, 0)
        row.setSpacing(4)
        for widget in (self._icon, self._label, self._value):
            row.addWidget(widget)
        row.addStretch(1)  # room that is kept for longer values lies behind the value
        theme().changed.connect(self._show_icon)

    def show_view(self, view: CellView) -> None:
        """Show a value; does nothing when it stands already."""
        if view == self.view:
            return
        self.view = view
        self._value.setText(view.text)
        set_style_property(self._value, "tone", view.tone)
        self.setAccessibleDescription(view.text)
        self._show_icon()
        if self.sizeHint().width() > self.minimumWidth():
            self.setMinimumWidth(self.sizeHint().width())

    def _show_icon(self) -> None:
        self._icon.setVisible(bool(self.view.icon))
        if self.view.icon:
            tone = "ok" if self.view.icon == "check" else self.view.tone
            self._icon.setPixmap(theme().pixmap(self.view.icon, tone, _ICON_PX))


class LinkCell(StatusCell):
    """A cell that opens something, by mouse or key.

    Signals:
        clicked: It was pressed.
    """

    clicked = Signal()

    def __init__(self, label: str, description: str, parent: QWidget | None = None) -> None:
        super().__init__(label, description, parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and not event.isAutoRepeat():
            self.clicked.emit()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setPen(theme().color("accent"))
            painter.drawRect(self.rect().adjusted(0, 1, -1, -2))


class StatusBar(QStatusBar):
    """Side figures of the session; the clocks show the market's time.

    Signals:
        account_requested: The user wants to see how the account stands to the exchange.
    """

    account_requested = Signal()

    def __init__(self, model: SessionModel, version: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setSizeGripEnabled(False)
        self.setFixedHeight(HEIGHT)
        self.streams = {route: StatusCell(name, f"The stream of the {name}") for route, name in STREAM_NAMES.items()}
        self.account = LinkCell("Exchange", "Whether the exchange shows what is shown here")
        self.account.clicked.connect(self.account_requested)
        self.latency = StatusCell("REST", "Round trip of the last call to the exchange")
        self.clock_offset = StatusCell("Clock", _OFFSET_WORDS)
        self.weight = StatusCell("Weight", "Request weight used in this minute, of what the exchange allows")
        self.orders = StatusCell("Orders", "Orders sent in this minute, of what the exchange allows")
        self.journal = StatusCell("Journal", "Every decision and order is written to disk before it is sent")
        self.dead_man = StatusCell("Dead-man", DEAD_MAN_NOTE)
        self.utc = StatusCell("UTC", "Market time of the last message")
        self.kst = StatusCell("KST", "Market time of the last message, Seoul")
        self._drop_order = (self.journal, self.dead_man, self.orders, self.weight, self.clock_offset, self.latency)
        self._left = (
            *self.streams.values(),
            self.account,
            self.latency,
            self.dead_man,
            self.clock_offset,
            self.weight,
            self.orders,
            self.journal,
        )
        self._lay_out(version)
        model.changed.connect(self._on_changed)
        self._on_changed()

    def _lay_out(self, version: str) -> None:
        inner = QWidget(self)
        row = QHBoxLayout(inner)
        row.setContentsMargins(0, 0, 4, 0)
        row.setSpacing(0)
        self._rules: dict[StatusCell, QFrame] = {}
        for cell in self._left:
            row.addWidget(cell)
            rule = self._rules[cell] = _rule()
            row.addWidget(rule)
        row.addStretch(1)
        for cell in (self.utc, self.kst):
            row.addWidget(cell)
            row.addWidget(_rule())
        self._version = QLabel(f"v{version}")
        self._version.setProperty("role", "small")
        self._version.setAccessibleName("Version")
        self._version.setContentsMargins(10, 0, 8, 0)
        row.addWidget(self._version)
        self.addWidget(inner, 1)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._drop_what_does_not_fit()

    def _drop_what_does_not_fit(self) -> None:
        needed = sum(_taken(cell) for cell in (*self._left, self.utc, self.kst))
        needed += self._version.sizeHint().width() + _MARGIN
        for cell in self._drop_order:
            must_go = needed > self.width()
            cell.setVisible(not must_go)
            self._rules[cell].setVisible(not must_go)
            if must_go:
                needed -= _taken(cell)

    def _on_changed(self) -> None:
        state = self._model.state
        service = state.service
        for route, stream in state.streams:
            self.streams[route].show_view(stream_cell(stream))
            self.streams[route].setToolTip(stream_tip(STREAM_NAMES[route], stream))
        self.account.show_view(account(state.account))
        self.account.setToolTip(f"{account_words(state.account)} Click for the table.")
        self.latency.show_view(CellView(fmt.latency(service.rest_latency_ms)))
        self.clock_offset.show_view(_offset(service.clock_offset_ms))
        self.clock_offset.setToolTip(_offset_words(service.clock_age_min))
        self.weight.show_view(_weight(service))
        self.orders.show_view(_budget(service.orders_used, service.orders_limit))
        self.journal.show_view(_journal(service))
        self.dead_man.show_view(dead_man_cell(state.dead_man))
        time_ms = state.venue_time_s * 1000 or None
        self.utc.show_view(CellView(fmt.clock(time_ms)))
        self.kst.show_view(CellView(fmt.clock(time_ms, "KST")))
        if self.isVisible():
            self._drop_what_does_not_fit()


def _taken(cell: StatusCell) -> int:
    # A cell never shrinks back, so what it asks for now may be less than what it holds.
    return max(cell.sizeHint().width(), cell.minimumWidth()) + 1


def _rule() -> QFrame:
    rule = QFrame()
    rule.setProperty("kind", "rule")
    rule.setFixedSize(1, 14)
    return rule


def _offset(offset_ms: int | None) -> CellView:
    if offset_ms is None:
        return CellView(fmt.DASH)
    return CellView(f"{fmt.number(offset_ms, 0, sign=True)} ms", "warn" if abs(offset_ms) > 1000 else "text1")


def _offset_words(age_min: int | None) -> str:
    return _OFFSET_WORDS if age_min is None else f"{_OFFSET_WORDS}, measured {age_min} min ago"


def _weight(service: ServiceState) -> CellView:
    if service.banned_until_ms is not None:
        return CellView(f"banned until {fmt.clock(service.banned_until_ms)} UTC", "danger", "octagon")
    if service.paused_s:
        return CellView(f"paused {fmt.duration(service.paused_s)}", "warn", "clock")
    return _budget(service.weight_used, service.weight_limit)


def _budget(used: int | None, limit: int) -> CellView:
    if used is None:
        return CellView(f"{fmt.DASH}/{limit}" if limit else fmt.DASH)
    return CellView(f"{used}/{limit}", "warn" if limit and used >= limit * _NEAR_LIMIT else "text1")


def _journal(service: ServiceState) -> CellView:
    return CellView("writing") if service.journal_ok else CellView("FAILED", "danger", "octagon")
