"""Own orders, executions and the account to the venue's user events (section 4)."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from trader_gui.simulated_exchange.account import ASSET
from trader_gui.simulated_exchange.margin import cut
from trader_gui.simulated_exchange.records import (
    AccountEvent,
    AlgoEvent,
    AlgoRow,
    AssetModeEvent,
    BookChange,
    CalledPosition,
    LeverageEvent,
    MarginCallEvent,
    OrderEvent,
    OrderRow,
    PositionState,
    TradeRow,
    VenueEvent,
)
from trader_gui.simulated_exchange.wire import Json, text
from trader_gui.simulated_exchange.wire_amount import bare_money, money, price

ZERO = Decimal(0)


def average(value: Decimal) -> str:
    """Return an average fill price cut to 8 decimals, "0" while unfilled."""
    return text(cut(value)) if value else "0"


# ---- user events -----------------------------------------------------------------------------------------------------


def user_events(events: Iterable[VenueEvent], time_ms: int) -> Iterator[Json]:
    """Yield the user stream's events in the venue's order; changes of the public book are left out.

    The core gives a fill's account event right before its order event; TRADE_LITE, which tells of the same fill, goes
    before both.
    """
    of_fill: AccountEvent | None = None
    for event in events:
        if isinstance(event, BookChange):
            continue
        if isinstance(event, AccountEvent) and event.reason == "ORDER":
            of_fill = event
            continue
        if isinstance(event, OrderEvent) and event.trade is not None:
            yield _trade_lite(event.order, event.trade, time_ms)
        if of_fill is not None:
            yield _account_update(of_fill, time_ms)
            of_fill = None
        yield _plain_event(event, time_ms)
    if of_fill is not None:
        yield _account_update(of_fill, time_ms)


def _plain_event(
    event: OrderEvent | AlgoEvent | AccountEvent | LeverageEvent | AssetModeEvent | MarginCallEvent, time_ms: int
) -> Json:
    if isinstance(event, OrderEvent):
        return _order_trade_update(event, time_ms)
    if isinstance(event, AccountEvent):
        return _account_update(event, time_ms)
    if isinstance(event, AlgoEvent):
        return _algo_update(event, time_ms)
    if isinstance(event, LeverageEvent):
        change = {"s": event.symbol, "l": event.leverage}
        return {"e": "ACCOUNT_CONFIG_UPDATE", "E": time_ms, "T": event.time_ms, "ac": change}
    if isinstance(event, AssetModeEvent):
        mode = {"j": event.is_multi_assets}
        return {"e": "ACCOUNT_CONFIG_UPDATE", "E": time_ms, "T": event.time_ms, "ai": mode}
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
        "ap": average(order.avg_price),
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
        "b": text(event.bid_notional or ZERO),
        "a": text(event.ask_notional or ZERO),
        "m": trade.is_maker if trade else False,
        "R": order.reduce_only,
        "wt": order.working_type,
        "ot": order.orig_type or order.order_type,
        "ps": order.position_side,
        "cp": order.close_position,
        "rp": text(trade.realized_pnl) if trade else "0",
        "pP": order.price_protect,
        "si": 0,
        "ss": 0,
        "V": order.stp_mode,
        "pm": order.price_match,
        "gtd": order.good_till_date_ms,
        "er": event.expiry_reason,
    }
    if order.callback_rate is not None:
        fields |= {"AP": optional(order.activate_price), "cr": text(order.callback_rate)}
    if event.modify_id is not None:
        fields["M"] = str(event.modify_id)
    return {"e": "ORDER_TRADE_UPDATE", "E": time_ms, "T": event.time_ms, "o": fields}


def _position_state(state: PositionState) -> Json:
    return {
        "s": state.symbol,
        "pa": text(state.position_amount),
        "ep": price(state.entry_price),
        "bep": price(state.break_even_price),
        "cr": bare_money(state.accumulated_realized),
        "up": bare_money(state.unrealized_pnl),
        "mt": "isolated" if state.margin_type == "ISOLATED" else "cross",
        "iw": bare_money(state.isolated_wallet),
        "ps": state.position_side,
        "ma": ASSET,
    }


def _account_update(event: AccountEvent, time_ms: int) -> Json:
    balances = [
        {
            "a": state.asset,
            "wb": money(state.wallet_balance),
            "cw": money(state.cross_wallet_balance),
            "bc": bare_money(state.balance_change),
        }
        for state in event.balances
    ]
    positions = [_position_state(state) for state in event.positions]
    update: Json = {"m": event.reason, "B": balances, "P": positions}
    if event.symbol:
        update["S"] = event.symbol
    return {"e": "ACCOUNT_UPDATE", "E": time_ms, "T": event.time_ms, "a": update}


def _margin_call(event: MarginCallEvent, time_ms: int) -> Json:
    call: Json = {"e": "MARGIN_CALL", "E": time_ms, "p": [_called_position(called) for called in event.positions]}
    if event.cross_wallet_balance is not None:
        call["cw"] = money(event.cross_wallet_balance)
    return call


def _called_position(called: CalledPosition) -> Json:
    state = called.position
    return {
        "s": state.symbol,
        "ps": state.position_side,
        "pa": text(state.position_amount),
        "mt": state.margin_type,
        "iw": bare_money(state.isolated_wallet),
        "mp": money(called.mark_price),
        "up": money(state.unrealized_pnl),
        "mm": money(called.maint_margin),
    }


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
        "ap": average(algo.actual_price),
        "aq": text(algo.actual_qty),
        "act": algo.actual_type or "0",
        "tp": text(algo.trigger_price),
        "p": text(algo.price),
        "V": algo.stp_mode,
        "wt": algo.working_type,
        "pm": algo.price_match,
        "cp": algo.close_position,
        "pP": algo.price_protect,
        "R": algo.reduce_only,
        "tt": algo.trigger_time_ms,
        "gtd": algo.good_till_date_ms,
    }
    if algo.callback_rate is not None:
        fields["ia"] = algo.is_activated
    if algo.reason:
        fields["rm"] = algo.reason
    return {"e": "ALGO_UPDATE", "T": event.time_ms, "E": time_ms, "o": fields}


def optional(value: Decimal | None) -> str:
    """Return a number that an order may lack, "" when it does."""
    return "" if value is None else text(value)


def actual_order_id(algo: AlgoRow) -> str:
    """Return the id of the order that a trigger made, "" before."""
    return "" if algo.actual_order_id is None else str(algo.actual_order_id)
