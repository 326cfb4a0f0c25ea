"""Read-only queries: what the program last believed, tables for people, export."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from trader_gui.domain.order import Fill, OrderIntent
from trader_gui.errors import UserError
from trader_gui.journal.belief import Belief, read_belief
from trader_gui.journal.damage import JournalDamagedError
from trader_gui.journal.migrations import NUMBERED_TABLES
from trader_gui.journal.records import (
    OrderMessage,
    StepRecord,
    decode_fill,
    decode_intent,
    decode_order_message,
    decode_step,
)
from trader_gui.journal.schema import NEXT_SEQUENCE, as_user_error, connect_for_reading

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
            UserError: It cannot be read.
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
        return int(self._rows(NEXT_SEQUENCE)[0][0])

    def last_session(self) -> SessionRow | None:
        """Return the newest session, None when there was none."""
        sessions = self.sessions(newest=1)
        return sessions[0] if sessions else None

    def belief(self) -> Belief | None:
        """Return the orders, positions and balances that the program last knew; None when it knew none yet.

        Quick with any journal: what was before the newest account snapshot is hardly read.

        Raises:
            JournalDamagedError: A record cannot be read.
        """
        try:
            return read_belief(self._connection, self.id_prefix)
        except sqlite3.Error as error:
            raise as_user_error(self._path, error) from error
        except (msgspec.DecodeError, KeyError) as error:
            raise JournalDamagedError(self._path, f"a record cannot be read: {error}") from error

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
        """Return own executions from `since_ms` on, as they were told, oldest first."""
        query = "SELECT payload FROM fill WHERE trade_time_ms >= ? AND symbol = coalesce(?, symbol) ORDER BY id"
        return tuple(decode_fill(payload) for (payload,) in self._rows(query, since_ms, symbol))

    def newest_fills(self, symbol: str, limit: int) -> tuple[Fill, ...]:
        """Return the newest own executions of the venue's account in a symbol, in the order of trading."""
        query = "SELECT payload FROM fill WHERE account_id = 0 AND symbol = ? ORDER BY trade_id DESC LIMIT ?"
        return tuple(decode_fill(payload) for (payload,) in reversed(self._rows(query, symbol, limit)))

    def traded_symbols(self, since_ms: int) -> frozenset[str]:
        """Return the symbols in which the venue's account has own executions from `since_ms` on."""
        query = "SELECT DISTINCT symbol FROM fill WHERE account_id = 0 AND trade_time_ms >= ?"
        return frozenset(symbol for (symbol,) in self._rows(query, since_ms))

    def order_messages(self, client_order_id: str) -> tuple[OrderMessage, ...]:
        """Return an order's whole life, oldest first: cancels, answers to requests and events of the stream."""
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
