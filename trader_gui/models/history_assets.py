"""AssetsModel: the assets of the futures wallet as the exchange adds them up, read anew while somebody looks."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from trader_gui.errors import ProtocolError, TraderError, VenueError
from trader_gui.exchange.port import AssetRow
from trader_gui.models.table import Column, KeyedTableModel
from trader_gui.models.trader_view import HistoryView

EVERY_NS = 10_000_000_000
"""Unrealised results move all the time; so often they are read anew."""
AFTER_CHANGE_NS = 2_000_000_000
"""The same after something has happened in the account."""

COLUMNS: tuple[Column[AssetRow], ...] = (
    Column("asset", "Asset", lambda r: r.asset),
    Column("wallet", "Wallet", lambda r: r.wallet_balance, is_number=True),
    Column("cross_wallet", "Cross wallet", lambda r: r.cross_wallet_balance, is_number=True),
    Column("unrealized", "Unrealised PnL", lambda r: r.unrealized_pnl, is_number=True),
    Column("margin_balance", "Margin balance", lambda r: r.margin_balance, is_number=True),
    Column("initial_margin", "Initial margin", lambda r: r.initial_margin, is_number=True),
    Column("maintenance_margin", "Maintenance margin", lambda r: r.maintenance_margin, is_number=True),
    Column("margin_ratio", "Margin ratio", lambda r: margin_ratio(r), is_number=True),
    Column("available", "Available", lambda r: r.available_balance, is_number=True),
    Column("updated", "Changed (UTC)", lambda r: r.update_time_ms or None, is_time=True),
)


def margin_ratio(row: AssetRow) -> float | None:
    """Return the maintenance margin as a fraction of the margin balance; at 1 positions are liquidated."""
    return float(row.maintenance_margin / row.margin_balance) if row.margin_balance > 0 else None


class AssetsModel(KeyedTableModel[AssetRow]):
    """Assets that hold something, in the order of the exchange; those without any amount are left out.

    All figures of a row are of one answer, so that they add up; `as_of_ms` tells of when.

    Attributes:
        as_of_ms: Market time when they were asked for; None before the first answer.
        error: Why the last reading failed; None when it did not.
        is_loading: A reading is under way.

    Signals:
        state_changed: One of the attributes.
        wanted: `load` should be run.
    """

    state_changed = Signal()
    wanted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self.as_of_ms: int | None = None
        self.error: TraderError | None = None
        self.is_loading = False
        self._reader: HistoryView | None = None
        self._is_seen = False
        self._read_ns: int | None = None
        self._revision: object = None
        self._now_ms = 0

    def bind(self, reader: HistoryView | None) -> None:
        """Take the reader of the session; without one nothing is read."""
        self._reader = reader

    def set_seen(self, is_seen: bool) -> None:
        """Note that the table is looked at, or no longer."""
        self._is_seen = is_seen

    def try_again(self) -> None:
        """Read now what an error left unread."""
        self._read_ns = None

    def look(self, revision: object, now_ms: int, now_ns: int) -> None:
        """Have the assets read while somebody looks: every ten seconds, and soon after something has happened.

        Args:
            revision: Changes with the account.
            now_ms: Market time.
            now_ns: Monotonic time.
        """
        self._now_ms = now_ms
        if not self._is_seen or self.is_loading or self._reader is None:
            return
        pause_ns = AFTER_CHANGE_NS if revision != self._revision else EVERY_NS
        if self._read_ns is None or now_ns - self._read_ns >= pause_ns:
            self._read_ns, self._revision = now_ns, revision
            self.wanted.emit()

    async def load(self) -> None:
        """Read the assets; an error is kept in `error`."""
        if self._reader is None or self.is_loading:
            return
        self.is_loading = True
        asked_ms = self._now_ms
        try:
            self.show(await self._reader.venue.assets())
            self.as_of_ms, self.error = asked_ms, None
        except (VenueError, ProtocolError) as error:
            self.error = error
        finally:
            self.is_loading = False
            self.state_changed.emit()

    def show(self, rows: Iterable[AssetRow]) -> None:
        """Show the assets as they were read."""
        held = [row for row in rows if row.wallet_balance or row.margin_balance or row.initial_margin]
        self.set_rows([(row.asset, row) for row in held])
