"""Fault plans in effect on a clock that a test moves by hand."""

import json
from typing import Any

from trader_gui.simulated_exchange.fault_plan import read_plan
from trader_gui.simulated_exchange.faults import Faults
from trader_gui.simulated_exchange.timeline import Timeline


class Clock:
    """Milliseconds, moved by hand."""

    def __init__(self) -> None:
        self.ms = 1_000


def make_faults(*faults: dict[str, Any], seed: int = 1) -> tuple[Faults, Clock]:
    """Return a plan in effect and its clock; a loop must be running."""
    clock = Clock()
    plan = read_plan(json.dumps({"seed": seed, "faults": faults}).encode())
    return Faults(plan, Timeline(lambda: clock.ms), lambda: clock.ms), clock
