"""The mirrored market: a public market of elsewhere, pushed in over a socket instant by instant.

Orders of the account trade against the books and prints that the frames bring; nothing is made up here. The frames'
form is described in the package's docstring.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

import msgspec
from aiohttp import WSMsgType, web

from trader_gui.simulated_exchange.klines_file import KlinesFile
from trader_gui.simulated_exchange.records import KlineRow, MarketTick, PriceLevel, Print, SymbolSpec
from trader_gui.simulated_exchange.wire import Json, encode

PATH = "/mirror"
LARGEST_FRAME = 1024 * 1024
FARTHEST_MS = 7 * 86_400_000
"""A frame further ahead than this is a mistake: every kline up to it would have to be closed."""

MOST = Decimal(10) ** 15
FINEST = -18
"""Numbers from 1e-18 up to 1e15 are prices and quantities; others are mistakes."""


class MirrorError(Exception):
    """A frame that cannot be used; the text says why. Nothing was changed."""


class _Frame(msgspec.Struct, forbid_unknown_fields=True):
    symbol: str
    time_ms: int
    prints: tuple[tuple[Decimal, Decimal, bool], ...]
    bids: tuple[PriceLevel, ...]
    asks: tuple[PriceLevel, ...]
    mark: Decimal
    index: Decimal
    funding_rate: Decimal


_decode = msgspec.json.Decoder(_Frame).decode


def read_frame(text: str, symbol: str) -> MarketTick:
    """Return the market's instant that a frame tells.

    Args:
        text: The frame as it came.
        symbol: The symbol that is mirrored.

    Raises:
        MirrorError: No frame of that symbol, a number that is none, levels out of order, a crossed or one-sided book.
    """
    try:
        frame = _decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise MirrorError(str(error)) from None
    if frame.symbol != symbol:
        raise MirrorError(f"{frame.symbol[:20]} is not mirrored here, {symbol} is")
    _check_numbers(frame)
    _check_book(frame.bids, frame.asks)
    prints = tuple(Print(*row) for row in frame.prints)
    return MarketTick(
        symbol, frame.time_ms, prints, frame.bids, frame.asks, frame.mark, frame.index, frame.funding_rate
    )


def _check_numbers(frame: _Frame) -> None:
    sides = (*frame.bids, *frame.asks, *(row[:2] for row in frame.prints), (frame.mark, frame.index))
    if not all(_is_amount(value) for pair in sides for value in pair):
        raise MirrorError("a price or a quantity is not a number above 0")
    if not (frame.funding_rate.is_finite() and abs(frame.funding_rate) < 1):
        raise MirrorError("the funding rate is no fraction")


def _is_amount(value: Decimal) -> bool:
    return value.is_finite() and 0 < value < MOST and int(value.as_tuple().exponent) >= FINEST


def _check_book(bids: Sequence[PriceLevel], asks: Sequence[PriceLevel]) -> None:
    if not (bids and asks):
        raise MirrorError("the book has no level on one side")
    if any(better[0] <= worse[0] for better, worse in pairwise(bids)):
        raise MirrorError("the bids do not fall")
    if any(better[0] >= worse[0] for better, worse in pairwise(asks)):
        raise MirrorError("the asks do not rise")
    if bids[0][0] >= asks[0][0]:
        raise MirrorError("the book is crossed")


class MirrorMarket:
    """A market that has a past and makes no ticks of its own.

    Attributes:
        symbol: Venue symbol.
        start_time_ms: Open time of the kline that is open when the history ends.
        is_recorded: True: own trades do not change the klines, which stay the mirrored market's.
    """

    is_recorded = True

    def __init__(self, spec: SymbolSpec, file: KlinesFile) -> None:
        """Take every kline of a checked file as history."""
        self.symbol = spec.symbol
        self._rows = tuple(file.row(index) for index in range(len(file)))
        self.start_time_ms = self._rows[-1].close_time_ms + 1

    def history(self) -> tuple[KlineRow, ...]:
        """Return all klines of the file."""
        return self._rows

    def ticks(self) -> Iterator[MarketTick]:
        """Yield nothing: ticks come as frames."""
        return iter(())


class MirrorHost:
    """Serves the sockets that frames come by.

    Owner: the exchange; each connection runs in its request's task.
    """

    def __init__(self, symbol: str, take: Callable[[MarketTick], bool], market_ms: Callable[[], int]) -> None:
        """Serve one symbol.

        Args:
            symbol: The symbol that is mirrored.
            take: Takes a tick in; returns False for one that came too late, raises `MirrorError` for a mistake.
            market_ms: The market clock, for the answers.
        """
        self._symbol = symbol
        self._take = take
        self._market_ms = market_ms
        self._connections: set[web.WebSocketResponse] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse | None:
        """Run one connection until it closes; None when the request opens no socket."""
        connection = web.WebSocketResponse(timeout=1.0, compress=False, max_msg_size=LARGEST_FRAME)
        if not connection.can_prepare(request).ok:
            return None
        await connection.prepare(request)
        self._connections.add(connection)
        try:
            async for message in connection:
                if message.type is WSMsgType.TEXT:
                    await connection.send_str(encode(self._answer(message.data)).decode())
        except ConnectionError:  # gone before it had its answer: whoever mirrors will come again
            return connection
        finally:
            self._connections.discard(connection)
        return connection

    def _answer(self, text: str) -> Json:
        try:
            is_taken = self._take(read_frame(text, self._symbol))
        except MirrorError as error:
            return {"code": 2, "msg": f"Invalid frame: {error}"}
        return {"e": "mirror", "E": self._market_ms(), "taken": is_taken}

    async def close(self) -> None:
        """Close every connection."""
        for connection in list(self._connections):
            await connection.close(code=1001, message=b"Server shutdown")
