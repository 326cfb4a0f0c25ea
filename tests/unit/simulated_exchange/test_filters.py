from collections.abc import Callable
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.simulated_exchange import filters
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.symbols import SPECS

BTC = SPECS["BTCUSDT"]


def code_of(check: Callable[[], None]) -> int:
    try:
        check()
    except VenueRefusal as refusal:
        return refusal.code
    return 0


@pytest.mark.parametrize(
    ("price", "code"),
    [
        ("0", -4001),
        ("-1", -4001),
        ("556.7", -4013),
        ("556.8", 0),
        ("4529764", 0),
        ("4529764.1", -4002),
        ("60000.1", 0),
        ("60000.10000", 0),
        ("60000.05", -4014),
        ("60000.001", -1111),
    ],
)
def test_price(price: str, code: int) -> None:
    assert code_of(lambda: filters.check_price(BTC, D(price))) == code


def test_trigger_price_has_codes_of_its_own() -> None:
    assert code_of(lambda: filters.check_trigger_price(BTC, D(0))) == -4006
    assert code_of(lambda: filters.check_trigger_price(BTC, D("9999999"))) == -4007
    assert code_of(lambda: filters.check_trigger_price(BTC, D("60000.05"))) == -4014
    assert code_of(lambda: filters.check_trigger_price(BTC, D("60000.1"))) == 0


@pytest.mark.parametrize(
    ("price", "code"), [("6000", 0), ("5999.9", -4211), ("600000", 0), ("600000.1", -4210), ("50000", 0)]
)
def test_a_trigger_stays_in_proportion_to_the_mark_price(price: str, code: int) -> None:
    assert code_of(lambda: filters.check_trigger_band(D(price), D(60000))) == code


@pytest.mark.parametrize(
    ("price", "code"), [("0", -4135), ("-1", -4135), ("556.7", -4135), ("9999999", -4135), ("60000.05", -4014)]
)
def test_activation_price(price: str, code: int) -> None:
    assert code_of(lambda: filters.check_activation(BTC, D(price))) == code


@pytest.mark.parametrize(
    ("rate", "code"), [("0.1", 0), ("0.09", -1130), ("20", 0), ("20.1", -1130), ("1.25", -1130), ("1.50", 0)]
)
def test_callback_rate(rate: str, code: int) -> None:
    assert code_of(lambda: filters.check_callback_rate(D(rate))) == code


@pytest.mark.parametrize(
    ("quantity", "is_market", "code"),
    [
        ("0", False, -4003),
        ("-0.001", False, -4003),
        ("0.0005", False, -1111),
        ("0.001", False, 0),
        ("1000", False, 0),
        ("1000.001", False, -4005),
        ("120", True, 0),
        ("120.001", True, -4005),
    ],
)
def test_quantity(quantity: str, is_market: bool, code: int) -> None:
    assert code_of(lambda: filters.check_quantity(BTC, D(quantity), is_market=is_market)) == code


def test_quantity_below_the_smallest_and_off_the_step() -> None:
    import msgspec

    coarse = msgspec.structs.replace(BTC, min_qty=D("0.010"), step_size=D("0.002"))
    assert code_of(lambda: filters.check_quantity(coarse, D("0.008"), is_market=False)) == -4004
    assert code_of(lambda: filters.check_quantity(coarse, D("0.011"), is_market=False)) == -4023
    assert code_of(lambda: filters.check_quantity(coarse, D("0.012"), is_market=False)) == 0


def test_bands_and_notional() -> None:
    mark = D(60000)
    for price, is_buy, code in (("63000", True, 0), ("63000.1", True, -4016), ("57000", False, 0)):
        assert code_of(lambda: filters.check_percent_price(BTC, D(price), mark, is_buy=is_buy)) == code  # noqa: B023
    assert code_of(lambda: filters.check_percent_price(BTC, D("56999.9"), mark, is_buy=False)) == -4024
    assert code_of(lambda: filters.check_percent_price(BTC, D("1000"), mark, is_buy=True)) == 0  # far away is allowed
    assert code_of(lambda: filters.check_triggered_limit(BTC, D("63000.1"), mark, is_buy=True)) == -4183
    assert code_of(lambda: filters.check_triggered_limit(BTC, D("56999.9"), mark, is_buy=False)) == -4184
    assert code_of(lambda: filters.check_notional(BTC, D("49.99"))) == -4164
    assert code_of(lambda: filters.check_notional(BTC, D("50"))) == 0


@given(st.sampled_from(sorted(SPECS)), st.integers(0, 5000), st.integers(0, 5000))
def test_whole_ticks_and_steps_always_pass(symbol: str, ticks: int, steps: int) -> None:
    spec = SPECS[symbol]
    price, quantity = spec.min_price + ticks * spec.tick_size, spec.min_qty + steps * spec.step_size
    assert code_of(lambda: filters.check_price(spec, min(price, spec.max_price))) == 0
    assert code_of(lambda: filters.check_quantity(spec, quantity, is_market=True)) in (0, -4005)
    assert code_of(lambda: filters.check_price(spec, spec.min_price + ticks * spec.tick_size + spec.tick_size / 2)) in (
        -1111,
        -4014,
    )


def test_the_band_is_told_on_a_tick() -> None:
    with pytest.raises(VenueRefusal, match=r"can't be higher than 63000\.10$"):
        filters.check_triggered_limit(BTC, D("63001"), D("60000.15"), is_buy=True)
    with pytest.raises(VenueRefusal, match=r"can't be lower than 57000\.20\.$"):
        filters.check_percent_price(BTC, D("57000"), D("60000.15"), is_buy=False)
