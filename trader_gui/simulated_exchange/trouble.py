"""Everything that can be made to go wrong with a running exchange, as one object: plans of faults, and single acts.

A plan takes effect at once and replaces the one before it: that one's clock jumps and maintenance are taken back, what
its faults held back is sent; connections that it left half open stay so until they are dropped for their silence.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.fault_plan import (
    ClockJump,
    DayCut,
    FaultPlan,
    ListenKeyLost,
    Maintenance,
    SocketDropped,
    SocketFault,
    SocketHalfOpen,
    TimedFault,
    read_plan_file,
)
from trader_gui.simulated_exchange.faults import ActiveFault, Faults
from trader_gui.simulated_exchange.intake import Intake
from trader_gui.simulated_exchange.latency import NO_LATENCY, ActionQueue, Latency, read_latency
from trader_gui.simulated_exchange.request_clock import RequestClock
from trader_gui.simulated_exchange.socket_host import SocketHost
from trader_gui.simulated_exchange.stream_faults import EventFaults
from trader_gui.simulated_exchange.streams import StreamSocket
from trader_gui.simulated_exchange.timeline import DelayLine, Timeline
from trader_gui.simulated_exchange.venue import Venue
from trader_gui.simulated_exchange.ws_api import WsApi


def read_trouble(file: Path | None, latency: str, *, is_paced: bool) -> tuple[FaultPlan | None, Latency]:
    """Return the plan of a fault file and the latency, which is given as text or in the file.

    Raises:
        UserError: One of them cannot be used.
    """
    plan = None if file is None else read_plan_file(file)
    if plan is not None and plan.latency and latency:
        raise UserError("the latency is given twice: leave it out of the fault file, or --latency out.")
    try:
        delays = read_latency(latency) if plan is None or latency else plan.delays
    except ValueError as error:
        raise UserError(f"latency: {error}.") from None
    if is_paced and delays != NO_LATENCY:
        raise UserError("latency is not possible at speed max, where time waits for the clients: choose another speed.")
    return plan, delays


class Trouble:
    """Puts plans into effect, and does to the exchange what their timed faults, or a script, ask for.

    Attributes:
        faults: The plan in effect, None when there is none.

    Owner: the exchange; `close` ends everything.
    """

    def __init__(self, venue: Venue, sockets: SocketHost, api: WsApi, intake: Intake, clock: RequestClock) -> None:
        """Serve one exchange."""
        self.faults: Faults | None = None
        self._venue = venue
        self._sockets = sockets
        self._api = api
        self._closing: set[asyncio.Task[None]] = set()
        self._intake = intake
        self._clock = clock
        self._screen: EventFaults | None = None
        self._event_timeline: Timeline | None = None
        self._undo: list[Callable[[], None]] = []

    # ---- plans -------------------------------------------------------------------------------------------------------

    def start(self, plan: FaultPlan) -> Faults:
        """Put a plan into effect."""
        self.end()
        venue = self._venue
        timeline = Timeline((lambda: venue.market_ms) if venue.is_paced else None)
        faults = self.faults = Faults(plan, timeline, lambda: venue.market_ms)
        if faults.requests or faults.lags:
            self._intake.set_faults(faults)
        if faults.frames or faults.sockets_on_frame:
            self._screen = venue.hub.screen = EventFaults(venue.hub, faults, self._strike)
        if faults.sockets_on_open:
            self._sockets.on_open = self._on_open
        faults.start(self._happen)
        return faults

    def end(self) -> None:
        """End the plan in effect, if there is one."""
        if self.faults is None:
            return
        self.faults.close()
        self.faults = None
        self._intake.set_faults(None)
        self._sockets.on_open = None
        if self._screen is not None:
            self._venue.hub.screen = None
            self._screen.close()
            self._screen = None
        while self._undo:
            self._undo.pop()()

    def advance(self) -> None:
        """Let happen what is due; called whenever the market has moved."""
        if self.faults is not None:
            self.faults.timeline.advance()

    def _happen(self, one: ActiveFault) -> None:
        """Carry out a fault whose time has come."""
        fault = one.fault
        if isinstance(fault, SocketFault):
            for socket in list(self._venue.hub.sockets):
                if one.fits_socket(socket.route, socket.subscriptions):
                    self._strike(one, socket)
        elif isinstance(fault, ListenKeyLost):
            self._note(one, "announced" if fault.announced else "without a word")
            self.expire_listen_key(is_announced=fault.announced)
        elif isinstance(fault, ClockJump):
            self._note(one, f"{fault.jump_ms:+d} ms")
            self.jump(fault.jump_ms)
            self._take_back(one, lambda: self.jump(-fault.jump_ms))
        elif isinstance(fault, Maintenance):
            self._note(one, "begins")
            self.set_maintenance(is_on=True)
            self._take_back(one, lambda: self.set_maintenance(is_on=False))

    def _take_back(self, one: ActiveFault, undo: Callable[[], None]) -> None:
        """Undo what a fault did when its time is over, or its plan."""
        fault, faults = one.fault, self.faults
        assert isinstance(fault, TimedFault)
        if faults is None:
            return

        def over() -> None:
            if undo in self._undo:
                self._undo.remove(undo)
                faults.note(one, "over")
                undo()

        self._undo.append(undo)
        if fault.duration_ms is not None:
            faults.timeline.call_at(faults.now_ms + fault.duration_ms, over)
        elif fault.until_ms is not None:
            faults.timeline.call_at(fault.until_ms, over)

    def _strike(self, one: ActiveFault, socket: StreamSocket) -> None:
        """Do to a socket what its fault says."""
        fault = one.fault
        self._note(one, f"{socket.route} socket with {len(socket.subscriptions) + len(socket.listen_keys)} streams")
        if isinstance(fault, SocketDropped):
            self._sockets.drop(socket)
        elif isinstance(fault, SocketHalfOpen):
            self._sockets.leave_half_open(socket)
        elif isinstance(fault, DayCut):
            self._sockets.end(socket)

    def _on_open(self, socket: StreamSocket) -> None:
        if self.faults is not None:
            streams = socket.subscriptions
            fitting = [one for one in self.faults.sockets_on_open if one.fits_socket(socket.route, streams)]
            for one in self.faults.strikers(fitting):
                self._strike(one, socket)

    def _note(self, one: ActiveFault, hit: str) -> None:
        if self.faults is not None:
            self.faults.note(one, hit)

    # ---- single acts -------------------------------------------------------------------------------------------------

    def expire_listen_key(self, *, is_announced: bool) -> None:
        """End the listenKey now."""
        self._venue.end_listen_key(is_announced=is_announced)
        self._venue.hub.flush()

    def jump(self, ahead_ms: int) -> None:
        """Let the request clock jump."""
        self._clock.jump(ahead_ms)

    def set_maintenance(self, *, is_on: bool) -> None:
        """Begin maintenance, which ends every connection of streams and WebSocket API, or end it."""
        self._intake.set_maintenance(is_on=is_on)
        if is_on:
            for socket in list(self._venue.hub.sockets):
                self._sockets.end(socket)
            task = asyncio.create_task(self._api.close(), name="WebSocket API closing")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    # ---- latency -----------------------------------------------------------------------------------------------------

    def set_latency(self, latency: Latency, seed: int) -> None:
        """Let the venue take its time from here on."""
        if latency.delays_actions:
            self._intake.set_queue(ActionQueue(latency, Random(f"{seed}:actions")))
        distribution = latency.event
        if distribution is None:
            return
        hub, random = self._venue.hub, Random(f"{seed}:events")
        self._event_timeline = Timeline()
        line = DelayLine(self._event_timeline)

        def send(listen_key: str, event: str, payload: bytes) -> None:
            def arrive() -> None:
                hub.push_private(listen_key, event, payload)
                hub.flush()

            line.put(distribution.draw(random), arrive)

        hub.send_private = send

    async def close(self) -> None:
        """End everything; nothing happens later."""
        self.end()
        await asyncio.gather(*self._closing)
        if self._event_timeline is not None:
            self._event_timeline.close()
