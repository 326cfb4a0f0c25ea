"""The old connector of Binance against the exchange: REST in threads, streams in threads, by URLs and keys alone."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from binance.error import ClientError
from binance.um_futures import UMFutures
from binance.websocket.um_futures.websocket_client import UMFuturesWebsocketClient

from tests.conformance_world import Address, Ledger, poll

SYMBOL = "BTCUSDT"
QUANTITY = "0.01"
DAY_MS = 86_400_000


@pytest.fixture
def client(address: Address) -> Iterator[UMFutures]:
    found = UMFutures(address.api_key, address.api_secret, base_url=address.rest, timeout=20)
    yield found
    found.session.close()


def prices(client: UMFutures) -> tuple[str, str]:
    """Return prices 2 % below and above the market, on the tick."""
    touch = client.book_ticker(SYMBOL)
    return f"{float(touch['bidPrice']) * 0.98:.1f}", f"{float(touch['askPrice']) * 1.02:.1f}"


def order(client: UMFutures, side: str, **parameters: Any) -> Any:
    return client.new_order(SYMBOL, side, parameters.pop("type", "LIMIT"), quantity=QUANTITY, **parameters)


# ---- REST ----


def test_market_data(client: UMFutures) -> None:
    assert client.ping() == {}
    assert abs(client.time()["serverTime"] - time.time_ns() // 1_000_000) < 5_000
    (symbol,) = (row for row in client.exchange_info()["symbols"] if row["symbol"] == SYMBOL)
    assert symbol["status"] == "TRADING"
    book = client.depth(SYMBOL, limit=10)
    assert len(book["bids"]) == len(book["asks"]) == 10
    kinds = (
        client.klines(SYMBOL, "5m", limit=20),
        client.continuous_klines(SYMBOL, "PERPETUAL", "5m", limit=20),
        client.index_price_klines(SYMBOL, "5m", limit=20),
        client.mark_price_klines(SYMBOL, "5m", limit=20),
    )
    for rows in kinds:
        assert [row[0] for row in rows] == list(range(rows[0][0], rows[0][0] + 20 * 300_000, 300_000))
        assert all(len(row) == 12 for row in rows)
    trades = client.trades(SYMBOL, limit=5)
    older = client.historical_trades(SYMBOL, limit=5, fromId=trades[0]["id"])
    assert [row["id"] for row in older] == [row["id"] for row in trades]
    assert len(client.agg_trades(SYMBOL, limit=5)) == 5
    assert client.mark_price(SYMBOL)["symbol"] == SYMBOL
    assert isinstance(client.funding_rate(SYMBOL), list)
    assert client.ticker_24hr_price_change(SYMBOL)["symbol"] == SYMBOL
    assert client.ticker_price(SYMBOL)["symbol"] == SYMBOL
    assert client.book_ticker(SYMBOL)["symbol"] == SYMBOL
    assert Decimal(client.open_interest(SYMBOL)["openInterest"]) > 0


def test_account_reads(client: UMFutures, ledger: Ledger) -> None:
    assert Decimal(client.account()["totalWalletBalance"]) == ledger.wallet()
    assert Decimal(next(row for row in client.balance() if row["asset"] == "USDT")["balance"]) == ledger.wallet()
    assert client.get_position_risk() == []
    assert client.get_position_mode() == {"dualSidePosition": False}
    assert client.get_multi_asset_mode() == {"multiAssetsMargin": False}
    assert client.commission_rate(SYMBOL)["takerCommissionRate"] == "0.0005"
    assert client.futures_account_configuration()["canTrade"] is True
    assert client.symbol_configuration(symbol=SYMBOL)[0]["marginType"] == "CROSSED"
    brackets = client.leverage_brackets(symbol=SYMBOL)
    assert (brackets[0] if isinstance(brackets, list) else brackets)["symbol"] == SYMBOL
    assert {row["interval"] for row in client.query_user_rate_limit()} == {"SECOND", "MINUTE"}
    assert isinstance(client.adl_quantile(), list)
    assert client.force_orders() == []
    assert "indicators" in client.api_trading_status()
    assert client.get_bnb_burn()["feeBurn"] in (True, False)
    assert client.get_orders() == []


@pytest.mark.parametrize("kind", ["GTC", "GTX", "GTD"])
def test_limit_orders_rest(client: UMFutures, ledger: Ledger, kind: str) -> None:
    low, _ = prices(client)
    at: dict[str, Any] = {"timeInForce": kind, "price": low}
    if kind == "GTD":
        at["goodTillDate"] = time.time_ns() // 1_000_000 + DAY_MS
    made = order(client, "BUY", newClientOrderId="old-1", **at)
    assert (made["status"], made["clientOrderId"]) == ("NEW", "old-1")
    assert client.query_order(SYMBOL, origClientOrderId="old-1")["orderId"] == made["orderId"]
    assert client.get_open_orders(SYMBOL, orderId=made["orderId"])["status"] == "NEW"
    assert [row["orderId"] for row in client.get_orders(symbol=SYMBOL)] == [made["orderId"]]
    assert client.cancel_order(SYMBOL, orderId=made["orderId"])["status"] == "CANCELED"
    with pytest.raises(ClientError) as refusal:
        client.get_open_orders(SYMBOL, orderId=made["orderId"])
    assert (refusal.value.status_code, refusal.value.error_code) == (400, -2013)


def test_taking_orders(client: UMFutures, ledger: Ledger) -> None:
    low, high = prices(client)
    result = {"newOrderRespType": "RESULT"}
    for parameters in (
        {"type": "MARKET"},
        {"price": high, "timeInForce": "IOC"},
        {"price": high, "timeInForce": "FOK"},
        {"price": high, "timeInForce": "GTC"},
    ):
        made = order(client, "BUY", **parameters, **result)
        assert (made["status"], Decimal(made["executedQty"])) == ("FILLED", Decimal(QUANTITY))
        trades = [row for row in client.get_account_trades(SYMBOL) if row["orderId"] == made["orderId"]]
        assert sum(Decimal(row["qty"]) for row in trades) == Decimal(QUANTITY)
    position = client.get_position_risk(symbol=SYMBOL)[0]
    assert Decimal(position["positionAmt"]) == 4 * Decimal(QUANTITY)
    ledger.check()
    for code, parameters in (
        (-5022, {"price": high, "timeInForce": "GTX"}),
        (-5021, {"price": low, "timeInForce": "FOK"}),
        (-2022, {"type": "MARKET", "reduceOnly": "true"}),
        (-4120, {"type": "STOP_MARKET", "stopPrice": low}),
        (-1102, {"price": low}),
    ):
        with pytest.raises(ClientError) as refusal:
            order(client, "BUY", **parameters)
        assert (refusal.value.status_code, refusal.value.error_code) == (400, code)
    client.new_order(SYMBOL, "SELL", "MARKET", quantity="0.04", reduceOnly="true")
    assert client.get_position_risk() == []
    total = sum(Decimal(row["income"]) for row in client.get_income_history(limit=1000))
    assert Decimal(client.account()["totalWalletBalance"]) == Decimal(10_000) + total


def test_modify_batch_and_cancel_all(client: UMFutures, ledger: Ledger) -> None:
    low, high = prices(client)
    limit = {"timeInForce": "GTC", "price": low}
    made = order(client, "BUY", **limit)
    changed = client.modify_order(SYMBOL, "BUY", "0.02", high_of(low), orderId=made["orderId"])
    assert (changed["orderId"], Decimal(changed["origQty"])) == (made["orderId"], Decimal("0.02"))
    assert client.cancel_open_orders(SYMBOL)["code"] == 200
    element = {"symbol": SYMBOL, "type": "LIMIT", "quantity": QUANTITY, "timeInForce": "GTC"}
    wanted = [
        element | {"side": "BUY", "price": low, "newClientOrderId": "b-1"},
        element | {"side": "SELL", "price": high, "newClientOrderId": "b-2"},
        element | {"side": "BUY", "price": high, "timeInForce": "GTX"},
    ]
    batch = client.new_batch_order(wanted)
    assert [row.get("code") for row in batch] == [None, None, -5022]
    amended = [
        {"symbol": SYMBOL, "side": "BUY", "orderId": batch[0]["orderId"], "quantity": QUANTITY, "price": high_of(low)}
    ]
    moved = client.sign_request(
        "PUT", "/fapi/v1/batchOrders", {"batchOrders": json.dumps(amended, separators=(",", ":"))}
    )
    assert Decimal(moved[0]["price"]) == Decimal(high_of(low))
    by_id = client.cancel_batch_order(SYMBOL, [batch[0]["orderId"]], None)
    by_name = client.cancel_batch_order(SYMBOL, [], ["b-2", "b-none"])
    assert [row.get("status") or row["code"] for row in by_id + by_name] == ["CANCELED", "CANCELED", -2011]
    client.new_order_test(SYMBOL, "BUY", "LIMIT", quantity=QUANTITY, **limit)
    assert client.get_orders(symbol=SYMBOL) == []
    order(client, "BUY", **limit)
    assert client.countdown_cancel_order(SYMBOL, 100)["countdownTime"] == "100"
    poll(lambda: client.get_orders(symbol=SYMBOL) == [])
    assert {row["status"] for row in client.get_all_orders(SYMBOL)} <= {"CANCELED", "FILLED"}


def high_of(low: str) -> str:
    """Return a price a little above one that rests."""
    return f"{float(low) + 5:.1f}"


CONDITIONAL: dict[str, Callable[[str, str], dict[str, str]]] = {
    "STOP": lambda low, high: {"triggerPrice": low, "price": low},
    "STOP_MARKET": lambda low, high: {"triggerPrice": low, "reduceOnly": "true"},
    "TAKE_PROFIT": lambda low, high: {"triggerPrice": high, "price": high},
    "TAKE_PROFIT_MARKET": lambda low, high: {"triggerPrice": high, "workingType": "MARK_PRICE", "priceProtect": "true"},
    "TRAILING_STOP_MARKET": lambda low, high: {"activatePrice": high, "callbackRate": "1"},
}


@pytest.mark.parametrize("kind", CONDITIONAL)
def test_conditional_orders_by_signed_request(client: UMFutures, ledger: Ledger, kind: str) -> None:
    """The connector has no calls for them; its documented way for missing endpoints is `sign_request`."""
    order(client, "BUY", type="MARKET")
    wanted = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": kind, "quantity": QUANTITY}
    made = client.sign_request("POST", "/fapi/v1/algoOrder", wanted | CONDITIONAL[kind](*prices(client)))
    assert (made["algoStatus"], made["orderType"]) == ("NEW", kind)
    rows = client.sign_request("GET", "/fapi/v1/openAlgoOrders", {"symbol": SYMBOL})
    assert [row["algoId"] for row in rows] == [made["algoId"]]
    assert client.get_orders(symbol=SYMBOL) == []
    assert client.sign_request("DELETE", "/fapi/v1/algoOrder", {"algoId": made["algoId"]})["code"] == "200"


def test_settings(client: UMFutures, ledger: Ledger) -> None:
    assert client.change_leverage(SYMBOL, 10)["leverage"] == 10
    assert client.change_margin_type(SYMBOL, "ISOLATED") == {"code": 200, "msg": "success"}
    with pytest.raises(ClientError) as refusal:
        client.change_margin_type(SYMBOL, "ISOLATED")
    assert refusal.value.error_code == -4046
    order(client, "BUY", type="MARKET")
    wallet = Decimal(client.get_position_risk(symbol=SYMBOL)[0]["isolatedWallet"])
    assert client.modify_isolated_position_margin(SYMBOL, 20, 1)["code"] == 200
    assert Decimal(client.get_position_risk(symbol=SYMBOL)[0]["isolatedWallet"]) == wallet + 20
    assert any(Decimal(row["amount"]) == 20 for row in client.get_position_margin_history(SYMBOL))
    order(client, "SELL", type="MARKET", reduceOnly="true")
    client.change_margin_type(SYMBOL, "CROSSED")
    client.change_leverage(SYMBOL, 20)
    client.change_position_mode("true")
    order(client, "SELL", type="MARKET", positionSide="SHORT")
    assert ledger.positions() == {(SYMBOL, "SHORT"): -Decimal(QUANTITY)}
    order(client, "BUY", type="MARKET", positionSide="SHORT")
    client.change_position_mode("false")
    for mode in ("true", "false"):
        assert client.change_multi_asset_mode(mode)["code"] == 200
        assert client.toggle_bnb_burn(mode)["code"] == 200


def test_limit_usage_is_shown(address: Address) -> None:
    client = UMFutures(address.api_key, address.api_secret, base_url=address.rest, timeout=20, show_limit_usage=True)
    before = int(client.ping()["limit_usage"]["x-mbx-used-weight-1m"])
    assert int(client.depth(SYMBOL, limit=1000)["limit_usage"]["x-mbx-used-weight-1m"]) == before + 20
    client.session.close()


# ---- streams ----


class Frames:
    """What a stream client of the connector received, as JSON."""

    def __init__(self) -> None:
        self.received: list[Any] = []
        self.errors: list[Any] = []

    def on_message(self, _: Any, text: str) -> None:
        self.received.append(json.loads(text))

    def on_error(self, _: Any, error: Any) -> None:
        self.errors.append(error)

    def of(self, kind: str) -> list[Any]:
        rows = [frame.get("data", frame) for frame in self.received if isinstance(frame, dict)]
        return [row for row in rows if isinstance(row, dict) and row.get("e") == kind]


@contextlib.contextmanager
def stream(url: str, *, is_combined: bool = False) -> Iterator[tuple[UMFuturesWebsocketClient, Frames]]:
    frames = Frames()
    found = UMFuturesWebsocketClient(
        url, on_message=frames.on_message, on_error=frames.on_error, is_combined=is_combined
    )
    yield found, frames
    found.stop()
    found.socket_manager.ws.shutdown()


@pytest.mark.parametrize("is_combined", [False, True], ids=["raw", "combined"])
def test_market_streams(address: Address, expect_log: Callable[[str], None], *, is_combined: bool) -> None:
    expect_log("CLOSE frame received")
    with stream(f"{address.ws}/market", is_combined=is_combined) as (market, frames):
        market.kline(SYMBOL, "1m", id=1)
        market.agg_trade(SYMBOL, id=2)
        market.mark_price(SYMBOL, 1, id=3)
        market.ticker(SYMBOL, id=4)
        market.mini_ticker(SYMBOL, id=5)
        for kind in ("kline", "aggTrade", "markPriceUpdate", "24hrTicker", "24hrMiniTicker"):
            assert poll(lambda kind=kind: frames.of(kind))[0]["s"] == SYMBOL
        assert poll(lambda: [frame for frame in frames.received if frame.get("id") == 5])[0]["result"] is None
    with stream(f"{address.ws}/public", is_combined=is_combined) as (public, frames):
        public.book_ticker(SYMBOL, id=1)
        public.diff_book_depth(SYMBOL, 100, id=2)
        public.partial_book_depth(SYMBOL, 5, 100, id=3)
        assert poll(lambda: frames.of("bookTicker"))[0]["s"] == SYMBOL
        assert poll(lambda: frames.of("depthUpdate"))[0]["s"] == SYMBOL
    assert frames.errors == []


def test_un_routed_urls_stay_silent(address: Address, expect_log: Callable[[str], None]) -> None:
    """The connector's default URL form: acknowledged, but only book data comes."""
    expect_log("CLOSE frame received")
    with stream(address.ws) as (client, frames):
        client.kline(SYMBOL, "1m", id=1)
        client.book_ticker(SYMBOL, id=2)
        poll(lambda: len(frames.of("bookTicker")) >= 20)
        assert frames.of("kline") == []
        assert {frame["id"] for frame in frames.received if "id" in frame} == {1, 2}


