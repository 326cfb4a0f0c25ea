"""Figures of the venue's worked example, and properties that hold for every order."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from trader_gui.domain.account import MarginType, Position
from trader_gui.domain.order import PositionSide, Side
from trader_gui.domain.symbol import SymbolRules
from trader_gui.domain.ticket import ExitText, ExitUnit, OrderKind
from trader_gui.exchange.port import LeverageBracket
from trader_gui.models import ticket_math
from trader_gui.models.ticket_records import Resting, TicketDraft, TicketFacts

D = Decimal

BRACKETS = tuple(
    LeverageBracket(D(floor), D(cap), D(rate), D(amount), leverage)
    for floor, cap, rate, amount, leverage in (
        ("0", "50000", "0.004", "0", 125),
        ("50000", "600000", "0.005", "50", 100),
        ("600000", "3000000", "0.0065", "950", 75),
        ("3000000", "12000000", "0.01", "11450", 50),
    )
)
RULES = SymbolRules(
    symbol="BTCUSDT", base_asset="BTC", quote_asset="USDT", margin_asset="USDT", status="TRADING",
    tick_size=D("0.10"), min_price=D("261.1"), max_price=D("809484"),
    step_size=D("0.001"), min_quantity=D("0.001"), max_quantity=D("1000"),
    market_step_size=D("0.001"), market_min_quantity=D("0.001"), market_max_quantity=D("120"),
    min_notional=D("50"), percent_up=D("1.05"), percent_down=D("0.95"), max_open_orders=200,
)  # fmt: skip


def make_facts(**changes: object) -> TicketFacts:
    known = {
        "rules": RULES, "best_bid": D("60999.9"), "best_ask": D("61000.0"), "last_price": D(61000),
        "mark_price": D(61000), "is_account_known": True, "available_balance": D(10000), "equity": D(10000),
        "cross_wallet_balance": D(10000), "other_cross_pnl": D(0), "leverage": 20,
        "margin_type": MarginType.CROSSED, "maker_fraction": D("0.0002"), "taker_fraction": D("0.0005"),
        "brackets": BRACKETS, "feed_is_live": True, "is_running": True,
    }  # fmt: skip
    return TicketFacts(**(known | changes))  # type: ignore[arg-type]


def held(amount: str, entry: str, **more: object) -> Position:
    return Position("BTCUSDT", D(amount), D(entry), D(0), **more)  # type: ignore[arg-type]


def test_the_order_that_opens_the_worked_example() -> None:
    draft = TicketDraft(kind=OrderKind.MARKET, size_text="0.5")
    preview = ticket_math.make_preview(draft, make_facts(mark_price=D(60000)), Side.BUY, D("0.5"), D(60000))
    assert preview.notional == 30000
    assert preview.cost == 1500
    assert preview.fee_taker == 15
    assert preview.fee_maker is None, "a market order never makes"
    assert (preview.position_after, preview.entry_after) == (D("0.5"), D(60000))
    assert preview.liquidation_price is not None
    assert round(preview.liquidation_price, 3) == D("40190.763")


def test_available_balance_of_the_worked_example() -> None:
    position = held("0.5", "60000", margin_type=MarginType.CROSSED)
    free = ticket_math.available_balance(D(9985), [position], {"BTCUSDT": D(61000)}, {"BTCUSDT": 20}, D(0))
    assert free == 8960
    unknown = ticket_math.available_balance(D(9985), [position], {}, {"BTCUSDT": 20}, D(0))
    assert unknown is None, "without a mark price nothing can be told"


def test_isolated_liquidation_price() -> None:
    price = ticket_math.liquidation_price([(D("0.5"), D(60000))], D(1500), BRACKETS)
    assert price is not None
    assert round(price, 3) == D("57228.916")


def test_liquidation_price_of_a_short_in_the_third_bracket() -> None:
    price = ticket_math.liquidation_price([(D(-20), D(60000))], D(100000), BRACKETS)
    assert price is not None
    assert round(price, 4) == D("64627.4218")


def test_a_small_long_against_a_large_wallet_cannot_be_liquidated() -> None:
    assert ticket_math.liquidation_price([(D("0.01"), D(60000))], D(10000), BRACKETS) == 0


@given(
    amount=st.decimals("0.001", "150", places=3),
    is_long=st.booleans(),
    entry=st.decimals("1000", "200000", places=1),
    leverage=st.integers(2, 50),
)
def test_at_the_liquidation_price_equity_is_the_maintenance_margin(
    amount: Decimal, is_long: bool, entry: Decimal, leverage: int
) -> None:
    signed = amount if is_long else -amount
    wallet = amount * entry / leverage
    price = ticket_math.liquidation_price([(signed, entry)], wallet, BRACKETS)
    assert price, "a position with less margin than notional always has one"
    bracket = ticket_math.bracket_of(amount * price, BRACKETS)
    maintenance = amount * price * bracket.maintenance_margin_fraction - bracket.maintenance_amount
    assert abs(wallet + signed * (price - entry) - maintenance) < D("1e-12") * amount * entry


@pytest.mark.parametrize(
    ("side", "price", "cost"), [(Side.BUY, 60000, 300), (Side.BUY, 62000, 410), (Side.SELL, 60000, 305)]
)
def test_order_cost_of_the_worked_example(side: Side, price: int, cost: int) -> None:
    assert ticket_math.order_cost(side, D("0.1"), D(price), D(61000), 20) == cost


@pytest.mark.parametrize(
    ("amount", "entry", "side", "quantity", "after", "entry_after"),
    [
        ("0", "0", Side.SELL, "0.02", "-0.02", "61000"),
        ("0.01", "60000", Side.BUY, "0.03", "0.04", "60750"),
        ("0.5", "60000", Side.SELL, "0.25", "0.25", "60000"),
        ("0.5", "60000", Side.SELL, "0.5", "0", None),
        ("-0.01", "60000", Side.BUY, "0.03", "0.02", "61000"),
    ],
)
def test_position_after(
    amount: str, entry: str, side: Side, quantity: str, after: str, entry_after: str | None
) -> None:
    result = ticket_math.position_after(D(amount), D(entry), side, D(quantity), D(61000))
    assert result == (D(after), None if entry_after is None else D(entry_after))


@given(
    amount=st.decimals("-5", "5", places=3).filter(bool),
    entry=st.decimals("100", "200000", places=1),
    fee=st.decimals("0", "0.002", places=5),
)
def test_at_break_even_both_fees_are_paid_for(amount: Decimal, entry: Decimal, fee: Decimal) -> None:
    paid = abs(amount) * entry * fee / 2
    price = ticket_math.break_even(entry, amount, paid, fee)
    assert abs(ticket_math.net_pnl(amount, entry, price, paid, fee)) < D("1e-15") * entry
    assert (price - entry) * amount >= 0


def test_loss_at_the_stop_that_rests_at_the_exchange() -> None:
    facts = make_facts(
        position=held("0.01", "60000"),
        stops=(
            Resting(Side.SELL, D(59000), None),
            Resting(Side.SELL, D(59500), D("0.01")),
            Resting(Side.BUY, D(62000), None),
        ),
    )
    preview = ticket_math.make_preview(TicketDraft(), facts, Side.BUY, D("0.01"), D(61000))
    assert preview.stop_price == 59000, "the nearer stop closes only half of what there would be"
    expected = D("0.02") * (59000 - D(60500)) - D("0.02") * (59000 + D(60500)) * D("0.0005")
    assert preview.loss_at_stop == expected
    assert preview.loss_fraction == expected / 10000
    half = ticket_math.make_preview(TicketDraft(), facts, Side.SELL, D("0.005"), D(61000))
    assert half.stop_price == 59500
    assert half.closing_pnl == D("0.005") * 1000 - D("0.005") * 121000 * D("0.0005")


def test_what_is_not_known_is_not_guessed() -> None:
    facts = make_facts(leverage=None, taker_fraction=None, cross_wallet_balance=None)
    preview = ticket_math.make_preview(TicketDraft(), facts, Side.BUY, D("0.01"), D(61000))
    assert preview.notional == 610
    assert preview.cost is preview.fee_taker is preview.break_even is preview.liquidation_price is None
    others = make_facts(other_cross_pnl=None)
    shared = ticket_math.make_preview(TicketDraft(), others, Side.BUY, D("0.5"), D(61000))
    assert shared.liquidation_price is None, "the wallet is shared with positions that are not known here"


def test_isolated_margin_follows_the_position() -> None:
    position = held("0.5", "60000", margin_type=MarginType.ISOLATED, isolated_wallet=D(1500))
    facts = make_facts(position=position, margin_type=MarginType.ISOLATED)
    assert ticket_math.wallet_after(facts, Side.SELL, D("0.25"), D(61000)) == 750
    assert ticket_math.wallet_after(facts, Side.BUY, D("0.1"), D(61000)) == 1500 + 305
    assert ticket_math.wallet_after(facts, Side.SELL, D("0.6"), D(61000)) == 305


@given(
    side=st.sampled_from(Side),
    price=st.decimals("100", "200000", places=1),
    amount=st.decimals("-1", "1", places=3),
    available=st.decimals("0", "100000", places=2),
)
def test_the_largest_order_costs_what_is_available(
    side: Side, price: Decimal, amount: Decimal, available: Decimal
) -> None:
    facts = make_facts(available_balance=available, position=held(str(amount), "60000") if amount else None)
    largest = ticket_math.largest_quantity(facts, side, price, D("0.0005"))
    assert largest is not None
    opens = largest - ticket_math.closing_part(amount, side, largest)
    assert facts.mark_price is not None
    paid = ticket_math.order_cost(side, opens, price, facts.mark_price, 20) + opens * price * D("0.0005")
    assert abs(paid - available) < D("1e-15") * (1 + available)


# ---- stop and target of the ticket ----------------------------------------------------------------------------------

BOTH_EXITS = TicketDraft(stop=ExitText("200"), target=ExitText("61,500.0", ExitUnit.PRICE))


def test_loss_and_gain_at_the_exits_of_the_ticket_count_both_fees() -> None:
    preview = ticket_math.make_preview(BOTH_EXITS, make_facts(), Side.BUY, D("0.1"), D(61000))
    loss = D("0.1") * -200 - D("0.1") * (61000 + 60800) * D("0.0005")
    gain = D("0.1") * 500 - D("0.1") * (61000 + 61500) * D("0.0005")
    assert (preview.stop_price, preview.loss_at_stop, preview.gain_at_target) == (60800, loss, gain)
    assert preview.gain_in_r == gain / -loss
    assert preview.loss_fraction == loss / 10000
    assert preview.break_even == D(61000) * D("1.0005") / D("0.9995")


def test_a_post_only_entry_pays_a_makers_fee() -> None:
    draft = structs.replace(BOTH_EXITS, post_only=True)
    preview = ticket_math.make_preview(draft, make_facts(), Side.SELL, D("0.1"), D(61000))
    assert preview.stop_price == 61200
    assert preview.loss_at_stop == D("0.1") * -200 - D("0.1") * (61000 * D("0.0002") + 61200 * D("0.0005"))
    assert preview.break_even == D(61000) * D("0.9998") / D("1.0005")


def test_exits_of_the_ticket_are_not_counted_where_the_order_only_closes() -> None:
    facts = make_facts(position=held("0.1", "60000"), stops=(Resting(Side.SELL, D(59500), None),))
    for draft in (BOTH_EXITS, structs.replace(BOTH_EXITS, reduce_only=True)):
        preview = ticket_math.make_preview(draft, facts, Side.SELL, D("0.04"), D(61000))
        assert (preview.stop_price, preview.gain_at_target) == (59500, None)


# ---- hedge mode -----------------------------------------------------------------------------------------------------

LONG_LEG, SHORT_LEG = PositionSide.LONG, PositionSide.SHORT


def hedged(**changes: object) -> TicketFacts:
    legs = (held("0.5", "60000", position_side=LONG_LEG), held("-0.2", "61000", position_side=SHORT_LEG))
    return make_facts(**({"is_hedge": True, "legs": legs} | changes))


@pytest.mark.parametrize(
    ("side", "reduce_only", "after"),
    [(Side.BUY, False, "0.6"), (Side.SELL, False, "-0.3"), (Side.BUY, True, "-0.1"), (Side.SELL, True, "0.4")],
)
def test_an_order_meets_the_leg_that_it_opens_or_reduces(side: Side, reduce_only: bool, after: str) -> None:
    draft = TicketDraft(reduce_only=reduce_only)
    preview = ticket_math.make_preview(draft, hedged(), side, D("0.1"), D(61000))
    assert preview.position_after == D(after)
    assert (preview.closing_pnl is not None) is reduce_only


def test_legs_in_one_wallet_are_liquidated_together() -> None:
    preview = ticket_math.make_preview(TicketDraft(), hedged(), Side.BUY, D("0.5"), D(61000))
    price = preview.liquidation_price
    assert price
    legs = ((D(1), D(60500)), (D("-0.2"), D(61000)))
    equity = D(10000) - D("0.5") * 61000 * D("0.0005") + sum(a * (price - e) for a, e in legs)
    maintenance = D(0)
    for amount, _ in legs:
        bracket = ticket_math.bracket_of(abs(amount) * price, BRACKETS)
        maintenance += abs(amount) * price * bracket.maintenance_margin_fraction - bracket.maintenance_amount
    assert abs(equity - maintenance) < D("1e-12")


def test_an_isolated_leg_is_liquidated_alone() -> None:
    isolated = hedged(margin_type=MarginType.ISOLATED, legs=())
    with_other = hedged(margin_type=MarginType.ISOLATED, legs=(held("-0.2", "61000", position_side=SHORT_LEG),))
    prices = {
        ticket_math.make_preview(TicketDraft(), facts, Side.BUY, D("0.5"), D(61000)).liquidation_price
        for facts in (isolated, with_other)
    }
    assert len(prices) == 1 and None not in prices
