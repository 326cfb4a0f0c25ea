import gzip
import json
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.brackets_file import read_brackets_file

PUBLISHED = Path(__file__).parents[4] / "shared" / "data" / "brackets" / "usdm-leverage-brackets-2025-07.json.gz"


def bracket(number: int, floor: float, cap: float, rate: float, cum: float) -> dict[str, Any]:
    return {
        "bracket": number,
        "initialLeverage": 125 // number,
        "notionalFloor": floor,
        "notionalCap": cap,
        "maintMarginRatio": rate,
        "cum": cum,
    }


ANSWER = {
    "symbol": "BTCUSDT",
    "notionalCoef": 1.5,
    "brackets": [bracket(1, 0, 300000, 0.004, 0.0), bracket(2, 300000, 8e5, 0.005, 300.0)],
}


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("as_list", [False, True])
def test_both_forms_with_numbers_as_texts_or_not(tmp_path: Path, as_text: bool, as_list: bool) -> None:
    text = json.dumps([ANSWER] if as_list else ANSWER)
    if as_text:
        text = json.dumps(json.loads(text, parse_float=str, parse_int=str))
    path = tmp_path / "b.json"
    path.write_bytes(gzip.compress(text.encode()) if as_text else text.encode())
    first, second = read_brackets_file(path)["BTCUSDT"]
    assert (first.bracket, first.initial_leverage, first.maint_margin_ratio) == (1, 125, D("0.004"))
    assert (str(second.notional_cap), str(second.cum)) == ("800000", "300")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ([], None),
        ({"symbol": "BTCUSDT"}, "is no answer of leverageBracket"),
        ({"symbol": "BTCUSDT", "brackets": []}, "the brackets of BTCUSDT leave a gap"),
        ({"symbol": "BTCUSDT", "brackets": ANSWER["brackets"][1:]}, "leave a gap"),
        ({"symbol": "BTCUSDT", "brackets": [ANSWER["brackets"][0], bracket(2, 5e5, 8e5, 0.1, 1)]}, "leave a gap"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, answer: Any, sentence: str | None) -> None:
    path = tmp_path / "b.json"
    path.write_text(json.dumps(answer), encoding="utf-8")
    if sentence is None:
        assert read_brackets_file(path) == {}
        return
    with pytest.raises(UserError) as caught:
        read_brackets_file(path)
    assert sentence in str(caught.value)


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published table is not here")
def test_the_published_table_keeps_the_venues_rule() -> None:
    tables = read_brackets_file(PUBLISHED)
    assert sum(len(rows) for rows in tables.values()) == 4839
    for rows in tables.values():
        rate = cum = D(0)
        for row in rows:
            cum += row.notional_floor * (row.maint_margin_ratio - rate)
            rate = row.maint_margin_ratio
            assert row.cum == cum
