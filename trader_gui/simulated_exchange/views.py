"""What the account endpoints answer, as plain records with every figure computed and cut to 8 decimals.

Field meaning follows the venue's account v3, balance v3, positionRisk v3 and symbolConfig; the server only spells it.
"""

from decimal import Decimal

import msgspec

from trader_gui.simulated_exchange import margin
from trader_gui.simulated_exchange.account import ASSET, Account
from trader_gui.simulated_exchange.margin import ZERO, cut
from trader_gui.simulated_exchange.position import Holding, Position
from trader_gui.simulated_exchange.records import SymbolSpec


class AssetView(msgspec.Struct, frozen=True):
    """USDT as account v3 and balance v3 show it. In single-asset mode these are the account's totals, too."""

    asset: str
    wallet_balance: Decimal
    unrealized_profit: Decimal
    margin_balance: Decimal
    maint_margin: Decimal
    initial_margin: Decimal
    position_initial_margin: Decimal
    open_order_initial_margin: Decimal
    cross_wallet_balance: Decimal
    cross_unrealized: Decimal
    available_balance: Decimal
    max_withdraw_amount: Decimal
    update_time_ms: int


class PositionView(msgspec.Struct, frozen=True):
    """One position as positionRisk v3 and account v3 show it; `notional` is signed like the amount.

    `isolated_margin` is the isolated wallet plus unrealised profit, 0 when crossed. `adl` is 1 with a position, else 0.
    """

    symbol: str
    position_side: str
    position_amount: Decimal
    entry_price: Decimal
    break_even_price: Decimal
    mark_price: Decimal
    unrealized_profit: Decimal
    liquidation_price: Decimal
    isolated_margin: Decimal
    isolated_wallet: Decimal
    notional: Decimal
    margin_asset: str
    initial_margin: Decimal
    maint_margin: Decimal
    position_initial_margin: Decimal
    open_order_initial_margin: Decimal
    bid_notional: Decimal
    ask_notional: Decimal
    adl: int
    leverage: int
    margin_type: str
    max_notional_value: Decimal
    update_time_ms: int


class AccountView(msgspec.Struct, frozen=True):
    """Account v2 and v3: the asset (also the totals), the positions that the version lists, and the modes."""

    asset: AssetView
    positions: tuple[PositionView, ...]
    modes: "ModesView"


class ModesView(msgspec.Struct, frozen=True):
    """What holds for the whole account."""

    fee_tier: int
    is_fee_burn_on: bool
    is_hedge: bool
    is_multi_assets: bool


class SymbolConfigView(msgspec.Struct, frozen=True):
    """symbolConfig of one symbol; `margin_type` CROSSED or ISOLATED."""

    symbol: str
    margin_type: str
    is_auto_add_margin: bool
    leverage: int
    max_notional_value: Decimal


class CommissionView(msgspec.Struct, frozen=True):
    """commissionRate of one symbol, fractions."""

    symbol: str
    maker: Decimal
    taker: Decimal


def asset_view(account: Account) -> AssetView:
    """Return the figures of USDT."""
    positions = account.active_positions()
    unrealized = sum((p.unrealized for p in positions), ZERO)
    position_margin = sum((p.initial_margin for p in positions if p.amount), ZERO)
    order_margin = sum((p.order_margin for p in positions), ZERO)
    available = account.available_balance()
    return AssetView(
        asset=ASSET,
        wallet_balance=cut(account.wallet_balance),
        unrealized_profit=cut(unrealized),
        margin_balance=cut(account.wallet_balance + unrealized),
        maint_margin=cut(sum((account.maintenance(p) for p in positions), ZERO)),
        initial_margin=cut(position_margin + order_margin),
        position_initial_margin=cut(position_margin),
        open_order_initial_margin=cut(order_margin),
        cross_wallet_balance=cut(account.cross_wallet),
        cross_unrealized=cut(account.cross_unrealized()),
        available_balance=cut(available),
        max_withdraw_amount=cut(max(ZERO, min(available, account.cross_wallet))),
        update_time_ms=account.update_time_ms,
    )


def position_view(account: Account, spec: SymbolSpec, position: Position) -> PositionView:
    """Return the figures of one position."""
    unrealized = position.unrealized
    leverage = position.holding.leverage
    return PositionView(
        symbol=position.symbol,
        position_side=position.side,
        position_amount=position.amount.quantize(spec.step_size),
        entry_price=cut(position.entry_price),
        break_even_price=cut(position.break_even_price),
        mark_price=cut(position.holding.mark_price),
        unrealized_profit=cut(unrealized),
        liquidation_price=cut(account.liquidation_price(position)),
        isolated_margin=cut(position.isolated_wallet + unrealized) if position.is_isolated else ZERO,
        isolated_wallet=cut(position.isolated_wallet),
        notional=cut(position.notional),
        margin_asset=ASSET,
        initial_margin=cut(position.initial_margin + position.order_margin),
        maint_margin=cut(account.maintenance(position)),
        position_initial_margin=cut(position.initial_margin),
        open_order_initial_margin=cut(position.order_margin),
        bid_notional=cut(position.bid_notional),
        ask_notional=cut(position.ask_notional),
        adl=1 if position.amount else 0,
        leverage=leverage,
        margin_type=position.holding.margin_type,
        max_notional_value=margin.max_notional(spec.brackets, leverage),
        update_time_ms=position.update_time_ms,
    )


def modes_view(account: Account) -> ModesView:
    """Return the account's modes."""
    return ModesView(account.fee_tier, account.is_fee_burn_on, account.is_hedge, account.is_multi_assets)


def config_view(spec: SymbolSpec, holding: Holding) -> SymbolConfigView:
    """Return one symbol's settings."""
    largest = margin.max_notional(spec.brackets, holding.leverage)
    return SymbolConfigView(holding.symbol, holding.margin_type, False, holding.leverage, largest)
