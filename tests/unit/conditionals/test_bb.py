import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.conditionals.bb import BBConditional
from trader_gui.conditionals.indicators import bollinger

PRICES = st.lists(st.floats(0.01, 1e6), max_size=45)


def named(conditional, price):
    return {c.name: c for c in conditional.evaluate(price)}


def test_names_and_their_order_never_change():
    conditional = BBConditional(20, 1, 2)
    expected = [
        f"{subject} {relation} {band}"
        for subject in ("close[5]", "close[4]", "close[3]", "close[2]", "close[1]", "price")
        for relation, band in (
            (">", "upper_outer"),
            (">", "upper_inner"),
            ("<", "lower_inner"),
            ("<", "lower_outer"),
        )
    ]
    assert [c.name for c in conditional.evaluate(1.0)] == expected
    conditional.reset(np.arange(1.0, 60.0))
    assert [c.name for c in conditional.evaluate(1.0)] == expected


@given(PRICES, st.floats(0.01, 1e6), st.integers(0, 45))
def test_each_close_is_compared_with_its_own_bands_and_the_price_with_the_last(closes, price, reset_at):
    """The live form equals the array form bit for bit, however it was fed, and says what is missing."""
    window = 6
    conditional = BBConditional(window, 1, 2)
    conditional.reset(np.array(closes[:reset_at], dtype=np.float64))
    for close in closes[reset_at:]:
        conditional.evaluate(price)
        conditional.extend(close)
    middle, deviation = bollinger(np.array(closes, dtype=np.float64), window)
    found = named(conditional, price)
    bands = {"upper_outer": 2, "upper_inner": 1, "lower_inner": -1, "lower_outer": -2}
    for subject, back in [(f"close[{b}]", b) for b in range(1, 6)] + [("price", 1)]:
        index = len(closes) - back
        for band, width in bands.items():
            condition = found[f"{subject} {'>' if width > 0 else '<'} {band}"]
            needs = window + back - 1 - len(closes)
            assert condition.ready == (needs <= 0)
            if needs > 0:
                assert (condition.value, condition.needs) == (False, needs)
                continue
            reading = price if subject == "price" else closes[index]
            limit = float(middle[index] + width * deviation[index])
            assert (condition.reading, condition.limit) == (reading, limit)
            assert condition.value == (reading > limit if width > 0 else reading < limit)


def test_limits_are_those_of_the_last_closed_kline():
    conditional = BBConditional(3, 1, 2)
    assert conditional.limits is None
    conditional.reset(np.array([1.0, 2.0, 3.0]))
    assert conditional.limits == (4.0, 3.0, 1.0, 0.0)


def test_a_message_of_the_open_kline_computes_nothing_of_the_closed_ones_anew():
    conditional = BBConditional(20, 1, 2)
    conditional.reset(np.linspace(1, 2, 60))
    first, second = conditional.evaluate(1.5), conditional.evaluate(9.0)
    assert all(a is b for a, b in zip(first[:20], second[:20], strict=True))
    conditional.reset(np.empty(0))
    assert not any(c.ready for c in conditional.evaluate(1.5))
