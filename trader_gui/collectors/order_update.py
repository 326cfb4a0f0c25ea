"""Orders of both families and own fills, as far as they are known."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec.structs import replace

from trader_gui.collectors.collector import Collector
from trader_gui.collectors.order_merge import is_other_order, merge_order
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.client_order_id import parse_client_order_id
from trader_gui.domain.order import (
    Fill,
    FillHistory,
    Order,
    OrderFamily,
    OrderIntent,
    OrderOutcome,
    OrdersInDoubt,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Origin,
    OutcomeKind,
    Purpose,
)
from trader_gui.domain.step import ApprovedOrder, Message

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

OrderKey: TypeAlias = tuple[str, OrderFamily]
"""A triggered conditional order and the order of the book that came of it share their client order id."""

_ZERO = Decimal(0)
_FILLS = 2000
_FILL_IDS = 20_000
_CLOSED = 500


class OrderUpdateCollector(Collector):
    """Open orders, recent terminal orders and fills; REST replies and events merge in any order.

    Of two lists of open orders the one that was asked for last counts, whichever comes first.

    Args:
        prefix: Of this installation's client order ids; tells own orders from foreign ones.
    """

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix
        self._open: dict[OrderKey, Order] = {}
        self._closed: dict[OrderKey, Order] = {}
        self._fills: deque[Fill] = deque(maxlen=_FILLS)
        self._fill_ids: dict[tuple[str, int], None] = {}
        self._cancels: set[OrderKey] = set()
        self._amends: set[OrderKey] = set()
        self._listed_time_ms = 0

    @property
    def orders(self) -> dict[str, Order]:
        """Open orders by client order id; of a triggered pair, the order of the book."""
        found: dict[str, Order] = {}
        for order in self._open.values():
            if order.client_order_id not in found or order.order_family is OrderFamily.BOOK:
                found[order.client_order_id] = order
        return found

    @property
    def fills(self) -> list[Fill]:
        """Own fills, oldest first, each (symbol, trade id) once."""
        return list(self._fills)

    @property
    def closed(self) -> list[Order]:
        """Recent terminal orders, oldest first."""
        return list(self._closed.values())

    @property
    def closed_keys(self) -> frozenset[OrderKey]:
        """Recent orders that the venue has told to be over; one that we gave up on unheard may be open after all."""
        return frozenset(key for key, order in self._closed.items() if order.order_id is not None)

    @property
    def cancels_in_flight(self) -> frozenset[OrderKey]:
        """Orders whose cancel was sent and not answered."""
        return frozenset(self._cancels)

    @property
    def amends_in_flight(self) -> frozenset[OrderKey]:
        """Orders whose amendment was sent and not answered, or answered so that nobody knows what became of it."""
        return frozenset(self._amends)

    @property
    def cancel_ids(self) -> frozenset[str]:
        """Client order ids of `cancels_in_flight`."""
        return frozenset(client_order_id for client_order_id, _ in self._cancels)

    def has_fill(self, fill: Fill) -> bool:
        """Tell whether the fill was booked already."""
        return (fill.symbol, fill.trade_id) in self._fill_ids

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """Return open orders, those SENT and UNKNOWN included, oldest first."""
        return [o for o in self._open.values() if symbol is None or o.symbol == symbol]

    def get(self, client_order_id: str, family: OrderFamily | None = None) -> Order | None:
        """Return an order, open or recently closed; without `family` the order of the book first."""
        for wanted in (OrderFamily.BOOK, OrderFamily.ALGO) if family is None else (family,):
            order = self._find((client_order_id, wanted))
            if order is not None:
                return order
        return None

    def origin_of(self, client_order_id: str) -> tuple[Origin, Purpose | None]:
        """Return who made an order or fill of this id, and for what; (OTHER, None) for a foreign one."""
        return parse_client_order_id(self._prefix, client_order_id)

    def enter(self, approved: ApprovedOrder, now_ms: int) -> None:
        """Take in an order of ours that is being sent now (status SENT)."""
        self.enter_intent(approved.intent, approved.client_order_id, now_ms)

    def enter_intent(self, intent: OrderIntent, client_order_id: str, now_ms: int) -> None:
        """Take in an order of ours as it was meant to be sent (status SENT)."""
        order = order_of(intent, client_order_id, OrderStatus.SENT, now_ms)
        self._put(_key(order), order)

    def enter_cancel(self, client_order_id: str, family: OrderFamily) -> None:
        """Note that a cancel is being sent."""
        self._cancels.add((client_order_id, family))
        self.revision += 1

    def enter_amend(self, client_order_id: str) -> None:
        """Note that an amendment is being sent."""
        self._amends.add((client_order_id, OrderFamily.BOOK))
        self.revision += 1

    def load_fills(self, fills: Iterable[Fill]) -> bool:
        """Take in own executions of the past, oldest first; return whether one of them is news."""
        return sum(map(self._add_fill, fills)) > 0

    def apply(self, message: Message) -> bool:
        if isinstance(message, OrderUpdate):
            merged = self._merge(message.order, is_latest=message.execution_type == "AMENDMENT")
            return (message.fill is not None and self._add_fill(message.fill)) or merged
        if isinstance(message, OrderOutcome) and message.is_amend:
            return self._answer_amend(message)
        if isinstance(message, OrderOutcome):
            return self._answer_cancel(message) if message.is_cancel else self._answer_order(message)
        if isinstance(message, AccountSnapshot):
            return self._replace_open(message)
        if isinstance(message, FillHistory):
            return self.load_fills(message.fills)
        if isinstance(message, OrdersInDoubt):
            return sum(map(self._doubt, message.orders)) > 0
        return False

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        rows = [msgspec.structs.asdict(o) for o in (*self._closed.values(), *self._open.values())]
        return pd.DataFrame(rows, columns=Order.__struct_fields__)

    def fill_frame(self) -> pd.DataFrame:
        """Return the fills as a frame, oldest first."""
        import pandas as pd

        return pd.DataFrame([msgspec.structs.asdict(f) for f in self._fills], columns=Fill.__struct_fields__)

    def _find(self, key: OrderKey) -> Order | None:
        return self._open.get(key) or self._closed.get(key)

    def _merge(self, told: Order, *, is_latest: bool = False) -> bool:
        origin, purpose = self.origin_of(told.client_order_id)
        told = replace(told, origin=origin, purpose=purpose)
        key = _key(told)
        known = self._find(key)
        if known is not None and is_other_order(known, told):
            if (told.order_id or 0) < (known.order_id or 0):
                return False
            known = None
        merged = told if known is None else merge_order(known, told, is_latest=is_latest)
        if merged.order_family is OrderFamily.ALGO:
            merged = self._as_executed(merged)
        if merged == known:
            return False
        self._put(key, merged)
        parent = self._open.get((merged.client_order_id, OrderFamily.ALGO))
        if parent is not None and merged.order_family is OrderFamily.BOOK:
            self._put(_key(parent), self._as_executed(parent))
        return True

    def _as_executed(self, parent: Order) -> Order:
        """Finish a conditional order of ours once the order of the book that came of it is over.

        The venue may tell that order first, and its word on the conditional one may be lost: a stop that has been
        executed, or has failed, must not be taken for one that still protects. Our ids are used once, so an order of
        the book under the same id is always what came of it.
        """
        child = self._find((parent.client_order_id, OrderFamily.BOOK))
        if child is None or not child.status.is_terminal or parent.origin is Origin.OTHER:
            return parent
        if parent.status.is_terminal or parent.order_id is None or child.order_id is None:
            return parent
        return replace(parent, status=OrderStatus.FINISHED, triggered_order_id=child.order_id)

    def _put(self, key: OrderKey, order: Order) -> None:
        if order.status.is_terminal:
            self._open.pop(key, None)
            self._closed.pop(key, None)
            self._closed[key] = order
            self._cancels.discard(key)
            self._amends.discard(key)
            while len(self._closed) > _CLOSED:
                del self._closed[next(iter(self._closed))]
        else:
            self._closed.pop(key, None)
            self._open[key] = order
        self.revision += 1

    def _add_fill(self, fill: Fill) -> bool:
        if self.has_fill(fill):
            return False
        self._fill_ids[fill.symbol, fill.trade_id] = None
        if len(self._fill_ids) > _FILL_IDS:
            del self._fill_ids[next(iter(self._fill_ids))]
        self._fills.append(fill)
        self.revision += 1
        return True

    def _answer_order(self, outcome: OrderOutcome) -> bool:
        if outcome.order is not None:
            return self._merge(outcome.order, is_latest=outcome.is_asked)
        if outcome.kind is OutcomeKind.ACCEPTED:
            return False
        unsure = (OrderStatus.SENT, OrderStatus.UNKNOWN)
        for key in _keys(outcome.client_order_id):
            known = self._open.get(key)
            if known is None or known.status not in unsure:
                continue  # the stream has told more than this answer
            status = OrderStatus.REJECTED if outcome.kind is OutcomeKind.REFUSED else OrderStatus.UNKNOWN
            self._put(key, replace(known, status=status, reject_reason=_reason(outcome)))
            return True
        return False

    def _answer_cancel(self, outcome: OrderOutcome) -> bool:
        """Free the order for another cancel; where the venue said yes without telling the order, it is cancelled."""
        asked = [key for key in _keys(outcome.client_order_id) if key in self._cancels]
        self._cancels.difference_update(asked)
        if outcome.order is not None:
            self._merge(outcome.order)
        elif outcome.kind is OutcomeKind.ACCEPTED:
            for key in asked:
                known = self._open.get(key)
                if known is not None:
                    self._put(key, replace(known, status=OrderStatus.CANCELED))
        self.revision += 1
        return True

    def _answer_amend(self, outcome: OrderOutcome) -> bool:
        """Free the order for another amendment, unless nobody knows what became of this one."""
        if outcome.kind is not OutcomeKind.UNKNOWN:
            self._amends.discard((outcome.client_order_id, OrderFamily.BOOK))
        if outcome.order is not None:
            self._merge(outcome.order, is_latest=True)
        self.revision += 1
        return True

    def _doubt(self, order: Order) -> bool:
        """Take in an order of which the end was not heard; what is known of it already is known better."""
        key = _key(order)
        if self._find(key) is not None:
            return False
        self._put(key, replace(order, status=OrderStatus.UNKNOWN))
        return True

    def _replace_open(self, snapshot: AccountSnapshot) -> bool:
        """Take the venue's list of open orders.

        An order that it leaves out has ended, how is not told: it becomes UNKNOWN, so that the session asks, and the
        purpose of one of ours stays barred until then. One that was told after the list was asked for stays.
        """
        if snapshot.taken_time_ms < self._listed_time_ms:
            return False
        self._listed_time_ms = snapshot.taken_time_ms
        told = snapshot.open_orders
        named = {_key(order) for order in told}
        for key, order in list(self._open.items()):
            if key in named or order.status in (OrderStatus.SENT, OrderStatus.UNKNOWN):
                continue
            is_newer = order.update_time_ms > snapshot.taken_time_ms
            is_listed = snapshot.orders_of is None or order.symbol in snapshot.orders_of
            if is_listed and not is_newer:
                self._put(key, replace(order, status=OrderStatus.UNKNOWN))
        for order in told:
            self._merge(order, is_latest=True)
        self.revision += 1
        return True


def _key(order: Order) -> OrderKey:
    return order.client_order_id, order.order_family


def _keys(client_order_id: str) -> tuple[OrderKey, OrderKey]:
    return (client_order_id, OrderFamily.BOOK), (client_order_id, OrderFamily.ALGO)


def _reason(outcome: OrderOutcome) -> str:
    return outcome.error_message if outcome.error_code is None else f"{outcome.error_code} {outcome.error_message}"


def order_of(intent: OrderIntent, client_order_id: str, status: OrderStatus, time_ms: int) -> Order:
    """Return the order that an intent asks for, while the venue has told nothing of it; `time_ms` is UTC."""
    return Order(
        symbol=intent.symbol,
        client_order_id=client_order_id,
        order_family=OrderFamily.ALGO if intent.order_type.is_conditional else OrderFamily.BOOK,
        side=intent.side,
        order_type=intent.order_type,
        status=status,
        quantity=intent.quantity or _ZERO,
        price=intent.price or _ZERO,
        trigger_price=intent.trigger_price or _ZERO,
        executed_quantity=_ZERO,
        average_price=_ZERO,
        time_in_force=intent.time_in_force,
        reduce_only=intent.reduce_only,
        close_position=intent.close_position,
        working_type=intent.working_type,
        update_time_ms=time_ms,
        origin=intent.origin,
        purpose=intent.purpose,
        position_side=intent.position_side,
        price_protect=intent.price_protect,
        is_activated=intent.order_type is OrderType.TRAILING_STOP_MARKET and intent.activation_price is None,
    )
