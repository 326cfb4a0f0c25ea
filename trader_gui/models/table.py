"""KeyedTableModel: immutable rows under unique keys; parent of all models of tables."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

Row = TypeVar("Row")
AnyIndex: TypeAlias = QModelIndex | QPersistentModelIndex

ROW_ROLE = int(Qt.ItemDataRole.UserRole)
"""The whole row record."""
PENDING_ROLE = ROW_ROLE + 1
"""True while a request about this row is out."""


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column.

    Attributes:
        key: Name in code; views, layouts and exported files refer to it.
        title: Header; "" for a column of buttons, which is neither copied nor exported.
        value: The row's value, Decimal, int, float or text; None is unknown. Rows are sorted by it.
        is_number: Numbers stand right, header included.
        is_time: The value is UTC ms; copied and exported it is written as a date and time.
        is_id: A number that only names something: it is searched by, and has no sum.
    """

    key: str
    title: str
    value: Callable[[Row], object]
    is_number: bool = False
    is_time: bool = False
    is_id: bool = False


class Changes(NamedTuple):
    """What one change of a table did: keys of rows that came or are other now, and of rows that went."""

    put: tuple[Hashable, ...]
    removed: tuple[Hashable, ...] = ()


class KeyedTableModel(QAbstractTableModel, Generic[Row]):
    """A table whose rows have keys. Small tables are set whole, large ones are told what changed.

    `set_rows` finds out by itself what was inserted, moved, changed and removed, in time that grows with the table.
    `merge_rows` takes what changed alone, in time that does not. The display text is the plain value (what is copied);
    how it is shown is the delegate's business.

    Attributes:
        watchers: How many views look at it; while none does, only what is counted needs to be up to date.

    Signals:
        rows_changed: (Changes) after the rows are as they say; nothing else changed.
        reordered: The order in which the rows came is another one.
    """

    rows_changed = Signal(object)
    reordered = Signal()

    def __init__(self, columns: Sequence[Column[Row]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.watchers = 0
        self._keys: list[Hashable] = []
        self._rows: dict[Hashable, Row] = {}
        self._position: dict[Hashable, int] = {}
        self._number: dict[Hashable, int] = {}
        self._next_number = 0
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
        removed = self._remove([key for key in self._keys if key not in wanted])
        put: list[Hashable] = []
        was_reordered = False
        for position, (key, row) in enumerate(rows):
            if position < len(self._keys) and self._keys[position] == key:
                if self._change(position, row):
                    put.append(key)
                continue
            was_reordered |= position < len(self._keys)
            if key in self._rows:
                self._move(self._keys.index(key, position), position)
                self._change(position, row)
            else:
                self._insert(position, [(key, row)])
            put.append(key)
        if was_reordered:
            self._renumber()
        self._tell(put, removed, was_reordered)
        return bool(put or removed)

    def merge_rows(self, rows: Iterable[tuple[Hashable, Row]], removed: Iterable[Hashable] = ()) -> bool:
        """Take rows that are new or other than before, and take rows away; tell whether anything changed.

        New rows come to the end. The cost grows with what is handed in (and, when rows are taken away, with what is
        behind them), not with the table.
        """
        gone = self._remove([key for key in removed if key in self._rows])
        wanted = dict(rows)
        put = [k for k, row in wanted.items() if k in self._rows and self._change(self._position[k], row)]
        new = [(key, row) for key, row in wanted.items() if key not in self._rows]
        if new:
            self._insert(len(self._keys), new)
            put.extend(key for key, _ in new)
        self._tell(put, gone, False)
        return bool(put or gone)

    def row(self, position: int) -> Row:
        """Return the row at a position."""
        return self._rows[self._keys[position]]

    def rows(self) -> list[Row]:
        """Return all rows, in order."""
        return [self._rows[key] for key in self._keys]

    def items(self) -> list[tuple[Hashable, Row]]:
        """Return all rows with their keys, in no particular order."""
        return list(self._rows.items())

    def key(self, position: int) -> Hashable:
        """Return the key of the row at a position."""
        return self._keys[position]

    def get(self, key: Hashable) -> Row | None:
        """Return the row of a key."""
        return self._rows.get(key)

    def position(self, key: Hashable) -> int | None:
        """Return where the row of a key stands."""
        return self._position.get(key)

    def rank(self, key: Hashable) -> tuple[int, ...]:
        """Return what rows that are equal otherwise are sorted by, lowest first; here the order in which they came."""
        return (self._number[key],)

    def set_pending(self, key: Hashable, is_pending: bool) -> None:
        """Mark that a request about a row is out, or no longer; the row's removal also ends it."""
        if key not in self._rows or (key in self._pending) == is_pending:
            return
        if is_pending:
            self._pending.add(key)
        else:
            self._pending.discard(key)
        self._emit_row(self._position[key])
        self.rows_changed.emit(Changes((key,)))

    def is_pending(self, key: Hashable) -> bool:
        """Tell whether a request about a row is out."""
        return key in self._pending

    def _tell(self, put: list[Hashable], removed: list[Hashable], was_reordered: bool) -> None:
        if put or removed:
            self.rows_changed.emit(Changes(tuple(put), tuple(removed)))
        if was_reordered:
            self.reordered.emit()

    def _remove(self, keys: list[Hashable]) -> list[Hashable]:
        """Take rows away, neighbours together, from the end on."""
        positions = sorted((self._position[key] for key in keys), reverse=True)
        at = 0
        while at < len(positions):
            last = first = positions[at]
            at += 1
            while at < len(positions) and positions[at] == first - 1:
                first = positions[at]
                at += 1
            self.beginRemoveRows(QModelIndex(), first, last)
            for key in self._keys[first : last + 1]:
                del self._rows[key], self._position[key], self._number[key]
                self._pending.discard(key)
            del self._keys[first : last + 1]
            self.endRemoveRows()
        if positions:
            self._place_from(positions[-1])
        return keys

    def _insert(self, position: int, rows: list[tuple[Hashable, Row]]) -> None:
        self.beginInsertRows(QModelIndex(), position, position + len(rows) - 1)
        self._keys[position:position] = [key for key, _ in rows]
        self._rows.update(rows)
        self._position.update((key, position + i) for i, (key, _) in enumerate(rows))
        self._number.update((key, self._next_number + i) for i, (key, _) in enumerate(rows))
        self._next_number += len(rows)
        self.endInsertRows()

    def _move(self, source: int, target: int) -> None:
        self.beginMoveRows(QModelIndex(), source, source, QModelIndex(), target)
        self._keys.insert(target, self._keys.pop(source))
        self.endMoveRows()

    def _place_from(self, first: int) -> None:
        self._position.update(zip(self._keys[first:], range(first, len(self._keys)), strict=True))

    def _renumber(self) -> None:
        """Count rows anew by their places, after some came in between others."""
        self._place_from(0)
        self._number = dict(self._position)
        self._next_number = len(self._keys)

    def _change(self, position: int, row: Row) -> bool:
        key = self._keys[position]
        known = self._rows[key]
        if known is row or known == row:
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
            return plain(column, row)
        if role == ROW_ROLE:
            return row
        if role == PENDING_ROLE:
            return self._keys[index.row()] in self._pending
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column.is_number)
        return None


def plain(column: Column[Any], row: Any) -> str:
    """Return a cell as it is copied: a number without separators, a time as `2026-11-30T20:35:09.123Z`."""
    value = column.value(row)
    if value is None:
        return ""
    if column.is_time and isinstance(value, int):
        return iso_utc(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def iso_utc(ms: int) -> str:
    """Return a time, UTC ms, as `2026-11-30T20:35:09.123Z`."""
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}Z"


def _alignment(is_number: bool) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
