"""One list without gaps or doubles, in whatever order its parts arrive."""

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import order
from trader_gui.domain.order import OrderStatus, PastOrder
from trader_gui.models.history_merge import Coverage, merge_past, order_key

Spans = st.lists(st.tuples(st.integers(0, 30), st.integers(-1, 8)).map(lambda s: (s[0], s[0] + s[1])), max_size=8)


@given(Spans, st.integers(0, 40), st.integers(0, 40))
def test_coverage_is_the_set_of_its_milliseconds(spans, first, last):
    coverage = Coverage()
    for start, end in spans:
        coverage.add(start, end)
    known = {ms for start, end in spans for ms in range(start, end + 1)}
    assert {ms for ms in range(50) if coverage.holds(ms)} == known
    start, end = sorted((first, last))
    gaps = coverage.missing(start, end)
    assert {ms for a, b in gaps for ms in range(a, b + 1)} == set(range(start, end + 1)) - known
    assert gaps == sorted(gaps, reverse=True) and all(a <= b for a, b in gaps)
    joined = coverage.spans
    assert all(a[1] + 1 < b[0] for a, b in pairwise(joined))


@given(Spans, st.integers(0, 45))
def test_whole_since_goes_back_to_the_first_gap(spans, time):
    coverage = Coverage()
    for start, end in spans:
        coverage.add(start, end)
    known = {ms for start, end in spans for ms in range(start, end + 1)}
    since = coverage.whole_since(time)
    newest = max(known, default=None)
    if newest is None or (time < newest and time not in known) or time < min(known):
        assert since is None
        return
    at = min(time, newest)
    assert all(ms in known for ms in range(since, at + 1)) and since - 1 not in known


TOLD = [
    PastOrder(order(1, status=OrderStatus.NEW, update_time_ms=10), 10),
    PastOrder(order(1, status=OrderStatus.SENT, order_id=None, update_time_ms=5), 5, is_told=False),
    PastOrder(
        order(1, status=OrderStatus.PARTIALLY_FILLED, executed_quantity=Decimal("0.004"), update_time_ms=20),
        12,
        is_told=False,
    ),
    PastOrder(
        order(1, status=OrderStatus.CANCELED, executed_quantity=Decimal("0.004"), update_time_ms=30), 30, is_told=False
    ),
    PastOrder(replace(order(1, status=OrderStatus.CANCELED, update_time_ms=30), reject_reason="words"), 10),
]


@given(st.permutations(range(len(TOLD))), st.lists(st.integers(0, len(TOLD) - 1), max_size=5))
def test_an_order_is_the_same_whatever_came_first_and_however_often(places, again):
    merged = TOLD[places[0]]
    for place in (*places[1:], *again):
        merged = merge_past(merged, TOLD[place])
    assert merged.order.status is OrderStatus.CANCELED
    assert (merged.placed_time_ms, merged.is_told) == (10, True)
    assert merged.order.executed_quantity == Decimal("0.004")
    assert merged.order.reject_reason == "words"


def test_an_order_without_the_exchanges_id_goes_by_ours():
    named, nameless = order(1), order(1, order_id=None)
    assert order_key(named) != order_key(nameless) != order_key(order(2, order_id=None))
