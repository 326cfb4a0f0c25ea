from decimal import InvalidOperation

import pytest

from trader_gui.simulated_exchange import control


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "ten", ""])
def test_an_amount_is_a_finite_number(text: str) -> None:
    with pytest.raises(InvalidOperation):
        control._decimal(text)


def test_the_venue_has_none_of_these_paths() -> None:
    assert not any(path.startswith(("/fapi", "/futures", "/ws", "/stream")) for path in control.PATHS)
