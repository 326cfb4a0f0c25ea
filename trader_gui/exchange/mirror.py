"""Mirrors a public market into a simulated exchange, so that paper orders meet the books of the real one.

Sockets of its own follow the market: book images of twenty levels, every trade, the mark price. With each image one
frame goes to the exchange's `/mirror` and is answered before the next is made; what comes meanwhile goes into the
next one. Nothing here knows of orders, and nothing is ever sent to the market.
"""

import asyncio
import logging
import time
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from trader_gui.domain.market import AggTrade, DepthUpdate, MarkPrice
from trader_gui.domain.step import Route
from trader_gui.errors import ProtocolError
from trader_gui.exchange.dialing import Dialing
from trader_gui.exchange.endpoints import Endpoints
from trader_gui.exchange.port import StreamItem, StreamStatus
from trader_gui.exchange.stream_line import StreamLimits
from trader_gui.exchange.streams import MarketStream

_log = logging.getLogger(__name__)
# At DEBUG it writes the request's headers, which hold the exchange's key.
_socket_log = logging.getLogger(f"{__name__}.socket")
_socket_log.setLevel(logging.INFO)

STALE_AFTER_NS = 3_000_000_000
"""So long after the last frame that was taken, the simulated exchange trades on an old market."""

MARK_STALE_AFTER_NS = 3_000_000_000
"""A mark price comes every second: without one, trades are missing too, and no frame is made."""

MOST_PRINTS = 5000
"""Trades kept while no frame can be sent, some seconds of a wild market or minutes of a calm one."""


class _Answer(msgspec.Struct):
    """Answer to a frame: whether it was taken, or why it was refused."""

    taken: bool = False
    msg: str = ""


_read_answer = msgspec.json.Decoder(_Answer).decode
_encode = msgspec.json.Encoder().encode


