"""A generated market: one symbol's trades, book, mark price and funding rate from a seed.

What is imitated, and how:

- *Volatility comes in clusters, returns have fat tails*: log volatility is the sum of a slow (about 4 h) and a fast
  (about 12 min) mean-reverting process; returns are Student-t with 4 degrees of freedom; now and then a jump, part of
  which is taken back within minutes.
- *Trades come in clusters*: a self-exciting (Hawkes) arrival process; the price moves when trades come.
- *Order flow has a sign that lasts*: a mean-reverting imbalance tilts which side takes.
- *The book stands*: levels keep their size from tick to tick; a few change at every tick, trades eat into the touch.
  The spread is mostly one tick, wider in bursts.
- *Mark and index*: the index is the middle less a slowly wandering basis; the mark is the index plus a 30 s average
  of (middle - index); the funding rate follows from the average premium by the venue's formula.

The price itself has no drift and no memory. Deterministic: the same symbol rules, seed and start give the same ticks.
"""

import math
import random
import zlib
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from trader_gui.simulated_exchange.klines import MINUTE_MS
from trader_gui.simulated_exchange.records import KlineRow, MarketTick, PriceLevel, Print, SymbolSpec

TICK_MS = 100
HISTORY_KLINES = 1500
LEVELS = 60
MAX_PRINTS = 8

SLOW_MINUTES = 240.0
SLOW_DEVIATION = 0.30
FAST_MINUTES = 12.0
FAST_DEVIATION = 0.40
JUMPS_PER_SECOND = 1 / 1500
EXCITE_DECAY_SECONDS = 1.5
EXCITE_PER_TRADE = 0.40
INTEREST = 0.0001
PREMIUM_CLAMP = 0.0005


class MarketCharacter(NamedTuple):
    """How a symbol trades: price at the start, volatility per minute (a fraction), trades a second, typical sizes."""

    start_price: float
    minute_volatility: float
    trades_per_second: float
    median_trade: float
    median_level: float


CHARACTERS: dict[str, MarketCharacter] = {
    "BTCUSDT": MarketCharacter(108_000.0, 2.6e-4, 3.0, 0.020, 1.2),
    "ETHUSDT": MarketCharacter(3_900.0, 3.4e-4, 3.0, 0.35, 18.0),
    "BNBUSDT": MarketCharacter(1_100.0, 3.0e-4, 1.5, 0.5, 12.0),
    "SOLUSDT": MarketCharacter(190.0, 4.2e-4, 2.0, 4.0, 150.0),
    "XRPUSDT": MarketCharacter(2.4, 4.0e-4, 2.0, 300.0, 9_000.0),
    "DOGEUSDT": MarketCharacter(0.2, 4.5e-4, 1.5, 3_000.0, 90_000.0),
}
"""Invented, of a likely order of magnitude. Any other symbol starts at 1,000 times its smallest price step."""


def _character(spec: SymbolSpec) -> MarketCharacter:
    known = CHARACTERS.get(spec.symbol)
    if known is not None:
        return known
    price = 10_000.0 * float(spec.tick_size)
    return MarketCharacter(price, 4.0e-4, 1.5, 400.0 / price, 12_000.0 / price)


def _plain(step: Decimal) -> Decimal:
    """Return a price or quantity step without trailing zeros, never with a positive exponent."""
    normal = step.normalize()
    return normal if int(normal.as_tuple().exponent) <= 0 else normal.quantize(Decimal(1))


