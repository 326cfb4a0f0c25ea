from decimal import Decimal

import pytest

from tests.fakes import FakeTrader, position, snapshot, stop_loss
from trader_gui.domain.step import Route
from trader_gui.models.protection import ProtectionKind
from trader_gui.models.session import SessionModel
from trader_gui.models.session_state import FeedKind


@pytest.fixture
def trader():
    made = FakeTrader()
    made.run_quietly()
    return made


@pytest.fixture
def model(qapp, trader):
    made = SessionModel("demo", trader.symbol, trader.interval)
    made.rules = trader.rules
    return made


def refresh(model, trader):
    model.refresh(trader.callback, trader.status, trader.now_ns)
    return model.state


def test_equity_is_wallet_and_unrealised_at_the_mark(model, trader):
    trader.feed(snapshot([position("0.010", "108367.6")], [stop_loss()]))
    money = refresh(model, trader).money
    assert money.unrealized_pnl == Decimal("0.010") * (Decimal("108449.8") - Decimal("108367.6")) == Decimal("0.8220")
    assert money.equity == Decimal("9984.20") + Decimal("0.822")
    assert money.today == money.equity - 10_000


def test_an_unread_account_is_unknown_and_not_zero(qapp):
    trader = FakeTrader()
    model = SessionModel("demo", trader.symbol, trader.interval)
    model.rules = trader.rules
    state = refresh(model, trader)
    assert state.money.equity is None and state.money.today is None
    assert state.protection.kind is ProtectionKind.UNKNOWN
    assert state.price.last_price is None
    assert state.feed.kind is FeedKind.WAITING


@pytest.mark.parametrize("route", [Route.PUBLIC, Route.MARKET])
def test_the_feed_is_as_good_as_its_worse_route(model, trader, route):
    assert refresh(model, trader).feed.kind is FeedKind.FRESH
    trader.set_route(route, is_connected=True, is_fresh=False, age_s=4.2)
    assert refresh(model, trader).feed.kind is FeedKind.STALE
    assert model.state.feed.age_s == 4.2
    trader.set_route(route, is_connected=False, is_fresh=False, age_s=31.4)
    assert (refresh(model, trader).feed.kind, model.state.feed.age_s) == (FeedKind.OFFLINE, 31.0)


def test_the_private_route_is_the_user_stream_and_not_the_feed(model, trader):
    trader.set_route(Route.PRIVATE, is_connected=False, is_fresh=False)
    state = refresh(model, trader)
    assert (state.feed.kind, state.user_stream.kind) == (FeedKind.FRESH, FeedKind.OFFLINE)


def test_time_left_is_rounded_up_so_that_zero_means_over(model, trader):
    trader.status.armed_until_ns = trader.now_ns + 1
    assert refresh(model, trader).armed_left_s == 1
    trader.status.armed_until_ns = trader.now_ns - 5
    assert refresh(model, trader).armed_left_s == 0


def test_the_change_says_over_how_long_it_is_counted(model, trader):
    price = refresh(model, trader).price
    first = float(trader.callback.klines.arrays().close[0])
    assert price.change_span_ms == 120 * 60_000
    assert price.change_fraction == pytest.approx(108451.2 / first - 1)


def test_nothing_new_says_nothing(model, trader):
    told = []
    model.changed.connect(lambda: told.append(1))
    refresh(model, trader)
    refresh(model, trader)
    assert len(told) == 1
    trader.tick("108460.0")
    refresh(model, trader)
    assert len(told) == 2
