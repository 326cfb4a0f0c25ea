"""Opening a data file whatever its packing, and telling what it holds.

Packing is told by the first bytes, not by the name: gzip, zip (one file inside) or plain text. What a file holds is
told by its first line: `LOCAL_TIME {JSON}` is a recording of raw streams, seven columns are an aggTrades file of the
venue's archive, anything else is read, or refused, as a klines file.
"""

import gzip
import io
import zlib
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Literal, TextIO, TypeAlias
from zipfile import BadZipFile, ZipFile

from trader_gui.errors import UserError

DataKind: TypeAlias = Literal["klines", "recording", "trades"]

TRADE_COLUMNS = 7
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


def read_lines(path: Path, *, may_be_cut: bool = False) -> Generator[str]:
    """Yield the lines of a file without their line ends.

    Args:
        path: The file, packed or not.
        may_be_cut: A packed file without its end is read as far as it goes.

    Raises:
        UserError: The file cannot be read, or is damaged; the sentence names it and the remedy.
    """
    try:
        with closing(_open_text(path)) as text:
            try:
                for line in text:
                    yield line.rstrip("\r\n")
            except EOFError:
                if not may_be_cut:
                    raise
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: choose another file.") from None
    except (EOFError, zlib.error, BadZipFile, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise UserError(f"{path.name} is damaged or cut off ({error}): download it again.") from None
    except OSError as error:
        raise UserError(f"{path.name} cannot be read ({error.strerror}): check its rights.") from None


def _open_text(path: Path) -> TextIO:
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(_GZIP):
        return gzip.open(path, "rt", encoding="utf-8")
    if start != _ZIP:
        return path.open(encoding="utf-8")
    archive = ZipFile(path)
    names = archive.namelist()
    if len(names) != 1:
        archive.close()
        raise UserError(f"{path.name} holds {len(names)} files instead of one: unpack it and choose one of them.")
    # The archive object may go: the member keeps the file open until it is closed itself.
    return io.TextIOWrapper(archive.open(names[0]), encoding="utf-8")


def kind_of(path: Path) -> DataKind:
    """Return what a file holds, by its first line.

    Raises:
        UserError: The file cannot be read.
    """
    with closing(read_lines(path, may_be_cut=True)) as lines:
        first = next(lines, "")
    time, _, rest = first.partition(" ")
    if time.isdigit() and rest.startswith("{"):
        return "recording"
    return "trades" if first.count(",") == TRADE_COLUMNS - 1 else "klines"
