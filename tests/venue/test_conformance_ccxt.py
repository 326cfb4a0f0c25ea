"""ccxt against the exchange: its unified REST calls, its streams and its WebSocket API, by URLs and keys alone."""

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import ccxt
import ccxt.pro
import pytest

from tests.conformance_clients import point, settings
from tests.conformance_world import SWING_MIDDLE, Address, Ledger, exchange_process, poll

SYMBOL = "BTC/USDT:USDT"
QUANTITY = 0.01
DAY_MS = 86_400_000


@contextlib.contextmanager
def client_at(address: Address) -> Iterator[Any]:
    found = point(ccxt.binanceusdm(settings(address)), address)
    found.load_markets()
    yield found
    found.session.close()


@pytest.fixture
def client(address: Address) -> Iterator[Any]:
    with client_at(address) as found:
        yield found


# ---- market and account ----


def test_markets_follow_the_filters(client: Any) -> None:
    assert set(client.markets) == {SYMBOL, "ETH/USDT:USDT"}
    market = client.market(SYMBOL)
    filters = {entry["filterType"]: entry for entry in market["info"]["filters"]}
    assert (market["swap"], market["linear"], market["active"], market["settle"]) == (True, True, True, "USDT")
    assert market["precision"]["price"] == float(filters["PRICE_FILTER"]["tickSize"])
    assert market["precision"]["amount"] == float(filters["LOT_SIZE"]["stepSize"])
    assert market["limits"]["amount"]["min"] == float(filters["LOT_SIZE"]["minQty"])
    assert market["limits"]["cost"]["min"] == float(filters["MIN_NOTIONAL"]["notional"])


@pytest.mark.parametrize("price", [None, "mark", "index", "premiumIndex"])
def test_klines(client: Any, price: str | None) -> None:
    rows = client.fetch_ohlcv(SYMBOL, "1m", limit=100, params={} if price is None else {"price": price})
    assert len(rows) == 100
    assert [row[0] for row in rows] == list(range(rows[0][0], rows[0][0] + 100 * 60_000, 60_000))
    assert all(low <= min(opened, close) and high >= max(opened, close) for _, opened, high, low, close, _ in rows)
    since = client.fetch_ohlcv(
        SYMBOL, "1m", since=rows[10][0], limit=5, params={} if price is None else {"price": price}
    )
    assert since == rows[10:15]


