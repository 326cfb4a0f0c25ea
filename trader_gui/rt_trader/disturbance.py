"""What befalls the machine under a session: it slept, its wall clock was set, its network is another one.

After each of them nothing that was connected or measured before is believed: `DisturbanceRules` notices it,
`Disturbances` acts.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from trader_gui.clock import sleepless_ns, wall_ns
from trader_gui.domain.step import EngineMode
from trader_gui.journal.writer import JournalWriter
from trader_gui.rt_trader.connection import Connection
from trader_gui.rt_trader.engine import EngineSwitch
from trader_gui.rt_trader.freshness import Freshness
from trader_gui.rt_trader.road import Road
from trader_gui.rt_trader.status import SessionStatus

_log = logging.getLogger(__name__)

AWAY_NS = 10_000_000_000
"""The session looks four times a second: after so long without a look the machine slept, or stood still."""

JUMP_NS = 1_000_000_000
"""Wall time that has run away from monotonic time by so much between two looks was set."""

ADDRESS_EVERY_NS = 1_000_000_000

_DOCUMENTATION = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses that belong to nobody."""

_NETWORK_BYTES = 8
"""Of an IPv6 address: the rest changes by itself, for privacy's sake."""


class Disturbance(StrEnum):
    """What happened, as a code."""

    WOKE_UP = "woke_up"
    CLOCK_JUMPED = "clock_jumped"
    NETWORK_CHANGED = "network_changed"


class Look(NamedTuple):
    """What the machine shows at one time.

    Attributes:
        sleepless_ns: Monotonic time that goes on in sleep, as far as the system has such a clock.
        monotonic_ns: Monotonic time.
        wall_ns: Wall time, UTC.
        addresses: Of this machine, in the networks that lead outwards; None when nobody has looked.
    """

    sleepless_ns: int
    monotonic_ns: int
    wall_ns: int
    addresses: tuple[str, ...] | None = None


class DisturbanceRules:
    """Compares what the machine shows with what it showed the last time; reads no clock itself."""

    def __init__(self) -> None:
        self._last: Look | None = None
        self._addresses: tuple[str, ...] | None = None

    def look(self, now: Look) -> Disturbance | None:
        """Return what has happened since the last look, the gravest where it is more than one thing."""
        last, self._last = self._last, now
        is_moved = self._is_moved(now.addresses)
        if last is None:
            return None
        gone_ns = max(now.sleepless_ns - last.sleepless_ns, now.monotonic_ns - last.monotonic_ns)
        if gone_ns >= AWAY_NS:
            return Disturbance.WOKE_UP
        if abs(now.wall_ns - last.wall_ns - gone_ns) >= JUMP_NS:
            return Disturbance.CLOCK_JUMPED
        return Disturbance.NETWORK_CHANGED if is_moved else None

    def _is_moved(self, addresses: tuple[str, ...] | None) -> bool:
        if addresses is None:
            return False
        former, self._addresses = self._addresses, addresses
        return former is not None and former != addresses


def local_addresses() -> tuple[str, ...]:
    """Return this machine's addresses in the networks that lead outwards, none for a family without one.

    Nothing is sent: a datagram socket is only told its destination, and the system chooses the way.
    """
    return tuple(found for family, address in _DOCUMENTATION if (found := _address_towards(family, address)))


def _address_towards(family: socket.AddressFamily, address: str) -> str:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            found = str(probe.getsockname()[0])
    except OSError:
        return ""
    if family is socket.AF_INET:
        return found
    return socket.inet_pton(family, found.partition("%")[0])[:_NETWORK_BYTES].hex(":", 2)


class Disturbances:
    """Looks at the machine, and after a disturbance trusts nothing of before.

    The engine is disarmed, every route is stale until it has connected anew, and sockets, connections and the clock's
    offset are renewed; what the sockets have missed is read when they are connected.

    Owner: the session calls `look` now and then, never where the exchange waits for the session.
    """

    def __init__(
        self,
        connection: Connection,
        freshness: Freshness,
        engine: EngineSwitch,
        road: Road,
        journal: JournalWriter,
        status: SessionStatus,
        renew_shown: Callable[[], None],
        addresses: Callable[[], tuple[str, ...]] | None = local_addresses,
    ) -> None:
        """Serve one session; `renew_shown` opens the shown market's sockets anew; `addresses` None: no network."""
        self._connection = connection
        self._freshness = freshness
        self._engine = engine
        self._road = road
        self._journal = journal
        self._status = status
        self._renew_shown = renew_shown
        self._addresses = addresses
        self._addresses_ns = 0
        self._rules = DisturbanceRules()

    def look(self) -> Disturbance | None:
        """Look at the machine; act on a disturbance at once, and return it for `settle`."""
        found = self._rules.look(self._see())
        if found is not None:
            self._act(found)
        return found

    async def settle(self, found: Disturbance) -> None:
        """Do what takes its time: take the engine's resting entries back, and measure the clock's offset anew."""
        await asyncio.gather(self._connection.sync_clocks(), self._engine.take_back_entries(found))

    def _see(self) -> Look:
        monotonic_ns = time.monotonic_ns()
        addresses = None
        if self._addresses is not None and monotonic_ns - self._addresses_ns >= ADDRESS_EVERY_NS:
            self._addresses_ns = monotonic_ns
            addresses = self._addresses()
        return Look(sleepless_ns(), monotonic_ns, wall_ns(), addresses)

    def _act(self, found: Disturbance) -> None:
        was_armed = self._road.callback.gate.mode is not EngineMode.HALTED
        _log.warning("%s: all connections are made anew%s", found, ", the engine is disarmed" if was_armed else "")
        self._journal.note("disturbance", found, self._road.callback.now_ms)
        self._status.disturbance, self._status.disturbed_ns = found, time.monotonic_ns()
        if was_armed:
            self._status.halt_reason = found
            self._engine.disarm(found)
        self._freshness.doubt_all()
        self._connection.replace_all(found)
        self._renew_shown()
