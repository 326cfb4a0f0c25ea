"""What the session does about protection around the core."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.core_records import START_MS
from trader_gui.domain.order import OrderOutcome, OutcomeKind
from trader_gui.domain.protection import ProtectionFinding, ProtectionState
from trader_gui.domain.step import Step
from trader_gui.rt_trader.care import READ_GAP_NS, Care


class World:
    def __init__(self) -> None:
        self.notes: list[tuple[str, str, int]] = []
        self.readings = 0
        self.now_ns = 1
        journal: Any = SimpleNamespace(note=lambda *note: self.notes.append(note))
        self.care = Care(journal, self._read, lambda: self.now_ns)

    def _read(self) -> None:
        self.readings += 1

    def refused(self, code: int | None) -> None:
        outcome = OrderOutcome("tg1-ep-1", OutcomeKind.REFUSED, False, START_MS, None, code, "told")
        self.care(Step(1, outcome, START_MS))


def test_a_new_finding_is_noted_and_an_alarm_logged(expect_log: Any) -> None:
    expect_log("WARNING .* the stop of the engine's position: closing -1008")
    expect_log("WARNING .* the stop of the engine's position: naked unknown")
    world = World()
    for finding in (
        ProtectionFinding(ProtectionState.PLACING, 1),
        ProtectionFinding(ProtectionState.CLOSING, 1, "-1008"),
        ProtectionFinding(ProtectionState.NAKED, 1, "unknown"),
        ProtectionFinding(),
    ):
        world.care(Step(1, None, START_MS, protection=finding))
    world.care(Step(1, None, START_MS))
    assert world.notes == [
        ("protection", text, START_MS) for text in ("placing", "closing -1008", "naked unknown", "nothing")
    ]


def test_what_is_found_of_brackets_is_told_as_such(expect_log: Any) -> None:
    expect_log("WARNING .* the stop of a bracket: naked -1001")
    world = World()
    finding = ProtectionFinding(ProtectionState.NAKED, 1, "-1001")
    world.care(Step(1, None, START_MS, bracket_protection=finding))
    assert world.notes == [("bracket", "naked -1001", START_MS)]


@pytest.mark.parametrize("code", [-4509, -4129, -2022])
def test_an_answer_that_sees_another_position_has_the_account_read_but_not_in_a_circle(code: int) -> None:
    world = World()
    world.refused(-1008)
    world.refused(None)
    assert world.readings == 0
    for _ in range(5):
        world.refused(code)
    assert world.readings == 1
    world.now_ns += READ_GAP_NS
    world.refused(code)
    assert world.readings == 2
