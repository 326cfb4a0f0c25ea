"""Append-only writing, in a thread of its own; an order is on disk before it is sent."""

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

from trader_gui import __version__
from trader_gui.domain.step import ApprovedAmend, ApprovedOrder, Step
from trader_gui.errors import BugError, TraderError, UserError
from trader_gui.journal.lock import FolderLock
from trader_gui.journal.records import KEPT_MESSAGES
from trader_gui.journal.rows import RowMaker
from trader_gui.journal.schema import (
    NEXT_SEQUENCE,
    JournalNewerError,
    as_user_error,
    connect_for_reading,
    connect_for_writing,
)

_log = logging.getLogger(__name__)

BATCH_INTERVAL_S = 0.2
QUEUE_LIMIT = 50_000
OPEN_LIMIT_S = 120.0
"""After a crash every page is looked over; an older journal is copied, then migrated: that may take its time."""
INTENT_LIMIT_S = 5.0
CLOSE_LIMIT_S = 5.0
_WAKE_AT = 2_000

T = TypeVar("T")


class _Session(NamedTuple):
    profile: str
    symbol: str
    interval: str
    is_account_new: bool


class _Note(NamedTuple):
    kind: str
    text: str
    event_time_ms: int


class _Waiter:
    """Somebody on the loop who waits for the writer's thread: for an intent, a flush, the opening, the end."""

    def __init__(self, loop: asyncio.AbstractEventLoop, approved: ApprovedOrder | ApprovedAmend | None = None) -> None:
        self.future: asyncio.Future[None] = loop.create_future()
        self.approved = approved
        self._loop = loop

    def settle(self, error: Exception | None = None) -> None:
        """Wake the waiter, from the writer's thread."""
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits
            self._loop.call_soon_threadsafe(self._set, error)

    def _set(self, error: Exception | None) -> None:
        if self.future.done():  # given up or cancelled
            return
        if error is None:
            self.future.set_result(None)
        else:
            self.future.set_exception(error)


_Record: TypeAlias = Step | _Note


