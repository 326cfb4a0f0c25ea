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
A schedule of regimes (calm, trend, crash, halt; see `regimes`) changes all this from the first tick on; the history
before it is always of the usual kind.
"""

import math
import random
import zlib
from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from trader_gui.simulated_exchange.klines import MINUTE_MS
from trader_gui.simulated_exchange.market_character import MarketCharacter, character_of
from trader_gui.simulated_exchange.older_klines import Minutes, OlderKlines
from trader_gui.simulated_exchange.records import KlineRow, MarketTick, Print, SymbolSpec
from trader_gui.simulated_exchange.regimes import MIXED, USUAL, Regime, Stretch, changes
from trader_gui.simulated_exchange.standing_book import LEVELS, StandingBook

TICK_MS = 100
HISTORY_KLINES = 1500
OLDER_KLINES = 60 * 1440
"""Minutes before these, which are made when somebody asks for them."""
OLDER_STEPS = 8
"""Moves of the price in each of them."""
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
NO_CHANGE_MS = 1 << 62
"""A market time that never comes."""


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

    def __init__(self, spec: SymbolSpec, seed: int, start_time_ms: int, schedule: tuple[Stretch, ...] = USUAL) -> None:
        """Make a market that has not begun.

        Args:
            spec: Rules of the symbol.
            seed: Of everything random, >= 0.
            start_time_ms: Market time at which it begins, cut to the minute.
            schedule: Its regimes from there on.
        """
        self.symbol = spec.symbol
        self.start_time_ms = start_time_ms // MINUTE_MS * MINUTE_MS
        self._seed = seed
        self._schedule = schedule
        self._character = character_of(spec, seed)
        self._tick_size = _plain(spec.tick_size)
        self._step_size = _plain(spec.step_size)
        self._history_end: tuple[int, float] | None = None

    @staticmethod
    def _volatility_path(rng: np.random.Generator, count: int) -> np.ndarray:
        paths = []
        for minutes, deviation in ((SLOW_MINUTES, SLOW_DEVIATION), (FAST_MINUTES, FAST_DEVIATION)):
            keep = math.exp(-1 / minutes)
            renewed = math.sqrt(1 - keep * keep)
            noise = (rng.standard_normal(count) * deviation).tolist()
            value = noise[0]
            path = [value]
            for shock in noise[1:]:
                value = keep * value + renewed * shock
                path.append(value)
            paths.append(np.array(path))
        return np.asarray(paths[0] + paths[1])

    def _history_paths(self) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
        """Return (price ticks within each minute with the former close in front, log volatility factor, rng)."""
        rng = np.random.default_rng([self._seed, zlib.crc32(self.symbol.encode())])
        factor = self._volatility_path(rng, HISTORY_KLINES)
        sigma = self._character.minute_volatility * np.exp(factor) / math.sqrt(60)
        steps = rng.standard_t(4, size=(HISTORY_KLINES, 60)) / math.sqrt(2) * sigma[:, None]
        log_price = np.cumsum(steps.reshape(-1))
        log_price += math.log(self._character.start_price) - log_price[-1]
        ticks = np.rint(np.exp(log_price) / float(self._tick_size)).astype(np.int64).reshape(HISTORY_KLINES, 60)
        before = np.concatenate((ticks[:1, 0], ticks[:-1, -1]))
        return np.column_stack((before, ticks)), factor, rng

    def _end_of_history(self) -> tuple[int, float]:
        """Return (last price in ticks, last log volatility factor), which the ticks go on from."""
        if self._history_end is None:
            path, factor, _ = self._history_paths()
            self._history_end = (int(path[-1, -1]), float(factor[-1]))
        return self._history_end

    def history(self) -> tuple[KlineRow, ...]:
        """Return the 1500 closed 1m klines before the first tick; the last one closes at the first tick's price."""
        path, factor, rng = self._history_paths()
        self._history_end = (int(path[-1, -1]), float(factor[-1]))
        volumes, taken, counts = (part.tolist() for part in self._trading(path, factor, rng))
        ohlc = np.column_stack((path[:, 0], path.max(axis=1), path.min(axis=1), path[:, -1])).tolist()
        first_open = self.start_time_ms - HISTORY_KLINES * MINUTE_MS
        return tuple(
            self._row(first_open + index * MINUTE_MS, ohlc[index], (volumes[index], taken[index]), counts[index])
            for index in range(HISTORY_KLINES)
        )

    def _trading(
        self, path: np.ndarray, factor: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (volumes, of these bought by takers, trades) of minutes: volumes in steps."""
        count = len(path)
        move = (path[:, -1] - path[:, 0]) / path[:, 0] / self._character.minute_volatility
        per_minute = 60 * self._character.trades_per_second / (1 - EXCITE_PER_TRADE)
        counts = np.maximum(1, per_minute * np.exp(factor + 0.25 * rng.standard_normal(count)))
        mean_trade = self._character.median_trade * math.exp(0.5 * 1.3**2)
        steps = np.maximum(1, counts * mean_trade / float(self._step_size))
        taker = np.clip(0.5 + 0.18 * np.tanh(move) + 0.04 * rng.standard_normal(count), 0.05, 0.95)
        return steps.astype(np.int64), (steps * taker).astype(np.int64), counts.astype(np.int64)

    def older(self) -> OlderKlines:
        """Return the two months before the history: its first kline opens at the last close of these."""
        end_ms = self.start_time_ms - HISTORY_KLINES * MINUTE_MS
        return OlderKlines(self._older_minutes, end_ms, (self._tick_size, self._step_size))

    def _older_minutes(self) -> Minutes:
        first_tick = int(self._history_paths()[0][0, 0])
        rng = np.random.default_rng([self._seed, zlib.crc32(self.symbol.encode()), 1])
        factor = self._volatility_path(rng, OLDER_KLINES)
        sigma = self._character.minute_volatility * np.exp(factor) / math.sqrt(OLDER_STEPS)
        steps = rng.standard_t(4, size=(OLDER_KLINES, OLDER_STEPS)) / math.sqrt(2) * sigma[:, None]
        log_price = np.cumsum(steps.reshape(-1))
        log_price += math.log(first_tick) - log_price[-1]
        ticks = np.maximum(1, np.rint(np.exp(log_price))).astype(np.int64).reshape(OLDER_KLINES, OLDER_STEPS)
        before = np.concatenate((ticks[:1, 0], ticks[:-1, -1]))
        path = np.column_stack((before, ticks))
        prices = np.column_stack((path[:, 0], path.max(axis=1), path.min(axis=1), path[:, -1]))
        return Minutes(prices, *self._trading(path, factor, rng))

    def _row(self, open_ms: int, ohlc: list[int], volumes: tuple[int, int], count: int) -> KlineRow:
        opened, high, low, close = [tick * self._tick_size for tick in ohlc]
        volume, taker = volumes[0] * self._step_size, volumes[1] * self._step_size
        mean = (opened + close) / 2
        end = open_ms + MINUTE_MS - 1
        return KlineRow(open_ms, end, opened, high, low, close, volume, volume * mean, count, taker, taker * mean)

    def ticks(self) -> Iterator[MarketTick]:
        """Yield a tick every 100 ms of market time, for ever."""
        simulation = _Simulation(
            self._character, (self._tick_size, self._step_size), (self._seed, self.symbol), *self._end_of_history()
        )
        regimes = changes(self._schedule, self.start_time_ms)
        next_ms, coming = next(regimes)
        time_ms = self.start_time_ms
        while True:
            while time_ms >= next_ms:
                simulation.enter(coming)
                next_ms, coming = next(regimes, (NO_CHANGE_MS, coming))
            prints = simulation.advance()
            bids, asks = simulation.book.sides()
            mark, index, funding = simulation.reference(time_ms)
            is_trading = not simulation.regime.is_halted
            yield MarketTick(self.symbol, time_ms, prints, bids, asks, mark, index, funding, is_trading)
            time_ms += TICK_MS


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
        self._regime_rng = random.Random(f"{seed[0]}:{seed[1]}:regime")
        self._character = character
        self.regime = MIXED
        self._direction = 1
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
        self._index_lag = 0.0
        self._last_middle = 0.0
        self._reference = (Decimal(0), Decimal(0), Decimal(0))
        self.book = StandingBook(self._rng, steps, character.median_level)
        self.book.move(start_tick, start_tick + 1)

    def enter(self, regime: Regime) -> None:
        """Begin a stretch of the schedule. Its own randomness: the usual market's stays what it was."""
        if regime.depth != self.book.depth and not regime.is_halted:
            self.book.thin_out(regime.depth / self.book.depth)
            self.book.depth = regime.depth
        self._fast += regime.shock
        self._direction = 1 if regime.is_one_way else self._regime_rng.choice((-1, 1))
        self.regime = regime

    def advance(self) -> tuple[Print, ...]:
        """Go on by one tick and return its trades."""
        regime = self.regime
        if regime.is_halted:
            return ()
        seconds = TICK_MS / 1000
        volatility = self._next_volatility(seconds)
        usual = self._character.trades_per_second * math.exp(0.6 * (self._slow + self._fast)) * regime.activity
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
        deviation = self._character.minute_volatility * math.exp(self._slow + self._fast) * math.sqrt(minutes)
        return deviation * self.regime.volatility

    def _move_latent(self, volatility: float, seconds: float, activity: float) -> None:
        rng = self._rng
        chi_square = -0.5 * math.log((1 - rng.random()) * (1 - rng.random()))
        student = rng.gauss(0, 1) / math.sqrt(2 * max(chi_square, 1e-6))
        change = volatility * math.sqrt(min(4.0, activity)) * max(-12.0, min(12.0, student))
        change += self._direction * self.regime.drift * self._character.minute_volatility * seconds / 60
        if rng.random() < JUMPS_PER_SECOND * seconds * self.regime.jumps:
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
        return book.best_bid + 1 if self._rng.random() < self.regime.narrowing else book.best_ask

    def _spread(self) -> int:
        """Return the spread in ticks after trades: mostly one tick, else some more and what the regime adds."""
        regime = self.regime
        if self._rng.random() < regime.tight:
            return 1
        spread = 1 + min(8, 1 + int(self._rng.expovariate(0.7)))
        if regime.wide_bps:
            spread += int(self._rng.expovariate(1 / max(1.0, self._latent * regime.wide_bps / 10_000)))
        return spread

    def _trade(self, count: int) -> tuple[Print, ...]:
        book = self.book
        old_bid, old_ask = book.best_bid, book.best_ask
        new_bid = math.floor(self._latent)
        new_ask = new_bid + self._spread()
        moved = new_bid - old_bid
        buys = 0.5 + 0.35 * math.tanh(self._flow) + (0.3 if moved > 1 else -0.3 if moved < -1 else 0.0)
        buys += self._direction * self.regime.lean
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
        """Return (mark price, index price, funding rate), renewed once a second; they stand while trading does."""
        if self._reference[0] and (time_ms % 1000 or self.regime.is_halted):
            return self._reference
        regime = self.regime
        middle = (self.book.best_bid + self.book.best_ask) / 2 * float(self._tick_size)
        self._basis += (regime.basis - self._basis) / regime.basis_seconds + 6e-6 * self._rng.gauss(0, 1)
        index = middle / (1 + self._basis) * (1 + self._lag(middle, regime.lag_seconds))
        self._average_gap += ((middle - index) - self._average_gap) / 30
        premium = (middle - index) / index
        self._average_premium += (premium - self._average_premium) / 3600
        held = max(-PREMIUM_CLAMP, min(PREMIUM_CLAMP, INTEREST - self._average_premium))
        funding = self._average_premium + held
        self._reference = _eight_places(index + self._average_gap), _eight_places(index), _eight_places(funding)
        return self._reference

    def _lag(self, middle: float, seconds: float) -> float:
        """Return by which fraction the index is behind: what it did not follow yet; made up within seconds."""
        if seconds:
            self._index_lag -= middle / (self._last_middle or middle) - 1
            self._index_lag *= 1 - 1 / seconds
        elif self._index_lag:
            self._index_lag = 0.8 * self._index_lag if abs(self._index_lag) > 1e-9 else 0.0
        self._last_middle = middle
        return self._index_lag


def _eight_places(value: float) -> Decimal:
    return Decimal(round(value * 1e8)).scaleb(-8)
