"""SessionHistory: where a window reads the account's past from: the journal, in a thread, and the venue."""

from pathlib import Path

from trader_gui.exchange.port import HistoryPort
from trader_gui.journal.history import JournalHistory, JournalPage, OrderLife
from trader_gui.tasks import in_thread

THREAD = "journal history"


class SessionHistory:
    """Reads, and changes nothing.

    Attributes:
        venue: The account's past by request.
        is_of_this_session: The account began with this session (simulated exchange): the journal's earlier sessions
            had others, and are left out.

    Owner: the session makes it; it holds nothing open.
    """

    def __init__(self, venue: HistoryPort, journal_path: Path, *, is_of_this_session: bool) -> None:
        self.venue = venue
        self.is_of_this_session = is_of_this_session
        self._path = journal_path

    async def journal_page(self, before_id: int | None) -> JournalPage:
        """Return the newest page of the journal older than `before_id`, or the newest of all.

        Raises:
            UserError: The journal cannot be read.
        """

        def read() -> JournalPage:
            with JournalHistory(self._path) as journal:
                return journal.page(before_id, newest_session_only=self.is_of_this_session)

        return await in_thread(read, THREAD)

    async def journal_symbols(self) -> frozenset[str]:
        """Return the symbols that this account was ever traded in, as far as the journal knows.

        Raises:
            UserError: The journal cannot be read.
        """
        if self.is_of_this_session:
            return frozenset()

        def read() -> frozenset[str]:
            with JournalHistory(self._path) as journal:
                return journal.symbols()

        return await in_thread(read, THREAD)

    async def order_life(self, client_order_id: str) -> OrderLife:
        """Return all that the journal has of one order.

        Raises:
            UserError: The journal cannot be read.
        """

        def read() -> OrderLife:
            with JournalHistory(self._path) as journal:
                return journal.life(client_order_id)

        return await in_thread(read, THREAD)
