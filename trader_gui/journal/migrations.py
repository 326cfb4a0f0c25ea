"""The tables, version by version; a published step is never edited, only followed by another."""

import sqlite3
from collections.abc import Callable
from typing import TypeAlias

from trader_gui.domain.order import AmendIntent, CancelIntent, OrderFamily
from trader_gui.journal.records import decode_intent, decode_order_message, end_told_by

Statement: TypeAlias = str | Callable[[sqlite3.Connection], None]

_KEPT_VENUE_IDS = 20_000
"""Newest order events whose venue ids are taken over; older orders have no execution that is still untold."""


def list_open_intents(connection: sqlite3.Connection) -> None:
    """Find the intents whose end was never told, and the venue's ids of recent orders; version 1 had no such lists."""
    for client_order_id, payload in connection.execute("SELECT client_order_id, payload FROM intent").fetchall():
        intent = decode_intent(payload)
        family = OrderFamily.ALGO if intent.order_type.is_conditional else OrderFamily.BOOK
        if not _has_ended(connection, client_order_id, family):
            connection.execute("INSERT INTO open_intent VALUES (?, ?)", (client_order_id, family))
    rows = connection.execute(
        "SELECT kind, payload FROM order_event WHERE client_order_id IN (SELECT client_order_id FROM intent) "
        "ORDER BY id DESC LIMIT ?",
        (_KEPT_VENUE_IDS,),
    )
    for kind, payload in rows.fetchall():
        message = decode_order_message(kind, payload)
        order = None if isinstance(message, CancelIntent | AmendIntent) else message.order
        if order is None:
            continue
        number = order.triggered_order_id if order.order_family is OrderFamily.ALGO else order.order_id
        if number is not None:
            row = (order.symbol, number, order.client_order_id)
            connection.execute("INSERT OR IGNORE INTO venue_order VALUES (NULL, 0, ?, ?, ?)", row)


def _has_ended(connection: sqlite3.Connection, client_order_id: str, family: OrderFamily) -> bool:
    rows = connection.execute(
        "SELECT kind, payload FROM order_event WHERE client_order_id = ? ORDER BY id", (client_order_id,)
    ).fetchall()
    was_told = any(kind == "update" for kind, _ in rows)
    ends = [end_told_by(decode_order_message(kind, payload)) for kind, payload in rows]
    return any(end is not None and (end[1] is family or (end[1] is None and not was_told)) for end in ends)


MIGRATIONS: tuple[tuple[Statement, ...], ...] = (
    (
        "CREATE TABLE installation (prefix TEXT NOT NULL)",
        """CREATE TABLE session (id INTEGER PRIMARY KEY, profile TEXT NOT NULL, symbol TEXT NOT NULL,
            interval TEXT NOT NULL, version TEXT NOT NULL, started_ms INTEGER NOT NULL)""",
        """CREATE TABLE session_end (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL UNIQUE,
            ended_ms INTEGER NOT NULL, reason TEXT NOT NULL)""",
        """CREATE TABLE intent (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL,
            client_order_id TEXT NOT NULL UNIQUE, sequence INTEGER NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL,
            purpose TEXT NOT NULL, origin TEXT NOT NULL, reason TEXT NOT NULL, wanted_time_ms INTEGER NOT NULL,
            payload BLOB NOT NULL)""",
        """CREATE TABLE step (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL, sequence INTEGER NOT NULL,
            event_time_ms INTEGER NOT NULL, reason TEXT NOT NULL, payload BLOB)""",
        """CREATE TABLE order_event (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL, sequence INTEGER NOT NULL,
            event_time_ms INTEGER NOT NULL, kind TEXT NOT NULL, client_order_id TEXT NOT NULL,
            payload BLOB NOT NULL)""",
        """CREATE TABLE fill (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL, symbol TEXT NOT NULL,
            trade_id INTEGER NOT NULL, trade_time_ms INTEGER NOT NULL, client_order_id TEXT NOT NULL,
            payload BLOB NOT NULL, UNIQUE (symbol, trade_id))""",
        """CREATE TABLE account (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL, sequence INTEGER NOT NULL,
            event_time_ms INTEGER NOT NULL, kind TEXT NOT NULL, payload BLOB NOT NULL)""",
        """CREATE TABLE note (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL, event_time_ms INTEGER NOT NULL,
            kind TEXT NOT NULL, text TEXT NOT NULL)""",
        "CREATE INDEX step_by_session ON step (session_id, id)",
        "CREATE INDEX order_event_by_order ON order_event (client_order_id, id)",
        "CREATE INDEX account_by_kind ON account (kind, id)",
    ),
    (
        # A simulated account begins anew with every session, its trade ids too: `account_id` keeps them apart.
        """CREATE TABLE fill_of_account (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL,
            account_id INTEGER NOT NULL, symbol TEXT NOT NULL, trade_id INTEGER NOT NULL,
            trade_time_ms INTEGER NOT NULL, client_order_id TEXT NOT NULL, payload BLOB NOT NULL,
            UNIQUE (account_id, symbol, trade_id))""",
        """INSERT INTO fill_of_account SELECT id, session_id, 0, symbol, trade_id, trade_time_ms, client_order_id,
            payload FROM fill""",
        "DROP TABLE fill",
        "ALTER TABLE fill_of_account RENAME TO fill",
        "CREATE INDEX fill_by_time ON fill (trade_time_ms)",
        """CREATE TABLE fill_reading (id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL,
            event_time_ms INTEGER NOT NULL, account_id INTEGER NOT NULL, symbol TEXT NOT NULL,
            newest_trade_id INTEGER NOT NULL)""",
        "CREATE INDEX fill_reading_by_symbol ON fill_reading (account_id, symbol, newest_trade_id, event_time_ms)",
        "CREATE TABLE open_intent (client_order_id TEXT PRIMARY KEY, order_family TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE venue_order (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, symbol TEXT NOT NULL,
            order_id INTEGER NOT NULL, client_order_id TEXT NOT NULL, UNIQUE (account_id, symbol, order_id))""",
        list_open_intents,
        "CREATE INDEX order_event_by_time ON order_event (session_id, event_time_ms, client_order_id)",
        "CREATE INDEX intent_by_sequence ON intent (sequence)",
        "DROP INDEX account_by_kind",
        "CREATE INDEX account_by_time ON account (kind, session_id, event_time_ms, id)",
        "CREATE INDEX account_by_session ON account (session_id, event_time_ms, id)",
        "ALTER TABLE installation ADD COLUMN first_sequence INTEGER NOT NULL DEFAULT 1",
    ),
    (
        # Brackets that are not over, as far as they have come, and the orders that were sent for them.
        """CREATE TABLE open_bracket (entry_id TEXT PRIMARY KEY, is_over INTEGER NOT NULL, payload BLOB NOT NULL)
            WITHOUT ROWID""",
        "CREATE TABLE bracket_order (client_order_id TEXT PRIMARY KEY, entry_id TEXT NOT NULL) WITHOUT ROWID",
    ),
)
"""Steps from version n to n + 1."""

VERSION = len(MIGRATIONS)
NUMBERED_TABLES = (
    "session",
    "session_end",
    "intent",
    "step",
    "order_event",
    "fill",
    "fill_reading",
    "account",
    "note",
)
"""Tables whose ids come from one common count, and whose rows are never changed, but for a fill's owner. The others
(`open_intent`, `venue_order`, `open_bracket`, `bracket_order`) say in short what follows from them."""
