"""Body of `GET /fapi/v1/exchangeInfo` to the trading rules of every symbol and the venue's request limits."""

from decimal import Decimal

import msgspec
from msgspec import field

from trader_gui.domain.symbol import SymbolRules
from trader_gui.exchange.wire.answer import Body

_ZERO = Decimal(0)


class RateLimit(msgspec.Struct, frozen=True):
    """One limit: at most `limit` of `kind` (REQUEST_WEIGHT, ORDERS) in `count` times `interval` (SECOND, MINUTE)."""

    kind: str = field(name="rateLimitType")
    interval: str
    count: int = field(name="intervalNum")
    limit: int


class ExchangeInfo(msgspec.Struct, frozen=True):
    """What exchangeInfo tells us. Its `serverTime` is stale by design and left unread."""

    rules: dict[str, SymbolRules]
    rate_limits: tuple[RateLimit, ...]


class _FilterRow(msgspec.Struct):
    """Any filter: each kind fills the fields that are its own."""

    kind: str = field(name="filterType")
    min_price: Decimal = field(name="minPrice", default=_ZERO)
    max_price: Decimal = field(name="maxPrice", default=_ZERO)
    tick_size: Decimal = field(name="tickSize", default=_ZERO)
    min_quantity: Decimal = field(name="minQty", default=_ZERO)
    max_quantity: Decimal = field(name="maxQty", default=_ZERO)
    step_size: Decimal = field(name="stepSize", default=_ZERO)
    notional: Decimal = _ZERO
    multiplier_up: Decimal = field(name="multiplierUp", default=_ZERO)
    multiplier_down: Decimal = field(name="multiplierDown", default=_ZERO)
    limit: int = 0


class _SymbolRow(msgspec.Struct):
    symbol: str
    status: str
    base_asset: str = field(name="baseAsset")
    quote_asset: str = field(name="quoteAsset")
    margin_asset: str = field(name="marginAsset")
    filters: tuple[_FilterRow, ...]


class _InfoBody(msgspec.Struct):
    symbols: tuple[_SymbolRow, ...]
    rate_limits: tuple[RateLimit, ...] = field(name="rateLimits", default=())


_info: Body[_InfoBody] = Body("exchangeInfo", _InfoBody)
_NONE = _FilterRow("")


def exchange_info(body: bytes) -> ExchangeInfo:
    """Return the rules of every symbol that has a tick and a step; one without cannot be traded by this program."""
    info = _info.read(body)
    rules = (_rules(row) for row in info.symbols)
    return ExchangeInfo({r.symbol: r for r in rules if r.tick_size and r.step_size}, info.rate_limits)


def _rules(row: _SymbolRow) -> SymbolRules:
    filters = {f.kind: f for f in row.filters}
    price = filters.get("PRICE_FILTER", _NONE)
    lot = filters.get("LOT_SIZE", _NONE)
    market_lot = filters.get("MARKET_LOT_SIZE", lot)
    percent = filters.get("PERCENT_PRICE", _NONE)
    return SymbolRules(
        symbol=row.symbol,
        base_asset=row.base_asset,
        quote_asset=row.quote_asset,
        margin_asset=row.margin_asset,
        status=row.status,
        tick_size=price.tick_size,
        min_price=price.min_price,
        max_price=price.max_price,
        step_size=lot.step_size,
        min_quantity=lot.min_quantity,
        max_quantity=lot.max_quantity,
        market_step_size=market_lot.step_size,
        market_min_quantity=market_lot.min_quantity,
        market_max_quantity=market_lot.max_quantity,
        min_notional=filters.get("MIN_NOTIONAL", _NONE).notional,
        percent_up=percent.multiplier_up,
        percent_down=percent.multiplier_down,
        max_open_orders=filters.get("MAX_NUM_ORDERS", _NONE).limit,
    )


def symbol_entry(rules: SymbolRules) -> bytes:
    """Return rules as one entry of exchangeInfo's `symbols`, of which `exchange_info` reads the same rules again."""
    filters = [
        _filter_entry("PRICE_FILTER", minPrice=rules.min_price, maxPrice=rules.max_price, tickSize=rules.tick_size),
        _filter_entry("LOT_SIZE", minQty=rules.min_quantity, maxQty=rules.max_quantity, stepSize=rules.step_size),
        _filter_entry(
            "MARKET_LOT_SIZE",
            minQty=rules.market_min_quantity,
            maxQty=rules.market_max_quantity,
            stepSize=rules.market_step_size,
        ),
        _filter_entry("MIN_NOTIONAL", notional=rules.min_notional),
        _filter_entry("PERCENT_PRICE", multiplierUp=rules.percent_up, multiplierDown=rules.percent_down),
        {"filterType": "MAX_NUM_ORDERS", "limit": rules.max_open_orders},
    ]
    entry = {
        "symbol": rules.symbol,
        "status": rules.status,
        "baseAsset": rules.base_asset,
        "quoteAsset": rules.quote_asset,
        "marginAsset": rules.margin_asset,
        "filters": filters,
    }
    return msgspec.json.encode(entry)


def _filter_entry(kind: str, **amounts: Decimal) -> dict[str, str]:
    return {"filterType": kind, **{name: f"{amount:f}" for name, amount in amounts.items()}}
