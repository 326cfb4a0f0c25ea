"""One process per folder: a lock file that the operating system releases when its holder dies, however it dies."""

import os
import sys
from pathlib import Path
from typing import BinaryIO

from trader_gui.errors import UserError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LOCK_OFFSET = 1 << 20
"""Windows locks bytes and bars reading them: the locked byte lies far behind the PID."""


class FolderLock:
    """The right to write in a folder, held from construction until `release` or the end of the process."""

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            UserError: Another process holds it (named by its PID), or the folder cannot be written.
        """
        path = folder / "in-use.lock"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = path.open("r+b" if path.exists() else "x+b")
        except OSError as error:
            raise UserError(
                f"cannot write to {folder} ({error.strerror}): make it writable, or use another --data-dir"
            ) from error
        if not _try_lock(file):
            holder = file.read(16).decode("ascii", "replace").strip() or "another process"
            file.close()
            raise UserError(
                f"the data directory {folder} is already in use by PID {holder}: close that window first, or use "
                "another --data-dir"
            )
        file.truncate()
        file.write(f"{os.getpid()}\n".encode("ascii"))
        file.flush()
        self._file: BinaryIO | None = file

    def release(self) -> None:
        """Give the folder free; the file stays, since removing it would race with the next taker."""
        if self._file is not None:
            _unlock(self._file)
            self._file.close()
            self._file = None


def _try_lock(file: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            file.seek(_LOCK_OFFSET)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        file.seek(0)
    return True


def _unlock(file: BinaryIO) -> None:
    if sys.platform == "win32":
        file.seek(_LOCK_OFFSET)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)
