"""Reads the journal beside a running session: in a thread of its own, so that the loop never waits for the disk."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from trader_gui.journal.belief import Belief
from trader_gui.journal.reader import JournalReader
from trader_gui.journal.writer import JournalWriter
from trader_gui.tasks import in_thread

T = TypeVar("T")


class JournalTruth:
    """Asks the file that a session writes; all that was recorded before the question is in the answer."""

    def __init__(self, writer: JournalWriter) -> None:
        self._writer = writer

    async def belief(self) -> Belief | None:
        """Return what the disk says; None when it has never seen an account.

        Raises:
            UserError: The journal cannot be written or read.
        """
        await self._writer.flush()
        return await read_belief(self._writer.path)

    async def has_intent(self, client_order_id: str) -> bool:
        """Tell whether the disk holds the intent of an order.

        Raises:
            UserError: As `belief`.
        """
        await self._writer.flush()
        return await read_journal(self._writer.path, lambda reader: reader.has_intent(client_order_id))


async def read_belief(path: Path) -> Belief | None:
    """Return what the journal says was true; None when it has never seen an account.

    Raises:
        UserError: The journal cannot be read.
    """
    return await read_journal(path, JournalReader.belief)


async def read_journal(path: Path, read: Callable[[JournalReader], T]) -> T:
    """Return what `read` finds in the journal; it runs in a thread that ends with it.

    Raises:
        UserError: The journal cannot be read.
    """

    def run() -> T:
        with JournalReader(path) as reader:
            return read(reader)

    return await in_thread(run, "journal reader")
