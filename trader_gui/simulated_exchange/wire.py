"""What all of the venue's JSON has in common, and exchangeInfo (5.3).

Written from the venue's documents. Numbers that the venue sends as strings leave as plain decimal text, never with an
exponent. Market streams: `wire_stream`; rows of market data replies: `wire_market`; user events: `wire_user`; replies
about orders and account: `wire_order`, `wire_account`.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from trader_gui.simulated_exchange.records import PriceLevel, SymbolSpec

Json: TypeAlias = dict[str, Any]

encode = msgspec.json.Encoder().encode

REQUEST_WEIGHT_LIMIT = 2400
ORDERS_PER_MINUTE = 1200
ORDERS_PER_TEN_SECONDS = 300
RATE_LIMITS: list[Json] = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": REQUEST_WEIGHT_LIMIT},
    {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": ORDERS_PER_MINUTE},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": ORDERS_PER_TEN_SECONDS},
]
ORDER_TYPES = ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]
TIMES_IN_FORCE = ["GTC", "IOC", "FOK", "GTX", "GTD", "RPI"]
PERPETUAL_ENDS_MS = 4_133_404_800_000
LISTED_MS = 1_569_398_400_000


def text(value: Decimal) -> str:
    """Return a number as the venue writes it: plain digits, "0" for a bare zero."""
    written = str(value)  # three times as fast as format, and all but always without an exponent
    return format(value, "f") if "E" in written else written


def contract_status(*, is_trading: bool) -> str:
    """Return a contract's status; the venue has no word for a halt, the one before a listing comes nearest."""
    return "TRADING" if is_trading else "PENDING_TRADING"


def levels_json(levels: Sequence[PriceLevel]) -> msgspec.Raw:
    """Return levels as the venue writes them, `[["price","quantity"],...]`, encoded."""
    written = encode(levels)
    if b"E" in written:
        written = encode([[text(price), text(quantity)] for price, quantity in levels])
    return msgspec.Raw(written)


def exchange_info(specs: Sequence[SymbolSpec], stale_time_ms: int, *, halted: Collection[str] = ()) -> Json:
    """Return the reply of GET exchangeInfo (5.3).

    Args:
        specs: Rules of the symbols, in the order in which they are listed.
        stale_time_ms: Becomes serverTime, which is old on purpose.
        halted: Symbols that do not trade at present.
    """
    return {
        "timezone": "UTC",
        "serverTime": stale_time_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": RATE_LIMITS,
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [_symbol_info(spec, is_trading=spec.symbol not in halted) for spec in specs],
    }


def _symbol_info(spec: SymbolSpec, *, is_trading: bool) -> Json:
    return {
        "symbol": spec.symbol,
        "pair": spec.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_ENDS_MS,
        "onboardDate": LISTED_MS,
        "status": contract_status(is_trading=is_trading),
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": spec.base_asset,
        "quoteAsset": spec.quote_asset,
        "marginAsset": spec.quote_asset,
        # Not the tick's decimals: the venue's precisions are no filters either.
        "pricePrecision": max(2, -int(spec.tick_size.as_tuple().exponent)),
        "quantityPrecision": max(0, -int(spec.step_size.as_tuple().exponent)),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": text(spec.trigger_protect),
        "liquidationFee": text(spec.liquidation_fee),
        "marketTakeBound": text(spec.market_take_bound),
        "maxMoveOrderLimit": 10_000,
        "filters": _filters(spec),
        "orderTypes": ORDER_TYPES,
        "timeInForce": TIMES_IN_FORCE,
    }


def _filters(spec: SymbolSpec) -> list[Json]:
    step = text(spec.step_size)
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": text(spec.min_price),
            "maxPrice": text(spec.max_price),
            "tickSize": text(spec.tick_size),
        },
        {"filterType": "LOT_SIZE", "minQty": text(spec.min_qty), "maxQty": text(spec.max_qty), "stepSize": step},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": text(spec.min_qty),
            "maxQty": text(spec.market_max_qty),
            "stepSize": step,
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": spec.max_num_orders},
        {"filterType": "MIN_NOTIONAL", "notional": text(spec.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": text(spec.multiplier_up),
            "multiplierDown": text(spec.multiplier_down),
            "multiplierDecimal": "4",
        },
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]
