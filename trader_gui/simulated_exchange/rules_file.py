"""Rules of symbols read from a file: a whole answer of the venue's exchangeInfo, or one entry of it, as JSON.

Filters come from the entry. What exchangeInfo does not tell (leverage brackets, funding interval), and what the entry
leaves out, is taken from a model: the table's row of the symbol, or of a small coin. Of a whole answer the perpetual
contracts count that are margined in USDT, the account's only asset, and have status TRADING.
"""

from decimal import Decimal
from pathlib import Path

import msgspec

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.data_file import read_lines
from trader_gui.simulated_exchange.records import SymbolSpec
from trader_gui.simulated_exchange.symbols import SPECS

_ZERO = Decimal(0)
_NO_BOUND = Decimal(10) ** 12
"""Stands for a highest price or quantity of 0, by which the venue means that there is none."""

_NEEDED = ("PRICE_FILTER", "LOT_SIZE")
_PERPETUAL = ("PERPETUAL", "TRADIFI_PERPETUAL")
MODEL = SPECS["LTCUSDT"]
"""Stands in for what is not told of a symbol that the table does not have: a small coin."""


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
    status: str = "TRADING"
    contract_type: str = "PERPETUAL"
    margin_asset: str = "USDT"
    market_take_bound: Decimal | None = None
    trigger_protect: Decimal | None = None
    liquidation_fee: Decimal | None = None


class _Info(msgspec.Struct):
    symbols: tuple[_Entry, ...]


def read_rules_file(path: Path, symbol: str, model: SymbolSpec) -> SymbolSpec:
    """Return the rules that a file gives a symbol.

    Raises:
        UserError: The file cannot be read, is no exchangeInfo, does not have the symbol, or lacks a filter.
    """
    entries = _entries(path)
    entry = entries.get(symbol)
    if entry is None:
        some = ", ".join(list(entries)[:5]) + (", …" if len(entries) > 5 else "") or "no symbol"
        raise UserError(f"{path.name} holds the rules of {some}, not of {symbol}: choose the symbol's own.")
    return _spec(path, entry, model)


def read_all_rules(path: Path) -> dict[str, SymbolSpec]:
    """Return the rules of every symbol of a file that can be traded here.

    Raises:
        UserError: The file cannot be read, is no exchangeInfo, has no such symbol, or lacks a filter of one.
    """
    specs = {
        symbol: _spec(path, entry, SPECS.get(symbol, MODEL))
        for symbol, entry in _entries(path).items()
        if entry.status == "TRADING" and entry.contract_type in _PERPETUAL and entry.margin_asset == "USDT"
    }
    if not specs:
        raise UserError(f"{path.name} has no trading perpetual contract margined in USDT: choose another file.")
    return specs


def _entries(path: Path) -> dict[str, _Entry]:
    text = "\n".join(read_lines(path))
    try:
        is_whole = "symbols" in msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        if not is_whole:
            entry = msgspec.json.decode(text, type=_Entry)
            return {entry.symbol: entry}
        found = msgspec.json.decode(text, type=_Info).symbols
    except msgspec.DecodeError as error:
        raise UserError(
            f"{path.name} is no exchangeInfo and no symbol entry of exchangeInfo ({error}): choose another file."
        ) from None
    return {entry.symbol: entry for entry in found}


def _spec(path: Path, entry: _Entry, model: SymbolSpec) -> SymbolSpec:
    filters = {found.filter_type: found for found in entry.filters}
    missing = [name for name in _NEEDED if name not in filters]
    if missing:
        raise UserError(
            f"{path.name} has no {' and no '.join(missing)} of {entry.symbol}: take the entry whole from exchangeInfo."
        )
    spec = _filled(entry, filters, model)
    if min(spec.tick_size, spec.step_size) <= 0:
        raise UserError(f"{path.name}: tick size and step size of {entry.symbol} must be above 0.")
    return spec


def _filled(entry: _Entry, filters: dict[str, _Filter], model: SymbolSpec) -> SymbolSpec:
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
