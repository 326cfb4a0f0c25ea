"""Turns what a session hands over into rows of the journal's tables; runs on the writer's thread."""

import sqlite3
from collections import defaultdict
from typing import Any, TypeAlias

from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.market import Kline
from trader_gui.domain.order import OrderOutcome, OrderUpdate
from trader_gui.domain.step import ApprovedOrder, Step
from trader_gui.journal.records import ACCOUNT_KINDS, NOTE_KINDS, ORDER_KINDS, encode, encode_step, note_text, truth_of
from trader_gui.journal.schema import NUMBERED_TABLES

Row: TypeAlias = tuple[Any, ...]

_INSERT = {
    "session": "INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)",
    "session_end": "INSERT INTO session_end VALUES (?, ?, ?, ?)",
    "intent": "INSERT INTO intent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "step": "INSERT INTO step VALUES (?, ?, ?, ?, ?, ?)",
    "order_event": "INSERT INTO order_event VALUES (?, ?, ?, ?, ?, ?, ?)",
    # The venue tells a fill more than once: by stream, and by request after a reconnect.
    "fill": "INSERT OR IGNORE INTO fill VALUES (?, ?, ?, ?, ?, ?, ?)",
    "account": "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?)",
    "note": "INSERT INTO note VALUES (?, ?, ?, ?, ?)",
}


class RowMaker:
    """Collects rows, numbered by one count across all tables, and inserts them.

    Attributes:
        session_id: Of the session that the rows belong to.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Continue the count of the journal behind `connection`."""
        tables = " UNION ALL ".join(f"SELECT max(id) AS id FROM {table}" for table in NUMBERED_TABLES)
        newest = connection.execute(f"SELECT max(id) FROM ({tables})").fetchone()[0]
        self._connection = connection
        self._next_id = (newest or 0) + 1
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)
        self._truth: object = None
        self.session_id = 0

    def begin_session(self, profile: str, symbol: str, interval: str, version: str, now_ms: int) -> None:
        """Add the row of a new session; all rows that follow belong to it."""
        self.session_id = self._take_id()
        self._rows["session"].append((self.session_id, profile, symbol, interval, version, now_ms))

    def end_session(self, now_ms: int, reason: str) -> None:
        """Add the row that says that the session ended in order."""
        self._rows["session_end"].append((self._take_id(), self.session_id, now_ms, reason))

    def note(self, kind: str, text: str, event_time_ms: int) -> None:
        """Add a note: something that happened to the session itself."""
        self._rows["note"].append((self._take_id(), self.session_id, event_time_ms, kind, text))

    def add_step(self, step: Step) -> None:
        """Add all rows of one step."""
        message = step.message
        if isinstance(message, OrderUpdate | OrderOutcome):
            self._add_order_message(step, message)
        elif type(message) in ACCOUNT_KINDS:
            self._add_account_message(step)
        elif type(message) in NOTE_KINDS:
            self.note(NOTE_KINDS[type(message)], note_text(message), step.event_time_ms)  # type: ignore[index]
        if step.evaluation is not None or step.wished:
            self._add_evaluation(step)

    @property
    def is_empty(self) -> bool:
        """True when nothing is collected."""
        return not self._rows

    def insert(self) -> None:
        """Insert the rows collected; they stay collected until `clear`, for another try."""
        for table, rows in self._rows.items():
            if rows:
                self._connection.executemany(_INSERT[table], rows)

    def insert_intent(self, approved: ApprovedOrder) -> None:
        """Insert an intent at once.

        Raises:
            sqlite3.IntegrityError: The journal knows that client order id already.
            ValueError: The id has no number at its end.
        """
        intent = approved.intent
        row = (
            self._take_id(),
            self.session_id,
            approved.client_order_id,
            int(approved.client_order_id.rpartition("-")[2]),
            intent.symbol,
            intent.side,
            intent.purpose,
            intent.origin,
            intent.reason,
            intent.wanted_time_ms,
            encode(intent),
        )
        self._connection.execute(_INSERT["intent"], row)

    def clear(self) -> None:
        """Forget the rows collected: they are on disk."""
        self._rows.clear()

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _add_order_message(self, step: Step, message: OrderUpdate | OrderOutcome) -> None:
        cid = message.order.client_order_id if isinstance(message, OrderUpdate) else message.client_order_id
        self._rows["order_event"].append(
            (
                self._take_id(),
                self.session_id,
                step.sequence,
                step.event_time_ms,
                ORDER_KINDS[type(message)],
                cid,
                encode(message),
            )
        )
        fill = message.fill if isinstance(message, OrderUpdate) else None
        if fill is not None:
            self._rows["fill"].append(
                (
                    self._take_id(),
                    self.session_id,
                    fill.symbol,
                    fill.trade_id,
                    fill.trade_time_ms,
                    fill.client_order_id,
                    encode(fill),
                )
            )

    def _add_account_message(self, step: Step) -> None:
        message = step.message
        kind = ACCOUNT_KINDS[type(message)]  # type: ignore[index]
        time_ms = message.taken_time_ms if isinstance(message, AccountSnapshot) else step.event_time_ms
        self._rows["account"].append(
            (self._take_id(), self.session_id, step.sequence, time_ms, kind, encode(message))  # type: ignore[arg-type]
        )

    def _add_evaluation(self, step: Step) -> None:
        truth = truth_of(step)
        message = step.message
        is_full = bool(step.wished) or truth != self._truth or (isinstance(message, Kline) and message.is_closed)
        if is_full:
            self._truth = truth
        reason = step.evaluation.reason if step.evaluation is not None else ""
        payload = encode_step(step) if is_full else None
        self._rows["step"].append(
            (self._take_id(), self.session_id, step.sequence, step.event_time_ms, reason, payload)
        )
