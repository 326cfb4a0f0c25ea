"""Text to numbers: what is taken, what is refused; and steps."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.models.ticket_input import number_text, parse_number, stepped

D = Decimal


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("108451.1", "108451.1"),
        (" 1,234.5 ", "1234.5"),
        ("12,345,678", "12345678"),
        ("1 234.5", "1234.5"),
        ("1\u00a0234\u00a0567", "1234567"),
        (".5", "0.5"),
        ("5.", "5"),
        ("0.020", "0.020"),
    ],
)
def test_readable(text: str, value: str) -> None:
    assert parse_number(text) == D(value)


@pytest.mark.parametrize(
    "text",
    ["", "1,23", "1.234,5", "1,234.5,6", "0,020", "1,2345", "12,34,567", "1,234 567", "-1", "+1", "1e5", "0x10", "nan",
     "Infinity", "1..2", "٣", "1,234.5 USDT", "1_000", ".", ","],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    assert parse_number(text) is None


@given(st.decimals("0", "1e12", places=4))
def test_what_a_field_shows_can_be_read_again(value: Decimal) -> None:
    assert parse_number(number_text(value, 1)) == value


@pytest.mark.parametrize(
    ("value", "steps", "result"),
    [("108451.1", 1, "108451.2"), ("108451.14", 1, "108451.2"), ("108451.14", -1, "108451.1"), ("0.1", -1, "0.1"),
     ("100", 10, "101.0"), (None, 1, "0.1")],
)  # fmt: skip
def test_steps_land_on_the_tick(value: str | None, steps: int, result: str) -> None:
    assert str(stepped(None if value is None else D(value), D("0.10"), steps)) == result
