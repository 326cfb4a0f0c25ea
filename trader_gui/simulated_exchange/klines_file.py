"""Reading a file of klines in the format of the venue's public archive, and refusing one that cannot be trusted.

Format: `.csv`, `.csv.gz` or `.zip` (one CSV inside), twelve columns in the archive's order, with or without its header
line; times in milliseconds (microseconds, as newer archives have them, are converted). The columns quote_volume,
count, taker_buy_volume, taker_buy_quote_volume and ignore may be empty; the first seven may not.

Every refusal is one sentence that names the file, the row (counted from 1, the header line included) and the remedy.
"""

import re
import zlib
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import msgspec
import numpy as np

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.klines import FIXED_INTERVAL_MS
from trader_gui.simulated_exchange.records import KlineRow

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
)
HISTORY_ROWS = 500
LEAST_ROWS = HISTORY_ROWS + 1
MICROSECONDS_FROM = 10**15
SYMBOL_IN_NAME = re.compile(r"([A-Z0-9]{3,20}(?:USDT|USDC))[-_.]")


class KlinesFile(msgspec.Struct, frozen=True):
    """The content of a klines file that passed every check.

    Attributes:
        path: Where it was read from.
        interval: Name of the interval ("1m"); `interval_ms` its length.
        open_time_ms: Shape (n,), int64, rising by exactly one interval.
        columns: Texts of open, high, low, close and volume, each of length n, as the file has them.
    """

    path: Path
    interval: str
    interval_ms: int
    open_time_ms: np.ndarray
    columns: tuple[list[str], list[str], list[str], list[str], list[str]]

    def __len__(self) -> int:
        return len(self.open_time_ms)

    def row(self, index: int) -> KlineRow:
        """Return one kline as the market source knows it."""
        open_ms = int(self.open_time_ms[index])
        opened, high, low, close, volume = (Decimal(column[index]) for column in self.columns)
        # The file may not say what was traded in quote asset: the mean price and an even split stand in.
        quote = volume * (opened + high + low + close) / 4
        end = open_ms + self.interval_ms - 1
        return KlineRow(open_ms, end, opened, high, low, close, volume, quote, 0, volume / 2, quote / 2)


def guess_symbol(path: Path) -> str | None:
    """Return the symbol at the start of the file's name (`BTCUSDT-1m-2024-01.zip`), None when there is none."""
    found = SYMBOL_IN_NAME.match(path.name)
    return found[1] if found else None


def read_klines_file(path: Path) -> KlinesFile:
    """Read and check a klines file.

    Raises:
        UserError: The file cannot be read or its klines cannot be played; the text says why and what to do.
    """
    frame, first_row = _without_header(path, _read_text_frame(path))
    _require_filled(path, frame, first_row)
    open_time = _times(path, frame["open_time"], first_row)
    interval = _interval(path, open_time)
    _check_times(path, open_time, FIXED_INTERVAL_MS[interval], first_row)
    _check_close_times(path, frame, open_time, FIXED_INTERVAL_MS[interval], first_row)
    _check_prices(path, frame, first_row)
    if len(frame) < LEAST_ROWS:
        raise UserError(
            f"{path.name} has {len(frame)} klines, but {HISTORY_ROWS} are needed as history and at least one to play: "
            "choose a longer file."
        )
    opened, high, low, close, volume = (frame[name].tolist() for name in ("open", "high", "low", "close", "volume"))
    return KlinesFile(path, interval, FIXED_INTERVAL_MS[interval], open_time, (opened, high, low, close, volume))


def _read_text_frame(path: Path) -> "pd.DataFrame":
    import pandas as pd  # late: half a second and 70 MB that a generated market does not need

    try:
        frame = pd.read_csv(path, header=None, dtype=str, keep_default_na=False, compression="infer")
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: choose another file.") from None
    except (EOFError, zlib.error, BadZipFile, UnicodeDecodeError) as error:
        raise UserError(f"{path.name} is damaged or cut off ({error}): download it again.") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        detail = " ".join(str(error).split())
        raise UserError(f"{path.name} is not a table of klines ({detail}): choose a file of the archive.") from None
    except OSError as error:
        raise UserError(f"{path.name} cannot be read ({error}): download it again or check its rights.") from None
    return frame.fillna("")


