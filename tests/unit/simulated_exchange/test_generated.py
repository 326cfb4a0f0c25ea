from decimal import Decimal
from itertools import islice, pairwise

import numpy as np
import pytest

from trader_gui.simulated_exchange.generated import HISTORY_KLINES, GeneratedMarket
from trader_gui.simulated_exchange.klines import MINUTE_MS
from trader_gui.simulated_exchange.records import MarketTick
from trader_gui.simulated_exchange.regimes import read_schedule
from trader_gui.simulated_exchange.standing_book import LEVELS
from trader_gui.simulated_exchange.symbols import SPECS

START_MS = 1_767_225_600_000


@pytest.fixture(scope="module")
def hour() -> list[MarketTick]:
    return list(islice(GeneratedMarket(SPECS["BTCUSDT"], 11, START_MS).ticks(), 36_000))


def correlation(values: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(values[lag:], values[:-lag])[0, 1])


def test_same_seed_same_ticks_other_seed_others() -> None:
    def ticks(seed: int) -> list[MarketTick]:
        return list(islice(GeneratedMarket(SPECS["BTCUSDT"], seed, START_MS).ticks(), 300))

    assert ticks(5) == ticks(5)
    assert ticks(5) != ticks(6)
    assert GeneratedMarket(SPECS["BTCUSDT"], 5, START_MS).history() == (
        GeneratedMarket(SPECS["BTCUSDT"], 5, START_MS).history()
    )


def test_returns_have_no_memory_but_their_size_has(hour: list[MarketTick]) -> None:
    middle = np.array([float(tick.bids[0][0] + tick.asks[0][0]) / 2 for tick in hour])
    returns = np.diff(np.log(middle[::50]))
    assert abs(correlation(returns, 1)) < 0.1
    minutes = np.array([[float(row.high), float(row.low)] for row in history("BTCUSDT")])
    assert correlation(np.log(minutes[:, 0] / minutes[:, 1]), 1) > 0.25
    deviations = (returns - returns.mean()) / returns.std()
    assert float((deviations**4).mean()) > 4  # fat tails: a normal distribution has 3


def history(symbol: str) -> tuple:
    return GeneratedMarket(SPECS[symbol], 11, START_MS).history()


def test_trades_come_in_clusters_and_sides_last(hour: list[MarketTick]) -> None:
    counts = np.array([sum(len(tick.prints) for tick in hour[at : at + 10]) for at in range(0, len(hour), 10)])
    assert counts.var() > 1.3 * counts.mean()  # a Poisson process has 1
    sides = np.array([1.0 if trade.is_buyer_maker else -1.0 for tick in hour for trade in tick.prints])
    assert correlation(sides, 1) > 0.1


def test_spread_is_mostly_one_tick_and_the_book_is_whole(hour: list[MarketTick]) -> None:
    tick_size = Decimal("0.1")
    spreads = [(tick.asks[0][0] - tick.bids[0][0]) / tick_size for tick in hour]
    assert min(spreads) == 1
    assert sum(spread == 1 for spread in spreads) / len(spreads) > 0.8
    assert max(spreads) > 1
    for tick in hour[::500]:
        for side, step in ((tick.bids, -tick_size), (tick.asks, tick_size)):
            assert len(side) == LEVELS
            assert all(later[0] - before[0] == step for before, later in pairwise(side))
            assert all(size > 0 and size % Decimal("0.001") == 0 for _, size in side)


def test_levels_persist_while_the_touch_stands(hour: list[MarketTick]) -> None:
    kept = [
        sum(a == b for a, b in zip(before.bids, after.bids, strict=True)) / LEVELS
        for before, after in pairwise(hour)
        if before.bids[0][0] == after.bids[0][0]
    ]
    assert np.mean(kept) > 0.85
    assert min(kept) < 1  # and yet something moves


def test_history_leads_up_to_the_first_tick() -> None:
    market = GeneratedMarket(SPECS["BTCUSDT"], 11, START_MS + 12_345)
    rows = market.history()
    first = next(market.ticks())
    assert len(rows) == HISTORY_KLINES
    assert market.start_time_ms == START_MS
    assert rows[-1].close_time_ms == START_MS - 1
    assert first.time_ms == START_MS
    assert rows[-1].close == Decimal("108000.0")
    assert abs(first.bids[0][0] - rows[-1].close) < 50
    for before, after in pairwise(rows):
        assert after.open_time_ms - before.open_time_ms == MINUTE_MS
        assert after.open == before.close
        assert after.low <= min(after.open, after.close) <= max(after.open, after.close) <= after.high


