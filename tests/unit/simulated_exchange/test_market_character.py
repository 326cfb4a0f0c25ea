from decimal import Decimal as D

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.simulated_exchange.market_character import CHARACTERS, START_PRICES, character_of
from trader_gui.simulated_exchange.symbols import SPECS


def test_every_symbol_of_the_table_has_a_start_price_of_its_own() -> None:
    assert set(CHARACTERS) | set(START_PRICES) == set(SPECS)
    for symbol, spec in SPECS.items():
        price = character_of(spec, 1).start_price
        assert price == (CHARACTERS[symbol].start_price if symbol in CHARACTERS else START_PRICES[symbol])
        assert price >= 1000 * spec.tick_size


@given(st.integers(0, 100), st.integers(1, 2000), st.integers(3, 10**7), st.integers(-6, 1))
def test_a_derived_price_lies_inside_the_filters(seed: int, lowest: int, span: int, exponent: int) -> None:
    tick = D(1).scaleb(exponent)
    spec = msgspec.structs.replace(
        SPECS["LTCUSDT"], symbol="OTHERUSDT", tick_size=tick, min_price=lowest * tick, max_price=lowest * span * tick
    )
    found = character_of(spec, seed)
    assert found == character_of(spec, seed)
    assert float(spec.min_price) <= found.start_price <= float(spec.max_price)
    assert found.median_trade > 0


def test_another_seed_another_price() -> None:
    spec = msgspec.structs.replace(SPECS["LTCUSDT"], symbol="OTHERUSDT")
    prices = {character_of(spec, seed).start_price for seed in range(5)}
    assert len(prices) == 5
    assert all(50 < price < 1500 for price in prices)
