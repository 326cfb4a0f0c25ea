"""Sends approved orders, amendments and cancels in the order of approval; every answer becomes an `OrderOutcome`.

The intent of an order or an amendment is on disk before it is sent. A request is sent once: an unknown outcome is told
as UNKNOWN and then resolved by asking the venue, never by sending again. A stop is asked about already while its answer
is late: until the venue has told it, the position counts as one without a stop. Nothing waits for the answer to what
was sent before it: a stop or a cancel must not queue behind an order that the venue never answers.
"""

import asyncio
import logging
import math
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from msgspec.structs import replace

from trader_gui.domain.order import Order, OrderFamily, OrderIntent, OrderOutcome, OutcomeKind
from trader_gui.domain.step import Approved, ApprovedAmend, ApprovedCancel, ApprovedOrder
from trader_gui.errors import OutcomeUnknownError, TraderError, VenueError
from trader_gui.exchange.port import OrderPort
from trader_gui.orders.state import (
    ALREADY_GONE_CODES,
    AMEND_NOT_SEEN,
    LATE_ANSWER_S,
    NO_LONGER_ALLOWED,
    NOT_AT_VENUE,
    NOTHING_CHANGED_CODE,
    ONE_EXISTS_CODE,
    ORDER_DOUBT_CODES,
    RESOLVE_DELAYS_S,
    SESSION_OVER,
    classify,
)

_log = logging.getLogger(__name__)