def test_mark_price_stays_near_and_funding_within_its_cap(hour: list[MarketTick]) -> None:
    for tick in hour[::100]:
        assert abs(tick.mark_price / tick.bids[0][0] - 1) < Decimal("0.01")
        assert abs(tick.funding_rate) < Decimal("0.002")
        assert tick.mark_price != tick.index_price


@pytest.mark.parametrize("symbol", list(SPECS))
def test_every_symbol_keeps_to_its_own_rules(symbol: str) -> None:
    spec = SPECS[symbol]
    for tick in islice(GeneratedMarket(spec, 3, START_MS).ticks(), 200):
        for price, size in (*tick.bids[:3], *tick.asks[:3]):
            assert price % spec.tick_size == 0
            assert spec.min_price <= price <= spec.max_price
            assert size % spec.step_size == 0
        assert tick.bids[0][0] < tick.asks[0][0]


def stretch(regime: str, minutes: int, seed: int = 3) -> list[MarketTick]:
    market = GeneratedMarket(SPECS["BTCUSDT"], seed, START_MS, read_schedule(regime))
    return list(islice(market.ticks(), minutes * 600))


def figures(ticks: list[MarketTick]) -> tuple[float, float, float, float]:
    """Return (move, deviation a second, mean spread, median depth of twenty levels)."""
    middle = np.array([float(tick.bids[0][0] + tick.asks[0][0]) / 2 for tick in ticks])
    spread = np.array([float(tick.asks[0][0] - tick.bids[0][0]) for tick in ticks])
    depth = np.median([float(sum(level[1] for level in tick.bids[:20])) for tick in ticks])
    return middle[-1] / middle[0] - 1, float(np.diff(np.log(middle[::10])).std()), float(spread.mean()), float(depth)


def test_regimes_differ_as_their_names_say() -> None:
    calm, mixed, crash = (figures(stretch(name, 3)) for name in ("calm", "mixed", "crash"))
    assert calm[1] < mixed[1] < crash[1] / 2
    assert crash[0] < -0.01
    assert crash[2] > 20 * mixed[2]
    assert crash[3] < mixed[3] / 3 < calm[3]
    last = stretch("crash", 2)[-1]
    assert last.index_price > last.mark_price > last.bids[0][0]  # the index follows late, the mark price with it
    trends = [figures(stretch("trend", 8, seed))[0] for seed in range(6)]
    assert min(trends) < -0.001 and max(trends) > 0.001


def test_a_halt_stops_everything_and_ends() -> None:
    ticks = stretch("mixed:1m,halt:1m,mixed:1m", 3)
    before, halted, after = ticks[:600], ticks[600:1200], ticks[1200:]
    assert all(tick.is_trading for tick in (*before, *after)) and not any(tick.is_trading for tick in halted)
    assert not any(tick.prints for tick in halted) and any(tick.prints for tick in after)
    standing = {(tick.bids, tick.asks, tick.mark_price, tick.index_price, tick.funding_rate) for tick in halted}
    assert len(standing) == 1
    assert standing.pop()[0] == before[-1].bids


def test_agitation_outlives_a_crash_and_the_book_comes_back() -> None:
    shaken, quiet = [], []
    for seed in range(4):
        ticks = stretch("mixed:1m,crash:1m,mixed", 4, seed)
        after, usual = figures(ticks[1200:]), figures(stretch("mixed", 4, seed)[1200:])
        assert after[3] > usual[3] / 2
        shaken.append(after[1])
        quiet.append(usual[1])
    assert np.mean(shaken) > 1.2 * np.mean(quiet)
    assert stretch("mixed:1m,crash:1m,mixed", 4, 3) == ticks


def test_a_schedule_leaves_the_usual_market_before_it_as_it_was() -> None:
    assert stretch("mixed:1m,crash", 1) == stretch("mixed", 1)
