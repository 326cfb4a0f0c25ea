"""ReconciliationModel: what exchange, journal and this program say of the account, row by row, troubled ones first."""

from collections.abc import Hashable

from PySide6.QtCore import QObject

from trader_gui.callback import Callback
from trader_gui.models.table import Column, KeyedTableModel
from trader_gui.models.trader_view import StatusView
from trader_gui.orders.reconcile import Row, RowKind, RowState

__all__ = ["ReconciliationModel", "Row", "RowKind", "RowState"]

_RANK = {
    state: rank
    for rank, state in enumerate(
        (RowState.UNEXPLAINED, RowState.DIFFERS, RowState.ADOPTED, RowState.EXPLAINED, RowState.AGREES)
    )
}
_KINDS = tuple(RowKind)

COLUMNS: tuple[Column[Row], ...] = (
    Column("state", "State", lambda r: r.state.value),
    Column("kind", "What", lambda r: r.kind.value),
    Column("name", "Name", lambda r: r.name),
    Column("venue", "Exchange", lambda r: r.venue),
    Column("journal", "Journal", lambda r: r.journal),
    Column("memory", "Here", lambda r: r.memory),
    Column("since", "Since (UTC)", lambda r: r.since_ms),
    Column("cause", "Why", lambda r: r.cause),
)


class ReconciliationModel(KeyedTableModel[Row]):
    """The rows of the last look, and differences of the past; kept up to date while hidden, for the tab's count.

    Attributes:
        open_rows: How many the user should know of.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self._told: tuple[Row, ...] = ()

    @property
    def open_rows(self) -> int:
        """How many rows differ, or did so for no reason that is known."""
        return sum(row.state.is_open for row in self.rows())

    def refresh(self, callback: Callback, status: StatusView, now_ns: int) -> None:
        """Bring the rows up to date; costs nothing while there was no look."""
        if status.reconciliation.rows is self._told:
            return
        self._told = status.reconciliation.rows
        newest = {_key(row): row for row in reversed(self._told)}
        self.set_rows(sorted(newest.items(), key=lambda item: _rank(item[1])))


def _key(row: Row) -> Hashable:
    """Return what tells a row from others; the same thing may have differed several times in the past."""
    return (*row.key, row.since_ms) if row.state.is_past else row.key


def _rank(row: Row) -> tuple[int, int, int, str]:
    """Return where a row stands: troubled first, of past ones the newest first, then by kind and name."""
    age = -row.since_ms if row.state.is_past else 0
    return _RANK[row.state], age, _KINDS.index(row.kind), row.name
