"""What the program last knew, made anew from the journal by the collectors that memory is made by.

The journal's rows are in order of arrival, and events arrive late, doubled, or after a newer snapshot. Memory orders
them by the matching engine's time; so the rows are put through the same collectors here, and the outcome is the same.
Not all rows are needed: a snapshot replaces what was before it, but for rows that are dated after it was asked for and
came before its answer. Orders are followed one by one from their beginning: those of ours whose end was not told,
however old, those that the snapshot lists, and those that anything was told of since it was asked for.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from trader_gui.collectors.account_update import AccountUpdateCollector
from trader_gui.collectors.order_merge import as_heard
from trader_gui.collectors.order_update import OrderUpdateCollector
from trader_gui.domain.account import AccountSnapshot, Balance, Position, PositionKey
from trader_gui.domain.bracket import Bracket
from trader_gui.domain.client_order_id import sequence_of
from trader_gui.domain.order import (
    AmendIntent,
    CancelIntent,
    Order,
    OrderFamily,
    OrdersInDoubt,
    OrderStatus,
    Origin,
)
from trader_gui.domain.step import Message
from trader_gui.journal.records import (
    ACCOUNT_KINDS,
    ORDER_KINDS,
    decode_account_message,
    decode_bracket,
    decode_intent,
    decode_order_message,
)

_VENUE_IDS = 2_000
_NEWEST_WORD = "SELECT event_time_ms FROM account ORDER BY id DESC LIMIT 1"
_NEWEST_SNAPSHOT = """SELECT id, session_id, event_time_ms, payload FROM account
    WHERE kind = 'snapshot' ORDER BY session_id DESC, event_time_ms DESC, id DESC LIMIT 1"""
_ACCOUNT_SINCE = """SELECT id, kind, payload FROM account
    WHERE session_id = :session AND event_time_ms > :taken AND id < :id
    UNION ALL SELECT id, kind, payload FROM account WHERE id >= :id"""
_ORDER_SINCE = "SELECT id, kind, payload FROM order_event WHERE id > :id"
_INTENT_SINCE = "SELECT id, client_order_id, payload FROM intent WHERE id > :id"
_TO_FOLLOW = """SELECT client_order_id FROM open_intent
    UNION SELECT client_order_id FROM order_event WHERE id > :id
    UNION SELECT client_order_id FROM order_event WHERE session_id = :session AND event_time_ms > :taken AND id < :id"""
_ORDER_BEFORE = "SELECT id, kind, payload FROM order_event WHERE client_order_id = :order AND id < :id"
_INTENT_BEFORE = "SELECT id, client_order_id, payload FROM intent WHERE client_order_id = :order AND id < :id"
# The plus keeps the index of another order out of it, which would read all orders to find the newest.
_NEWEST_VENUE_ORDERS = """SELECT symbol, order_id, client_order_id FROM venue_order WHERE +account_id = 0
    ORDER BY id DESC LIMIT ?"""
_BRACKETS = "SELECT payload FROM open_bracket WHERE is_over = 0"
_BRACKET_ORDERS = "SELECT client_order_id FROM bracket_order WHERE entry_id = ?"
_READ_THROUGH = "SELECT symbol, max(newest_trade_id) FROM fill_reading WHERE account_id = 0 GROUP BY symbol"
_READ_TIMES = "SELECT symbol, max(event_time_ms) FROM fill_reading WHERE account_id = 0 GROUP BY symbol"
_NEWEST_TRADES = """WITH RECURSIVE name(symbol) AS (
        SELECT min(symbol) FROM fill WHERE account_id = 0
        UNION ALL SELECT (SELECT min(symbol) FROM fill WHERE account_id = 0 AND fill.symbol > name.symbol) FROM name
        WHERE name.symbol IS NOT NULL)
    SELECT symbol, (SELECT max(trade_id) FROM fill WHERE account_id = 0 AND fill.symbol = name.symbol)
    FROM name WHERE symbol IS NOT NULL"""


class Belief(msgspec.Struct, frozen=True):
    """What the journal says was true when the program last wrote.

    Attributes:
        orders: Not known to be over, those of others too; status UNKNOWN when nothing is known but that it was sent.
        positions: Not flat, by symbol and leg.
        balances: By asset.
        newest_trade_ids: By symbol: up to this trade every own execution is in the journal. A symbol is left out while
            no execution in it is known.
        read_times_ms: By symbol: market time at which that was last made sure of, by the venue's list.
        client_order_ids: Of our newest orders, by symbol and the venue's id under which they are executed.
        time_ms: Event time of the newest word about the account.
        brackets: By hand, not over, oldest first.
    """

    orders: tuple[Order, ...]
    positions: Mapping[PositionKey, Position]
    balances: Mapping[str, Balance]
    newest_trade_ids: Mapping[str, int]
    read_times_ms: Mapping[str, int]
    client_order_ids: Mapping[tuple[str, int], str]
    time_ms: int = 0
    brackets: tuple[Bracket, ...] = ()


class _Row(NamedTuple):
    """A row of one of the three tables; an intent has no kind, but a `name`: its client order id."""

    id: int
    kind: str
    payload: bytes
    is_order: bool
    name: str = ""


def read_belief(connection: sqlite3.Connection, prefix: str) -> Belief | None:
    """Return what the journal behind `connection` says; None when it has never seen an account.

    Raises:
        sqlite3.Error, msgspec.DecodeError, KeyError: The journal cannot be read.
    """
    connection.execute("BEGIN")  # the writer goes on meanwhile: all that is read is of one instant
    try:
        newest = connection.execute(_NEWEST_SNAPSHOT).fetchone()
        return None if newest is None else _Fold(connection, prefix).belief(*newest)
    finally:
        connection.execute("ROLLBACK")


class _Fold:
    """The collectors, and the rows that go through them."""

    def __init__(self, connection: sqlite3.Connection, prefix: str) -> None:
        self._connection = connection
        self._prefix = prefix
        self._is_before = True
        self._orders = OrderUpdateCollector(prefix)
        self._account = AccountUpdateCollector()
        self._former: list[Order] = []

    def belief(self, snapshot_id: int, session_id: int, taken_time_ms: int, payload: bytes) -> Belief:
        """Return the belief that rests on this snapshot."""
        listed = decode_account_message("snapshot", payload)
        assert isinstance(listed, AccountSnapshot)
        at = {"id": snapshot_id, "session": session_id, "taken": taken_time_ms}
        followed = {order.client_order_id for order in listed.open_orders}
        followed.update(name for (name,) in self._connection.execute(_TO_FOLLOW, at))
        rows = [row for order in followed for row in self._before(order, snapshot_id)]
        rows += self._account_rows(at)
        rows += self._order_rows(_ORDER_SINCE, at) + self._intent_rows(_INTENT_SINCE, at)
        for row in sorted(rows):
            if row.id > session_id and self._is_before:
                self._begin_session()
            self._apply(row)
        return Belief(
            orders=tuple(_as_left(as_heard(order, self._former)) for order in self._orders.open_orders()),
            positions=self._account.positions,
            balances=dict(self._account.balances),
            newest_trade_ids=self._newest_trade_ids(),
            read_times_ms=dict(self._connection.execute(_READ_TIMES).fetchall()),
            client_order_ids=self._client_order_ids(),
            time_ms=int(self._connection.execute(_NEWEST_WORD).fetchone()[0]),
            brackets=self._brackets(),
        )

    def _brackets(self) -> tuple[Bracket, ...]:
        """Return the brackets with all orders that were sent for them: the last of them may be told nowhere else."""
        found = []
        for (payload,) in self._connection.execute(_BRACKETS).fetchall():
            bracket = decode_bracket(payload)
            names = (name for (name,) in self._connection.execute(_BRACKET_ORDERS, (bracket.entry_id,)))
            orders = sorted({*bracket.orders, *names}, key=lambda name: sequence_of(self._prefix, name))
            found.append(msgspec.structs.replace(bracket, orders=tuple(orders)))
        return tuple(sorted(found, key=lambda bracket: sequence_of(self._prefix, bracket.entry_id)))

    def _begin_session(self) -> None:
        """Begin anew as memory does: of what was before the session, only our orders without an end are kept, in doubt.

        By its dates alone, a snapshot at the start may look older than what the former session heard last.
        """
        self._former = self._orders.open_orders()
        left = tuple(order for order in self._former if order.origin is not Origin.OTHER)
        self._is_before = False
        self._orders = OrderUpdateCollector(self._prefix)
        self._orders.apply(OrdersInDoubt(left))

    def _before(self, client_order_id: str, snapshot_id: int) -> list[_Row]:
        at = {"order": client_order_id, "id": snapshot_id}
        return self._intent_rows(_INTENT_BEFORE, at) + self._order_rows(_ORDER_BEFORE, at)

    def _account_rows(self, at: Mapping[str, Any]) -> list[_Row]:
        return [_Row(i, kind, payload, False) for i, kind, payload in self._connection.execute(_ACCOUNT_SINCE, at)]

    def _order_rows(self, query: str, at: Mapping[str, Any]) -> list[_Row]:
        return [_Row(i, kind, payload, True) for i, kind, payload in self._connection.execute(query, at)]

    def _intent_rows(self, query: str, at: Mapping[str, Any]) -> list[_Row]:
        rows: Iterable[tuple[int, str, bytes]] = self._connection.execute(query, at)
        return [_Row(row_id, "", payload, True, name) for row_id, name, payload in rows]

    def _apply(self, row: _Row) -> None:
        if row.name:
            self._enter(row.name, row.payload)
        elif row.is_order and row.kind in ORDER_KINDS.values():
            self._apply_order_message(row)
        elif not row.is_order and row.kind in ACCOUNT_KINDS.values():
            self._tell(decode_account_message(row.kind, row.payload))

    def _enter(self, client_order_id: str, payload: bytes) -> None:
        intent = decode_intent(payload)
        self._orders.enter_intent(intent, client_order_id, intent.wanted_time_ms)

    def _apply_order_message(self, row: _Row) -> None:
        message = decode_order_message(row.kind, row.payload)
        if isinstance(message, CancelIntent):
            self._orders.enter_cancel(message.client_order_id, message.order_family)
        elif isinstance(message, AmendIntent):
            self._orders.enter_amend(message.client_order_id)
        else:
            self._tell(message)

    def _tell(self, message: Message) -> None:
        self._account.apply(message)
        self._orders.apply(message)

    def _newest_trade_ids(self) -> dict[str, int]:
        """Return up to which trade the venue's list was read; where it never was, the newest that was told."""
        found = dict(self._connection.execute(_NEWEST_TRADES).fetchall())
        found |= dict(self._connection.execute(_READ_THROUGH).fetchall())
        return {symbol: trade_id for symbol, trade_id in found.items() if trade_id}

    def _client_order_ids(self) -> dict[tuple[str, int], str]:
        rows = self._connection.execute(_NEWEST_VENUE_ORDERS, (_VENUE_IDS,))
        found = {(symbol, number): name for symbol, number, name in rows}
        for order in self._orders.open_orders():
            number = order.triggered_order_id if order.order_family is OrderFamily.ALGO else order.order_id
            if number is not None and order.origin is not Origin.OTHER:
                found[order.symbol, number] = order.client_order_id
        return found


def _as_left(order: Order) -> Order:
    """Return an order as a program that has ended leaves it: one that was being sent may have arrived or not."""
    return msgspec.structs.replace(order, status=OrderStatus.UNKNOWN) if order.status is OrderStatus.SENT else order
