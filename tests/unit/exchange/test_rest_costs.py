"""What calls cost: by the table here and by that of the simulated exchange, which were written apart."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from trader_gui.domain.order import OrderType, PositionSide, Purpose
from trader_gui.domain.step import ApprovedOrder
from trader_gui.exchange import endpoints as paths
from trader_gui.exchange.rest_costs import DEAREST, Cost, Lane, cost_of, lane_of
from trader_gui.exchange.wire import request
from trader_gui.simulated_exchange.requests import ENDPOINTS

PATHS = {value for value in vars(paths).values() if isinstance(value, str) and value.startswith("/fapi/")}
SIZES = [{"symbol": "BTCUSDT", "limit": str(limit)} for limit in (5, 20, 50, 100, 500, 1000)]
ROWS = [{"symbol": "BTCUSDT", "limit": str(limit)} for limit in (1, 99, 100, 499, 500, 501, 1000, 1001, 1500)]


@pytest.mark.parametrize(("method", "path"), sorted(key for key in ENDPOINTS if key[1] in PATHS))
def test_every_call_costs_what_the_exchange_counts(method: str, path: str):
    forms: list[dict[str, str]] = [{}, {"symbol": "BTCUSDT"}]
    forms += SIZES if path == paths.DEPTH else ROWS if path == paths.KLINES else []
    endpoint = ENDPOINTS[method, path]
    for parameters in forms:
        assert cost_of(method, path, parameters) == Cost(endpoint.cost(parameters), endpoint.orders), parameters


def test_no_path_of_ours_is_forgotten_and_an_unknown_one_is_dear():
    assert {path for _, path in ENDPOINTS if path in PATHS} == PATHS
    assert cost_of("GET", "/fapi/v1/somethingNew", {}) == Cost(DEAREST)


@pytest.mark.parametrize(
    ("fields", "lane"),
    [
        ({}, Lane.ENTRY),
        ({"purpose": Purpose.EXIT}, Lane.ENTRY),  # whatever it is meant for, it could open something
        ({"purpose": Purpose.EXIT, "reduce_only": True}, Lane.CLOSE),
        ({"position_side": PositionSide.LONG}, Lane.ENTRY),
        ({"position_side": PositionSide.SHORT}, Lane.CLOSE),  # a leg's orders carry no flag
        (
            {
                "order_type": OrderType.STOP_MARKET,
                "trigger_price": Decimal(59_000),
                "quantity": None,
                "close_position": True,
            },
            Lane.CLOSE,
        ),
    ],
)
def test_an_order_goes_by_what_it_can_do(approve: Callable[..., ApprovedOrder], fields: dict[str, Any], lane: Lane):
    parameters = request.order_parameters(approve(**fields))
    assert lane_of("POST", paths.ORDER, parameters) is lane


@pytest.mark.parametrize(
    ("method", "path", "lane"),
    [
        ("DELETE", paths.ORDER, Lane.CANCEL),
        ("DELETE", paths.ALGO_ORDER, Lane.CANCEL),
        ("GET", paths.ORDER, Lane.ACCOUNT),
        ("GET", paths.POSITION_RISK, Lane.ACCOUNT),
        ("POST", paths.LISTEN_KEY, Lane.ACCOUNT),
        ("GET", paths.KLINES, Lane.HISTORY),
        ("GET", paths.INCOME, Lane.HISTORY),
        ("GET", paths.ALL_ORDERS, Lane.PAST),
        ("POST", paths.LEVERAGE, Lane.ENTRY),
        ("POST", paths.COUNTDOWN, Lane.ENTRY),
    ],
)
def test_lanes(method: str, path: str, lane: Lane):
    assert lane_of(method, path, {}) is lane
