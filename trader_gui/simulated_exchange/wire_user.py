"""Own orders, executions and the account to the venue's JSON: user events (section 4) and replies (5.4, 5.5, 6.3)."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from trader_gui.simulated_exchange.records import (
    AccountEvent,
    AlgoEvent,
    AlgoRow,
    BookChange,
    Bracket,
    IncomeEntry,
    LeverageEvent,
    MarginCallEvent,
    OrderEvent,
    OrderRow,
    PositionState,
    TradeRow,
    VenueEvent,
)
from trader_gui.simulated_exchange.views import (
    AccountView,
    AssetView,
    CommissionView,
    PositionView,
    SymbolConfigView,
)
from trader_gui.simulated_exchange.wire import Json, text

EIGHT_PLACES = Decimal("0.00000001")
STP_MODE = "EXPIRE_MAKER"


def _average(order: OrderRow) -> str:
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
        "ap": _average(order),
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
        "ai": _actual_order_id(algo),
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


def _actual_order_id(algo: AlgoRow) -> str:
    return "" if algo.actual_order_id is None else str(algo.actual_order_id)


# ---- replies: orders -------------------------------------------------------------------------------------------------


def order_reply(order: OrderRow) -> Json:
    """Return the reply of POST, PUT and DELETE order: without average price and quote sums, as since mid-2026."""
    return {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": order.status,
        "clientOrderId": order.client_order_id,
        "price": text(order.price),
        "origQty": text(order.orig_qty),
        "executedQty": text(order.executed_qty),
        "cumQty": text(order.executed_qty),
        "timeInForce": order.time_in_force,
        "type": order.order_type,
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side,
        "positionSide": order.position_side,
        "stopPrice": text(order.stop_price),
        "workingType": order.working_type,
        "priceProtect": False,
        "origType": order.orig_type or order.order_type,
        "priceMatch": "NONE",
        "selfTradePreventionMode": STP_MODE,
        "goodTillDate": order.good_till_date_ms,
        "updateTime": order.update_time_ms,
    }


def order_row(order: OrderRow) -> Json:
    """Return an order as the query endpoints give it."""
    row = order_reply(order)
    del row["cumQty"]
    row |= {"avgPrice": _average(order), "cumQuote": text(order.cum_quote), "time": order.time_ms}
    return row


def acknowledged(order: OrderRow) -> Json:
    """Return the reply with newOrderRespType ACK: as accepted, whatever happened at once."""
    return order_reply(order) | {"status": "NEW", "executedQty": "0", "cumQty": "0"}


def algo_reply(algo: AlgoRow) -> Json:
    """Return the reply of POST algoOrder."""
    return {
        "algoId": algo.algo_id,
        "clientAlgoId": algo.client_algo_id,
        "algoType": "CONDITIONAL",
        "orderType": algo.order_type,
        "symbol": algo.symbol,
        "side": algo.side,
        "positionSide": algo.position_side,
        "timeInForce": algo.time_in_force,
        "quantity": text(algo.quantity),
        "algoStatus": algo.algo_status,
        "triggerPrice": text(algo.trigger_price),
        "price": text(algo.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": STP_MODE,
        "workingType": algo.working_type,
        "priceMatch": "NONE",
        "closePosition": algo.close_position,
        "priceProtect": algo.price_protect,
        "reduceOnly": algo.reduce_only,
        "activatePrice": "",
        "callbackRate": "",
        "createTime": algo.create_time_ms,
        "updateTime": algo.update_time_ms,
        "triggerTime": algo.trigger_time_ms,
        "goodTillDate": 0,
    }


def algo_row(algo: AlgoRow) -> Json:
    """Return a conditional order as the query endpoints give it."""
    row = algo_reply(algo) | {"actualOrderId": _actual_order_id(algo), "actualPrice": text(algo.actual_price)}
    if algo.actual_order_id is not None:
        row |= {"actualType": algo.actual_type, "actualQty": text(algo.actual_qty)}
    return row


def algo_cancel_reply(algo: AlgoRow) -> Json:
    """Return the reply of DELETE algoOrder; its code is a string, unlike anywhere else."""
    return {"algoId": algo.algo_id, "clientAlgoId": algo.client_algo_id, "code": "200", "msg": "success"}


def user_trade(trade: TradeRow) -> Json:
    """Return a row of userTrades; the commission is positive when paid."""
    return {
        "buyer": trade.side == "BUY",
        "commission": text(trade.commission),
        "commissionAsset": trade.commission_asset,
        "id": trade.trade_id,
        "maker": trade.is_maker,
        "orderId": trade.order_id,
        "price": text(trade.price),
        "qty": text(trade.qty),
        "quoteQty": text(trade.price * trade.qty),
        "baseQty": text(trade.qty),
        "marginAsset": trade.commission_asset,
        "realizedPnl": text(trade.realized_pnl),
        "side": trade.side,
        "positionSide": "BOTH",
        "symbol": trade.symbol,
        "pair": trade.symbol,
        "time": trade.time_ms,
    }


# ---- replies: account ------------------------------------------------------------------------------------------------


def account_reply(view: AccountView) -> Json:
    """Return account v3; in single-asset mode the totals are USDT's."""
    asset = view.asset
    return {
        "totalInitialMargin": text(asset.initial_margin),
        "totalMaintMargin": text(asset.maint_margin),
        "totalWalletBalance": text(asset.wallet_balance),
        "totalUnrealizedProfit": text(asset.unrealized_profit),
        "totalMarginBalance": text(asset.margin_balance),
        "totalPositionInitialMargin": text(asset.position_initial_margin),
        "totalOpenOrderInitialMargin": text(asset.open_order_initial_margin),
        "totalCrossWalletBalance": text(asset.cross_wallet_balance),
        "totalCrossUnPnl": text(asset.cross_unrealized),
        "availableBalance": text(asset.available_balance),
        "maxWithdrawAmount": text(asset.max_withdraw_amount),
        "assets": [_account_asset(asset)],
        "positions": [_account_position(position) for position in view.positions],
    }


