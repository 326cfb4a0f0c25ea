"""The account's requests answered as the venue answers them: orders, balances, positions, income."""

from collections.abc import Sequence

from trader_gui.simulated_exchange.records import (
    AlgoRow,
    Bracket,
    IncomeEntry,
    OrderRow,
    TradeRow,
)
from trader_gui.simulated_exchange.views import (
    AccountView,
    AssetView,
    CommissionView,
    PositionView,
    SymbolConfigView,
)
from trader_gui.simulated_exchange.wire import Json, text
from trader_gui.simulated_exchange.wire_user import STP_MODE, actual_order_id, average

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
    row |= {"avgPrice": average(order), "cumQuote": text(order.cum_quote), "time": order.time_ms}
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
    row = algo_reply(algo) | {"actualOrderId": actual_order_id(algo), "actualPrice": text(algo.actual_price)}
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
