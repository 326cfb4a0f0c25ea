import argparse
from decimal import Decimal
from pathlib import Path

import pytest

from trader_gui.simulated_exchange.command import add_arguments, options_of
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.sources import ALL


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser)
    return parser.parse_args(words)


def test_defaults_are_those_of_the_options() -> None:
    assert options_of(parse()) == ExchangeOptions()


def test_every_option_arrives() -> None:
    words = ["--data", "x.csv", "--port", "8123", "--speed", "max", "--symbol", "ethusdt", "--balance", "500.5"]
    assert options_of(parse(*words)) == ExchangeOptions(
        data=Path("x.csv"), port=8123, speed="max", symbols=("ETHUSDT",), wallet_balance=Decimal("500.5")
    )
    mirror = options_of(parse("--mirror", "--data", "x.csv", "--rules", "x.json"))
    assert (mirror.mirror, mirror.data, mirror.rules) == (True, Path("x.csv"), Path("x.json"))
    several = options_of(parse("--seed", "7", "--speed", "2.5", "--symbol", "BTCUSDT", "--symbol", "ETHUSDT"))
    assert (several.seed, several.speed, several.symbols) == (7, 2.5, ("BTCUSDT", "ETHUSDT"))
    listed = options_of(parse("--symbols", "btcusdt, ethusdt", "--regime", "calm:5m,crash", "--brackets", "b.json"))
    assert (listed.symbols, listed.regime, listed.brackets) == (("BTCUSDT", "ETHUSDT"), "calm:5m,crash", Path("b.json"))
    assert options_of(parse("--symbols", "all")).symbols == (ALL,)


@pytest.mark.parametrize(
    "words",
    [("--speed", "0"), ("--speed", "101"), ("--speed", "nan"), ("--balance", "-1"), ("--balance", "NaN")],
)
def test_values_out_of_range_are_refused(words: tuple[str, str]) -> None:
    with pytest.raises(argparse.ArgumentError, match="use a"):
        parse(*words)


def test_a_file_and_a_seed_exclude_each_other() -> None:
    with pytest.raises(argparse.ArgumentError):
        parse("--data", "x.csv", "--seed", "2")
