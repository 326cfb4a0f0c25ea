"""Whatever is done to the exchange's core, its money, positions, orders and events agree.

A short run belongs to every test run. A long one by hand, each time of other sessions:
`VENUE_SESSIONS=20000 python -m pytest --timeout 0 tests/venue/test_properties.py`
"""

import os
import time

import pytest

from tests.venue_acts import draw_acts, play, shortest
from tests.venue_machine import VenueMachine
from trader_gui.simulated_exchange.records import AccountEvent, AlgoEvent, OrderEvent

ACTS = 120
LONG_RUN = int(os.environ.get("VENUE_SESSIONS", "0"))


def played(seed: int) -> VenueMachine:
    acts = draw_acts(seed, ACTS)
    try:
        return play(acts)
    except Exception as error:  # noqa: BLE001 - told with the acts that it needs
        failure = f"{error}\nsession {seed}:\n{shortest(acts)}"
    pytest.fail(failure)


def test_all_books_agree_whatever_happens() -> None:
    met: set[object] = set()
    for seed in range(40):
        machine = played(seed)
        met.update(machine.refused)
        for event in machine.seen:
            if isinstance(event, OrderEvent):
                met |= {event.execution_type, event.order.status, f"er {event.expiry_reason}", event.order.order_type}
            elif isinstance(event, AlgoEvent):
                met.add(f"algo {event.algo.algo_status}")
            elif isinstance(event, AccountEvent):
                met.add(event.reason)
    # The sessions are no use if they do not get anywhere.
    assert {"AMENDMENT", "CANCELED", "CALCULATED", "EXPIRED_IN_MATCH", "LIQUIDATION"} <= met
    assert {"er 1", "er 2", "er 4", "er 5", "er 9", "FUNDING_FEE", "INSURANCE_CLEAR", "MARGIN_TRANSFER"} <= met
    assert {f"algo {status}" for status in ("FINISHED", "EXPIRED", "REJECTED", "CANCELED", "TRIGGERED")} <= met
    assert {-2018, -2019, -2021, -2022, -2027, -4116, -4118, -4130, -4509, -5021, -5022, -5041, -5043} <= met


@pytest.mark.skipif(not LONG_RUN, reason="only by hand: VENUE_SESSIONS=number of sessions")
def test_all_books_agree_for_hours() -> None:
    first = time.time_ns()
    for seed in range(first, first + LONG_RUN):
        played(seed)
