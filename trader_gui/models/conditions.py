"""ConditionsModel: the decision's last thought, at most four times a second."""

from dataclasses import dataclass

from PySide6.QtCore import QObject

from trader_gui.callback import Callback
from trader_gui.domain.account import Position
from trader_gui.domain.step import Condition, EngineMode, Evaluation
from trader_gui.models.decisions import DecisionRow, DecisionsModel
from trader_gui.models.frame import FrameModel
from trader_gui.models.trader_view import StatusView

PERIOD_NS = 250_000_000
"""Least time between two pictures: values must be readable, and a faster board tells nobody more."""
NEWEST_DECISIONS = 5


@dataclass(frozen=True)
class ConditionsState:
    """One picture of the board.

    Attributes:
        evaluation: None until the strategy has been asked for the first time.
        conditions: Every named condition by name.
        event_time_ms: Of the message that was evaluated, 0 when none was.
        decisions: The newest rows of the session's record.
        armed_left_s: Whole seconds, None without an end or while not armed.
    """

    evaluation: Evaluation | None = None
    conditions: tuple[Condition, ...] = ()
    event_time_ms: int = 0
    mode: EngineMode = EngineMode.HALTED
    halt_reason: str = ""
    position: Position | None = None
    decisions: tuple[DecisionRow, ...] = ()
    armed_left_s: int | None = None
    price_decimals: int = 2


class ConditionsModel(FrameModel):
    """What held, what did not, and what the engine does about it.

    Attributes:
        state: The picture of the last refresh.
        price_decimals: Of the symbol.
    """

    def __init__(self, symbol: str, decisions: DecisionsModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._symbol = symbol
        self._decisions = decisions
        self._drawn_ns: int | None = None
        self.price_decimals = 2
        self.state = ConditionsState()

    def refresh(self, callback: Callback, status: StatusView, now_ns: int) -> None:
        if self._drawn_ns is not None and now_ns - self._drawn_ns < PERIOD_NS:
            return
        step = callback.last_step_with_evaluation
        until_ns = status.armed_until_ns
        state = ConditionsState(
            evaluation=step.evaluation if step else None,
            conditions=step.conditions if step else (),
            event_time_ms=step.event_time_ms if step else 0,
            mode=callback.gate.mode,
            halt_reason=status.halt_reason,
            position=next(iter(callback.account.legs(self._symbol)), None),
            decisions=tuple(self._decisions.newest(NEWEST_DECISIONS)),
            armed_left_s=None if until_ns is None else max(0, until_ns - now_ns) // 1_000_000_000,
            price_decimals=self.price_decimals,
        )
        if state != self.state:
            self._drawn_ns = now_ns
            self.state = state
            self.changed.emit()
