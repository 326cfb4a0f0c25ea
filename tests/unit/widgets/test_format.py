"""Numbers to text: the forms of the design, unknowns, signs and rounding."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.widgets import format as text


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (text.price(Decimal("108451.2"), 1), "108,451.2"),
        (text.price(Decimal("23847"), 2), "23,847.00"),
        (text.quantity(Decimal("0.01"), 3), "0.010"),
        (text.money(Decimal("0.82")), "+0.82"),
        (text.money(Decimal("-15.8")), "−15.80"),
        (text.money(Decimal("0.004")), "0.00"),
        (text.money(Decimal("-0.004")), "0.00"),
        (text.money(Decimal("9985.015"), sign=False), "9,985.02"),
        (text.percent(0.0016), "+0.16 %"),
        (text.percent(Decimal("-0.097"), 1), "−9.7 %"),
        (text.percent(Decimal("0.0001"), 4, sign=False), "0.0100 %"),
        (text.basis_points(0.00062), "6.2 bps"),
        (text.r_multiple(Decimal("0.6879")), "+0.69 R"),
        (text.age(0.21), "0.2 s"),
        (text.age(31.4), "31 s"),
        (text.age(59.99), "59 s"),
        (text.age(300), "5 min"),
        (text.age(7200), "2 h"),
        (text.age(-0.3), "0.0 s"),
        (text.latency(41.6), "42 ms"),
        (text.duration(17), "0:17"),
        (text.duration(2472), "41:12"),
        (text.duration(14537), "4:02:17"),
        (text.duration(-4), "0:00"),
        (text.clock(1_751_831_863_000), "19:57:43"),
        (text.clock(1_751_831_863_000, "KST"), "04:57:43"),
        (text.clock(1_751_831_863_000, "Asia/Seoul"), "04:57:43"),
        (text.date_time(1_751_831_863_999), "2025-07-06 19:57:43"),
        (text.compact(513.2), "513"),
        (text.compact(16.94), "16.9"),
        (text.compact(12_430.0), "12.4k"),
        (text.compact(3_104_000.0), "3.10M"),
    ],
)
def test_form(made: str, expected: str) -> None:
    assert made == expected


@pytest.mark.parametrize("unknown", [None, float("nan"), float("inf"), Decimal("NaN")])
def test_unknown_is_a_dash_and_never_a_zero(unknown: float | Decimal | None) -> None:
    for made in (
        text.price(unknown, 1),
        text.quantity(unknown, 3),
        text.money(unknown),
        text.percent(unknown),
        text.basis_points(unknown),
        text.r_multiple(unknown),
        text.compact(unknown),
    ):
        assert made == text.DASH
    assert text.age(None) == text.duration(None) == text.clock(None) == text.latency(None) == text.DASH


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=8), st.integers(0, 8))
def test_a_number_reads_back_as_itself_rounded(value: Decimal, decimals: int) -> None:
    made = text.number(value, decimals, sign=True)
    read = Decimal(made.replace(",", "").replace(text.MINUS, "-"))
    assert abs(read - value) <= Decimal(1).scaleb(-decimals) / 2
    assert len(made.partition(".")[2]) == decimals
    assert made.startswith("+") == (read > 0)
