import pytest

from trader_gui.simulated_exchange.endpoints import Endpoint, limit, one_or_all, required, span, whole
from trader_gui.simulated_exchange.records import VenueRefusal


@pytest.mark.parametrize(
    ("read", "code"),
    [
        (lambda: required({}, "symbol"), -1102),
        (lambda: required({"symbol": ""}, "symbol"), -1102),
        (lambda: whole({"orderId": ""}, "orderId"), -1105),
        (lambda: whole({"orderId": "-1"}, "orderId"), -1100),
        (lambda: whole({"orderId": "1.5"}, "orderId"), -1100),
        (lambda: whole({"orderId": "٣"}, "orderId"), -1100),
        (lambda: whole({"orderId": "9" * 21}, "orderId"), -1100),
        (lambda: limit({"limit": "0"}, 10, 100), -1130),
        (lambda: limit({"limit": "101"}, 10, 100), -1130),
        (lambda: span({"startTime": "2", "endTime": "1"}), -1023),
    ],
)
def test_refusals(read, code: int) -> None:
    with pytest.raises(VenueRefusal) as caught:
        read()
    assert caught.value.code == code


def test_values() -> None:
    assert required({"symbol": "X"}, "symbol") == "X"
    assert whole({"orderId": "9007199254740993"}, "orderId") == 9007199254740993
    assert whole({}, "orderId") is None
    assert (limit({}, 10, 100), limit({"limit": "100"}, 10, 100)) == (10, 100)
    assert span({"startTime": "1", "endTime": "1"}) == (1, 1)
    assert span({}) == (None, None)


def test_costs() -> None:
    handler = lambda venue, parameters: None  # noqa: E731
    assert Endpoint(handler, weight=7).cost({}) == 7
    by_symbol = Endpoint(handler, weight=one_or_all(1, 40))
    assert (by_symbol.cost({"symbol": "X"}), by_symbol.cost({}), by_symbol.cost({"symbol": ""})) == (1, 40, 40)
