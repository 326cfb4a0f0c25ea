"""KlineTable: the chart as a table, for those who read numbers, by eye or by ear, and for copying."""

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHeaderView, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from trader_gui.models.kline_table import FIXED, KlineTableModel
from trader_gui.models.series import SeriesModel
from trader_gui.widgets import format as text
from trader_gui.widgets.chart.legend import value_words
from trader_gui.widgets.chart.time_marks import Zone, moment_words
from trader_gui.widgets.theme import theme

_ROW_PX = 26
_TIME_PX, _NUMBER_PX = 150, 110
Index = QModelIndex | QPersistentModelIndex


class _Words(QStyledItemDelegate):
    """Puts numbers into words: times of the zone, prices by the tick, percents, sizes."""

    def __init__(self, table: "KlineTable") -> None:
        super().__init__(table)
        self._table = table

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.text = self._table.words(index)
        align = Qt.AlignmentFlag.AlignLeft if index.column() == 0 else Qt.AlignmentFlag.AlignRight
        option.displayAlignment = align | Qt.AlignmentFlag.AlignVCenter


class KlineTable(QTableView):
    """The klines of the chart, newest first.

    Args:
        series: Whose klines.
        zone: Tells whose clock times are shown by.
    """

    def __init__(self, series: SeriesModel, zone: Callable[[], Zone], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._series = series
        self._zone = zone
        self._model = KlineTableModel(series, self)
        self.setModel(self._model)
        self.setItemDelegate(_Words(self))
        self.setAccessibleName("Klines as a table")
        self.setShowGrid(False)
        self.setAlternatingRowColors(False)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.horizontalHeader().setDefaultSectionSize(_NUMBER_PX)
        self.setColumnWidth(0, _TIME_PX)
        self.verticalScrollBar().valueChanged.connect(self._want)
        theme().changed.connect(self.viewport().update)

    def words(self, index: Index) -> str:
        """Return a cell's number in words."""
        value = index.data()
        if value is None:
            return text.DASH
        column, rules = index.column(), self._series.rules
        if column == 0:
            return moment_words(value, self._zone(), self._series.grid)
        decimals = rules.price_decimals if rules is not None else 2
        if FIXED.index("Change") == column:
            return text.percent(value)
        if FIXED.index("Volume") == column:
            return text.quantity(value, rules.quantity_decimals if rules is not None else 3)
        track = self._model.track_of(column)
        if track is None:
            return text.price(value, decimals)
        return value_words(self._series.tracks[track].indicator.kind.unit, value, decimals, with_unit=False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
            return
        super().keyPressEvent(event)

    def copy_rows(self) -> None:
        """Put the chosen rows on the clipboard, numbers plain, columns parted by tabs."""
        columns = range(self._model.columnCount())
        lines = ["\t".join(self._model.column_titles)]
        for row in sorted(index.row() for index in self.selectionModel().selectedRows()):
            cells = [self._model.index(row, column).data() for column in columns]
            moment = moment_words(int(cells[0]), self._zone(), self._series.grid)
            lines.append("\t".join([moment, *("" if cell is None else f"{cell:.10g}" for cell in cells[1:])]))
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _want(self, value: int) -> None:
        """Have older klines read before the last row is reached."""
        if value >= self.verticalScrollBar().maximum() - self.verticalScrollBar().pageStep():
            self._series.want(self._series.first_x - 1)
