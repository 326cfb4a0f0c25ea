"""IncomeModel: what changed the wallet: funding, fees, results, transfers; the exchange's list, and what it lacks."""

from collections.abc import Hashable, Iterable, Iterator
from enum import StrEnum

import msgspec
from PySide6.QtCore import QObject

from trader_gui.domain.account import AccountUpdate
from trader_gui.domain.order import Fill
from trader_gui.exchange.port import IncomeRow
from trader_gui.models.history_merge import Coverage, income_key
from trader_gui.models.table import Column, KeyedTableModel

_TRANSFERS = frozenset({"DEPOSIT", "WITHDRAW", "ADMIN_DEPOSIT", "ADMIN_WITHDRAW", "ASSET_TRANSFER"})


class Source(StrEnum):
    """Who says so: the exchange's list of income, or what was seen of executions and account events."""

    EXCHANGE = "exchange"
    SEEN = "seen"


class IncomeLine(msgspec.Struct, frozen=True, gc=False):  # as `FillRow`
    """One change of the wallet as shown; one that was only seen has no number of the exchange."""

    row: IncomeRow
    source: Source = Source.EXCHANGE


COLUMNS: tuple[Column[IncomeLine], ...] = (
    Column("time", "Time (UTC)", lambda r: r.row.time_ms, is_time=True),
    Column("type", "Type", lambda r: r.row.income_type),
    Column("symbol", "Symbol", lambda r: r.row.symbol or None),
    Column("income", "Amount", lambda r: r.row.income, is_number=True),
    Column("asset", "Asset", lambda r: r.row.asset or None),
    Column("source", "Told by", lambda r: r.source.value),
    Column("trade_id", "Fill", lambda r: r.row.trade_id, is_number=True, is_id=True),
    Column("number", "Number", lambda r: r.row.transaction_id or None, is_number=True, is_id=True),
)


class IncomeModel(KeyedTableModel[IncomeLine]):
    """Income by (type, transaction id).

    What the exchange lists holds. Outside the spans that were read from it stands what is known from executions and
    account events: at the newest end until it is asked again, and at the oldest where it has forgotten.

    Args:
        coverage: Spans that were read; `on_covered` is called after it grew.
    """

    def __init__(self, coverage: Coverage, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self._coverage = coverage
        self._seen: set[Hashable] = set()

    def rank(self, key: Hashable) -> tuple[int, ...]:
        row = self._rows[key].row
        return -row.time_ms, -row.transaction_id

    def merge(self, told: Iterable[IncomeRow]) -> int:
        """Take rows of the exchange in; return how many were not known."""
        before = self.rowCount()
        self.merge_rows((income_key(row), IncomeLine(row)) for row in told)
        return self.rowCount() - before

    def see_fills(self, fills: Iterable[Fill]) -> None:
        """Take in what executions did to the wallet."""
        self._see(line for fill in fills for line in _of_fill(fill))

    def see_updates(self, updates: Iterable[AccountUpdate]) -> None:
        """Take in what account events tell of funding and transfers."""
        self._see(line for update in updates for line in _of_update(update))

    def on_covered(self) -> None:
        """Spans were read: what was only seen of them is in the exchange's list now."""
        gone = [key for key in self._seen if self._coverage.holds(self._rows[key].row.time_ms)]
        self._seen.difference_update(gone)
        self.merge_rows((), gone)

    def _see(self, lines: Iterable[tuple[Hashable, IncomeRow]]) -> None:
        rows = {key: IncomeLine(row, Source.SEEN) for key, row in lines if not self._coverage.holds(row.time_ms)}
        self._seen.update(rows)
        self.merge_rows(rows.items())


def _of_fill(fill: Fill) -> Iterator[tuple[Hashable, IncomeRow]]:
    asset = fill.commission_asset
    margin_asset = asset if fill.symbol.endswith(asset) else ""  # a fee may be paid in another asset than the result
    for income_type, amount, of in (
        ("REALIZED_PNL", fill.realized_pnl, margin_asset),
        ("COMMISSION", -fill.commission, asset),
    ):
        if amount:
            row = IncomeRow(fill.symbol, income_type, amount, of, fill.trade_time_ms, 0, fill.trade_id)
            yield (Source.SEEN, income_type, fill.symbol, fill.trade_id), row


def _of_update(update: AccountUpdate) -> Iterator[tuple[Hashable, IncomeRow]]:
    income_type = "TRANSFER" if update.reason in _TRANSFERS else update.reason
    symbol = update.positions[0].symbol if len(update.positions) == 1 else ""
    for balance, change in zip(update.balances, update.balance_changes, strict=False):
        if change:
            row = IncomeRow(symbol, income_type, change, balance.asset, update.transaction_time_ms, 0)
            yield (Source.SEEN, income_type, balance.asset, update.transaction_time_ms, symbol, change), row
