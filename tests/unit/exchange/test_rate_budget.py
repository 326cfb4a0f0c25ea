"""The governor against an exchange that counts: no pattern of calls goes over a limit, and protection finds room."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.errors import VenueError
from trader_gui.exchange.rate_budget import ORDERS, PRODUCTION_LIMITS, WEIGHT, RateBudget
from trader_gui.exchange.rest_costs import Cost, Lane
from trader_gui.exchange.wire.rules import RateLimit

NS = 1_000_000_000
MS = 1_000_000
SMALL = (
    RateLimit(WEIGHT, "MINUTE", 1, 240),
    RateLimit(ORDERS, "MINUTE", 1, 60),
    RateLimit(ORDERS, "SECOND", 10, 20),
)
LENGTH_NS = {"MINUTE": 60 * NS, "SECOND": NS}
CALLS = {
    Lane.PAST: (Cost(5), Cost(30)),
    Lane.HISTORY: (Cost(1), Cost(10), Cost(30)),
    Lane.ACCOUNT: (Cost(5), Cost(40)),
    Lane.ENTRY: (Cost(0, 1), Cost(1)),
    Lane.CLOSE: (Cost(0, 1),),
    Lane.CANCEL: (Cost(1),),
}


class Try(NamedTuple):
    """A wish to call: after a pause, with the time that the request and its answer take; `told`: with headers."""

    pause_ms: int
    lane: Lane
    cost: Cost
    there_ms: int
    back_ms: int
    is_told: bool


def tries(lanes: Iterable[Lane]) -> st.SearchStrategy[list[Try]]:
    """Make patterns of calls: bursts and pauses, slow ways there and back."""
    kinds = [(lane, cost) for lane in lanes for cost in CALLS[lane]]
    pauses_ms = st.one_of(st.just(0), st.integers(0, 400), st.integers(0, 15_000))
    trip_ms = st.integers(0, 3_000)
    one = st.tuples(pauses_ms, st.sampled_from(kinds), trip_ms, trip_ms, st.booleans())
    return st.lists(one.map(lambda t: Try(t[0], *t[1], *t[2:])), min_size=20, max_size=80)


class Venue:
    """Counts what arrives, in windows that begin at a time nobody knows; keeps how full each became."""

    def __init__(self, offset_ns: int) -> None:
        self._offset_ns = offset_ns
        self.counts: dict[tuple[RateLimit, int], int] = {}

    def arrive(self, cost: Cost, now_ns: int) -> dict[str, str]:
        headers = {}
        for limit in SMALL:
            window = (now_ns + self._offset_ns) // (limit.count * LENGTH_NS[limit.interval])
            amount = cost.weight if limit.kind == WEIGHT else cost.orders
            self.counts[limit, window] = self.counts.get((limit, window), 0) + amount
            name = "x-mbx-used-weight-" if limit.kind == WEIGHT else "x-mbx-order-count-"
            headers[f"{name}{limit.count}{limit.interval[0].lower()}"] = str(self.counts[limit, window])
        return headers

    def too_full(self) -> list[tuple[RateLimit, int]]:
        return [(limit, count) for (limit, _), count in self.counts.items() if count > limit.limit]


def play(pattern: list[Try], offset_ms: int) -> Iterator[tuple[RateBudget, Venue, int]]:
    """Let the calls go for which the budget has room; yields budget, venue and time before each."""
    budget, venue = RateBudget(), Venue(offset_ms * MS)
    budget.set_limits(SMALL)
    now_ns = 0
    due: list[tuple[int, int, object]] = []  # arrivals and answers, in order of time
    for number, wish in enumerate(pattern):
        now_ns += wish.pause_ms * MS
        for at_ns, _, happen in sorted((d for d in due if d[0] <= now_ns), key=lambda d: d[:2]):
            happen(at_ns)  # type: ignore[operator]
        due = [d for d in due if d[0] > now_ns]
        yield budget, venue, now_ns
        if budget.wait_s(wish.lane, wish.cost, now_ns):
            continue
        spent = budget.take(wish.cost, now_ns)
        told: dict[str, str] = {}

        def arrive(at_ns: int, wish: Try = wish, told: dict[str, str] = told) -> None:
            told.update(venue.arrive(wish.cost, at_ns))

        def answer(at_ns: int, wish: Try = wish, told: dict[str, str] = told, spent: object = spent) -> None:
            budget.settle(spent, told if wish.is_told else {}, at_ns)  # type: ignore[arg-type]

        arrives_ns = now_ns + wish.there_ms * MS
        due += [(arrives_ns, 2 * number, arrive), (arrives_ns + wish.back_ms * MS, 2 * number + 1, answer)]


@given(tries(Lane), st.integers(0, 59_999))
def test_no_window_of_the_exchange_is_ever_too_full(pattern: list[Try], offset_ms: int):
    for _, venue, _ in play(pattern, offset_ms):
        assert venue.too_full() == []


@given(tries([Lane.HISTORY, Lane.ACCOUNT, Lane.ENTRY]), st.integers(0, 59_999))
def test_whatever_else_was_called_a_close_and_a_cancel_may_go_at_once(pattern: list[Try], offset_ms: int):
    for budget, _, now_ns in play(pattern, offset_ms):
        assert budget.wait_s(Lane.CLOSE, Cost(0, 1), now_ns) == 0
        assert budget.wait_s(Lane.CANCEL, Cost(1), now_ns) == 0


def test_the_limits_do_bind_and_the_wait_is_true():
    budget = RateBudget()
    budget.set_limits(SMALL)
    sent = 0
    while not budget.wait_s(Lane.ENTRY, Cost(0, 1), 0):
        budget.settle(budget.take(Cost(0, 1), 0), {}, sent * MS)
        sent += 1
    assert sent == 16  # four fifths of the twenty in ten seconds
    wait_s = budget.wait_s(Lane.ENTRY, Cost(0, 1), 0)
    assert wait_s == 10.0  # when the first has surely left the window
    assert budget.wait_s(Lane.ENTRY, Cost(0, 1), int((wait_s - 0.001) * NS)) > 0
    assert budget.wait_s(Lane.ENTRY, Cost(0, 1), int(wait_s * NS)) == 0
    now_ns = int(wait_s * NS)
    for _ in range(5):
        assert not budget.wait_s(Lane.CLOSE, Cost(0, 1), now_ns)
        budget.take(Cost(0, 1), now_ns)
    assert budget.wait_s(Lane.CLOSE, Cost(0, 1), now_ns) > 0
    assert budget.wait_s(Lane.CANCEL, Cost(1), now_ns) == 0  # a cancel is no order


def test_what_others_use_is_known_from_the_headers():
    budget = RateBudget()
    spent = budget.take(Cost(5), 0)
    on_its_way = budget.take(Cost(30), NS)
    budget.settle(spent, {"X-Mbx-Used-Weight-1m": "2000"}, 2 * NS)
    assert budget.used(WEIGHT, 2 * NS) == 2030  # the second may have come after that count was made
    assert budget.wait_s(Lane.ACCOUNT, Cost(40), 2 * NS) > 0
    assert budget.wait_s(Lane.CANCEL, Cost(1), 2 * NS) == 0
    # An answer that was late tells an older count.
    late = budget.take(Cost(1), 2 * NS)
    budget.settle(budget.take(Cost(1), 3 * NS), {"x-mbx-used-weight-1m": "90"}, 4 * NS)
    budget.settle(late, {"x-mbx-used-weight-1m": "2031"}, 5 * NS)
    assert budget.used(WEIGHT, 5 * NS) == 90 + 30 + 1
    budget.settle(on_its_way, {}, 5 * NS)
    assert budget.used(WEIGHT, 66 * NS) == 0


def test_an_address_that_others_have_used_up_sends_no_entry_though_it_weighs_nothing():
    budget = RateBudget()
    budget.settle(budget.take(Cost(1), 0), {"X-MBX-USED-WEIGHT-1M": "2401"}, 0)
    assert budget.wait_s(Lane.ENTRY, Cost(0, 1), 0) == 60.0
    assert budget.wait_s(Lane.CLOSE, Cost(0, 1), 0) == 0


def test_limits_are_the_exchanges_own_and_what_was_used_stays_counted():
    budget = RateBudget()
    assert (budget.limit(WEIGHT), budget.limit(ORDERS)) == (2400, 1200)
    budget.settle(budget.take(Cost(40), 0), {}, 0)
    budget.set_limits((RateLimit(WEIGHT, "MINUTE", 1, 6000), RateLimit("RAW_REQUESTS", "MINUTE", 5, 9)))
    assert (budget.limit(WEIGHT), budget.limit(ORDERS)) == (6000, 1200)
    assert budget.used(WEIGHT, 0) == 40
    budget.set_limits((RateLimit(ORDERS, "DAY", 1, 7),))
    assert budget.limit(ORDERS) == 0
    for _ in range(7):
        budget.take(Cost(0, 1), 0)
    assert budget.wait_s(Lane.CLOSE, Cost(0, 1), 0) > 0
    assert {row.limit for row in PRODUCTION_LIMITS} == {2400, 1200, 300}


def test_without_counting_only_pauses_hold():
    budget = RateBudget(is_counted=False)
    for _ in range(2000):
        budget.take(Cost(40, 1), 0)
    assert budget.wait_s(Lane.HISTORY, Cost(40), 0) == 0
    refuse(budget, Lane.HISTORY, 0, retry_after="3")
    assert budget.wait_s(Lane.HISTORY, Cost(40), 0) == 3


# ---- pauses ---------------------------------------------------------------------------------------------------------

TOO_MANY = VenueError(-1003, "Too many requests.", http_status=429, retryable=True)
TOO_MANY_ORDERS = VenueError(-1015, "Too many new orders.", http_status=429, retryable=True)


def refuse(
    budget: RateBudget, lane: Lane, now_ns: int, error: VenueError = TOO_MANY, retry_after: str | None = None
) -> None:
    """Send a call and have it refused at once."""
    spent = budget.take(Cost(1), now_ns)
    budget.settle(spent, {}, now_ns)
    budget.take_error(lane, spent, error, retry_after, 1_000_000, now_ns)


def waits(budget: RateBudget, now_ns: int) -> dict[Lane, float]:
    return {lane: budget.paused_s(lane, now_ns) for lane in Lane}


def test_a_429_stops_reads_and_entries_but_not_protection():
    budget = RateBudget()
    refuse(budget, Lane.HISTORY, 0, retry_after="30")
    assert waits(budget, 0) == {
        Lane.PAST: 30.0, Lane.HISTORY: 30.0, Lane.ACCOUNT: 30.0, Lane.ENTRY: 30.0, Lane.CLOSE: 0.0, Lane.CANCEL: 0.0,
    }  # fmt: skip
    assert set(waits(budget, 30 * NS).values()) == {0.0}


def test_too_many_orders_stop_entries_alone():
    budget = RateBudget()
    refuse(budget, Lane.ENTRY, 0, TOO_MANY_ORDERS)
    assert [lane for lane, wait_s in waits(budget, 0).items() if wait_s] == [Lane.ENTRY]
    refuse(budget, Lane.CLOSE, 0, TOO_MANY_ORDERS)
    assert [lane for lane, wait_s in waits(budget, 0).items() if wait_s] == [Lane.ENTRY, Lane.CLOSE]


@pytest.mark.parametrize(("lane", "refusals"), [(Lane.HISTORY, 3), (Lane.CANCEL, 6)])
def test_who_tries_whenever_allowed_is_refused_a_few_times_a_minute(lane: Lane, refusals: int):
    """The venue says no for ever and never for how long; twenty refusals a minute would be a ban there."""
    budget, now_ns, times = RateBudget(), 1, []
    while now_ns < 600 * NS:
        wait_s = budget.wait_s(lane, Cost(1), now_ns)
        if wait_s:
            now_ns += int(wait_s * NS)
            continue
        refuse(budget, lane, now_ns)
        times.append(now_ns)
    in_first_minute = [t for t in times if t < 61 * NS]
    assert len(in_first_minute) == refusals
    assert all(b - a >= 60 * NS for a, b in zip(times[refusals:], times[refusals + 1 :], strict=False))
    budget.take_success(lane)
    refuse(budget, lane, now_ns + NS)
    assert budget.paused_s(lane, now_ns + NS) <= 60


def test_calls_that_were_refused_together_are_one_reason_to_wait_longer():
    budget = RateBudget()
    together = [budget.take(Cost(1), 0) for _ in range(5)]
    for spent in together:
        budget.take_error(Lane.ACCOUNT, spent, TOO_MANY, None, 0, NS)
    assert budget.paused_s(Lane.ACCOUNT, NS) == 10.0


def test_a_ban_stops_everything_until_its_end_and_a_shorter_one_does_not_end_it():
    budget = RateBudget()
    text = "Way too many requests; IP(1.2.3.4) banned until {}."
    for end_ms in (1_000_000_060_000, 1_000_000_030_000):
        error = VenueError(-1003, text.format(end_ms), http_status=418, retryable=True)
        spent = budget.take(Cost(1), 0)
        budget.take_error(Lane.CANCEL, spent, error, None, 1_000_000_000_000, 0)
    assert set(waits(budget, 0).values()) == {60.0}
    assert budget.banned_until_ms(0) == 1_000_000_060_000
    assert budget.wait_s(Lane.CANCEL, Cost(1), 59 * NS) == 1.0
    assert budget.banned_until_ms(60 * NS) is None
    assert budget.wait_s(Lane.HISTORY, Cost(1), 60 * NS) == 0
