"""Writing a table to a file: CSV for everything that reads tables, Parquet with exact types; whole, or not at all.

Every column of the model is written under its key, shown or not; rows are those handed in, in their order. Numbers are
plain and exact, times UTC. The work is made for a thread: rows are immutable, and nothing here touches Qt.
"""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from trader_gui.errors import UserError
from trader_gui.models.table import Column, iso_utc

CHUNK_ROWS = 5_000
MOST_DIGITS = 38
"""Of a decimal in Parquet."""
_INT64 = 1 << 63


class ExportStoppedError(Exception):
    """The user has stopped an export; nothing was written."""


@dataclass
class ExportProgress:
    """How far an export is; written by its thread, read by the loop.

    Attributes:
        is_stopped: Set to have it end early.
    """

    total: int
    done: int = 0
    is_stopped: bool = False


def export_table(
    path: Path, kind: str, columns: Sequence[Column[Any]], rows: Sequence[Any], progress: ExportProgress
) -> None:
    """Write rows to a file, which takes the place of one of that name only when it is whole.

    Args:
        path: The file.
        kind: `csv` or `parquet`.
        columns: Of the model; those of buttons are left out.
        rows: In their order.
        progress: Counts the rows, and tells when to stop.

    Raises:
        UserError: The file cannot be written.
        ExportStoppedError: `progress.is_stopped` was set.
    """
    told = [column for column in columns if column.title]
    write = _write_csv if kind == "csv" else _write_parquet
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            write(file, told, _chunks(rows, progress), rows)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror or error}): choose another place") from error
    finally:
        part.unlink(missing_ok=True)


def _chunks(rows: Sequence[Any], progress: ExportProgress) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), CHUNK_ROWS):
        if progress.is_stopped:
            raise ExportStoppedError
        chunk = rows[start : start + CHUNK_ROWS]
        yield chunk
        progress.done += len(chunk)


# ---- CSV -----------------------------------------------------------------------------------------------------------


def _write_csv(
    file: IO[bytes], columns: Sequence[Column[Any]], chunks: Iterable[Sequence[Any]], _rows: Sequence[Any]
) -> None:
    """Write RFC 4180 in UTF-8; a time is two columns: as a date, and in milliseconds."""
    lines = _Lines(file)
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow([name for c in columns for name in ((c.key, f"{c.key}_ms") if c.is_time else (c.key,))])
    for chunk in chunks:
        writer.writerows([cell for column in columns for cell in _cells(column, row)] for row in chunk)


class _Lines:
    """Text to a binary file; `csv` wants something to write texts to."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(text.encode("utf-8"))


def _cells(column: Column[Any], row: Any) -> tuple[str, ...]:
    value = column.value(row)
    if column.is_time:
        return ("", "") if not isinstance(value, int) else (iso_utc(value), str(value))
    if value is None:
        return ("",)
    if isinstance(value, float):
        value = Decimal(repr(value))
    return (f"{value:f}",) if isinstance(value, Decimal) else (str(value),)


# ---- Parquet -------------------------------------------------------------------------------------------------------


def _write_parquet(
    file: IO[bytes], columns: Sequence[Column[Any]], chunks: Iterable[Sequence[Any]], rows: Sequence[Any]
) -> None:
    """Write Parquet; pyarrow's writer is imported late: it takes long."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = [_kind_of(column, rows) for column in columns]
    fields = [pa.field(column.key, kind.arrow(pa)) for column, kind in zip(columns, kinds, strict=True)]
    schema = pa.schema(fields)
    with pq.ParquetWriter(file, schema) as writer:
        for chunk in chunks:
            arrays = [
                pa.array([kind.convert(column.value(row)) for row in chunk], type=field.type)
                for column, kind, field in zip(columns, kinds, fields, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


@dataclass(frozen=True)
class _Kind:
    """How a column is written: its type, made by pyarrow, and what is done to each value."""

    arrow: Callable[[Any], Any]
    convert: Callable[[Any], Any]


def _kind_of(column: Column[Any], rows: Sequence[Any]) -> _Kind:
    """Return the narrowest type that holds every value of a column exactly; a text where none does."""
    if column.is_time:
        return _Kind(lambda pa: pa.timestamp("ms", tz="UTC"), lambda value: value)
    values: list[Any] = [value for value in map(column.value, rows) if value is not None]
    types = {type(value) for value in values}
    if types <= {int} and column.is_number and all(-_INT64 <= value < _INT64 for value in values):
        return _Kind(lambda pa: pa.int64(), lambda value: value)
    if types == {float}:
        return _Kind(lambda pa: pa.float64(), lambda value: value)
    if types == {Decimal}:
        scale, digits = _size_of(values)
        if digits <= MOST_DIGITS:
            return _Kind(lambda pa: pa.decimal128(MOST_DIGITS, scale), lambda value: value)
    return _Kind(lambda pa: pa.string(), _exact_text)


def _size_of(values: Iterable[Decimal]) -> tuple[int, int]:
    """Return (decimals, digits) that hold every value."""
    scale = whole = 0
    for value in values:
        _, digits, exponent = value.as_tuple()
        decimals = max(0, -int(exponent))
        scale = max(scale, decimals)
        whole = max(whole, len(digits) + int(exponent))
    return scale, scale + max(1, whole)


def _exact_text(value: Any) -> str | None:
    if value is None:
        return None
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
