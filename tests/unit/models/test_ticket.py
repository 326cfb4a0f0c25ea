"""The ticket's facts, taken from the real core."""

from decimal import Decimal

from msgspec.structs import replace

from tests.fakes import NS, START_MS, FakeTrader, account_update, order, position, snapshot, stop_loss
from trader_gui.domain.account import MarginType
from trader_gui.domain.market import BookTicker, MarkPrice
from trader_gui.domain.order import OrderStatus, OrderType, Origin, Purpose, Side
from trader_gui.domain.step import MarketState, Route, SymbolStatus
from trader_gui.domain.symbol import RulesUpdate
from trader_gui.exchange.port import CommissionRate, LeverageBracket
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_records import Resting, TicketFacts
from trader_gui.risk.gate import RiskLimits

D = Decimal


def running() -> FakeTrader:
    trader = FakeTrader()
    trader.run_quietly()
    trader.status.commission = CommissionRate("BTCUSDT", D("0.0002"), D("0.0005"))
    trader.status.brackets = (LeverageBracket(D(0), D(50000), D("0.004"), D(0), 125),)
    return trader


def facts_of(trader: FakeTrader) -> TicketFacts:
    model = TicketModel()
    model.refresh(trader.callback, trader.status, trader.now_ns)
    assert model.facts is not None
    return model.facts


def test_before_the_first_message_nothing_is_known() -> None:
    facts = facts_of(FakeTrader())
    assert (facts.is_running, facts.is_account_known, facts.feed_is_live) == (False, False, False)
    assert facts.best_bid is facts.mark_price is facts.equity is facts.available_balance is facts.feed_age_s is None


def test_a_running_session() -> None:
    trader = running()
    trader.callback.gate.limits = RiskLimits(max_order_quantity=D("0.05"))
    trader.feed(snapshot([position()], [stop_loss()]))
    facts = facts_of(trader)
    assert (facts.best_bid, facts.best_ask, facts.last_price) == (D("108451.1"), D("108451.2"), D("108451.2"))
    assert facts.mark_price == D("108449.8")
    assert (facts.leverage, facts.margin_type) == (10, MarginType.ISOLATED)
    assert (facts.maker_fraction, facts.taker_fraction) == (D("0.0002"), D("0.0005"))
    assert facts.equity == D("9984.20") + D("0.010") * (D("108449.8") - D("108367.6"))
    assert facts.stops == (Resting(Side.SELL, D("108248.4"), None),)
    assert facts.max_order_quantity == D("0.05")
    assert (facts.is_running, facts.is_account_known, facts.feed_is_live, facts.feed_age_s) == (True, True, True, None)
    assert facts.now_ms == trader.callback.now_ms


def test_available_balance_follows_mark_price_and_resting_orders() -> None:
    trader = running()
    cross = position("0.010", margin_type=MarginType.CROSSED, isolated_wallet=D(0))
    trader.feed(snapshot([cross], [order(7, Side.BUY, price="108000.0", quantity="0.020")]))
    mark = D("108449.8")
    expected = D("9984.20") + D("0.010") * (mark - D("108367.6")) - D("0.010") * mark / 10 - D("0.020") * 108000 / 10
    facts = facts_of(trader)
    assert facts.available_balance == expected
    assert (facts.resting_buy, facts.resting_sell) == (D("0.020"), 0)


def test_a_stop_that_has_not_reached_the_exchange_protects_nothing() -> None:
    trader = running()
    trader.feed(snapshot([position()], [stop_loss(status=OrderStatus.SENT)]))
    assert facts_of(trader).stops == ()


def test_orders_whose_outcome_is_not_known() -> None:
    trader = running()
    sent = order(8, Side.BUY, OrderType.MARKET, purpose=Purpose.EXIT, status=OrderStatus.UNKNOWN)
    engine_exit = order(9, purpose=Purpose.EXIT, origin=Origin.ENGINE, status=OrderStatus.SENT)
    engine_entry = order(10, Side.SELL, origin=Origin.ENGINE, status=OrderStatus.SENT)
    trader.feed(snapshot([], [sent, engine_exit, engine_entry, order(11)]))
    assert facts_of(trader).undecided == {(Purpose.EXIT, Side.BUY), (Purpose.ENTRY, Side.SELL)}


