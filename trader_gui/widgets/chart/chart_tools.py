"""The tools at the right of the chart's head: looks, picture, table."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from trader_gui.domain.order import Side
from trader_gui.widgets.chart.candle_item import CandleStyle
from trader_gui.widgets.chart.chart_options import ChartOptions
from trader_gui.widgets.chart.price_scale import PriceScale
from trader_gui.widgets.chart.time_marks import Zone
from trader_gui.widgets.theme import theme

_ICON = 14
_STYLES = {
    CandleStyle.HOLLOW: "Candles, rising ones hollow",
    CandleStyle.FILLED: "Candles, filled",
    CandleStyle.BARS: "Bars",
    CandleStyle.LINE: "Line of closes",
}
_SCALES = {
    PriceScale.LINEAR: "Linear prices",
    PriceScale.LOGARITHMIC: "Logarithmic prices",
    PriceScale.PERCENT: "Percent of the first close in view",
}
_ZONES = {Zone.UTC: "UTC", Zone.KST: "Korea (KST)", Zone.LOCAL: "This computer's time"}
_PARTS = {
    "has_volume": "Volume",
    "has_mark": "Mark price",
    "has_index": "Index price",
    "has_funding": "Funding times",
}


class ChartTools(QObject):
    """Buttons and menus of one chart.

    Args:
        row: Where the buttons go.
        options: Tells the looks of now.
        parent: Owner.

    Attributes:
        indicators_button: Opens the choice of indicators; its menu is another module's business.
        table_button: Checked while the table is shown.

    Signals:
        options_chosen: (ChartOptions).
        picture_wanted: (whether it goes into a file: bool); else to the clipboard.
        stage_wanted: (Side).
        table_toggled: (whether the table is to be shown: bool).
    """

    options_chosen = Signal(object)
    picture_wanted = Signal(bool)
    stage_wanted = Signal(object)
    table_toggled = Signal(bool)

    def __init__(self, row: QHBoxLayout, options: Callable[[], ChartOptions], parent: QWidget) -> None:
        super().__init__(parent)
        self._options = options
        self._actions: dict[object, QAction] = {}
        self.indicators_button = QPushButton("Indicators")
        self.indicators_button.setProperty("kind", "flat")
        self.indicators_button.setToolTip("Add, change and remove indicators")
        self.stage_button = self._button("Stage an order on the chart", self._stage_menu(parent))
        self.looks_button = self._button("Looks of the chart", self._looks_menu(parent))
        self.picture_button = self._button("Picture of the chart", self._picture_menu(parent))
        self.table_button = self._button("Klines as a table")
        self.table_button.setCheckable(True)
        self.table_button.toggled.connect(self.table_toggled)
        buttons = (self.indicators_button, self.stage_button, self.looks_button, self.picture_button, self.table_button)
        for button in buttons:
            row.addWidget(button)
        theme().changed.connect(self.on_theme_changed)
        self.on_theme_changed()
        self.show_options()

    def on_theme_changed(self) -> None:
        """Tint the icons anew."""
        self.indicators_button.setIcon(theme().icon("wave", "text2", _ICON))
        self.indicators_button.setIconSize(QSize(_ICON, _ICON))
        for button, icon in (
            (self.stage_button, "hand"),
            (self.looks_button, "sliders"),
            (self.picture_button, "camera"),
            (self.table_button, "table"),
        ):
            button.setIcon(theme().icon(icon, "text2", _ICON))

    def show_options(self) -> None:
        """Check the entries that hold now."""
        options = self._options()
        for key, action in self._actions.items():
            if isinstance(key, str) and key in _PARTS:
                action.setChecked(getattr(options, key))
            else:
                action.setChecked(key in (options.style, options.scale, options.zone))

    def _button(self, words: str, menu: QMenu | None = None) -> QToolButton:
        button = QToolButton()
        button.setAccessibleName(words)
        button.setToolTip(words)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if menu is not None:
            button.setMenu(menu)
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return button

    def _looks_menu(self, parent: QWidget) -> QMenu:
        menu = QMenu(parent)
        for name, choices in (("style", _STYLES), ("scale", _SCALES), ("zone", _ZONES)):
            self._add_choices(menu, name, choices)
            menu.addSeparator()
        for name, words in _PARTS.items():
            action = self._actions[name] = menu.addAction(words)
            action.setCheckable(True)
            action.triggered.connect(lambda checked, n=name: self._choose(n, checked))
        return menu

    def _add_choices(self, menu: QMenu, name: str, choices: Mapping[Any, str]) -> None:
        group = QActionGroup(menu)
        for choice, words in choices.items():
            action = self._actions[choice] = menu.addAction(words)
            action.setCheckable(True)
            group.addAction(action)
            action.triggered.connect(lambda _=False, c=choice: self._choose(name, c))

    def _stage_menu(self, parent: QWidget) -> QMenu:
        menu = QMenu(parent)
        for side, words in ((Side.BUY, "Stage a buy: then click its price (B)"), (Side.SELL, "Stage a sell (S)")):
            menu.addAction(words).triggered.connect(lambda _=False, s=side: self.stage_wanted.emit(s))
        return menu

    def _picture_menu(self, parent: QWidget) -> QMenu:
        menu = QMenu(parent)
        menu.addAction("Save the picture…").triggered.connect(lambda: self.picture_wanted.emit(True))
        menu.addAction("Copy the picture").triggered.connect(lambda: self.picture_wanted.emit(False))
        return menu

    def _choose(self, name: str, value: StrEnum | bool) -> None:
        changed: dict[str, Any] = {name: value}
        self.options_chosen.emit(replace(self._options(), **changed))


def copy_picture(widget: QWidget) -> None:
    """Put a picture of a widget on the clipboard."""
    QGuiApplication.clipboard().setPixmap(widget.grab())
