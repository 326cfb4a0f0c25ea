"""Account and listenKey endpoints (2.1, 5.4).

Time spans follow the market clock, as the entries do. Where the reference is silent: `page` of income, which is gone,
is not read; forceOrders without a start looks back 7 days from its end; what is too old is left out, not refused.
"""

from typing import Any

from trader_gui.simulated_exchange import rest_settings, wire, wire_account
from trader_gui.simulated_exchange.endpoints import (
    KEY,
    Endpoint,
    Parameters,
    limit,
    one_or_all,
    required,
    span,
)
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.venue import Venue

_DAY_MS = 86_400_000
_WEEK_MS = 7 * _DAY_MS
_INCOME_TYPES = frozenset(
    (
        "TRANSFER",
        "WELCOME_BONUS",
        "REALIZED_PNL",
        "FUNDING_FEE",
        "COMMISSION",
        "INSURANCE_CLEAR",
        "REFERRAL_KICKBACK",
        "COMMISSION_REBATE",
        "API_REBATE",
        "CONTEST_REWARD",
        "CROSS_COLLATERAL_TRANSFER",
        "OPTIONS_PREMIUM_FEE",
        "OPTIONS_SETTLE_PROFIT",
        "INTERNAL_TRANSFER",
        "AUTO_EXCHANGE",
        "DELIVERED_SETTELMENT",
        "COIN_SWAP_DEPOSIT",
        "COIN_SWAP_WITHDRAW",
        "POSITION_LIMIT_INCREASE_FEE",
        "STRATEGY_UMFUTURES_TRANSFER",
        "FEE_RETURN",
        "BFUSD_REWARD",
        "SPECIAL_FUNDING_FEE",
    )
)


def _open_listen_key(venue: Venue, parameters: Parameters) -> Any:
    return {"listenKey": venue.listen_key.open()}


def _renew_listen_key(venue: Venue, parameters: Parameters) -> Any:
    return {"listenKey": venue.listen_key.renew()}


def _close_listen_key(venue: Venue, parameters: Parameters) -> Any:
    venue.listen_key.close()
    return {}


def _account(venue: Venue, parameters: Parameters) -> Any:
    return wire_account.account_reply(venue.core.account())


def _account_v2(venue: Venue, parameters: Parameters) -> Any:
    return wire_account.account_v2_reply(venue.core.account(lists_all=True))


def _balance(venue: Venue, parameters: Parameters) -> Any:
    return [wire_account.balance_row(asset) for asset in venue.core.balances()]


def _position_risk(venue: Venue, parameters: Parameters) -> Any:
    symbol = _optional_symbol(venue, parameters)
    return [wire_account.position_row(position) for position in venue.core.position_risk(symbol)]


def _position_risk_v2(venue: Venue, parameters: Parameters) -> Any:
    symbol = _optional_symbol(venue, parameters)
    return [wire_account.position_v2_row(position) for position in venue.core.position_risk(symbol, lists_all=True)]


def _optional_symbol(venue: Venue, parameters: Parameters) -> str | None:
    symbol = parameters.get("symbol")
    return venue.feed(symbol).symbol if symbol else None


def _optional_choice(parameters: Parameters, name: str, allowed: frozenset[str]) -> str | None:
    value = parameters.get(name) or None
    if value is not None and value not in allowed:
        raise VenueRefusal(-1130, f"Data sent for parameter '{name}' is not valid.")
    return value


def _account_config(venue: Venue, parameters: Parameters) -> Any:
    return wire_account.config_reply(venue.core.modes())


def _symbol_config(venue: Venue, parameters: Parameters) -> Any:
    symbol = _optional_symbol(venue, parameters)
    return [wire_account.symbol_config_row(config) for config in venue.core.symbol_config(symbol)]


def _leverage_bracket(venue: Venue, parameters: Parameters) -> Any:
    brackets = venue.core.leverage_brackets(_optional_symbol(venue, parameters))
    return [wire_account.bracket_row(symbol, rows) for symbol, rows in brackets.items()]


def _commission_rate(venue: Venue, parameters: Parameters) -> Any:
    return wire_account.commission_reply(venue.core.commission_rate(required(parameters, "symbol")))


