"""The ticket's Buy and Sell buttons: side in words over what the button does, or what it waits for."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from trader_gui.domain.order import Side
from trader_gui.widgets.theme import theme

_HEIGHT = 40
_TITLES = {Side.BUY: "▲ Buy / Long", Side.SELL: "▼ Sell / Short"}
_CLOSING_TITLES = {Side.BUY: "▲ Buy to close", Side.SELL: "▼ Sell to close"}
_OF_SYMBOL = {Side.BUY: "▲ Buy {symbol}", Side.SELL: "▼ Sell {symbol}"}
_CLOSING_OF_SYMBOL = {Side.BUY: "▲ Close {symbol}", Side.SELL: "▼ Close {symbol}"}


class SideButton(QPushButton):
    """One side of the ticket; neutral while it cannot be pressed, so that it never looks ready when it is not.

    Attributes:
        side: What it buys or sells.
    """

    def __init__(self, side: Side, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.side = side
        self._detail = self._symbol = ""
        self._is_reducing = False
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAutoDefault(False)
        theme().changed.connect(self.update)

    @property
    def detail(self) -> str:
        """The second line."""
        return self._detail

    @property
    def title(self) -> str:
        """The first line: the side, whether the order may open something, and the symbol when it is to be told."""
        if self._symbol:
            return (_CLOSING_OF_SYMBOL if self._is_reducing else _OF_SYMBOL)[self.side].format(symbol=self._symbol)
        return (_CLOSING_TITLES if self._is_reducing else _TITLES)[self.side]

    def set_reducing(self, is_reducing: bool) -> None:
        """Say in the first line whether the order may open something."""
        self._is_reducing = is_reducing
        self.update()

    def set_symbol(self, symbol: str) -> None:
        """Say in the first line what is traded; "" when that goes without saying."""
        if symbol != self._symbol:
            self._symbol = symbol
            self._name()
            self.update()

    def set_state(self, detail: str, *, is_ready: bool, reason: str = "") -> None:
        """Set the second line, whether it can be pressed, and why not (shown as tool tip)."""
        self.setEnabled(is_ready)
        self.setToolTip(reason)
        self.setAccessibleDescription(reason)
        if detail != self._detail:
            self._detail = detail
            self._name()
            self.update()

    def _name(self) -> None:
        self.setAccessibleName(" ".join(filter(None, (self.side.value.title(), self._symbol, self._detail))))

    def sizeHint(self) -> QSize:
        return QSize(140, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(110, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter)
        painter.setPen(theme().color("on_fill" if self.isEnabled() else "text3"))
        half = self.height() / 2
        title, detail = theme().font("value"), theme().font("small")
        for font, text, top in ((title, self.title, 3.0), (detail, self._detail, half)):
            painter.setFont(font)
            elided = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, self.width() - 8)
            box = QRectF(4, top, self.width() - 8, half - 3)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, elided)

    def _paint_ground(self, painter: QPainter) -> None:
        look = theme()
        fill = look.direction(self.side is Side.BUY, "button") if self.isEnabled() else look.color("bg2")
        if self.isDown():
            fill = look.blend(fill, 0.8, "bg1")
        border = look.color("border")
        if self.isEnabled():
            border = look.color("text1") if self.hasFocus() or self.underMouse() else fill
        width = 2.0 if self.hasFocus() else 1.0
        painter.setPen(QPen(border, width))
        painter.setBrush(fill)
        inset = width / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 3, 3)
