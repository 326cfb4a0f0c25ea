from decimal import Decimal as D

import pytest

from trader_gui.simulated_exchange.algo_parameters import read_algo
from trader_gui.simulated_exchange.order_rows import in_decimals, new_algo, new_order
from trader_gui.simulated_exchange.parameters import read_order
from trader_gui.simulated_exchange.symbols import SPECS

BTC = SPECS["BTCUSDT"]

ORDER = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTX",
    "quantity": "0.010",
    "price": "59000",
}
TRAIL = {
    "symbol": "BTCUSDT",
    "algoType": "CONDITIONAL",
    "side": "SELL",
    "type": "TRAILING_STOP_MARKET",
    "quantity": "0.010",
    "callbackRate": "1.0",
    "workingType": "MARK_PRICE",
}


def test_every_wish_is_in_the_row() -> None:
    row = new_order(read_order(ORDER | {"selfTradePreventionMode": "EXPIRE_BOTH"}, 5), 77, 9)
    assert (row.order_id, row.client_order_id, row.status, row.time_ms) == (77, "web-77", "NEW", 9)
    assert (row.price, row.orig_qty, row.time_in_force, row.stp_mode) == (59000, D("0.010"), "GTX", "EXPIRE_BOTH")
    assert (row.orig_type, row.price_match, row.callback_rate) == ("LIMIT", "NONE", None)
    algo = new_algo(read_algo(TRAIL | {"clientAlgoId": "t-1"}, 5), BTC, 78, 9)
    assert (algo.algo_id, algo.client_algo_id, algo.algo_status, algo.create_time_ms) == (78, "t-1", "NEW", 9)
    assert (algo.callback_rate, algo.activate_price, algo.working_type) == (1, None, "MARK_PRICE")


@pytest.mark.parametrize(
    ("quantity", "price", "written"),
    [
        ("0.01", "59000", ("0.010", "59000.0")),
        ("0.0100000", "59000.10", ("0.010", "59000.1")),
        ("2", "59000.1", ("2.000", "59000.1")),
        ("0.0105", "59000.15", ("0.0105", "59000.15")),  # finer than the symbol allows: no digit is lost
    ],
)
def test_amounts_are_written_in_the_decimals_of_the_symbol(quantity: str, price: str, written: tuple[str, str]) -> None:
    row = new_order(in_decimals(read_order(ORDER | {"quantity": quantity, "price": price}, 5), BTC), 77, 9)
    assert (str(row.orig_qty), str(row.price)) == written
    stop = {key: value for key, value in TRAIL.items() if key != "callbackRate"} | {"type": "STOP", "price": price}
    algo = new_algo(read_algo(stop | {"quantity": quantity, "triggerPrice": price}, 5), BTC, 78, 9)
    assert (str(algo.quantity), str(algo.price), str(algo.trigger_price)) == (*written, written[1])


def test_what_an_order_lacks_stays_a_bare_zero() -> None:
    market = {key: value for key, value in ORDER.items() if key not in ("price", "timeInForce")} | {"type": "MARKET"}
    row = new_order(in_decimals(read_order(market, 5), BTC), 77, 9)
    assert (str(row.price), str(row.executed_qty)) == ("0", "0")
