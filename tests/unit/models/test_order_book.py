from decimal import Decimal

import pytest

from tests.fakes import FakeTrader, order, snapshot
from trader_gui.domain.order import Side
from trader_gui.models.order_book import AggTradesModel, OrderBookModel


@pytest.fixture
def trader():
    made = FakeTrader()
    made.run_quietly()
    return made


@pytest.fixture
def model(qapp, trader):
    return OrderBookModel()


def refresh(model, trader):
    model.refresh(trader.callback, trader.status, trader.now_ns)
    return model.state


def test_rows_are_best_first_with_running_totals(model, trader):
    state = refresh(model, trader)
    assert len(state.bids) == len(state.asks) == model.rows
    assert state.bids[0].price == Decimal("108451.1") and state.asks[0].price == Decimal("108451.2")
    assert state.spread == Decimal("0.1")
    for side in (state.bids, state.asks):
        assert side[-1].total == sum(r.quantity for r in side)


@pytest.mark.parametrize("group", [10, 100, 1000])
def test_a_joined_row_never_promises_a_better_price_and_loses_no_quantity(model, trader, group):
    model.set_rows(60)
    model.set_group(group)
    state = refresh(model, trader)
    size = Decimal("0.1") * group
    bids, asks = trader.callback.order_book.top(1000)
    assert all(r.price % size == 0 for r in (*state.bids, *state.asks))
    assert state.bids[0].price <= bids[0][0] and state.asks[0].price >= asks[0][0]
    assert sum(r.quantity for r in state.bids) == sum(q for _, q in bids)
    assert sum(r.quantity for r in state.asks) == sum(q for _, q in asks)


def test_own_orders_mark_their_side_and_price_only(model, trader):
    trader.feed(snapshot([], [order(5, Side.BUY, price="108451.0"), order(6, Side.SELL, price="108451.1")]))
    price = refresh(model, trader).bids[1].price
    marked = [(r.price, r.has_own) for r in model.state.bids[:3]]
    assert (Decimal("108451.1"), False) in marked
    assert [p for p, own in marked if own] == ([Decimal("108451.0")] if price == Decimal("108451.0") else [])


def test_nothing_new_says_nothing_and_a_stale_feed_does(model, trader):
    told = []
    model.changed.connect(lambda: told.append(1))
    refresh(model, trader)
    refresh(model, trader)
    assert len(told) == 1
    from trader_gui.domain.step import Route

    trader.set_route(Route.PUBLIC, is_connected=True, is_fresh=False, age_s=4.2)
    state = refresh(model, trader)
    assert (state.is_fresh, state.age_s, len(told)) == (False, 4.2, 2)


def test_the_arrow_follows_the_last_price(model, trader):
    assert refresh(model, trader).is_rising is None
    trader.tick("108452.0")
    assert refresh(model, trader).is_rising is True
    trader.tick("108451.9")
    assert refresh(model, trader).is_rising is False


def test_trades_come_newest_first(qapp, trader):
    model = AggTradesModel()
    model.refresh(trader.callback, trader.status, 0)
    assert [t.agg_trade_id for t in model.trades[:3]] == [40, 39, 38]
