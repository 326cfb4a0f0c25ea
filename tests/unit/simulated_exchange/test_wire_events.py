import json
from decimal import Decimal

import pytest

from tests.wire_forms import START_MS, feed, form
from trader_gui.simulated_exchange import wire_events
from trader_gui.simulated_exchange.records import OrderRow
from trader_gui.simulated_exchange.wire import encode

SAMPLES = {
    "forceOrder": """{"e":"forceOrder","E":1795305600900,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC",
        "q":"0.250","p":"59800.0","ap":"59950.1","X":"FILLED","l":"0.250","z":"0.250","T":1795305600893},
        "ps":"BTCUSDT","st":1}""",
    "contractInfo": """{"e":"contractInfo","E":1795305600900,"s":"XRPUSDT","ps":"XRPUSDT","ct":"PERPETUAL",
        "dt":4133404800000,"ot":1580000000000,"cs":"TRADING","st":1}""",
}
"""The samples of the reference's section 3, without the brackets of contractInfo."""


def order() -> OrderRow:
    return OrderRow(
        1, "autoclose-1", "BTCUSDT", "SELL", "LIQUIDATION", "IOC", Decimal("0.250"), Decimal(0), "FILLED", True,
        START_MS, START_MS, Decimal("0.250"), Decimal("27.5"),
    )  # fmt: skip


@pytest.mark.parametrize("kind", SAMPLES)
def test_frames_have_the_fields_of_the_reference_in_its_order(kind: str) -> None:
    made = {
        "forceOrder": wire_events.force_order_frame(order(), Decimal("0.250"), START_MS),
        "contractInfo": wire_events.contract_frame(feed(), START_MS),
    }
    assert form(json.loads(encode(made[kind]))) == form(json.loads(SAMPLES[kind]))


def test_a_liquidation_shows_its_average_price() -> None:
    assert wire_events.force_order_frame(order(), Decimal("0.250"), START_MS).o.ap == "110.00000000"
