"""The road from a message or a wish through the core, and from its verdict to journal, venue and observers."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec

from trader_gui.callback import Callback
from trader_gui.domain.order import OrderOutcome, Origin
from trader_gui.domain.step import ApprovedOrder, EngineMode, Message, Step, Wish
from trader_gui.errors import UserError
from trader_gui.journal.writer import JournalWriter
from trader_gui.orders.manager import OrderManager
from trader_gui.rt_trader.status import SessionStatus
from trader_gui.rt_trader.summary import Tally

_log = logging.getLogger(__name__)

Observer = Callable[[Step], None]


class Answer(msgspec.Struct, frozen=True):
    """What became of a wish by hand: the step with the gate's word, and the venue's answer to each approved part."""

    step: Step
    outcomes: tuple[OrderOutcome, ...]


class Road:
    """Every message and every wish takes it; nothing else calls the core or hands an order on."""

    def __init__(
        self,
        callback: Callback,
        manager: OrderManager,
        journal: JournalWriter,
        tally: Tally,
        status: SessionStatus,
        observers: list[Observer],
    ) -> None:
        self.callback = callback
        self._manager = manager
        self._journal = journal
        self._tally = tally
        self._status = status
        self._observers = observers
        self._is_over = False

    def end(self) -> None:
        """The session is over: no message and no wish comes through any more."""
        self._is_over = True

    def step(self, message: Message) -> None:
        """Put one message through the core; a bug there halts trading and leaves the session running."""
        if self._is_over:
            return
        try:
            step = self.callback.step(message)
        except Exception:  # noqa: BLE001 - a bug in the core must not take the window and the streams with it
            _log.exception("bug while working on %s: trading is halted", type(message).__name__)
            self.halt("bug")
            return
        self._status.venue_time_ms = step.event_time_ms or self._status.venue_time_ms
        self._after(step)

    async def ask(self, wishes: Sequence[Wish]) -> Answer:
        """Put wishes by hand to the gate, and wait for the venue's first answer to each that passed.

        Raises:
            UserError: The session is over.
        """
        if self._is_over:
            raise UserError("the session has ended: nothing is sent any more")
        step = self.callback.request(wishes)
        outcomes = await asyncio.gather(*self._after(step))
        return Answer(step, tuple(outcomes))

    def halt(self, reason: str) -> None:
        """Stop the engine because something went wrong here; `reason` is a code."""
        self._status.halt_reason = reason
        self._status.armed_until_ns = None
        self.callback.gate.mode = EngineMode.HALTED
        if self._is_over:
            return
        self._journal.note("halt", reason, self.callback.now_ms)

    def _after(self, step: Step) -> list[asyncio.Future[OrderOutcome]]:
        """Journal a step, send what it approved, tell the observers."""
        self._tally.count(step)
        self._journal.record_step(step)
        futures = []
        for approved in step.approved:
            futures.append(self._manager.submit(approved))
            if isinstance(approved, ApprovedOrder):
                self._tally.count_in_flight(self._in_flight_with(approved))
        for observer in tuple(self._observers):
            try:
                observer(step)
            except Exception:  # noqa: BLE001 - an observer is not trusted: it goes, trading stays
                _log.exception("an observer of the session failed and was dropped")
                self._observers.remove(observer)
        return futures

    def _in_flight_with(self, approved: ApprovedOrder) -> int:
        """Return how many engine orders of the same symbol and purpose are not over."""
        intent = approved.intent
        if intent.origin is not Origin.ENGINE:
            return 0
        return sum(
            o.origin is Origin.ENGINE and o.purpose is intent.purpose
            for o in self.callback.orders.open_orders(intent.symbol)
        )