def _account_asset(asset: AssetView) -> Json:
    return {
        "asset": asset.asset,
        "walletBalance": text(asset.wallet_balance),
        "unrealizedProfit": text(asset.unrealized_profit),
        "marginBalance": text(asset.margin_balance),
        "maintMargin": text(asset.maint_margin),
        "initialMargin": text(asset.initial_margin),
        "positionInitialMargin": text(asset.position_initial_margin),
        "openOrderInitialMargin": text(asset.open_order_initial_margin),
        "crossWalletBalance": text(asset.cross_wallet_balance),
        "crossUnPnl": text(asset.cross_unrealized),
        "availableBalance": text(asset.available_balance),
        "maxWithdrawAmount": text(asset.max_withdraw_amount),
        "updateTime": asset.update_time_ms,
    }


def _account_position(position: PositionView) -> Json:
    return {
        "symbol": position.symbol,
        "positionSide": position.position_side,
        "positionAmt": text(position.position_amount),
        "unrealizedProfit": text(position.unrealized_profit),
        "isolatedMargin": text(position.isolated_margin),
        "notional": text(position.notional),
        "isolatedWallet": text(position.isolated_wallet),
        "initialMargin": text(position.initial_margin),
        "maintMargin": text(position.maint_margin),
        "updateTime": position.update_time_ms,
    }


def balance_row(asset: AssetView) -> Json:
    """Return a row of balance v3."""
    return {
        "accountAlias": "simulated",
        "asset": asset.asset,
        "balance": text(asset.wallet_balance),
        "crossWalletBalance": text(asset.cross_wallet_balance),
        "crossUnPnl": text(asset.cross_unrealized),
        "availableBalance": text(asset.available_balance),
        "maxWithdrawAmount": text(asset.max_withdraw_amount),
        "marginAvailable": True,
        "updateTime": asset.update_time_ms,
    }


def position_row(position: PositionView) -> Json:
    """Return a row of positionRisk v3: no leverage, no margin type."""
    return {
        "symbol": position.symbol,
        "positionSide": position.position_side,
        "positionAmt": text(position.position_amount),
        "entryPrice": text(position.entry_price),
        "breakEvenPrice": text(position.break_even_price),
        "markPrice": text(position.mark_price),
        "unRealizedProfit": text(position.unrealized_profit),
        "liquidationPrice": text(position.liquidation_price),
        "isolatedMargin": text(position.isolated_margin),
        "notional": text(position.notional),
        "marginAsset": position.margin_asset,
        "isolatedWallet": text(position.isolated_wallet),
        "initialMargin": text(position.initial_margin),
        "maintMargin": text(position.maint_margin),
        "positionInitialMargin": text(position.position_initial_margin),
        "openOrderInitialMargin": text(position.open_order_initial_margin),
        "adl": position.adl,
        "bidNotional": text(position.bid_notional),
        "askNotional": text(position.ask_notional),
        "updateTime": position.update_time_ms,
    }


def symbol_config_row(config: SymbolConfigView) -> Json:
    """Return a row of symbolConfig."""
    return {
        "symbol": config.symbol,
        "marginType": config.margin_type,
        "isAutoAddMargin": config.is_auto_add_margin,
        "leverage": config.leverage,
        "maxNotionalValue": text(config.max_notional_value),
    }


def bracket_row(symbol: str, brackets: Sequence[Bracket]) -> Json:
    """Return a row of leverageBracket; its numbers are JSON numbers."""
    return {
        "symbol": symbol,
        "notionalCoef": 1.0,
        "brackets": [
            {
                "bracket": bracket.bracket,
                "initialLeverage": bracket.initial_leverage,
                "notionalCap": int(bracket.notional_cap),
                "notionalFloor": int(bracket.notional_floor),
                "maintMarginRatio": float(bracket.maint_margin_ratio),
                "cum": float(bracket.cum),
            }
            for bracket in brackets
        ],
    }


def commission_reply(commission: CommissionView) -> Json:
    """Return the reply of commissionRate."""
    return {
        "symbol": commission.symbol,
        "makerCommissionRate": text(commission.maker),
        "takerCommissionRate": text(commission.taker),
        "rpiCommissionRate": text(commission.maker),
    }


def income_row(entry: IncomeEntry) -> Json:
    """Return a row of income."""
    return {
        "symbol": entry.symbol,
        "incomeType": entry.income_type,
        "income": text(entry.income),
        "asset": entry.asset,
        "info": entry.info,
        "time": entry.time_ms,
        "tranId": entry.tran_id,
        "tradeId": entry.trade_id,
    }
