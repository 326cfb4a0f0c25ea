"""KeyedTableModel: immutable rows under unique keys; parent of the positions, orders, fills and decisions models."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeAlias, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

Row = TypeVar("Row")
AnyIndex: TypeAlias = QModelIndex | QPersistentModelIndex

SORT_ROLE = int(Qt.ItemDataRole.UserRole)
"""Value to sort by: float, int or text; what is unknown sorts first."""
ROW_ROLE = SORT_ROLE + 1
"""The whole row record."""
PENDING_ROLE = SORT_ROLE + 2
"""True while a request about this row is out."""

_UNKNOWN_SORT = float("-inf")


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column.

    Attributes:
        key: Name in code; views and layouts refer to it.
        title: Header.
        value: The row's value; None is unknown.
        is_number: Numbers stand right, header included.
    """

    key: str
    title: str
    value: Callable[[Row], object]
    is_number: bool = False


class KeyedTableModel(QAbstractTableModel, Generic[Row]):
    """A table whose rows have keys: `set_rows` finds out what was inserted, moved, changed and removed.

    The display text is the plain value (what is copied); how it is shown is the delegate's business.
    """

    def __init__(self, columns: Sequence[Column[Row]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._keys: list[Hashable] = []
        self._rows: dict[Hashable, Row] = {}
        self._pending: set[Hashable] = set()

    # ---- store -------------------------------------------------------------------------------------------------

    def set_rows(self, rows: Sequence[tuple[Hashable, Row]]) -> bool:
        """Make the table show `rows` in this order; tell whether anything changed.

        Raises:
            ValueError: Two rows have the same key.
        """
        wanted = dict(rows)
        if len(wanted) != len(rows):
            raise ValueError("two rows with the same key")
        is_changed = self._remove_missing(wanted)
        for position, (key, row) in enumerate(rows):
            if position < len(self._keys) and self._keys[position] == key:
                is_changed |= self._change(position, row)
            elif key in self._rows:
                self._move(self._keys.index(key, position), position)
                self._change(position, row)
                is_changed = True
            else:
                self._insert(position, key, row)
                is_changed = True
        return is_changed

    def row(self, position: int) -> Row:
        """Return the row at a position."""
        return self._rows[self._keys[position]]

    def rows(self) -> list[Row]:
        """Return all rows, in order."""
        return [self._rows[key] for key in self._keys]

    def key(self, position: int) -> Hashable:
        """Return the key of the row at a position."""
        return self._keys[position]

    def set_pending(self, key: Hashable, is_pending: bool) -> None:
        """Mark that a request about a row is out, or no longer; the row's removal also ends it."""
        if key not in self._rows or (key in self._pending) == is_pending:
            return
        if is_pending:
            self._pending.add(key)
        else:
            self._pending.discard(key)
        self._emit_row(self._keys.index(key))

    def _remove_missing(self, wanted: dict[Hashable, Row]) -> bool:
        last = len(self._keys) - 1
        is_changed = False
        while last >= 0:
            if self._keys[last] in wanted:
                last -= 1
                continue
            first = last
            while first > 0 and self._keys[first - 1] not in wanted:
                first -= 1
            self.beginRemoveRows(QModelIndex(), first, last)
            for key in self._keys[first : last + 1]:
                del self._rows[key]
                self._pending.discard(key)
            del self._keys[first : last + 1]
            self.endRemoveRows()
            is_changed = True
            last = first - 1
        return is_changed

    def _insert(self, position: int, key: Hashable, row: Row) -> None:
        self.beginInsertRows(QModelIndex(), position, position)
        self._keys.insert(position, key)
        self._rows[key] = row
        self.endInsertRows()

    def _move(self, source: int, target: int) -> None:
        self.beginMoveRows(QModelIndex(), source, source, QModelIndex(), target)
        self._keys.insert(target, self._keys.pop(source))
        self.endMoveRows()

    def _change(self, position: int, row: Row) -> bool:
        key = self._keys[position]
        if self._rows[key] == row:
            return False
        self._rows[key] = row
        self._emit_row(position)
        return True

    def _emit_row(self, position: int) -> None:
        self.dataChanged.emit(self.index(position, 0), self.index(position, len(self.columns) - 1))

    # ---- what views ask ------------------------------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._keys)

    def columnCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = int(Qt.ItemDataRole.DisplayRole)
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column.is_number)
        return None

    def data(self, index: AnyIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid() or index.row() >= len(self._keys):
            return None
        column, row = self.columns[index.column()], self.row(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return _plain(column.value(row))
        if role == SORT_ROLE:
            return _sortable(column.value(row))
        if role == ROW_ROLE:
            return row
        if role == PENDING_ROLE:
            return self._keys[index.row()] in self._pending
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column.is_number)
        return None


def _alignment(is_number: bool) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def _sortable(value: object) -> float | int | str:
    """Return what Qt can compare; a Decimal loses digits here, and only here."""
    if value is None:
        return _UNKNOWN_SORT
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, int | float):
        return value
    return str(value)
