"""What the gate lets through, no filter of the venue refuses: for every symbol of a real exchangeInfo, at any price.

The venue is the simulated exchange's core with the same file of rules; its filters were written from the venue's
documents, apart from the gate's. It judges at a mark price that has moved since the gate looked.
"""

import gzip
import json
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core_records import make_intent, make_position, make_risk_context
from trader_gui.domain.order import OrderIntent, OrderType, Purpose, Side, TimeInForce
from trader_gui.domain.step import ApprovedOrder
from trader_gui.domain.symbol import SymbolRules, snap
from trader_gui.exchange.wire import request, rules
from trader_gui.risk.gate import RiskGate
from trader_gui.risk.rules import MARK_MARGIN, RiskLimits
from trader_gui.simulated_exchange import wire
from trader_gui.simulated_exchange.core import VenueCore
from trader_gui.simulated_exchange.records import MarketTick, SymbolSpec, VenueRefusal
from trader_gui.simulated_exchange.rules_file import read_all_rules
from trader_gui.simulated_exchange.symbols import SPECS

PAYLOAD = Path(__file__).parents[2] / "payloads" / "exchangeInfo-2021-07-21.json.gz"
FILTERS = {-1111, -1013, *range(-4007, -4000), -4013, -4014, -4016, -4023, -4024, -4164, -4183, -4184}
LIMITED = (OrderType.LIMIT, OrderType.STOP, OrderType.TAKE_PROFIT)
TYPES = (*LIMITED, OrderType.MARKET, OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)


def real_specs(folder: Path) -> dict[str, SymbolSpec]:
    """Return the rules of a recorded exchangeInfo; the symbols that were settling then count as well."""
    info = json.loads(gzip.decompress(PAYLOAD.read_bytes()))
    for entry in info["symbols"]:
        entry |= {"status": "TRADING", "contractType": "PERPETUAL", "marginAsset": "USDT"}
    path = folder / "exchangeInfo.json"
    path.write_text(json.dumps(info), encoding="utf-8")
    return read_all_rules(path)


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SymbolSpec]:
    return {**{f"{symbol}_OWN": spec for symbol, spec in SPECS.items()}, **real_specs(tmp_path_factory.mktemp("rules"))}


def as_read(spec: SymbolSpec) -> SymbolRules:
    """Return the rules as the client reads them from the exchange's own answer."""
    body = wire.encode(wire.exchange_info([spec], 0))
    return rules.exchange_info(body).rules[spec.symbol]


def venue_of(spec: SymbolSpec, mark: Decimal) -> VenueCore:
    core = VenueCore({spec.symbol: spec}, wallet_balance=Decimal(10) ** 15, start_ms=0, fee_tier=0)
    levels = tuple((mark, Decimal(10) ** 9) for _ in range(1))
    core.on_tick(MarketTick(spec.symbol, 1, (), levels, levels, mark, mark, Decimal(0)))
    return core


@st.composite
def wishes(draw: st.DrawFn, symbol: SymbolRules, mark: Decimal, kinds: tuple[OrderType, ...]) -> OrderIntent:
    """Draw an order near what is allowed, on the steps mostly and off them sometimes."""

    def near(value: Decimal, step: Decimal, within_bps: int) -> Decimal:
        """Draw a value round another: on the steps, anywhere, or on a number of decimals."""
        near = value * (10_000 + draw(st.integers(-within_bps, within_bps))) / 10_000
        how, decimals = draw(st.integers(0, 3)), draw(st.integers(0, 12))
        return snap(near, step, ROUND_CEILING) if how > 1 else near if how else round(near, decimals)

    kind, side = draw(st.sampled_from(kinds)), draw(st.sampled_from(Side))
    reduces = not draw(st.integers(0, 3))
    edge = symbol.percent_up if side is Side.BUY else symbol.percent_down
    trigger = near(mark, symbol.tick_size, 2000) if kind.is_conditional else None
    reference = mark if trigger is None else trigger
    limit = draw(st.sampled_from([reference, reference * edge]))
    price = near(limit, symbol.tick_size, 100) if kind in LIMITED else None
    worth = price or trigger or mark
    smallest = max(symbol.min_quantity, symbol.min_notional / worth if worth else Decimal(0))
    largest = draw(st.sampled_from([smallest, smallest, symbol.market_max_quantity, symbol.max_quantity]))
    return make_intent(
        symbol=symbol.symbol,
        side=side,
        order_type=kind,
        purpose=Purpose.EXIT if reduces else Purpose.ENTRY,
        quantity=near(largest, symbol.step_size, 100),
        price=price,
        trigger_price=trigger,
        time_in_force=TimeInForce.GTC if kind in LIMITED else None,
        reduce_only=reduces,
    )


