"""Where each number of the account comes from: who told it, when, and when the venue's lists last showed the same."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeAlias

from trader_gui.domain.account import AccountUpdate
from trader_gui.domain.order import Order, OrderOutcome, OrderUpdate
from trader_gui.orders.reconcile import RowKey, RowKind, order_key, position_key


class Source(StrEnum):
    """Who told: the user stream, the answer to a request of ours, or the venue when it was asked."""

    STREAM = "stream"
    ANSWER = "answer"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Told:
    """How one row of the account came to be known; times are monotonic.

    Attributes:
        told_ns: When its present value came.
        confirmed_ns: When the venue's lists last showed the same, None while they have not.
    """

    source: Source
    told_ns: int
    confirmed_ns: int | None = None


class Provenance:
    """Keeps a `Told` for every position, balance and open order; O(1) for a message.

    Attributes:
        rows: By row key; read it, never write.
        revision: Rises with every change.
    """

    def __init__(self) -> None:
        self.rows: dict[RowKey, Told] = {}
        self.revision = 0
        self._takers: Mapping[type, _Taker] = {
            AccountUpdate: self._take_account_update,
            OrderUpdate: self._take_order_update,
            OrderOutcome: self._take_outcome,
        }

    def take(self, item: object, now_ns: int) -> None:
        """Note where the core is about to have something from; a snapshot is told by `confirm` and `adopt`."""
        taker = self._takers.get(type(item))
        if taker is not None:
            taker(item, now_ns)
            self.revision += 1

    def told_ns(self, key: RowKey) -> int:
        """Return when something was last told of a row, 0 for never."""
        told = self.rows.get(key)
        return told.told_ns if told is not None else 0

    def confirm(self, keys: Iterable[RowKey], now_ns: int) -> None:
        """The venue's lists show these rows as they are known."""
        for key in keys:
            told = self.rows.get(key)
            self.rows[key] = replace(told, confirmed_ns=now_ns) if told else Told(Source.ASKED, now_ns, now_ns)
        self.revision += 1

    def adopt(self, keys: Iterable[RowKey], now_ns: int) -> None:
        """These rows are taken over from the venue's lists."""
        for key in keys:
            self.rows[key] = Told(Source.ASKED, now_ns, now_ns)
        self.revision += 1

    def keep_only(self, keys: Collection[RowKey]) -> None:
        """Forget what is no longer there."""
        for key in self.rows.keys() - keys:
            del self.rows[key]

    def _take_account_update(self, update: AccountUpdate, now_ns: int) -> None:
        for balance in update.balances:
            self._tell((RowKind.WALLET, balance.asset), Source.STREAM, now_ns)
        for position in update.positions:
            self._tell(position_key(position.symbol, position.position_side), Source.STREAM, now_ns)

    def _take_order_update(self, update: OrderUpdate, now_ns: int) -> None:
        self._tell_order(update.order, Source.ASKED if update.is_asked else Source.STREAM, now_ns)

    def _take_outcome(self, outcome: OrderOutcome, now_ns: int) -> None:
        if outcome.order is not None:
            self._tell_order(outcome.order, Source.ASKED if outcome.is_asked else Source.ANSWER, now_ns)

    def _tell_order(self, order: Order, source: Source, now_ns: int) -> None:
        self._tell(order_key(order.client_order_id, order.order_family), source, now_ns)

    def _tell(self, key: RowKey, source: Source, now_ns: int) -> None:
        known = self.rows.get(key)
        self.rows[key] = Told(source, now_ns, known.confirmed_ns if known is not None else None)


_Taker: TypeAlias = Callable[[Any, int], None]
