"""Reading a file of aggregate trades in the format of the venue's public archive, and refusing one that is not.

Format: plain, gzip or zip; seven columns agg_trade_id, price, quantity, first_trade_id, last_trade_id, transact_time,
is_buyer_maker, with or without its header line; times in milliseconds (microseconds are converted).

A file may be larger than memory, so only its first part is read before the market begins: the minutes that become the
history. Rows after that are checked when they are played; the refusal is the same sentence.
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.data_file import TRADE_COLUMNS, read_lines
from trader_gui.simulated_exchange.flat_history import flat_history
from trader_gui.simulated_exchange.klines import MINUTE_MS, KlineBuild
from trader_gui.simulated_exchange.records import KlineRow, Print

COLUMNS = (
    "agg_trade_id",
    "price",
    "quantity",
    "first_trade_id",
    "last_trade_id",
    "transact_time",
    "is_buyer_maker",
)
HISTORY_MINUTES = 500
MICROSECONDS_FROM = 10**15
_SIDES = {"true": True, "false": False}


class ArchiveTrade(NamedTuple):
    """One row: the trade, and when it was."""

    time_ms: int
    trade: Print


class AggTradesFile(msgspec.Struct, frozen=True):
    """What the first part of a file tells.

    Attributes:
        path: The file.
        history: Klines before the first played trade: the first 500 minutes, or flat ones when there are no more.
        start_time_ms, first_price: Of the first played trade.
        tick_size, step_size: As fine as the numbers of the first part.
        minute_volume: What is usually traded in a minute, base asset.
    """

    path: Path
    history: tuple[KlineRow, ...]
    start_time_ms: int
    first_price: Decimal
    tick_size: Decimal
    step_size: Decimal
    minute_volume: Decimal


def read_trades(path: Path) -> Iterator[ArchiveTrade]:
    """Yield the trades of a file, oldest first.

    Raises:
        UserError: A row is none, or out of order; the sentence names the row and the remedy.
    """
    last_id, last_ms = -1, 0
    for number, line in enumerate(read_lines(path), start=1):
        cells = line.split(",")
        if number == 1 and not cells[0].isdigit():
            if tuple(cell.strip() for cell in cells) != COLUMNS:
                raise UserError(f"{path.name}, row 1: the columns are not {', '.join(COLUMNS)}: choose another file.")
            continue
        row = _row(cells)
        if row is None:
            raise UserError(f"{path.name}, row {number}: no trade ({line[:60]}): the file is damaged, cut it there.")
        trade_id = int(cells[0])
        if trade_id <= last_id or row.time_ms < last_ms:
            what = "its id does not come after" if trade_id <= last_id else "it is earlier than"
            raise UserError(f"{path.name}, row {number}: {what} the row before: sort the rows by agg_trade_id.")
        last_id, last_ms = trade_id, row.time_ms
        yield row


def _row(cells: list[str]) -> ArchiveTrade | None:
    if len(cells) != TRADE_COLUMNS or not (cells[0].isdecimal() and cells[5].isdecimal()):
        return None
    is_buyer_maker = _SIDES.get(cells[6].strip().lower())
    try:
        price, quantity = Decimal(cells[1]), Decimal(cells[2])
    except InvalidOperation:
        return None
    if is_buyer_maker is None or not (price.is_finite() and quantity.is_finite() and price > 0 and quantity > 0):
        return None
    time = int(cells[5])
    return ArchiveTrade(time // 1000 if time >= MICROSECONDS_FROM else time, Print(price, quantity, is_buyer_maker))


def read_agg_trades_file(path: Path) -> AggTradesFile:
    """Read and check the first part of a file.

    Raises:
        UserError: The file cannot be read, has no trades, or a row of its first part is none.
    """
    builder = _Minutes()
    first_played: ArchiveTrade | None = None
    for row in read_trades(path):
        if not builder.add(row):
            first_played = row
            break
    if builder.first is None:
        raise UserError(f"{path.name} has no trades: choose another file.")
    history: tuple[KlineRow, ...] = ()
    if first_played is None:
        first_played = builder.first
        history = flat_history(first_played.time_ms, first_played.trade.price)
    else:
        history = builder.history()
    return AggTradesFile(
        path,
        history,
        first_played.time_ms,
        first_played.trade.price,
        Decimal(1).scaleb(-builder.price_places),
        Decimal(1).scaleb(-builder.quantity_places),
        Decimal(median(builder.volumes())),
    )


class _Minutes:
    """Klines of the first 500 minutes, put together trade by trade."""

    def __init__(self) -> None:
        self.first: ArchiveTrade | None = None
        self.price_places = 0
        self.quantity_places = 0
        self._end_ms = 0
        self._count = 0
        self._builds: list[KlineBuild] = []

    def add(self, row: ArchiveTrade) -> bool:
        """Count a trade in; return False when it lies after the 500 minutes."""
        if self.first is None:
            self.first = row
            open_ms = row.time_ms // MINUTE_MS * MINUTE_MS
            self._end_ms = open_ms + HISTORY_MINUTES * MINUTE_MS
            self._builds.append(KlineBuild.flat(open_ms, MINUTE_MS, row.trade.price))
        if row.time_ms >= self._end_ms:
            return False
        self._fill_up(row.time_ms)
        self._count += 1
        self._builds[-1].add(row.trade, self._count)
        self.price_places = max(self.price_places, _places(row.trade.price))
        self.quantity_places = max(self.quantity_places, _places(row.trade.quantity))
        return True

    def _fill_up(self, time_ms: int) -> None:
        """Open flat klines until the last one holds `time_ms`."""
        while (last := self._builds[-1]).close_time_ms < time_ms:
            self._builds.append(KlineBuild.flat(last.close_time_ms + 1, MINUTE_MS, last.close))

    def history(self) -> tuple[KlineRow, ...]:
        self._fill_up(self._end_ms - 1)
        return tuple(build.row() for build in self._builds)

    def volumes(self) -> list[Decimal]:
        return [build.volume for build in self._builds]


def _places(value: Decimal) -> int:
    return max(0, -int(value.normalize().as_tuple().exponent))
