"""A damaged journal: what it is called, how it is moved aside, and what can still be had of it."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from trader_gui.errors import UserError
from trader_gui.journal.lock import FolderLock

_COMPANIONS = ("-wal", "-shm")
_CHUNK = 1 << 22
_LONGEST_ID = 64
_CLIENT_ORDER_ID = re.compile(rb"(T[A-HJ-NP-Z2-9]{7})-[eh][nxp]-(\d{1,12})")
_SEQUENCE_GAP = 10_000
"""Numbers left out above the highest that could be read: the newest ones may be in the part that cannot."""


class JournalDamagedError(UserError):
    """The journal's file is damaged; `move_aside(path)` makes room for a new one, on the user's word only.

    Attributes:
        path: The damaged file.
        detail: What was found, one line.
    """

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"the journal {path} is damaged ({detail}): restore a backup of it, or move it aside to start a new one"
        )
        self.path = path
        self.detail = detail


def move_aside(path: Path) -> Path:
    """Rename a damaged journal, with the files that belong to it, and return its new path.

    Only on the user's word: a new journal does not know the orders that are still open. It goes on with the prefix of
    the old one, by which they are found at the exchange (`salvage`).

    Raises:
        UserError: Another process uses the folder, or the disk refuses.
    """
    lock = FolderLock(path.parent)
    try:
        aside = path.with_name(f"{path.stem}.damaged-{_newest_number(path) + 1}{path.suffix}")
        path.rename(aside)  # first: without it, the next start makes nothing of the files that belong to it
        for suffix in _COMPANIONS:
            companion = path.with_name(path.name + suffix)
            if companion.exists():
                companion.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise UserError(f"cannot rename the journal {path} ({error.strerror}): rename it by hand") from error
    finally:
        lock.release()
    return aside


def salvage(path: Path) -> tuple[str, int] | None:
    """Return prefix and next number of client order ids for a journal in place of one that was moved aside.

    Looks through the bytes of the newest file that was, so that no damage matters but to the ids themselves; None when
    there is no such file, or no id in it.
    """
    number = _newest_number(path)
    aside = path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")
    found: Counter[bytes] = Counter()
    highest: dict[bytes, int] = {}
    for file in (aside, *(aside.with_name(aside.name + suffix) for suffix in _COMPANIONS)):
        for prefix, sequence in _ids_in(file):
            found[prefix] += 1
            highest[prefix] = max(sequence, highest.get(prefix, 0))
    if not found:
        return None
    prefix = found.most_common(1)[0][0]
    return prefix.decode("ascii"), (highest[prefix] // _SEQUENCE_GAP + 1) * _SEQUENCE_GAP


def _newest_number(path: Path) -> int:
    pattern = re.compile(rf"{re.escape(path.stem)}\.damaged-(\d+){re.escape(path.suffix)}")
    names = (pattern.fullmatch(file.name) for file in path.parent.iterdir()) if path.parent.exists() else ()
    return max((int(name[1]) for name in names if name), default=0)


def _ids_in(file: Path) -> Iterator[tuple[bytes, int]]:
    if not file.exists():
        return
    with file.open("rb") as stream:
        rest = b""
        while chunk := stream.read(_CHUNK):
            text = rest + chunk
            for match in _CLIENT_ORDER_ID.finditer(text):
                yield match[1], int(match[2])
            rest = text[-_LONGEST_ID:]
