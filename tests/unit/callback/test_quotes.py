"""Prices of any symbol, and what gate and engine make of those of another one than the session's."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import RULES, dec, make_account_update, make_intent, make_position
from tests.core_rig import Rig
from tests.unit.collectors.test_symbol_market import ETHER, mark, status, ticker
from trader_gui.callback.quotes import Quotes, mark_of, quotes_of
from trader_gui.domain.order import OrderIntent, OrderType, Origin, Purpose, Side
from trader_gui.domain.step import ApprovedOrder, EngineMode, FeedStatus, MarketState, Message, Route, Step
from trader_gui.domain.symbol import RulesUpdate, is_multiple
from trader_gui.i18n import refusal_words
from trader_gui.risk.rules import RiskLimits

WATCHED: tuple[Message, ...] = (status(MarketState.FRESH), mark(3000), ticker("2999.99", "3000.01"))


def rig(*messages: Message, rules: Any = ETHER, **options: Any) -> Rig:
    """Return a session of BTCUSDT that has been told another symbol's rules, and these messages."""
    made = Rig(**options)
    made.send(RulesUpdate((rules,), 0))
    for message in messages:
        made.send(message)
    return made


def ether_order(**more: Any) -> OrderIntent:
    values: dict[str, Any] = {"symbol": "ETHUSDT", "quantity": dec("0.100"), "price": dec("2990.00")}
    return make_intent(**(values | {"origin": Origin.HAND} | more))


def answer(world: Rig, intent: OrderIntent) -> str:
    """Put an order by hand to the gate; return the refusal's code, "" for none."""
    step = world.callback.request([intent])
    return step.refusals[0].code if step.refusals else ""


def test_prices_come_from_whoever_keeps_them() -> None:
    world = rig(*WATCHED)
    own, other, none = (quotes_of(world.callback, s) for s in ("BTCUSDT", "ETHUSDT", "SOLUSDT"))
    assert own.last_price == world.callback.last_price and own.is_watched and own.is_fresh
    assert (other.best_bid, other.best_ask, other.mark_price) == (dec("2999.99"), dec("3000.01"), 3000)
    assert other.is_watched and other.is_fresh
    assert none == Quotes(now_ms=world.callback.now_ms)
    assert (mark_of(world.callback, "ETHUSDT"), mark_of(world.callback, "SOLUSDT")) == (3000, None)


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (WATCHED, ""),
        ((), "other_symbol"),
        ((*WATCHED, status(MarketState.STALE)), "stale_feed"),
        ((*WATCHED, status(MarketState.MARKS)), "other_symbol"),
        ((*WATCHED, status(MarketState.UNWATCHED)), "other_symbol"),
        ((status(MarketState.FRESH), mark(3000)), "stale_feed"),
        ((*WATCHED, FeedStatus(Route.PRIVATE, False, 0)), "stale_feed"),
        ((*WATCHED, FeedStatus(Route.MARKET, False, 0), FeedStatus(Route.PUBLIC, False, 0)), ""),
        ((*WATCHED, RulesUpdate((replace(ETHER, status="SETTLING"),), 0)), "not_trading"),
    ],
)
def test_something_is_opened_there_only_by_its_own_fresh_prices(messages: tuple[Message, ...], code: str) -> None:
    world = rig(*messages)
    assert answer(world, ether_order()) == code
    if code != "not_trading":
        world.send(make_account_update(make_position("-0.100", symbol="ETHUSDT")))
        closing = ether_order(side=Side.BUY, reduce_only=True, purpose=Purpose.EXIT)
        assert answer(world, closing) == "", "getting out is never barred by prices"


def test_a_symbol_whose_rules_were_not_told_is_refused_in_words() -> None:
    world = Rig()
    for message in WATCHED:
        world.send(message)
    step = world.callback.request([ether_order()])
    assert step.refusals[0].code == "unknown_rules"
    assert "ETHUSDT" in refusal_words(step.refusals[0])


