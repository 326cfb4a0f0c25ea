"""What of a session's brackets does not hold: too little, too much, or left over."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from trader_gui.domain.order import OrderFamily, Side
from trader_gui.rt_trader.trader import RtTrader
from trader_gui.simulated_exchange.core import VenueCore

_ZERO = Decimal(0)


class Exit(NamedTuple):
    """A conditional order that rests."""

    client_order_id: str
    side: str
    order_type: str
    quantity: Decimal


def exits_at(core: VenueCore, symbol: str) -> list[Exit]:
    """Return what rests at the exchange."""
    return [Exit(o.client_algo_id, o.side, o.order_type, o.quantity) for o in core.open_algo_orders(symbol)]


def exits_known(trader: RtTrader) -> list[Exit]:
    """Return what the program knows to rest."""
    orders = trader.callback.orders.open_orders(trader.symbol)
    conditional = [o for o in orders if o.order_family is OrderFamily.ALGO]
    return [Exit(o.client_order_id, o.side.value, o.order_type.value, o.quantity) for o in conditional]


def bracket_findings(trader: RtTrader, exits: Iterable[Exit]) -> Iterator[str]:
    """Yield what is wrong, one line each; in a market that moves it may be so for a moment."""
    callback, brackets = trader.callback, trader.callback.brackets
    is_halted = brackets.finding.cause == "not_trading"  # then nobody can do anything
    if brackets.finding.needs_care and not is_halted:
        yield f"a bracket has no stop: {brackets.finding.cause or brackets.finding.state}"
    owned = [row for row in exits if brackets.owner_of(row.client_order_id)]
    alive = {name for record in brackets.records for name in record.orders}
    for row in owned:
        if row.client_order_id not in alive:
            yield f"{row.client_order_id} {row.order_type} {row.quantity} is left of a bracket that is over"
    position = callback.account.position(trader.symbol)
    amount = position.position_amount if position is not None else _ZERO
    for side in Side:
        records = [r for r in brackets.records if r.side is side and r.symbol == trader.symbol]
        for name, kind in (("stop", "STOP_MARKET"), ("target", "TAKE_PROFIT_MARKET")):
            held = sum((record.held for record in records if getattr(record, name) is not None), _ZERO)
            there = sum((r.quantity for r in owned if (r.side, r.order_type) == (side.opposite.value, kind)), _ZERO)
            is_little = name == "stop" and not is_halted and there < held <= amount * side.sign
            if is_little or there > min(held, max(amount * side.sign, _ZERO)):
                yield f"{there} of {kind} rest for brackets that hold {held} of {amount}"
