"""Changes of the account's settings, each refused with the venue's code or done whole.

Assumptions: margin may be taken from an isolated position as far as its margin balance (unrealised profit included)
stays above its initial margin at the mark price. Multi-assets mode wants cross margin everywhere, no open order, a
wallet that is not negative and equity of at least the initial margins. Leverage may be lowered on a cross position as
far as the available balance carries the higher initial margin; the limit of size holds for each position of hedge mode
on its own.
"""

from decimal import Decimal

from trader_gui.simulated_exchange import margin
from trader_gui.simulated_exchange.account import Account
from trader_gui.simulated_exchange.margin import ONE, ZERO
from trader_gui.simulated_exchange.position import Position
from trader_gui.simulated_exchange.records import VenueRefusal


def set_leverage(account: Account, symbol: str, leverage: int) -> None:
    """Change a symbol's leverage.

    Raises:
        VenueRefusal: -4028 not offered, -4161 isolated position would need more, -2027 position too large for it,
            -2028 not enough margin for the position at the lower leverage.
    """
    holding, brackets = account.holdings[symbol], account.brackets(symbol)
    if not 1 <= leverage <= brackets[0].initial_leverage:
        raise VenueRefusal(-4028, f"Leverage {leverage} is not valid")
    if holding.is_isolated and not holding.is_flat and leverage < holding.leverage:
        message = "Leverage reduction is not supported in Isolated Margin Mode with open positions."
        raise VenueRefusal(-4161, message)
    legs = holding.legs.values()
    if max(map(_largest, legs)) > margin.max_notional(brackets, leverage):
        raise VenueRefusal(-2027, "Exceeded the maximum allowable position at current leverage.")
    used = sum((leg.initial_margin + leg.order_margin for leg in legs), ZERO)
    needed = used * holding.leverage * (ONE / leverage - ONE / holding.leverage)
    if needed > 0 and needed > account.available_balance():
        raise VenueRefusal(-2028, "Leverage is smaller than permitted: insufficient margin balance.")
    holding.leverage = leverage


def _largest(position: Position) -> Decimal:
    return margin.exposure(position.notional, position.bid_notional, position.ask_notional)


def set_margin_type(account: Account, symbol: str, margin_type: str, *, has_orders: bool) -> None:
    """Change a flat symbol's margin type.

    Raises:
        VenueRefusal: -1102 no such type, -4046 already so, -4168 isolated in multi-assets mode, -4047 open orders,
            -4048 position.
    """
    holding = account.holdings[symbol]
    if margin_type not in ("CROSSED", "ISOLATED"):
        raise VenueRefusal(-1102, "Mandatory parameter 'marginType' was not sent, was empty/null, or malformed.")
    if margin_type == holding.margin_type:
        raise VenueRefusal(-4046, "No need to change margin type.")
    if margin_type == "ISOLATED" and account.is_multi_assets:
        raise VenueRefusal(-4168, "Unable to adjust to isolated-margin mode under the Multi-Assets mode.")
    if has_orders:
        raise VenueRefusal(-4047, "Margin type cannot be changed if there exists open orders.")
    if not holding.is_flat:
        raise VenueRefusal(-4048, "Margin type cannot be changed if there exists position.")
    holding.margin_type = margin_type


def set_position_mode(account: Account, is_hedge: bool, *, has_orders: bool) -> None:
    """Change between one-way and hedge mode, for all symbols at once.

    Raises:
        VenueRefusal: -4059 already so, -4067 open orders, -4068 position.
    """
    if is_hedge == account.is_hedge:
        raise VenueRefusal(-4059, "No need to change position side.")
    if has_orders:
        raise VenueRefusal(-4067, "Position side cannot be changed if there exists open orders.")
    if account.open_positions():
        raise VenueRefusal(-4068, "Position side cannot be changed if there exists position.")
    account.is_hedge = is_hedge


def set_multi_assets_mode(account: Account, is_multi_assets: bool, *, has_orders: bool) -> None:
    """Change between single-asset and multi-assets mode.

    Raises:
        VenueRefusal: -4171 already so, -4167 an isolated symbol, -4170 open orders, -4172 negative wallet,
            -4169 margin balance below what the positions need.
    """
    if is_multi_assets == account.is_multi_assets:
        message = "Adjusted asset mode is currently set and does not need to be adjusted repeatedly"
        raise VenueRefusal(-4171, message)
    if is_multi_assets and any(holding.is_isolated for holding in account.holdings.values()):
        message = "Unable to adjust to Multi-Assets mode with symbols of USDⓈ-M Futures under isolated-margin mode."
        raise VenueRefusal(-4167, message)
    if has_orders:
        raise VenueRefusal(-4170, "Unable to adjust Multi-Assets Mode with open orders in USDⓈ-M Futures")
    if account.wallet_balance < 0:
        what = "a negative wallet balance of margin available asset in USDⓈ-M Futures account"
        raise VenueRefusal(-4172, f"Unable to adjust Multi-Assets Mode with {what}")
    crossed = account.open_positions(is_isolated=False)
    if account.cross_wallet + account.cross_unrealized() < sum((p.initial_margin for p in crossed), ZERO):
        what = "insufficient margin balance in USDⓈ-M Futures"
        raise VenueRefusal(-4169, f"Unable to adjust Multi-Assets Mode with {what}")
    account.is_multi_assets = is_multi_assets


def move_position_margin(account: Account, position: Position, amount: Decimal, *, adds: bool, time_ms: int) -> None:
    """Add margin to an isolated position, or take some away; `amount` > 0.

    Raises:
        VenueRefusal: -1111 more than 8 decimals, -4049 cross margin, -4050 / -4051 more than the cross / the isolated
            wallet can give, -4054 no position, -4055 amount not above 0.
    """
    if amount <= 0:
        raise VenueRefusal(-4055, "Amount must be positive.")
    if amount != margin.cut(amount):
        raise VenueRefusal(-1111, "Precision is over the maximum defined for this asset.")
    if not position.is_isolated:
        raise VenueRefusal(-4049, "Add margin only support for isolated position.")
    if not position.amount:
        raise VenueRefusal(-4054, "Cannot add position margin: position is 0.")
    if adds and amount > account.available_balance():
        raise VenueRefusal(-4050, "Cross balance insufficient.")
    if not adds and amount > _removable(position):
        raise VenueRefusal(-4051, "Isolated balance insufficient.")
    account.move_margin(position, amount if adds else -amount, "USER_ADJUST", time_ms)
    position.update_time_ms = time_ms


def _removable(position: Position) -> Decimal:
    spare = position.isolated_wallet + position.unrealized - position.initial_margin
    return max(ZERO, min(position.isolated_wallet, spare))