def _without_header(path: Path, frame: "pd.DataFrame") -> tuple["pd.DataFrame", int]:
    """Return the rows of data and the row number of the first of them."""
    if frame.shape[1] != len(COLUMNS):
        raise UserError(
            f"{path.name}, row 1: {frame.shape[1]} columns instead of the {len(COLUMNS)} of the venue's archive, and "
            "neither aggTrades nor a recording of raw streams: choose a file in one of these formats."
        )
    first = [str(cell).strip() for cell in frame.iloc[0]]
    frame = frame.set_axis(list(COLUMNS), axis=1)
    if first[0].lstrip("-").isdigit():
        return frame, 1
    if tuple(first[:6]) != COLUMNS[:6]:
        raise UserError(
            f"{path.name}, row 1: the columns are {', '.join(first[:6])}… and not {', '.join(COLUMNS[:6])}…: "
            "choose a file in the format of the venue's archive."
        )
    return frame.iloc[1:].reset_index(drop=True), 2


def _require_filled(path: Path, frame: "pd.DataFrame", first_row: int) -> None:
    for name in COLUMNS[:7]:
        empty = np.flatnonzero((frame[name] == "").to_numpy())
        if len(empty):
            raise UserError(
                f"{path.name}, row {first_row + int(empty[0])}: {name} is empty: "
                "the file is damaged, download it again."
            )


def _numbers(path: Path, column: "pd.Series[str]", first_row: int) -> np.ndarray:
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        text = str(column.iloc[int(bad[0])])[:30]
        raise UserError(
            f"{path.name}, row {first_row + int(bad[0])}: {column.name} is {text!r}, which is no number: "
            "the file is damaged, download it again."
        )
    return values


def _times(path: Path, column: "pd.Series[str]", first_row: int) -> np.ndarray:
    values = _numbers(path, column, first_row)
    whole = values.astype(np.int64)
    return whole // 1000 if len(whole) and whole[0] >= MICROSECONDS_FROM else whole


def _interval(path: Path, open_time: np.ndarray) -> str:
    if len(open_time) < 2:
        raise UserError(f"{path.name} has fewer than two klines: choose a longer file.")
    steps, counts = np.unique(np.diff(open_time), return_counts=True)
    usual = int(steps[int(np.argmax(counts))])
    for name, length in FIXED_INTERVAL_MS.items():
        if length == usual:
            return name
    raise UserError(
        f"{path.name}: its rows are {usual} ms apart, which is no kline interval of the venue: choose another file."
    )


def _check_times(path: Path, open_time: np.ndarray, interval_ms: int, first_row: int) -> None:
    steps = np.diff(open_time)
    wrong = np.flatnonzero(steps != interval_ms)
    if not len(wrong):
        return
    # A row out of order looks like a gap before it: name the disorder first.
    disordered = np.flatnonzero(steps < 0)
    index = int(disordered[0] if len(disordered) else wrong[0])
    step = int(steps[index])
    row = first_row + index + 1
    if step == 0:
        raise UserError(f"{path.name}, row {row}: the same open time as the row before: remove the duplicate row.")
    if step < 0:
        raise UserError(f"{path.name}, row {row}: earlier than the row before: sort the rows by open time.")
    if step % interval_ms:
        raise UserError(f"{path.name}, row {row}: {step} ms after the row before: the file mixes intervals, split it.")
    raise UserError(
        f"{path.name}, row {row}: {step // interval_ms - 1} klines are missing before it: "
        "choose a file without a gap, or cut this one there."
    )


def _check_close_times(
    path: Path, frame: "pd.DataFrame", open_time: np.ndarray, interval_ms: int, first_row: int
) -> None:
    close_time = _times(path, frame["close_time"], first_row)
    wrong = np.flatnonzero(close_time != open_time + interval_ms - 1)
    if len(wrong):
        raise UserError(
            f"{path.name}, row {first_row + int(wrong[0])}: its close time is not its open time + the interval - 1 ms: "
            "cut the file there or choose another."
        )


def _check_prices(path: Path, frame: "pd.DataFrame", first_row: int) -> None:
    opened, high, low, close, volume = (
        _numbers(path, frame[name], first_row) for name in ("open", "high", "low", "close", "volume")
    )
    checks = (
        (np.minimum(low, np.minimum(opened, close)) <= 0, "a price is not above zero"),
        ((high < opened) | (high < close) | (high < low), "high is below another price of the row"),
        ((low > opened) | (low > close), "low is above another price of the row"),
        (volume < 0, "volume is negative"),
    )
    for is_wrong, what in checks:
        bad = np.flatnonzero(is_wrong)
        if len(bad):
            raise UserError(
                f"{path.name}, row {first_row + int(bad[0])}: {what}: the file is damaged, download it again."
            )


def decimal_places(texts: list[str]) -> int:
    """Return the largest number of decimal places among number texts, trailing zeros not counted."""
    places = 0
    for text in texts:
        exponent = int(Decimal(text).normalize().as_tuple().exponent)
        places = max(places, -exponent)
    return places
