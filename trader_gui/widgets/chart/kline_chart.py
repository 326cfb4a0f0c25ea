"""KlineChart: the chart with its head: symbol and interval, and the way back to the newest kline."""

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QTabBar, QVBoxLayout, QWidget

from trader_gui.models.series import SeriesChange, SeriesModel
from trader_gui.widgets.chart.chart_view import ChartView
from trader_gui.widgets.theme import theme


class KlineChart(QFrame):
    """The chart of one series.

    Attributes:
        view: The graphics view with panes and axes.
        latest_button: Goes back to the newest kline; seen only while the hand has left it.
    """

    def __init__(self, series: SeriesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "plot")
        self.setMinimumSize(480, 300)
        self._series = series
        self.view = ChartView(series, self)
        self.view.setAccessibleName("Kline chart")
        self.view.setAccessibleDescription("Left and Right pan, plus and minus zoom, End goes to the newest kline")
        self._tab = QTabBar()
        self._tab.addTab(_title(series))
        self._tab.setAccessibleName("Symbol and interval")
        self.latest_button = QPushButton("Latest")
        self.latest_button.setProperty("kind", "flat")
        self.latest_button.setToolTip("Go to the newest kline and follow it (End)")
        self.latest_button.clicked.connect(self.view.follow)
        self.latest_button.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addWidget(self._bar())
        layout.addWidget(self.view, 1)
        self.view.following_changed.connect(self.on_following_changed)
        series.changed.connect(self.on_series_changed)
        theme().changed.connect(self.on_theme_changed)
        self.on_theme_changed()
        self._show_state()

    def sizeHint(self) -> QSize:
        return QSize(1268, 726)

    def on_series_changed(self, change: SeriesChange) -> None:
        """Keep the title in step with the series."""
        if change & SeriesChange.STATE:
            self._show_state()

    def on_following_changed(self, is_following: bool) -> None:
        """Offer the way back to the newest kline when the hand has left it."""
        self.latest_button.setVisible(not is_following)

    def on_theme_changed(self) -> None:
        """Tint the icon anew."""
        self.latest_button.setIcon(theme().icon("latest", "text2"))

    def showEvent(self, event: QShowEvent) -> None:
        self._series.is_watched = True
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._series.is_watched = False
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.view.on_theme_changed()

    def _bar(self) -> QWidget:
        bar = QFrame()
        bar.setProperty("kind", "bar")
        bar.setFixedHeight(27)
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 6, 0)
        row.setSpacing(2)
        row.addWidget(self._tab)
        row.addStretch(1)
        row.addWidget(self.latest_button)
        return bar

    def _show_state(self) -> None:
        self._tab.setTabText(0, _title(self._series))


def _title(series: SeriesModel) -> str:
    return f"{series.symbol} {series.interval}".strip() or "Chart"
