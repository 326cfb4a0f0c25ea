"""KlineTableModel: the klines as rows, newest first, each with the values of the indicators; for those who read."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from trader_gui.kline_history.pyramid import Row
from trader_gui.models.series import SeriesChange, SeriesModel

Index = QModelIndex | QPersistentModelIndex
PRICES = (("Open", Row.OPEN), ("High", Row.HIGH), ("Low", Row.LOW), ("Close", Row.CLOSE))
FIXED = ("Time", *(title for title, _ in PRICES), "Change", "Volume")
"""Columns that are always there; those of the indicators follow."""


class KlineTableModel(QAbstractTableModel):
    """A row for each slot from the newest kline to the oldest that is loaded; only rows that are seen are read.

    The display role gives numbers (float, or an open time in ms in the first column; None where there is no value):
    their form is the view's business.

    Args:
        series: Whose klines.
    """

    def __init__(self, series: SeriesModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._series = series
        self._columns: list[tuple[str, int, int]] = []  # title, number of the track, number of its line
        self._extent = (series.first_x, series.last_x)
        self._take_columns()
        series.changed.connect(self.on_series_changed)

    @property
    def column_titles(self) -> list[str]:
        """Title of each column."""
        return [*FIXED, *(title for title, _, _ in self._columns)]

    def slot_of(self, row: int) -> int:
        """Return the slot of a row."""
        return self._extent[1] - row

    def track_of(self, column: int) -> int | None:
        """Return the number of the indicator that a column belongs to; None for the fixed ones."""
        return None if column < len(FIXED) else self._columns[column - len(FIXED)][1]

    def on_series_changed(self, change: SeriesChange) -> None:
        """Follow the series; rows come at the top as klines open, and at the bottom as older ones are read."""
        first, last = self._series.first_x, self._series.last_x
        former = self._extent
        if change & SeriesChange.STATE or last < former[1] or first > former[0]:
            self.beginResetModel()
            self._extent = (first, last)
            self._take_columns()
            self.endResetModel()
            return
        if last > former[1]:
            self.beginInsertRows(QModelIndex(), 0, last - former[1] - 1)
            self._extent = (former[0], last)
            self.endInsertRows()
        if first < former[0]:
            rows = self.rowCount()
            self.beginInsertRows(QModelIndex(), rows, rows + former[0] - first - 1)
            self._extent = (first, last)
            self.endInsertRows()
        bottom = self.rowCount() - 1 if change & SeriesChange.KLINES else 0
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(bottom, self.columnCount() - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() or self._series.last_price is None else self._extent[1] - self._extent[0] + 1

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(FIXED) + len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return self.column_titles[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or role != Qt.ItemDataRole.DisplayRole:
            return None
        slot, column = self.slot_of(index.row()), index.column()
        if column == 0:
            return self._series.grid.open_ms(slot)
        if column >= len(FIXED):
            _, track, line = self._columns[column - len(FIXED)]
            return self._known(self._series.tracks[track].lines_at(slot)[line])
        return self._price(slot, column)

    def _price(self, slot: int, column: int) -> float | None:
        values = self._series.kline_at(slot)
        if values is None:
            return None
        if column <= len(PRICES):
            return values[PRICES[column - 1][1]]
        if FIXED[column] == "Change":
            return values[Row.CLOSE] / values[Row.OPEN] - 1.0
        return values[Row.VOLUME]

    @staticmethod
    def _known(value: float) -> float | None:
        return value if value == value else None  # NaN is not ready

    def _take_columns(self) -> None:
        self._columns = [
            (f"{track.indicator.name} {line.label}".strip(), number, place)
            for number, track in enumerate(self._series.tracks)
            for place, line in enumerate(track.indicator.kind.lines(track.indicator.values))
        ]
