"""What the ticket refuses before it is sent, and the right value that it offers instead."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core_records import make_risk_context
from tests.ticket_scene import FACTS, LIMIT, LONG, RULES, held
from trader_gui.domain.account import Position
from trader_gui.domain.bracket import BracketWish
from trader_gui.domain.exit_level import ExitLevel
from trader_gui.domain.order import (
    OrderType,
    Origin,
    PositionSide,
    PriceMatch,
    Purpose,
    Side,
    TimeInForce,
    WorkingType,
)
from trader_gui.domain.ticket import ExitText, ExitUnit, OrderKind, SizeUnit
from trader_gui.i18n import sentences
from trader_gui.models.ticket_checks import assess
from trader_gui.models.ticket_records import Assessment, Field, TicketDraft, TicketFacts
from trader_gui.risk.rules import ORDER_RULES

D = Decimal


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
        ({"kind": OrderKind.STOP, "trigger_text": "108000.0"}, Purpose.PROTECTION, OrderType.STOP_MARKET),
        ({"kind": OrderKind.TAKE_PROFIT, "trigger_text": "109000.0"}, Purpose.PROTECTION, OrderType.TAKE_PROFIT_MARKET),
        ({"kind": OrderKind.TRAILING, "callback_text": "1"}, Purpose.PROTECTION, OrderType.TRAILING_STOP_MARKET),
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
    ({"price_text": "113872.3"}, Side.BUY, "above_mark_band", ("113872.2",)),
    ({"price_text": "103027.3"}, Side.SELL, "below_mark_band", ("103027.4",)),
    ({"price_text": "108451.2", "post_only": True}, Side.BUY, "post_only_would_take", ("108451.1",)),
    ({"price_text": "108451.1", "post_only": True}, Side.SELL, "post_only_would_take", ("108451.2",)),
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


STOP = {"kind": OrderKind.STOP}
STOP_LIMIT = {"kind": OrderKind.STOP_LIMIT, "trigger_text": "109000"}
PROFIT = {"kind": OrderKind.TAKE_PROFIT}
TRAIL = {"kind": OrderKind.TRAILING, "callback_text": "1"}
BY_MARK = {"working_type": WorkingType.MARK_PRICE}
GTD = {"time_in_force": TimeInForce.GTD}

KIND_CASES = [
    (STOP, "trigger_text", "108451.2", Side.BUY, "buy_stop_above", ("108451.3",)),
    (STOP, "trigger_text", "108460", Side.SELL, "sell_stop_below", ("108451.1",)),
    (STOP | BY_MARK, "trigger_text", "108449.8", Side.SELL, "sell_stop_below", ("108449.7",)),
    (PROFIT, "trigger_text", "108451.2", Side.BUY, "buy_target_below", ("108451.1",)),
    (PROFIT | BY_MARK, "trigger_text", "108449.8", Side.SELL, "sell_target_above", ("108449.9",)),
    (PROFIT, "trigger_text", "108000.05", Side.BUY, "off_tick", ("108000.0", "108000.1")),
    (STOP_LIMIT, "price_text", "114450.1", Side.BUY, "above_trigger_band", ("114450.0",)),
    (STOP_LIMIT | {"trigger_text": "108000"}, "price_text", "102599.9", Side.SELL, "below_trigger_band", ("102600.0",)),
    (TRAIL, "callback_text", "0.05", Side.BUY, "callback_out_of_range", ("0.1",)),
    (TRAIL, "callback_text", "1.25", Side.SELL, "callback_out_of_range", ("1.2", "1.3")),
    (TRAIL, "callback_text", "11", Side.SELL, "callback_out_of_range", ("10.0",)),
    (TRAIL, "activation_text", "108451.2", Side.BUY, "buy_activation_below", ("108451.1",)),
    (TRAIL, "activation_text", "108000", Side.SELL, "sell_activation_above", ("108451.3",)),
    (TRAIL, "activation_text", "109000.01", Side.SELL, "off_tick", ("109000.0", "109000.1")),
]


@pytest.mark.parametrize(("changes", "field", "text", "side", "code", "nearest"), KIND_CASES)
def test_values_of_the_kinds_that_wait_are_judged_and_their_nearest_right_value_passes(
    changes: dict[str, object], field: str, text: str, side: Side, code: str, nearest: tuple[str, ...]
) -> None:
    result = judge(LIMIT, side, **(changes | {field: text}))
    assert (result.intent, result.preview) == (None, None)
    assert codes(result) == {code: tuple(D(n) for n in nearest)}
    for right in nearest:
        assert judge(LIMIT, side, **(changes | {field: right})).intent is not None
    told = [n for p in result.problems for n in p.nearest if field != "callback_text"]
    assert {-int(n.as_tuple().exponent) for n in told} <= {1}, "told with the decimals of the tick"


@pytest.mark.parametrize(
    ("changes", "side", "expected"),
    [
        (STOP | {"trigger_text": "109000"} | BY_MARK, Side.BUY, {"trigger_price": D("109000.0"), "price": None}),
        (STOP_LIMIT, Side.BUY, {"trigger_price": D("109000.0"), "price": D("108451.1"),
                                "time_in_force": TimeInForce.GTC}),
        (STOP_LIMIT | {"price_match": PriceMatch.QUEUE, "price_protect": True}, Side.BUY,
         {"price": None, "price_match": PriceMatch.QUEUE, "price_protect": True}),
        ({"kind": OrderKind.TAKE_PROFIT_LIMIT, "trigger_text": "109000", "post_only": True}, Side.SELL,
         {"order_type": OrderType.TAKE_PROFIT, "time_in_force": TimeInForce.GTX}),
        (TRAIL | {"activation_text": "109,000"}, Side.SELL,
         {"callback_fraction": D("0.01"), "activation_price": D("109000.0"), "trigger_price": None, "price": None,
          "time_in_force": None}),
        (GTD | {"good_till_ms": FACTS.now_ms // 1000 * 1000 + 900_000}, Side.BUY,
         {"time_in_force": TimeInForce.GTD, "good_till_ms": FACTS.now_ms // 1000 * 1000 + 900_000}),
        ({"price_match": PriceMatch.OPPONENT_5, "price_text": "nonsense"}, Side.BUY,
         {"price": None, "price_match": PriceMatch.OPPONENT_5}),
        ({"kind": OrderKind.MARKET, "price_match": PriceMatch.QUEUE, "price_protect": True, "callback_text": "1"},
         Side.BUY, {"price_match": None, "price_protect": False, "callback_fraction": None}),
    ],
)  # fmt: skip
def test_each_kind_becomes_exactly_its_order(
    changes: dict[str, object], side: Side, expected: dict[str, object]
) -> None:
    intent = judge(LIMIT, side, **changes).intent
    assert intent is not None
    assert intent.order_type is TicketDraft(**changes).kind.order_type  # type: ignore[arg-type]
    assert {name: getattr(intent, name) for name in expected} == expected


def test_the_end_of_a_good_till_date_order() -> None:
    assert codes(judge(**GTD)) == {"missing_end": ()}
    late = judge(**GTD, good_till_ms=FACTS.now_ms + 600_000)
    assert late.intent is None
    ((code, (soonest,)),) = codes(late).items()
    assert code == "end_too_soon"
    assert judge(**GTD, good_till_ms=int(soonest)).intent is not None
    assert judge(**GTD, post_only=True).intent is not None, "post-only leaves no other time in force"


def test_a_price_match_that_cannot_do_what_is_asked() -> None:
    assert codes(judge(price_match=PriceMatch.OPPONENT, post_only=True)) == {"post_only_opponent": ()}
    assert codes(judge(price_match=PriceMatch.QUEUE, time_in_force=TimeInForce.FOK)) == {"queue_at_once": ()}
    assert judge(price_match=PriceMatch.QUEUE, post_only=True).intent is not None


WARNINGS = [
    ({"time_in_force": TimeInForce.IOC, "price_text": "108451.1"}, {"nothing_to_take": (D("108451.2"),)}),
    (STOP_LIMIT, {"limit_short_of_trigger": (D("109000"),)}),
]


@pytest.mark.parametrize(("changes", "warned"), WARNINGS)
def test_what_may_fill_nothing_is_warned_of_and_not_barred(
    changes: dict[str, object], warned: dict[str, tuple[Decimal, ...]]
) -> None:
    result = judge(**changes)
    assert codes(result) == warned
    assert result.intent is not None


# ---- stop and target ----------------------------------------------------------------------------------------------


def at(text: str, unit: ExitUnit = ExitUnit.DISTANCE) -> ExitText:
    return ExitText(text, unit)


PRICE = ExitUnit.PRICE
EXIT_CASES = [
    ({"stop": at("0.0")}, Side.BUY, "stop_too_near", ("0.1",)),
    ({"target": at("0.05")}, Side.BUY, "target_too_near", ("0.1",)),
    ({"stop": at("202.75")}, Side.BUY, "off_tick", ("202.7", "202.8")),
    ({"stop": at("2o2")}, Side.BUY, "not_a_number", ()),
    ({"stop": at("0", PRICE)}, Side.BUY, "not_positive", ()),
    ({"stop": at("108451.1", PRICE)}, Side.BUY, "stop_not_below", ("108451.0",)),
    ({"stop": at("108000", PRICE)}, Side.SELL, "stop_not_above", ("108451.2",)),
    ({"target": at("108451.1", PRICE)}, Side.BUY, "target_not_above", ("108451.2",)),
    ({"target": at("109000", PRICE)}, Side.SELL, "target_not_below", ("108451.0",)),
    ({"stop": at("108200")}, Side.BUY, "exit_out_of_range", ("108189.9",)),
    ({"target": at("900000")}, Side.BUY, "exit_out_of_range", ("701032.8",)),
]


@pytest.mark.parametrize(("changes", "side", "code", "nearest"), EXIT_CASES)
def test_a_wrong_exit_is_refused_and_its_nearest_right_value_passes(
    changes: dict[str, ExitText], side: Side, code: str, nearest: tuple[str, ...]
) -> None:
    ((name, typed),) = changes.items()
    result = judge(LIMIT, side, **changes)
    assert result.intent is None
    assert codes(result) == {code: tuple(D(n) for n in nearest)}
    assert result.bad_fields == {Field(name)}
    for right in nearest:
        again = judge(LIMIT, side, **{name: at(right, typed.unit)})
        assert [p.code for p in again.errors] == []


def test_exits_are_handed_on_as_they_were_meant() -> None:
    result = judge(stop=at("202.7"), target=at("109,000.0", PRICE))
    assert (result.stop_price, result.target_price) == (D("108248.4"), D("109000.0"))
    assert result.intent is not None
    assert result.bracket == BracketWish(result.intent, ExitLevel(distance=D("202.7")), ExitLevel(price=D(109000)))
    assert judge(LIMIT, Side.SELL, stop=at("202.7")).stop_price == D("108653.8"), "one distance serves both sides"
    assert judge().bracket is None
    only = judge(target=at("10")).bracket
    assert only is not None and only.stop is None


def test_an_order_that_only_closes_takes_no_exits_with_it() -> None:
    exits = {"stop": at("202.7"), "target": at("1o")}
    flagged = judge(LIMIT, Side.SELL, with_facts(position=LONG), reduce_only=True, size_text="0.010", **exits)
    assert (flagged.problems, flagged.stop_price, flagged.bracket) == ((), None, None)
    assert flagged.intent is not None
    by_size = judge(LIMIT, Side.SELL, with_facts(position=LONG), size_text="0.010", stop=at("202.7"))
    assert [p.code for p in by_size.problems] == ["closes_without_exits"]
    assert (by_size.bracket, by_size.intent is not None) == (None, True)
    turned = judge(LIMIT, Side.SELL, with_facts(position=LONG), size_text="0.020", stop=at("202.7"))
    assert turned.bracket is not None, "what goes through zero opens the rest"


def test_a_stop_behind_the_liquidation_price_is_warned_of() -> None:
    facts = with_facts(available_balance=D(200), cross_wallet_balance=D(200))
    assert codes(judge(LIMIT, Side.BUY, facts, size_text="0.018", stop=at("11500"))) == {"liquidated_before_stop": ()}
    assert codes(judge(LIMIT, Side.BUY, facts, size_text="0.018", stop=at("5000"))) == {}


# ---- size ---------------------------------------------------------------------------------------------------------

SIZE_CASES = [
    ({"size_text": "0.0205"}, {}, "off_step", ("0.020", "0.021")),
    ({"size_text": "0,020"}, {}, "not_a_number", ()),
    ({"size_text": "0"}, {}, "not_positive", ()),
    ({"size_text": "0.0001", "size_unit": SizeUnit.PERCENT}, {}, "below_min_quantity", ("0.12",)),
    ({"size_text": "101", "size_unit": SizeUnit.PERCENT}, {"brackets": ()}, "above_all", ("100",)),
    (
        {"size_text": "101", "size_unit": SizeUnit.RISK_PERCENT, "stop": at("20000")},
        {"brackets": ()},
        "above_all",
        ("100",),
    ),
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


UNITS = [
    ({"size_unit": SizeUnit.RISK}, {"risk_needs_stop": True}),
    ({"size_unit": SizeUnit.RISK, "reduce_only": True}, {"risk_when_reducing": False}),
    ({"size_unit": SizeUnit.QUOTE, "price_text": ""}, {"missing_price": True, "no_price_for_size": True}),
]


@pytest.mark.parametrize(("changes", "problems"), UNITS)
def test_a_size_that_cannot_be_told_yet(changes: dict[str, object], problems: dict[str, bool]) -> None:
    facts = with_facts(position=held("-0.020"))
    assert {p.code: p.is_silent for p in judge(LIMIT, Side.BUY, facts, **changes).problems} == problems


def test_in_hedge_mode_a_side_is_judged_by_its_leg() -> None:
    legs = (held("0.010", leg=PositionSide.LONG), held("-0.030", leg=PositionSide.SHORT))
    facts = with_facts(is_hedge=True, legs=legs)
    assert judge(LIMIT, Side.SELL, facts, reduce_only=True, size_text="0.010").intent is not None
    assert codes(judge(LIMIT, Side.SELL, facts, reduce_only=True)) == {"more_than_position": (D("0.010"),)}
    assert judge(LIMIT, Side.BUY, facts, reduce_only=True).intent is not None
    no_margin = msgspec.structs.replace(facts, available_balance=D(0))
    assert codes(judge(LIMIT, Side.SELL, no_margin)) == {"not_enough_margin": ()}, "a sell opens the short leg"


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
near = st.one_of(texts, st.decimals("105000", "112000", places=1).map(str))
exits = st.builds(ExitText, st.one_of(st.just(""), near), st.sampled_from(ExitUnit))
drafts = st.builds(
    TicketDraft, kind=st.sampled_from(OrderKind), price_text=near, trigger_text=near, activation_text=near,
    callback_text=st.one_of(texts, st.just("1.5")), size_text=texts, size_unit=st.sampled_from(SizeUnit),
    reduce_only=st.booleans(), post_only=st.booleans(), stop=exits, target=exits,
    time_in_force=st.sampled_from([t for t in TimeInForce if t is not TimeInForce.GTX]),
    good_till_ms=st.sampled_from([None, FACTS.now_ms, FACTS.now_ms // 1000 * 1000 + 900_000]),
    price_match=st.sampled_from([None, *PriceMatch]), working_type=st.sampled_from(WorkingType),
    price_protect=st.booleans(),
)  # fmt: skip


@settings(max_examples=300)
@given(draft=drafts, side=st.sampled_from(Side), amount=st.sampled_from(["0", "0.010", "-0.4"]))
def test_whatever_is_typed_is_right_or_explained(draft: TicketDraft, side: Side, amount: str) -> None:
    position = Position("BTCUSDT", D(amount), D("108367.6"), D(0)) if D(amount) else None
    result = assess(draft, with_facts(position=position), side)
    assert {p.code for p in result.problems} <= sentences()["problem"].keys()
    if result.intent is None:
        assert result.errors
        assert result.preview is None
        return
    intent = result.intent
    context = make_risk_context(
        rules=RULES, position=position, now_ms=FACTS.now_ms, mark_price=FACTS.mark_price, last_price=FACTS.last_price
    )
    assert [refusal for rule in ORDER_RULES if (refusal := rule(intent, context))] == [], "the gate takes it, too"
    assert intent.quantity is not None
    if draft.size_unit.is_risk and result.preview is not None and position is None:
        assert result.preview.loss_at_stop is not None
        risked = D(draft.size_text.replace(",", ""))
        limit = risked if draft.size_unit is SizeUnit.RISK else risked * D("9985.02") / 100
        assert -result.preview.loss_at_stop <= limit * (1 + D("1e-20"))
    if intent.reduce_only:
        assert intent.quantity <= abs(D(amount))


def test_in_hedge_mode_each_side_is_judged_on_its_own_leg() -> None:
    short = msgspec.structs.replace(LONG, position_amount=D("-0.004"), position_side=PositionSide.SHORT)
    long = msgspec.structs.replace(LONG, position_side=PositionSide.LONG)
    facts = with_facts(is_hedge=True, legs=(long, short))
    bought = judge(facts=facts)
    assert bought.preview is not None and bought.preview.position_after == D("0.030")
    assert bought.preview.liquidation_price == 0, "both legs together, in one wallet"
    sold = judge(side=Side.SELL, facts=facts)
    assert sold.preview is not None and sold.preview.position_after == D("-0.024")
    reduce: dict[str, object] = {"kind": OrderKind.MARKET, "reduce_only": True}
    assert codes(judge(side=Side.SELL, facts=facts, **reduce)) == {"more_than_position": (D("0.010"),)}
    assert codes(judge(side=Side.BUY, facts=facts, **reduce)) == {"more_than_position": (D("0.004"),)}
    undecided = msgspec.structs.replace(facts, undecided=frozenset({(Purpose.EXIT, Side.SELL)}))
    assert judge(side=Side.SELL, facts=undecided, **reduce, size_text="0.004").hold == "undecided"
    assert judge(side=Side.BUY, facts=undecided, **reduce, size_text="0.004").intent is not None
