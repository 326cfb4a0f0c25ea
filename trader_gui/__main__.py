"""The command line: arguments and profile, then the window, a session without one, the exchange, or the self-test."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from trader_gui import __version__
from trader_gui.domain.market import INTERVAL_MS
from trader_gui.errors import TraderError, UserError
from trader_gui.profiles import PROFILES

EXIT_BAD_INPUT = 2

_COMMANDS_HELP = """\
commands:
  trader-gui [options]            open the window (this page's options)
  trader-gui run [options]        the same session without a window
  trader-gui exchange [options]   the simulated exchange alone
  trader-gui self-test            check this installation
`trader-gui COMMAND --help` tells a command's own options."""


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_BAD_INPUT, f"trader-gui: {message}\n")


def _speed(text: str) -> str:
    """Return `text` when it is `max` or a number from 1 to 100."""
    if text == "max":
        return text
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed: use a number from 1 to 100, or max")
    return text


def _seconds(text: str) -> float:
    """Return `text` as a positive number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return value


def _add_session_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", choices=list(PROFILES), default="demo", help="what is traded where (demo)")
    parser.add_argument("--symbol", type=str.upper, default=None, help="symbol, BTCUSDT unless the data file tells")
    parser.add_argument("--interval", choices=list(INTERVAL_MS), default="1m", help="kline interval (1m)")
    parser.add_argument("--strategy", default="bb_rv", help="decision engine's strategy (bb_rv)")
    parser.add_argument(
        "--data", type=Path, metavar="FILE", help="file for the replay profile: klines, aggTrades or a recording"
    )
    parser.add_argument("--speed", type=_speed, default=None, help="1 to 100, or max; demo and replay only (1)")
    parser.add_argument("--seed", type=int, default=None, help="seed of the generated market")
    parser.add_argument("--data-dir", type=Path, help="where journal, settings and logs are kept")
    parser.add_argument("--arm", action="store_true", help="arm the engine at start; demo and replay only")


def _window_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="trader-gui",
        description="Trade Binance USDⓈ-M futures by hand and by a decision engine.",
        epilog=_COMMANDS_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_session_arguments(parser)
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help="save a picture of the window and exit")
    parser.add_argument("--after", type=_seconds, default=8.0, metavar="SECONDS", help="when the picture is taken (8)")
    parser.add_argument("--size", default=None, metavar="WxH", help="size of the window, for pictures")
    parser.add_argument("--theme", choices=("dark", "light"), default=None, help="colours for this run")
    parser.add_argument("--version", action="version", version=f"Trader GUI {__version__}")
    return parser


def _run_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="trader-gui run", description="A session without a window; prints a summary at its end.")
    _add_session_arguments(parser)
    parser.add_argument("--for", dest="seconds", type=_seconds, metavar="SECONDS", help="end after this time")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON object")
    return parser


def _check_session(arguments: argparse.Namespace) -> None:
    """Refuse combinations that make no sense, naming the remedy."""
    profile = PROFILES[arguments.profile]
    if profile.feed == "file" and arguments.data is None:
        raise UserError("the replay profile needs a file to play: add --data FILE")
    if profile.feed != "file" and arguments.data is not None:
        raise UserError(f"--data belongs to the replay profile, not to {profile.name}: add --profile replay")
    if profile.feed == "live" and arguments.speed is not None:
        raise UserError(f"--speed works with demo and replay only: {profile.name} runs at the market's own speed")
    if arguments.arm and not profile.may_arm_at_start:
        raise UserError(f"--arm works with demo and replay only: arm {profile.name} by hand in the window")
    arguments.speed = arguments.speed or "1"
    if arguments.symbol is None:
        arguments.symbol = _symbol_of(arguments.data) or "BTCUSDT"


def _symbol_of(data: Path | None) -> str | None:
    """Return the symbol that a klines file's name begins with, as the venue's archive names them."""
    if data is None:
        return None
    head = data.name.split("-")[0]
    return head if head.isalnum() and head.isupper() else None


def _window(argv: Sequence[str]) -> int:
    arguments = _window_parser().parse_args(argv)
    _check_session(arguments)
    from trader_gui.app import run_window, show_failure  # Qt may be absent for the other commands

    try:
        return run_window(arguments)
    except TraderError as error:
        if sys.stderr is None:  # a windowed program has no console to say it on
            show_failure(str(error))
        raise


def _run(argv: Sequence[str]) -> int:
    arguments = _run_parser().parse_args(argv)
    _check_session(arguments)
    from trader_gui.headless import run_headless

    return run_headless(arguments)


def _exchange(argv: Sequence[str]) -> int:
    from trader_gui.simulated_exchange import command

    parser = _Parser(prog="trader-gui exchange", description="The simulated exchange alone, on this machine only.")
    command.add_arguments(parser)
    return command.run(parser.parse_args(argv))


def _self_test(argv: Sequence[str]) -> int:
    _Parser(prog="trader-gui self-test", description="Check this installation; one line a check.").parse_args(argv)
    from trader_gui.self_test import run_self_test

    return run_self_test()


_COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"run": _run, "exchange": _exchange, "self-test": _self_test}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 well, 1 failed, 2 bad input."""
    words = list(sys.argv[1:] if argv is None else argv)
    command = _COMMANDS.get(words[0]) if words else None
    try:
        return command(words[1:]) if command else _window(words)
    except UserError as error:
        print(f"trader-gui: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except TraderError as error:
        print(f"trader-gui: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
