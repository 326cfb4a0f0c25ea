"""The command `trader-gui exchange`: the simulated exchange as a process of its own.

When it is ready it writes one line of JSON to its output, and to the ready file if one is named:
`{"rest": URL, "ws": URL, "api_key": ..., "api_secret": ...}`, and after these, if public keys were given,
`"public_keys": [{"file": ..., "kind": "RSA" or "Ed25519", "api_key": ...}, ...]`. It ends on SIGINT or SIGTERM, and
with `--exit-with-parent` also when its standard input is closed, which a killed parent does on every system.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import threading
from decimal import Decimal, InvalidOperation
from pathlib import Path

from trader_gui.simulated_exchange.options import FASTEST, MAX_SPEED, ExchangeOptions
from trader_gui.simulated_exchange.regimes import MIXED, REGIMES
from trader_gui.simulated_exchange.server import SimulatedExchange
from trader_gui.simulated_exchange.sources import DEFAULT_SYMBOL


def _speed(text: str) -> float | str:
    if text == MAX_SPEED:
        return text
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 1 <= speed <= FASTEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed: use a number from 1 to 100, or max")
    return speed


def _symbols(text: str) -> list[str]:
    return [name.strip().upper() for name in text.split(",") if name.strip()]


def _balance(text: str) -> Decimal:
    try:
        balance = Decimal(text)
    except InvalidOperation:
        balance = Decimal(0)
    if not (balance.is_finite() and balance > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no balance: use an amount of USDT above 0")
    return balance


def _add_market_arguments(parser: argparse.ArgumentParser) -> None:
    market = parser.add_argument_group(
        "market",
        "Generated from a seed, or played from a file whose content tells what it is: klines or aggTrades of the "
        "venue's archive (csv, gz, zip), or a recording of raw streams (lines 'LOCAL_TIME FRAME' with diff depth, "
        "trade or aggTrade, bookTicker, markPrice; recordings of one stream may be joined: cat a.gz b.gz > c.gz).",
    )
    source = market.add_mutually_exclusive_group()
    source.add_argument("--data", type=Path, metavar="FILE", help="file to play: klines, aggTrades or a recording")
    source.add_argument("--seed", type=int, default=1, help="seed of the generated market (1)")
    market.add_argument(
        "--regime",
        default=MIXED.name,
        metavar="SCHEDULE",
        help=f"how a generated market behaves: {', '.join(REGIMES)}, or a schedule that begins again when it is over, "
        f"such as calm:10m,crash:2m,halt:1m ({MIXED.name})",
    )
    market.add_argument(
        "--mirror", action="store_true", help="play nothing: the market is pushed in at /mirror; --data is its history"
    )
    market.add_argument(
        "--symbols",
        type=_symbols,
        action="extend",
        metavar="LIST",
        help=f"symbols of a generated market, A,B,C or all that have rules; the symbol of a file; the file's own, else "
        f"{DEFAULT_SYMBOL}",
    )
    market.add_argument(
        "--symbol", type=_symbols, action="extend", dest="symbols", help="the same, one by one, as often as wanted"
    )
    market.add_argument(
        "--rules",
        type=Path,
        metavar="FILE",
        help="the symbols' rules: an answer of exchangeInfo or one entry of it, JSON; this exchange's own table else",
    )
    market.add_argument(
        "--brackets",
        type=Path,
        metavar="FILE",
        help="leverage brackets: an answer of leverageBracket, JSON, may be gz; those of the own table else",
    )
    market.add_argument("--speed", type=_speed, default=1.0, help="1 to 100, or max: as fast as clients follow (1)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to a parser."""
    _add_market_arguments(parser)
    parser.add_argument("--port", type=int, default=0, help="port on this machine; any free one by default")
    parser.add_argument("--fee-tier", type=int, default=0, help="0 to 9: the regular fees, or a lower row of them (0)")
    parser.add_argument("--balance", type=_balance, default=Decimal(10_000), help="USDT at the start (10000)")
    parser.add_argument(
        "--public-key",
        type=Path,
        action="append",
        metavar="FILE",
        help="public RSA or Ed25519 key (PEM) that may sign, too; its API key is in the ready line; as often as wanted",
    )
    parser.add_argument("--no-limits", action="store_true", help="requests, orders and messages are not counted")
    parser.add_argument("--faults", type=Path, metavar="FILE", help="faults to inject: a plan, JSON")
    parser.add_argument(
        "--latency",
        default="",
        metavar="DELAYS",
        help="the venue's delays in ms, such as order=lognormal:20:0.5,cancel=5,event=uniform:1:10 (none)",
    )
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="write the ready line here too")
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="end when standard input is closed, as a dead parent does"
    )


def options_of(arguments: argparse.Namespace) -> ExchangeOptions:
    """Return the exchange options that the command line asks for."""
    return ExchangeOptions(
        port=arguments.port,
        data=arguments.data,
        seed=arguments.seed,
        speed=arguments.speed,
        symbols=tuple(arguments.symbols or ()),
        wallet_balance=arguments.balance,
        fee_tier=arguments.fee_tier,
        public_keys=tuple(arguments.public_key or ()),
        mirror=arguments.mirror,
        rules=arguments.rules,
        brackets=arguments.brackets,
        regime=arguments.regime,
        counts=not arguments.no_limits,
        faults=arguments.faults,
        latency=arguments.latency,
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to end; return the exit code.

    Raises:
        UserError: The options, the file or the port cannot be used.
    """
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(arguments))
    return 0


async def _serve(arguments: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    # Not on Windows' event loop: there Ctrl-C arrives as KeyboardInterrupt, and a parent closes standard input.
    with contextlib.suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
    async with SimulatedExchange(options_of(arguments)) as exchange:
        _announce(exchange, arguments.ready_file)
        if arguments.exit_with_parent:
            watch = threading.Thread(target=_wait_for_parent, args=(loop, ended), daemon=True, name="parent watch")
            watch.start()
        await ended.wait()


def _announce(exchange: SimulatedExchange, ready_file: Path | None) -> None:
    ready: dict[str, object] = {
        "rest": exchange.rest_url,
        "ws": exchange.ws_url,
        "api_key": exchange.api_key,
        "api_secret": exchange.api_secret,
    }
    if exchange.public_keys:
        ready["public_keys"] = [
            {"file": str(file), "kind": key.kind, "api_key": key.name} for file, key in exchange.public_keys.items()
        ]
    line = json.dumps(ready)
    if ready_file is not None:
        # Whoever waits for the file must never read half of it.
        part = ready_file.with_name(ready_file.name + ".part")
        part.write_text(line + "\n", encoding="utf-8")
        part.replace(ready_file)
    if sys.stdout is not None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _wait_for_parent(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    """Block until standard input ends, then end the program. Runs in a thread: Windows pipes cannot be polled."""
    while sys.stdin is not None and sys.stdin.buffer.read(1024):
        pass
    with contextlib.suppress(RuntimeError):  # the loop may have ended first
        loop.call_soon_threadsafe(ended.set)
