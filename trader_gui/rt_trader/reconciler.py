"""Reconciliation: the venue against the journal against memory, at the start, after every doubt, and every 30 s.

A difference is real when two looks a second apart show it and nothing was told of it from before the first look on:
what a consistent venue has changed is told within that second, or it is as good as lost. Then the user stream is
doubted, the account is read anew, and the cause is looked for.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection
from typing import NamedTuple

from trader_gui.callback import Callback
from trader_gui.collectors.order_merge import is_other_order
from trader_gui.domain.account import AccountSnapshot, PositionKey
from trader_gui.domain.order import Fill, Order, OrderOutcome, OrderUpdate, Origin
from trader_gui.errors import ProtocolError, UserError, VenueError
from trader_gui.exchange.port import OrderPort
from trader_gui.journal.belief import Belief
from trader_gui.orders.reconcile import (
    Pair,
    RowKey,
    RowKind,
    compare,
    execution_key,
    fact_text,
    journal_differences,
    order_key,
    position_key,
)
from trader_gui.orders.suspects import AGAIN_NS, Suspects
from trader_gui.rt_trader.belief import JournalTruth
from trader_gui.rt_trader.claims import Claims
from trader_gui.rt_trader.provenance import Provenance, Source
from trader_gui.rt_trader.repair import Repair
from trader_gui.rt_trader.status import Reconciliation
from trader_gui.rt_trader.truth_table import TruthTable

_log = logging.getLogger(__name__)

LOOK_S = 30.0
MOST_LOOKS = 6
"""In a row, while something differs; then the next turn goes on with it."""

SOON_S = 2.0
"""Until the next turn, while a cause is looked for or the journal seems to be behind."""

WHOLE_NS = 300_000_000_000
"""The open orders of all symbols are listed so often; the venue counts them like forty other questions."""

MANY_SYMBOLS = 15
"""From so many on, listing the orders of all symbols is the cheaper question."""

LIST_LAG_NS = 15_000_000_000
"""An order told within this time may be missing in the venue's lists, and unknown to its queries."""

RETRY_S = 1.0


class Look(NamedTuple):
    """One look at the venue.

    Attributes:
        asked_ns, answered_ns: Monotonic: before the first question, after the last answer.
        unbooked: Executions that the core does not know.
    """

    snapshot: AccountSnapshot
    unbooked: tuple[Fill, ...]
    asked_ns: int
    answered_ns: int


