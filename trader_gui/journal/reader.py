"""Read-only queries: what the program last believed, tables for people, export."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from trader_gui.domain.account import AccountSnapshot, AccountUpdate, Balance, Position
from trader_gui.domain.order import (
    Fill,
    Order,
    OrderFamily,
    OrderIntent,
    OrderOutcome,
    OrderStatus,
    OrderUpdate,
    OutcomeKind,
)
from trader_gui.errors import UserError
from trader_gui.journal.records import (
    AccountMessage,
    StepRecord,
    decode_account_message,
    decode_fill,
    decode_intent,
    decode_order_message,
    decode_step,
)
from trader_gui.journal.schema import NUMBERED_TABLES, as_user_error, connect_for_reading

if TYPE_CHECKING:
    import pandas as pd


class SessionRow(msgspec.Struct, frozen=True):
    """One session; `ended_ms` None and `end_reason` "" when it did not end in order. Wall clock, UTC."""

    session_id: int
    profile: str
    symbol: str
    interval: str
    version: str
    started_ms: int
    ended_ms: int | None
    end_reason: str


class NoteRow(msgspec.Struct, frozen=True):
    """Something that happened to a session: `kind` is a code (mode, feed, lost)."""

    session_id: int
    event_time_ms: int
    kind: str
    text: str


class JournalReader:
    """Reads a journal, also while a session writes it; a file that does not exist reads as an empty journal.

    Used on one thread. Every method may raise `UserError` when the file is damaged.

    Owner: whoever made it closes it; it is a context manager.
    """

    def __init__(self, path: Path) -> None:
        """Open the journal.

        Raises:
            UserError: It cannot be read, or is of a newer version.
            JournalDamagedError: It is damaged.
        """
        self._path = path
        self._connection = connect_for_reading(path)

    def __enter__(self) -> "JournalReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    # ---- what the program last believed ----------------------------------------------------------------------------

    @property
    def id_prefix(self) -> str:
        """Prefix of this journal's client order ids."""
        return str(self._rows("SELECT prefix FROM installation")[0][0])

    def next_sequence(self) -> int:
        """Return the number of the next client order id: one above the highest on disk."""
        return int(self._rows("SELECT max(sequence) FROM intent")[0][0] or 0) + 1

    def last_session(self) -> SessionRow | None:
        """Return the newest session, None when there was none."""
        sessions = self.sessions(newest=1)
        return sessions[0] if sessions else None

    def open_orders(self) -> tuple[Order, ...]:
        """Return the orders that were not known to be over, oldest first.

        An intent of which nothing more was heard counts: status UNKNOWN. The newest account snapshot tells which of
        the orders before it were still open then; own intents it does not name stay, as their answer may be missing.
        """
        snapshot_id, orders = self._orders_of_snapshot()
        query = """SELECT id, payload, client_order_id FROM intent i WHERE id > ?1 OR NOT EXISTS (SELECT 1
            FROM order_event e WHERE e.client_order_id = i.client_order_id AND e.kind = 'update' AND e.id < ?1)
            ORDER BY id"""
        for row_id, payload, client_order_id in self._rows(query, snapshot_id):
            intent = decode_intent(payload)
            key = (client_order_id, _family_of(intent))
            if key not in orders and (row_id > snapshot_id or not self._was_heard_of(client_order_id, snapshot_id)):
                orders[key] = _order_of_intent(intent, client_order_id)
        query = "SELECT kind, payload FROM order_event WHERE id > ? ORDER BY id"
        for kind, payload in self._rows(query, snapshot_id):
            _apply(orders, decode_order_message(kind, payload))
        return tuple(order for order in orders.values() if not order.status.is_terminal)

    def positions(self) -> dict[str, Position]:
        """Return the positions that the venue last told, by symbol; flat ones are left out."""
        positions: dict[str, Position] = {}
        for message in self._account_messages():
            if isinstance(message, AccountSnapshot):
                positions = {}
            if isinstance(message, AccountSnapshot | AccountUpdate):
                positions.update({position.symbol: position for position in message.positions})
        return {symbol: position for symbol, position in positions.items() if position.position_amount}

    def balances(self) -> dict[str, Balance]:
        """Return the balances that the venue last told, by asset."""
        balances: dict[str, Balance] = {}
        for message in self._account_messages():
            if isinstance(message, AccountSnapshot):
                balances = {}
            if isinstance(message, AccountSnapshot | AccountUpdate):
                balances.update({balance.asset: balance for balance in message.balances})
        return balances

    def account_time_ms(self) -> int:
        """Return the event time of the newest word about the account, 0 before the first."""
        rows = self._rows("SELECT event_time_ms FROM account ORDER BY id DESC LIMIT 1")
        return int(rows[0][0]) if rows else 0

    def has_intent(self, client_order_id: str) -> bool:
        """Tell whether the journal holds the intent of an order: then a session of this journal sent it."""
        return bool(self._rows("SELECT 1 FROM intent WHERE client_order_id = ?", client_order_id))

    # ---- tables ----------------------------------------------------------------------------------------------------

    def sessions(self, newest: int = 100) -> tuple[SessionRow, ...]:
        """Return sessions, newest first."""
        query = """SELECT s.id, s.profile, s.symbol, s.interval, s.version, s.started_ms, e.ended_ms,
            coalesce(e.reason, '') FROM session s LEFT JOIN session_end e ON e.session_id = s.id
            ORDER BY s.id DESC LIMIT ?"""
        return tuple(SessionRow(*row) for row in self._rows(query, newest))

    def intents(self) -> dict[str, OrderIntent]:
        """Return every order intent by client order id, oldest first."""
        rows = self._rows("SELECT client_order_id, payload FROM intent ORDER BY id")
        return {client_order_id: decode_intent(payload) for client_order_id, payload in rows}

    def fills(self, *, symbol: str | None = None, since_ms: int = 0) -> tuple[Fill, ...]:
        """Return own executions from `since_ms` on, oldest first."""
        query = "SELECT payload FROM fill WHERE trade_time_ms >= ? AND symbol = coalesce(?, symbol) ORDER BY id"
        return tuple(decode_fill(payload) for (payload,) in self._rows(query, since_ms, symbol))

    def order_messages(self, client_order_id: str) -> tuple[OrderUpdate | OrderOutcome, ...]:
        """Return an order's whole life, oldest first: answers to requests and events of the stream."""
        query = "SELECT kind, payload FROM order_event WHERE client_order_id = ? ORDER BY id"
        return tuple(decode_order_message(kind, payload) for kind, payload in self._rows(query, client_order_id))

    def notes(self, session_id: int) -> tuple[NoteRow, ...]:
        """Return the notes of one session, oldest first."""
        query = "SELECT session_id, event_time_ms, kind, text FROM note WHERE session_id = ? ORDER BY id"
        return tuple(NoteRow(*row) for row in self._rows(query, session_id))

    def steps(self, session_id: int) -> Iterator[StepRecord]:
        """Yield the stored steps of one session, oldest first; one "as before" carries what was before."""
        query = "SELECT sequence, event_time_ms, reason, payload FROM step WHERE session_id = ? ORDER BY id"
        last: StepRecord | None = None
        try:
            with closing(self._connection.execute(query, (session_id,))) as cursor:
                for sequence, event_time_ms, reason, payload in cursor:
                    if payload is not None:
                        last = decode_step(sequence, event_time_ms, reason, payload)
                        yield last
                    elif last is not None:
                        yield msgspec.structs.replace(
                            last,
                            sequence=sequence,
                            event_time_ms=event_time_ms,
                            reason=reason,
                            wished=(),
                            approved=(),
                            refusals=(),
                            is_full=False,
                        )
        except sqlite3.Error as error:
            raise as_user_error(self._path, error) from error

    def frame(self, table: str) -> "pd.DataFrame":
        """Return a table for people and files: one row each, oldest first; money is `Decimal`, times are UTC ms.

        Args:
            table: `fill`, `intent`, or any other table of the journal (then without payloads).

        Raises:
            UserError: There is no such table.
        """
        import pandas as pd

        if table == "fill":
            return pd.DataFrame([msgspec.structs.asdict(fill) for fill in self.fills()], columns=Fill.__struct_fields__)
        if table == "intent":
            columns = ("client_order_id", *OrderIntent.__struct_fields__)
            rows = [{"client_order_id": cid, **msgspec.structs.asdict(i)} for cid, i in self.intents().items()]
            return pd.DataFrame(rows, columns=columns)
        if table not in NUMBERED_TABLES:
            raise UserError(f"the journal has no table {table}: use one of {', '.join(NUMBERED_TABLES)}")
        names = [row[1] for row in self._rows(f"PRAGMA table_info({table})") if row[1] != "payload"]
        return pd.DataFrame(self._rows(f"SELECT {', '.join(names)} FROM {table} ORDER BY id"), columns=names)

    # ---- helpers ---------------------------------------------------------------------------------------------------

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise as_user_error(self._path, error) from error

    def _account_messages(self) -> list[AccountMessage]:
        """Return the newest snapshot and all that came after it."""
        query = """SELECT kind, payload FROM account
            WHERE id >= coalesce((SELECT max(id) FROM account WHERE kind = 'snapshot'), 0) ORDER BY id"""
        return [decode_account_message(kind, payload) for kind, payload in self._rows(query)]

    def _orders_of_snapshot(self) -> tuple[int, dict[tuple[str, OrderFamily], Order]]:
        rows = self._rows("SELECT id, payload FROM account WHERE kind = 'snapshot' ORDER BY id DESC LIMIT 1")
        if not rows:
            return 0, {}
        snapshot = decode_account_message("snapshot", rows[0][1])
        orders = snapshot.open_orders if isinstance(snapshot, AccountSnapshot) else ()
        return rows[0][0], {(o.client_order_id, o.order_family): o for o in orders}

    def _was_heard_of(self, client_order_id: str, before_id: int) -> bool:
        """Tell whether an order's fate before a snapshot was known: then its absence there means that it is over."""
        query = "SELECT kind, payload FROM order_event WHERE client_order_id = ? AND id < ?"
        for kind, payload in self._rows(query, client_order_id, before_id):
            message = decode_order_message(kind, payload)
            if not isinstance(message, OrderOutcome) or message.kind is not OutcomeKind.UNKNOWN:
                return True
        return False