def test_market_data(client: Any) -> None:
    book = client.fetch_order_book(SYMBOL, 50)
    assert len(book["bids"]) == len(book["asks"]) == 50
    assert book["bids"] == sorted(book["bids"], reverse=True)
    assert book["asks"] == sorted(book["asks"])
    assert book["bids"][0][0] < book["asks"][0][0]
    middle = book["bids"][0][0]

    def is_near(price: float) -> bool:
        return abs(price / middle - 1) < 0.05

    for trades in (
        client.fetch_trades(SYMBOL),
        client.fetch_trades(SYMBOL, None, 10, {"fetchTradesMethod": "fapiPublicGetTrades"}),
    ):
        assert trades
        assert all(trade["side"] in ("buy", "sell") and is_near(trade["price"]) for trade in trades[-10:])
    ticker = client.fetch_ticker(SYMBOL)
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert ticker["change"] == pytest.approx(ticker["last"] - ticker["open"], abs=1e-6)
    assert set(client.fetch_tickers()) == set(client.fetch_last_prices()) == set(client.markets)
    touch = client.fetch_bids_asks()[SYMBOL]
    assert touch["bid"] < touch["ask"]
    assert is_near(client.fetch_mark_price(SYMBOL)["markPrice"])
    assert set(client.fetch_mark_prices()) == set(client.markets)
    funding = client.fetch_funding_rate(SYMBOL)
    assert funding["fundingTimestamp"] > client.fetch_time() - DAY_MS
    assert set(client.fetch_funding_rates()) == set(client.markets)
    assert isinstance(client.fetch_funding_rate_history(SYMBOL), list)
    assert isinstance(client.fetch_funding_intervals(), dict)
    assert client.fetch_open_interest(SYMBOL)["openInterestAmount"] > 0
    assert abs(client.fetch_time() - time.time_ns() // 1_000_000) < 5_000


def test_account_reads(client: Any, ledger: Ledger) -> None:
    for parameters in ({}, {"useV2": True}):
        balance = client.fetch_balance(parameters)
        assert Decimal(str(balance["USDT"]["total"])) == ledger.wallet()
    assert client.fetch_positions() == client.fetch_positions(None, {"method": "account"}) == []
    assert client.fetch_positions_risk(None, {"useV2": True}) == []
    tiers = client.fetch_leverage_tiers()[SYMBOL]
    assert [tier["tier"] for tier in tiers] == list(range(1, len(tiers) + 1))
    assert all(after["minNotional"] == before["maxNotional"] for before, after in itertools.pairwise(tiers))
    fee = client.fetch_trading_fee(SYMBOL)
    assert (fee["maker"], fee["taker"]) == (0.0002, 0.0005)
    assert set(client.fetch_trading_fees()) == set(client.markets)
    assert client.fetch_position_mode()["hedged"] is False
    assert client.fetch_leverages()[SYMBOL]["longLeverage"] == client.fetch_leverages()[SYMBOL]["shortLeverage"]
    assert (
        client.fetch_margin_mode(SYMBOL)["marginMode"] == client.fetch_margin_modes()[SYMBOL]["marginMode"] == "cross"
    )
    assert client.fetch_my_liquidations() == []
    assert client.fetch_adl_rank(SYMBOL)["symbol"] == SYMBOL


# ---- orders ----


class Prices:
    """Prices around the market that an order of the kind rests at, on the tick."""

    def __init__(self, client: Any) -> None:
        book = client.fetch_order_book(SYMBOL, 5)
        self.bid, self.ask = book["bids"][0][0], book["asks"][0][0]
        self.low, self.high = round(self.bid * 0.98, 1), round(self.ask * 1.02, 1)


RESTING: dict[str, tuple[str, str, Callable[[Prices], dict[str, Any]], dict[str, Any]]] = {
    "GTC": ("limit", "low", lambda prices: {}, {"timeInForce": "GTC", "postOnly": False}),
    "GTX": ("limit", "low", lambda prices: {"timeInForce": "GTX"}, {"timeInForce": "PO"}),
    "PO": ("limit", "low", lambda prices: {"postOnly": True}, {"timeInForce": "PO", "postOnly": True}),
    "GTD": (
        "limit",
        "low",
        lambda prices: {"timeInForce": "GTD", "goodTillDate": time.time_ns() // 1_000_000 + DAY_MS},
        {"timeInForce": "GTD"},
    ),
    "self-trade prevention": ("limit", "low", lambda prices: {"selfTradePrevention": "EXPIRE_BOTH"}, {}),
    "own id": ("limit", "low", lambda prices: {"clientOrderId": "mine-1"}, {"clientOrderId": "mine-1"}),
}


@pytest.mark.parametrize("kind", RESTING)
def test_limit_orders_rest_and_are_cancelled(client: Any, ledger: Ledger, kind: str) -> None:
    order_type, price, parameters, expected = RESTING[kind]
    prices = Prices(client)
    limit = getattr(prices, price)
    placed = client.create_order(SYMBOL, order_type, "buy", QUANTITY, limit, parameters(prices))
    for order in (placed, client.fetch_order(placed["id"], SYMBOL), client.fetch_open_order(placed["id"], SYMBOL)):
        assert (order["status"], order["side"], order["amount"], order["filled"]) == ("open", "buy", QUANTITY, 0)
        assert expected.items() <= order.items()
        assert order["price"] == limit
    assert [order["id"] for order in client.fetch_open_orders(SYMBOL)] == [placed["id"]]
    assert client.cancel_order(placed["id"], SYMBOL)["status"] == "canceled"
    assert client.fetch_order(placed["id"], SYMBOL)["status"] == "canceled"
    assert client.fetch_open_orders() == []
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order(placed["id"], SYMBOL)


def test_price_match(client: Any, ledger: Ledger) -> None:
    # At a price so near, the market may fill the order at any time.
    order = client.create_order(SYMBOL, "limit", "buy", QUANTITY, None, {"priceMatch": "QUEUE_5"})
    assert order["info"]["priceMatch"] == "QUEUE_5"
    assert order["price"] == pytest.approx(Prices(client).bid, rel=0.01)


def test_taking_orders_fill_or_are_refused(client: Any, ledger: Ledger) -> None:
    prices = Prices(client)
    for kind, limit, parameters in (
        ("market", None, {}),
        ("limit", prices.high, {"timeInForce": "IOC"}),
        ("limit", prices.high, {"timeInForce": "FOK"}),
        ("limit", prices.high, {}),
    ):
        order = client.create_order(SYMBOL, kind, "buy", QUANTITY, limit, parameters)
        assert (order["status"], order["filled"], order["remaining"]) == ("closed", QUANTITY, 0)
        full = client.fetch_order(order["id"], SYMBOL)
        trades = client.fetch_my_trades(SYMBOL, params={"orderId": order["id"]})
        assert full["cost"] == pytest.approx(sum(trade["cost"] for trade in trades))
        assert full["average"] == pytest.approx(full["cost"] / full["filled"], rel=1e-6)
        assert sum(trade["amount"] for trade in trades) == pytest.approx(QUANTITY)
        assert all(trade["order"] == order["id"] for trade in trades)
        assert all(trade["takerOrMaker"] == "taker" and trade["fee"]["currency"] == "USDT" for trade in trades)
    unfilled = client.create_order(SYMBOL, "limit", "buy", QUANTITY, prices.low, {"timeInForce": "IOC"})
    assert (unfilled["status"], unfilled["filled"]) == ("expired", 0)
    position = client.fetch_positions([SYMBOL])[0]
    assert (position["side"], position["contracts"]) == ("long", 4 * QUANTITY)
    assert ledger.positions() == {("BTCUSDT", "BOTH"): Decimal("0.04")}
    refused = (
        (ccxt.InvalidOrder, "limit", "buy", prices.high, {"postOnly": True}),
        (ccxt.InvalidOrder, "limit", "buy", prices.low, {"timeInForce": "FOK"}),
        (ccxt.ExchangeError, "market", "buy", None, {"reduceOnly": True}),
        (ccxt.BadRequest, "limit", "buy", prices.bid * 3, {}),  # above the price band
    )
    for error, kind, side, limit, parameters in refused:
        with pytest.raises(error):
            client.create_order(SYMBOL, kind, side, QUANTITY, limit, parameters)
    # ccxt has finer errors for some codes, but takes them for the venue's own hosts alone.
    with pytest.raises(ccxt.ExchangeError, match='"code":-2019'):
        client.create_order(SYMBOL, "limit", "buy", 100, prices.low)
    closed = client.create_order(SYMBOL, "market", "sell", 4 * QUANTITY, None, {"reduceOnly": True})
    assert (closed["status"], closed["reduceOnly"]) == ("closed", True)
    assert client.fetch_positions([SYMBOL]) == []
    assert {order["status"] for order in client.fetch_closed_orders(SYMBOL)} == {"closed"}
    booked = {row["info"]["tradeId"]: row for row in client.fetch_ledger(limit=1000) if row["type"] == "commission"}
    for trade in client.fetch_my_trades(SYMBOL, params={"orderId": closed["id"]}):
        assert booked[trade["id"]]["amount"] == trade["fee"]["cost"]
        assert booked[trade["id"]]["direction"] == "out"


CONDITIONAL: dict[str, tuple[str, Callable[[Prices], float | None], Callable[[Prices], dict[str, Any]], str]] = {
    "STOP": ("STOP", lambda at: at.low, lambda at: {"triggerPrice": at.low}, "STOP"),
    "STOP_MARKET": ("STOP_MARKET", lambda at: None, lambda at: {"triggerPrice": at.low}, "STOP_MARKET"),
    "stop loss": ("market", lambda at: None, lambda at: {"stopLossPrice": at.low, "reduceOnly": True}, "STOP_MARKET"),
    "stop limit": ("limit", lambda at: at.low, lambda at: {"stopLossPrice": at.low}, "STOP"),
    "TAKE_PROFIT": ("TAKE_PROFIT", lambda at: at.high, lambda at: {"triggerPrice": at.high}, "TAKE_PROFIT"),
    "TAKE_PROFIT_MARKET": (
        "TAKE_PROFIT_MARKET",
        lambda at: None,
        lambda at: {"triggerPrice": at.high, "workingType": "MARK_PRICE", "priceProtect": True},
        "TAKE_PROFIT_MARKET",
    ),
    "take profit": ("market", lambda at: None, lambda at: {"takeProfitPrice": at.high}, "TAKE_PROFIT_MARKET"),
    "trailing": (
        "market",
        lambda at: None,
        lambda at: {"trailingPercent": 1, "trailingTriggerPrice": at.high},
        "TRAILING_STOP_MARKET",
    ),
    "trailing at once": ("market", lambda at: None, lambda at: {"trailingPercent": 5}, "TRAILING_STOP_MARKET"),
    "close position": (
        "market",
        lambda at: None,
        lambda at: {"stopLossPrice": at.low, "closePosition": True},
        "STOP_MARKET",
    ),
}


@pytest.mark.parametrize("kind", CONDITIONAL)
def test_conditional_orders_rest_and_are_cancelled(client: Any, ledger: Ledger, kind: str) -> None:
    order_type, price, parameters, venue_type = CONDITIONAL[kind]
    client.create_order(SYMBOL, "market", "buy", QUANTITY)
    prices = Prices(client)
    placed = client.create_order(SYMBOL, order_type, "sell", QUANTITY, price(prices), parameters(prices))
    trigger = {"trigger": True}
    assert placed["info"]["orderType"] == venue_type
    fetched = client.fetch_order(placed["id"], SYMBOL, trigger)
    assert (placed["status"], fetched["status"], fetched["side"]) == ("open", "open", "sell")
    assert fetched["triggerPrice"] == placed["triggerPrice"]
    assert [order["id"] for order in client.fetch_open_orders(SYMBOL, params=trigger)] == [placed["id"]]
    assert client.fetch_open_orders(SYMBOL) == []
    client.cancel_order(placed["id"], SYMBOL, trigger)
    assert client.fetch_order(placed["id"], SYMBOL, trigger)["status"] == "canceled"
    assert client.fetch_open_orders(params=trigger) == []


def test_a_stop_closes_the_position(swinging_address: Address, swinging_ledger: Ledger) -> None:
    with client_at(swinging_address) as client:
        client.create_order(SYMBOL, "market", "buy", QUANTITY)

        def place() -> Any:
            stop = {"stopLossPrice": SWING_MIDDLE, "closePosition": True}
            try:
                return client.create_order(SYMBOL, "market", "sell", QUANTITY, None, stop)
            except ccxt.ExchangeError as refusal:  # the market stands below the price
                assert '"code":-2021' in str(refusal)
                return None

        number = poll(place)["id"]

        def done() -> Any:
            rows = client.fetch_orders(SYMBOL, params={"trigger": True})
            return next((row for row in rows if row["id"] == number and row["status"] == "closed"), None)

        child = client.fetch_order(poll(done)["info"]["actualOrderId"], SYMBOL)
    assert (child["status"], child["filled"], child["side"]) == ("closed", QUANTITY, "sell")
    assert swinging_ledger.positions() == {}


def test_too_many_requests() -> None:
    with exchange_process() as busy, client_at(busy) as client:
        with pytest.raises(ccxt.DDoSProtection, match="429") as refusal:
            for _ in range(200):
                client.fetch_order_book(SYMBOL, 1000)
        assert '"code":-1003' in str(refusal.value)
        assert int(client.last_response_headers["Retry-After"]) > 0


def test_modify_batch_and_cancel_all(client: Any, ledger: Ledger) -> None:
    prices = Prices(client)
    order = client.create_order(SYMBOL, "limit", "buy", QUANTITY, prices.low)
    edited = client.edit_order(order["id"], SYMBOL, "limit", "buy", 2 * QUANTITY, prices.low + 5)
    assert (edited["id"], edited["amount"], edited["price"]) == (order["id"], 2 * QUANTITY, prices.low + 5)
    client.cancel_all_orders(SYMBOL)
    assert client.fetch_open_orders(SYMBOL) == []
    wanted = [
        {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": QUANTITY, "price": prices.low},
        {"symbol": SYMBOL, "type": "limit", "side": "sell", "amount": QUANTITY, "price": prices.high},
        {
            "symbol": SYMBOL,
            "type": "limit",
            "side": "buy",
            "amount": QUANTITY,
            "price": prices.high,
            "params": {"postOnly": True},
        },
    ]
    made = client.create_orders(wanted)
    assert sorted(row["status"] for row in made) == ["open", "open", "rejected"]  # ccxt sorts them by time
    bought, sold = (next(row["id"] for row in made if row["side"] == side) for side in ("buy", "sell"))
    changes = [
        {"id": bought, "symbol": SYMBOL, "type": "limit", "side": "buy", "amount": QUANTITY, "price": prices.low - 10}
    ]
    assert [row["price"] for row in client.edit_orders(changes)] == [prices.low - 10]
    assert [row["status"] for row in client.cancel_orders([bought, sold], SYMBOL)] == ["canceled", "canceled"]
    named = client.create_order(SYMBOL, "limit", "buy", QUANTITY, prices.low, {"clientOrderId": "named-1"})
    by_name = client.cancel_orders([], SYMBOL, {"clientOrderIds": ["named-1"]})
    assert [row["id"] for row in by_name] == [named["id"]]
    test = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": prices.low,
    }
    assert client.fapiPrivatePostOrderTest(test)["symbol"] == "BTCUSDT"
    assert client.fetch_open_orders(SYMBOL) == []
    client.create_order(SYMBOL, "market", "sell", QUANTITY, None, {"stopLossPrice": prices.low})
    client.cancel_all_orders(SYMBOL, {"trigger": True})
    assert client.fetch_open_orders(SYMBOL, params={"trigger": True}) == []
    countdown = client.fapiPrivatePostCountdownCancelAll({"symbol": "BTCUSDT", "countdownTime": 100})
    assert countdown == {"symbol": "BTCUSDT", "countdownTime": "100"}
    client.create_order(SYMBOL, "limit", "buy", QUANTITY, prices.low)
    client.fapiPrivatePostCountdownCancelAll({"symbol": "BTCUSDT", "countdownTime": 100})
    poll(lambda: client.fetch_open_orders(SYMBOL) == [])


# ---- settings ----


def test_leverage_and_isolated_margin(client: Any, ledger: Ledger) -> None:
    assert client.set_leverage(10, SYMBOL)["leverage"] == 10
    assert client.fetch_leverages()[SYMBOL]["longLeverage"] == 10
    client.set_margin_mode("isolated", SYMBOL)
    client.create_order(SYMBOL, "market", "buy", QUANTITY)
    # The leverage of a position is told by the second version alone.
    before = client.fetch_positions([SYMBOL], {"useV2": True})[0]
    assert (before["marginMode"], before["leverage"]) == ("isolated", 10)
    client.add_margin(SYMBOL, 20)
    more = client.fetch_positions([SYMBOL], {"useV2": True})[0]
    assert Decimal(more["info"]["isolatedWallet"]) == Decimal(before["info"]["isolatedWallet"]) + 20
    assert more["liquidationPrice"] < before["liquidationPrice"]
    client.reduce_margin(SYMBOL, 10)
    changes = client.fetch_margin_adjustment_history(SYMBOL)
    assert [(row["type"], row["amount"]) for row in changes if row["amount"] in (10, 20)] == [
        ("add", 20),
        ("reduce", 10),
    ]
    client.create_order(SYMBOL, "market", "sell", QUANTITY, None, {"reduceOnly": True})
    client.set_margin_mode("cross", SYMBOL)
    client.set_leverage(20, SYMBOL)


def test_hedge_mode(client: Any, ledger: Ledger) -> None:
    client.set_position_mode(hedged=True)
    assert client.fetch_position_mode()["hedged"] is True
    client.create_order(SYMBOL, "market", "buy", QUANTITY, None, {"hedged": True})
    client.create_order(SYMBOL, "market", "sell", 2 * QUANTITY, None, {"hedged": True})
    held = {row["side"]: row["contracts"] for row in client.fetch_positions([SYMBOL])}
    assert held == {"long": QUANTITY, "short": 2 * QUANTITY}
    assert ledger.positions() == {("BTCUSDT", "LONG"): Decimal("0.01"), ("BTCUSDT", "SHORT"): Decimal("-0.02")}
    with pytest.raises(ccxt.OperationRejected):
        client.create_order(SYMBOL, "market", "buy", QUANTITY)
    with pytest.raises(ccxt.ExchangeError):
        client.set_position_mode(hedged=False)
    assert len(client.fetch_positions_adl_rank([SYMBOL])) >= 1
    client.create_order(SYMBOL, "market", "sell", QUANTITY, None, {"hedged": True, "reduceOnly": True})
    client.create_order(SYMBOL, "market", "buy", 2 * QUANTITY, None, {"hedged": True, "reduceOnly": True})
    assert client.fetch_positions([SYMBOL]) == []
    client.set_position_mode(hedged=False)
