"""The gate's rules for the exits of an entry: judged with it, before anything is sent.

Codes: `exits_not_opening`, and for stop and target each `..._incomplete`, `..._off_tick`, `..._out_of_range`,
`..._wrong_side`; beside those of `rules` for the size, which stop and target have as orders without a limit price.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from msgspec.structs import replace

from trader_gui.domain.exit_level import ExitLevel
from trader_gui.domain.order import OrderIntent, OrderType, Side
from trader_gui.domain.step import Refusal
from trader_gui.domain.symbol import SymbolRules, is_multiple
from trader_gui.risk.rules import RiskContext, check_quantity, is_opening


class _Codes(NamedTuple):
    incomplete: str
    off_tick: str
    out_of_range: str
    wrong_side: str


STOP_CODES = _Codes("stop_incomplete", "stop_off_tick", "stop_out_of_range", "stop_wrong_side")
TARGET_CODES = _Codes("target_incomplete", "target_off_tick", "target_out_of_range", "target_wrong_side")


def check_exits(intent: OrderIntent, context: RiskContext) -> Refusal | None:
    """Stop and target lie on the tick, on the right side of the entry, and are of a size that the venue takes."""
    if not intent.has_exits:
        return None
    if not _leaves_position(intent, context):
        return Refusal("exits_not_opening")
    refusal = check_quantity(replace(intent, order_type=OrderType.STOP_MARKET), context)
    if refusal is not None:
        return refusal
    entry_price = _entry_price(intent, context)
    if entry_price is None:
        return Refusal("no_price")
    sign = intent.side.sign
    for level, way, codes in ((intent.stop, -sign, STOP_CODES), (intent.target, sign, TARGET_CODES)):
        refusal = None if level is None else refuse_level(level, way, entry_price, context.rules, codes)
        if refusal is not None:
            return refusal
    return None


def refuse_level(level: ExitLevel, way: int, entry_price: Decimal, rules: SymbolRules, codes: _Codes) -> Refusal | None:
    """Return what is wrong with an exit.

    Args:
        level: Of the exit.
        way: +1 when it has to lie above the entry, -1 below.
        entry_price: What the entry is expected to trade at.
        rules: Of the symbol.
        codes: Of the exit.
    """
    values = [value for value in (level.price, level.distance) if value is not None]
    if len(values) != 1 or not values[0].is_finite() or values[0] <= 0:
        return Refusal(codes.incomplete)
    if not is_multiple(values[0], rules.tick_size):
        return Refusal(codes.off_tick, f"{rules.tick_size:f}", rules.snap_price(values[0], ROUND_HALF_UP))
    price = rules.snap_price(level.at(entry_price, way))
    if price <= 0 or price < rules.min_price or (rules.max_price and price > rules.max_price):
        return Refusal(codes.out_of_range)
    if (price - entry_price) * way <= 0:
        beyond = rules.snap_price(entry_price, ROUND_FLOOR if way > 0 else ROUND_CEILING) + way * rules.tick_size
        return Refusal(codes.wrong_side, f"{entry_price:f}", beyond if beyond > 0 else None)
    return None


def _leaves_position(intent: OrderIntent, context: RiskContext) -> bool:
    """Tell whether the order, once filled, leaves a position on its own side."""
    held = context.amount_of(intent.position_side) * intent.side.sign
    return is_opening(intent) and intent.quantity is not None and held + intent.quantity > 0


def _entry_price(intent: OrderIntent, context: RiskContext) -> Decimal | None:
    """Return what an order is expected to trade at: its trigger, its limit, or the market where that is better."""
    touch = context.best_ask if intent.side is Side.BUY else context.best_bid
    market = touch if touch is not None else context.last_price
    if intent.order_type.is_conditional:
        return intent.trigger_price or intent.activation_price or market
    if intent.price is None or market is None:
        return intent.price or market
    return min(intent.price, market) if intent.side is Side.BUY else max(intent.price, market)