def _family_of(intent: OrderIntent) -> OrderFamily:
    return OrderFamily.ALGO if intent.order_type.is_conditional else OrderFamily.BOOK


def _order_of_intent(intent: OrderIntent, client_order_id: str) -> Order:
    zero = Decimal(0)
    return Order(
        symbol=intent.symbol,
        client_order_id=client_order_id,
        order_family=_family_of(intent),
        side=intent.side,
        order_type=intent.order_type,
        status=OrderStatus.UNKNOWN,
        quantity=intent.quantity or zero,
        price=intent.price or zero,
        trigger_price=intent.trigger_price or zero,
        executed_quantity=zero,
        average_price=zero,
        time_in_force=intent.time_in_force,
        reduce_only=intent.reduce_only,
        close_position=intent.close_position,
        working_type=intent.working_type,
        update_time_ms=intent.wanted_time_ms,
        origin=intent.origin,
        purpose=intent.purpose,
    )


def _apply(orders: dict[tuple[str, OrderFamily], Order], message: OrderUpdate | OrderOutcome) -> None:
    """Bring `orders` up to date by one message; an order that is over never comes back, a fill is never undone."""
    if isinstance(message, OrderUpdate) or message.order is not None:
        order = message.order
        if order is None:
            return
        key = (order.client_order_id, order.order_family)
        known = orders.get(key)
        if known is None or (not known.status.is_terminal and order.executed_quantity >= known.executed_quantity):
            orders[key] = order
    elif message.kind is OutcomeKind.REFUSED and not message.is_cancel:
        for key, order in orders.items():
            if key[0] == message.client_order_id and order.status is OrderStatus.UNKNOWN:
                orders[key] = msgspec.structs.replace(order, status=OrderStatus.REJECTED)
