import asyncio
import json
from random import Random
from typing import Any

import pytest

from tests.fault_world import make_faults
from trader_gui.simulated_exchange.faults import Call, Faults
from trader_gui.simulated_exchange.intake import Cut, Intake, Outcome
from trader_gui.simulated_exchange.latency import ActionQueue, read_latency
from trader_gui.simulated_exchange.requests import Reply

NOW_MS = 1_700_000_000_000
PLACE = Call("POST", "/fapi/v1/order", {"symbol": "BTCUSDT", "side": "BUY"})
QUERY = Call("GET", "/fapi/v1/order", {"symbol": "BTCUSDT"})
LIST = Call("GET", "/fapi/v1/openOrders", {})


class Desk:
    """Admits and executes; counts both. Orders get ids from 1, queries see all of them."""

    def __init__(self) -> None:
        self.admitted = self.executed = 0
        self.orders: list[dict[str, Any]] = []
        self.refuses = False

    def admit(self, call: Call) -> Call | Reply:
        self.admitted += 1
        return Reply(400, b'{"code":-1022}', {}) if self.refuses else call

    def execute(self, call: Call) -> Reply:
        self.executed += 1
        if call.method == "POST":
            self.orders.append({"orderId": len(self.orders) + 1, "symbol": call.parameters.get("symbol")})
        answer = self.orders if call is LIST else self.orders[-1]
        return Reply(200, json.dumps(answer).encode(), {"X-MBX-USED-WEIGHT-1M": "1"})


def run(*faults: dict[str, Any], calls: list[Call], desk: Desk, moves_ms: int = 0) -> tuple[list[Outcome], Faults]:
    """Send calls one after the other through a plan; the clock moves between them."""

    async def body() -> tuple[list[Outcome], Faults]:
        plan, clock = make_faults(*faults)
        intake = Intake(lambda: NOW_MS)
        intake.set_faults(plan)
        outcomes = []
        for call in calls:
            outcomes.append(await intake.run(call, lambda call=call: desk.admit(call), desk.execute))  # type: ignore[misc]
            clock.ms += moves_ms
        return outcomes, plan

    return asyncio.run(body())


def codes(outcomes: list[Outcome]) -> list[Any]:
    return [one if isinstance(one, Cut) else json.loads(one.body).get("code", one.status) for one in outcomes]


@pytest.mark.parametrize("kind", ["unknown_503", "timeout_1007", "unexpected_1006", "internal_500", "html_502",
                                  "drop_connection", "half_open_request"])  # fmt: skip
@pytest.mark.parametrize("is_executed", [True, False])
def test_what_is_not_said_happened_or_did_not(kind: str, is_executed: bool) -> None:
    desk = Desk()
    outcomes, _ = run({"kind": kind, "executed": is_executed}, calls=[PLACE], desk=desk)
    assert (desk.admitted, desk.executed) == (is_executed, is_executed)
    assert isinstance(outcomes[0], Cut) or outcomes[0].status >= 400


def test_a_request_that_would_be_refused_is_not_executed_by_a_fault() -> None:
    desk = Desk()
    desk.refuses = True
    outcomes, _ = run({"kind": "unknown_503", "executed": True}, calls=[PLACE], desk=desk)
    assert (desk.admitted, desk.executed, codes(outcomes)) == (1, 0, [-1000])


def test_the_first_fault_has_its_way_and_the_others_are_logged() -> None:
    desk = Desk()
    outcomes, plan = run({"kind": "internal_503"}, {"kind": "ban_418", "every": 2}, calls=[PLACE, PLACE], desk=desk)
    assert codes(outcomes) == [-1001, -1001]
    assert [(line.fault, line.hit.rpartition(": ")[2]) for line in plan.log] == [
        (0, "not executed"), (0, "not executed"), (1, "fault 0 came first"),
    ]  # fmt: skip
    assert [one.hits for one in plan.all] == [2, 1]


def test_a_ban_names_one_end_and_is_over_then() -> None:
    desk = Desk()
    outcomes, _ = run({"kind": "ban_418", "count": 1, "duration_ms": 100}, calls=[PLACE] * 5, desk=desk, moves_ms=40)
    assert codes(outcomes) == [-1003, -1003, -1003, 200, 200]
    ends = [int(json.loads(one.body)["msg"].split()[-1].rstrip(".")) for one in outcomes[:3] if isinstance(one, Reply)]
    assert ends == [NOW_MS + 100, NOW_MS + 60, NOW_MS + 20]  # the request clock of this test stands still


def test_a_placed_order_is_found_when_the_replicas_have_caught_up() -> None:
    desk = Desk()
    calls = [PLACE, QUERY, LIST, QUERY, QUERY]
    outcomes, plan = run({"kind": "query_lag", "ms": 100}, calls=calls, desk=desk, moves_ms=40)
    assert codes(outcomes[1:2]) == [-2013]
    assert isinstance(outcomes[2], Reply)
    assert outcomes[2].body == b"[]"
    assert [one.status for one in outcomes if isinstance(one, Reply)] == [200, 400, 200, 200, 200]
    assert [line.hit for line in plan.log] == ["orderId 1: not to be found for 100 ms"]


def test_only_what_matches_lags() -> None:
    desk = Desk()
    outcomes, _ = run({"kind": "query_lag", "ms": 100, "symbol": "ETHUSDT"}, calls=[PLACE, QUERY], desk=desk)
    assert codes(outcomes) == [200, 200]


def test_a_list_of_positions_is_behind_by_one_reading_and_no_more_than_is_said() -> None:
    desk = Desk()
    positions = Call("GET", "/fapi/v3/positionRisk", {})
    calls = [PLACE, positions, PLACE, positions, positions, PLACE, PLACE, PLACE, positions]
    outcomes, plan = run({"kind": "position_lag", "ms": 100}, calls=calls, desk=desk, moves_ms=40)
    read = [json.loads(one.body)["orderId"] for one in (outcomes[n] for n in (1, 3, 4, 8)) if isinstance(one, Reply)]
    assert read == [1, 1, 2, 5]  # the last change is longer ago than that
    assert [line.hit for line in plan.log] == ["GET /fapi/v3/positionRisk: as it was 80 ms before"]


def test_maintenance_lets_nothing_through() -> None:
    async def body() -> None:
        desk, intake = Desk(), Intake(lambda: NOW_MS)
        assert intake.is_direct
        intake.set_maintenance(is_on=True)
        assert not intake.is_direct
        refused = await intake.run(PLACE, lambda: desk.admit(PLACE), desk.execute)
        assert codes([refused]) == [-1016]
        assert await intake.greet(QUERY) == refused
        assert desk.admitted == 0
        intake.set_maintenance(is_on=False)
        assert intake.is_direct
        assert await intake.greet(QUERY) is None

    asyncio.run(body())


def test_queries_do_not_wait_behind_delayed_orders() -> None:
    async def body() -> None:
        desk, intake = Desk(), Intake(lambda: NOW_MS)
        desk.orders.append({"orderId": 0})
        intake.set_queue(ActionQueue(read_latency("order=60000"), Random(1)))
        waiting = asyncio.create_task(intake.run(PLACE, lambda: desk.admit(PLACE), desk.execute), name="order")
        await asyncio.sleep(0)
        await intake.run(QUERY, lambda: desk.admit(QUERY), desk.execute)
        assert (desk.admitted, desk.executed, waiting.done()) == (2, 1, False)  # admitted as it arrived
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(body())
