"""The chart's head: symbol, interval, and what can be done with the picture."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QMenu, QPushButton, QTabBar, QToolButton, QWidget

from trader_gui.kline_history.grid import LENGTH_MS
from trader_gui.models.series import SeriesChange, SeriesModel
from trader_gui.widgets.chart.symbol_picker import SymbolPicker
from trader_gui.widgets.theme import theme

HEIGHT = 27
FAVOURITES = ("1m", "5m", "15m", "1h", "4h", "1d")
_ICON = 14
_INTERVAL_WORDS = {"m": "minute", "h": "hour", "d": "day", "w": "week", "M": "month"}


def interval_words(interval: str) -> str:
    """Return an interval in words: `15 minutes`."""
    count, unit = interval[:-1], _INTERVAL_WORDS[interval[-1]]
    return f"{count} {unit}{'' if count == '1' else 's'}"


class ChartHead(QFrame):
    """One row over the chart.

    Attributes:
        latest_button: Goes back to the newest kline; seen only while the hand has left it.
        tools: Row at the right, for the buttons of the chart's other parts.

    Signals:
        chosen: (symbol, interval): another interval.
    """

    chosen = Signal(str, str)

    def __init__(self, series: SeriesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._series = series
        self.setProperty("kind", "bar")
        self.setFixedHeight(HEIGHT)
        self.picker = SymbolPicker(series, self)
        self.picker.picked.connect(self._on_symbol)
        self._tab = QTabBar()
        self._tab.addTab(self._title())
        self._tab.setAccessibleName("Symbol and interval")
        self._tab.setToolTip("Show another symbol (Ctrl+K)")
        self._chevron = QToolButton()
        self._chevron.setAccessibleName("Show another symbol")
        self._chevron.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._chevron.clicked.connect(self.open_picker)
        self._tab.setTabButton(0, QTabBar.ButtonPosition.RightSide, self._chevron)
        self._tab.tabBarClicked.connect(self.open_picker)
        self._intervals = QButtonGroup(self)
        self._interval_buttons = {interval: self._interval_button(interval) for interval in FAVOURITES}
        self._more = QToolButton()
        self._more.setAccessibleName("All intervals")
        self._more.setToolTip("All intervals")
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._more.setMenu(self._interval_menu())
        self.latest_button = QPushButton("Latest")
        self.latest_button.setProperty("kind", "flat")
        self.latest_button.setToolTip("Go to the newest kline and follow it (End)")
        self.latest_button.hide()
        self.tools = QHBoxLayout()
        self.tools.setSpacing(2)
        self._lay_out()
        series.changed.connect(self.on_series_changed)
        theme().changed.connect(self.on_theme_changed)
        self.on_theme_changed()
        self._show_state()

    def open_picker(self) -> None:
        """Open the search for another symbol."""
        self.picker.open_below(self)

    def on_series_changed(self, change: SeriesChange) -> None:
        """Keep title and interval in step with the series."""
        if change & SeriesChange.STATE:
            self._show_state()

    def on_theme_changed(self) -> None:
        """Tint the icons anew."""
        self.latest_button.setIcon(theme().icon("latest", "text2"))
        for button in (self._chevron, self._more):
            button.setIcon(theme().icon("chevron", "text2", _ICON))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 6, 0)
        row.setSpacing(2)
        row.addWidget(self._tab)
        row.addSpacing(6)
        for button in self._interval_buttons.values():
            row.addWidget(button)
        row.addWidget(self._more)
        row.addStretch(1)
        row.addWidget(self.latest_button)
        row.addLayout(self.tools)

    def _interval_button(self, interval: str) -> QPushButton:
        button = QPushButton(interval)
        button.setProperty("kind", "flat")
        button.setCheckable(True)
        button.setAccessibleName(interval_words(interval))
        button.setToolTip(interval_words(interval))
        button.clicked.connect(lambda: self._on_interval(interval))
        self._intervals.addButton(button)
        return button

    def _interval_menu(self) -> QMenu:
        menu = QMenu(self)
        self._interval_actions: dict[str, QAction] = {}
        for interval in LENGTH_MS:
            action = menu.addAction(interval_words(interval))
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, i=interval: self._on_interval(i))
            self._interval_actions[interval] = action
        return menu

    def _on_symbol(self, symbol: str) -> None:
        self._series.show(symbol)

    def _on_interval(self, interval: str) -> None:
        self.chosen.emit(self._series.symbol, interval)
        self._show_state()

    def _show_state(self) -> None:
        self._tab.setTabText(0, self._title())
        now = self._series.interval
        self._intervals.setExclusive(False)
        for interval, button in self._interval_buttons.items():
            button.setChecked(interval == now)
        self._intervals.setExclusive(now in self._interval_buttons)
        for interval, action in self._interval_actions.items():
            action.setChecked(interval == now)
        self._fit()

    def _title(self) -> str:
        return f"{self._series.symbol} {self._series.interval}".strip() or "Chart"

    def _fit(self) -> None:
        """Show as many of the intervals as there is room for; all of them are in the menu."""
        taken = self._tab.sizeHint().width() + self._more.sizeHint().width() + self.tools.sizeHint().width() + 40
        taken += self.latest_button.sizeHint().width()
        for button in self._interval_buttons.values():
            taken += button.sizeHint().width() + 2
            button.setVisible(taken <= self.width())
