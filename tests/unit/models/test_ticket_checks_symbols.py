"""Every symbol of a recorded exchangeInfo: what is typed is taken by the exchange's filters, or explained before."""

from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.ticket_scene import FACTS
from trader_gui.domain.order import OrderIntent, Side
from trader_gui.domain.symbol import SymbolRules, decimals_of, snap
from trader_gui.domain.ticket import ExitText, OrderKind, SizeUnit
from trader_gui.exchange.wire.rules import exchange_info
from trader_gui.i18n import sentences
from trader_gui.models.ticket_checks import assess
from trader_gui.models.ticket_records import TicketDraft, TicketFacts
from trader_gui.simulated_exchange import filters
from trader_gui.simulated_exchange.records import SymbolSpec
from trader_gui.simulated_exchange.rules_file import read_all_rules

FILE = Path(__file__).parents[4] / "shared" / "data" / "messages" / "rest" / "exchangeInfo-2021-07-21.json"
D = Decimal


@lru_cache(maxsize=1)
def symbols() -> dict[str, tuple[SymbolRules, SymbolSpec]]:
    """Return the rules of each symbol, as the client reads them and as the exchange does."""
    if not FILE.is_file():
        return {}
    ours, theirs = exchange_info(FILE.read_bytes()).rules, read_all_rules(FILE)
    return {symbol: (ours[symbol], spec) for symbol, spec in theirs.items()}


def facts_of(rules: SymbolRules) -> TicketFacts:
    """Return a calm market in the middle of the symbol's prices, seen logarithmically."""
    low, high = max(rules.min_price, rules.tick_size), rules.max_price or rules.tick_size * 10**6
    mark = max(snap((low * high).sqrt(), rules.tick_size, "ROUND_DOWN"), rules.tick_size * 20)
    return replace(
        FACTS, rules=rules, mark_price=mark, last_price=mark, best_bid=mark, best_ask=mark + rules.tick_size,
        available_balance=D(10**9), equity=D(10**9), cross_wallet_balance=D(10**9), brackets=(),
    )  # fmt: skip


def typed(around: Decimal, increment: Decimal, spread: Decimal) -> st.SearchStrategy[str]:
    """Return texts of numbers: most of them on the increment within `spread` (a fraction) of `around`, some not."""
    least, most = (max(int(around * (1 + way * spread) / increment), 1) for way in (-1, 1))
    near = st.integers(least, most).map(lambda n: f"{n * increment:f}")
    off = st.decimals(0, around * 3, places=decimals_of(increment) + 1).map(lambda v: f"{v:f}")
    odd = st.sampled_from(["", "0", "1,234.5", "9" * 15, "0." + "0" * 11 + "1"])
    return st.integers(0, 9).flatmap(lambda n: near if n < 8 else off if n == 8 else odd)


def check_with_filters(intent: OrderIntent, spec: SymbolSpec, mark: Decimal) -> None:
    """Raise what the exchange would refuse."""
    is_buy = intent.side is Side.BUY
    assert intent.quantity is not None
    filters.check_quantity(spec, intent.quantity, is_market=not intent.order_type.has_limit_price)
    if intent.trigger_price is not None:
        filters.check_trigger_price(spec, intent.trigger_price)
    if intent.activation_price is not None:
        filters.check_activation(spec, intent.activation_price)
    if intent.callback_fraction is not None:
        filters.check_callback_rate(intent.callback_fraction * 100)
    if intent.price is not None:
        filters.check_price(spec, intent.price)
        if intent.trigger_price is None:
            filters.check_percent_price(spec, intent.price, mark, is_buy=is_buy)
        else:
            filters.check_triggered_limit(spec, intent.price, intent.trigger_price, is_buy=is_buy)
    counted = intent.price or intent.trigger_price or intent.activation_price or mark
    filters.check_notional(spec, intent.quantity * counted)


def test_the_symbols_are_read() -> None:
    if not symbols():
        pytest.skip("no recorded data beside the repository")
    assert len(symbols()) > 100


@pytest.mark.parametrize("symbol", symbols())
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_typed_is_taken_by_the_filters_or_explained(symbol: str, data: st.DataObject) -> None:
    rules, spec = symbols()[symbol]
    facts = facts_of(rules)
    assert facts.mark_price is not None
    prices = typed(facts.mark_price, rules.tick_size, D("0.04"))
    smallest = max(rules.min_quantity, rules.min_notional / facts.mark_price)
    draft = TicketDraft(
        kind=data.draw(st.sampled_from(OrderKind)),
        price_text=data.draw(prices),
        trigger_text=data.draw(prices),
        activation_text=data.draw(prices),
        callback_text=data.draw(st.sampled_from(["0.1", "1.25", "2", "10.1"])),
        size_text=data.draw(typed(smallest * 3, rules.step_size, D("0.7"))),
        size_unit=data.draw(st.sampled_from([SizeUnit.BASE, SizeUnit.BASE, SizeUnit.QUOTE, SizeUnit.RISK])),
        stop=ExitText(data.draw(typed(facts.mark_price / 50, rules.tick_size, D("0.5")))),
    )
    judged = assess(draft, facts, data.draw(st.sampled_from(Side)))
    if judged.intent is not None:
        check_with_filters(judged.intent, spec, facts.mark_price)
        return
    assert judged.errors
    assert {p.code for p in judged.errors} <= sentences()["problem"].keys()


@pytest.mark.parametrize("symbol", symbols())
def test_a_suggested_size_and_price_are_taken(symbol: str) -> None:
    """Below every minimum and off every step: each suggestion, taken one after the other, leads to an order."""
    rules, spec = symbols()[symbol]
    facts = facts_of(rules)
    assert facts.mark_price is not None
    draft = TicketDraft(price_text=f"{facts.mark_price + rules.tick_size / 3:.12f}", size_text="0.000000001")
    for _ in range(6):
        judged = assess(draft, facts, Side.BUY)
        if judged.intent is not None:
            break
        problem = judged.errors[0]
        name = {"price": "price_text", "size": "size_text"}[problem.field.value]
        draft = replace(draft, **{name: f"{problem.nearest[-1]:f}"})
    assert judged.intent is not None
    check_with_filters(judged.intent, spec, facts.mark_price)
