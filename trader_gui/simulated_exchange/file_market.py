"""A market played from a file of klines: every kline becomes trades along a likely path.

The first 500 rows are history. Each row after that is walked open, then low and high (rising kline) or high and low
(falling), then close; the trades rebuild the row's open, high, low, close and volume exactly. What the file does not
say is filled in by fixed rules, so that two runs are equal: trades are spread evenly over the kline from its open time
to its close time; the book stands one tick wide around the last trade with sizes that depend on the price alone; mark
and index price are the last trade; the funding rate is zero, since the file has none.
"""

import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.klines_file import HISTORY_ROWS, KlinesFile, decimal_places
from trader_gui.simulated_exchange.records import KlineRow, MarketTick, Print, SymbolSpec
from trader_gui.simulated_exchange.steady_book import SteadyBook

LEAST_TICKS = 4
NO_FUNDING = Decimal("0.00000000")


class KlinesFileMarket:
    """One symbol's market as a file of klines has it.

    Attributes:
        symbol: Venue symbol, given by whoever chose the file.
        start_time_ms: Open time of the first played kline.
        is_recorded: True: own trades do not change the klines, which stay the file's.
    """

    is_recorded = True

    def __init__(self, spec: SymbolSpec, file: KlinesFile, *, ticks_per_kline: int = LEAST_TICKS) -> None:
        """Prepare a file that was checked by `read_klines_file`.

        Args:
            spec: Rules of the symbol it is to be played as.
            file: The klines.
            ticks_per_kline: Trades each kline is played in, at least 4.

        Raises:
            UserError: The file's prices lie outside the symbol's price limits.
        """
        first = Decimal(file.columns[0][0])
        if not spec.min_price <= first <= spec.max_price:
            raise UserError(
                f"{file.path.name}: its first price, {first}, is no price of {spec.symbol}: "
                "choose the symbol that the file belongs to."
            )
        self.symbol = spec.symbol
        self.start_time_ms = int(file.open_time_ms[HISTORY_ROWS])
        self._file = file
        self._ticks_per_kline = max(LEAST_TICKS, ticks_per_kline)
        tick_places = max(0, -int(spec.tick_size.normalize().as_tuple().exponent))
        self._price_places = max(tick_places, *(decimal_places(texts) for texts in file.columns[:4]))
        self._volume_places = decimal_places(file.columns[4])
        self._tick = int(spec.tick_size.scaleb(self._price_places))
        volumes = sorted(Decimal(text) for text in file.columns[4][:HISTORY_ROWS])
        self._book = SteadyBook(spec, volumes[HISTORY_ROWS // 2])

    def history(self) -> tuple[KlineRow, ...]:
        """Return the file's first 500 klines."""
        return tuple(self._file.row(index) for index in range(HISTORY_ROWS))

    def ticks(self) -> Iterator[MarketTick]:
        """Yield the trades of every kline after the history; ends at the file's end."""
        before = self._units(self._file.columns[3][HISTORY_ROWS - 1])
        is_buyer_maker = False
        for index in range(HISTORY_ROWS, len(self._file)):
            path = self._path(index)
            quantities = self._quantities(index, len(path))
            open_ms = int(self._file.open_time_ms[index])
            span = self._file.interval_ms - 1
            for position, units in enumerate(path):
                if units != before:
                    is_buyer_maker = units < before
                before = units
                price = Decimal(units).scaleb(-self._price_places)
                bid = units // self._tick if is_buyer_maker else -(-units // self._tick) - 1
                bids, asks = self._book.at(bid)
                yield MarketTick(
                    self.symbol,
                    open_ms + position * span // (len(path) - 1),
                    (Print(price, quantities[position], is_buyer_maker),),
                    bids,
                    asks,
                    price,
                    price,
                    NO_FUNDING,
                )

    def _units(self, text: str) -> int:
        return int(Decimal(text).scaleb(self._price_places))

    def _path(self, index: int) -> Sequence[int]:
        """Return the prices of a kline's trades, in units of the last price decimal."""
        opened, high, low, close = (self._units(column[index]) for column in self._file.columns[:4])
        turns = (low, high) if close >= opened else (high, low)
        count = self._ticks_per_kline
        if count == LEAST_TICKS:
            return (opened, *turns, close)
        rng = random.Random(int(self._file.open_time_ms[index]))
        first = rng.randrange(1, count // 2)
        second = rng.randrange(first + 1, count - 1)
        anchors = ((0, opened), (first, turns[0]), (second, turns[1]), (count - 1, close))
        path = [opened] * count
        for (left, start), (right, end) in pairwise(anchors):
            self._walk(path, (left, start), (right, end), (low, high), rng)
        return path

    def _walk(
        self,
        path: list[int],
        start: tuple[int, int],
        end: tuple[int, int],
        limits: tuple[int, int],
        rng: random.Random,
    ) -> None:
        """Fill `path` between two (position, price) anchors by a random walk drawn to the end, within the limits."""
        low, high = limits
        spread = (high - low) / 12
        price = start[1]
        for position in range(start[0] + 1, end[0]):
            drawn = (end[1] - price) / (end[0] - position + 1)
            wanted = price + drawn + rng.gauss(0, spread)
            snapped = round(wanted / self._tick) * self._tick
            price = min(high, max(low, snapped))
            path[position] = price
        path[end[0]] = end[1]

    def _quantities(self, index: int, count: int) -> list[Decimal]:
        """Split a kline's volume into `count` quantities that add up to it exactly."""
        places = self._volume_places
        volume = int(Decimal(self._file.columns[4][index]).scaleb(places))
        if 0 < volume < count:
            # Too little for one unit each: finer quantities, so that no trade is empty.
            places, volume = places + 4, volume * 10_000
        each, rest = divmod(volume, count)
        small, large = Decimal(each).scaleb(-places), Decimal(each + 1).scaleb(-places)
        return [large if position < rest else small for position in range(count)]