class GeneratedMarket:
    """One symbol's generated market.

    Attributes:
        symbol: Venue symbol.
        start_time_ms: Market time of the first tick: the minute that holds the requested start.
        is_recorded: False: own trades become part of the klines.
    """

    is_recorded = False

    def __init__(self, spec: SymbolSpec, seed: int, start_time_ms: int) -> None:
        self.symbol = spec.symbol
        self.start_time_ms = start_time_ms // MINUTE_MS * MINUTE_MS
        self._seed = seed
        self._character = _character(spec)
        self._tick_size = _plain(spec.tick_size)
        self._step_size = _plain(spec.step_size)

    def _volatility_path(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        slow, fast = np.empty(HISTORY_KLINES), np.empty(HISTORY_KLINES)
        for path, minutes, deviation in ((slow, SLOW_MINUTES, SLOW_DEVIATION), (fast, FAST_MINUTES, FAST_DEVIATION)):
            keep = math.exp(-1 / minutes)
            noise = rng.standard_normal(HISTORY_KLINES) * deviation
            path[0] = noise[0]
            for index in range(1, HISTORY_KLINES):
                path[index] = keep * path[index - 1] + math.sqrt(1 - keep * keep) * noise[index]
        return slow, fast

    def _history_paths(self) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
        """Return (price ticks within each minute with the former close in front, log volatility factor, rng)."""
        rng = np.random.default_rng([self._seed, zlib.crc32(self.symbol.encode())])
        slow, fast = self._volatility_path(rng)
        factor = slow + fast
        sigma = self._character.minute_volatility * np.exp(factor) / math.sqrt(60)
        steps = rng.standard_t(4, size=(HISTORY_KLINES, 60)) / math.sqrt(2) * sigma[:, None]
        log_price = np.cumsum(steps.reshape(-1))
        log_price += math.log(self._character.start_price) - log_price[-1]
        ticks = np.rint(np.exp(log_price) / float(self._tick_size)).astype(np.int64).reshape(HISTORY_KLINES, 60)
        before = np.concatenate((ticks[:1, 0], ticks[:-1, -1]))
        return np.column_stack((before, ticks)), factor, rng

    def history(self) -> tuple[KlineRow, ...]:
        """Return the 1500 closed 1m klines before the first tick; the last one closes at the first tick's price."""
        path, factor, rng = self._history_paths()
        move = (path[:, -1] - path[:, 0]) / path[:, 0] / self._character.minute_volatility
        per_minute = 60 * self._character.trades_per_second / (1 - EXCITE_PER_TRADE)
        counts = np.maximum(1, per_minute * np.exp(factor + 0.25 * rng.standard_normal(HISTORY_KLINES)))
        mean_trade = self._character.median_trade * math.exp(0.5 * 1.3**2)
        steps = np.maximum(1, counts * mean_trade / float(self._step_size))
        taker = np.clip(0.5 + 0.18 * np.tanh(move) + 0.04 * rng.standard_normal(HISTORY_KLINES), 0.05, 0.95)
        first_open = self.start_time_ms - HISTORY_KLINES * MINUTE_MS
        rows = []
        for index in range(HISTORY_KLINES):
            line = path[index]
            rows.append(
                self._row(
                    first_open + index * MINUTE_MS,
                    (int(line[0]), int(line.max()), int(line.min()), int(line[-1])),
                    (int(steps[index]), int(steps[index] * taker[index])),
                    int(counts[index]),
                )
            )
        return tuple(rows)

    def _row(self, open_ms: int, ohlc: tuple[int, int, int, int], volumes: tuple[int, int], count: int) -> KlineRow:
        opened, high, low, close = (tick * self._tick_size for tick in ohlc)
        volume, taker = (steps * self._step_size for steps in volumes)
        mean = (opened + close) / 2
        end = open_ms + MINUTE_MS - 1
        return KlineRow(open_ms, end, opened, high, low, close, volume, volume * mean, count, taker, taker * mean)

    def ticks(self) -> Iterator[MarketTick]:
        """Yield a tick every 100 ms of market time, for ever."""
        path, factor, _ = self._history_paths()
        simulation = _Simulation(
            self._character,
            (self._tick_size, self._step_size),
            (self._seed, self.symbol),
            int(path[-1, -1]),
            float(factor[-1]),
        )
        time_ms = self.start_time_ms
        while True:
            prints = simulation.advance()
            bids, asks = simulation.book.sides()
            mark, index, funding = simulation.reference(time_ms)
            yield MarketTick(self.symbol, time_ms, prints, bids, asks, mark, index, funding)
            time_ms += TICK_MS


class _StandingBook:
    """Other people's book around a touch, in integer ticks; a level keeps its size until something changes it."""

    def __init__(self, rng: random.Random, steps: tuple[Decimal, Decimal], median_level: float) -> None:
        self._rng = rng
        self._tick_size, self._step_size = steps
        self._median = median_level / float(self._step_size)
        self._bids: dict[int, PriceLevel] = {}
        self._asks: dict[int, PriceLevel] = {}
        self.best_bid = 0
        self.best_ask = 0

    def _new_level(self, tick: int, distance: int) -> PriceLevel:
        size = self._median * (0.35 + 0.65 * min(1.0, distance / 12)) * math.exp(0.9 * self._rng.gauss(0, 1))
        if tick % 100 == 0:
            size *= 3
        return tick * self._tick_size, max(1, int(size)) * self._step_size

    def move(self, best_bid: int, best_ask: int) -> None:
        """Put the touch at these ticks: crossed levels go, newly uncovered ones come, a few change size."""
        for tick in range(best_bid + 1, self.best_bid + 1):
            self._bids.pop(tick, None)
        for tick in range(self.best_ask, best_ask):
            self._asks.pop(tick, None)
        self.best_bid, self.best_ask = best_bid, best_ask
        self._fill(self._bids, best_bid, -1)
        self._fill(self._asks, best_ask, 1)
        self._churn()

    def _fill(self, levels: dict[int, PriceLevel], best: int, direction: int) -> None:
        for distance in range(LEVELS):
            tick = best + direction * distance
            if tick not in levels:
                levels[tick] = self._new_level(tick, distance)
        if len(levels) > 6 * LEVELS:
            for tick in [tick for tick in levels if abs(tick - best) > 3 * LEVELS]:
                del levels[tick]

    def _churn(self) -> None:
        for _ in range(5):
            distance = min(LEVELS - 1, int(self._rng.expovariate(1 / 8)))
            if self._rng.random() < 0.5:
                self._bids[self.best_bid - distance] = self._new_level(self.best_bid - distance, distance)
            else:
                self._asks[self.best_ask + distance] = self._new_level(self.best_ask + distance, distance)

    def eat(self, trade: Print) -> None:
        """Take a trade's quantity out of the touch when it happened there; what is left is at least one step."""
        levels, best = (self._bids, self.best_bid) if trade.is_buyer_maker else (self._asks, self.best_ask)
        price, size = levels[best]
        if price == trade.price:
            levels[best] = (price, max(self._step_size, size - trade.quantity))

    def sides(self) -> tuple[tuple[PriceLevel, ...], tuple[PriceLevel, ...]]:
        """Return (bids, asks), best first."""
        bids, asks = self._bids, self._asks
        return (
            tuple([bids[tick] for tick in range(self.best_bid, self.best_bid - LEVELS, -1)]),
            tuple([asks[tick] for tick in range(self.best_ask, self.best_ask + LEVELS)]),
        )


class _Simulation:
    """The state of the generated market between ticks; prices as floats in ticks until they are printed."""

    def __init__(
        self,
        character: MarketCharacter,
        steps: tuple[Decimal, Decimal],
        seed: tuple[int, str],
        start_tick: int,
        log_factor: float,
    ) -> None:
        self._rng = random.Random(f"{seed[0]}:{seed[1]}")
        self._character = character
        self._tick_size, self._step_size = steps
        self._latent = start_tick + 0.5
        self._slow = min(0.6, max(-0.6, log_factor))
        self._fast = 0.0
        self._excite = 0.0
        self._flow = 0.0
        self._pullback = 0.0
        self._basis = 0.00015
        self._average_gap = 0.0
        self._average_premium = 0.0
        self._reference = (Decimal(0), Decimal(0), Decimal(0))
        self.book = _StandingBook(self._rng, steps, character.median_level)
        self.book.move(start_tick, start_tick + 1)

    def advance(self) -> tuple[Print, ...]:
        """Go on by one tick and return its trades."""
        seconds = TICK_MS / 1000
        volatility = self._next_volatility(seconds)
        usual = self._character.trades_per_second * math.exp(0.6 * (self._slow + self._fast))
        self._excite *= math.exp(-seconds / EXCITE_DECAY_SECONDS)
        intensity = min(40.0, usual + self._excite)
        self._move_latent(volatility, seconds, intensity / (usual / (1 - EXCITE_PER_TRADE)))
        count = self._poisson(intensity * seconds)
        self._excite += count * EXCITE_PER_TRADE / EXCITE_DECAY_SECONDS
        self._flow += -self._flow * seconds / 20 + 0.35 * math.sqrt(seconds) * self._rng.gauss(0, 1)
        if count == 0:
            self.book.move(self.book.best_bid, self._narrowed_ask())
            return ()
        return self._trade(min(count, MAX_PRINTS))

    def _next_volatility(self, seconds: float) -> float:
        minutes = seconds / 60
        gauss = self._rng.gauss
        self._slow += -self._slow * minutes / SLOW_MINUTES + SLOW_DEVIATION * math.sqrt(
            2 * minutes / SLOW_MINUTES
        ) * gauss(0, 1)
        self._fast += -self._fast * minutes / FAST_MINUTES + FAST_DEVIATION * math.sqrt(
            2 * minutes / FAST_MINUTES
        ) * gauss(0, 1)
        return self._character.minute_volatility * math.exp(self._slow + self._fast) * math.sqrt(minutes)

    def _move_latent(self, volatility: float, seconds: float, activity: float) -> None:
        rng = self._rng
        chi_square = -0.5 * math.log((1 - rng.random()) * (1 - rng.random()))
        student = rng.gauss(0, 1) / math.sqrt(2 * max(chi_square, 1e-6))
        change = volatility * math.sqrt(min(4.0, activity)) * max(-12.0, min(12.0, student))
        if rng.random() < JUMPS_PER_SECOND * seconds:
            jump = (2 + rng.expovariate(1 / 1.5)) * self._character.minute_volatility * rng.choice((-1, 1))
            change += jump
            self._pullback -= 0.4 * jump
            self._fast += 0.5
            self._excite += 15
        back = self._pullback * seconds / 90
        self._pullback -= back
        self._latent = max(LEVELS * 2.0, self._latent * math.exp(change + back))

    def _poisson(self, mean: float) -> int:
        limit, product, count = math.exp(-mean), self._rng.random(), 0
        while product > limit:
            product *= self._rng.random()
            count += 1
        return count

    def _narrowed_ask(self) -> int:
        """Return the ask of a quiet tick: a wide spread closes from the side away from the price."""
        book = self.book
        return book.best_bid + 1 if self._rng.random() < 0.6 else book.best_ask

    def _trade(self, count: int) -> tuple[Print, ...]:
        book = self.book
        old_bid, old_ask = book.best_bid, book.best_ask
        new_bid = math.floor(self._latent)
        spread = 1 if self._rng.random() < 0.9 else 1 + min(8, 1 + int(self._rng.expovariate(0.7)))
        new_ask = new_bid + spread
        moved = new_bid - old_bid
        buys = 0.5 + 0.35 * math.tanh(self._flow) + (0.3 if moved > 1 else -0.3 if moved < -1 else 0.0)
        prints = []
        for index in range(1, count + 1):
            shift = moved * index // count if moved else 0
            is_buy = self._rng.random() < buys
            if is_buy:
                tick = max(old_ask, min(new_ask, old_ask + shift))
            else:
                tick = min(old_bid, max(new_bid, old_bid + shift))
            prints.append(Print(tick * self._tick_size, self._trade_size(), not is_buy))
        book.move(new_bid, new_ask)
        for trade in prints:
            book.eat(trade)
        return tuple(prints)

    def _trade_size(self) -> Decimal:
        size = self._character.median_trade * math.exp(1.3 * self._rng.gauss(0, 1)) / float(self._step_size)
        return max(1, int(size)) * self._step_size

    def reference(self, time_ms: int) -> tuple[Decimal, Decimal, Decimal]:
        """Return (mark price, index price, funding rate), renewed once a second."""
        if time_ms % 1000 and self._reference[0]:
            return self._reference
        middle = (self.book.best_bid + self.book.best_ask) / 2 * float(self._tick_size)
        self._basis += (0.00015 - self._basis) / 1800 + 6e-6 * self._rng.gauss(0, 1)
        index = middle / (1 + self._basis)
        self._average_gap += ((middle - index) - self._average_gap) / 30
        premium = (middle - index) / index
        self._average_premium += (premium - self._average_premium) / 3600
        held = max(-PREMIUM_CLAMP, min(PREMIUM_CLAMP, INTEREST - self._average_premium))
        funding = self._average_premium + held
        self._reference = _eight_places(index + self._average_gap), _eight_places(index), _eight_places(funding)
        return self._reference


def _eight_places(value: float) -> Decimal:
    return Decimal(round(value * 1e8)).scaleb(-8)
