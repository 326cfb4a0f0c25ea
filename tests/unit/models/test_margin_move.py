"""How much margin can be moved, and what it does: by the venue's formulas, computed by hand."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.ticket_scene import FACTS, held
from trader_gui.domain.account import MarginType
from trader_gui.exchange.port import LeverageBracket
from trader_gui.models.margin_move import MarginMove, assess_margin
from trader_gui.models.ticket_records import TicketFacts

D = Decimal
POSITION = held("0.500", "60000.0", margin_type=MarginType.ISOLATED, isolated_wallet=D(2000), leverage=20)
ISOLATED = replace(
    FACTS,
    position=POSITION,
    mark_price=D("60500.0"),
    available_balance=D("812.349"),
    brackets=(LeverageBracket(D(0), D(50_000), D("0.004"), D(0), 125),),
)


def judge(text: str, facts: TicketFacts = ISOLATED, *, adds: bool = True) -> MarginMove:
    return assess_margin(text, facts, adds=adds)


def codes(move: MarginMove) -> dict[str, tuple[Decimal, ...]]:
    return {p.code: p.nearest for p in move.problems}


def test_more_margin_moves_the_liquidation_price_away() -> None:
    move = judge("500")
    assert (move.amount, move.margin_now, move.margin_after) == (D(500), D(2000), D(2500))
    assert move.most == D("812.34")
    assert move.liquidation_now is not None and move.liquidation_after is not None
    assert round(move.liquidation_now, 3) == D("56224.900")  # (2 000 - 30 000) / -0.498
    assert round(move.liquidation_after, 3) == D("55220.884")  # (2 500 - 30 000) / -0.498
    assert codes(judge("812.35")) == {"margin_above_available": (D("812.34"),)}


def test_what_the_position_needs_stays() -> None:
    """Initial margin at the mark price: 0.5 x 60 500 / 20 = 1 512.50; margin with the result: 2 250."""
    assert judge("", adds=False).most == D("737.50")
    move = judge("700", adds=False)
    assert (move.amount, move.margin_after) == (D(700), D(1300))
    assert codes(judge("737.51", adds=False)) == {"margin_above_removable": (D("737.50"),)}
    deep = replace(ISOLATED, mark_price=D("59000.0"))
    assert judge("1", deep, adds=False).most == D("25.00")  # 2 000 - 500 - 1 475
    lost = replace(ISOLATED, mark_price=D("58000.0"))
    assert judge("1", lost, adds=False).most == D(0)
    rich = replace(ISOLATED, mark_price=D("70000.0"))
    assert judge("1", rich, adds=False).most == D(2000)  # the wallet alone can be taken, not the result


@pytest.mark.parametrize(
    ("text", "code", "nearest"),
    [
        ("much", "not_a_number", ()),
        ("0", "not_positive", ()),
        ("0.123456789", "margin_too_precise", ("0.12345678",)),
    ],
)
def test_a_wrong_amount_is_explained(text: str, code: str, nearest: tuple[str, ...]) -> None:
    move = judge(text)
    assert codes(move) == {code: tuple(map(D, nearest))} and move.amount is None and move.margin_after is None


def test_nothing_typed_is_no_reproach_and_what_is_unknown_bars_nothing() -> None:
    assert [p.is_silent for p in judge("").problems] == [True]
    unknown = replace(ISOLATED, mark_price=None, available_balance=None, brackets=())
    for adds in (True, False):
        move = judge("5000", unknown, adds=adds)
        assert (move.amount, move.most, move.liquidation_after) == (D(5000), None, None)
    with pytest.raises(ValueError, match="no position"):
        judge("1", FACTS)
