from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import MINUTE_MS, START_MS, make_history, make_kline
from trader_gui.collectors.kline import KlineCollector, RealTimeKlineCollector
from trader_gui.domain.market import KlineHistory


def indices(collector):
    return [(k.open_time_ms - START_MS) // MINUTE_MS for k in collector.klines()]


def test_closed_klines_append_and_everything_else_is_passed_over():
    collector = KlineCollector("BTCUSDT", "1m", capacity=3)
    assert collector.last is None and not collector.has_gap
    assert [collector.apply(make_kline(i, 100 + i)) for i in range(4)] == [True] * 4
    assert not collector.apply(make_kline(3, 555))  # delivered twice
    assert not collector.apply(make_kline(1, 555))  # old
    assert not collector.apply(make_kline(4, 555, is_closed=False))
    assert not collector.apply(make_kline(4, 555, symbol="ETHUSDT"))
    assert not collector.apply(make_kline(4, 555, interval="5m"))
    assert collector.revision == 4
    assert indices(collector) == [1, 2, 3] and len(collector) == 3
    arrays = collector.arrays()
    assert arrays.close.tolist() == [101.0, 102.0, 103.0]
    assert arrays.open_time_ms[-1] == collector.last.open_time_ms
    assert collector.arrays() is arrays
    collector.apply(make_kline(4, 104))
    assert arrays.close.tolist() == [101.0, 102.0, 103.0]
    assert collector.arrays().high.tolist() == [103.0, 104.0, 105.0]


def test_a_missing_kline_is_a_gap_until_history_fills_it():
    collector = KlineCollector("BTCUSDT", "1m")
    collector.apply(make_history([100, 101, 102]))
    assert not collector.resync_wanted
    assert collector.apply(make_kline(4, 104))
    assert collector.has_gap and collector.resync_wanted
    assert indices(collector) == [0, 1, 2]  # nothing is ever shown behind a hole
    collector.apply(make_kline(5, 105))
    assert collector.apply(make_history([102, 103], first=2))
    assert not collector.has_gap
    assert indices(collector) == [0, 1, 2, 3, 4, 5]
    assert collector.arrays().close.tolist() == [100.0, 101.0, 102.0, 103.0, 104.0, 105.0]


def test_what_history_fills_in_after_the_start_is_marked_as_repaired():
    collector = KlineCollector("BTCUSDT", "1m", capacity=6)
    collector.apply(make_history([100, 101, 102]))
    assert collector.repaired == frozenset()
    collector.apply(make_kline(3, 103))
    collector.apply(make_kline(6, 106))
    collector.apply(make_history([101, 102, 103, 104, 105], first=1))
    assert indices(collector) == [1, 2, 3, 4, 5, 6]
    assert collector.repaired == {START_MS + i * MINUTE_MS for i in (4, 5)}
    assert collector.frame()["is_repaired"].tolist() == [False, False, False, True, True, False]
    same = collector.repaired
    assert not collector.apply(make_kline(5, 999))  # the stream comes too late
    collector.apply(make_kline(7, 107))
    assert collector.repaired is same
    for i in range(8, 11):
        collector.apply(make_kline(i, 100 + i))
    collector.apply(make_kline(12, 112))
    collector.apply(make_history([110, 111], first=10))
    assert collector.repaired == {START_MS + 11 * MINUTE_MS}  # the older ones have left the series


def test_a_missing_kline_that_comes_late_by_stream_also_fills_the_gap():
    collector = KlineCollector("BTCUSDT", "1m")
    for i in (0, 1, 3, 4, 2):
        collector.apply(make_kline(i, 100 + i))
    assert not collector.has_gap and indices(collector) == [0, 1, 2, 3, 4]
    assert not collector.apply(make_kline(4, 104))


def test_an_open_kline_further_on_than_the_next_shows_the_gap_at_once():
    collector = KlineCollector("BTCUSDT", "1m")
    collector.apply(make_history([100, 101]))
    assert not collector.apply(make_kline(2, 102, is_closed=False))
    assert not collector.has_gap
    assert collector.apply(make_kline(3, 103, is_closed=False))
    assert collector.has_gap
    collector.apply(make_kline(2, 102))
    assert not collector.has_gap


def test_history_far_ahead_replaces_and_history_without_closed_klines_changes_nothing():
    collector = KlineCollector("BTCUSDT", "1m")
    collector.apply(make_history([100, 101]))
    collector.apply(make_history([110, 111], first=10))
    assert indices(collector) == [10, 11] and not collector.has_gap
    only_open = KlineHistory("BTCUSDT", "1m", (make_kline(12, 1, is_closed=False),))
    assert not collector.apply(only_open)
    assert not collector.apply(KlineHistory("ETHUSDT", "1m", (make_kline(12, 1),)))


@given(st.permutations(list(range(1, 9))), st.sets(st.integers(1, 8)))
def test_whatever_the_order_of_arrival_the_series_never_has_a_hole_and_history_completes_it(order, lost):
    collector = KlineCollector("BTCUSDT", "1m")
    collector.apply(make_kline(0, 100))
    for i in order:
        if i not in lost:
            collector.apply(make_kline(i, 100 + i))
        shown = indices(collector)
        assert shown == list(range(len(shown)))
    assert collector.has_gap == bool(set(range(min(lost, default=9), 9)) - lost)
    collector.apply(make_history([100 + i for i in range(9)]))
    assert indices(collector) == list(range(9)) and not collector.has_gap


def test_open_kline_is_replaced_and_ends_when_it_closes():
    collector = RealTimeKlineCollector("BTCUSDT", "1m")
    assert collector.apply(make_kline(0, 100, is_closed=False))
    assert collector.apply(make_kline(0, 101, is_closed=False))
    assert collector.kline.close == 101
    assert not collector.apply(make_kline(1, 1, is_closed=False, symbol="ETHUSDT"))
    assert collector.apply(make_kline(0, 102))
    assert collector.kline is None
    assert not collector.apply(make_kline(0, 103, is_closed=False))  # too late
    assert collector.apply(make_kline(1, 104, is_closed=False))
    assert not collector.apply(make_kline(0, 102))  # the closing frame comes after the next kline's first
    assert collector.kline.close == 104


def test_two_sockets_that_tell_the_open_kline_move_it_forwards_only_and_say_nothing_twice():
    def at(close, second):
        return replace(make_kline(0, close, is_closed=False), event_time_ms=START_MS + second * 1000)

    collector = RealTimeKlineCollector("BTCUSDT", "1m")
    assert collector.apply(at(100, 1)) and collector.apply(at(102, 3))
    revision = collector.revision
    assert not collector.apply(at(101, 2))  # the other socket is behind
    assert not collector.apply(at(102, 3))  # the same once more
    assert (collector.kline.close, collector.revision) == (102, revision)
    assert collector.apply(at(103, 3))


def test_frames_are_copies_with_exact_values():
    closed, opened = KlineCollector("BTCUSDT", "1m"), RealTimeKlineCollector("BTCUSDT", "1m")
    assert opened.frame().empty
    closed.apply(make_history(["0.1", "0.2"]))
    opened.apply(make_kline(2, "0.3", is_closed=False))
    frame = closed.frame()
    assert frame["close"].tolist() == [Decimal("0.1"), Decimal("0.2")]
    frame.loc[0, "close"] = Decimal(9)
    assert closed.klines()[0].close == Decimal("0.1")
    assert opened.frame()["close"].tolist() == [Decimal("0.3")]