def _income(venue: Venue, parameters: Parameters) -> Any:
    start, end = span(parameters)
    kept_ms = _WEEK_MS if start is None and end is None else 90 * _DAY_MS
    entries = venue.core.income(
        _optional_symbol(venue, parameters),
        income_type=_optional_choice(parameters, "incomeType", _INCOME_TYPES),
        start_ms=start,
        end_ms=end,
        kept_from_ms=venue.market_ms - kept_ms,
        limit=limit(parameters, 100, 1000),
    )
    return [wire_account.income_row(entry) for entry in entries]


def _margin_history(venue: Venue, parameters: Parameters) -> Any:
    symbol = required(parameters, "symbol")
    start, end = span(parameters)
    kind = _optional_choice(parameters, "type", frozenset("12"))
    changes = venue.core.margin_changes(
        symbol,
        change_type=int(kind) if kind else None,
        start_ms=start,
        end_ms=end,
        kept_from_ms=venue.market_ms - 30 * _DAY_MS,
        limit=limit(parameters, 500, 1000),
    )
    return [wire_account.margin_change_row(change) for change in changes]


def _force_orders(venue: Venue, parameters: Parameters) -> Any:
    symbol = _optional_symbol(venue, parameters)
    start, end = span(parameters)
    oldest_ms = venue.market_ms - 90 * _DAY_MS
    first_ms = start if start is not None else (venue.market_ms if end is None else end) - _WEEK_MS
    orders = venue.core.forced_orders(
        symbol,
        close_type=_optional_choice(parameters, "autoCloseType", frozenset(("LIQUIDATION", "ADL"))),
        start_ms=max(first_ms, oldest_ms),
        end_ms=end,
        limit=limit(parameters, 50, 100),
    )
    return [wire_account.forced_order_row(order) for order in orders]


def _adl_quantile(venue: Venue, parameters: Parameters) -> Any:
    is_hedge = venue.core.modes().is_hedge
    symbol = _optional_symbol(venue, parameters)
    by_symbol: dict[str, list[Any]] = {symbol: []} if symbol else {}
    for position in venue.core.position_risk(symbol):
        by_symbol.setdefault(position.symbol, []).append(position)
    return [wire_account.adl_row(name, rows, is_hedge=is_hedge) for name, rows in by_symbol.items()]


def _trading_status(venue: Venue, parameters: Parameters) -> Any:
    symbol = _optional_symbol(venue, parameters)
    return wire_account.trading_status_reply([symbol] if symbol else venue.feeds, venue.market_ms)


def _order_rate_limit(venue: Venue, parameters: Parameters) -> Any:
    return [row for row in wire.RATE_LIMITS if row["rateLimitType"] == "ORDERS"]


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/fapi/v1/listenKey"): Endpoint(_open_listen_key, KEY),
    ("PUT", "/fapi/v1/listenKey"): Endpoint(_renew_listen_key, KEY),
    ("DELETE", "/fapi/v1/listenKey"): Endpoint(_close_listen_key, KEY),
    ("GET", "/fapi/v3/account"): Endpoint(_account, weight=5),
    ("GET", "/fapi/v2/account"): Endpoint(_account_v2, weight=5),
    ("GET", "/fapi/v3/balance"): Endpoint(_balance, weight=5),
    ("GET", "/fapi/v2/balance"): Endpoint(_balance, weight=5),
    ("GET", "/fapi/v3/positionRisk"): Endpoint(_position_risk, weight=5),
    ("GET", "/fapi/v2/positionRisk"): Endpoint(_position_risk_v2, weight=5),
    ("GET", "/fapi/v1/accountConfig"): Endpoint(_account_config, weight=5),
    ("GET", "/fapi/v1/symbolConfig"): Endpoint(_symbol_config, weight=5),
    ("GET", "/fapi/v1/leverageBracket"): Endpoint(_leverage_bracket),
    ("GET", "/fapi/v1/commissionRate"): Endpoint(_commission_rate, weight=20),
    ("GET", "/fapi/v1/income"): Endpoint(_income, weight=30),
    ("GET", "/fapi/v1/positionMargin/history"): Endpoint(_margin_history),
    ("GET", "/fapi/v1/forceOrders"): Endpoint(_force_orders, weight=one_or_all(20, 50)),
    ("GET", "/fapi/v1/adlQuantile"): Endpoint(_adl_quantile, weight=5),
    ("GET", "/fapi/v1/apiTradingStatus"): Endpoint(_trading_status, weight=one_or_all(1, 10)),
    ("GET", "/fapi/v1/rateLimit/order"): Endpoint(_order_rate_limit),
    **rest_settings.ENDPOINTS,
}