def refusal_of(core: VenueCore, approved: ApprovedOrder) -> int | None:
    """Return the code by which a filter refuses an order; what account or book say is not asked for here."""
    parameters: dict[str, Any] = request.order_parameters(approved)
    try:
        if approved.intent.order_type.is_conditional:
            core.place_algo(parameters, 1)
        else:
            core.test_order(parameters, 1)
    except VenueRefusal as refusal:
        return refusal.code if refusal.code in FILTERS else None
    return None


@pytest.mark.parametrize("kinds", [TYPES, (OrderType.MARKET,), LIMITED[1:]], ids=["all", "market", "triggered limit"])
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_nothing_that_the_gate_lets_through_is_refused_by_a_filter(
    specs: dict[str, SymbolSpec], kinds: tuple[OrderType, ...], data: st.DataObject
) -> None:
    spec = specs[data.draw(st.sampled_from(sorted(specs)))]
    symbol = as_read(spec)
    low, high = spec.min_price * 2, min(spec.max_price / 2, spec.min_price * 10**6)
    mark = low + (high - low) * (Decimal(data.draw(st.integers(0, 10**6))) / 10**6) ** 4
    intent = data.draw(wishes(symbol, mark, kinds))
    held = -intent.side.sign * (intent.quantity or Decimal(1)) if intent.reduce_only else Decimal(0)
    context = make_risk_context(
        symbol=symbol.symbol,
        rules=symbol,
        mark_price=mark,
        last_price=mark,
        position=make_position(held, symbol=symbol.symbol) if held else None,
    )
    approved = RiskGate(RiskLimits(), "tg1", 1).review(intent, context)
    if not isinstance(approved, ApprovedOrder):
        nearest = approved.nearest
        if nearest is not None and approved.code in ("off_step", "below_min_quantity", "above_max_quantity"):
            assert (nearest / symbol.step_size) % 1 == 0
        return
    moved = mark * (1 - MARK_MARGIN) if intent.order_type is OrderType.MARKET else mark
    assert refusal_of(venue_of(spec, moved), approved) is None, approved


def test_most_of_what_is_on_the_steps_passes(specs: dict[str, SymbolSpec]) -> None:
    """The property above would hold of a gate that lets nothing through."""
    for spec in specs.values():
        symbol = as_read(spec)
        mark = min(spec.min_price * 1000, spec.max_price / 2)
        quantity = snap(max(symbol.min_notional * 2 / mark, symbol.min_quantity), symbol.step_size, ROUND_CEILING)
        intent = make_intent(symbol=symbol.symbol, quantity=quantity, price=symbol.snap_price(mark))
        context = make_risk_context(symbol=symbol.symbol, rules=symbol, mark_price=mark, last_price=mark)
        gate = RiskGate(RiskLimits(), "tg1", 1)
        market = replace(intent, order_type=OrderType.MARKET, price=None, time_in_force=None)
        for wish in (intent, market):
            approved = gate.review(wish, context)
            assert isinstance(approved, ApprovedOrder), (symbol.symbol, approved)
            assert refusal_of(venue_of(spec, mark), approved) is None
