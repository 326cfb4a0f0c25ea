"""Account, settings and listenKey endpoints (2.1, 5.4)."""

from typing import Any

from trader_gui.simulated_exchange import wire, wire_account
from trader_gui.simulated_exchange.endpoints import KEY, Endpoint, Parameters, limit, required, span, whole
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.venue import Venue

SUCCESS = {"code": 200, "msg": "success"}


def _open_listen_key(venue: Venue, parameters: Parameters) -> Any:
    return {"listenKey": venue.listen_key.open()}


def _renew_listen_key(venue: Venue, parameters: Parameters) -> Any:
    return {"listenKey": venue.listen_key.renew()}


def _close_listen_key(venue: Venue, parameters: Parameters) -> Any:
    venue.listen_key.close()
    return {}


def _account(venue: Venue, parameters: Parameters) -> Any:
    return wire_account.account_reply(venue.core.account())


def _balance(venue: Venue, parameters: Parameters) -> Any:
    return [wire_account.balance_row(asset) for asset in venue.core.balances()]


def _position_risk(venue: Venue, parameters: Parameters) -> Any:
    symbol = _optional_symbol(venue, parameters)
    return [wire_account.position_row(position) for position in venue.core.position_risk(symbol)]


def _optional_symbol(venue: Venue, parameters: Parameters) -> str | None:
    symbol = parameters.get("symbol")
    return venue.feed(symbol).symbol if symbol else None


def _account_config(venue: Venue, parameters: Parameters) -> Any:
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": False,
        "canWithdraw": False,
        "dualSidePosition": False,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def _symbol_config(venue: Venue, parameters: Parameters) -> Any:
    symbol = _optional_symbol(venue, parameters)
    return [wire_account.symbol_config_row(config) for config in venue.core.symbol_config(symbol)]


def _leverage_bracket(venue: Venue, parameters: Parameters) -> Any:
    brackets = venue.core.leverage_brackets(_optional_symbol(venue, parameters))
    return [wire_account.bracket_row(symbol, rows) for symbol, rows in brackets.items()]


def _position_side(venue: Venue, parameters: Parameters) -> Any:
    return {"dualSidePosition": False}


def _multi_assets(venue: Venue, parameters: Parameters) -> Any:
    return {"multiAssetsMargin": False}


def _commission_rate(venue: Venue, parameters: Parameters) -> Any:
    return wire_account.commission_reply(venue.core.commission_rate(required(parameters, "symbol")))


def _income(venue: Venue, parameters: Parameters) -> Any:
    start, end = span(parameters)
    entries = venue.core.income(
        _optional_symbol(venue, parameters),
        income_type=parameters.get("incomeType") or None,
        start_ms=start,
        end_ms=end,
        limit=limit(parameters, 100, 1000),
    )
    return [wire_account.income_row(entry) for entry in entries]


def _order_rate_limit(venue: Venue, parameters: Parameters) -> Any:
    return [row for row in wire.RATE_LIMITS if row["rateLimitType"] == "ORDERS"]


def _set_leverage(venue: Venue, parameters: Parameters) -> Any:
    symbol = venue.feed(required(parameters, "symbol")).symbol
    required(parameters, "leverage")
    leverage = whole(parameters, "leverage")
    if leverage is None:
        raise VenueRefusal(-4028, "Leverage is not valid.")
    config, events = venue.core.set_leverage(symbol, leverage, venue.market_ms)
    venue.deliver(events)
    return {"leverage": config.leverage, "maxNotionalValue": wire.text(config.max_notional_value), "symbol": symbol}


def _set_margin_type(venue: Venue, parameters: Parameters) -> Any:
    symbol = venue.feed(required(parameters, "symbol")).symbol
    venue.deliver(venue.core.set_margin_type(symbol, required(parameters, "marginType"), venue.market_ms))
    return SUCCESS


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/fapi/v1/listenKey"): Endpoint(_open_listen_key, KEY),
    ("PUT", "/fapi/v1/listenKey"): Endpoint(_renew_listen_key, KEY),
    ("DELETE", "/fapi/v1/listenKey"): Endpoint(_close_listen_key, KEY),
    ("GET", "/fapi/v3/account"): Endpoint(_account, weight=5),
    ("GET", "/fapi/v3/balance"): Endpoint(_balance, weight=5),
    ("GET", "/fapi/v3/positionRisk"): Endpoint(_position_risk, weight=5),
    ("GET", "/fapi/v1/accountConfig"): Endpoint(_account_config, weight=5),
    ("GET", "/fapi/v1/symbolConfig"): Endpoint(_symbol_config, weight=5),
    ("GET", "/fapi/v1/leverageBracket"): Endpoint(_leverage_bracket),
    ("GET", "/fapi/v1/positionSide/dual"): Endpoint(_position_side, weight=30),
    ("GET", "/fapi/v1/multiAssetsMargin"): Endpoint(_multi_assets, weight=30),
    ("GET", "/fapi/v1/commissionRate"): Endpoint(_commission_rate, weight=20),
    ("GET", "/fapi/v1/income"): Endpoint(_income, weight=30),
    ("GET", "/fapi/v1/rateLimit/order"): Endpoint(_order_rate_limit),
    ("POST", "/fapi/v1/leverage"): Endpoint(_set_leverage),
    ("POST", "/fapi/v1/marginType"): Endpoint(_set_margin_type),
}
