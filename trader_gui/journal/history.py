"""The past for tables: orders, executions and changes of balances, page by page from the newest on; an order's life."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from trader_gui.collectors.order_merge import merge_order
from trader_gui.collectors.order_update import order_of
from trader_gui.domain.account import AccountUpdate
from trader_gui.domain.order import (
    Fill,
    Order,
    OrderIntent,
    OrderOutcome,
    OrderStatus,
    OrderUpdate,
    OutcomeKind,
    PastOrder,
)
from trader_gui.journal.reader import JournalReader
from trader_gui.journal.records import OrderMessage, decode_account_message, decode_intent, decode_order_message

PAGE_EVENTS = 2000
"""Order events of one page; their decoding takes some 10 ms."""
_ASKED_AT_ONCE = 500
"""SQLite's least limit of values in one statement is 999."""


class JournalPage(msgspec.Struct, frozen=True):
    """What a run of neighbouring rows says.

    Attributes:
        orders: As far as these rows tell; older pages may know more of the same order, and are to be merged.
        before_id: Where the next older page begins; None when this one reaches back to the beginning.
        oldest_ms: Event time of the oldest row; None when there is none.
    """

    orders: tuple[PastOrder, ...]
    fills: tuple[Fill, ...]
    account_updates: tuple[AccountUpdate, ...]
    before_id: int | None
    oldest_ms: int | None


class OrderLife(msgspec.Struct, frozen=True):
    """All that was written about one order; `intent` is None for an order that this program did not send."""

    intent: OrderIntent | None
    messages: tuple[OrderMessage, ...]


class JournalHistory(JournalReader):
    """A reader that goes backwards.

    Owner: as of `JournalReader`.
    """

    def __enter__(self) -> "JournalHistory":
        return self

    def page(self, before_id: int | None = None, *, newest_session_only: bool = False) -> JournalPage:
        """Return the newest rows older than `before_id`, or the newest of all.

        Args:
            before_id: As the page before told it.
            newest_session_only: Leave out what earlier sessions wrote: their account was another one.
        """
        floor = self._first_id() if newest_session_only else 0
        top = before_id if before_id is not None else 1 << 62
        query = """SELECT id, event_time_ms, kind, client_order_id, payload FROM order_event
            WHERE id > ? AND id < ? ORDER BY id DESC LIMIT ?"""
        rows = self._rows(query, floor, top, PAGE_EVENTS)
        is_last = len(rows) < PAGE_EVENTS
        bottom = floor if is_last else rows[-1][0] - 1
        query = "SELECT payload FROM account WHERE kind = 'update' AND id > ? AND id < ? ORDER BY id DESC"
        updates = [decode_account_message("update", payload) for (payload,) in self._rows(query, bottom, top)]
        messages = [(client_order_id, decode_order_message(kind, data)) for _, _, kind, client_order_id, data in rows]
        fills = [m.fill for _, m in messages if isinstance(m, OrderUpdate) and m.fill is not None]
        return JournalPage(
            orders=tuple(self._orders(messages)),
            fills=tuple(fills),
            account_updates=tuple(u for u in updates if isinstance(u, AccountUpdate)),
            before_id=None if is_last else bottom + 1,
            oldest_ms=rows[-1][1] if rows else None,
        )

    def life(self, client_order_id: str) -> OrderLife:
        """Return all that was written about an order."""
        intent = self._intents([client_order_id]).get(client_order_id)
        return OrderLife(intent, self.order_messages(client_order_id))

    def symbols(self) -> frozenset[str]:
        """Return every symbol that this journal has an order or an execution of."""
        rows = self._rows("SELECT symbol FROM intent UNION SELECT symbol FROM fill")
        return frozenset(symbol for (symbol,) in rows)

    def _first_id(self) -> int:
        session = self.last_session()
        return session.session_id if session is not None else 0

    def _intents(self, ids: Sequence[str]) -> dict[str, OrderIntent]:
        found: dict[str, OrderIntent] = {}
        for start in range(0, len(ids), _ASKED_AT_ONCE):
            asked = ids[start : start + _ASKED_AT_ONCE]
            places = ", ".join("?" * len(asked))
            query = f"SELECT client_order_id, payload FROM intent WHERE client_order_id IN ({places})"
            found.update((cid, decode_intent(payload)) for cid, payload in self._rows(query, *asked))
        return found

    def _orders(self, messages: Iterable[tuple[str, OrderMessage]]) -> list[PastOrder]:
        """Return each order once, as the messages together tell it, dated by its intent where there is one."""
        told = [
            (cid, message.order if message.order is not None else message)
            for cid, message in messages
            if isinstance(message, OrderUpdate | OrderOutcome)
        ]
        intents = self._intents(sorted({cid for cid, _ in told}))
        found: dict[tuple[Any, ...], PastOrder] = {}
        for cid, what in told:
            intent = intents.get(cid)
            order = _refused_order(intent, what) if isinstance(what, OrderOutcome) else what
            if order is None:
                continue
            placed = order.update_time_ms if intent is None else intent.wanted_time_ms
            key = (order.symbol, order.order_family, order.order_id or cid)
            known = found.get(key)
            if known is not None:
                placed, order = min(known.placed_time_ms, placed), merge_order(known.order, order)
            found[key] = PastOrder(order, placed, is_told=False)
        return list(found.values())


def _refused_order(intent: OrderIntent | None, outcome: OrderOutcome) -> Order | None:
    """Return an order that the venue refused, which it keeps no record of; None for any other answer."""
    if intent is None or outcome.is_cancel or outcome.is_amend or outcome.kind is not OutcomeKind.REFUSED:
        return None
    code = "" if outcome.error_code is None else f"{outcome.error_code} "
    order = order_of(intent, outcome.client_order_id, OrderStatus.REJECTED, outcome.event_time_ms)
    return replace(order, reject_reason=f"{code}{outcome.error_message}")
