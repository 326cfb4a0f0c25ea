"""The account's requests answered as the venue answers them: balances, positions, settings, income.

Amounts as the venue writes them: balances and profits with 8 decimals, margins and notionals too but a zero as "0",
prices without needless zeros. All are cut, never rounded.
"""

from collections.abc import Iterable, Sequence

from trader_gui.simulated_exchange.records import Bracket, IncomeEntry, MarginChange, OrderRow
from trader_gui.simulated_exchange.views import (
    AccountView,
    AssetView,
    CommissionView,
    ModesView,
    PositionView,
    SymbolConfigView,
)
from trader_gui.simulated_exchange.wire import Json, text
from trader_gui.simulated_exchange.wire_amount import bare_money, money, price
from trader_gui.simulated_exchange.wire_order import order_row

_ALIAS = "SgsR"
_SYMBOL_LIMITS = (("UFR", 0.995), ("IFER", 0.99), ("GCR", 0.99), ("DR", 0.99))


def account_reply(view: AccountView) -> Json:
    """Return account v3."""
    positions = [_account_position(position) for position in view.positions]
    return _totals(view.asset) | {"assets": [_account_asset(view.asset)], "positions": positions}


def account_v2_reply(view: AccountView) -> Json:
    """Return account v2."""
    modes = view.modes
    return {
        "feeTier": modes.fee_tier,
        "feeBurn": modes.is_fee_burn_on,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "updateTime": 0,
        "multiAssetsMargin": modes.is_multi_assets,
        "tradeGroupId": -1,
        **_totals(view.asset),
        "assets": [_account_asset(view.asset) | {"marginAvailable": True}],
        "positions": [_account_position_v2(position) for position in view.positions],
    }


def config_reply(modes: ModesView) -> Json:
    """Return accountConfig."""
    return {
        "feeTier": modes.fee_tier,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": modes.is_hedge,
        "updateTime": 0,
        "multiAssetsMargin": modes.is_multi_assets,
        "tradeGroupId": -1,
    }


def _totals(asset: AssetView) -> Json:
    """Return the totals: USDT's; in multi-assets mode their value in USD, which is the same."""
    return {
        "totalInitialMargin": money(asset.initial_margin),
        "totalMaintMargin": money(asset.maint_margin),
        "totalWalletBalance": money(asset.wallet_balance),
        "totalUnrealizedProfit": money(asset.unrealized_profit),
        "totalMarginBalance": money(asset.margin_balance),
        "totalPositionInitialMargin": money(asset.position_initial_margin),
        "totalOpenOrderInitialMargin": money(asset.open_order_initial_margin),
        "totalCrossWalletBalance": money(asset.cross_wallet_balance),
        "totalCrossUnPnl": money(asset.cross_unrealized),
        "availableBalance": money(asset.available_balance),
        "maxWithdrawAmount": money(asset.max_withdraw_amount),
    }


def _account_asset(asset: AssetView) -> Json:
    return {
        "asset": asset.asset,
        "walletBalance": money(asset.wallet_balance),
        "unrealizedProfit": money(asset.unrealized_profit),
        "marginBalance": money(asset.margin_balance),
        "maintMargin": money(asset.maint_margin),
        "initialMargin": money(asset.initial_margin),
        "positionInitialMargin": money(asset.position_initial_margin),
        "openOrderInitialMargin": money(asset.open_order_initial_margin),
        "crossWalletBalance": money(asset.cross_wallet_balance),
        "crossUnPnl": money(asset.cross_unrealized),
        "availableBalance": money(asset.available_balance),
        "maxWithdrawAmount": money(asset.max_withdraw_amount),
        "updateTime": asset.update_time_ms,
    }


def _account_position(position: PositionView) -> Json:
    return {
        "symbol": position.symbol,
        "positionSide": position.position_side,
        "positionAmt": text(position.position_amount),
        "unrealizedProfit": money(position.unrealized_profit),
        "isolatedMargin": bare_money(position.isolated_margin),
        "notional": bare_money(position.notional),
        "isolatedWallet": bare_money(position.isolated_wallet),
        "initialMargin": bare_money(position.initial_margin),
        "maintMargin": bare_money(position.maint_margin),
        "updateTime": position.update_time_ms,
    }


def _account_position_v2(position: PositionView) -> Json:
    """Return a row of account v2; `notional` and `isolatedWallet` are in recorded answers, not on the venue's page."""
    return {
        "symbol": position.symbol,
        "initialMargin": bare_money(position.initial_margin),
        "maintMargin": bare_money(position.maint_margin),
        "unrealizedProfit": money(position.unrealized_profit),
        "positionInitialMargin": bare_money(position.position_initial_margin),
        "openOrderInitialMargin": bare_money(position.open_order_initial_margin),
        "leverage": str(position.leverage),
        "isolated": position.margin_type == "ISOLATED",
        "entryPrice": price(position.entry_price),
        "maxNotional": text(position.max_notional_value),
        "bidNotional": bare_money(position.bid_notional),
        "askNotional": bare_money(position.ask_notional),
        "positionSide": position.position_side,
        "positionAmt": text(position.position_amount),
        "notional": bare_money(position.notional),
        "isolatedWallet": bare_money(position.isolated_wallet),
        "updateTime": position.update_time_ms,
    }


