"""The session bar: profile, engine, protection, feed, money, and the buttons that stop things."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QPushButton, QSizePolicy, QWidget

from trader_gui.domain.step import EngineMode
from trader_gui.models.session import SessionModel
from trader_gui.widgets import format as fmt
from trader_gui.widgets import session_words as words
from trader_gui.widgets.cell_view import CellView
from trader_gui.widgets.protection_words import watch_cell, watch_did
from trader_gui.widgets.provenance_words import source_words
from trader_gui.widgets.session_cell import SessionCell
from trader_gui.widgets.stream_words import stream_details
from trader_gui.widgets.theme import set_style_property, theme

HEIGHT = 48
MINIMUM_WIDTH = 1000
"""Room for what is never dropped."""
ENGINE_WIDTH = 244
ENGINE_WIDTH_NARROW = 176
_NARROW = 1360
BUTTON_HEIGHT = 34


class ProfileBadge(QWidget):
    """The profile's name in full, in its colour."""

    def __init__(self, profile_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._profile_name = profile_name
        self._text = words.PROFILE_TITLES[profile_name]
        self.setAccessibleName(f"Profile {self._text}: {words.PROFILE_NOTES[profile_name]}")
        self.setToolTip(words.PROFILE_NOTES[profile_name])
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        font = theme().font("price_large")
        return QSize(max(80, self.fontMetrics().horizontalAdvance(self._text) + font.pixelSize() + 36), HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        fill, text = theme().profile(self._profile_name)
        painter = QPainter(self)
        painter.fillRect(self.rect(), fill)
        font = theme().font("value")
        font.setPointSizeF(font.pointSizeF() * 15 / 13)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(text)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text)


class ProfileBand(QWidget):
    """A stripe in the profile's colour along the top of the window."""

    def __init__(self, profile_name: str, height: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._profile_name = profile_name
        self.setFixedHeight(height)
        theme().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(QRect(0, 0, self.width(), self.height()), theme().profile(self._profile_name)[0])


class SessionBar(QFrame):
    """What must be seen in under a second, and the three ways to stop.

    Signals:
        arm_requested, disarm_requested, cancel_entries_requested, flatten_requested: A button was pressed.
    """

    arm_requested = Signal()
    disarm_requested = Signal()
    cancel_entries_requested = Signal()
    flatten_requested = Signal()

    def __init__(self, model: SessionModel, strategy_title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setProperty("kind", "bar")
        self.setFixedHeight(HEIGHT)
        self._make_cells(strategy_title)
        self.engine_button = self._button("Arm…", "power")
        self.cancel_entries_button = self._button("Cancel entries", "cancel-entries")
        self.flatten_button = self._button("Flatten", "flatten", kind="danger")
        self.engine_button.clicked.connect(self._on_engine_button)
        self.cancel_entries_button.clicked.connect(self.cancel_entries_requested)
        self.flatten_button.clicked.connect(self.flatten_requested)
        self.flatten_button.setToolTip("Show what would be cancelled and closed; a second press does it")
        self.cancel_entries_button.setToolTip(
            "Cancel every open order, of any symbol, that could open or enlarge a position"
        )
        self._lay_out()
        theme().changed.connect(self._show_icons)
        model.changed.connect(self._on_changed)
        self._on_changed()

    # ---- building --------------------------------------------------------------------------------------------------

    def _make_cells(self, strategy_title: str) -> None:
        self.engine_cell = SessionCell(f"Engine · {strategy_title}", "", self._engine_details)
        self.engine_cell.setFixedWidth(ENGINE_WIDTH)
        self.protection_cell = SessionCell("Protection", "NOT PROTECTED 0/1 mm", self._protection_details)
        self.feed_cell = SessionCell("Feed", "Offline 88 min mm", self._feed_details)
        self.price_cell = SessionCell(self._model.symbol, "188,888.8 +8.88 %", self._price_details)
        self.mark_cell = SessionCell("Mark", "188,888.8", self._price_details)
        self.funding_cell = SessionCell("Funding", "0.0100 % 8:88:88", self._price_details)
        self.unrealized_cell = SessionCell("Unrealised PnL", "+8,888.88", self._money_details)
        self.today_cell = SessionCell("Today", "+888.88", self._money_details)
        self.equity_cell = SessionCell("Equity", "88,888.88", self._money_details)
        self.price_cell.set_small_extra()
        self.funding_cell.set_small_extra()
        self._fixed_cells = (self.engine_cell, self.protection_cell, self.feed_cell)
        self._cells = (
            self.price_cell,
            self.mark_cell,
            self.funding_cell,
            self.unrealized_cell,
            self.today_cell,
            self.equity_cell,
        )
        self._drop_order = (
            self.equity_cell,
            self.funding_cell,
            self.mark_cell,
            self.today_cell,
            self.unrealized_cell,
            self.price_cell,
        )

    def _button(self, text: str, icon: str, kind: str = "plain") -> QPushButton:
        button = QPushButton(f" {text}")  # the style leaves too little room after the icon
        button.setProperty("kind", kind)
        button.setProperty("icon_name", icon)
        button.setAccessibleName(text)
        button.setFixedHeight(BUTTON_HEIGHT)
        button.setIconSize(QSize(16, 16))
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 12, 1)
        row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # cells go when the window is narrow
        row.setSpacing(0)
        row.addWidget(ProfileBadge(self._model.profile_name))
        for cell in (*self._fixed_cells, *self._cells):
            row.addWidget(cell)
        row.addStretch(1)
        rule = QFrame()
        rule.setProperty("kind", "rule")
        rule.setFixedSize(1, HEIGHT - 1)
        row.addSpacing(12)
        row.addWidget(self.engine_button)
        row.addSpacing(8)
        row.addWidget(self.cancel_entries_button)
        row.addSpacing(12)
        row.addWidget(rule)
        row.addSpacing(12)
        row.addWidget(self.flatten_button)

    # ---- showing ---------------------------------------------------------------------------------------------------

    def _on_changed(self) -> None:
        model, state = self._model, self._model.state
        self.engine_cell.show_view(words.engine(state, is_narrow=self.width() < _NARROW))
        self.protection_cell.show_view(watch_cell(state) or words.protection(state))
        self.feed_cell.show_view(words.feed(state))
        self.price_cell.show_view(words.last_price(model))
        self.mark_cell.show_view(words.mark(model))
        self.funding_cell.show_view(words.funding(state))
        self.unrealized_cell.show_view(words.unrealized(state.money))
        self.today_cell.show_view(words.today(state.money))
        self.equity_cell.show_view(words.equity(model))
        self._show_engine_button()

    def _show_engine_button(self) -> None:
        """Disarm can always be pressed; Arm… only while nothing is wrong, and it says what is."""
        state = self._model.state
        may_disarm = state.mode is not EngineMode.HALTED
        reason = "" if may_disarm else words.why_not_armable(state)
        text = "Disarm" if may_disarm else "Arm…"
        kind = "plain" if may_disarm else "primary"
        button = self.engine_button
        if button.accessibleName() != text or button.property("kind") != kind or button.icon().isNull():
            button.setText(f" {text}")
            button.setAccessibleName(text)
            set_style_property(button, "kind", kind)
            self._show_icons()
        button.setEnabled(not reason)
        button.setToolTip(reason or ("Stop opening positions" if may_disarm else "See the contract, then arm"))

    def _show_icons(self) -> None:
        primary = self.engine_button.property("kind") == "primary"
        self.engine_button.setIcon(theme().icon("power", "on_fill" if primary else "text1"))
        self.cancel_entries_button.setIcon(theme().icon("cancel-entries", "text1"))
        self.flatten_button.setIcon(theme().icon("flatten", "danger"))

    def minimumSizeHint(self) -> QSize:
        return QSize(MINIMUM_WIDTH, HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.engine_cell.show_view(words.engine(self._model.state, is_narrow=self.width() < _NARROW))
        self._drop_cells()

    def _drop_cells(self) -> None:
        """Hide what has no room, in the fixed order; the first three cells and the buttons always stay."""
        is_narrow = self.width() < _NARROW
        self.engine_cell.setFixedWidth(ENGINE_WIDTH_NARROW if is_narrow else ENGINE_WIDTH)
        buttons = (self.engine_button, self.cancel_entries_button, self.flatten_button)
        needed = 80 + 12 + 8 + 12 + 1 + 12 + 12 + sum(max(b.sizeHint().width(), 90) for b in buttons)
        needed += sum(max(c.minimumWidth(), c.sizeHint().width()) for c in (*self._fixed_cells, *self._cells))
        for cell in self._drop_order:
            must_go = needed > self.width()
            cell.setVisible(not must_go)
            if must_go:
                needed -= max(cell.minimumWidth(), cell.sizeHint().width())

    def _on_engine_button(self) -> None:
        if self._model.state.mode is EngineMode.HALTED:
            self.arm_requested.emit()
        else:
            self.disarm_requested.emit()

    # ---- popovers --------------------------------------------------------------------------------------------------

    def _engine_details(self) -> Sequence[tuple[str, str]]:
        state = self._model.state
        rows = [("Profile", words.PROFILE_NOTES[self._model.profile_name]), ("Engine", words.engine(state).text)]
        if state.armed_left_s is not None:
            rows.append(("Disarms by itself in", fmt.duration(state.armed_left_s)))
        if state.halt_reason:
            rows.append(("Halted because", words.halt_words(state.halt_reason)))
        return rows

    def _protection_details(self) -> Sequence[tuple[str, str]]:
        state = self._model.state
        rows = [
            ("Open positions", str(state.protection.total)),
            ("With a live stop for their whole size", str(state.protection.protected)),
            ("Stops", "live at the exchange; closing this window leaves them there"),
        ]
        if state.watch.naked_s is not None:
            whose = "A bracket's" if state.watch.is_bracket else "The engine's"
            rows.append((f"{whose} without one for", fmt.duration(state.watch.naked_s)))
            rows.append(("Its stop", watch_did(state) or "on its way"))
        return rows

    def _feed_details(self) -> Sequence[tuple[str, str | CellView]]:
        return stream_details(self._model.state)

    def _price_details(self) -> Sequence[tuple[str, str]]:
        price = self._model.state.price
        view = words.last_price(self._model)
        return [
            ("Last price", view.text),
            (f"Change over {words.span_words(price.change_span_ms)}", fmt.percent(price.change_fraction)),
            ("Mark price", words.mark(self._model).text),
            ("Funding rate", fmt.percent(price.funding_fraction, 4, sign=False)),
            ("Next funding in", fmt.duration(price.funding_in_s)),
        ]

    def _money_details(self) -> Sequence[tuple[str, str]]:
        money, account = self._model.state.money, self._model.state.account
        return [
            ("Wallet balance", fmt.money(money.wallet_balance, sign=False)),
            ("Told by", source_words(account.wallet, self._model.now_ns)),
            ("Unrealised, at mark", fmt.money(money.unrealized_pnl)),
            ("Equity", fmt.money(money.equity, sign=False)),
            ("Since midnight UTC", fmt.money(money.today)),
        ]
