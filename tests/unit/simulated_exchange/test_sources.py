import json
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from tests.raw_exchange_client import write_klines
from tests.recordings import START_MS, depth, snapshot, trade, write
from trader_gui.errors import UserError
from trader_gui.simulated_exchange import wire
from trader_gui.simulated_exchange.agg_trades_file import COLUMNS
from trader_gui.simulated_exchange.file_market import KlinesFileMarket
from trader_gui.simulated_exchange.generated import GeneratedMarket
from trader_gui.simulated_exchange.mirror import MirrorMarket
from trader_gui.simulated_exchange.recorded import RecordedMarket
from trader_gui.simulated_exchange.sources import ALL, RulesGiven, file_market, generated_markets, mirror_market
from trader_gui.simulated_exchange.symbols import SPECS
from trader_gui.simulated_exchange.trades_market import AggTradesMarket

OWN = RulesGiven(None, None)
RULES = Path(__file__).parents[4] / "shared" / "data" / "messages" / "rest" / "exchangeInfo-2021-07-21.json"
BRACKETS = Path(__file__).parents[4] / "shared" / "data" / "brackets" / "usdm-leverage-brackets-2025-07.json.gz"


def test_a_files_content_decides_which_market_it_is(tmp_path: Path) -> None:
    write_klines(tmp_path / "BTCUSDT-1m.csv", 2)
    (tmp_path / "BTCUSDT-trades.csv").write_text(
        ",".join(COLUMNS) + "\n1,60000.1,0.5,1,1,1700000000000,true\n", encoding="utf-8"
    )
    frames = [snapshot(START_MS, 100), trade(START_MS, "100.0", "1.000"), depth(START_MS, (100, 101, 99))]
    write(tmp_path / "anything.bin", frames)
    for name, kind in (
        ("BTCUSDT-1m.csv", KlinesFileMarket),
        ("BTCUSDT-trades.csv", AggTradesMarket),
        ("anything.bin", RecordedMarket),
    ):
        market, spec = file_market(tmp_path / name, None, OWN, is_paced=False)
        assert isinstance(market, kind)
        assert (market.symbol, spec.symbol, market.is_recorded) == ("BTCUSDT", "BTCUSDT", True)
        assert len(market.history()) >= 500
        assert next(market.ticks()).time_ms == market.start_time_ms
        assert market.history()[-1].close_time_ms < market.start_time_ms
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UserError, match="2 columns instead of the 12 of the venue's archive, and neither aggTrades"):
        file_market(tmp_path / "other.csv", None, OWN, is_paced=False)
    market, _ = mirror_market(tmp_path / "BTCUSDT-1m.csv", None, OWN)
    assert isinstance(market, MirrorMarket)


def test_the_files_name_gives_the_symbol_unless_one_is_given(tmp_path: Path) -> None:
    write_klines(tmp_path / "klines.csv", 2)
    market, _ = file_market(tmp_path / "klines.csv", "ETHUSDT", OWN, is_paced=False)
    assert market.symbol == "ETHUSDT"
    with pytest.raises(UserError, match="say which one it is with --symbol"):
        file_market(tmp_path / "klines.csv", None, OWN, is_paced=False)


def test_a_symbol_without_rules_gets_steps_as_fine_as_its_file(tmp_path: Path) -> None:
    write_klines(tmp_path / "SOMECOINUSDT-1m.csv", 2)
    market, spec = file_market(tmp_path / "SOMECOINUSDT-1m.csv", None, OWN, is_paced=True)
    assert (spec.tick_size, spec.step_size, spec.base_asset) == (Decimal("0.1"), Decimal("0.001"), "SOMECOIN")
    first = next(market.ticks())
    assert first.asks[0][0] - first.bids[0][0] == Decimal("0.1")


def test_ticks_are_few_when_clients_pace_and_many_by_the_clock(tmp_path: Path) -> None:
    write_klines(tmp_path / "BTCUSDT-1m.csv", 1)
    for is_paced, count in ((True, 4), (False, 240)):
        market, _ = file_market(tmp_path / "BTCUSDT-1m.csv", None, OWN, is_paced=is_paced)
        assert sum(1 for _ in market.ticks()) == count


def test_all_symbols_or_a_list_of_the_own_table() -> None:
    markets, specs = generated_markets((ALL,), OWN, 1, START_MS, "mixed")
    assert [market.symbol for market in markets] == list(specs) == list(SPECS)
    markets, _ = generated_markets(("XRPUSDT", "ADAUSDT", "XRPUSDT"), OWN, 1, START_MS, "mixed")
    assert [market.symbol for market in markets] == ["XRPUSDT", "ADAUSDT"]
    with pytest.raises(UserError, match="NOPEUSDT is not among the generated markets: choose BTCUSDT, ETHUSDT"):
        generated_markets(("NOPEUSDT",), OWN, 1, START_MS, "mixed")


def test_rules_and_brackets_from_files(tmp_path: Path) -> None:
    info = json.loads(wire.encode(wire.exchange_info([SPECS["BTCUSDT"], SPECS["ADAUSDT"]], 0)))
    info["symbols"][1] |= {"symbol": "NEWUSDT", "baseAsset": "NEW"}
    rules, brackets = tmp_path / "info.json", tmp_path / "brackets.json"
    rules.write_text(json.dumps(info), encoding="utf-8")
    row = {"bracket": 1, "initialLeverage": 7, "notionalFloor": 0, "notionalCap": 9, "maintMarginRatio": 0.1, "cum": 0}
    brackets.write_text(json.dumps([{"symbol": "NEWUSDT", "brackets": [row]}]), encoding="utf-8")
    markets, specs = generated_markets((ALL,), RulesGiven(rules, brackets), 1, START_MS, "mixed")
    assert [market.symbol for market in markets] == ["BTCUSDT", "NEWUSDT"]
    assert [bracket.initial_leverage for bracket in specs["NEWUSDT"].brackets] == [7]
    assert specs["BTCUSDT"].brackets == SPECS["BTCUSDT"].brackets
    write_klines(tmp_path / "NEWUSDT-1m.csv", 2)
    with pytest.raises(UserError, match="is no price of NEWUSDT"):  # the file's rules count for a file, too
        file_market(tmp_path / "NEWUSDT-1m.csv", None, RulesGiven(rules, brackets), is_paced=False)


@pytest.mark.skipif(not (RULES.exists() and BRACKETS.exists()), reason="the published rules are not here")
def test_every_symbol_of_a_published_answer_trades_by_its_own_rules() -> None:
    markets, specs = generated_markets((ALL,), RulesGiven(RULES, BRACKETS), 3, START_MS, "mixed")
    assert len(markets) == 114
    assert len(specs["BTCUSDT"].brackets) == 12
    for market in markets[::4]:
        assert isinstance(market, GeneratedMarket)
        spec = specs[market.symbol]
        for tick in islice(market.ticks(), 20):
            assert tick.bids[0][0] < tick.asks[0][0]
            for price, size in (
                *tick.bids[:5],
                *tick.asks[:5],
                *((print_.price, print_.quantity) for print_ in tick.prints),
            ):
                assert price % spec.tick_size == 0 == size % spec.step_size
                assert spec.min_price < price < spec.max_price
