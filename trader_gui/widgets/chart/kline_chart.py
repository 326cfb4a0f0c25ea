"""KlineChart: the chart with its head, or the table in its place; and what of it is stored in the layout."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QStackedWidget, QVBoxLayout, QWidget

from trader_gui.domain.order import Side
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.chart_head import ChartHead
from trader_gui.widgets.chart.chart_options import StoredChart, dump, load
from trader_gui.widgets.chart.chart_tools import ChartTools, copy_picture
from trader_gui.widgets.chart.chart_view import ChartView
from trader_gui.widgets.chart.indicator_dialog import IndicatorDialog
from trader_gui.widgets.chart.kline_table import KlineTable

_HOW = (
    "Left and Right step from kline to kline, with Shift by ten; Page Up and Page Down pan, plus and minus zoom, "
    "Home goes to the oldest kline, End to the newest; B and S stage an order, Up and Down move it, Escape drops it"
)


class KlineChart(QFrame):
    """The chart of one series.

    Attributes:
        head: Symbol, interval and tools.
        tools: Looks, picture, table.
        view: The graphics view with panes and axes.

    Signals:
        state_changed: What `state` gives is something else.
        picture_requested: A picture of the chart shall be saved to a file; `view.grab()` makes it.
    """

    state_changed = Signal()
    picture_requested = Signal()

    def __init__(self, series: SeriesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "plot")
        self.setMinimumSize(480, 300)
        self._series = series
        self._given = series.indicators
        self.head = ChartHead(series, self)
        self.view = ChartView(series, self)
        self.view.setAccessibleName("Kline chart")
        self.view.setAccessibleDescription(_HOW)
        self.tools = ChartTools(self.head.tools, lambda: self.view.options, self)
        self._table: KlineTable | None = None
        self._indicators: IndicatorDialog | None = None
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(self._stack, 1)
        self.head.chosen.connect(series.choose)
        self.head.latest_button.clicked.connect(self.view.follow)
        self.view.following_changed.connect(self.on_following_changed)
        self.tools.options_chosen.connect(self.view.set_options)
        self.tools.stage_wanted.connect(self._on_stage)
        self.tools.picture_wanted.connect(self._on_picture)
        self.tools.table_toggled.connect(self.show_table)
        self.tools.indicators_button.clicked.connect(self.open_indicators)
        self.view.indicators_wanted.connect(self.open_indicators)
        self.view.options_changed.connect(self.tools.show_options)
        for signal in (self.view.options_changed, series.chosen, series.indicators_changed):
            signal.connect(self.state_changed)

    # ---- stored in the layout ------------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """All that is found again at the next start, as one line of text."""
        series = self._series
        indicators = None if series.indicators == self._given else series.indicators
        return dump(StoredChart(self.view.options, series.choice, indicators, self.view.stack.weights))

    def restore(self, state: str) -> None:
        """Take back what was stored; what cannot be read is left as it is."""
        stored = load(state)
        if stored.choice is not None:
            self._series.choose(*stored.choice)
        if stored.indicators is not None:
            self._series.set_indicators(stored.indicators)
        self.view.set_options(stored.options)
        self.view.set_weights(stored.weights)

    # ---- reactions -------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(1268, 726)

    def on_following_changed(self, is_following: bool) -> None:
        """Offer the way back to the newest kline when the hand has left it."""
        self.head.latest_button.setVisible(not is_following)

    def show_table(self, is_table: bool) -> None:
        """Show the klines as a table, or as a chart."""
        if is_table and self._table is None:
            self._table = KlineTable(self._series, lambda: self.view.options.zone)
            self._stack.addWidget(self._table)
        shown = self._table if is_table and self._table is not None else self.view
        self._stack.setCurrentWidget(shown)
        shown.setFocus(Qt.FocusReason.OtherFocusReason)

    def open_indicators(self) -> None:
        """Open the choice of indicators, or bring it to the front."""
        if self._indicators is None:
            self._indicators = IndicatorDialog(self._series, self._given, self)
        self._indicators.show()
        self._indicators.activateWindow()

    def _on_stage(self, side: Side) -> None:
        """Let an order follow the pointer until it is put down by a click."""
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)
        self.view.staging.begin(side, is_loose=True)

    def _on_picture(self, is_for_file: bool) -> None:
        if is_for_file:
            self.picture_requested.emit()
        else:
            copy_picture(self.view)

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