@given(
    price=st.integers(1, 10**9).map(lambda n: Decimal(n).scaleb(-4)),
    size=st.integers(1, 10**7).map(lambda n: Decimal(n).scaleb(-4)),
    side=st.sampled_from(Side),
    at_market=st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_with_any_numbers_it_keeps_to_its_own_filters_or_is_explained(
    price: Decimal, size: Decimal, side: Side, at_market: bool
) -> None:
    world = rig(*WATCHED)
    more: dict[str, Any] = {"order_type": OrderType.MARKET, "price": None, "time_in_force": None} if at_market else {}
    step = world.callback.request([ether_order(**({"price": price} | more), quantity=size, side=side)])
    if step.refusals:
        assert "{" not in refusal_words(step.refusals[0])
        return
    (approved,) = step.approved
    assert isinstance(approved, ApprovedOrder) and approved.intent.quantity is not None
    assert is_multiple(approved.intent.quantity, ETHER.step_size)
    counted = Decimal(3000) if at_market else price
    assert approved.intent.quantity * counted >= ETHER.min_notional
    if not at_market:
        assert is_multiple(price, ETHER.tick_size)
        assert price <= 3000 * ETHER.percent_up if side is Side.BUY else price >= 3000 * ETHER.percent_down


def test_one_order_in_flight_a_symbol_and_purpose() -> None:
    world = rig(*WATCHED)
    assert answer(world, ether_order()) == ""
    assert answer(world, ether_order(side=Side.SELL, price=dec("3010.00"))) == "order_in_flight"
    assert answer(world, make_intent(origin=Origin.HAND)) == "", "the other symbol's order bars nothing here"


def test_limits_hold_for_every_symbol_or_are_said_not_to() -> None:
    world = rig(*WATCHED, limits=RiskLimits(max_position_notional=Decimal(200)))
    assert answer(world, ether_order()) == "position_notional_limit"
    assert answer(world, ether_order(quantity=dec("0.050"))) == ""
    assert answer(rig(*WATCHED, limits=RiskLimits(max_order_quantity=Decimal(1))), ether_order()) == (
        "limit_of_other_asset"
    )
    in_coin = replace(ETHER, quote_asset="USDC", margin_asset="USDC")
    for limits, code in (
        (RiskLimits(max_daily_loss=Decimal(50)), "limit_of_other_asset"),
        (RiskLimits(max_entries_per_hour=5), ""),
        (RiskLimits(), ""),
    ):
        assert answer(rig(*WATCHED, rules=in_coin, limits=limits), ether_order()) == code


def test_entries_an_hour_are_counted_over_all_symbols() -> None:
    world = rig(*WATCHED, limits=RiskLimits(max_entries_per_hour=2))
    assert answer(world, make_intent(origin=Origin.HAND)) == ""
    assert answer(world, ether_order()) == ""
    assert answer(world, ether_order(symbol="BTCUSDT", price=dec("100000"))) in (
        "entries_per_hour_limit",
        "order_in_flight",
    )


def test_the_engine_trades_its_own_symbol_alone() -> None:
    world = rig(*WATCHED)
    assert answer(world, ether_order(origin=Origin.ENGINE)) == "not_engine_symbol"


def decided(steps: list[Step]) -> list[tuple[object, ...]]:
    """Return what the engine's symbol led to, without the numbers of the steps."""
    return [(s.event_time_ms, s.conditions, s.evaluation, s.wished, s.approved, s.refusals) for s in steps if s.message]


def test_messages_of_another_symbol_change_nothing_that_the_engine_decides() -> None:
    """The same market, with another one's messages between all of its own."""

    def run(*between: Message) -> list[Step]:
        world = rig(mode=EngineMode.ACTIVE)
        steps = []
        for index in range(400):
            for number, message in enumerate(between):
                world.send(replace(message, event_time_ms=world.now_ms + 10**6 + number))  # ahead of the own clock
            steps.append(world.tick(100_000 + 90 * ((index * 37) % 23 - 11)))
            orders = [approved for approved in steps[-1].approved if isinstance(approved, ApprovedOrder)]
            steps += [world.accept(approved) for approved in orders]
        return steps

    alone = decided(run())
    assert decided(run(*WATCHED, status(MarketState.STALE))) == alone
    assert any(row[4] for row in alone), "the engine has ordered something"


def test_the_rules_of_the_session_are_untouched() -> None:
    assert rig(*WATCHED).callback.rules == RULES
