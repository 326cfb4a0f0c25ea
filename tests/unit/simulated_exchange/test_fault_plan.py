import json
from pathlib import Path
from typing import Any, get_args

import pytest

from trader_gui.errors import UserError
from trader_gui.simulated_exchange import fault_plan
from trader_gui.simulated_exchange.fault_plan import AnyFault, EventLost, FaultPlan, PlanError, plain, read_plan

NEEDED: dict[str, dict[str, Any]] = {
    "delay_request": {"ms": 5},
    "delay_answer": {"ms": "uniform:1:2"},
    "query_lag": {"ms": 5},
    "position_lag": {"ms": 5},
    "event_delayed": {"ms": 5},
    "clock_jump": {"jump_ms": -5},
}


def read(*faults: dict[str, Any], **plan: Any) -> FaultPlan:
    return read_plan(json.dumps({"faults": faults, **plan}).encode())


@pytest.mark.parametrize("kind", [one.__struct_config__.tag for one in get_args(AnyFault)])
def test_every_kind_is_read_and_written_back(kind: str) -> None:
    fault = {"kind": kind, "from_ms": 5, "until_ms": 10, "every": 2, "probability": 0.5, "count": 3}
    fault |= {"duration_ms": 7} | NEEDED.get(kind, {})
    (made,) = read(fault).faults
    assert made.kind == kind
    written = plain(made)
    assert fault.items() <= written.items()
    assert read(written).faults == (made,)
    with pytest.raises(PlanError, match=r"fault 0: .*`colour`"):
        read(fault | {"colour": "red"})
    for name in NEEDED.get(kind, {}):
        with pytest.raises(PlanError, match=f"fault 0: .*`{name}`"):
            read({key: value for key, value in fault.items() if key != name})


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"kind": "flood"}, "fault 1, field 'kind': .*flood"),
        ({}, "fault 1: .*`kind`"),
        ({"kind": "html_403", "every": 0}, "fault 1, field 'every': "),
        ({"kind": "html_403", "every": True}, "fault 1, field 'every': "),
        ({"kind": "html_403", "every": 1.5}, "fault 1, field 'every': "),
        ({"kind": "html_403", "probability": 0}, "fault 1, field 'probability': "),
        ({"kind": "html_403", "probability": 1.01}, "fault 1, field 'probability': "),
        ({"kind": "html_403", "from_ms": -1}, "fault 1, field 'from_ms': "),
        ({"kind": "html_403", "from_ms": 5, "until_ms": 5}, "fault 1: field 'until_ms': 5 is not after"),
        ({"kind": "html_403", "method": "get"}, "fault 1, field 'method': "),
        ({"kind": "html_403", "stream": "x"}, "fault 1: .*`stream`"),
        ({"kind": "ban_418", "duration_ms": None}, "fault 1, field 'duration_ms': "),
        ({"kind": "timeout_1007", "status": 200}, "fault 1, field 'status': "),
        ({"kind": "delay_answer", "ms": "soon"}, "fault 1: field 'ms': 'soon'"),
        ({"kind": "event_delayed", "ms": -5}, "fault 1: field 'ms': -5"),
        ({"kind": "event_lost", "route": "secret"}, "fault 1, field 'route': "),
        ({"kind": "depth_gap", "route": "market"}, "fault 1, field 'route': "),
        ({"kind": "socket_dropped", "event": "kline"}, "fault 1: field 'event': only with"),
        ({"kind": "socket_dropped", "on": "open", "repeat_ms": 50}, "fault 1: field 'repeat_ms': only with"),
        ({"kind": "clock_jump", "jump_ms": "5"}, "fault 1, field 'jump_ms': "),
    ],
)
def test_a_mistake_is_named_by_its_fault_and_field(fault: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError, match=f"^{message}"):
        read({"kind": "event_lost"}, fault)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff{}", "not JSON"),
        (b"[]", "object"),
        (b'{"seed": -1}', "field 'seed'"),
        (b'{"faults": 1}', "field 'faults'"),
        (b'{"latency": "order=soon"}', "field 'latency': .*soon"),
        (b'{"sed": 1}', "`sed`"),
    ],
)
def test_what_is_no_plan(data: bytes, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        read_plan(data)


def test_user_events_are_those_of_the_private_route_unless_another_is_named() -> None:
    own, market = read({"kind": "event_lost"}, {"kind": "event_lost", "route": "market"}).faults
    assert isinstance(own, EventLost)
    assert (own.route, getattr(market, "route", None)) == ("private", "market")


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"fault file .*nothing\.json cannot be read"):
        fault_plan.read_plan_file(tmp_path / "nothing.json")
    file = tmp_path / "plan.json"
    file.write_text('{"faults": [{"kind": "html_403", "count": 0}]}')
    with pytest.raises(UserError, match=r"^plan\.json: fault 0, field 'count': "):
        fault_plan.read_plan_file(file)
