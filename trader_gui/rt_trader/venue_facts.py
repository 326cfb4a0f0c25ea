"""Keeps up with what the venue tells only when asked: rules of its symbols, position mode, funding of positions."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from msgspec.structs import replace

from trader_gui.callback import Callback
from trader_gui.domain.account import AccountSnapshot, AccountUpdate, PositionMode
from trader_gui.domain.order import OrderOutcome, OutcomeKind, PositionSide
from trader_gui.domain.step import EngineMode
from trader_gui.domain.symbol import NOT_LISTED, RulesUpdate, SymbolRules, unknown_rules
from trader_gui.errors import ProtocolError, VenueError
from trader_gui.exchange.port import OrderPort, StreamItem
from trader_gui.rt_trader.funding import FundingPaid
from trader_gui.rt_trader.road import Road
from trader_gui.rt_trader.status import SessionStatus

_log = logging.getLogger(__name__)

RULES_INTERVAL_NS = 600_000_000_000
"""Filters change a few times a year, a symbol's status at any hour."""

RULES_PAUSE_NS = 5_000_000_000
"""After a refusal by a filter the rules are read at once, yet only so often: the answer is a megabyte."""

HALT_INTERVAL_NS = 2_000_000_000
"""While a symbol that matters does not trade: nothing is sent to it, no stop and no close, until the rules say that it
does, so that must not be ten minutes late."""

MODE_CODES = frozenset({-4061})
FILTER_CODES = frozenset(
    {-1013, -1111, -1121, -1122, -4104, -4131, -4140, -4141, -4164, -4183, -4184, -5029}
    | set(range(-4007, -4000))
    | {-4013, -4014, -4016, -4022, -4023, -4024}
)
"""The venue's words for an order that does not fit the symbol's rules as they are now."""

_SETTLED_STATUSES = frozenset({"TRADING", NOT_LISTED, unknown_rules("").status})


class VenueFacts:
    """Asks again in good time, and at once when a refusal or a position tells that what is known is wrong.

    What has changed goes to the core as a message. Nothing is sent again: whoever was refused decides anew.

    Owner: `start` ties it to the session's TaskGroup.
    """

    def __init__(
        self, road: Road, port: OrderPort, status: SessionStatus, deliver: Callable[[StreamItem, int], None]
    ) -> None:
        self._road = road
        self._port = port
        self._status = status
        self._deliver = deliver
        self._funding = FundingPaid(road.callback, port, status)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._rules_read_ns = time.monotonic_ns()
        self._doubted_ns = self._rules_read_ns - RULES_PAUSE_NS

    @property
    def _callback(self) -> Callback:
        return self._road.callback

    def start(self, group: asyncio.TaskGroup) -> None:
        """From now on, ask in tasks of `group`."""
        self._group = group

    def stop(self) -> None:
        """Ask no more, and end what is under way."""
        self._group = None
        for task in self._running.values():
            task.cancel()

    def check(self, now_ns: int) -> None:
        """Read the rules when they are old, funding when it is due; cheap enough for every look at the clock."""
        if self._funding.is_due(now_ns):
            self._run("funding", self._funding.read)
        interval_ns = HALT_INTERVAL_NS if self._is_halted() else RULES_INTERVAL_NS
        if now_ns - self._rules_read_ns >= interval_ns:
            self._run("rules", self.read_rules)

    def note(self, item: StreamItem) -> None:
        """Look at a message for signs that rules, mode or funding are not what they are taken for."""
        self._funding.note(item)
        if isinstance(item, OrderOutcome):
            self._note_outcome(item)
        elif isinstance(item, AccountUpdate | AccountSnapshot) and self._is_of_other_mode(item):
            self._run("position mode", self.read_mode)

    async def read_rules(self) -> None:
        """Read the rules of all symbols, and hand on those that are news.

        Raises:
            VenueError: They cannot be read.
        """
        self._rules_read_ns = time.monotonic_ns()
        listed = await self._port.symbol_rules()
        news = changes(self._callback.symbol_rules.all, listed)
        if news:
            for rules in news:
                _log.info("the rules of %s have changed", rules.symbol)
            self._deliver(RulesUpdate(news, self._callback.now_ms), time.monotonic_ns())

    async def read_mode(self) -> None:
        """Read the account's position mode; an engine that is armed in hedge mode is halted.

        Raises:
            VenueError: It cannot be read.
        """
        is_hedge = await self._port.is_hedge_mode()
        if is_hedge is not self._callback.account.is_hedge:
            _log.warning("the account's position mode has changed: it is in %s mode", mode_word(is_hedge=is_hedge))
        self.take_mode(is_hedge=is_hedge)

    def take_mode(self, *, is_hedge: bool) -> None:
        """Hand a position mode to core and status."""
        self._road.step(PositionMode(is_hedge, self._callback.now_ms))
        self._status.is_hedge = is_hedge
        if is_hedge and self._callback.gate.mode is not EngineMode.HALTED:
            self._road.halt("hedge_mode")

    def _note_outcome(self, outcome: OrderOutcome) -> None:
        if outcome.kind is not OutcomeKind.REFUSED or outcome.error_code is None:
            return
        if outcome.error_code in MODE_CODES:
            self._run("position mode", self.read_mode)
        if outcome.error_code in FILTER_CODES:
            self._run("rules", self._read_doubted_rules)

    async def _read_doubted_rules(self) -> None:
        """Read the rules after a refusal: at once, or a little after the last time."""
        await asyncio.sleep(max(0.0, (self._doubted_ns + RULES_PAUSE_NS - time.monotonic_ns()) / 1e9))
        self._doubted_ns = time.monotonic_ns()
        await self.read_rules()

    def _is_halted(self) -> bool:
        """Tell whether the session's symbol, or one of a position, is listed but does not trade for now."""
        rules = self._callback.symbol_rules
        symbols = {self._callback.symbol, *(symbol for symbol, _ in self._callback.account.positions)}
        return any(rules.of(symbol).status not in _SETTLED_STATUSES for symbol in symbols)

    def _is_of_other_mode(self, told: AccountUpdate | AccountSnapshot) -> bool:
        """One-way accounts have no legs, and hedge accounts hold nothing on BOTH."""
        if self._callback.account.is_hedge:
            return any(p.position_side is PositionSide.BOTH and p.position_amount for p in told.positions)
        return any(p.position_side is not PositionSide.BOTH for p in told.positions)

    def _run(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._group is not None and what not in self._running:
            self._running[what] = self._group.create_task(self._guard(what, work), name=f"read {what}")

    async def _guard(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except (VenueError, ProtocolError) as error:  # asked again when it is next due
            is_told_to_wait = isinstance(error, VenueError) and error.retryable and error.wait_s > 0
            level = logging.INFO if is_told_to_wait else logging.WARNING  # limits and bans are shown by themselves
            _log.log(level, "reading the %s failed: %s", what, error)
        finally:
            del self._running[what]


def changes(known: dict[str, SymbolRules], listed: dict[str, SymbolRules]) -> tuple[SymbolRules, ...]:
    """Return the rules that are news; a known symbol that is not listed any more comes with that status."""
    gone = (replace(rules, status=NOT_LISTED) for symbol, rules in known.items() if symbol not in listed)
    return tuple(rules for rules in (*listed.values(), *gone) if known.get(rules.symbol) != rules)


def mode_word(*, is_hedge: bool) -> str:
    """Return the mode's name as the venue writes it."""
    return "hedge" if is_hedge else "one-way"