class Mirror:
    """Keeps a simulated exchange's market in step with a public one.

    What was traded while a socket of the market was down is not made up for; a frame that may have been lost on its
    way is not sent again, so no trade is ever told twice.

    Owner: the session's TaskGroup runs `run`; cancelling it closes every socket.
    """

    def __init__(
        self,
        market: Endpoints,
        symbol: str,
        push_url: str,
        api_key: str,
        dialing: Dialing,
        push_dialing: Dialing,
        *,
        limits: StreamLimits | None = None,
    ) -> None:
        """Mirror one symbol.

        Args:
            market: Where the public market is.
            symbol: As in exchangeInfo.
            push_url: WebSocket URL of the exchange's `/mirror`.
            api_key: The exchange's key; it goes nowhere else.
            dialing: Shared by all sockets to the market.
            push_dialing: Shared by all sockets to the exchange.
            limits: Of all sockets.
        """
        name = symbol.lower()
        self._limits = limits or StreamLimits()
        self._push_dialing = push_dialing
        self._streams = tuple(
            MarketStream(market, route, names, self._take, dialing, limits=self._limits)
            for route, names in (
                (Route.PUBLIC, (f"{name}@depth20@100ms",)),
                (Route.MARKET, (f"{name}@aggTrade", f"{name}@markPrice@1s")),
            )
        )
        self._symbol = symbol
        self._push_url = push_url
        self._api_key = api_key
        self._prints: list[tuple[str, str, bool]] = []
        self._newest_trade_id = -1
        self._newest_book_ms = 0
        self._book: DepthUpdate | None = None
        self._mark: MarkPrice | None = None
        self._mark_ns = 0
        self._taken_ns = 0
        self._is_wanted = asyncio.Event()

    def is_stale(self, now_ns: int) -> bool:
        """Tell whether the simulated exchange has had no news of the market for too long, or none yet.

        Args:
            now_ns: Monotonic time.
        """
        return not self._taken_ns or now_ns - self._taken_ns > STALE_AFTER_NS

    async def run(self) -> None:
        """Mirror until cancelled."""
        async with asyncio.TaskGroup() as group:
            for stream in self._streams:
                group.create_task(stream.run(), name=f"mirror {stream.route}")
            group.create_task(self._push(), name="mirror push")

    def replace(self, reason: str) -> None:
        """Open other sockets to the market in place of the present ones."""
        for stream in self._streams:
            stream.replace(reason)

    # ---- the market ------------------------------------------------------------------------------------------------

    def _take(self, item: StreamItem, received_ns: int) -> None:
        if isinstance(item, AggTrade):
            self._take_print(item)
        elif isinstance(item, MarkPrice):
            self._mark, self._mark_ns = item, received_ns
        elif isinstance(item, DepthUpdate):
            self._take_book(item)
        elif isinstance(item, StreamStatus) and not item.is_connected:
            _log.info("mirror: the %s stream of the market is lost: %s", item.route.value, item.detail)
            self._forget()

    def _take_book(self, book: DepthUpdate) -> None:
        """Keep the newest image; while a socket is being replaced, the other one may come with an older one."""
        if book.event_time_ms < self._newest_book_ms:
            return
        self._newest_book_ms = book.event_time_ms
        self._book = book
        self._is_wanted.set()

    def _take_print(self, trade: AggTrade) -> None:
        """Keep a trade for the next frame, once."""
        if trade.agg_trade_id <= self._newest_trade_id:
            return
        self._newest_trade_id = trade.agg_trade_id
        if len(self._prints) >= MOST_PRINTS:
            _log.warning("mirror: %d trades of the market could not be passed on in time", len(self._prints))
            self._prints.clear()
        self._prints.append((f"{trade.price:f}", f"{trade.quantity:f}", trade.is_buyer_maker))

    def _forget(self) -> None:
        """Drop what cannot be told together any more: the next frame is made of news alone."""
        self._prints.clear()
        self._book = self._mark = None

    def _make_frame(self, now_ns: int) -> str | None:
        """Return the next frame, None while either side of the market is silent."""
        book, mark = self._book, self._mark
        if book is None or mark is None or now_ns - self._mark_ns > MARK_STALE_AFTER_NS:
            return None
        frame: dict[str, Any] = {
            "symbol": self._symbol,
            "time_ms": book.event_time_ms,
            "prints": self._prints,
            "bids": book.bids,
            "asks": book.asks,
            "mark": mark.mark_price,
            "index": mark.index_price,
            "funding_rate": mark.funding_rate_fraction,
        }
        self._prints, self._book = [], None
        return _encode(frame).decode()

    # ---- the simulated exchange ------------------------------------------------------------------------------------

    async def _push(self) -> None:
        """Keep the socket to the simulated exchange open and send frames over it."""
        failures, tried_ns = 0, 0
        while True:
            await self._push_dialing.wait_turn(failures, tried_ns)
            tried_ns = time.monotonic_ns()
            connected_ns = None
            try:
                async with self._connect() as socket:
                    connected_ns = time.monotonic_ns()
                    _log.info("mirror: connected to the simulated exchange")
                    try:
                        await self._push_frames(socket)
                    finally:
                        await socket.close()  # in order, also when cancelled: the library would say "internal error"
            except (OSError, WebSocketException, ProtocolError) as error:
                level = logging.INFO if connected_ns is None else logging.WARNING  # once for each loss
                _log.log(level, "mirror: the simulated exchange cannot be told the market: %s", _reason(error))
            has_settled = connected_ns is not None and time.monotonic_ns() - connected_ns > self._limits.settled_s * 1e9
            failures = 0 if has_settled else failures + 1

    def _connect(self) -> connect:
        return connect(
            self._push_url,
            additional_headers={"X-MBX-APIKEY": self._api_key},
            compression=None,
            open_timeout=self._limits.open_s,
            ping_interval=self._limits.ping_s,
            ping_timeout=self._limits.pong_s,
            close_timeout=self._limits.close_s,
            logger=_socket_log,
            proxy=None,  # it is a server of this machine
        )

    async def _push_frames(self, socket: ClientConnection) -> None:
        while True:
            await self._is_wanted.wait()
            self._is_wanted.clear()
            frame = self._make_frame(time.monotonic_ns())
            if frame is None:
                continue
            async with asyncio.timeout(self._limits.pong_s):
                await socket.send(frame)
                answer = _answer_of(await socket.recv(decode=False))
            if answer.msg:
                raise ProtocolError(f"it refused a frame: {answer.msg}")
            if answer.taken:
                self._taken_ns = time.monotonic_ns()


def _answer_of(text: bytes) -> _Answer:
    try:
        return _read_answer(text)
    except msgspec.DecodeError:
        raise ProtocolError("its answer cannot be read") from None


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ProtocolError) else type(error).__name__
