from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.raw_exchange_client import write_klines
from trader_gui.errors import UserError
from trader_gui.simulated_exchange.file_market import KlinesFileMarket
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
        (ExchangeOptions(rules=Path("x.json")), "rules belong to a klines file: add --data FILE"),
        (ExchangeOptions(data=Path("x.csv"), mirror=True, speed="max"), "speed max is not possible: a mirrored market"),
    ],
)
def test_what_cannot_be_followed_is_said(options: ExchangeOptions, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        make_markets(options)
    assert sentence in str(caught.value)


def test_the_files_name_gives_the_symbol_unless_one_is_given(tmp_path: Path) -> None:
    named, plain = tmp_path / "BTCUSDT-1m.csv", tmp_path / "klines.csv"
    write_klines(named, 2)
    write_klines(plain, 2)
    assert [market.symbol for market in make_markets(ExchangeOptions(data=named))[0]] == ["BTCUSDT"]
    given = ExchangeOptions(data=plain, symbols=("ETHUSDT",))
    assert [market.symbol for market in make_markets(given)[0]] == ["ETHUSDT"]
    with pytest.raises(UserError, match="say which one it is with --symbol"):
        make_markets(ExchangeOptions(data=plain))


def test_a_symbol_without_rules_gets_steps_as_fine_as_its_file(tmp_path: Path) -> None:
    path = tmp_path / "SOMECOINUSDT-1m.csv"
    write_klines(path, 2)
    markets, specs = make_markets(ExchangeOptions(data=path, speed="max"))
    spec = specs["SOMECOINUSDT"]
    assert (spec.tick_size, spec.step_size, spec.base_asset) == (Decimal("0.1"), Decimal("0.001"), "SOMECOIN")
    first = next(markets[0].ticks())
    assert first.asks[0][0] - first.bids[0][0] == Decimal("0.1")


def test_ticks_are_few_when_clients_pace_and_many_by_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-1m.csv"
    write_klines(path, 1)
    for speed, count in (("max", 4), (10.0, 240)):
        (market,), _ = make_markets(ExchangeOptions(data=path, speed=speed))
        assert isinstance(market, KlinesFileMarket)
        assert sum(1 for _ in market.ticks()) == count


def test_a_generated_market_starts_now_or_on_a_fixed_day_when_paced() -> None:
    (paced,), _ = make_markets(ExchangeOptions(speed="max"))
    assert paced.start_time_ms == PACED_START_MS
    (clocked,), _ = make_markets(ExchangeOptions())
    assert clocked.start_time_ms > PACED_START_MS
    chosen = msgspec.structs.replace(ExchangeOptions(), start_time_ms=1_600_000_020_000, symbols=("ETHUSDT", "ETHUSDT"))
    markets, _ = make_markets(chosen)
    assert [(market.symbol, market.start_time_ms) for market in markets] == [("ETHUSDT", 1_600_000_020_000)]
