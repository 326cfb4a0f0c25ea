"""TableSums: what the shown rows of a table add up to, worked out in short turns after they have changed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, TypeAlias

from PySide6.QtCore import QObject, QTimer, Signal

from trader_gui.models.sorted_table import SortedTable

Part: TypeAlias = tuple[str, str, Decimal]
"""(what it is, asset, amount)"""

AFTER_MS = 250
TURN_ROWS = 2_000


class TableSums(QObject):
    """Adds up the rows that are shown.

    Args:
        table: Its shown rows are added up while somebody looks.
        parts_of: What a row adds.

    Attributes:
        sums: By (what it is, asset), in the order in which they were met.

    Signals:
        changed: The sums are other ones.
    """

    changed = Signal()

    def __init__(
        self, table: SortedTable[Any], parts_of: Callable[[Any], Iterable[Part]], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.sums: dict[tuple[str, str], Decimal] = {}
        self._table = table
        self._parts_of = parts_of
        self._work: Iterator[None] | None = None
        self._later, self._turn = QTimer(self), QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(AFTER_MS)
        self._later.timeout.connect(self._begin)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._work_on)
        for signal in (table.rowsInserted, table.rowsRemoved, table.dataChanged, table.modelReset):
            signal.connect(self._on_changed)

    @property
    def by_asset(self) -> dict[str, Decimal]:
        """All sums of each asset together."""
        found: defaultdict[str, Decimal] = defaultdict(Decimal)
        for (_, asset), amount in self.sums.items():
            found[asset] += amount
        return dict(found)

    def _on_changed(self, *_: object) -> None:
        if not self._later.isActive():
            self._later.start()

    def _begin(self) -> None:
        self._work = self._add_up()
        self._turn.start()

    def _work_on(self) -> None:
        if self._work is not None and next(self._work, self) is self:
            self._work = None
            self._turn.stop()

    def _add_up(self) -> Iterator[None]:
        rows = self._table.rows()
        found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for start in range(0, len(rows), TURN_ROWS):
            for row in rows[start : start + TURN_ROWS]:
                for what, asset, amount in self._parts_of(row):
                    found[what, asset] += amount
            yield
        if dict(found) != self.sums:
            self.sums = dict(found)
            self.changed.emit()
