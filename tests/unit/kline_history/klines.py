"""Random klines for tests of stores, pyramids and pages."""

import numpy as np

from trader_gui.kline_history.store import KlinePage, KlineStore

START_SLOT = 28_333_334


def walk(count: int, seed: int = 1) -> np.ndarray:
    """Return rows high, low, volume, open, close of a random walk."""
    random = np.random.default_rng(seed)
    close = 100_000 + np.cumsum(random.normal(0, 20, count))
    opened = np.concatenate((close[:1], close[:-1]))
    high = np.maximum(opened, close) + random.random(count) * 15
    low = np.minimum(opened, close) - random.random(count) * 15
    return np.stack((high, low, random.random(count) * 50, opened, close))


def page(values: np.ndarray, first: int, end: int) -> KlinePage:
    """Return the one-minute klines number `first` to `end` of a walk."""
    times = (np.arange(first, end) + START_SLOT) * 60_000
    return KlinePage(times, values[:, first:end].copy())


def store_of(values: np.ndarray, missing: set[int] = frozenset()) -> KlineStore:
    """Return a store of a walk without some of its klines."""
    store = KlineStore("1m")
    kept = np.array([i for i in range(values.shape[1]) if i not in missing])
    store.merge(KlinePage((kept + START_SLOT) * 60_000, values[:, kept]))
    return store
