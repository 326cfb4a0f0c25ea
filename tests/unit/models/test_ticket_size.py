"""Sizes in every unit: what they come to, and that they stay the same through a change of unit."""

from decimal import ROUND_DOWN, Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.ticket_scene import FACTS, LONG, RULES, held
from trader_gui.domain.order import PositionSide, Side
from trader_gui.domain.symbol import snap
from trader_gui.domain.ticket import ExitText, OrderKind, SizeUnit
from trader_gui.models.ticket_math import make_preview
from trader_gui.models.ticket_records import TicketDraft, TicketFacts
from trader_gui.models.ticket_size import UnitRate, in_unit, order_quantity, size_rate

D = Decimal
DRAFT = TicketDraft(price_text="100,000", stop=ExitText("500"))
CALM = replace(FACTS, best_bid=D(99999), best_ask=D(100001), last_price=D(100000), mark_price=D(100000))


def quantity(unit: SizeUnit, text: str, side: Side = Side.BUY, facts: TicketFacts = CALM, **more: object) -> Decimal:
    found = order_quantity(replace(DRAFT, size_unit=unit, size_text=text, **more), facts, side)
    assert found is not None
    return found


def test_what_each_unit_comes_to() -> None:
    assert quantity(SizeUnit.BASE, "0.0205") == D("0.0205"), "a base size stays as typed"
    assert quantity(SizeUnit.QUOTE, "2,500") == D("0.025")
    whole = D("9875.83") / (D(100000) / 10 + D(100000) * D("0.0005"))
    assert quantity(SizeUnit.PERCENT, "100") == snap(whole, D("0.001"), ROUND_DOWN)
    assert quantity(SizeUnit.PERCENT, "25") == snap(whole / 4, D("0.001"), ROUND_DOWN)
    loss = 500 + (D(100000) + D(99500)) * D("0.0005")
    assert quantity(SizeUnit.RISK, "50") == snap(50 / loss, D("0.001"), ROUND_DOWN)
    assert quantity(SizeUnit.RISK_PERCENT, "1") == snap(D("99.8502") / loss, D("0.001"), ROUND_DOWN)


def test_a_percentage_of_the_position_when_only_reducing() -> None:
    facts = replace(CALM, position=held("0.030"))
    assert quantity(SizeUnit.PERCENT, "50", Side.SELL, facts, reduce_only=True) == D("0.015")
    assert quantity(SizeUnit.PERCENT, "100", Side.SELL, facts, reduce_only=True) == D("0.030")
    legs = (held("0.030", leg=PositionSide.LONG), held("-0.008", leg=PositionSide.SHORT))
    hedged = replace(CALM, is_hedge=True, legs=legs)
    assert quantity(SizeUnit.PERCENT, "50", Side.BUY, hedged, reduce_only=True) == D("0.004")


@pytest.mark.parametrize("unit", [SizeUnit.RISK, SizeUnit.RISK_PERCENT])
@pytest.mark.parametrize(
    ("changes", "facts"),
    [
        ({"stop": ExitText()}, {}),
        ({"stop": ExitText("100,500", "price")}, {}),
        ({}, {"taker_fraction": None}),
        ({"price_text": ""}, {}),
    ],
)
def test_without_a_stop_a_price_or_the_fees_a_risk_is_no_size(
    unit: SizeUnit, changes: dict[str, object], facts: dict[str, object]
) -> None:
    draft = replace(DRAFT, size_unit=unit, size_text="50", **changes)
    assert order_quantity(draft, replace(CALM, **facts), Side.BUY) is None


def test_an_unknown_account_leaves_money_sizes_untold() -> None:
    blind = replace(CALM, available_balance=None, equity=None)
    for unit in (SizeUnit.PERCENT, SizeUnit.RISK_PERCENT):
        assert order_quantity(replace(DRAFT, size_unit=unit, size_text="50"), blind, Side.BUY) is None


def test_nothing_of_the_position_is_no_unit() -> None:
    draft = replace(DRAFT, size_unit=SizeUnit.PERCENT, reduce_only=True)
    assert in_unit(draft, replace(CALM, position=LONG), Side.SELL, D("0.005")) == 50
    assert in_unit(draft, CALM, Side.SELL, D("0.005")) is None


@given(
    steps=st.integers(1, 1_000_000),
    step_size=st.sampled_from([D("0.001"), D("0.01"), D(1), D(10)]),
    base=st.decimals("0.0001", "1000000", places=4),
    units=st.decimals("0.0001", "200000", places=4),
)
def test_a_size_stays_the_same_through_every_unit(
    steps: int, step_size: Decimal, base: Decimal, units: Decimal
) -> None:
    assume(step_size * units / base > D("0.0001"))
    rate = UnitRate(base, units)
    told = rate.value(steps * step_size, step_size)
    assume(told is not None)
    assert told is not None
    assert snap(rate.quantity(told), step_size, ROUND_DOWN) == steps * step_size


@given(
    risk=st.decimals("1", "5000", places=2),
    distance=st.integers(1, 20_000).map(lambda n: D(n) / 10),
    side=st.sampled_from(Side),
    kind=st.sampled_from([OrderKind.LIMIT, OrderKind.MARKET]),
    post_only=st.booleans(),
)
def test_a_size_by_risk_never_loses_more_than_that_and_hardly_less(
    risk: Decimal, distance: Decimal, side: Side, kind: OrderKind, post_only: bool
) -> None:
    draft = replace(
        DRAFT, kind=kind, size_unit=SizeUnit.RISK, size_text=str(risk), stop=ExitText(str(distance)),
        post_only=post_only,
    )  # fmt: skip
    size, rate = order_quantity(draft, CALM, side), size_rate(draft, CALM, side)
    assert size is not None and rate is not None
    assume(size)
    price = D(100000) if kind is OrderKind.LIMIT else D(100001) if side is Side.BUY else D(99999)
    preview = make_preview(draft, CALM, side, size, price)
    assert preview.loss_at_stop is not None
    assert -preview.loss_at_stop <= risk
    assert -preview.loss_at_stop > risk - (rate.units / rate.base) * RULES.step_size - D("1e-9")
