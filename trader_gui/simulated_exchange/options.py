"""What a simulated exchange is started with, and the markets made from it."""

import time
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import msgspec

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.file_market import LEAST_TICKS, KlinesFileMarket
from trader_gui.simulated_exchange.generated import GeneratedMarket
from trader_gui.simulated_exchange.klines_file import KlinesFile, decimal_places, guess_symbol, read_klines_file
from trader_gui.simulated_exchange.mirror import MirrorMarket
from trader_gui.simulated_exchange.records import SymbolSpec
from trader_gui.simulated_exchange.rules_file import read_rules_file
from trader_gui.simulated_exchange.symbols import SPECS

Market: TypeAlias = GeneratedMarket | KlinesFileMarket | MirrorMarket

MAX_SPEED = "max"
FASTEST = 100.0
DEFAULT_SYMBOL = "BTCUSDT"
FILE_TICK_MS = 250
PACED_START_MS = 1_767_225_600_000
"""2026-01-01: where a generated market begins at speed `max`, so that two runs are equal."""


class ExchangeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a simulated exchange.

    Attributes:
        port: TCP port on loopback, 0 for any free one.
        data: Klines file to play, None for a generated market; with `mirror` the history before the first frame.
        seed: Of the generated market, >= 0.
        speed: 1 to 100 times, or "max": as fast as the joined clients follow.
        symbols: Symbols to trade, empty for the file's own, else BTCUSDT; a file is played as exactly one.
        wallet_balance: USDT at the start.
        api_key, api_secret: Empty for random ones.
        mirror: The market is pushed in by frames; nothing is played.
        rules: File of the symbol's rules, with `data` only; None for the exchange's own table.
        start_time_ms: Where a generated market begins; None: now, or a fixed day at speed "max".
    """

    port: int = 0
    data: Path | None = None
    seed: int = 1
    speed: float | str = 1.0
    symbols: tuple[str, ...] = ()
    wallet_balance: Decimal = Decimal(10_000)
    api_key: str = ""
    api_secret: str = ""
    mirror: bool = False
    rules: Path | None = None
    start_time_ms: int | None = None

    @property
    def is_paced(self) -> bool:
        """Whether clients set the pace."""
        return self.speed == MAX_SPEED


def check_options(options: ExchangeOptions) -> None:
    """Raise `UserError` for options that cannot be followed."""
    speed = options.speed
    if speed != MAX_SPEED and not (isinstance(speed, int | float) and 1 <= speed <= FASTEST):
        raise UserError(f"speed {speed} is not possible: choose 1 to 100, or max.")
    if options.wallet_balance <= 0:
        raise UserError(f"a start balance of {options.wallet_balance} USDT is not possible: choose more than 0.")
    if options.seed < 0:
        raise UserError(f"seed {options.seed} is not possible: choose 0 or more.")
    if not 0 <= options.port <= 65535:
        raise UserError(f"port {options.port} does not exist: choose 1 to 65535, or 0 for any free one.")
    if options.data is not None and len(options.symbols) > 1:
        raise UserError("a klines file is played as one symbol: give one symbol only.")
    if options.data is None and (options.mirror or options.rules is not None):
        what = "a mirrored market needs its history" if options.mirror else "rules belong to a klines file"
        raise UserError(f"{what}: add --data FILE.")
    if options.mirror and speed != 1:
        raise UserError(f"speed {speed} is not possible: a mirrored market runs at its own, leave --speed out.")


def make_markets(options: ExchangeOptions) -> tuple[list[Market], dict[str, SymbolSpec]]:
    """Make the markets and the rules of their symbols.

    Raises:
        UserError: The file cannot be used, or a symbol is not known.
    """
    check_options(options)
    if options.data is not None:
        return _file_market(options, options.data)
    start_ms = options.start_time_ms
    if start_ms is None:
        start_ms = PACED_START_MS if options.is_paced else time.time_ns() // 1_000_000
    symbols = tuple(dict.fromkeys(options.symbols)) or (DEFAULT_SYMBOL,)
    for symbol in symbols:
        if symbol not in SPECS:
            raise UserError(f"{symbol} is not among the generated markets: choose {', '.join(SPECS)}.")
    return [GeneratedMarket(SPECS[symbol], options.seed, start_ms) for symbol in symbols], dict(SPECS)


def _file_market(options: ExchangeOptions, path: Path) -> tuple[list[Market], dict[str, SymbolSpec]]:
    file = read_klines_file(path)
    symbol = options.symbols[0] if options.symbols else guess_symbol(path)
    if symbol is None:
        raise UserError(
            f"{path.name}: the file's name does not begin with a symbol: say which one it is with --symbol."
        )
    spec = SPECS.get(symbol) or _derived_spec(symbol, file)
    if options.rules is not None:
        spec = read_rules_file(options.rules, symbol, spec)
    if options.mirror:
        return [MirrorMarket(spec, file)], {symbol: spec}
    count = LEAST_TICKS if options.is_paced else file.interval_ms // FILE_TICK_MS
    return [KlinesFileMarket(spec, file, ticks_per_kline=count)], {symbol: spec}


def _derived_spec(symbol: str, file: KlinesFile) -> SymbolSpec:
    """Return rules for a symbol that has none here: steps as fine as the file's numbers, the rest of a small coin."""
    model = SPECS["LTCUSDT"]
    tick = Decimal(1).scaleb(-max(decimal_places(texts) for texts in file.columns[:4]))
    step = Decimal(1).scaleb(-decimal_places(file.columns[4]))
    return msgspec.structs.replace(
        model,
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
