"""The table of a reconciliation: what venue, journal and memory say of each row, and how they stand to each other."""

import time
from collections.abc import Callable, Collection, Mapping

from msgspec.structs import replace

from trader_gui.callback import Callback
from trader_gui.domain.order import Order
from trader_gui.errors import UserError
from trader_gui.journal.belief import Belief
from trader_gui.orders.reconcile import (
    Fact,
    Pair,
    Row,
    RowKey,
    RowKind,
    RowState,
    fact_text,
    journal_differences,
    journal_facts,
)
from trader_gui.rt_trader.belief import JournalTruth
from trader_gui.rt_trader.claims import Claims
from trader_gui.rt_trader.provenance import Provenance
from trader_gui.rt_trader.status import Reconciliation


class TruthTable:
    """Brings the table up to date after a look.

    The journal differs for real when it did so at two looks, although all was on disk and nothing was told meanwhile.

    Args:
        callback: The core; it is read.
        journal: Where the disk is asked.
        claims: Their rows come first.
        provenance: Tells when something was last told of a row.
        status: Where the table goes.

    Attributes:
        is_journal_suspect: The journal differed at the last look for the first time: look again soon.
    """

    def __init__(
        self,
        callback: Callback,
        journal: JournalTruth,
        claims: Claims,
        provenance: Provenance,
        status: Reconciliation,
    ) -> None:
        self.is_journal_suspect = False
        self._callback = callback
        self._journal = journal
        self._claims = claims
        self._provenance = provenance
        self._status = status
        self._rows: dict[RowKey, Row] = {}
        self._journal_since_ns: dict[RowKey, int] = {}
        self._behind: dict[RowKey, Pair] = {}
        claims.changed = self.show_claims

    def show_claims(self) -> None:
        """Show the claims as they stand, with the rows of the last look."""
        self._status.rows = (*self._claims.rows(), *self._rows.values())

    async def update(
        self, pairs: Mapping[RowKey, Pair], suspects: Collection[RowKey], compare_now: Callable[[], dict[RowKey, Pair]]
    ) -> None:
        """Read the journal and show all rows.

        Args:
            pairs: Venue and collectors, as they were compared.
            suspects: Rows that differ, and are looked at once more.
            compare_now: Compares once more, with what the collectors say by then.
        """
        belief = await self._belief(compare_now)
        told = journal_facts(belief) if belief is not None else {}
        shown = {key: Pair(None, None, 0, agrees=True) for key in self._behind} | dict(pairs)
        rows = {key: self._row(key, pair, key in suspects, belief, told) for key, pair in shown.items()}
        self._rows = rows
        self._provenance.keep_only(rows)
        self.show_claims()

    def _row(
        self, key: RowKey, pair: Pair, is_suspect: bool, belief: Belief | None, told: Mapping[RowKey, Fact]
    ) -> Row:
        state, cause = RowState.DIFFERS, ""
        if pair.is_asked:
            cause = "asking"
        elif is_suspect:
            cause = "looking_again"
        elif key in self._behind:
            cause = "journal_behind"
        else:
            state = RowState.AGREES
        is_journalled = belief is not None and key[0] is not RowKind.SETTINGS
        journal = fact_text(told.get(key)) if is_journalled else None
        now_ms = self._callback.now_ms
        row = Row(*key, fact_text(pair.venue), journal, fact_text(pair.memory), state, now_ms, cause)
        former = self._rows.get(key)
        is_as_before = former is not None and (former.state, former.cause) == (state, cause)
        return replace(row, since_ms=former.since_ms) if former is not None and is_as_before else row

    async def _belief(self, compare_now: Callable[[], dict[RowKey, Pair]]) -> Belief | None:
        """Return what the disk says; None while it cannot be read, which the journal itself tells the user."""
        asked_ns = time.monotonic_ns()
        try:
            belief = await self._journal.belief()
        except UserError:
            belief = None
        if belief is None:
            return None
        differing = {
            key: pair
            for key, pair in journal_differences(belief, compare_now(), to_venue=False).items()
            if not self._is_open_here(pair) and self._provenance.told_ns(key) <= asked_ns
        }
        former = self._journal_since_ns
        self._journal_since_ns = {key: former.get(key, asked_ns) for key in differing}
        self._behind = {
            key: pair
            for key, pair in differing.items()
            if key in former and self._provenance.told_ns(key) <= former[key]
        }
        self.is_journal_suspect = bool(differing.keys() - former.keys())
        return belief

    def _is_open_here(self, pair: Pair) -> bool:
        """Tell whether an order that no list showed is on its way, or was not asked for."""
        ours = pair.memory
        known = self._callback.orders.get(ours.client_order_id, ours.order_family) if isinstance(ours, Order) else None
        return known is not None and not known.status.is_terminal
