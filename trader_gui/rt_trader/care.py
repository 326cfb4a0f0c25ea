"""What a session does about protection around the core: it writes down what was found, and reads what is in doubt."""

import logging
import time
from collections.abc import Callable

from trader_gui.domain.order import OrderOutcome
from trader_gui.domain.protection import ProtectionFinding, ProtectionState
from trader_gui.domain.step import Step
from trader_gui.journal.writer import JournalWriter
from trader_gui.orders.state import POSITION_DOUBT_CODES

_log = logging.getLogger(__name__)

READ_GAP_NS = 2_000_000_000
"""The account is read for the sake of such answers no more often: a reading costs much of a minute's weight."""

_ALARMING = frozenset({ProtectionState.CLOSING, ProtectionState.NAKED})


class Care:
    """An observer of the session's steps.

    Args:
        read_account: Has the account read anew, in the background.
    """

    def __init__(
        self,
        journal: JournalWriter,
        read_account: Callable[[], None],
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._journal = journal
        self._read_account = read_account
        self._now_ns = now_ns
        self._read_ns: int | None = None

    def __call__(self, step: Step) -> None:
        """Note a new finding, and doubt the position when the venue sees another one."""
        if step.protection is not None:
            self._note("protection", "the engine's position", step.protection, step.event_time_ms)
        if step.bracket_protection is not None:
            self._note("bracket", "a bracket", step.bracket_protection, step.event_time_ms)
        message = step.message
        if isinstance(message, OrderOutcome) and message.error_code in POSITION_DOUBT_CODES:
            self._doubt()

    def _note(self, kind: str, whose: str, finding: ProtectionFinding, event_time_ms: int) -> None:
        text = f"{finding.state} {finding.cause}".rstrip()
        self._journal.note(kind, text, event_time_ms)
        level = logging.WARNING if finding.state in _ALARMING else logging.INFO
        _log.log(level, "the stop of %s: %s", whose, text)

    def _doubt(self) -> None:
        now_ns = self._now_ns()
        if self._read_ns is None or now_ns - self._read_ns >= READ_GAP_NS:
            self._read_ns = now_ns
            self._read_account()