def test_another_cross_position_makes_the_liquidation_price_unknown() -> None:
    trader = running()
    assert facts_of(trader).other_cross_pnl == 0
    other = position(margin_type=MarginType.CROSSED)
    trader.feed(snapshot([type(other)("ETHUSDT", D(1), D(3000), D(5), margin_type=MarginType.CROSSED)]))
    assert facts_of(trader).other_cross_pnl is None


def test_a_stale_feed_is_dated() -> None:
    trader = running()
    trader.set_route(Route.MARKET, is_connected=True, is_fresh=False, age_s=4.25)
    facts = facts_of(trader)
    assert (facts.feed_is_live, facts.feed_age_s) == (False, D("4.2"))
    trader.set_route(Route.MARKET, is_connected=True, is_fresh=True)
    assert facts_of(trader).feed_is_live


def test_a_position_on_a_symbol_that_is_not_shown_has_no_live_prices() -> None:
    """Of what was shown earlier the mark price alone is followed; the session's own market is followed always."""
    trader = running()
    ether = position("1", "3000", symbol="ETHUSDT")
    trader.feed(RulesUpdate((trader.callback.rules, replace(trader.callback.rules, symbol="ETHUSDT")), 0))
    trader.feed(snapshot([position(), ether]), SymbolStatus("ETHUSDT", MarketState.FRESH, START_MS))
    trader.feed(MarkPrice("ETHUSDT", D(3000), D(3000), D(0), 0, START_MS))
    trader.feed(BookTicker("ETHUSDT", 1, D("2999.9"), D(1), D("3000.1"), D(1), START_MS))
    trader.status.shown.symbol = "ETHUSDT"
    shown = facts_of(trader)
    own = shown.for_closing(position().key)
    assert own is not None and (shown.feed_is_live, own.feed_is_live) == (True, True)
    trader.set_route(Route.PRIVATE, is_connected=True, is_fresh=False)
    own = facts_of(trader).for_closing(position().key)
    assert own is not None and not own.feed_is_live
    trader.set_route(Route.PRIVATE, is_connected=True, is_fresh=True)

    trader.status.shown.symbol = ""
    trader.feed(SymbolStatus("ETHUSDT", MarketState.MARKS, START_MS))
    left = facts_of(trader).for_closing(ether.key)
    assert left is not None and not left.feed_is_live
    assert (left.best_bid, left.best_ask, left.last_price, left.mark_price) == (None, None, None, D(3000))


def test_an_account_that_had_nothing_to_say_does_not_make_prices_old() -> None:
    trader = running()
    trader.set_route(Route.MARKET, is_connected=False, is_fresh=False, age_s=8.0)
    trader.set_route(Route.PRIVATE, is_connected=False, is_fresh=False, age_s=3_600)
    trader.status.routes[Route.PRIVATE].alive_ns = trader.now_ns - 7 * 10**9
    assert facts_of(trader).feed_age_s == D(8)


def test_changed_comes_only_when_something_shown_differs() -> None:
    trader = running()
    model, heard = TicketModel(), []
    model.changed.connect(lambda: heard.append(1))
    model.refresh(trader.callback, trader.status, trader.now_ns)
    model.refresh(trader.callback, trader.status, trader.now_ns + NS)
    assert len(heard) == 1
    trader.tick("108451.2", 43_500)
    model.refresh(trader.callback, trader.status, trader.now_ns)
    assert len(heard) == 1, "the same price at a later time looks the same"
    trader.feed(account_update([position("0.020")]))
    model.refresh(trader.callback, trader.status, trader.now_ns)
    assert len(heard) == 2
