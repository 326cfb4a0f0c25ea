"""Funding that the positions held now have paid or received since they were opened, as the venue lists it.

An event of the stream tells a change of the wallet, of a cross position without its symbol, which the list of income
names. So the list is read when a position is older than what was read of it, and again after each event. Until the list
has what the events told, or has had a minute to get it, nothing is taken for known.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from trader_gui.callback import Callback
from trader_gui.decision.ownership import Opening, opening_of
from trader_gui.domain.account import AccountUpdate, PositionKey
from trader_gui.domain.step import Route
from trader_gui.exchange.income_pages import income_since
from trader_gui.exchange.port import IncomeRow, OrderPort, StreamItem
from trader_gui.rt_trader.status import SessionStatus

INCOME_TYPE = "FUNDING_FEE"
RETRY_NS, LONGEST_RETRY_NS = 3_000_000_000, 60_000_000_000
"""The list is asked for no oftener than this, and each time in vain half as often: it is dear."""

LAG_MS = 60_000
"""The list is behind the events by some seconds, at most by this."""


class _Told(NamedTuple):
    """What an event told: a change of the wallet, in an asset."""

    time_ms: int
    asset: str
    change: Decimal


class FundingPaid:
    """Keeps `status.funding`.

    Args:
        core: Read only.
        port: Where the list is read.
        status: Takes what is known.
    """

    def __init__(self, core: Callback, port: OrderPort, status: SessionStatus) -> None:
        self._core = core
        self._port = port
        self._known = status.funding
        self._told: list[_Told] = []
        self._open = 0
        self._next_ns = 0
        self._pause_ns = RETRY_NS
        self._openings: tuple[object, dict[PositionKey, Opening | None]] = (None, {})

    def note(self, item: StreamItem) -> None:
        """Note a funding that an event tells: the list has to be read again."""
        if not isinstance(item, AccountUpdate) or item.reason != INCOME_TYPE:
            return
        time_ms = item.transaction_time_ms
        new = [_Told(time_ms, b.asset, change) for b, change in zip(item.balances, item.balance_changes, strict=False)]
        recent = [told for told in self._told[: len(self._told) - self._open] if told.time_ms > time_ms - 2 * LAG_MS]
        self._told = recent + self._told[len(self._told) - self._open :] + new
        self._open += len(new)
        self._known.is_whole = False
        self._next_ns, self._pause_ns = 0, RETRY_NS

    def is_due(self, now_ns: int) -> bool:
        """Tell whether the list has to be read now; cheap enough for every look at the clock."""
        if not self._core.routes_fresh[Route.PRIVATE]:
            self._known.is_whole = False  # what is paid meanwhile no event will have told
            self._next_ns, self._pause_ns = 0, RETRY_NS
            return False
        since_ms = self._wanted_ms()
        if since_ms is None or now_ns < self._next_ns:
            return False
        known_ms = self._known.since_ms
        if self._known.is_whole and known_ms is not None and known_ms <= since_ms:
            return False
        self._next_ns = now_ns + self._pause_ns
        self._pause_ns = min(self._pause_ns * 2, LONGEST_RETRY_NS)
        return True

    async def read(self) -> None:
        """Read the list since the oldest position was opened.

        Raises:
            VenueError, ProtocolError: It cannot be read.
        """
        since_ms = self._wanted_ms()
        if since_ms is None:
            return
        told, asked_ms = list(self._told), self._core.now_ms
        open_ones = told[len(told) - self._open :]
        first_ms = min([since_ms, *(event.time_ms for event in told)])
        rows = await income_since(self._port, first_ms, INCOME_TYPE)
        if all(_is_listed(event, told, rows) or asked_ms - event.time_ms >= LAG_MS for event in open_ones):
            self._open -= len(open_ones)
        self._known.since_ms, self._known.rows = since_ms, rows
        self._known.is_whole = not self._open and self._core.routes_fresh[Route.PRIVATE]
        if self._known.is_whole:
            self._pause_ns = RETRY_NS

    def _wanted_ms(self) -> int | None:
        """Return since when the oldest position is held of which that is known."""
        held = self._core.account.positions
        key = (self._core.orders.revision, self._core.account.revision)
        if self._openings[0] != key:
            fills = self._core.orders.fills
            self._openings = (key, {name: opening_of(name, p.position_amount, fills) for name, p in held.items()})
        return min((o.since_ms for o in self._openings[1].values() if o is not None), default=None)


def _is_listed(event: _Told, told: Iterable[_Told], rows: Iterable[IncomeRow]) -> bool:
    """Tell whether the list has what events told of an asset about that time, no more and no less."""
    changes = (t.change for t in told if t.asset == event.asset and abs(t.time_ms - event.time_ms) <= LAG_MS)
    listed = (r.income for r in rows if r.asset == event.asset and abs(r.time_ms - event.time_ms) <= LAG_MS)
    return sum(changes, Decimal(0)) == sum(listed, Decimal(0))
