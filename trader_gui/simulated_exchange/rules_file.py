"""Rules of one symbol read from a file: its entry of the venue's exchangeInfo, as JSON.

Filters come from the entry. What exchangeInfo does not tell (leverage brackets, funding interval), and what the entry
leaves out, is taken from a model: the table's row of the symbol, or of a small coin.
"""

from decimal import Decimal
from pathlib import Path

import msgspec

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.records import SymbolSpec

_ZERO = Decimal(0)
_NO_BOUND = Decimal(10) ** 12
"""Stands for a highest price or quantity of 0, by which the venue means that there is none."""

_NEEDED = ("PRICE_FILTER", "LOT_SIZE")


class _Filter(msgspec.Struct, rename="camel"):
    """Any filter: each kind fills the fields that are its own."""

    filter_type: str
    min_price: Decimal = _ZERO
    max_price: Decimal = _ZERO
    tick_size: Decimal = _ZERO
    min_qty: Decimal = _ZERO
    max_qty: Decimal = _ZERO
    step_size: Decimal = _ZERO
    notional: Decimal = _ZERO
    multiplier_up: Decimal = _ZERO
    multiplier_down: Decimal = _ZERO
    limit: int = 0


class _Entry(msgspec.Struct, rename="camel"):
    symbol: str
    base_asset: str
    quote_asset: str
    filters: tuple[_Filter, ...]
    market_take_bound: Decimal | None = None
    trigger_protect: Decimal | None = None
    liquidation_fee: Decimal | None = None


def read_rules_file(path: Path, symbol: str, model: SymbolSpec) -> SymbolSpec:
    """Return the rules that a file gives a symbol.

    Raises:
        UserError: The file cannot be read, is no entry of exchangeInfo, belongs to another symbol, or lacks a filter.
    """
    try:
        entry = msgspec.json.decode(path.read_bytes(), type=_Entry)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): choose another rules file.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name} is no symbol entry of exchangeInfo ({error}): choose another file.") from None
    if entry.symbol != symbol:
        raise UserError(f"{path.name} holds the rules of {entry.symbol}, not of {symbol}: choose the symbol's own.")
    filters = {found.filter_type: found for found in entry.filters}
    missing = [name for name in _NEEDED if name not in filters]
    if missing:
        raise UserError(f"{path.name} has no {' and no '.join(missing)}: take the entry whole from exchangeInfo.")
    spec = _spec(entry, filters, model)
    if min(spec.tick_size, spec.step_size) <= 0:
        raise UserError(f"{path.name}: tick size and step size must be above 0.")
    return spec


def _spec(entry: _Entry, filters: dict[str, _Filter], model: SymbolSpec) -> SymbolSpec:
    none = _Filter("")
    price, lot = filters["PRICE_FILTER"], filters["LOT_SIZE"]
    market_lot = filters.get("MARKET_LOT_SIZE", lot)
    percent = filters.get("PERCENT_PRICE", none)
    return msgspec.structs.replace(
        model,
        symbol=entry.symbol,
        base_asset=entry.base_asset,
        quote_asset=entry.quote_asset,
        tick_size=price.tick_size,
        min_price=price.min_price,
        max_price=price.max_price or _NO_BOUND,
        step_size=lot.step_size,
        min_qty=lot.min_qty,
        max_qty=lot.max_qty or _NO_BOUND,
        market_max_qty=market_lot.max_qty or _NO_BOUND,
        min_notional=filters.get("MIN_NOTIONAL", none).notional,
        multiplier_up=percent.multiplier_up or model.multiplier_up,
        multiplier_down=percent.multiplier_down or model.multiplier_down,
        market_take_bound=_either(entry.market_take_bound, model.market_take_bound),
        trigger_protect=_either(entry.trigger_protect, model.trigger_protect),
        liquidation_fee=_either(entry.liquidation_fee, model.liquidation_fee),
        max_num_orders=filters.get("MAX_NUM_ORDERS", none).limit or model.max_num_orders,
    )


def _either(told: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if told is None else told
