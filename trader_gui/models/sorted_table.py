"""SortedTable: the rows of a keyed table as one view shows them: those that pass a filter, sorted by value.

Qt's own proxy asks Python for two values at every comparison, and knows no Decimal; on a hundred thousand rows that
takes seconds. Here every row's sort key is made once. A change of few rows costs what they cost; what concerns all rows
of a large table is worked out in short turns, between which the loop goes on.
"""

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Generic, TypeAlias, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, QTimer, Signal

from trader_gui.models.table import PENDING_ROLE, ROW_ROLE, AnyIndex, Changes, Column, KeyedTableModel

Row = TypeVar("Row")
SortKey: TypeAlias = tuple[Any, ...]
"""Ascending: (0 for unknown, else 1; the value; the row's rank)."""
_Keyed: TypeAlias = tuple[SortKey, Hashable]

AT_ONCE = 3_000
"""Rows up to which all is worked out in one go: about 10 ms."""
TURN_ROWS = 1_000
"""Rows whose sort keys are made in one turn otherwise: about 3 ms."""
MOST_RUNS = 64
"""So many separate insertions, removals or moves are told one by one; more are told as one great change."""
_sort_key_of = itemgetter(0)


class SortedTable(QAbstractTableModel, Generic[Row]):
    """One view's rows. Equal values keep the order in which the source ranks them, whichever way the table is sorted.

    Args:
        source: The rows.

    Attributes:
        source: As given.
        is_descending: Way of the sorting that is wanted, when there is one.

    Signals:
        counted: The number of shown rows, or of all, may be another one.
    """

    counted = Signal()

    def __init__(self, source: KeyedTableModel[Row], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.source = source
        self.is_descending = False
        self._column: Column[Row] | None = None
        self._accept: Callable[[Row], bool] | None = None
        self._keys: list[Hashable] = []  # always ascending; shown backwards when sorted descending
        self._is_backwards = False
        self._order: list[SortKey] = []
        self._sort_keys: dict[Hashable, SortKey] = {}
        self._is_active = True
        source.watchers += 1
        self._is_stale = False
        self._work: Iterator[None] | None = None
        self._late: dict[Hashable, None] = {}
        self._turn = QTimer(self)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._work_on)
        source.rows_changed.connect(self._on_rows_changed)
        source.reordered.connect(self._rebuild)
        source.modelReset.connect(self._rebuild)
        self._rebuild()

    # ---- what the view asks for ------------------------------------------------------------------------------------

    @property
    def sort_column(self) -> str | None:
        """Key of the column that the rows are sorted by; None while they stand as they came."""
        return self._column.key if self._column is not None else None

    @property
    def is_busy(self) -> bool:
        """True while a great change is being worked out; until then the table stands as it was."""
        return self._work is not None

    def set_filter(self, accept: Callable[[Row], bool] | None) -> None:
        """Show only the rows that `accept` is true for; None shows all."""
        self._accept = accept
        self._rebuild()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column's value, what is unknown below all that is known; -1: as the rows came."""
        self._column = self.source.columns[column] if column >= 0 else None
        self.is_descending = column >= 0 and order == Qt.SortOrder.DescendingOrder
        self._rebuild()

    def set_active(self, is_active: bool) -> None:
        """Follow the source, or let it go while nobody looks: then its changes cost nothing here."""
        self.source.watchers += int(is_active) - int(self._is_active)
        self._is_active = is_active
        if is_active and self._is_stale:
            self._rebuild()

    def key(self, row: int) -> Hashable:
        """Return the key of a shown row."""
        return self._keys[self._flip(row, len(self._keys))]

    def row_at(self, row: int) -> Row | None:
        """Return the record of a shown row; None when it has gone, which is about to be told."""
        return self.source.get(self._keys[self._flip(row, len(self._keys))])

    def row_of(self, key: Hashable) -> int | None:
        """Return where the row of a key is shown; None when it is not."""
        return self._flip(self._index(key), len(self._keys)) if key in self._sort_keys else None

    def rows(self) -> list[Row]:
        """Return the shown rows, in their order."""
        keys = reversed(self._keys) if self._is_backwards else self._keys
        found = (self.source.get(key) for key in keys)
        return [row for row in found if row is not None]

    # ---- few rows --------------------------------------------------------------------------------------------------

    def _on_rows_changed(self, changes: Changes) -> None:
        if not self._is_active:
            self._is_stale = True
        elif self._work is not None:
            self._late.update(dict.fromkeys((*changes.removed, *changes.put)))
        else:
            self._apply((*changes.removed, *changes.put))

    def _apply(self, keys: Iterable[Hashable]) -> None:
        """Bring the rows of these keys up to date; whether each came, went or changed is seen from what is there."""
        gone: list[Hashable] = []
        new: list[_Keyed] = []
        changed: list[Hashable] = []
        moved: list[_Keyed] = []
        for key in dict.fromkeys(keys):
            former, now = self._sort_keys.get(key), self._make_sort_key(key)
            if now is None:
                if former is not None:
                    gone.append(key)
            elif former is None:
                new.append((now, key))
            else:
                changed.append(key)
                if former != now:
                    moved.append((now, key))
        new.sort(key=_sort_key_of)
        if max(len(gone), len(moved)) > MOST_RUNS or len(self._runs_of(new)) > MOST_RUNS:
            self._rebuild()
            return
        for now, key in moved:
            self._move(key, now)
        self._take_out(sorted((self._index(key) for key in gone), reverse=True))
        self._put_in(new)
        self._tell_changed(changed)
        if gone or new:
            self.counted.emit()

    def _make_sort_key(self, key: Hashable) -> SortKey | None:
        """Return the sort key of a row; None when it is gone or filtered out."""
        row = self.source.get(key)
        if row is None or (self._accept is not None and not self._accept(row)):
            return None
        rank = self.source.rank(key)
        if self._column is None:
            return rank
        if self.is_descending:  # shown backwards, so that equal rows stand as their rank says
            rank = tuple(-part for part in rank)
        value = self._column.value(row)
        return (0, 0, *rank) if value is None else (1, value, *rank)

    def _index(self, key: Hashable) -> int:
        sort_key = self._sort_keys[key]
        index = bisect_left(self._order, sort_key)
        while self._keys[index] != key:  # several rows may have the same rank
            index += 1
        return index

    def _flip(self, index: int, count: int) -> int:
        """Turn a place in the store into a shown row, or the other way, in a table of `count` rows."""
        return count - 1 - index if self._is_backwards else index

    def _move(self, key: Hashable, now: SortKey) -> None:
        """Put a row where its new sort key belongs."""
        count, source = len(self._keys), self._index(key)
        del self._order[source]
        target = bisect_left(self._order, now)
        self._order.insert(source, self._sort_keys[key])  # until Qt has been told
        if target != source:
            first, last = self._flip(source, count), self._flip(target, count)
            below = last + 1 if last > first else last
            self.beginMoveRows(QModelIndex(), first, first, QModelIndex(), below)
        del self._order[source], self._keys[source]
        self._order.insert(target, now)
        self._keys.insert(target, key)
        self._sort_keys[key] = now
        if target != source:
            self.endMoveRows()

    def _take_out(self, backwards: Sequence[int]) -> None:
        """Remove the rows at these places, given from the last to the first, neighbours together."""
        at = 0
        while at < len(backwards):
            last = first = backwards[at]
            at += 1
            while at < len(backwards) and backwards[at] == first - 1:
                first, at = first - 1, at + 1
            shown = sorted((self._flip(first, len(self._keys)), self._flip(last, len(self._keys))))
            self.beginRemoveRows(QModelIndex(), *shown)
            for key in self._keys[first : last + 1]:
                del self._sort_keys[key]
            del self._keys[first : last + 1], self._order[first : last + 1]
            self.endRemoveRows()

    def _runs_of(self, new: Sequence[_Keyed]) -> list[tuple[int, int, int]]:
        """Return (place, first, end): `new[first:end]` all come before the row at that place."""
        runs: list[tuple[int, int, int]] = []
        for number, (sort_key, _) in enumerate(new):
            place = bisect_left(self._order, sort_key)
            if runs and runs[-1][0] == place:
                runs[-1] = (place, runs[-1][1], number + 1)
            else:
                runs.append((place, number, number + 1))
        return runs

    def _put_in(self, new: Sequence[_Keyed]) -> None:
        """Insert rows, given by rising sort key, those of one place together and from the last place on."""
        for place, first, end in reversed(self._runs_of(new)):
            block = new[first:end]
            shown = len(self._keys) - place if self._is_backwards else place
            self.beginInsertRows(QModelIndex(), shown, shown + len(block) - 1)
            self._order[place:place] = [sort_key for sort_key, _ in block]
            self._keys[place:place] = [key for _, key in block]
            self._sort_keys.update((key, sort_key) for sort_key, key in block)
            self.endInsertRows()

    def _tell_changed(self, keys: Sequence[Hashable]) -> None:
        last_column = len(self.source.columns) - 1
        rows = [self._flip(self._index(key), len(self._keys)) for key in keys]
        if len(rows) > MOST_RUNS:
            self.dataChanged.emit(self.index(min(rows), 0), self.index(max(rows), last_column))
            return
        for row in rows:
            self.dataChanged.emit(self.index(row, 0), self.index(row, last_column))

    # ---- all rows --------------------------------------------------------------------------------------------------

    def _rebuild(self) -> None:
        """Filter and sort anew: at once, or in turns when the table is large."""
        if not self._is_active:
            self._is_stale = True
            return
        self._is_stale = False
        self._late.clear()
        self._work = self._work_out(self.source.items())
        if self.source.rowCount() > AT_ONCE:
            self._turn.start()
            return
        while self._work is not None:
            self._work_on()

    def _work_on(self) -> None:
        """Do one turn; after the last one take in what has changed meanwhile."""
        if self._work is not None and next(self._work, self) is self:
            self._work = None
            self._turn.stop()
            late, self._late = self._late, {}
            self._apply(late)
            self.counted.emit()

    def _work_out(self, items: Sequence[tuple[Hashable, Row]]) -> Iterator[None]:
        """Make all sort keys and sort them: short runs first, which are then joined; one sort would hold the loop."""
        runs: list[list[_Keyed]] = []
        for start in range(0, len(items), TURN_ROWS):
            made = ((self._make_sort_key(key), key) for key, _ in items[start : start + TURN_ROWS])
            run = [(sort_key, key) for sort_key, key in made if sort_key is not None]
            run.sort(key=_sort_key_of)
            runs.append(run)
            yield
        while len(runs) > 1:
            pairs, runs = [runs[i : i + 2] for i in range(0, len(runs), 2)], []
            for pair in pairs:
                joined: list[_Keyed] = []
                runs.append(joined)
                for part in _parts_of(pair[0], pair[1] if len(pair) > 1 else []):
                    joined += part
                    yield
        keys: list[Hashable] = []
        sort_keys: dict[Hashable, SortKey] = {}
        is_same = bool(runs) and len(runs[0]) == len(self._keys)
        for part in _parts_of(runs[0] if runs else [], []):
            keys.extend(key for _, key in part)
            sort_keys.update((key, sort_key) for sort_key, key in part)
            is_same = is_same and all(key in self._sort_keys for _, key in part)
            yield
        former = self._order
        self._take(keys, sort_keys, is_same)
        for rest in (former, *runs):  # to free all of it at once would hold the loop as well
            while rest:
                del rest[-TURN_ROWS:]
                yield

    def _take(self, keys: list[Hashable], sort_keys: dict[Hashable, SortKey], is_same: bool) -> None:
        """Show these rows; selections stay with their rows when `is_same`: none came and none went."""
        order = list(sort_keys.values())
        if not is_same:
            self.beginResetModel()
            self._keys, self._order, self._sort_keys = keys, order, sort_keys
            self._is_backwards = self.is_descending
            self.endResetModel()
            return
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        kept_keys = [self.key(index.row()) for index in kept]
        self._keys, self._order, self._sort_keys = keys, order, sort_keys
        self._is_backwards = self.is_descending
        now = [self.index(self.row_of(key) or 0, i.column()) for key, i in zip(kept_keys, kept, strict=True)]
        self.changePersistentIndexList(kept, now)
        self.layoutChanged.emit()

    # ---- what views ask --------------------------------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._keys)

    def columnCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.source.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = int(Qt.ItemDataRole.DisplayRole)
    ) -> Any:
        return self.source.headerData(section, orientation, role)

    def data(self, index: AnyIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid() or index.row() >= len(self._keys):
            return None
        key = self.key(index.row())
        if role == ROW_ROLE:
            return self.source.get(key)
        if role == PENDING_ROLE:
            return self.source.is_pending(key)
        position = self.source.position(key)
        return None if position is None else self.source.data(self.source.index(position, index.column()), role)


def _parts_of(left: list[_Keyed], right: list[_Keyed]) -> Iterator[list[_Keyed]]:
    """Join two sorted runs; yield the result part by part, each small enough for one turn."""
    start = 0
    for at in range(0, len(left), TURN_ROWS):
        part = left[at : at + TURN_ROWS]
        end = bisect_left(right, part[-1][0], lo=start, key=_sort_key_of)
        while end > start:  # much of the right run may come before little of the left one
            chunk = right[start : min(end, start + TURN_ROWS)]
            start += len(chunk)
            fits = bisect_left(part, chunk[-1][0], key=_sort_key_of)
            yield sorted([*part[:fits], *chunk], key=_sort_key_of)
            part = part[fits:]
        if part:
            yield part
    for at in range(start, len(right), TURN_ROWS):
        yield right[at : at + TURN_ROWS]
