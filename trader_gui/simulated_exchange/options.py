"""What a simulated exchange is started with, and the markets made from it."""

import time
from decimal import Decimal
from pathlib import Path

import msgspec

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.fees import FEE_TIERS
from trader_gui.simulated_exchange.records import MarketSource, SymbolSpec
from trader_gui.simulated_exchange.regimes import MIXED
from trader_gui.simulated_exchange.socket_host import DEFAULT_LIMITS, ConnectionLimits
from trader_gui.simulated_exchange.sources import (
    ALL,
    RulesGiven,
    file_market,
    generated_markets,
    mirror_market,
)

MAX_SPEED = "max"
FASTEST = 100.0
PACED_START_MS = 1_767_225_600_000
"""2026-01-01: where a generated market begins at speed `max`, so that two runs are equal."""


class ExchangeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a simulated exchange.

    Attributes:
        port: TCP port on loopback, 0 for any free one.
        data: File to play (klines, aggregate trades or a recording of raw streams, as its content tells), None for
            a generated market; with `mirror` the klines before the first frame.
        seed: Of the generated market, >= 0.
        speed: 1 to 100 times, or "max": as fast as the joined clients follow.
        symbols: Symbols to trade, empty for the file's own, else BTCUSDT; `ALL` for every one that has rules. A file
            is played as exactly one.
        wallet_balance: USDT at the start.
        fee_tier: Row of the fee table, 0 for the regular rates.
        api_key, api_secret: Empty for random ones.
        public_keys: PEM files of public RSA or Ed25519 keys that may sign for the account, too.
        mirror: The market is pushed in by frames; nothing is played.
        rules: File of the symbols' rules, exchangeInfo or an entry of it; None for the exchange's own table.
        brackets: File of leverage brackets, an answer of leverageBracket; None for the table's.
        regime: Schedule of a generated market, see `regimes`.
        start_time_ms: Where a generated market begins; None: now, or a fixed day at speed "max".
        faults: File of a fault plan, see `fault_plan`.
        latency: The venue's delays, as `latency` reads them; empty for none.
        counts: Requests, orders and messages are counted against the venue's limits; never at speed "max".
        limits: What stream connections may do and how long they live.
    """

    port: int = 0
    data: Path | None = None
    seed: int = 1
    speed: float | str = 1.0
    symbols: tuple[str, ...] = ()
    wallet_balance: Decimal = Decimal(10_000)
    fee_tier: int = 0
    api_key: str = ""
    api_secret: str = ""
    public_keys: tuple[Path, ...] = ()
    mirror: bool = False
    rules: Path | None = None
    brackets: Path | None = None
    regime: str = MIXED.name
    start_time_ms: int | None = None
    faults: Path | None = None
    latency: str = ""
    counts: bool = True
    limits: ConnectionLimits = DEFAULT_LIMITS

    @property
    def is_paced(self) -> bool:
        """Whether clients set the pace."""
        return self.speed == MAX_SPEED

    @property
    def is_counted(self) -> bool:
        """Whether requests, orders and messages are limited."""
        return self.counts and not self.is_paced


def check_options(options: ExchangeOptions) -> None:
    """Raise `UserError` for options that cannot be followed."""
    speed = options.speed
    if speed != MAX_SPEED and not (isinstance(speed, int | float) and 1 <= speed <= FASTEST):
        raise UserError(f"speed {speed} is not possible: choose 1 to 100, or max.")
    if options.wallet_balance <= 0:
        raise UserError(f"a start balance of {options.wallet_balance} USDT is not possible: choose more than 0.")
    if not 0 <= options.fee_tier < len(FEE_TIERS):
        raise UserError(f"fee tier {options.fee_tier} does not exist: choose 0 to {len(FEE_TIERS) - 1}.")
    if options.seed < 0:
        raise UserError(f"seed {options.seed} is not possible: choose 0 or more.")
    if not 0 <= options.port <= 65535:
        raise UserError(f"port {options.port} does not exist: choose 1 to 65535, or 0 for any free one.")
    if options.data is not None and (len(options.symbols) > 1 or ALL in options.symbols):
        raise UserError("a file is played as one symbol: give one symbol only.")
    if options.data is not None and options.regime != MIXED.name:
        raise UserError(f"regime {options.regime} is not possible: a file has its own, leave --regime out.")
    if options.data is None and options.mirror:
        raise UserError("a mirrored market needs its history: add --data FILE.")
    if options.mirror and speed != 1:
        raise UserError(f"speed {speed} is not possible: a mirrored market runs at its own, leave --speed out.")


def make_markets(options: ExchangeOptions) -> tuple[list[MarketSource], dict[str, SymbolSpec]]:
    """Make the markets and the rules of their symbols.

    Raises:
        UserError: The options cannot be followed, a file cannot be used, or a symbol is not known.
    """
    check_options(options)
    given = RulesGiven(options.rules, options.brackets)
    if options.data is not None:
        symbol = options.symbols[0] if options.symbols else None
        if options.mirror:
            market, spec = mirror_market(options.data, symbol, given)
        else:
            market, spec = file_market(options.data, symbol, given, is_paced=options.is_paced)
        return [market], {spec.symbol: spec}
    start_ms = options.start_time_ms
    if start_ms is None:
        start_ms = PACED_START_MS if options.is_paced else time.time_ns() // 1_000_000
    return generated_markets(options.symbols, given, options.seed, start_ms, options.regime)
