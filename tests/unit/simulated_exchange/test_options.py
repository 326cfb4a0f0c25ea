from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.options import PACED_START_MS, ExchangeOptions, make_markets


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (ExchangeOptions(speed=0.5), "speed 0.5 is not possible: choose 1 to 100, or max."),
        (ExchangeOptions(speed=101), "speed 101 is not possible"),
        (ExchangeOptions(speed="fast"), "speed fast is not possible"),
        (ExchangeOptions(wallet_balance=Decimal(0)), "choose more than 0"),
        (ExchangeOptions(port=70000), "port 70000 does not exist"),
        (ExchangeOptions(symbols=("NOPEUSDT",)), "NOPEUSDT is not among the generated markets: choose BTCUSDT"),
        (ExchangeOptions(data=Path("x.csv"), symbols=("BTCUSDT", "ETHUSDT")), "give one symbol only"),
        (ExchangeOptions(data=Path("x.csv")), "x.csv does not exist"),
        (ExchangeOptions(mirror=True), "a mirrored market needs its history: add --data FILE"),
        (ExchangeOptions(rules=Path("x.json")), "x.json does not exist"),
        (ExchangeOptions(brackets=Path("x.json")), "x.json does not exist"),
        (ExchangeOptions(regime="panic"), "regime 'panic' is not possible: choose mixed, calm"),
        (ExchangeOptions(data=Path("x.csv"), regime="calm"), "a file has its own, leave --regime out"),
        (ExchangeOptions(data=Path("x.csv"), symbols=("ALL",)), "give one symbol only"),
        (ExchangeOptions(data=Path("x.csv"), mirror=True, speed="max"), "speed max is not possible: a mirrored market"),
    ],
)
def test_what_cannot_be_followed_is_said(options: ExchangeOptions, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        make_markets(options)
    assert sentence in str(caught.value)


def test_a_generated_market_starts_now_or_on_a_fixed_day_when_paced() -> None:
    (paced,), _ = make_markets(ExchangeOptions(speed="max"))
    assert paced.start_time_ms == PACED_START_MS
    (clocked,), _ = make_markets(ExchangeOptions())
    assert clocked.start_time_ms > PACED_START_MS
    chosen = msgspec.structs.replace(ExchangeOptions(), start_time_ms=1_600_000_020_000, symbols=("ETHUSDT", "ETHUSDT"))
    markets, _ = make_markets(chosen)
    assert [(market.symbol, market.start_time_ms) for market in markets] == [("ETHUSDT", 1_600_000_020_000)]
