"""The menu of the chart's right button: orders at this price, exits of the position, what can be done with a line."""

from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu

from trader_gui.domain.order import PositionSide, Side
from trader_gui.domain.ticket import OrderKind
from trader_gui.i18n import refusal_words
from trader_gui.models.line_moves import hold_refusal, price_at, staged_kind, trading_refusal
from trader_gui.models.series_lines import OrderLine, PositionLine
from trader_gui.widgets import format as text
from trader_gui.widgets.chart.price_popup import PricePopup

if TYPE_CHECKING:
    from trader_gui.widgets.chart.chart_view import ChartView

_SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
_ENTRIES = {OrderKind.LIMIT: "limit at", OrderKind.STOP: "stop entry at"}
_EXITS = {OrderKind.STOP: "Stop loss", OrderKind.TAKE_PROFIT: "Take profit"}


def trade_menu(view: "ChartView", position: QPointF) -> QMenu | None:
    """Return the menu for a pixel of the view; None where there is no price.

    Orders are staged by it, not sent. What is barred now stands there greyed out, below the reason.
    """
    place, rules, series = view.place_of(position), view.series.rules, view.series
    if place is None or rules is None or place.pane != view.klines.name:
        return None
    price = price_at(place.value, rules)
    menu = QMenu(view)
    handle = view.handle_at(position)
    if handle is not None and isinstance(handle.level.line, OrderLine):
        _add_line(menu, view, handle.level.line, position)
        menu.addSeparator()
    refusal = trading_refusal(series.symbol, series.quotes)
    if refusal is not None:
        menu.addAction(refusal_words(refusal)).setEnabled(False)
    for side in Side:
        kind = staged_kind(side, price, series.quotes, reduces=False)
        words = f"{_SIDES[side]} {_ENTRIES[kind]} {text.price(price, rules.price_decimals)}"
        _add_staged(menu, view, words, side, price, reduces=False).setEnabled(refusal is None)
    if series.positions:
        menu.addSeparator()
    for line in series.positions:
        side = Side.SELL if line.is_long else Side.BUY
        kind = staged_kind(side, price, series.quotes, reduces=True)
        words = f"{_EXITS[kind]} of the {_position_words(line)} at {text.price(price, rules.price_decimals)}"
        _add_staged(menu, view, words, side, price, reduces=True).setEnabled(refusal is None)
    menu.addSeparator()
    copied = f"{price:f}"
    menu.addAction(f"Copy the price {copied}").triggered.connect(lambda: QGuiApplication.clipboard().setText(copied))
    return menu


def _add_staged(menu: QMenu, view: "ChartView", words: str, side: Side, price: Decimal, *, reduces: bool) -> QAction:
    action = menu.addAction(words)
    action.triggered.connect(lambda: view.staging.begin(side, price, reduces=reduces))
    return action


def _add_line(menu: QMenu, view: "ChartView", line: OrderLine, position: QPointF) -> None:
    """What can be done with an order at its own line."""
    order, series = line.order, view.series
    refusal = hold_refusal(order) or trading_refusal(series.symbol, series.quotes)
    move = menu.addAction("Move this order to…")
    move.triggered.connect(lambda: _open_popup(view, line, position))
    move.setEnabled(refusal is None)
    if refusal is not None:
        move.setText(f"Not to be moved. {refusal_words(refusal)}")
    cancel = menu.addAction("Cancel this order")
    cancel.triggered.connect(lambda: view.drag.cancel_requested.emit(order))
    cancel.setEnabled(line.is_confirmed)


def _open_popup(view: "ChartView", line: OrderLine, position: QPointF) -> None:
    popup = PricePopup(line, view.series, view)
    popup.chosen.connect(lambda price: view.drag.ask(line, price))
    popup.open_at(view.mapToGlobal(QPoint(round(position.x()), round(position.y()))))


def _position_words(line: PositionLine) -> str:
    leg = {PositionSide.LONG: "long leg", PositionSide.SHORT: "short leg"}.get(line.leg)
    return leg or ("long" if line.is_long else "short")
