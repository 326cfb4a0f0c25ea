"""Endpoints that change the account's settings, and those that only tell them (5.4).

Settings that have no event of their own (position mode, BNB for fees) push nothing.
"""

from typing import Any

from trader_gui.simulated_exchange import wire
from trader_gui.simulated_exchange.endpoints import Endpoint, Parameters, required, whole
from trader_gui.simulated_exchange.parameters import decimal, flag
from trader_gui.simulated_exchange.position import BOTH
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.venue import Venue

SUCCESS = {"code": 200, "msg": "success"}
_ADD, _REDUCE = "1", "2"


def _required_flag(parameters: Parameters, name: str) -> bool:
    required(parameters, name)
    return flag(parameters, name)


def _position_mode(venue: Venue, parameters: Parameters) -> Any:
    return {"dualSidePosition": venue.core.modes().is_hedge}


def _set_position_mode(venue: Venue, parameters: Parameters) -> Any:
    venue.core.set_position_mode(_required_flag(parameters, "dualSidePosition"))
    return SUCCESS


def _asset_mode(venue: Venue, parameters: Parameters) -> Any:
    return {"multiAssetsMargin": venue.core.modes().is_multi_assets}


def _set_asset_mode(venue: Venue, parameters: Parameters) -> Any:
    is_multi_assets = _required_flag(parameters, "multiAssetsMargin")
    venue.deliver(venue.core.set_multi_assets_mode(is_multi_assets, venue.market_ms))
    return SUCCESS


def _fee_burn(venue: Venue, parameters: Parameters) -> Any:
    return {"feeBurn": venue.core.modes().is_fee_burn_on}


def _set_fee_burn(venue: Venue, parameters: Parameters) -> Any:
    venue.core.set_fee_burn(_required_flag(parameters, "feeBurn"))
    return SUCCESS


def _set_leverage(venue: Venue, parameters: Parameters) -> Any:
    symbol = venue.feed(required(parameters, "symbol")).symbol
    required(parameters, "leverage")
    leverage = whole(parameters, "leverage") or 0
    config, events = venue.core.set_leverage(symbol, leverage, venue.market_ms)
    venue.deliver(events)
    return {"leverage": config.leverage, "maxNotionalValue": wire.text(config.max_notional_value), "symbol": symbol}


def _set_margin_type(venue: Venue, parameters: Parameters) -> Any:
    symbol = venue.feed(required(parameters, "symbol")).symbol
    venue.deliver(venue.core.set_margin_type(symbol, required(parameters, "marginType"), venue.market_ms))
    return SUCCESS


def _move_position_margin(venue: Venue, parameters: Parameters) -> Any:
    symbol = venue.feed(required(parameters, "symbol")).symbol
    kind = required(parameters, "type")
    if kind not in (_ADD, _REDUCE):
        raise VenueRefusal(-1130, "Data sent for parameter 'type' is not valid.")
    amount = decimal(parameters, "amount")
    events = venue.core.move_position_margin(
        symbol, parameters.get("positionSide") or BOTH, amount, adds=kind == _ADD, now_ms=venue.market_ms
    )
    venue.deliver(events)
    message = "Successfully modify position margin."
    return {"amount": float(amount), "code": 200, "msg": message, "type": int(kind)}


def _sign_stock_contract(venue: Venue, parameters: Parameters) -> Any:
    """Accept the agreement for TradFi perpetuals; none of them trades here."""
    return SUCCESS


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/fapi/v1/positionSide/dual"): Endpoint(_position_mode, weight=30),
    ("POST", "/fapi/v1/positionSide/dual"): Endpoint(_set_position_mode),
    ("GET", "/fapi/v1/multiAssetsMargin"): Endpoint(_asset_mode, weight=30),
    ("POST", "/fapi/v1/multiAssetsMargin"): Endpoint(_set_asset_mode),
    ("GET", "/fapi/v1/feeBurn"): Endpoint(_fee_burn, weight=30),
    ("POST", "/fapi/v1/feeBurn"): Endpoint(_set_fee_burn),
    ("POST", "/fapi/v1/leverage"): Endpoint(_set_leverage),
    ("POST", "/fapi/v1/marginType"): Endpoint(_set_margin_type),
    ("POST", "/fapi/v1/positionMargin"): Endpoint(_move_position_margin),
    ("POST", "/fapi/v1/stock/contract"): Endpoint(_sign_stock_contract, weight=50),
}
