"""What the ticket refuses before it is sent, and the right value that it offers instead."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.domain.account import MarginType, Position
from trader_gui.domain.order import OrderType, Origin, PositionSide, Purpose, Side, TimeInForce, WorkingType
from trader_gui.domain.symbol import SymbolRules, is_multiple
from trader_gui.exchange.port import LeverageBracket
from trader_gui.models.ticket_checks import assess
from trader_gui.models.ticket_records import Assessment, Field, OrderKind, SizeUnit, TicketDraft, TicketFacts

D = Decimal

RULES = SymbolRules(
    symbol="BTCUSDT", base_asset="BTC", quote_asset="USDT", margin_asset="USDT", status="TRADING",
    tick_size=D("0.10"), min_price=D("261.1"), max_price=D("809484"),
    step_size=D("0.001"), min_quantity=D("0.001"), max_quantity=D("1000"),
    market_step_size=D("0.001"), market_min_quantity=D("0.001"), market_max_quantity=D("0.8"),
    min_notional=D("50"), percent_up=D("1.05"), percent_down=D("0.95"), max_open_orders=200,
)  # fmt: skip
FACTS = TicketFacts(
    rules=RULES, best_bid=D("108451.1"), best_ask=D("108451.2"), last_price=D("108451.2"), mark_price=D("108449.8"),
    is_account_known=True, available_balance=D("9875.83"), equity=D("9985.02"), cross_wallet_balance=D("9985.02"),
    other_cross_pnl=D(0), leverage=10, margin_type=MarginType.CROSSED, maker_fraction=D("0.0002"),
    taker_fraction=D("0.0005"), feed_is_live=True, is_running=True, now_ms=1_751_831_863_000,
    brackets=(
        LeverageBracket(D(0), D(50000), D("0.004"), D(0), 125),
        LeverageBracket(D(50000), D(600000), D("0.005"), D(50), 8),
    ),
)  # fmt: skip
LONG = Position("BTCUSDT", D("0.010"), D("108367.6"), D(0))
LIMIT = TicketDraft(price_text="108,451.1", size_text="0.020")


def judge(
    draft: TicketDraft = LIMIT, side: Side = Side.BUY, facts: TicketFacts = FACTS, **changes: object
) -> Assessment:
    return assess(msgspec.structs.replace(draft, **changes), facts, side)


def with_facts(**changes: object) -> TicketFacts:
    return msgspec.structs.replace(FACTS, **changes)


def codes(result: Assessment) -> dict[str, tuple[Decimal, ...]]:
    return {p.code: p.nearest for p in result.problems}


def test_a_right_ticket_becomes_exactly_that_order() -> None:
    result = judge(post_only=True)
    intent = result.intent
    assert intent is not None
    assert result.problems == ()
    assert (intent.symbol, intent.side, intent.order_type) == ("BTCUSDT", Side.BUY, OrderType.LIMIT)
    assert (str(intent.price), str(intent.quantity)) == ("108451.1", "0.020")
    assert (intent.time_in_force, intent.reduce_only) == (TimeInForce.GTX, False)
    assert (intent.purpose, intent.origin, intent.reason) == (Purpose.ENTRY, Origin.HAND, "by_hand")
    assert intent.wanted_time_ms == FACTS.now_ms


@pytest.mark.parametrize(
    ("changes", "purpose", "order_type"),
    [
        ({"kind": OrderKind.MARKET}, Purpose.EXIT, OrderType.MARKET),
        ({}, Purpose.EXIT, OrderType.LIMIT),
        ({"kind": OrderKind.STOP, "price_text": "108000.0"}, Purpose.PROTECTION, OrderType.STOP_MARKET),
    ],
)
def test_reduce_only_orders(changes: dict[str, object], purpose: Purpose, order_type: OrderType) -> None:
    facts = with_facts(position=LONG)
    intent = judge(LIMIT, Side.SELL, facts, reduce_only=True, size_text="0.010", **changes).intent
    assert intent is not None
    assert (intent.purpose, intent.order_type, intent.reduce_only) == (purpose, order_type, True)
    if order_type is OrderType.STOP_MARKET:
        assert (intent.trigger_price, intent.price, intent.time_in_force) == (D("108000.0"), None, None)
    blocked = judge(LIMIT, Side.BUY, facts, reduce_only=True, size_text="0.010", **changes)
    assert blocked.intent is None
    assert any(p.field is Field.FLAGS for p in blocked.errors)


PRICE_CASES = [
    ({"price_text": "108,451.14"}, Side.BUY, "off_tick", ("108451.1", "108451.2")),
    ({"price_text": "1,08451"}, Side.BUY, "not_a_number", ()),
    ({"price_text": "0"}, Side.BUY, "not_positive", ()),
    ({"price_text": "200", "size_text": "0.3"}, Side.BUY, "below_min_price", ("261.1",)),
    ({"price_text": "900000"}, Side.SELL, "above_max_price", ("809484.0",)),
    ({"price_text": "113872.3"}, Side.BUY, "above_price_band", ("113872.2",)),
    ({"price_text": "103027.3"}, Side.SELL, "below_price_band", ("103027.4",)),
    ({"price_text": "108451.2", "post_only": True}, Side.BUY, "post_only_would_take", ("108451.1",)),
    ({"price_text": "108451.1", "post_only": True}, Side.SELL, "post_only_would_take", ("108451.2",)),
    ({"kind": OrderKind.STOP, "price_text": "108451.2"}, Side.BUY, "buy_stop_below", ("108451.3",)),
    ({"kind": OrderKind.STOP, "price_text": "108460"}, Side.SELL, "sell_stop_above", ("108451.1",)),
    (
        {"kind": OrderKind.STOP, "price_text": "108449.8", "working_type": WorkingType.MARK_PRICE},
        Side.SELL,
        "sell_stop_above",
        ("108449.7",),
    ),
]


@pytest.mark.parametrize(("changes", "side", "code", "nearest"), PRICE_CASES)
def test_a_wrong_price_is_refused_and_its_nearest_right_value_passes(
    changes: dict[str, object], side: Side, code: str, nearest: tuple[str, ...]
) -> None:
    result = judge(LIMIT, side, **changes)
    assert (result.intent, result.preview) == (None, None)
    assert codes(result) == {code: tuple(D(n) for n in nearest)}
    for right in nearest:
        assert judge(LIMIT, side, **(changes | {"price_text": right})).intent is not None


SIZE_CASES = [
    ({"size_text": "0.0205"}, {}, "off_step", ("0.020", "0.021")),
    ({"size_text": "0,020"}, {}, "not_a_number", ()),
    ({"size_text": "0"}, {}, "not_positive", ()),
    ({"size_text": "0.0001", "size_unit": SizeUnit.EQUITY}, {}, "below_min_quantity", ("1.09",)),
    (
        {"size_text": "1", "kind": OrderKind.MARKET},
        {"available_balance": D(10**6), "brackets": ()},
        "above_max_quantity",
        ("0.8",),
    ),
    ({"size_text": "0.001", "price_text": "30000"}, {}, "below_min_notional", ("0.002",)),
    ({"size_text": "0.950"}, {"brackets": ()}, "not_enough_margin", ("0.905",)),
    ({"size_text": "0.060"}, {"max_order_quantity": D("0.050")}, "over_order_limit", ("0.050",)),
    ({"size_text": "0.060"}, {"max_position_notional": D(5000)}, "over_position_limit", ("0.046",)),
    ({"size_text": "0.500"}, {}, "over_leverage_cap", ("0.461",)),
]


@pytest.mark.parametrize(("changes", "facts", "code", "nearest"), SIZE_CASES)
def test_a_wrong_size_is_refused_and_its_nearest_right_value_passes(
    changes: dict[str, object], facts: dict[str, object], code: str, nearest: tuple[str, ...]
) -> None:
    known = with_facts(**facts)
    result = judge(LIMIT, Side.BUY, known, **changes)
    assert (result.intent, result.preview) == (None, None)
    assert codes(result) == {code: tuple(D(n) for n in nearest)}
    for right in nearest:
        assert judge(LIMIT, Side.BUY, known, **(changes | {"size_text": right})).intent is not None


def test_every_broken_limit_is_told_at_once() -> None:
    facts = with_facts(max_order_quantity=D("0.050"), brackets=())
    result = judge(LIMIT, Side.BUY, facts, price_text="108451.14", size_text="0.950")
    assert set(codes(result)) == {"off_tick", "not_enough_margin", "over_order_limit"}
    assert result.bad_fields == {Field.PRICE, Field.SIZE}


def test_margin_is_asked_for_what_opens_only() -> None:
    facts = with_facts(position=LONG, available_balance=D(0))
    assert judge(LIMIT, Side.SELL, facts, size_text="0.010").intent is not None
    assert codes(judge(LIMIT, Side.SELL, facts, size_text="0.011")) == {"not_enough_margin": (D("0.010"),)}
    assert codes(judge(LIMIT, Side.BUY, facts, size_text="0.001")) == {"not_enough_margin": ()}


def test_a_limit_far_through_the_market_is_warned_of_and_not_barred() -> None:
    result = judge(LIMIT, Side.BUY, price_text="110000.0")
    assert [p.code for p in result.problems] == ["far_above_ask"]
    assert result.intent is not None
    assert judge(LIMIT, Side.SELL, price_text="110000.0").problems == ()


def test_an_empty_ticket_blocks_without_reproach() -> None:
    result = judge(TicketDraft())
    assert result.intent is None
    assert {p.code: p.is_silent for p in result.problems} == {"missing_price": True, "missing_size": True}


def test_reduce_only_larger_than_the_position_is_offered_the_position() -> None:
    result = judge(LIMIT, Side.SELL, with_facts(position=LONG), reduce_only=True)
    assert codes(result) == {"more_than_position": (D("0.010"),)}


HOLDS = [
    ({"feed_is_live": False}, "stale_feed", ""),
    ({"is_account_known": False}, "account_unknown", "account_unknown"),
    ({"is_running": False}, "not_running", "not_running"),
    ({"undecided": frozenset({(Purpose.ENTRY, Side.SELL)})}, "undecided", ""),
    ({"undecided": frozenset({(Purpose.EXIT, Side.SELL)})}, "", "undecided"),
]


@pytest.mark.parametrize(("facts", "opening", "closing"), HOLDS)
def test_what_holds_an_opening_and_what_holds_a_closing_order(
    facts: dict[str, object], opening: str, closing: str
) -> None:
    known = with_facts(position=LONG, **facts)
    entry = judge(LIMIT, Side.SELL, known, size_text="0.010")
    closer = judge(LIMIT, Side.SELL, known, size_text="0.010", reduce_only=True)
    assert (entry.hold, entry.intent is None) == (opening, bool(opening))
    assert (closer.hold, closer.intent is None) == (closing, bool(closing))


def test_a_market_order_without_a_book_waits_unless_it_closes() -> None:
    facts = with_facts(position=LONG, best_bid=None, best_ask=None)
    draft = TicketDraft(kind=OrderKind.MARKET, size_text="0.010")
    assert judge(draft, Side.SELL, facts).hold == "stale_feed"
    assert judge(draft, Side.SELL, facts, reduce_only=True).intent is not None


texts = st.one_of(
    st.decimals("0", "200000", places=3).map(str),
    st.decimals("0", "2", places=4).map(str),
    st.sampled_from(["", "0", "1,234.5", "1,23", "abc", "-5", "108,451.1"]),
)


@given(
    draft=st.builds(
        TicketDraft, kind=st.sampled_from(OrderKind), price_text=texts, size_text=texts,
        size_unit=st.sampled_from(SizeUnit), reduce_only=st.booleans(), post_only=st.booleans(),
    ),
    side=st.sampled_from(Side),
    amount=st.sampled_from(["0", "0.010", "-0.4"]),
)  # fmt: skip
def test_whatever_is_typed_is_right_or_explained(draft: TicketDraft, side: Side, amount: str) -> None:
    position = Position("BTCUSDT", D(amount), D("108367.6"), D(0)) if D(amount) else None
    result = assess(draft, with_facts(position=position), side)
    if result.intent is None:
        assert result.errors
        assert result.preview is None
        return
    intent = result.intent
    assert intent.quantity is not None
    assert is_multiple(intent.quantity, RULES.step_size)
    assert RULES.min_quantity <= intent.quantity <= RULES.max_quantity
    for price in (intent.price, intent.trigger_price):
        assert price is None or (is_multiple(price, RULES.tick_size) and price >= RULES.min_price)
    if not intent.reduce_only:
        priced = intent.price or intent.trigger_price or FACTS.mark_price
        assert priced is not None
        assert intent.quantity * priced >= RULES.min_notional
    else:
        assert intent.quantity <= abs(D(amount))


def test_in_hedge_mode_each_side_is_judged_on_its_own_leg() -> None:
    short = msgspec.structs.replace(LONG, position_amount=D("-0.004"), position_side=PositionSide.SHORT)
    long = msgspec.structs.replace(LONG, position_side=PositionSide.LONG)
    facts = with_facts(is_hedge=True, legs=(long, short))
    bought = judge(facts=facts)
    assert bought.preview is not None and bought.preview.position_after == D("0.030")
    assert bought.preview.liquidation_price is None  # the other leg shares the wallet
    sold = judge(side=Side.SELL, facts=facts)
    assert sold.preview is not None and sold.preview.position_after == D("-0.024")
    reduce: dict[str, object] = {"kind": OrderKind.MARKET, "reduce_only": True}
    assert codes(judge(side=Side.SELL, facts=facts, **reduce)) == {"more_than_position": (D("0.010"),)}
    assert codes(judge(side=Side.BUY, facts=facts, **reduce)) == {"more_than_position": (D("0.004"),)}
    undecided = msgspec.structs.replace(facts, undecided=frozenset({(Purpose.EXIT, Side.SELL)}))
    assert judge(side=Side.SELL, facts=undecided, **reduce, size_text="0.004").hold == "undecided"
    assert judge(side=Side.BUY, facts=undecided, **reduce, size_text="0.004").intent is not None