class Reconciler:
    """Looks, compares, and says what stands.

    Args:
        callback: The core; it is read.
        port: Where the venue is asked.
        repair: Reads the account anew after a doubt.
        journal: Where the disk is asked.
        claims: Keeps what was settled in the venue's favour.
        status: Brought up to date in place.
        doubt: Doubts the user stream; takes a code.
        halt: Stops the engine; takes a code.

    Owner: the session's TaskGroup runs `run`, not where the exchange waits for the session; `take` is called with
    every message right before the core has it.
    """

    def __init__(
        self,
        callback: Callback,
        port: OrderPort,
        repair: Repair,
        journal: JournalTruth,
        claims: Claims,
        status: Reconciliation,
        doubt: Callable[[str], None],
        halt: Callable[[str], None],
    ) -> None:
        self._callback = callback
        self._port = port
        self._repair = repair
        self._claims = claims
        self._status = status
        self._doubt = doubt
        self._halt = halt
        self._provenance = Provenance()
        self._table = TruthTable(callback, journal, claims, self._provenance, status)
        self._wake = asyncio.Event()
        self._suspects = Suspects()
        self._acted_on: dict[RowKey, Pair] = {}
        self._is_whole_wanted = True
        self._whole_ns = 0
        status.told = self._provenance.rows

    # ---- messages ----------------------------------------------------------------------------------------------------

    def take(self, item: object, now_ns: int) -> None:
        """Take a message that the core is about to have, a snapshot by `take_snapshot`; O(1)."""
        if isinstance(item, OrderUpdate):
            if item.is_asked:
                self._claims.add_execution(item)
            self._look_for_stranger(item.order)
        self._provenance.take(item, now_ns)
        if isinstance(item, OrderOutcome) and item.is_asked and self._claims.is_open:
            self._wake.set()

    def take_snapshot(self, snapshot: AccountSnapshot, now_ns: int, doubted: Collection[PositionKey]) -> None:
        """Note which rows it confirms, and claim those in which it replaces what was known.

        Args:
            snapshot: As the venue listed it; the core is about to have it.
            now_ns: Monotonic.
            doubted: Positions in which it is not believed.
        """
        callback = self._callback
        kept = {position_key(*key) for key in doubted}
        pairs = compare(snapshot, callback.account, callback.orders, callback.symbol)
        self._provenance.confirm((key for key, pair in pairs.items() if pair.agrees), now_ns)
        adopted = {
            k: p
            for k, p in pairs.items()
            if not p.agrees and not p.is_asked and not _is_newer(p, snapshot) and k not in kept
        }
        self._provenance.adopt(adopted, now_ns)
        if callback.account.is_known:
            # Settings are changed by our own requests too, and read anew right after.
            self._claims.add({key: pair for key, pair in adopted.items() if key[0] is not RowKind.SETTINGS})

    def _look_for_stranger(self, order: Order) -> None:
        """An order under a name of ours with another number than ours is another program's."""
        orders = self._callback.orders
        if orders.origin_of(order.client_order_id)[0] is Origin.OTHER:
            return
        known = orders.get(order.client_order_id, order.order_family)
        key = order_key(order.client_order_id, order.order_family)
        if known is not None and is_other_order(known, order):
            self._claims.add_stranger(key, order, known)
        elif known is None and orders.get(order.client_order_id) is None:
            self._claims.ask_whose(order)
            self._wake.set()

    def at_start(self, belief: Belief | None, snapshot: AccountSnapshot, *, is_new_account: bool) -> tuple[str, ...]:
        """Compare the journal with the venue before the session begins; return the differences, one line each.

        Args:
            belief: From the journal, before this session wrote to it.
            snapshot: The venue's account, complete.
            is_new_account: The exchange is a simulated one that has just been started: nothing can agree.
        """
        if belief is None or is_new_account:
            return ()
        callback = self._callback
        pairs = compare(snapshot, callback.account, callback.orders, callback.symbol)
        differences = journal_differences(belief, pairs, to_venue=True)
        self._claims.add(differences, is_of_start=True)
        return tuple(str(row) for row in reversed(self._claims.rows()))

    # ---- looking -----------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Look now: the account was doubted and has been read, all of it."""
        self._is_whole_wanted = True
        self._wake.set()

    def check_now(self) -> None:
        """The user wants to know: look at everything now; what was settled and seen is taken from the table."""
        self._claims.forget_settled()
        self.wake()

    async def run(self) -> None:
        """Look again and again until cancelled; while the venue cannot be asked, say so and try again."""
        self._status.is_running = True
        failures = 0
        while True:
            wait_s, problem = LOOK_S, ""
            self._wake.clear()
            try:
                await self._reconcile()
                if self._claims.is_open or self._table.is_journal_suspect:
                    self._is_whole_wanted |= self._table.is_journal_suspect  # it is written down, which puts it right
                    wait_s = SOON_S
            except (VenueError, ProtocolError, UserError) as error:
                problem = str(error)
                wait_s = min(RETRY_S * 2.0**failures, LOOK_S)
                wait_s = max(wait_s, error.wait_s if isinstance(error, VenueError) else 0.0)
            except Exception as error:  # noqa: BLE001 - a bug here halts trading, and must not end the session
                _log.exception("bug in the reconciliation: trading is halted")
                self._halt("bug")
                problem = type(error).__name__
            failures = failures + 1 if problem else 0
            self._tell_problem(problem)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    def _tell_problem(self, problem: str) -> None:
        if problem and not self._status.problem:
            _log.warning("the account cannot be confirmed: %s", problem)
        self._status.problem = problem

    async def _reconcile(self) -> None:
        """Look until nothing differs, or often enough; then hold the journal against it, and look for causes."""
        self._status.is_looking = True
        try:
            for turn in range(MOST_LOOKS):
                if turn or self._suspects:
                    await asyncio.sleep(AGAIN_NS / 1e9)
                await self._wait_for_repair()
                look = await self._look(is_whole=bool(turn))
                pairs = self._pairs(look)
                real = await self._not_late(self._judge(look, pairs), pairs)
                if real:
                    self._act_on(real, pairs)
                elif not self._suspects:
                    break
            self._note_agreement(look, pairs)
            await self._claims.explain()
            await self._table.update(pairs, self._suspects.keys, lambda: self._pairs(look))
        finally:
            self._status.is_looking = False

    async def _wait_for_repair(self) -> None:
        """Wait until the account was read after the last doubt, and say why it could not be."""
        while not self._repair.is_settled:
            self._tell_problem(self._repair.problem)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY_S):
                    await self._repair.wait_settled()

    async def _look(self, *, is_whole: bool) -> Look:
        asked_ns = time.monotonic_ns()
        symbols = self._repair.executions.symbols()
        is_whole = is_whole or self._is_whole_due(asked_ns) or len(symbols) >= MANY_SYMBOLS
        snapshot = await self._repair.snapshot(None if is_whole else symbols)
        # Executions last: of those that changed a position that was read, none is missing.
        unbooked = await self._repair.executions.unbooked(symbols)
        answered_ns = time.monotonic_ns()
        if is_whole:
            self._whole_ns, self._is_whole_wanted = asked_ns, False
        return Look(snapshot, unbooked, asked_ns, answered_ns)

    def _is_whole_due(self, now_ns: int) -> bool:
        """All orders are listed when it is time, and after a position has changed: only that tells its liquidation."""
        moved_ns = max(
            (
                told.told_ns
                for (kind, _), told in self._provenance.rows.items()
                if kind is RowKind.POSITION and told.source is Source.STREAM
            ),
            default=0,
        )
        return self._is_whole_wanted or now_ns - self._whole_ns > WHOLE_NS or moved_ns > self._whole_ns

    def _pairs(self, look: Look) -> dict[RowKey, Pair]:
        callback = self._callback
        pairs = compare(look.snapshot, callback.account, callback.orders, callback.symbol)
        unbooked = (fill for fill in look.unbooked if not callback.orders.has_fill(fill))
        return pairs | {
            execution_key(f.symbol, f.trade_id): Pair(f.quantity * f.side.sign, None, 0, agrees=False) for f in unbooked
        }

    # ---- judging -----------------------------------------------------------------------------------------------------

    def _judge(self, look: Look, pairs: dict[RowKey, Pair]) -> set[RowKey]:
        """Return what differs for real; keep what may be on its way in mind for the next look."""
        self._provenance.confirm((key for key, pair in pairs.items() if pair.agrees), look.answered_ns)
        differing = {key for key, pair in pairs.items() if not pair.agrees and not pair.is_asked}
        self._acted_on = {key: pair for key, pair in self._acted_on.items() if key in differing}
        return self._suspects.judge(differing, look.asked_ns, self._provenance.told_ns)

    async def _not_late(self, real: set[RowKey], pairs: dict[RowKey, Pair]) -> set[RowKey]:
        """Leave out orders that the lists do not show and that are as they are known: asked for by name, it is told."""
        for key in sorted(real):
            ours = pairs[key].memory
            if pairs[key].venue is not None or not isinstance(ours, Order):
                continue
            told = await self._port.query_order(ours.symbol, ours.client_order_id, ours.order_family)
            is_new = time.monotonic_ns() - self._provenance.told_ns(key) < LIST_LAG_NS
            if is_new if told is None else told.status is ours.status:
                real.discard(key)
                if told is not None:
                    self._provenance.confirm([key], time.monotonic_ns())
                    self._suspects.clear(key)
        return real

    def _act_on(self, real: set[RowKey], pairs: dict[RowKey, Pair]) -> None:
        """The stream did not tell what it should have: doubt it, and have the account read anew.

        What differs still, once that was done, and as it did before, cannot be put right here.
        """
        stuck = {key for key in real if key in self._acted_on and _is_same(self._acted_on[key], pairs[key])}
        for key in sorted(stuck):
            self._claims.give_up(key, pairs[key])
        fresh = real - stuck
        for key in sorted(fresh):
            here, there = fact_text(pairs[key].memory) or "none", fact_text(pairs[key].venue) or "none"
            _log.warning("%s %s: here %s, at the exchange %s, and the user stream did not tell", *key, here, there)
        if fresh:
            self._claims.add({key: pairs[key] for key in fresh if key[0] is RowKind.SETTINGS})
            self._acted_on |= {key: pairs[key] for key in fresh}
            self._doubt("difference")

    def _note_agreement(self, look: Look, pairs: dict[RowKey, Pair]) -> None:
        """Note when everything was found as it is known, and give the core what only lists tell (liquidation price)."""
        self._repair.ask_about_orders()
        if self._suspects or any(pair.is_asked for pair in pairs.values()):
            return
        self._status.confirmed_ns = look.answered_ns
        if look.snapshot.orders_of is None and all(pair.agrees for pair in pairs.values()):
            self._repair.adopt(look.snapshot)


def _is_newer(pair: Pair, snapshot: AccountSnapshot) -> bool:
    """Tell whether the core keeps what it knows, because it was told after the snapshot was asked for."""
    return pair.memory_ms > snapshot.taken_time_ms


def _is_same(one: Pair, other: Pair) -> bool:
    """Tell whether two differences in one row are one: what was put right may differ anew, by another change."""
    return (one.venue, one.memory) == (other.venue, other.memory)
