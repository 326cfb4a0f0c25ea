"""Binance's own SDK against the exchange: REST, WebSocket API and streams, by URLs and keys alone.

The SDK checks every answer against typed models with strict types, and logs a warning where one does not fit: the
suite's rule that a stray warning fails a test makes each call here a check of all fields' types.
"""

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from binance_common.errors import BadRequestError, NotFoundError, TooManyRequestsError, UnauthorizedError
from binance_sdk_derivatives_trading_usds_futures.rest_api.models import (
    ModifyMultipleOrdersBatchOrdersParameterInner,
    PlaceMultipleOrdersBatchOrdersParameterInner,
)

from tests.conformance_clients import missing_fields, plain, prices, rest_of
from tests.conformance_world import SWING_MIDDLE, Address, Ledger, exchange_process, poll

# The SDK hands aiohttp a plain number where that wants an object by now.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float' is deprecated:DeprecationWarning")

SYMBOL = "BTCUSDT"
QUANTITY = 0.01
DAY_MS = 86_400_000
BUY = {"symbol": SYMBOL, "side": "BUY"}
SELL = {"symbol": SYMBOL, "side": "SELL"}
MARKET = {"type": "MARKET", "quantity": QUANTITY, "new_order_resp_type": "RESULT"}


@pytest.fixture
def rest(address: Address) -> Iterator[Any]:
    with rest_of(address) as found:
        yield found


# ---- REST ----

OF_SYMBOL = {"symbol": SYMBOL}
OF_PAIR = {"pair": SYMBOL}
PER_MINUTE = {"interval": "1m", "limit": 99}
MARKET_READS: list[tuple[str, dict[str, Any]]] = [
    ("test_connectivity", {}),
    ("check_server_time", {}),
    ("exchange_information", {}),
    ("order_book", OF_SYMBOL),
    ("rpi_order_book", OF_SYMBOL),
    ("recent_trades_list", OF_SYMBOL),
    ("old_trades_lookup", OF_SYMBOL),
    ("compressed_aggregate_trades_list", OF_SYMBOL),
    ("kline_candlestick_data", OF_SYMBOL | PER_MINUTE),
    ("continuous_contract_kline_candlestick_data", OF_PAIR | PER_MINUTE | {"contract_type": "PERPETUAL"}),
    ("index_price_kline_candlestick_data", OF_PAIR | PER_MINUTE),
    ("mark_price_kline_candlestick_data", OF_SYMBOL | PER_MINUTE),
    ("premium_index_kline_data", OF_SYMBOL | PER_MINUTE),
    ("mark_price", OF_SYMBOL),
    ("mark_price", {}),
    ("get_funding_rate_history", OF_SYMBOL),
    ("get_funding_rate_info", {}),
    ("ticker24hr_price_change_statistics", OF_SYMBOL),
    ("ticker24hr_price_change_statistics", {}),
    ("symbol_price_ticker", OF_SYMBOL),
    ("symbol_price_ticker_v2", OF_SYMBOL),
    ("symbol_price_ticker_v2", {}),
    ("symbol_order_book_ticker", OF_SYMBOL),
    ("symbol_order_book_ticker", {}),
    ("open_interest", OF_SYMBOL),
    ("open_interest_statistics", OF_SYMBOL | {"period": "5m"}),
    ("taker_buy_sell_volume", OF_SYMBOL | {"period": "5m"}),
    ("basis", OF_PAIR | {"contract_type": "PERPETUAL", "period": "5m", "limit": 5}),
    ("adl_risk", OF_SYMBOL),
    ("query_index_price_constituents", OF_SYMBOL),
]
OPTIONAL = {
    # Each filter has its own fields of these.
    *("limit", "maxPrice", "maxQty", "minPrice", "minQty", "multiplierDecimal", "multiplierDown", "multiplierUp"),
    *("notional", "stepSize", "tickSize"),
    "settlePlan",  # no longer given out
    "HEDGE",  # in hedge mode alone
    *("activatePrice", "priceRate"),  # of trailing orders
    "icebergQuantity",  # null, as the venue has it
}
ACCOUNT_READS: list[tuple[str, dict[str, Any]]] = [
    ("account_information_v2", {}),
    ("account_information_v3", {}),
    ("futures_account_balance_v2", {}),
    ("futures_account_balance_v3", {}),
    ("futures_account_configuration", {}),
    ("symbol_configuration", {}),
    ("futures_trading_quantitative_rules_indicators", {}),
    ("get_bnb_burn_status", {}),
    ("get_current_multi_assets_mode", {}),
    ("get_current_position_mode", {}),
    ("get_income_history", {}),
    ("notional_and_leverage_brackets", {}),
    ("query_user_rate_limit", {}),
    ("user_commission_rate", OF_SYMBOL),
    ("position_information_v2", {}),
    ("position_information_v3", {}),
    ("position_adl_quantile_estimation", {}),
    ("users_force_orders", {}),
    ("get_position_margin_change_history", OF_SYMBOL),
    ("current_all_open_orders", {}),
    ("current_all_algo_open_orders", {}),
    ("all_orders", OF_SYMBOL),
    ("query_all_algo_orders", OF_SYMBOL),
    ("account_trade_list", OF_SYMBOL),
]


