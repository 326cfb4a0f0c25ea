"""The conditionals follow the closed klines: one by one where they can, anew where they must."""

import numpy as np

from tests.core_records import make_history, make_kline
from trader_gui.callback.conditional_set import ConditionalSet
from trader_gui.collectors.kline import KlineCollector
from trader_gui.conditionals.conditional import Conditional
from trader_gui.domain.step import Condition


class Closes(Conditional):
    """Knows the closes, and how often it was told all of them."""

    def __init__(self):
        self.closes = []
        self.resets = 0

    def reset(self, close):
        self.closes = list(close)
        self.resets += 1

    def extend(self, close):
        self.closes.append(close)

    def evaluate(self, price):
        return (Condition("above", bool(self.closes) and price > self.closes[-1], ready=bool(self.closes)),)


class World:
    def __init__(self):
        self.klines = KlineCollector("BTCUSDT", "1m", 100)
        self.closes = Closes()
        self.set = ConditionalSet([self.closes], self.klines)
        self.klines.apply(make_history([100, 101, 102]))
        self.set.reset()

    def close(self, index, close):
        had_gap, kline = self.klines.has_gap, make_kline(index, close)
        if self.klines.apply(kline):
            self.set.follow(kline, had_gap=had_gap)


def test_the_next_kline_is_added_once():
    world = World()
    world.close(3, 103)
    world.close(3, 103)
    assert (world.closes.closes, world.closes.resets) == ([100, 101, 102, 103], 1)
    assert np.array_equal(world.klines.arrays().close, world.closes.closes)


def test_with_a_hole_nothing_is_ready_until_it_is_filled():
    world = World()
    world.close(5, 105)
    assert world.closes.closes == []
    assert not world.set.evaluate(110.0)[0].ready
    world.close(6, 106)
    assert world.closes.closes == []
    world.klines.apply(make_history([103, 104], first=3))
    world.set.reset()
    assert world.closes.closes == [100, 101, 102, 103, 104, 105, 106]
    assert world.set.evaluate(110.0)[0].value
