"""The command `trader-gui exchange`: the simulated exchange as a process of its own.

When it is ready it writes one line of JSON to its output, and to the ready file if one is named:
`{"rest": URL, "ws": URL, "api_key": ..., "api_secret": ...}`. It ends on SIGINT or SIGTERM, and with
`--exit-with-parent` also when its standard input is closed, which a killed parent does on every system.
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

from trader_gui.simulated_exchange.options import DEFAULT_SYMBOL, FASTEST, MAX_SPEED, ExchangeOptions
from trader_gui.simulated_exchange.server import SimulatedExchange


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


def _balance(text: str) -> Decimal:
    try:
        balance = Decimal(text)
    except InvalidOperation:
        balance = Decimal(0)
    if not (balance.is_finite() and balance > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no balance: use an amount of USDT above 0")
    return balance


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to a parser."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--data", type=Path, metavar="FILE", help="klines file to play: csv, csv.gz, zip")
    source.add_argument("--seed", type=int, default=1, help="seed of the generated market (1)")
    parser.add_argument(
        "--mirror", action="store_true", help="play nothing: the market is pushed in at /mirror; --data is its history"
    )
    parser.add_argument(
        "--rules", type=Path, metavar="FILE", help="the symbol's rules: its entry of exchangeInfo, JSON; with --data"
    )
    parser.add_argument("--port", type=int, default=0, help="port on this machine; any free one by default")
    parser.add_argument("--speed", type=_speed, default=1.0, help="1 to 100, or max: as fast as clients follow (1)")
    parser.add_argument(
        "--symbol",
        type=str.upper,
        action="append",
        default=None,
        help=f"symbol to trade, as often as wanted; the file's own, else {DEFAULT_SYMBOL}",
    )
    parser.add_argument("--balance", type=_balance, default=Decimal(10_000), help="USDT at the start (10000)")
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
        symbols=tuple(arguments.symbol or ()),
        wallet_balance=arguments.balance,
        mirror=arguments.mirror,
        rules=arguments.rules,
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
    line = json.dumps(
        {
            "rest": exchange.rest_url,
            "ws": exchange.ws_url,
            "api_key": exchange.api_key,
            "api_secret": exchange.api_secret,
        }
    )
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
