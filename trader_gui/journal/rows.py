"""Turns what a session hands over into rows of the journal's tables; runs on the writer's thread."""

import sqlite3
from collections import defaultdict
from typing import Any, TypeAlias

from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.bracket import new_bracket
from trader_gui.domain.client_order_id import parse_client_order_id
from trader_gui.domain.market import Kline
from trader_gui.domain.order import (
    AmendIntent,
    CancelIntent,
    Fill,
    FillHistory,
    Order,
    OrderFamily,
    OrderOutcome,
    OrderUpdate,
    Origin,
)
from trader_gui.domain.step import ApprovedAmend, ApprovedCancel, ApprovedOrder, Step
from trader_gui.journal.migrations import NUMBERED_TABLES
from trader_gui.journal.records import (
    ACCOUNT_KINDS,
    NOTE_KINDS,
    ORDER_KINDS,
    encode,
    encode_step,
    end_told_by,
    note_text,
    truth_of,
)

Row: TypeAlias = tuple[Any, ...]

_INSERT = {
    "session": "INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)",
    "session_end": "INSERT INTO session_end VALUES (?, ?, ?, ?)",
    "intent": "INSERT INTO intent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "step": "INSERT INTO step VALUES (?, ?, ?, ?, ?, ?)",
    "order_event": "INSERT INTO order_event VALUES (?, ?, ?, ?, ?, ?, ?)",
    # The venue tells a fill more than once: by stream, and by request after a reconnect. Only whose it is may be news.
    "fill": """INSERT INTO fill VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, symbol, trade_id) DO UPDATE
        SET client_order_id = excluded.client_order_id, payload = excluded.payload
        WHERE client_order_id = '' AND excluded.client_order_id != ''""",
    "fill_reading": "INSERT INTO fill_reading VALUES (?, ?, ?, ?, ?, ?)",
    "account": "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?)",
    "note": "INSERT INTO note VALUES (?, ?, ?, ?, ?)",
    "venue_order": "INSERT OR IGNORE INTO venue_order VALUES (?, ?, ?, ?, ?)",
    # Below: not rows of their own, but what the rows above mean for the list of intents whose end is not known.
    "ended": "DELETE FROM open_intent WHERE client_order_id = ? AND order_family = ?",
    "refused": """DELETE FROM open_intent WHERE client_order_id = ?1
        AND NOT EXISTS (SELECT 1 FROM order_event WHERE client_order_id = ?1 AND kind = 'update')""",
    "open_intent": "INSERT OR IGNORE INTO open_intent VALUES (?, ?)",
    "open_bracket": "INSERT OR REPLACE INTO open_bracket VALUES (?, ?, ?)",
    "bracket_order": """DELETE FROM bracket_order
        WHERE entry_id IN (SELECT entry_id FROM open_bracket WHERE is_over = ?)""",
    "bracket_over": "DELETE FROM open_bracket WHERE is_over = ?",
}
"""Statements by table, in the order in which they are carried out."""


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
        self._prefix = str(connection.execute("SELECT prefix FROM installation").fetchone()[0])
        self._next_id = (newest or 0) + 1
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)
        self._truth: object = None
        self._account_id = 0
        self._refused: set[str] = set()
        self.session_id = 0

    def begin_session(
        self, profile: str, symbol: str, interval: str, version: str, now_ms: int, *, is_account_new: bool = False
    ) -> None:
        """Add the row of a new session; all rows that follow belong to it.

        `is_account_new`: the account begins with the session (a simulated one): its trade ids begin anew.
        """
        self.session_id = self._take_id()
        self._account_id = self.session_id if is_account_new else 0
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
        elif isinstance(message, FillHistory):
            self._add_fill_history(step, message)
        elif type(message) in ACCOUNT_KINDS:
            self._add_account_message(step)
        elif type(message) in NOTE_KINDS:
            self.note(NOTE_KINDS[type(message)], note_text(message), step.event_time_ms)  # type: ignore[index]
        for approved in step.approved:
            if isinstance(approved, ApprovedCancel):
                self._add_order_message(step, approved.intent)
        if step.evaluation is not None or step.wished:
            self._add_evaluation(step)
        for bracket in step.brackets:
            self._rows["open_bracket"].append((bracket.entry_id, bracket.is_over, encode(bracket)))
            if bracket.is_over:
                self._rows["bracket_order"] = self._rows["bracket_over"] = [(True,)]

    @property
    def is_empty(self) -> bool:
        """True when nothing is collected."""
        return not self._rows

    def insert(self) -> None:
        """Insert the rows collected; they stay collected until `clear`, for another try."""
        for table, statement in _INSERT.items():
            if rows := self._rows.get(table):
                self._connection.executemany(statement, rows)

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
        family = OrderFamily.ALGO if intent.order_type.is_conditional else OrderFamily.BOOK
        self._connection.execute(_INSERT["intent"], row)
        self._connection.execute("INSERT INTO open_intent VALUES (?, ?)", (approved.client_order_id, family))
        if intent.has_exits:
            bracket = new_bracket(intent, approved.client_order_id)
            values = bracket.entry_id, bracket.is_over, encode(bracket)
            self._connection.execute("INSERT OR IGNORE INTO open_bracket VALUES (?, ?, ?)", values)
        elif intent.bracket:
            self._connection.execute(
                "INSERT INTO bracket_order VALUES (?, ?)", (approved.client_order_id, intent.bracket)
            )

    def insert_amend(self, approved: ApprovedAmend) -> None:
        """Insert an amendment at once, as an event of its order that came with no message (step 0)."""
        intent = approved.intent
        self._connection.execute(
            _INSERT["order_event"],
            (
                self._take_id(),
                self.session_id,
                0,
                intent.wanted_time_ms,
                ORDER_KINDS[AmendIntent],
                intent.client_order_id,
                encode(intent),
            ),
        )

    def clear(self) -> None:
        """Forget the rows collected: they are on disk."""
        self._rows.clear()

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _add_order_message(self, step: Step, message: OrderUpdate | OrderOutcome | CancelIntent) -> None:
        cid = message.order.client_order_id if isinstance(message, OrderUpdate) else message.client_order_id
        kind = ORDER_KINDS[type(message)]
        self._rows["order_event"].append(
            (self._take_id(), self.session_id, step.sequence, step.event_time_ms, kind, cid, encode(message))
        )
        end = end_told_by(message)
        if end is not None:
            self._add_end(*end)
        elif not isinstance(message, CancelIntent) and message.order is not None and cid in self._refused:
            self._rows["open_intent"].append((cid, message.order.order_family))  # the refusal was not true
        if not isinstance(message, CancelIntent) and message.order is not None:
            self._add_venue_ids(message.order)
        if isinstance(message, OrderUpdate) and message.fill is not None:
            self._add_fill(message.fill)

    def _add_end(self, client_order_id: str, family: OrderFamily | None) -> None:
        if family is None:
            self._refused.add(client_order_id)
            self._rows["refused"].append((client_order_id,))
        else:
            self._refused.discard(client_order_id)
            self._rows["ended"].append((client_order_id, family))

    def _add_venue_ids(self, order: Order) -> None:
        """Note under which id an order of ours is executed: only that id is told with an execution by request."""
        if parse_client_order_id(self._prefix, order.client_order_id)[0] is Origin.OTHER:
            return
        number = order.triggered_order_id if order.order_family is OrderFamily.ALGO else order.order_id
        if number is not None:
            self._rows["venue_order"].append((None, self._account_id, order.symbol, number, order.client_order_id))

    def _add_fill(self, fill: Fill) -> None:
        self._rows["fill"].append(
            (
                self._take_id(),
                self.session_id,
                self._account_id,
                fill.symbol,
                fill.trade_id,
                fill.trade_time_ms,
                fill.client_order_id,
                encode(fill),
            )
        )

    def _add_fill_history(self, step: Step, history: FillHistory) -> None:
        for fill in history.fills:
            self._add_fill(fill)
        what = self._account_id, history.symbol, history.newest_trade_id
        self._rows["fill_reading"].append((self._take_id(), self.session_id, step.event_time_ms, *what))

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
