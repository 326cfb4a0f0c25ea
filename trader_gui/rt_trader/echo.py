"""Doubt by echo: what the venue has accepted or executed must be told by the user stream soon, or the stream is ill.

A user stream whose key has ended without a word, or that lost an event, looks like one that has nothing to tell. Every
own order proves the difference within two seconds. A false alarm costs one reading of the account, no more.
"""

from typing import NamedTuple, TypeVar

from trader_gui.collectors.order_update import OrderKey
from trader_gui.domain.account import AccountSnapshot, AccountUpdate
from trader_gui.domain.order import Order, OrderFamily, OrderOutcome, OrderUpdate, OutcomeKind

ECHO_LIMIT_NS = 2_000_000_000
SLACK_MS = 20
"""The two events of one execution carry the same time of the matching engine; so much they may differ all the same."""

_REMEMBERED = 1000
"""Orders, and symbols, of which is known what the stream told last."""

K = TypeVar("K")
V = TypeVar("V")


class _Awaited(NamedTuple):
    """What the stream has yet to tell of an order: as accepted (None: any word of it), or its end."""

    order: Order | None
    is_end: bool
    since_ns: int


class EchoWatch:
    """Holds answers against the stream, and the stream's order events against its account events.

    An order or a change of it that was accepted: the stream must tell that order, as it was accepted or newer. A cancel
    that was accepted: the stream must tell its end. An execution that the stream tells: it must tell the position that
    came of it, and the other way round. All is O(1) for a message; `overdue` looks at what is awaited.
    """

    def __init__(self) -> None:
        self._told: dict[OrderKey, Order] = {}
        self._awaited: dict[OrderKey, _Awaited] = {}
        self._executed_ms: dict[str, int] = {}
        self._moved_ms: dict[str, int] = {}
        self._uneven_since_ns: dict[str, int] = {}
        self._engine_untold_since_ns: int | None = None

    def take(self, item: object, now_ns: int) -> None:
        """Take one message of the session, in the order in which they are worked off."""
        if isinstance(item, OrderUpdate):
            if not item.is_asked:
                self._take_update(item, now_ns)
        elif isinstance(item, OrderOutcome):
            if item.kind is OutcomeKind.ACCEPTED and not item.is_asked:
                self._await(item, now_ns)
        elif isinstance(item, AccountUpdate):
            self._take_account(item, now_ns)
        elif isinstance(item, AccountSnapshot):
            self._take_snapshot(item)

    def forget(self) -> None:
        """Expect nothing any more: the stream is cut, or has begun anew, and repeats nothing."""
        self._awaited.clear()
        self._uneven_since_ns.clear()
        self._engine_untold_since_ns = None

    def overdue(self, now_ns: int, *, is_engine_untold: bool) -> str:
        """Return the code of what the stream should have told by now and has not, "" when it owes nothing.

        Args:
            now_ns: Monotonic.
            is_engine_untold: An execution of the engine is known, from wherever, and not the position that came of it.

        Returns:
            `order_untold`, `position_untold` (an execution's), `execution_untold` (a position's) or "".
        """
        if not is_engine_untold:
            self._engine_untold_since_ns = None
        elif self._engine_untold_since_ns is None:
            self._engine_untold_since_ns = now_ns
        if _is_late(self._engine_untold_since_ns, now_ns):
            return "position_untold"
        if any(_is_late(awaited.since_ns, now_ns) for awaited in self._awaited.values()):
            return "order_untold"
        for symbol, since_ns in self._uneven_since_ns.items():
            if _is_late(since_ns, now_ns):
                is_ahead = self._executed_ms.get(symbol, 0) > self._moved_ms.get(symbol, 0)
                return "position_untold" if is_ahead else "execution_untold"
        return ""

    # ---- orders ------------------------------------------------------------------------------------------------------

    def _await(self, outcome: OrderOutcome, now_ns: int) -> None:
        order = outcome.order
        if order is None and outcome.is_amend:
            return  # it changed nothing, so there is nothing to tell
        # Only the Algo service answers a cancel without the order.
        family = order.order_family if order is not None else OrderFamily.ALGO
        key, awaited = (outcome.client_order_id, family), _Awaited(order, outcome.is_cancel, now_ns)
        told = self._told.get(key)
        if told is None or not _is_echo(told, awaited):
            self._awaited[key] = awaited

    def _take_update(self, update: OrderUpdate, now_ns: int) -> None:
        order = update.order
        key = (order.client_order_id, order.order_family)
        _remember(self._told, key, order)
        awaited = self._awaited.get(key)
        if awaited is not None and _is_echo(order, awaited):
            del self._awaited[key]
        if update.execution_type in ("TRADE", "CALCULATED"):
            self._note(self._executed_ms, order.symbol, update.transaction_time_ms, now_ns)

    # ---- executions and positions ------------------------------------------------------------------------------------

    def _take_account(self, update: AccountUpdate, now_ns: int) -> None:
        if update.reason != "ORDER":
            return
        # The venue may leave the positions out.
        for symbol in {p.symbol for p in update.positions} or tuple(self._uneven_since_ns):
            self._note(self._moved_ms, symbol, update.transaction_time_ms, now_ns)

    def _take_snapshot(self, snapshot: AccountSnapshot) -> None:
        """The account as it was read tells the positions that came of all that was executed by then."""
        for symbol in tuple(self._uneven_since_ns):
            if max(self._executed_ms.get(symbol, 0), self._moved_ms.get(symbol, 0)) <= snapshot.taken_time_ms:
                del self._uneven_since_ns[symbol]

    def _note(self, times_ms: dict[str, int], symbol: str, time_ms: int, now_ns: int) -> None:
        """Note up to when order events, or account events, have told of a symbol's executions."""
        _remember(times_ms, symbol, max(time_ms, times_ms.get(symbol, 0)))
        if abs(self._executed_ms.get(symbol, 0) - self._moved_ms.get(symbol, 0)) <= SLACK_MS:
            self._uneven_since_ns.pop(symbol, None)
        else:
            self._uneven_since_ns.setdefault(symbol, now_ns)


def _is_echo(told: Order, awaited: _Awaited) -> bool:
    """Tell whether the stream's word of an order covers an answer."""
    accepted = awaited.order
    if told.status.is_terminal or awaited.is_end or accepted is None:
        return told.status.is_terminal or not awaited.is_end
    if told.order_id != accepted.order_id or told.update_time_ms > accepted.update_time_ms:
        return told.order_id == accepted.order_id
    return not accepted.price or (told.price, told.quantity) == (accepted.price, accepted.quantity)


def _is_late(since_ns: int | None, now_ns: int) -> bool:
    return since_ns is not None and now_ns - since_ns > ECHO_LIMIT_NS


def _remember(store: dict[K, V], key: K, value: V) -> None:
    """Put a value in as the newest; the oldest goes when there are too many."""
    store.pop(key, None)
    store[key] = value
    if len(store) > _REMEMBERED:
        del store[next(iter(store))]
