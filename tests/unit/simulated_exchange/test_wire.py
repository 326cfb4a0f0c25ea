from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.simulated_exchange import wire
from trader_gui.simulated_exchange.symbols import SPECS

numbers = st.decimals(allow_nan=False, allow_infinity=False, places=None, min_value=-(10**12), max_value=10**12)


@given(numbers)
def test_numbers_are_plain_digits_and_lose_nothing(value: Decimal) -> None:
    text = wire.text(value)
    assert "e" not in text.lower()
    assert Decimal(text) == value


@given(st.lists(st.tuples(numbers, numbers), max_size=4))
def test_levels_are_pairs_of_the_same_texts(levels: list[tuple[Decimal, Decimal]]) -> None:
    written = msgspec.json.decode(wire.encode(wire.levels_json(levels)))
    assert written == [[wire.text(price), wire.text(quantity)] for price, quantity in levels]


def test_a_zero_keeps_its_places() -> None:
    assert [wire.text(Decimal(zero)) for zero in ("0", "0.000", "0E-8")] == ["0", "0.000", "0.00000000"]


def test_exchange_info_carries_the_filters_as_text() -> None:
    info = wire.exchange_info([SPECS["BTCUSDT"], SPECS["DOGEUSDT"]], 7)
    assert info["serverTime"] == 7
    assert {row["limit"] for row in info["rateLimits"]} == {2400, 1200, 300}
    bitcoin = {entry["filterType"]: entry for entry in info["symbols"][0]["filters"]}
    assert bitcoin["PRICE_FILTER"] == {
        "filterType": "PRICE_FILTER",
        "minPrice": "556.80",
        "maxPrice": "4529764",
        "tickSize": "0.10",
    }
    assert bitcoin["MARKET_LOT_SIZE"]["maxQty"] == "120"
    assert bitcoin["MIN_NOTIONAL"]["notional"] == "50"
    doge = {entry["filterType"]: entry for entry in info["symbols"][1]["filters"]}
    assert doge["PRICE_FILTER"]["tickSize"] == "0.000010"


def test_exchange_info_has_every_documented_field() -> None:
    info = wire.exchange_info([SPECS["BTCUSDT"]], 7)
    assert list(info) == [
        *("timezone", "serverTime", "futuresType", "rateLimits", "exchangeFilters", "assets", "symbols"),
    ]
    assert list(info["symbols"][0]) == [
        *("symbol", "pair", "contractType", "deliveryDate", "onboardDate", "status", "maintMarginPercent"),
        *("requiredMarginPercent", "baseAsset", "quoteAsset", "marginAsset", "pricePrecision", "quantityPrecision"),
        *("baseAssetPrecision", "quotePrecision", "underlyingType", "underlyingSubType", "triggerProtect"),
        *("liquidationFee", "marketTakeBound", "maxMoveOrderLimit", "filters", "orderTypes", "timeInForce"),
    ]
