from decimal import Decimal as D

from trader_gui.simulated_exchange.algo_parameters import read_algo
from trader_gui.simulated_exchange.order_rows import new_algo, new_order
from trader_gui.simulated_exchange.parameters import read_order

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
    algo = new_algo(read_algo(TRAIL | {"clientAlgoId": "t-1"}, 5), 78, 9)
    assert (algo.algo_id, algo.client_algo_id, algo.algo_status, algo.create_time_ms) == (78, "t-1", "NEW", 9)
    assert (algo.callback_rate, algo.activate_price, algo.working_type) == (1, None, "MARK_PRICE")
