"""History and its loader: whatever is read or told first, every row stands there once, and what is missing is said."""

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import PREFIX, FakeTrader, order, snapshot
from tests.history_world import DAY_MS, NOW_MS, Deal, FakeHistory, FakeVenue, funding_row, funding_update
from trader_gui.domain.order import OrderOutcome, OrderStatus, OrderUpdate, Origin, OutcomeKind, PastOrder
from trader_gui.errors import VenueError
from trader_gui.exchange.rest_history import KEPT_MS
from trader_gui.models.bridge import Bridge
from trader_gui.models.history_income import Source
from trader_gui.models.history_loader import HEAD_EVERY_NS, LAG_MS

WEEK_MS = 7 * DAY_MS


class Desk:
    """A bridge on a fake session whose market time is `NOW_MS`."""

    def __init__(self, reader):
        self.trader = FakeTrader(history=reader)
        self.reader = reader
        self.trader.run_quietly()
        self.trader.feed(funding_update(NOW_MS, "0"))  # brings the market's time
        self.bridge = Bridge(self.trader, now_ns=self.trader.clock)
        self.history = self.bridge.history
        self.loader = self.history.loader
        self.asked = []
        self.loader.wanted.connect(lambda: self.asked.append(1))
        self.bridge.flush()

    def load(self):
        asyncio.run(self.loader.load())

    def look(self):
        self.loader.set_seen("fills", True)
        self.bridge.flush()
        self.load()

    @property
    def trade_ids(self):
        return sorted(row.fill.trade_id for row in self.history.fills.rows())

    @property
    def order_ids(self):
        return sorted(row.order.order_id for row in self.history.orders.rows())

    @property
    def incomes(self):
        return sorted((r.row.time_ms, r.row.income_type, r.row.income) for r in self.history.income.rows())


@pytest.fixture
def desk(qapp):
    made = []

    def make(deals=(), seen=(), **options):
        reader = FakeHistory(FakeVenue(list(deals), **options), seen)
        made.append(Desk(reader))
        return made[-1]

    yield make
    for one in made:
        one.bridge.deleteLater()


