"""The last public trades, newest on top, drawn by hand."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from trader_gui.domain.market import AggTrade
from trader_gui.models.order_book import AggTradesModel
from trader_gui.widgets import format as fmt
from trader_gui.widgets.theme import theme

ROW_HEIGHT = 22
HEADER_HEIGHT = 24
_PAD = 10
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class AggTrades(QWidget):
    """Price in the aggressor's direction, size, time."""

    def __init__(self, model: AggTradesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setAccessibleName("Public trades")
        model.changed.connect(self._on_changed)
        theme().changed.connect(self.update)

    def minimumSizeHint(self) -> QSize:
        return QSize(220, 60)

    def _on_changed(self) -> None:
        if self.isVisible():
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rules = self._model.rules
        quote, base = (rules.quote_asset, rules.base_asset) if rules else ("", "")
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color("text3"))
        self._paint_cells(painter, 0, (f"Price ({quote})", f"Size ({base})", "Time (UTC)"))
        if not self._model.trades:
            where = self.rect().adjusted(0, HEADER_HEIGHT, 0, 0)
            painter.drawText(where, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, "Trades appear here")
        painter.setFont(theme().font("figure"))
        for line, trade in enumerate(self._model.trades):
            top = HEADER_HEIGHT + line * ROW_HEIGHT
            if top > self.height():
                break
            self._paint_trade(painter, top, trade)

    def _paint_trade(self, painter: QPainter, top: int, trade: AggTrade) -> None:
        rules = self._model.rules
        is_buy = not trade.is_buyer_maker
        price = fmt.price(trade.price, rules.price_decimals if rules else 2)
        arrow = fmt.ARROW_UP if is_buy else fmt.ARROW_DOWN
        painter.setPen(theme().direction(is_buy))
        painter.drawText(QRect(_PAD, top, self.width(), ROW_HEIGHT), _LEFT, f"{price} {arrow}")
        painter.setPen(theme().color("text1"))
        size = fmt.quantity(trade.quantity, rules.quantity_decimals if rules else 3)
        self._paint_cells(painter, top, ("", size, ""))
        painter.setPen(theme().color("text2"))
        self._paint_cells(painter, top, ("", "", fmt.clock(trade.trade_time_ms)))

    def _paint_cells(self, painter: QPainter, top: int, cells: tuple[str, str, str]) -> None:
        height = HEADER_HEIGHT if top == 0 else ROW_HEIGHT
        painter.drawText(QRect(_PAD, top, self.width(), height), _LEFT, cells[0])
        painter.drawText(QRect(0, top, int(self.width() * 0.66), height), _RIGHT, cells[1])
        painter.drawText(QRect(0, top, self.width() - _PAD, height), _RIGHT, cells[2])
