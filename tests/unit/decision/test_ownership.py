"""Which executions made a position."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.core_records import make_fill
from trader_gui.decision.ownership import fills_since_flat
from trader_gui.domain.order import Fill, Side

AMOUNTS = st.lists(st.integers(-3, 3).filter(bool), max_size=30)


def fills_of(amounts: list[int]) -> list[Fill]:
    return [
        make_fill(number, side=Side.BUY if amount > 0 else Side.SELL, quantity=Decimal(abs(amount)))
        for number, amount in enumerate(amounts, 1)
    ]


@given(AMOUNTS)
def test_they_reach_from_the_last_moment_of_being_flat_to_now(amounts: list[int]) -> None:
    fills = fills_of(amounts)
    positions = [sum(amounts[:count]) for count in range(len(amounts) + 1)]
    flat = max(count for count, position in enumerate(positions) if position == 0)
    has_turned = any(a * b < 0 for a, b in zip(positions[flat:], positions[flat + 1 :], strict=False))
    made = fills_since_flat(Decimal(positions[-1]), fills)
    assert made == (None if has_turned else tuple(fills[flat:]))


@given(AMOUNTS.filter(lambda amounts: sum(amounts) != 0), st.integers(1, 30))
def test_a_list_that_does_not_reach_back_explains_nothing(amounts: list[int], missing: int) -> None:
    made = fills_since_flat(Decimal(sum(amounts)), fills_of(amounts))
    if made is not None and len(made) >= missing:
        shorter = made[missing:]
        assert fills_since_flat(Decimal(sum(amounts)), shorter) is None


def test_no_position_was_made_by_none() -> None:
    assert fills_since_flat(Decimal(0), fills_of([1, -1])) == ()
    assert fills_since_flat(Decimal(0), []) == ()
    assert fills_since_flat(Decimal(1), []) is None