DAYS = st.integers(0, 100 * 24).map(lambda hours: NOW_MS - hours * DAY_MS // 24)


@settings(max_examples=60)
@given(
    times=st.lists(DAYS, max_size=12),
    seen=st.sets(st.integers(0, 11)),
    acts=st.lists(
        st.one_of(
            st.tuples(st.just("span"), st.integers(0, 95), st.integers(0, 95)),
            st.tuples(st.just("older")),
            st.tuples(st.just("look")),
            st.tuples(st.just("live"), st.integers(0, 11)),
            st.tuples(st.just("flush")),
            st.tuples(st.just("error")),
        ),
        max_size=10,
    ),
)
def test_whatever_comes_first_there_is_one_list_without_gaps_or_doubles(qapp, times, seen, acts):
    """Pages of the journal, spans of the exchange and live events in any order, with errors in between."""
    deals = [Deal(number, time) for number, time in enumerate(sorted(times), 1)]
    journal = [deal for place, deal in enumerate(deals) if place in seen]
    told = {deal.number for deal in journal}
    one = Desk(
        FakeHistory(FakeVenue(deals, [funding_row(NOW_MS - 3 * DAY_MS), funding_row(NOW_MS - 30 * DAY_MS)]), journal)
    )
    live = set()
    for act in acts:
        if act[0] == "span":
            days = sorted(act[1:], reverse=True)
            one.loader.want_since(NOW_MS - days[0] * DAY_MS, NOW_MS - days[1] * DAY_MS)
            one.load()
        elif act[0] == "older":
            one.loader.want_older()
            one.load()
        elif act[0] == "look":
            one.trader.now_ns += HEAD_EVERY_NS
            one.look()
        elif act[0] == "live" and act[1] < len(deals):
            one.trader.feed(deals[act[1]].update)
            live.add(deals[act[1]].number)
        elif act[0] == "flush":
            one.bridge.flush()
        elif act[0] == "error":
            one.reader.venue.error = VenueError(None, "no answer in time", retryable=True)
    one.bridge.flush()
    one.reader.venue.error = None
    one.loader.want_since(NOW_MS - 100 * DAY_MS, NOW_MS)
    one.load()
    kept = {deal.number for deal in deals if deal.time_ms >= NOW_MS - KEPT_MS}
    expected = sorted(kept | told | live)
    assert one.trade_ids == expected
    assert one.order_ids == [1000 + number for number in expected]
    assert one.loader.whole_since(NOW_MS) <= NOW_MS - KEPT_MS and one.loader.is_at_end
    rows = one.history.income.rows()
    of_fills = sorted((r.row.trade_id, r.row.income_type) for r in rows if r.row.trade_id is not None)
    wanted = [deal for deal in deals if deal.number in expected]
    assert of_fills == sorted((deal.number, row.income_type) for deal in wanted for row in deal.income)
    fundings = [r.row.time_ms for r in rows if r.row.income_type == "FUNDING_FEE"]
    assert sorted(fundings) == sorted(row.time_ms for row in one.reader.venue.income_rows)
    assert not any(one.history.coverage.holds(r.row.time_ms) for r in rows if r.source is Source.SEEN)
    assert {row.origin for row in one.history.fills.rows()} <= {Origin.HAND}, "each fill found its order"
    reasons = {row.past.is_told for row in one.history.orders.rows() if row.order.order_id - 1000 in kept}
    assert reasons <= {True}, "the exchange's time of placing holds"
    one.bridge.deleteLater()


def test_nothing_is_read_before_somebody_looks_and_once_a_while_then(desk):
    one = desk([Deal(1, NOW_MS - DAY_MS)])
    one.bridge.flush()
    assert not one.asked and not one.reader.venue.calls
    one.look()
    assert one.asked == [1] and one.trade_ids == [1] and one.reader.pages_read == 1
    calls = len(one.reader.venue.calls)
    one.bridge.flush()
    one.trader.feed(funding_update(NOW_MS + 1))
    one.bridge.flush()
    assert one.asked == [1], "what happened since is asked for no oftener"
    one.trader.now_ns += HEAD_EVERY_NS
    one.bridge.flush()
    assert one.asked == [1, 1]
    one.load()
    heads = [call for call in one.reader.venue.calls[calls:] if call[0] == "income"]
    assert [end - start <= LAG_MS for _, _, start, end in heads] == [True], "only the newest end is read again"
    one.loader.set_seen("fills", False)
    one.trader.feed(funding_update(NOW_MS + 2))
    one.trader.now_ns += HEAD_EVERY_NS
    one.bridge.flush()
    assert one.asked == [1, 1]


def test_what_the_exchange_lists_late_is_found_when_it_is_asked_again(desk):
    one = desk()
    one.look()
    one.reader.venue.income_rows.append(funding_row(NOW_MS - LAG_MS // 2))
    one.trader.feed(funding_update(NOW_MS + 5 * LAG_MS, "0"))
    one.trader.now_ns += HEAD_EVERY_NS
    one.look()
    assert [row[1] for row in one.incomes] == ["FUNDING_FEE"]


def test_older_rows_are_looked_for_week_by_week_until_some_come_or_none_are_left(desk):
    one = desk([Deal(1, NOW_MS - 40 * DAY_MS), Deal(2, NOW_MS - 89 * DAY_MS)])
    one.look()
    assert one.trade_ids == []
    one.loader.want_older()
    one.load()
    assert one.trade_ids == [1] and NOW_MS - 49 * DAY_MS < one.loader.whole_since(NOW_MS) <= NOW_MS - 40 * DAY_MS
    assert one.loader.has_older
    one.loader.want_older()
    one.load()
    assert one.trade_ids == [1, 2]
    one.loader.want_older()
    one.load()
    assert not one.loader.has_older and one.loader.is_at_end
    calls = len(one.reader.venue.calls)
    one.loader.want_older()
    one.load()
    assert len(one.reader.venue.calls) == calls


def test_the_journal_goes_on_where_the_exchange_has_forgotten(desk):
    old = [Deal(n, NOW_MS - (300 - n) * DAY_MS) for n in range(1, 9)]
    one = desk(seen=[*old, funding_update(NOW_MS - 200 * DAY_MS)])
    one.look()
    for _ in range(20):
        one.loader.want_older()
        one.load()
    assert one.trade_ids == list(range(1, 9)) and not one.loader.has_older
    assert one.loader.is_at_end, "and it is said from when on the exchange vouches for it"
    assert (NOW_MS - 200 * DAY_MS, "FUNDING_FEE", Decimal("-0.10")) in one.incomes


def test_an_error_is_kept_and_what_was_read_stays(desk):
    one = desk([Deal(1, NOW_MS - DAY_MS)])
    one.look()
    one.loader.want_older()
    one.reader.venue.error = VenueError(-1003, "Too many requests", retryable=True)
    one.load()
    assert one.loader.error.code == -1003 and not one.loader.is_loading and one.trade_ids == [1]
    one.loader.want_older()
    one.load()
    assert one.loader.error is None


def test_a_reading_waits_for_room_and_says_so(desk):
    """The budget of requests of a minute is used up: nothing is wrong, and nothing is read twice."""
    one = desk([Deal(1, NOW_MS - DAY_MS)])
    said = []
    one.loader.changed.connect(lambda: said.append(str(one.loader.waits_for)))
    one.reader.venue.error = VenueError(None, "not sent: room in 0.01 s", retryable=True, wait_s=0.01)
    one.look()
    assert one.loader.error is None and one.loader.waits_for is None and one.trade_ids == [1]
    assert "not sent: room in 0.01 s" in said and said[-1] == "None"
    one.reader.venue.error = VenueError(None, "not sent: banned", retryable=True, wait_s=3_600.0)
    one.loader.want_older()
    one.load()
    assert one.loader.error is not None  # nobody waits that long before a table


def test_a_symbol_that_is_gone_from_the_exchange_does_not_stop_the_rest(desk):
    one = desk([Deal(1, NOW_MS - DAY_MS)], delisted=frozenset({"LUNAUSDT"}))
    one.reader.symbols = frozenset({"LUNAUSDT", "ETHUSDT"})
    one.look()
    assert one.loader.error is None and one.trade_ids == [1]
    assert {call[1] for call in one.reader.venue.calls if call[0] == "fills"} == {"BTCUSDT", "ETHUSDT"}


def test_symbols_that_orders_and_income_name_are_asked_for_too(desk):
    one = desk([Deal(1, NOW_MS - DAY_MS, "ETHUSDT"), Deal(2, NOW_MS - DAY_MS)])
    one.look()
    assert one.trade_ids == [1, 2] and one.loader.symbols == {"BTCUSDT", "ETHUSDT"}


def test_an_order_that_the_exchange_refused_is_in_the_list_with_its_reason(desk):
    one = desk()
    sent = order(1, price="108000.0", status=OrderStatus.SENT, order_id=None)
    one.trader.callback.orders._put((sent.client_order_id, sent.order_family), sent)
    one.trader.feed(
        OrderOutcome(sent.client_order_id, OutcomeKind.REFUSED, False, NOW_MS, None, -2019, "Margin is insufficient.")
    )
    one.bridge.flush()
    (row,) = one.history.orders.rows()
    assert row.order.status is OrderStatus.REJECTED and row.order.reject_reason == "-2019 Margin is insufficient."


def test_an_order_that_got_its_number_late_is_one_row(desk):
    one = desk()
    ended = order(1, status=OrderStatus.EXPIRED, order_id=None)
    for told in (ended, order(1, status=OrderStatus.CANCELED), ended):
        one.history.orders.merge([PastOrder(told, 5)])
    (row,) = one.history.orders.rows()
    assert row.order.status is OrderStatus.CANCELED and row.order.order_id is not None


def test_an_open_order_waits_until_it_is_over_and_names_its_fills_before(desk):
    one = desk()
    resting = order(1, price="108000.0", quantity="0.020")
    nameless = replace(Deal(1, NOW_MS).fill, order_id=resting.order_id, client_order_id="")
    one.history.fills.merge([nameless])
    (row,) = one.history.fills.rows()
    assert row.origin is None and row.fill.client_order_id == ""
    one.trader.feed(snapshot([], [resting]))
    one.bridge.flush()
    assert one.history.orders.rows() == []
    (row,) = one.history.fills.rows()
    assert (row.origin, row.fill.client_order_id) == (Origin.HAND, f"{PREFIX}-hn-1")
    canceled = order(1, price="108000.0", quantity="0.020", status=OrderStatus.CANCELED)
    one.trader.feed(OrderUpdate(canceled, "CANCELED", None, NOW_MS, NOW_MS))
    one.bridge.flush()
    assert [r.order.status for r in one.history.orders.rows()] == [OrderStatus.CANCELED]
