"""Which market is made from what is given: a seed, or a file that tells by its content what it is."""

from decimal import Decimal
from pathlib import Path

import msgspec

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.agg_trades_file import read_agg_trades_file
from trader_gui.simulated_exchange.brackets_file import read_brackets_file
from trader_gui.simulated_exchange.data_file import kind_of
from trader_gui.simulated_exchange.file_market import LEAST_TICKS, KlinesFileMarket
from trader_gui.simulated_exchange.generated import GeneratedMarket
from trader_gui.simulated_exchange.klines_file import KlinesFile, decimal_places, guess_symbol, read_klines_file
from trader_gui.simulated_exchange.mirror import MirrorMarket
from trader_gui.simulated_exchange.raw_feed import read_head
from trader_gui.simulated_exchange.recorded import RecordedMarket
from trader_gui.simulated_exchange.records import MarketSource, SymbolSpec
from trader_gui.simulated_exchange.regimes import read_schedule
from trader_gui.simulated_exchange.rules_file import MODEL, read_all_rules, read_rules_file
from trader_gui.simulated_exchange.symbols import SPECS
from trader_gui.simulated_exchange.trades_market import AggTradesMarket

DEFAULT_SYMBOL = "BTCUSDT"
ALL = "ALL"
"""Stands for every symbol there is, in place of symbols."""

FILE_TICK_MS = 250


class RulesGiven(msgspec.Struct, frozen=True):
    """Files of rules: exchangeInfo (or an entry of it) and leverageBracket; None for this exchange's own table."""

    rules: Path | None
    brackets: Path | None


def generated_markets(
    symbols: tuple[str, ...], given: RulesGiven, seed: int, start_ms: int, regime: str
) -> tuple[list[MarketSource], dict[str, SymbolSpec]]:
    """Make generated markets.

    Args:
        symbols: Which; none for BTCUSDT, `ALL` for every one that has rules.
        given: Where the rules are from.
        seed: Of everything random.
        start_ms: Market time of the beginning.
        regime: Schedule of regimes.

    Raises:
        UserError: A file cannot be used, a symbol has no rules, or the regime is none.
    """
    schedule = read_schedule(regime)
    specs = dict(SPECS) if given.rules is None else read_all_rules(given.rules)
    specs = _with_brackets(specs, given.brackets)
    wanted = tuple(dict.fromkeys(symbols)) or (DEFAULT_SYMBOL,)
    if ALL in wanted:
        wanted = tuple(specs)
    for symbol in wanted:
        if symbol not in specs:
            some = ", ".join(list(specs)[:40]) + (", …" if len(specs) > 40 else "")
            raise UserError(f"{symbol} is not among the generated markets: choose {some}.")
    return [GeneratedMarket(specs[symbol], seed, start_ms, schedule) for symbol in wanted], specs


def file_market(
    path: Path, symbol: str | None, given: RulesGiven, *, is_paced: bool
) -> tuple[MarketSource, SymbolSpec]:
    """Make the market that a file holds: klines, aggregate trades or a recording of raw streams.

    Args:
        path: The file.
        symbol: The symbol that it is played as; None for its own.
        given: Where the rules are from.
        is_paced: Clients set the pace, so that klines are played in few ticks.

    Raises:
        UserError: The file is none of these, is damaged, or its symbol is not known.
    """
    kind = kind_of(path)
    if kind == "recording":
        head = read_head(path, symbol)
        spec = _spec(head.symbol, given, head.tick_size, head.step_size)
        return RecordedMarket(spec, path, head), spec
    if kind == "trades":
        trades = read_agg_trades_file(path)
        spec = _spec(_symbol(path, symbol), given, trades.tick_size, trades.step_size)
        return AggTradesMarket(spec, trades), spec
    file = read_klines_file(path)
    spec = _klines_spec(path, symbol, given, file)
    count = LEAST_TICKS if is_paced else file.interval_ms // FILE_TICK_MS
    return KlinesFileMarket(spec, file, ticks_per_kline=count), spec


def mirror_market(path: Path, symbol: str | None, given: RulesGiven) -> tuple[MarketSource, SymbolSpec]:
    """Make a market that is pushed in, with a klines file as its history.

    Raises:
        UserError: The file is no klines file, or its symbol is not known.
    """
    file = read_klines_file(path)
    spec = _klines_spec(path, symbol, given, file)
    return MirrorMarket(spec, file), spec


def _symbol(path: Path, symbol: str | None) -> str:
    found = symbol or guess_symbol(path)
    if found is None:
        raise UserError(
            f"{path.name}: the file's name does not begin with a symbol: say which one it is with --symbol."
        )
    return found


def _klines_spec(path: Path, symbol: str | None, given: RulesGiven, file: KlinesFile) -> SymbolSpec:
    tick = Decimal(1).scaleb(-max(decimal_places(texts) for texts in file.columns[:4]))
    return _spec(_symbol(path, symbol), given, tick, Decimal(1).scaleb(-decimal_places(file.columns[4])))


def _spec(symbol: str, given: RulesGiven, tick: Decimal, step: Decimal) -> SymbolSpec:
    """Return the rules of a file's symbol; one that has none gets steps as fine as the file's numbers."""
    spec = SPECS.get(symbol) or _derived_spec(symbol, tick, step)
    if given.rules is not None:
        spec = read_rules_file(given.rules, symbol, spec)
    return _with_brackets({symbol: spec}, given.brackets)[symbol]


def _with_brackets(specs: dict[str, SymbolSpec], path: Path | None) -> dict[str, SymbolSpec]:
    """Return the rules with a file's brackets; a symbol that the file does not have keeps its own."""
    if path is None:
        return specs
    brackets = read_brackets_file(path)
    return {
        symbol: msgspec.structs.replace(spec, brackets=brackets.get(symbol, spec.brackets))
        for symbol, spec in specs.items()
    }


def _derived_spec(symbol: str, tick: Decimal, step: Decimal) -> SymbolSpec:
    return msgspec.structs.replace(
        MODEL,
        symbol=symbol,
        base_asset=symbol.removesuffix("USDT").removesuffix("USDC"),
        tick_size=tick,
        min_price=tick,
        max_price=tick * 100_000_000,
        step_size=step,
        min_qty=step,
        max_qty=step * 1_000_000_000,
        market_max_qty=step * 1_000_000_000,
        min_notional=Decimal(5),
    )