class JournalWriter:
    """Writes one session's journal.

    A journal of a newer version is opened for looking alone: nothing is written, no intent is taken, and `failure` says
    so from the beginning.

    Attributes:
        path: The journal's file.
        id_prefix: Of this journal's client order ids.
        next_sequence: Number of the next client order id, as it was when the journal was opened.
        failure: "" while all is well; otherwise one line for the user, until writing works again.
        failed_since_ms: When `failure` began, wall clock, UTC; None while all is well.
        lost: Records that were not taken because the queue was full; each such gap is noted in the journal.

    Owner: `open` starts the writer's thread, `close` ends it; `record_step` and the like are called on the loop's
    thread.
    """

    def __init__(self, path: Path, session: _Session, queue_limit: int) -> None:
        """Prepare and take the folder's lock; use `open`."""
        self.path = path
        self.id_prefix = ""
        self.next_sequence = 1
        self.failure = ""
        self.failed_since_ms: int | None = None
        self.lost = 0
        self._session = session
        self._queue_limit = queue_limit
        self._records: deque[_Record] = deque()
        self._waiters: deque[_Waiter] = deque()
        self._wake = threading.Event()
        self._end_reason = ""
        self._is_over = False
        self._lost_noted = 0
        self._lock = FolderLock(path.parent)
        loop = asyncio.get_running_loop()
        self._opened, self._ended = _Waiter(loop), _Waiter(loop)
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        profile: str = "",
        symbol: str = "",
        interval: str = "",
        is_account_new: bool = False,
        queue_limit: int = QUEUE_LIMIT,
    ) -> "JournalWriter":
        """Open the journal and begin a session in it.

        Args:
            path: The journal's file.
            profile: Of the session.
            symbol: Of the session.
            interval: Of the session.
            is_account_new: The account begins with the session (a simulated one), and its trade ids with it.
            queue_limit: Records that may wait.

        Raises:
            UserError: The folder is in use by another process, or the file cannot be used.
            JournalDamagedError: The file is damaged.
        """
        writer = cls(path, _Session(profile, symbol, interval, is_account_new), queue_limit)
        writer._thread.start()
        try:
            async with asyncio.timeout(OPEN_LIMIT_S):
                await writer._opened.future
        except TimeoutError:
            raise UserError(
                f"the journal {path} could not be opened within {OPEN_LIMIT_S:.0f} s: check the disk"
            ) from None
        except BaseException:
            await writer.close("failed")
            raise
        return writer

    @property
    def backlog(self) -> int:
        """Records that wait to be written."""
        return len(self._records)

    async def write_intent(self, approved: ApprovedOrder | ApprovedAmend) -> None:
        """Return once the intent of an order, or of an amendment, is on disk.

        Raises:
            UserError: It could not be written, or not in time: it must not be sent.
            BugError: The journal knows that client order id already.
        """
        await self._wait_for(approved, INTENT_LIMIT_S)

    async def flush(self, limit_s: float = CLOSE_LIMIT_S) -> None:
        """Return once all that was recorded so far is on disk.

        Raises:
            UserError: It could not be written, or not in time.
        """
        await self._wait_for(None, limit_s)

    def record_step(self, step: Step) -> None:
        """Take one step for writing: its evaluation, its wishes, its message when it is of orders or account."""
        is_kept = type(step.message) in KEPT_MESSAGES or bool(step.brackets)
        if step.evaluation is None and not step.wished and not is_kept:
            return
        self._put(step)

    def note(self, kind: str, text: str, event_time_ms: int) -> None:
        """Take a note: `kind` is a code, `text` one line, the time the session's event time."""
        self._put(_Note(kind, text, event_time_ms))

    async def close(self, reason: str = "closed") -> None:
        """Write what waits, note the end of the session, close the file; at most `CLOSE_LIMIT_S`."""
        self._end_reason = self._end_reason or reason
        self._wake.set()
        try:
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await asyncio.shield(self._ended.future)
        except TimeoutError:
            _log.error("the journal could not be closed within %.0f s; %d records wait", CLOSE_LIMIT_S, self.backlog)
            return
        self._thread.join(CLOSE_LIMIT_S)
        self._lock.release()

    def _put(self, record: _Record) -> None:
        if self._is_over or len(self._records) >= self._queue_limit:
            self.lost += 1
            if not self.failure:
                self._fail(f"the journal {self.path} cannot keep up and loses records: check the disk")
            return
        self._records.append(record)
        if len(self._records) >= _WAKE_AT:
            self._wake.set()

    async def _wait_for(self, approved: ApprovedOrder | ApprovedAmend | None, limit_s: float) -> None:
        if self._is_over or self._end_reason:
            raise self._closed_error()
        waiter = _Waiter(asyncio.get_running_loop(), approved)
        self._waiters.append(waiter)
        self._wake.set()
        try:
            async with asyncio.timeout(limit_s):
                await waiter.future
        except TimeoutError:
            raise UserError(f"the journal {self.path} did not reach the disk within {limit_s:.0f} s") from None

    def _closed_error(self) -> UserError:
        return UserError(f"the journal {self.path} is closed: {self.failure or 'start a new session'}")

    def _fail(self, text: str) -> None:
        if self.failed_since_ms is None:
            self.failed_since_ms = _now_ms()
        if text != self.failure:
            self.failure = text
            _log.error("%s", text)

    # ---- the writer's thread ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        problem: Exception | None = None
        try:
            connection = connect_for_writing(self.path)
            rows = self._begin(connection)
            self._opened.settle()
            while not self._write_waiting(connection, rows):
                self._wake.wait(BATCH_INTERVAL_S)
                self._wake.clear()
        except JournalNewerError as error:
            problem = self._look_only(error)
        except TraderError as error:
            problem = error
        except sqlite3.Error as error:
            problem = as_user_error(self.path, error)
        except Exception:  # noqa: BLE001 - the session must hear of it: nothing is written from here on
            _log.exception("the journal's thread failed")
            problem = BugError(f"the journal {self.path} failed: restart the program")
        finally:
            self._is_over = True
            if problem is not None:
                self.failure, self.failed_since_ms = str(problem), self.failed_since_ms or _now_ms()
            self._opened.settle(problem)
            _settle_all(_drain(self._waiters), problem or self._closed_error())
            if connection is not None:
                _close(connection)
            self._ended.settle()

    def _look_only(self, error: JournalNewerError) -> Exception | None:
        """Read what is needed for looking on; return the problem when even that cannot be read."""
        try:
            with contextlib.closing(connect_for_reading(self.path)) as connection:
                self._read_ids(connection)
        except (sqlite3.Error, UserError):
            return error
        self._fail(str(error))
        return None

    def _read_ids(self, connection: sqlite3.Connection) -> None:
        self.id_prefix = str(connection.execute("SELECT prefix FROM installation").fetchone()[0])
        self.next_sequence = int(connection.execute(NEXT_SEQUENCE).fetchone()[0])

    def _begin(self, connection: sqlite3.Connection) -> RowMaker:
        self._read_ids(connection)
        rows = RowMaker(connection)
        profile, symbol, interval, is_account_new = self._session
        rows.begin_session(profile, symbol, interval, __version__, _now_ms(), is_account_new=is_account_new)
        if is_account_new:  # open orders went with the former account
            for table in ("open_intent", "open_bracket", "bracket_order"):
                connection.execute(f"DELETE FROM {table}")
        _commit(connection, rows, [])
        return rows

    def _write_waiting(self, connection: sqlite3.Connection, rows: RowMaker) -> bool:
        """Write what waits; True when the session is over and all is done that can be done."""
        is_last = bool(self._end_reason)
        # Waiters first: then the records taken next are at least those that came before them.
        waiters = _drain(self._waiters)
        if not rows.is_empty and not self._write(connection, rows, []):
            # The disk still refuses. Records go on waiting in the bounded queue, those who wait hear of it.
            _settle_all(waiters, UserError(self.failure))
            return is_last
        self._take_records(rows)
        if is_last:
            rows.end_session(_now_ms(), self._end_reason)
        if waiters or not rows.is_empty:
            self._write(connection, rows, waiters)
        return is_last

    def _take_records(self, rows: RowMaker) -> None:
        for record in _drain(self._records):
            if isinstance(record, Step):
                rows.add_step(record)
            else:
                rows.note(*record)
        if self.lost > self._lost_noted:
            rows.note("lost", f"{self.lost - self._lost_noted} records were lost", 0)
            self._lost_noted = self.lost

    def _write(self, connection: sqlite3.Connection, rows: RowMaker, waiters: list[_Waiter]) -> bool:
        """Commit one batch; False when that failed: its waiters have heard of it, its rows are kept for another try."""
        try:
            answers = _commit(connection, rows, waiters)
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            problem = as_user_error(self.path, error)
            self._fail(str(problem))
            _settle_all(waiters, problem)
            return False
        if self.failure:
            _log.warning("the journal %s is being written again", self.path)
            self.failure, self.failed_since_ms = "", None
        for waiter, answer in answers:
            waiter.settle(answer)
        return True


