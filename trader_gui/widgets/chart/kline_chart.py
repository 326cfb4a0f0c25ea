"""KlineChart: the chart with its head."""

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.chart_head import ChartHead
from trader_gui.widgets.chart.chart_view import ChartView


class KlineChart(QFrame):
    """The chart of one series.

    Attributes:
        head: Symbol, interval and tools.
        view: The graphics view with panes and axes.
    """

    def __init__(self, series: SeriesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "plot")
        self.setMinimumSize(480, 300)
        self._series = series
        self.head = ChartHead(series, self)
        self.view = ChartView(series, self)
        self.view.setAccessibleName("Kline chart")
        self.view.setAccessibleDescription("Left and Right pan, plus and minus zoom, End goes to the newest kline")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(self.view, 1)
        self.head.chosen.connect(series.choose)
        self.head.latest_button.clicked.connect(self.view.follow)
        self.view.following_changed.connect(self.on_following_changed)

    def sizeHint(self) -> QSize:
        return QSize(1268, 726)

    def on_following_changed(self, is_following: bool) -> None:
        """Offer the way back to the newest kline when the hand has left it."""
        self.head.latest_button.setVisible(not is_following)

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