def balance_row(asset: AssetView) -> Json:
    """Return a row of balance v2 and v3."""
    return {
        "accountAlias": _ALIAS,
        "asset": asset.asset,
        "balance": money(asset.wallet_balance),
        "crossWalletBalance": money(asset.cross_wallet_balance),
        "crossUnPnl": money(asset.cross_unrealized),
        "availableBalance": money(asset.available_balance),
        "maxWithdrawAmount": money(asset.max_withdraw_amount),
        "marginAvailable": True,
        "updateTime": asset.update_time_ms,
    }


def position_row(position: PositionView) -> Json:
    """Return a row of positionRisk v3: no leverage, no margin type."""
    return {
        "symbol": position.symbol,
        "positionSide": position.position_side,
        "positionAmt": text(position.position_amount),
        "entryPrice": price(position.entry_price),
        "breakEvenPrice": price(position.break_even_price),
        "markPrice": money(position.mark_price),
        "unRealizedProfit": money(position.unrealized_profit),
        "liquidationPrice": _liquidation_price(position),
        "isolatedMargin": bare_money(position.isolated_margin),
        "notional": bare_money(position.notional),
        "marginAsset": position.margin_asset,
        "isolatedWallet": bare_money(position.isolated_wallet),
        "initialMargin": bare_money(position.initial_margin),
        "maintMargin": bare_money(position.maint_margin),
        "positionInitialMargin": bare_money(position.position_initial_margin),
        "openOrderInitialMargin": bare_money(position.open_order_initial_margin),
        "adl": position.adl,
        "bidNotional": bare_money(position.bid_notional),
        "askNotional": bare_money(position.ask_notional),
        "updateTime": position.update_time_ms,
    }


def position_v2_row(position: PositionView) -> Json:
    """Return a row of positionRisk v2."""
    return {
        "entryPrice": price(position.entry_price),
        "breakEvenPrice": price(position.break_even_price),
        "marginType": "isolated" if position.margin_type == "ISOLATED" else "cross",
        "isAutoAddMargin": "false",
        "isolatedMargin": money(position.isolated_margin),
        "leverage": str(position.leverage),
        "liquidationPrice": _liquidation_price(position),
        "markPrice": money(position.mark_price),
        "maxNotionalValue": text(position.max_notional_value),
        "positionAmt": text(position.position_amount),
        "notional": bare_money(position.notional),
        "isolatedWallet": bare_money(position.isolated_wallet),
        "symbol": position.symbol,
        "unRealizedProfit": money(position.unrealized_profit),
        "positionSide": position.position_side,
        "updateTime": position.update_time_ms,
    }


def _liquidation_price(position: PositionView) -> str:
    return price(position.liquidation_price) if position.liquidation_price else "0"


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
        "income": money(entry.income),
        "asset": entry.asset,
        "info": entry.info,
        "time": entry.time_ms,
        "tranId": entry.tran_id,
        "tradeId": entry.trade_id,
    }


def margin_change_row(change: MarginChange) -> Json:
    """Return a row of positionMargin/history."""
    return {
        "symbol": change.symbol,
        "type": change.change_type,
        "deltaType": change.delta_type,
        "amount": money(change.amount),
        "asset": change.asset,
        "time": change.time_ms,
        "positionSide": change.position_side,
    }


def forced_order_row(order: OrderRow) -> Json:
    """Return a row of forceOrders: a LIMIT IOC order, as the venue shows it."""
    return order_row(order) | {"type": "LIMIT", "origType": "LIMIT"}


def adl_row(symbol: str, positions: Iterable[PositionView], *, is_hedge: bool) -> Json:
    """Return a row of adlQuantile; in cross hedge mode HEDGE is only a sign."""
    rows = list(positions)
    quantiles = {"LONG": 0, "SHORT": 0}
    for row in rows:
        quantiles[row.position_side] = row.adl
    crossed = is_hedge and all(row.margin_type == "CROSSED" for row in rows)
    quantiles.setdefault("HEDGE" if crossed else "BOTH", 0)
    return {"symbol": symbol, "adlQuantile": quantiles}


def trading_status_reply(symbols: Iterable[str], now_ms: int) -> Json:
    """Return apiTradingStatus: every indicator at rest."""
    indicators = {symbol: [_indicator(name, limit) for name, limit in _SYMBOL_LIMITS] for symbol in symbols}
    return {"indicators": indicators | {"ACCOUNT": [_indicator("TMV", 10)]}, "updateTime": now_ms}


def _indicator(name: str, limit: float) -> Json:
    return {"isLocked": False, "plannedRecoverTime": 0, "indicator": name, "value": 0, "triggerValue": limit}