def test_user_stream(address: Address, client: UMFutures, ledger: Ledger, expect_log: Callable[[str], None]) -> None:
    expect_log("CLOSE frame received")
    key = client.new_listen_key()["listenKey"]
    assert client.renew_listen_key(key)["listenKey"] == key
    with stream(f"{address.ws}/private") as (private, frames):
        private.user_data(listen_key=key, id=1)
        poll(lambda: [frame for frame in frames.received if frame.get("id") == 1])
        opened = order(client, "BUY", type="MARKET")
        closed = order(client, "SELL", type="MARKET", reduceOnly="true")
        both = {opened["orderId"], closed["orderId"]}

        def filled() -> set[int]:
            return {row["o"]["i"] for row in frames.of("ORDER_TRADE_UPDATE") if row["o"]["X"] == "FILLED"}

        poll(lambda: both <= filled())
        trades = [row["o"] for row in frames.of("ORDER_TRADE_UPDATE") if row["o"]["x"] == "TRADE"]
        rows = {row["id"]: row for row in ledger.trades() if row["orderId"] in both}
        assert {(row["t"], Decimal(row["L"]), Decimal(row["n"])) for row in trades} == {
            (number, Decimal(row["price"]), Decimal(row["commission"])) for number, row in rows.items()
        }
        assert Decimal(frames.of("ACCOUNT_UPDATE")[-1]["a"]["B"][0]["wb"]) == ledger.wallet()
    assert client.close_listen_key(key) == {}