class OrderManager:
    """The only sender of orders.

    Owner: the session's TaskGroup runs `run`; `submit` is called on the loop's thread.

    Attributes:
        orders_sent: Orders handed to the venue so far (amendments and cancels not counted).
    """

    def __init__(
        self,
        port: OrderPort,
        write_intent: Callable[[ApprovedOrder | ApprovedAmend], Awaitable[None]],
        deliver: Callable[[OrderOutcome], None],
        event_time_ms: Callable[[], int],
        resolve_delays_s: tuple[float, ...] = RESOLVE_DELAYS_S,
        *,
        is_allowed: Callable[[OrderIntent], bool] = lambda intent: True,
    ) -> None:
        """`is_allowed` is asked once more right before anything is sent: getting to the disk may take its time."""
        self.orders_sent = 0
        self._port = port
        self._write_intent = write_intent
        self._deliver = deliver
        self._event_time_ms = event_time_ms
        self._resolve_delays_s = resolve_delays_s
        self._is_allowed = is_allowed
        self._waiting: deque[tuple[Approved, asyncio.Future[OrderOutcome]]] = deque()
        self._wake = asyncio.Event()
        self._open_requests = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: asyncio.TaskGroup | None = None
        self._is_over = False
        self._asked_about: Counter[tuple[str, OrderFamily]] = Counter()

    @property
    def is_idle(self) -> bool:
        """True when nothing is queued, on its way, or being asked about."""
        return self._open_requests == 0

    def submit(self, approved: Approved) -> asyncio.Future[OrderOutcome]:
        """Queue one approved request; the future gives its first outcome (which may be UNKNOWN)."""
        future: asyncio.Future[OrderOutcome] = asyncio.get_running_loop().create_future()
        if self._is_over:
            future.set_result(_refused_at_the_end(approved, self._event_time_ms()))
            return future
        self._waiting.append((approved, future))
        self._begin()
        self._wake.set()
        return future

    async def wait_idle(self) -> None:
        """Wait until `is_idle`; the caller sets the limit."""
        await self._idle.wait()

    async def run(self) -> None:
        """Send what is queued, in order, until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                while True:
                    while self._waiting:
                        await self._begin_sending(*self._waiting.popleft())
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            self._is_over = True
            while self._waiting:
                approved, future = self._waiting.popleft()
                if not future.done():
                    future.set_result(_refused_at_the_end(approved, self._event_time_ms()))
                self._end()

    async def _begin_sending(self, approved: Approved, future: asyncio.Future[OrderOutcome]) -> None:
        """Journal what needs it, and begin to send the request; return without waiting for the venue's answer."""
        refusal = None
        try:
            if not isinstance(approved, ApprovedCancel):
                refusal = await self._refusal(approved)
        except asyncio.CancelledError:
            future.cancel()
            self._end()
            raise
        assert self._tasks is not None  # `run` alone calls this
        self._tasks.create_task(self._send(approved, future, refusal), name="send")
        await asyncio.sleep(0)  # it has been handed to the port when the next one is looked at

    async def _send(
        self, approved: Approved, future: asyncio.Future[OrderOutcome], refusal: OrderOutcome | None
    ) -> None:
        try:
            if refusal is not None:
                outcome = refusal
            elif isinstance(approved, ApprovedOrder):
                outcome = await self._place(approved)
            elif isinstance(approved, ApprovedAmend):
                outcome = await self._amend(approved)
            else:
                outcome = await self._cancel(approved)
            self._deliver(outcome)
            if not future.done():
                future.set_result(outcome)
        finally:
            if not future.done():
                future.cancel()
            self._end()

    async def _refusal(self, approved: ApprovedOrder | ApprovedAmend) -> OrderOutcome | None:
        """Bring the intent to the disk; return why it must not be sent, None when it may.

        What the venue's limits leave no room for now is not written down as sent, either.
        """
        refuse = partial(self._answer, approved, OutcomeKind.REFUSED)
        bar = self._port.bars(approved)
        if bar is not None:
            _log.warning("order %s %s", approved.client_order_id, bar)
            return refuse(error=bar)
        try:
            await self._write_intent(approved)
        except TraderError as error:  # not journalled means not sent
            _log.error("order %s not sent, its intent could not be journalled: %s", approved.client_order_id, error)
            return refuse(message=str(error))
        if not self._is_allowed(approved.amended if isinstance(approved, ApprovedAmend) else approved.intent):
            _log.info("order %s not sent: it is no longer allowed", approved.client_order_id)
            return refuse(message=NO_LONGER_ALLOWED)
        return None

    async def _place(self, approved: ApprovedOrder) -> OrderOutcome:
        client_order_id, symbol = approved.client_order_id, approved.intent.symbol
        family = OrderFamily.ALGO if approved.intent.order_type.is_conditional else OrderFamily.BOOK
        late = self._ask_when_late(symbol, client_order_id) if family is OrderFamily.ALGO else None
        try:
            self.orders_sent += 1
            order = await self._port.place(approved)
        except Exception as raised:  # noqa: BLE001 - a bug in the port must not end the sending of exits
            error = _as_venue_error(raised)
            kind = classify(error)
            if kind is OutcomeKind.UNKNOWN:
                self.resolve(symbol, client_order_id, family)
            elif error.code == ONE_EXISTS_CODE:
                self._start(self._tell_open_orders(symbol, family), f"list instead of {client_order_id}")
            return self._answer(approved, kind, error=error)
        finally:
            if late is not None:
                late.cancel()
        return self._answer(approved, OutcomeKind.ACCEPTED, order=order)

    async def _amend(self, approved: ApprovedAmend) -> OrderOutcome:
        intent = approved.intent
        try:
            order = await self._port.amend(approved)
        except Exception as raised:  # noqa: BLE001 - as in `_place`
            error = _as_venue_error(raised)
            kind = classify(error)
            if kind is OutcomeKind.UNKNOWN:
                self._start(self._ask_for_terms(approved), f"resolve the amendment of {intent.client_order_id}")
            elif error.code in ORDER_DOUBT_CODES:
                self.resolve(intent.symbol, intent.client_order_id, OrderFamily.BOOK)
            if error.code == NOTHING_CHANGED_CODE:
                return self._answer(approved, OutcomeKind.ACCEPTED)
            return self._answer(approved, kind, error=error)
        return self._answer(approved, OutcomeKind.ACCEPTED, order=order)

    async def _cancel(self, approved: ApprovedCancel) -> OrderOutcome:
        intent = approved.intent
        try:
            order = await self._port.cancel(approved)
        except Exception as raised:  # noqa: BLE001 - as in `_place`
            error = _as_venue_error(raised)
            kind = classify(error)
            if kind is OutcomeKind.UNKNOWN or error.code in ALREADY_GONE_CODES:
                self.resolve(intent.symbol, intent.client_order_id, intent.order_family)
            return self._answer(approved, kind, error=error)
        return self._answer(approved, OutcomeKind.ACCEPTED, order=order)

    def _answer(
        self,
        approved: Approved,
        kind: OutcomeKind,
        *,
        order: Order | None = None,
        error: VenueError | None = None,
        message: str = "",
    ) -> OrderOutcome:
        outcome = self._outcome(approved.client_order_id, kind, order=order, message=message)
        if error is not None:
            wait_ms = math.ceil(error.wait_s * 1000)
            outcome = replace(outcome, error_code=error.code, error_message=error.message, retry_after_ms=wait_ms)
        return _marked(outcome, approved)

    def _outcome(
        self,
        client_order_id: str,
        kind: OutcomeKind,
        *,
        order: Order | None = None,
        message: str = "",
    ) -> OrderOutcome:
        return OrderOutcome(
            client_order_id=client_order_id,
            kind=kind,
            is_cancel=False,
            event_time_ms=self._event_time_ms(),
            order=order,
            error_message=message,
        )

    # ---- unknown outcomes ------------------------------------------------------------------------------------------

    def resolve(self, symbol: str, client_order_id: str, family: OrderFamily) -> None:
        """Ask the venue what became of an order, in the background, until it is told."""
        if self._tasks is not None and not self._is_over:
            self._asked_about[client_order_id, family] += 1
        self._start(self._ask_until_known(symbol, client_order_id, family), f"resolve {client_order_id}")

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Begin to ask; `work` ends with `_end`, and the manager is not idle before."""
        if self._tasks is None or self._is_over:
            work.close()
            return
        self._begin()
        self._tasks.create_task(work, name=name)

    def _ask_when_late(self, symbol: str, client_order_id: str) -> asyncio.Task[None]:
        assert self._tasks is not None  # orders are sent under `run` alone
        return self._tasks.create_task(self._ask_while_waiting(symbol, client_order_id), name=f"late {client_order_id}")

    async def _ask_while_waiting(self, symbol: str, client_order_id: str) -> None:
        """Look for a conditional order whose answer is late, until it is found or the answer has come."""
        order = None
        while order is None:
            await asyncio.sleep(LATE_ANSWER_S)
            try:
                order = await self._find(symbol, client_order_id, OrderFamily.ALGO)
            except TraderError as error:
                _log.info("asking for order %s failed: %s", client_order_id, error)
        self._deliver(self._outcome(client_order_id, OutcomeKind.ACCEPTED, order=order))

    async def _tell_open_orders(self, symbol: str, family: OrderFamily) -> None:
        """Tell all open orders of a family as the venue lists them."""
        try:
            for order in await self._port.open_orders(symbol, family):
                self._deliver(self._outcome(order.client_order_id, OutcomeKind.ACCEPTED, order=order))
        except TraderError as error:
            _log.warning("asking for the open orders failed: %s", error)
        finally:
            self._end()

    def is_asking(self, client_order_id: str, family: OrderFamily) -> bool:
        """Tell whether the venue is being asked about an order."""
        return self._asked_about[client_order_id, family] > 0

    async def _ask_until_known(self, symbol: str, client_order_id: str, family: OrderFamily) -> None:
        try:
            order = await self._ask(symbol, client_order_id, family)
            kind = OutcomeKind.ACCEPTED if order is not None else OutcomeKind.REFUSED
            told = self._outcome(client_order_id, kind, order=order, message="" if order is not None else NOT_AT_VENUE)
            self._deliver(replace(told, is_asked=True))
        finally:
            self._asked_about -= Counter({(client_order_id, family): 1})
            self._end()

    async def _ask_for_terms(self, approved: ApprovedAmend) -> None:
        """Ask for an order until it shows the terms of an amendment, has ended, or patience is over."""
        intent = approved.intent

        def shows_terms(order: Order) -> bool:
            return (order.price, order.quantity) == (intent.price, intent.quantity)

        def is_enough(order: Order) -> bool:
            return order.status.is_terminal or shows_terms(order)

        try:
            order = await self._ask(intent.symbol, intent.client_order_id, OrderFamily.BOOK, is_enough)
            if order is not None and shows_terms(order):
                told = self._answer(approved, OutcomeKind.ACCEPTED, order=order)
            else:
                reason = NOT_AT_VENUE if order is None else AMEND_NOT_SEEN
                told = self._answer(approved, OutcomeKind.REFUSED, order=order, message=reason)
            self._deliver(replace(told, is_asked=True))
        finally:
            self._end()

    async def _ask(
        self,
        symbol: str,
        client_order_id: str,
        family: OrderFamily,
        is_enough: Callable[[Order], bool] = lambda order: True,
    ) -> Order | None:
        """Return the order as the venue knows it, at the latest when patience is over; None when it does not."""
        attempt, wait_s = 0, 0.0
        while True:
            delay = self._resolve_delays_s[min(attempt, len(self._resolve_delays_s) - 1)]
            await asyncio.sleep(max(delay, wait_s))
            attempt, wait_s = attempt + 1, 0.0
            try:
                order = await self._find(symbol, client_order_id, family)
            except TraderError as error:  # an unanswered question proves nothing: patience does not count it
                _log.warning("asking for order %s failed: %s", client_order_id, error)
                attempt = min(attempt, len(self._resolve_delays_s) - 1)
                wait_s = error.wait_s if isinstance(error, VenueError) else 0.0
                continue
            if (order is not None and is_enough(order)) or attempt >= len(self._resolve_delays_s):
                return order

    async def _find(self, symbol: str, client_order_id: str, family: OrderFamily) -> Order | None:
        """Ask for an order by its id; a conditional one may be missing there for seconds and be in the list already."""
        order = await self._port.query_order(symbol, client_order_id, family)
        if order is None and family is OrderFamily.ALGO:
            listed = await self._port.open_orders(symbol, family)
            order = next((o for o in listed if o.client_order_id == client_order_id), None)
        return order

    def _begin(self) -> None:
        self._open_requests += 1
        self._idle.clear()

    def _end(self) -> None:
        self._open_requests -= 1
        if self._open_requests == 0:
            self._idle.set()


def _refused_at_the_end(approved: Approved, event_time_ms: int) -> OrderOutcome:
    told = OrderOutcome(approved.client_order_id, OutcomeKind.REFUSED, False, event_time_ms, error_message=SESSION_OVER)
    return _marked(told, approved)


def _marked(outcome: OrderOutcome, approved: Approved) -> OrderOutcome:
    """Return an outcome that says of what kind of request it is."""
    return replace(
        outcome, is_cancel=isinstance(approved, ApprovedCancel), is_amend=isinstance(approved, ApprovedAmend)
    )


def _as_venue_error(raised: Exception) -> VenueError:
    """Return what an exception of the port says of a request: a bug of ours leaves open whether it was sent."""
    if isinstance(raised, VenueError):
        return raised
    _log.error("a request to the exchange failed in this program", exc_info=raised)
    return OutcomeUnknownError(None, f"{type(raised).__name__} in this program: {raised}")
