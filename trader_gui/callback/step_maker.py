"""Numbers the steps, and says in each what watchdogs have found that is news."""

from collections.abc import Sequence

from trader_gui.domain.protection import ProtectionFinding
from trader_gui.domain.step import Approved, Condition, Evaluation, Message, Refusal, Step, Wish
from trader_gui.risk.brackets import Brackets
from trader_gui.risk.protection import ProtectionPolicy

Findings = tuple[ProtectionFinding, ProtectionFinding]
"""Of the engine's stop, and of the brackets'."""


class StepMaker:
    """Makes a session's steps: 1, 2, 3, ..."""

    def __init__(self, protection: ProtectionPolicy, brackets: Brackets) -> None:
        self._sequence = 0
        self._protection = protection
        self._brackets = brackets

    def findings(self) -> Findings:
        """Return what is found now, to be held against what is found after a step."""
        return self._protection.finding, self._brackets.finding

    def quiet(self, message: Message, now_ms: int) -> Step:
        """Return the step of a message that led to nothing."""
        self._sequence += 1
        return Step(self._sequence, message, getattr(message, "event_time_ms", now_ms))

    def whole(
        self,
        message: Message | None,
        event_time_ms: int,
        evaluated: tuple[tuple[Condition, ...], Evaluation | None],
        wished: Sequence[Wish],
        answers: Sequence[Approved | Refusal],
        before: Findings,
    ) -> Step:
        """Return the step of a message, or of a wish by hand; `before` is what had been found before it."""
        self._sequence += 1
        stop, brackets = self.findings()
        return Step(
            self._sequence,
            message,
            event_time_ms,
            *evaluated,
            tuple(wished),
            tuple(a for a in answers if not isinstance(a, Refusal)),
            tuple(a for a in answers if isinstance(a, Refusal)),
            None if stop == before[0] else stop,
            None if brackets == before[1] else brackets,
            self._brackets.news(),
        )
