"""Own orders, executions and the account to the venue's user events (section 4)."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from trader_gui.simulated_exchange.records import (
    AccountEvent,
    AlgoEvent,
    AlgoRow,
    BookChange,
    LeverageEvent,
    MarginCallEvent,
    OrderEvent,
    OrderRow,
    PositionState,
    TradeRow,
    VenueEvent,
)
from trader_gui.simulated_exchange.wire import Json, text

EIGHT_PLACES = Decimal("0.00000001")
STP_MODE = "EXPIRE_MAKER"


def average(order: OrderRow) -> str:
    """Return the average fill price as the venue writes it, "0" while unfilled."""
    return text(order.avg_price.quantize(EIGHT_PLACES)) if order.executed_qty else "0"


# ---- user events -----------------------------------------------------------------------------------------------------


def user_events(events: Iterable[VenueEvent], time_ms: int) -> Iterator[Json]:
    """Yield the user stream's events in the venue's order; changes of the public book are left out.

    The core gives the account event before the fill's order event; TRADE_LITE, which tells of the same fill, goes
    before both.
    """
    waiting: list[Json] = []
    for event in events:
        if isinstance(event, BookChange):
            continue
        if isinstance(event, AccountEvent):
            waiting.append(_account_update(event, time_ms))
            continue
        if isinstance(event, OrderEvent) and event.trade is not None:
            yield _trade_lite(event.order, event.trade, time_ms)
        yield from waiting
        waiting.clear()
        yield _plain_event(event, time_ms)
    yield from waiting


def _plain_event(event: OrderEvent | AlgoEvent | LeverageEvent | MarginCallEvent, time_ms: int) -> Json:
    if isinstance(event, OrderEvent):
        return _order_trade_update(event, time_ms)
    if isinstance(event, AlgoEvent):
        return _algo_update(event, time_ms)
    if isinstance(event, LeverageEvent):
        change = {"s": event.symbol, "l": event.leverage}
        return {"e": "ACCOUNT_CONFIG_UPDATE", "E": time_ms, "T": event.time_ms, "ac": change}
    return _margin_call(event, time_ms)


def _trade_lite(order: OrderRow, trade: TradeRow, time_ms: int) -> Json:
    return {
        "e": "TRADE_LITE",
        "E": time_ms,
        "T": trade.time_ms,
        "s": order.symbol,
        "q": text(order.orig_qty),
        "p": text(order.price),
        "m": trade.is_maker,
        "c": order.client_order_id,
        "S": order.side,
        "L": text(trade.price),
        "l": text(trade.qty),
        "t": trade.trade_id,
        "i": order.order_id,
    }


def _order_trade_update(event: OrderEvent, time_ms: int) -> Json:
    order, trade = event.order, event.trade
    fields: Json = {
        "s": order.symbol,
        "c": order.client_order_id,
        "S": order.side,
        "o": order.order_type,
        "f": order.time_in_force,
        "q": text(order.orig_qty),
        "p": text(order.price),
        "ap": average(order),
        "sp": text(order.stop_price),
        "x": event.execution_type,
        "X": order.status,
        "i": order.order_id,
        "l": text(trade.qty) if trade else "0",
        "z": text(order.executed_qty),
        "L": text(trade.price) if trade else "0",
    }
    if trade is not None:
        fields["n"] = text(trade.commission)
        fields["N"] = trade.commission_asset
    fields |= {
        "T": event.time_ms,
        "t": trade.trade_id if trade else 0,
        "b": "0",
        "a": "0",
        "m": trade.is_maker if trade else False,
        "R": order.reduce_only,
        "wt": order.working_type,
        "ot": order.orig_type or order.order_type,
        "ps": order.position_side,
        "cp": order.close_position,
        "rp": text(trade.realized_pnl) if trade else "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": STP_MODE,
        "pm": "NONE",
        "gtd": order.good_till_date_ms,
        "er": event.expiry_reason,
    }
    return {"e": "ORDER_TRADE_UPDATE", "E": time_ms, "T": event.time_ms, "o": fields}


def _position_state(state: PositionState) -> Json:
    return {
        "s": state.symbol,
        "pa": text(state.position_amount),
        "ep": text(state.entry_price),
        "bep": text(state.break_even_price),
        "cr": text(state.accumulated_realized),
        "up": text(state.unrealized_pnl),
        "mt": "isolated" if state.margin_type == "ISOLATED" else "cross",
        "iw": text(state.isolated_wallet),
        "ps": state.position_side,
    }


def _account_update(event: AccountEvent, time_ms: int) -> Json:
    balances = [
        {
            "a": state.asset,
            "wb": text(state.wallet_balance),
            "cw": text(state.cross_wallet_balance),
            "bc": text(state.balance_change),
        }
        for state in event.balances
    ]
    positions = [_position_state(state) for state in event.positions]
    return {
        "e": "ACCOUNT_UPDATE",
        "E": time_ms,
        "T": event.time_ms,
        "a": {"m": event.reason, "B": balances, "P": positions},
    }


def _margin_call(event: MarginCallEvent, time_ms: int) -> Json:
    state = event.position
    position = {
        "s": state.symbol,
        "ps": state.position_side,
        "pa": text(state.position_amount),
        "mt": state.margin_type,
        "iw": text(state.isolated_wallet),
        "mp": text(event.mark_price),
        "up": text(state.unrealized_pnl),
        "mm": text(event.maint_margin),
    }
    call: Json = {"e": "MARGIN_CALL", "E": time_ms, "p": [position]}
    if state.margin_type != "ISOLATED":
        call["cw"] = text(event.cross_wallet_balance)
    return call


def _algo_update(event: AlgoEvent, time_ms: int) -> Json:
    algo = event.algo
    fields: Json = {
        "caid": algo.client_algo_id,
        "aid": algo.algo_id,
        "at": "CONDITIONAL",
        "o": algo.order_type,
        "s": algo.symbol,
        "S": algo.side,
        "ps": algo.position_side,
        "f": algo.time_in_force,
        "q": text(algo.quantity),
        "X": algo.algo_status,
        "ai": actual_order_id(algo),
        "ap": text(algo.actual_price),
        "aq": text(algo.actual_qty),
        "act": algo.actual_type or "0",
        "tp": text(algo.trigger_price),
        "p": text(algo.price),
        "V": STP_MODE,
        "wt": algo.working_type,
        "pm": "NONE",
        "cp": algo.close_position,
        "pP": algo.price_protect,
        "R": algo.reduce_only,
        "tt": algo.trigger_time_ms,
        "gtd": 0,
    }
    if algo.reason:
        fields["rm"] = algo.reason
    return {"e": "ALGO_UPDATE", "T": event.time_ms, "E": time_ms, "o": fields}


def actual_order_id(algo: AlgoRow) -> str:
    """Return the id of the order that a trigger made, "" before."""
    return "" if algo.actual_order_id is None else str(algo.actual_order_id)