@pytest.mark.parametrize(
    ("call", "parameters"), MARKET_READS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_market_data_fits_the_models(rest: Any, call: str, parameters: dict[str, Any]) -> None:
    answer = plain(getattr(rest, call)(**parameters))
    assert missing_fields(answer) <= OPTIONAL
    assert answer or call == "test_connectivity" or call.startswith("get_funding_rate")


@pytest.mark.parametrize("has_position", [False, True], ids=["flat", "with a position"])
def test_account_fits_the_models(rest: Any, ledger: Ledger, has_position: bool) -> None:
    if has_position:
        low, _ = prices(rest)
        rest.new_order(**BUY, **MARKET)
        rest.new_order(**BUY, type="LIMIT", quantity=QUANTITY, price=low, time_in_force="GTC")
        stop = {"type": "STOP_MARKET", "trigger_price": low, "quantity": QUANTITY}
        rest.new_algo_order(algo_type="CONDITIONAL", **SELL, **stop)
    for call, parameters in ACCOUNT_READS:
        assert missing_fields(plain(getattr(rest, call)(**parameters))) <= OPTIONAL, call
    account = rest.account_information_v3().data()
    assert Decimal(account.total_wallet_balance) == ledger.wallet()
    assert len(account.positions) == int(has_position)


def test_too_many_requests() -> None:
    with exchange_process() as busy, rest_of(busy) as rest:
        with pytest.raises(TooManyRequestsError) as refusal:
            for _ in range(200):
                rest.order_book(**OF_SYMBOL, limit=1000)
        assert (refusal.value.status_code, refusal.value.retry_after > 0) == (-1003, True)


def test_klines_and_book_fit_together(rest: Any) -> None:
    rows = rest.kline_candlestick_data(**OF_SYMBOL, interval="1m", limit=50).data()
    assert [row[0] for row in rows] == list(range(rows[0][0], rows[0][0] + 50 * 60_000, 60_000))
    book = rest.order_book(**OF_SYMBOL, limit=20).data()
    assert len(book.bids) == len(book.asks) == 20
    assert Decimal(book.bids[0][0]) < Decimal(book.asks[0][0])
    symbol = next(row for row in rest.exchange_information().data().symbols if row.symbol == SYMBOL)
    assert symbol.status == "TRADING"


LIMITS: dict[str, Callable[[float, float], tuple[dict[str, Any], str]]] = {
    "GTC": lambda low, high: ({"price": low, "time_in_force": "GTC"}, "NEW"),
    "GTX": lambda low, high: ({"price": low, "time_in_force": "GTX"}, "NEW"),
    "GTD": lambda low, high: (
        {"price": low, "time_in_force": "GTD", "good_till_date": time.time_ns() // 1_000_000 + DAY_MS},
        "NEW",
    ),
    "RPI": lambda low, high: ({"price": low, "time_in_force": "RPI"}, "NEW"),
    "self-trade prevention": lambda low, high: (
        {"price": low, "time_in_force": "GTC", "self_trade_prevention_mode": "EXPIRE_BOTH"},
        "NEW",
    ),
    "taking": lambda low, high: ({"price": high, "time_in_force": "GTC"}, "FILLED"),
    "IOC": lambda low, high: ({"price": high, "time_in_force": "IOC"}, "FILLED"),
    "IOC unfilled": lambda low, high: ({"price": low, "time_in_force": "IOC"}, "EXPIRED"),
    "FOK": lambda low, high: ({"price": high, "time_in_force": "FOK"}, "FILLED"),
}


@pytest.mark.parametrize("kind", LIMITS)
def test_limit_orders(rest: Any, ledger: Ledger, kind: str) -> None:
    parameters, status = LIMITS[kind](*prices(rest))
    answer = {"type": "LIMIT", "quantity": QUANTITY, "new_order_resp_type": "RESULT"}
    made = rest.new_order(**BUY, **answer, new_client_order_id="sdk-1", **parameters).data()
    assert (made.status, made.client_order_id, made.time_in_force) == (status, "sdk-1", parameters["time_in_force"])
    found = rest.query_order(**OF_SYMBOL, order_id=made.order_id).data()
    assert (found.status, Decimal(found.orig_qty)) == (status, Decimal("0.01"))
    if status == "NEW":
        assert rest.query_current_open_order(**OF_SYMBOL, orig_client_order_id="sdk-1").data().order_id == made.order_id
        assert rest.cancel_order(**OF_SYMBOL, order_id=made.order_id).data().status == "CANCELED"
    with pytest.raises(BadRequestError) as refusal:
        rest.cancel_order(**OF_SYMBOL, order_id=made.order_id)
    assert refusal.value.status_code == -2011
    expected = {(SYMBOL, "BOTH"): Decimal("0.01")} if status == "FILLED" else {}
    assert ledger.positions() == expected


def test_price_match(rest: Any, ledger: Ledger) -> None:
    matches = ("OPPONENT", "QUEUE", "QUEUE_5", "QUEUE_10", "QUEUE_20")
    wanted = [batch_element(side="BUY", time_in_force="GTC", price_match=match) for match in matches]
    made = rest.place_multiple_orders(batch_orders=wanted).data()  # together, so that the market stands still
    assert [row.price_match for row in made] == list(matches)
    levels = [Decimal(row.price) for row in made]
    assert levels == sorted(set(levels), reverse=True)
    alone = rest.new_order(**BUY, type="LIMIT", quantity=QUANTITY, time_in_force="GTC", price_match="OPPONENT_5").data()
    assert abs(Decimal(alone.price) / levels[0] - 1) < Decimal("0.01")


def batch_element(**values: Any) -> Any:
    """Return one limit order of a batch."""
    return PlaceMultipleOrdersBatchOrdersParameterInner(
        symbol=SYMBOL, type="LIMIT", quantity=QUANTITY, new_order_resp_type="ACK", **values
    )


def test_refusals(rest: Any, address: Address, ledger: Ledger) -> None:
    low, high = prices(rest)
    limit = {"type": "LIMIT", "quantity": QUANTITY}
    cases: list[tuple[int, dict[str, Any]]] = [
        (-5022, BUY | limit | {"price": high, "time_in_force": "GTX"}),
        (-5021, BUY | limit | {"price": low, "time_in_force": "FOK"}),
        (-4120, SELL | {"type": "STOP_MARKET", "quantity": QUANTITY}),
        (-2022, SELL | MARKET | {"reduce_only": "true"}),
        (-1121, {"symbol": "NOCOIN", "side": "BUY"} | MARKET),
        (-4061, BUY | MARKET | {"position_side": "LONG"}),
        (-4164, {"symbol": "ETHUSDT", "side": "BUY", "type": "MARKET", "quantity": 0.001}),
        (-2019, BUY | limit | {"price": low, "time_in_force": "GTC", "quantity": 100}),
    ]
    for code, order in cases:
        with pytest.raises(BadRequestError) as refusal:
            rest.new_order(**order)
        assert refusal.value.status_code == code, order
    with rest_of(address, api_key="wrong", api_secret="wrong") as stranger, pytest.raises(UnauthorizedError) as refusal:
        stranger.account_information_v3()
    assert refusal.value.status_code == -2015
    with (
        rest_of(address, api_key=address.api_key, api_secret="wrong") as forger,
        pytest.raises(BadRequestError) as refusal,
    ):
        forger.account_information_v3()
    assert refusal.value.status_code == -1022
    with pytest.raises(NotFoundError):
        rest.list_all_convert_pairs()  # coins are not converted here
    assert ledger.positions() == {}


def test_market_orders_and_the_ledger(rest: Any, ledger: Ledger) -> None:
    opened = rest.new_order(**BUY, **MARKET).data()
    assert (opened.status, Decimal(opened.executed_qty)) == ("FILLED", Decimal("0.01"))
    acknowledged = rest.new_order(**BUY, type="MARKET", quantity=QUANTITY).data()
    assert (acknowledged.status, Decimal(acknowledged.executed_qty)) == ("NEW", 0)
    trades = [
        row
        for made in (opened, acknowledged)
        for row in rest.account_trade_list(**OF_SYMBOL, order_id=made.order_id).data()
    ]
    assert sum(Decimal(row.qty) for row in trades) == Decimal("0.02")
    position = rest.position_information_v3(**OF_SYMBOL).data()[0]
    assert Decimal(position.position_amt) == Decimal("0.02")
    paid = sum(Decimal(row.price) * Decimal(row.qty) for row in trades)
    assert abs(Decimal(position.entry_price) - paid / Decimal("0.02")) < Decimal("1e-8")
    rest.new_order(**SELL, type="MARKET", quantity=2 * QUANTITY, reduce_only="true")
    assert ledger.positions() == {}


def test_modify_batch_and_cancel_all(rest: Any, ledger: Ledger) -> None:
    low, high = prices(rest)
    made = rest.new_order(**BUY, type="LIMIT", quantity=QUANTITY, price=low, time_in_force="GTC").data()
    changed = rest.modify_order(**BUY, quantity=0.02, price=low + 5, order_id=made.order_id, modify_id=77).data()
    assert (changed.order_id, Decimal(changed.orig_qty), changed.modify_id) == (made.order_id, Decimal("0.02"), 77)
    history = rest.get_order_modify_history(**OF_SYMBOL, order_id=made.order_id).data()
    assert [Decimal(row.amendment.price.after) for row in history] == [Decimal(str(low + 5))]
    assert rest.cancel_all_open_orders(**OF_SYMBOL).data().code == 200

    wanted = [
        batch_element(side="BUY", price=low, time_in_force="GTC"),
        batch_element(side="SELL", price=high, time_in_force="GTC"),
        batch_element(side="BUY", price=high, time_in_force="GTX"),
    ]
    batch = rest.place_multiple_orders(batch_orders=wanted).data()
    assert [row.status for row in batch] == ["NEW", "NEW", None]
    ids = [row.order_id for row in batch[:2]]
    moved = ModifyMultipleOrdersBatchOrdersParameterInner(
        symbol=SYMBOL, side="BUY", order_id=ids[0], quantity=QUANTITY, price=low - 10
    )
    assert Decimal(rest.modify_multiple_orders(batch_orders=[moved]).data()[0].price) == Decimal(str(low - 10))
    cancelled = rest.cancel_multiple_orders(**OF_SYMBOL, order_id_list=ids).data()
    assert [row.status for row in cancelled] == ["CANCELED", "CANCELED"]
    tried = rest.test_order(**BUY, type="LIMIT", quantity=QUANTITY, price=low, time_in_force="GTC").data()
    assert tried.symbol == SYMBOL
    assert rest.current_all_open_orders(**OF_SYMBOL).data() == []
    rest.new_order(**BUY, type="LIMIT", quantity=QUANTITY, price=low, time_in_force="GTC")
    countdown = rest.auto_cancel_all_open_orders(**OF_SYMBOL, countdown_time=100).data()
    assert countdown.countdown_time == "100"
    poll(lambda: rest.current_all_open_orders(**OF_SYMBOL).data() == [])


CONDITIONAL: dict[str, Callable[[float, float], dict[str, Any]]] = {
    "STOP": lambda low, high: {"type": "STOP", "trigger_price": low, "price": low},
    "STOP IOC": lambda low, high: {"type": "STOP", "trigger_price": low, "price": low, "time_in_force": "IOC"},
    "STOP_MARKET": lambda low, high: {"type": "STOP_MARKET", "trigger_price": low, "reduce_only": "true"},
    "TAKE_PROFIT": lambda low, high: {"type": "TAKE_PROFIT", "trigger_price": high, "price": high},
    "TAKE_PROFIT matched": lambda low, high: {"type": "TAKE_PROFIT", "trigger_price": high, "price_match": "QUEUE"},
    "TAKE_PROFIT_MARKET": lambda low, high: {
        "type": "TAKE_PROFIT_MARKET",
        "trigger_price": high,
        "working_type": "MARK_PRICE",
        "price_protect": "true",
    },
    "trailing": lambda low, high: {"type": "TRAILING_STOP_MARKET", "callback_rate": 1.0, "activate_price": high},
    "trailing at once": lambda low, high: {"type": "TRAILING_STOP_MARKET", "callback_rate": 5.0},
    "close position": lambda low, high: {"type": "STOP_MARKET", "trigger_price": low, "close_position": "true"},
}


@pytest.mark.parametrize("kind", CONDITIONAL)
def test_conditional_orders(rest: Any, ledger: Ledger, kind: str) -> None:
    rest.new_order(**BUY, **MARKET)
    parameters = CONDITIONAL[kind](*prices(rest))
    if "close_position" not in parameters:
        parameters["quantity"] = QUANTITY
    made = rest.new_algo_order(algo_type="CONDITIONAL", **SELL, client_algo_id="algo-1", **parameters).data()
    assert (made.algo_status, made.order_type, made.client_algo_id) == ("NEW", parameters["type"], "algo-1")
    for found in (
        rest.query_algo_order(algo_id=made.algo_id).data(),
        rest.query_algo_order(client_algo_id="algo-1").data(),
    ):
        assert (found.algo_id, found.algo_status, found.actual_order_id) == (made.algo_id, "NEW", "")
    assert [row.algo_id for row in rest.current_all_algo_open_orders(**OF_SYMBOL).data()] == [made.algo_id]
    assert rest.cancel_algo_order(algo_id=made.algo_id).data().code == "200"
    history = rest.query_all_algo_orders(**OF_SYMBOL).data()
    assert next(row.algo_status for row in history if row.algo_id == made.algo_id) == "CANCELED"


TRIGGERED: dict[str, dict[str, Any]] = {
    "STOP": {"trigger_price": SWING_MIDDLE, "price": 59_000.0},
    "STOP_MARKET": {"trigger_price": SWING_MIDDLE, "close_position": "true"},
    "TAKE_PROFIT": {"trigger_price": SWING_MIDDLE, "price": 59_000.0},
    "TAKE_PROFIT_MARKET": {"trigger_price": SWING_MIDDLE, "working_type": "MARK_PRICE"},
    "TRAILING_STOP_MARKET": {"callback_rate": 0.1},
}


@pytest.mark.parametrize("kind", TRIGGERED)
def test_conditional_orders_trigger(swinging_address: Address, swinging_ledger: Ledger, kind: str) -> None:
    with rest_of(swinging_address) as rest:
        rest.new_order(**BUY, **MARKET)
        made = poll(lambda: stop(rest, kind))
        done = poll(lambda: finished(rest, made.algo_id))
        child = rest.query_order(**OF_SYMBOL, order_id=int(done.actual_order_id)).data()
    assert (child.status, Decimal(child.executed_qty), child.side) == ("FILLED", Decimal("0.01"), "SELL")
    assert swinging_ledger.positions() == {}


def stop(rest: Any, kind: str) -> Any:
    """Place a conditional order in the middle of the swing; None while the market stands on the wrong side of it."""
    parameters = TRIGGERED[kind]
    if "close_position" not in parameters:
        parameters = parameters | {"quantity": QUANTITY, "reduce_only": "true"}
    try:
        return rest.new_algo_order(algo_type="CONDITIONAL", **SELL, type=kind, **parameters).data()
    except BadRequestError as refusal:
        assert refusal.status_code == -2021
        return None


def finished(rest: Any, algo_id: int) -> Any:
    """Return the conditional order once it has come to its end."""
    found = rest.query_algo_order(algo_id=algo_id).data()
    return found if found.algo_status == "FINISHED" else None


def test_settings(rest: Any, ledger: Ledger) -> None:
    assert rest.change_initial_leverage(**OF_SYMBOL, leverage=10).data().leverage == 10
    assert rest.change_margin_type(**OF_SYMBOL, margin_type="ISOLATED").data().code == 200
    rest.new_order(**BUY, **MARKET)
    assert rest.modify_isolated_position_margin(**OF_SYMBOL, amount=20.0, type="1").data().code == 200
    assert rest.modify_isolated_position_margin(**OF_SYMBOL, amount=10.0, type="2").data().code == 200
    changes = rest.get_position_margin_change_history(**OF_SYMBOL).data()
    assert {(row.type, Decimal(row.amount)) for row in changes} >= {(1, Decimal(20)), (2, Decimal(10))}
    ledger.check()
    rest.new_order(**SELL, type="MARKET", quantity=QUANTITY, reduce_only="true")
    rest.change_margin_type(**OF_SYMBOL, margin_type="CROSSED")
    for mode in ("true", "false"):
        assert rest.change_multi_assets_mode(multi_assets_margin=mode).data().code == 200
        assert rest.toggle_bnb_burn_on_futures_trade(fee_burn=mode).data().code == 200
    rest.change_position_mode(dual_side_position="true")
    rest.new_order(**BUY, **MARKET, position_side="LONG")
    rest.new_order(**SELL, **MARKET, position_side="SHORT")
    assert ledger.positions() == {(SYMBOL, "LONG"): Decimal("0.01"), (SYMBOL, "SHORT"): Decimal("-0.01")}
    assert rest.position_adl_quantile_estimation(**OF_SYMBOL).data()
    rest.new_order(**SELL, **MARKET, position_side="LONG")
    rest.new_order(**BUY, **MARKET, position_side="SHORT")
    rest.change_position_mode(dual_side_position="false")