def _close(connection: sqlite3.Connection) -> None:
    """Close it with all in the one file: a reader still open would leave the log beside it, which a copy misses."""
    with contextlib.suppress(sqlite3.Error):  # what a full disk keeps in the log is read from there
        connection.execute("PRAGMA busy_timeout = 1000")  # within `CLOSE_LIMIT_S`
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _commit(
    connection: sqlite3.Connection, rows: RowMaker, waiters: list[_Waiter]
) -> list[tuple[_Waiter, Exception | None]]:
    """Write and commit; return what to tell each waiter, now that the disk has it."""
    connection.execute("BEGIN IMMEDIATE")
    rows.insert()
    answers: list[tuple[_Waiter, Exception | None]] = []
    for waiter in waiters:
        error: Exception | None = None
        if isinstance(waiter.approved, ApprovedAmend):
            rows.insert_amend(waiter.approved)
        elif waiter.approved is not None:
            try:
                rows.insert_intent(waiter.approved)
            except (sqlite3.IntegrityError, ValueError):
                error = BugError(f"client order id {waiter.approved.client_order_id} cannot be used, or was before")
        answers.append((waiter, error))
    connection.execute("COMMIT")
    rows.clear()
    return answers


def _drain(queue: "deque[T]") -> list[T]:
    """Take what is in `queue` now; the other thread may go on appending."""
    return [queue.popleft() for _ in range(len(queue))]


def _settle_all(waiters: list[_Waiter], error: Exception) -> None:
    for waiter in waiters:
        waiter.settle(error)


@contextlib.asynccontextmanager
async def open_journal(
    path: Path, *, profile: str = "", symbol: str = "", interval: str = "", is_account_new: bool = False
) -> AsyncIterator[JournalWriter]:
    """Open a journal for the length of a session; it is closed with reason `closed`, or `failed` after an exception.

    Raises:
        UserError: As `JournalWriter.open`.
    """
    writer = await JournalWriter.open(
        path, profile=profile, symbol=symbol, interval=interval, is_account_new=is_account_new
    )
    try:
        yield writer
    except BaseException:
        await writer.close("failed")
        raise
    await writer.close()


def _now_ms() -> int:
    """Return the wall clock, UTC: sessions are dated for people; nothing is decided by it."""
    return time.time_ns() // 1_000_000
