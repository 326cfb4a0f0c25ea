"""A market played from a file of aggregate trades: each trade at its own time, a book made around them.

The first 500 minutes of the file become 1m klines, the history before the first played trade; a file that is not
longer is played whole, after 500 flat klines without volume. Each row is one trade: klines have the file's open, high,
low, close and volumes, but count rows, not the trades that a row joins. What the file does not say is filled in by
fixed rules, as in a market from klines: the book stands one tick wide around the last trade with sizes that depend on
the price alone, mark and index price are the last trade, the funding rate is zero.
"""

from collections.abc import Iterator
from itertools import dropwhile, groupby

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.agg_trades_file import AggTradesFile, ArchiveTrade, read_trades
from trader_gui.simulated_exchange.file_market import NO_FUNDING
from trader_gui.simulated_exchange.records import KlineRow, MarketTick, SymbolSpec
from trader_gui.simulated_exchange.steady_book import SteadyBook


class AggTradesMarket:
    """One symbol's market as a file of aggregate trades has it.

    Attributes:
        symbol: Venue symbol, given by whoever chose the file.
        start_time_ms: Time of the first played trade.
        is_recorded: True: own trades do not change the klines, which stay the file's.
    """

    is_recorded = True

    def __init__(self, spec: SymbolSpec, file: AggTradesFile) -> None:
        """Prepare a file whose first part was read.

        Raises:
            UserError: The file's prices lie outside the symbol's price limits.
        """
        if not spec.min_price <= file.first_price <= spec.max_price:
            raise UserError(
                f"{file.path.name}: its first price, {file.first_price}, is no price of {spec.symbol}: "
                "choose the symbol that the file belongs to."
            )
        self.symbol = spec.symbol
        self.start_time_ms = file.start_time_ms
        self._file = file
        self._tick_size = spec.tick_size
        self._book = SteadyBook(spec, file.minute_volume)

    def history(self) -> tuple[KlineRow, ...]:
        """Return the klines before the first played trade."""
        return self._file.history

    def ticks(self) -> Iterator[MarketTick]:
        """Yield a tick for each millisecond with trades; ends at the file's end.

        Raises:
            UserError: A row is no trade, or out of order.
        """
        played = dropwhile(lambda row: row.time_ms < self.start_time_ms, read_trades(self._file.path))
        for time_ms, rows in groupby(played, key=_time):
            prints = tuple(row.trade for row in rows)
            last = prints[-1]
            below, rest = divmod(last.price, self._tick_size)
            bid = int(below) if last.is_buyer_maker else int(below) - (not rest)
            bids, asks = self._book.at(bid)
            yield MarketTick(self.symbol, time_ms, prints, bids, asks, last.price, last.price, NO_FUNDING)


def _time(row: ArchiveTrade) -> int:
    return row.time_ms
