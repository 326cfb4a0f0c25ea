"""Faults of events on their way to the sockets: lost, sent twice, delayed, out of order, silent streams, book gaps.

A fault strikes an event, for all who listen to it, not a socket: so what a plan does to a stream does not depend on how
many listen. The order that can be disturbed is that of one market stream, or of one account's user events.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from trader_gui.simulated_exchange.fault_plan import (
    DepthGap,
    EventDelayed,
    EventDuplicated,
    EventLost,
    EventReordered,
    StreamSilent,
)
from trader_gui.simulated_exchange.faults import ActiveFault, Faults, frame_facts
from trader_gui.simulated_exchange.stream_names import DIFF_SPEEDS_MS, route_of
from trader_gui.simulated_exchange.streams import Hub, StreamSocket
from trader_gui.simulated_exchange.timeline import DelayLine

Send = Callable[[], None]


class _Held:
    """An event that waits until others have gone before it."""

    def __init__(self, send: Send, by: int) -> None:
        self.send = send
        self.left = by


class EventFaults:
    """The hub's screen while a plan is in effect.

    Owner: whoever puts the plan into effect; `close` sends what is still held.
    """

    def __init__(self, hub: Hub, faults: Faults, strike_socket: Callable[[ActiveFault, StreamSocket], None]) -> None:
        """Stand before `hub`; `strike_socket` does to a socket what its fault says."""
        self._hub = hub
        self._faults = faults
        self._strike_socket = strike_socket
        self._lines: dict[str, DelayLine] = {}
        self._held: dict[str, list[_Held]] = {}
        self._overtaken: list[Send] = []
        self._silenced: set[tuple[int, str]] = set()

    def take(self, stream: str, payload: bytes) -> None:
        """Take an event of a market stream."""
        event, symbol = frame_facts(msgspec.json.decode(payload))
        self._strike_sockets(route_of(stream) or "", stream, event, symbol, lambda: self._hub.listeners(stream))
        send = partial(self._hub.push, stream, payload)
        self._meet(route_of(stream) or "", stream, stream, event, symbol, send)

    def take_private(self, listen_key: str, event: str, payload: bytes) -> None:
        """Take a user event; one that nobody gets is not looked at."""
        if not self._hub.private_listeners(listen_key, event):
            return
        symbol = frame_facts(msgspec.json.decode(payload))[1]
        self._strike_sockets(
            "private", "private", event, symbol, lambda: self._hub.private_listeners(listen_key, event)
        )
        send = partial(self._hub.send_private, listen_key, event, payload)
        self._meet("private", listen_key, "private", event, symbol, send)

    def _strike_sockets(self, route: str, name: str, event: str, symbol: str, listeners: Callable[[], Any]) -> None:
        fitting = [one for one in self._faults.sockets_on_frame if one.fits_frame(route, name, event, symbol)]
        for one in self._faults.strikers(fitting):
            for socket in list(listeners()):
                self._strike_socket(one, socket)

    def _meet(self, route: str, channel: str, name: str, event: str, symbol: str, send: Send) -> None:
        """Send an event of a channel as the faults that strike it have it; `name` is the channel's for the log."""
        fitting = [
            one
            for one in self._faults.frames
            if one.fits_frame(route, name, event, symbol)
            and (not isinstance(one.fault, DepthGap) or name.partition("@")[2] in DIFF_SPEEDS_MS)
        ]
        struck = self._faults.strikers(fitting) if fitting else ()
        if not struck:
            self._line_up(channel, 0.0, send)
            return
        first, *others = struck
        what = f"{name} {event} {symbol}".rstrip()
        self._faults.note_shadowed(others, first, what)
        self._act(first, channel, what, send)

    def _act(self, one: ActiveFault, channel: str, what: str, send: Send) -> None:
        fault, faults = one.fault, self._faults
        if isinstance(fault, EventLost | DepthGap):
            faults.note(one, f"{what}: lost")
        elif isinstance(fault, StreamSilent):
            self._note_silence(one, channel, what)
        elif isinstance(fault, EventDuplicated):
            faults.note(one, f"{what}: sent {fault.copies + 1} times")
            for _ in range(fault.copies + 1):
                self._line_up(channel, 0.0, send)
        elif isinstance(fault, EventReordered):
            faults.note(one, f"{what}: after the next {fault.by}")
            held = _Held(send, fault.by)
            self._held.setdefault(channel, []).append(held)
            faults.timeline.call_at(
                faults.now_ms + fault.longest_ms, partial(self._let_go, channel, held, is_late=True)
            )
        elif isinstance(fault, EventDelayed):
            delay_ms = fault.delay.draw(one.random)
            faults.note(one, f"{what}: {delay_ms:.1f} ms later")
            if fault.in_order:
                self._line_up(channel, delay_ms, send)
            else:
                self._overtaken.append(late := partial(self._send_late, channel, send))
                faults.timeline.call_at(faults.now_ms + delay_ms, partial(self._arrive, late))

    def _note_silence(self, one: ActiveFault, channel: str, what: str) -> None:
        """Log a silence once a stream, and anew with each of its strikes when it has a duration."""
        key = (one.place, channel)
        if key not in self._silenced or (one.is_fresh and one.fault.duration_ms is not None):
            self._silenced.add(key)
            self._faults.note(one, f"{what}: silent from here")

    # ---- order -------------------------------------------------------------------------------------------------------

    def _line_up(self, channel: str, delay_ms: float, send: Send) -> None:
        """Send after a delay, but not before what already waits on the channel."""
        line = self._lines.get(channel)
        if line is None or line.is_empty:
            if delay_ms <= 0:
                self._send(channel, send)
                return
            line = self._lines[channel] = DelayLine(self._faults.timeline)
        line.put(delay_ms, partial(self._send_late, channel, send))

    def _send_late(self, channel: str, send: Send) -> None:
        self._send(channel, send)
        self._hub.flush()

    def _arrive(self, late: Send) -> None:
        self._overtaken.remove(late)
        late()

    def _send(self, channel: str, send: Send) -> None:
        send()
        for held in tuple(self._held.get(channel, ())):
            held.left -= 1
            if held.left <= 0:
                self._let_go(channel, held)

    def _let_go(self, channel: str, held: _Held, *, is_late: bool = False) -> None:
        waiting = self._held.get(channel, [])
        if held in waiting:
            waiting.remove(held)
            held.send()
            if is_late:
                self._hub.flush()

    def close(self) -> None:
        """Send everything that is held back."""
        for line in self._lines.values():
            line.empty()
        for channel, waiting in self._held.items():
            for held in tuple(waiting):
                self._let_go(channel, held)
        while self._overtaken:
            self._overtaken.pop(0)()
        self._hub.flush()
