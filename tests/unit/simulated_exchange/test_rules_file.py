import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.raw_exchange_client import write_klines
from trader_gui.errors import UserError
from trader_gui.simulated_exchange import wire
from trader_gui.simulated_exchange.options import ExchangeOptions, make_markets
from trader_gui.simulated_exchange.rules_file import read_all_rules, read_rules_file
from trader_gui.simulated_exchange.symbols import SPECS

MODEL = SPECS["LTCUSDT"]
ANSWER = Path(__file__).parents[4] / "shared" / "data" / "messages" / "rest" / "exchangeInfo-2021-07-21.json"


def entry(symbol: str) -> dict[str, Any]:
    info = wire.exchange_info([SPECS[symbol]], 0)
    found: dict[str, Any] = json.loads(wire.encode(info))["symbols"][0]
    return found


def write(folder: Path, content: Any) -> Path:
    path = folder / "rules.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("symbol", list(SPECS))
def test_an_entry_of_this_exchange_gives_the_same_rules_again(symbol: str, tmp_path: Path) -> None:
    told = read_rules_file(write(tmp_path, entry(symbol)), symbol, MODEL)
    assert told == msgspec.structs.replace(SPECS[symbol], brackets=MODEL.brackets)


def test_what_the_entry_leaves_out_comes_from_the_model(tmp_path: Path) -> None:
    content = entry("BTCUSDT")
    for name in ("marketTakeBound", "triggerProtect", "liquidationFee"):
        del content[name]
    content["filters"] = [f for f in content["filters"] if f["filterType"] in ("PRICE_FILTER", "LOT_SIZE")]
    content["filters"][0]["maxPrice"] = "0"
    told = read_rules_file(write(tmp_path, content), "BTCUSDT", MODEL)
    assert (told.market_take_bound, told.multiplier_up, told.max_num_orders) == (
        MODEL.market_take_bound,
        MODEL.multiplier_up,
        MODEL.max_num_orders,
    )
    assert told.market_max_qty == told.max_qty == SPECS["BTCUSDT"].max_qty
    assert told.max_price > Decimal(10) ** 9  # a bound of 0 is none
    assert told.min_notional == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "no symbol entry of exchangeInfo"),
        ("[]", "no symbol entry of exchangeInfo"),
        ('{"symbols": []}', "holds the rules of no symbol, not of BTCUSDT"),
        ({**entry("BTCUSDT"), "symbol": "ETHUSDT"}, "rules of ETHUSDT, not of BTCUSDT: choose"),
        ({**entry("BTCUSDT"), "filters": []}, "has no PRICE_FILTER and no LOT_SIZE of BTCUSDT: take the entry whole"),
        (
            {**entry("BTCUSDT"), "filters": [{"filterType": "PRICE_FILTER"}, {"filterType": "LOT_SIZE"}]},
            "tick size and step size of BTCUSDT must be above 0",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named(content: Any, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_rules_file(write(tmp_path, content), "BTCUSDT", MODEL)
    assert str(caught.value).startswith("rules.json")
    assert sentence in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent\.json does not exist"):
        read_rules_file(tmp_path / "absent.json", "BTCUSDT", MODEL)


def test_the_exchange_trades_by_the_files_rules(tmp_path: Path) -> None:
    data = tmp_path / "BTCUSDT-1m.csv"
    write_klines(data, 1)
    content = entry("BTCUSDT")
    content["filters"][0]["tickSize"] = "0.50"
    _, specs = make_markets(ExchangeOptions(data=data, mirror=True, rules=write(tmp_path, content)))
    assert specs["BTCUSDT"].tick_size == Decimal("0.50")
    assert specs["BTCUSDT"].brackets == SPECS["BTCUSDT"].brackets


def test_of_a_whole_answer_what_can_be_traded_here_counts(tmp_path: Path) -> None:
    info: dict[str, Any] = json.loads(wire.encode(wire.exchange_info(list(SPECS.values()), 0)))
    info["symbols"][0]["status"] = "SETTLING"
    info["symbols"][1]["marginAsset"] = "USDC"
    info["symbols"][2]["contractType"] = "CURRENT_QUARTER"
    path = write(tmp_path, info)
    specs = read_all_rules(path)
    assert list(specs) == list(SPECS)[3:]
    assert specs["SOLUSDT"] == SPECS["SOLUSDT"]
    # One symbol may be asked for whatever its status.
    assert read_rules_file(path, "BTCUSDT", SPECS["BTCUSDT"]) == SPECS["BTCUSDT"]
    info["symbols"] = info["symbols"][:3]
    with pytest.raises(UserError, match="has no trading perpetual contract margined in USDT"):
        read_all_rules(write(tmp_path, info))


@pytest.mark.skipif(not ANSWER.exists(), reason="the published answer is not here")
def test_a_published_answer_gives_all_its_symbols() -> None:
    specs = read_all_rules(ANSWER)
    assert len(specs) == 114
    found = specs["YFIUSDT"]
    assert (found.tick_size, found.step_size, found.min_price) == (Decimal(1), Decimal("0.001"), Decimal(667))
    assert found.brackets == MODEL.brackets
