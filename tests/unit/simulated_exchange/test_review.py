from decimal import Decimal as D

import pytest

from trader_gui.simulated_exchange.core import VenueCore
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.symbols import SPECS

LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.010",
    "price": "59000.0",
}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"symbol": "NOUSDT"}, -1121),
        ({"symbol": ""}, -1102),
        ({"symbol": "ETHUSDT"}, -1122),  # no tick yet
        ({"price": "59000.05"}, -4014),
        ({"price": "63000.1"}, -4016),
        ({"side": "SELL", "price": "56999.9"}, -4024),
        ({"quantity": "0"}, -4003),
        ({"quantity": "0.0005"}, -1111),
        ({"quantity": "1001"}, -4005),
        ({"price": "40000", "quantity": "0.001"}, -4164),
        ({"reduceOnly": "true"}, -2022),
        ({"quantity": "4"}, -2019),
        ({"quantity": "1000"}, -2019),
        ({"price": "60000.1", "timeInForce": "GTX"}, -5022),
        ({"price": "60000.1", "timeInForce": "FOK", "quantity": "10.1"}, -2019),
        ({"positionSide": "LONG"}, -4061),
        ({"type": "STOP_MARKET", "stopPrice": "58000"}, -4120),
        ({"newClientOrderId": "taken"}, -4116),
    ],
)
def test_a_refused_order_changes_nothing(bench, change: dict[str, str], code: int) -> None:
    bench.order("BUY", "0.05")
    bench.order("BUY", "0.01", "59500", newClientOrderId="taken")
    bench.algo("SELL", "STOP_MARKET", "58000", closePosition="true")
    before = bench.picture()
    with pytest.raises(VenueRefusal) as refusal:
        bench.core.place_order(LIMIT | change, bench.now_ms + 1)
    assert refusal.value.code == code
    assert bench.picture() == before


def test_margin_is_sufficient_to_the_last_digit(make_bench) -> None:
    for wallet, fits in (("300", True), ("299.99", False)):
        bench = make_bench(wallet_balance=D(wallet))
        if fits:
            bench.order("BUY", "0.1", "60000")
            assert bench.core.account().asset.available_balance == 0
        else:
            with pytest.raises(VenueRefusal, match="-2019"):
                bench.order("BUY", "0.1", "60000")


def test_the_loss_of_opening_through_the_mark_is_reserved(make_bench) -> None:
    # The worked example: 0.1 at 62000 with mark 61000 costs 310 + 100.
    for wallet, fits in (("410", True), ("409.99", False)):
        bench = make_bench(wallet_balance=D(wallet))
        bench.tick(bid="61000.0", ask="62000.0")
        if fits:
            assert bench.order("BUY", "0.1", "62000").status == "FILLED"
        else:
            with pytest.raises(VenueRefusal, match="-2019"):
                bench.order("BUY", "0.1", "62000")


def test_closing_needs_no_margin_even_when_nothing_is_available(make_bench) -> None:
    bench = make_bench(wallet_balance=D(390))
    bench.order("BUY", "0.1")
    bench.tick(bid="59000.0", ask="59000.1")
    assert bench.core.account().asset.available_balance == 0
    with pytest.raises(VenueRefusal, match="-2019"):
        bench.order("BUY", "0.001")
    assert bench.order("SELL", "0.1").status == "FILLED"
    assert bench.amount() == 0


def test_buys_and_sells_that_wait_share_their_margin(make_bench) -> None:
    bench = make_bench(wallet_balance=D(310))
    bench.order("BUY", "0.1", "59000")
    bench.order("SELL", "0.1", "61000")  # the larger side counts: 6100 / 20
    assert bench.core.account().asset.open_order_initial_margin == 305


def test_position_limit_of_the_leverage(make_bench) -> None:
    bench = make_bench(wallet_balance=D(1_000_000))
    bench.core.set_leverage("BTCUSDT", 125, 1)
    bench.order("BUY", "4.9", "60000")
    with pytest.raises(VenueRefusal, match="-2027"):
        bench.order("BUY", "0.2", "60000")


def test_test_order_judges_and_places_nothing(bench) -> None:
    before = bench.picture()
    bench.core.test_order(LIMIT, bench.now_ms)
    with pytest.raises(VenueRefusal, match="-4014"):
        bench.core.test_order(LIMIT | {"price": "59000.05"}, bench.now_ms)
    assert bench.picture() == before


def test_nothing_trades_before_the_first_tick() -> None:
    core = VenueCore(SPECS)
    with pytest.raises(VenueRefusal, match="-1122"):
        core.place_order(LIMIT, 1)
    assert core.book("BTCUSDT", 5) == ([], [])
    assert core.best("BTCUSDT") == (None, None)
