"""The command line's own checks: what is refused before anything is started."""

import argparse
from pathlib import Path

import pytest

from trader_gui import __main__ as program
from trader_gui import __version__

REFUSED: dict[str, tuple[list[str], str]] = {
    "replay without a file": (["run", "--profile", "replay"], "add --data FILE"),
    "a file for another profile": (["run", "--profile", "demo", "--data", "x.csv"], "add --profile replay"),
    "speed zero": (["run", "--speed", "0"], "'0' is no speed: use a number from 1 to 100, or max"),
    "speed above 100": (["run", "--speed", "101"], "'101' is no speed"),
    "speed in words": (["run", "--speed", "fast"], "'fast' is no speed"),
    "speed that is no number": (["run", "--speed", "nan"], "'nan' is no speed"),
    "a live market's speed": (["run", "--profile", "live", "--speed", "2"], "--speed works with demo and replay only"),
    "paper's speed": (["run", "--profile", "paper", "--speed", "max"], "--speed works with demo and replay only"),
    "live armed at start": (["run", "--profile", "live", "--arm"], "--arm works with demo and replay only: arm live"),
    "testnet armed at start": (["run", "--profile", "testnet", "--arm"], "arm testnet by hand in the window"),
    "paper armed at start": (["run", "--profile", "paper", "--arm"], "arm paper by hand in the window"),
    "window armed at start": (["--profile", "live", "--arm"], "arm live by hand in the window"),
    "an unknown profile": (["run", "--profile", "real"], "invalid choice: 'real'"),
    "an unknown interval": (["run", "--interval", "7m"], "invalid choice: '7m'"),
    "no time": (["run", "--for", "0"], "'0' is no number of seconds above 0"),
    "endless time": (["run", "--for", "inf"], "'inf' is no number of seconds above 0"),
    "an unknown option": (["run", "--frobnicate"], "unrecognized arguments: --frobnicate"),
    "an unknown command": (["walk"], "unrecognized arguments: walk"),
    "an exchange's speed": (["exchange", "--speed", "0.5"], "'0.5' is no speed"),
    "an exchange's balance": (["exchange", "--balance", "-1"], "'-1' is no balance: use an amount of USDT above 0"),
    "file and seed": (["exchange", "--data", "x.csv", "--seed", "7"], "not allowed with argument"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_arguments_are_one_line_and_code_2(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    words, expected = REFUSED[case]
    try:
        code = program.main(words)
    except SystemExit as ended:
        code = int(ended.code or 0)
    out, err = capsys.readouterr()
    assert (code, out) == (program.EXIT_BAD_INPUT, "")
    (line,) = err.splitlines()
    assert line.startswith("trader-gui: ") and expected in line


@pytest.mark.parametrize(
    ("data", "symbol"), [("ETHUSDT-1m-2024-01.zip", "ETHUSDT"), ("klines.csv", "BTCUSDT"), (None, "BTCUSDT")]
)
def test_the_symbol_comes_from_the_files_name(data: str | None, symbol: str) -> None:
    arguments = argparse.Namespace(
        profile="replay" if data else "demo", data=Path(data) if data else None, speed=None, arm=False, symbol=None
    )
    program._check_session(arguments)
    assert (arguments.symbol, arguments.speed) == (symbol, "1")


def test_version_and_help_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    for words, expected in ((["--version"], __version__), (["--help"], "self-test"), (["run", "--help"], "--json")):
        with pytest.raises(SystemExit) as ended:
            program.main(words)
        assert ended.value.code == 0
        assert expected in capsys.readouterr().out
