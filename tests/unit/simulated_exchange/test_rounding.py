from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trader_gui.simulated_exchange.rounding import eight_places, rounded

prices = st.integers(1, 10**33).map(lambda units: Decimal(units).scaleb(-18))


@given(prices, prices)
def test_any_ratio_of_prices_rounds(price: Decimal, other: Decimal) -> None:
    ratio = price / other
    assert abs(eight_places(ratio) - ratio) <= Decimal("5e-9") + abs(ratio) * Decimal("1e-27")
    assert rounded(ratio, Decimal("0.1")).as_tuple().exponent == -1


def test_halves_go_to_the_even_digit() -> None:
    assert eight_places(Decimal("0.000000005")) == 0
    assert rounded(Decimal("1.5"), Decimal(1)) == 2
