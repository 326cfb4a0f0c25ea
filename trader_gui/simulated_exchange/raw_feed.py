"""Frames of a recording of raw streams, in the order in which the venue made them.

A recording has one line per frame: `LOCAL_TIME {"stream":...,"data":...}`, and may hold answers of GET depth
(`LOCAL_TIME {"lastUpdateId":...}`). Which streams: diff depth, bookTicker, trade (aggTrade where there is no trade
stream, as the venue no longer offers one), markPrice; other lines and other symbols are passed over.

LOCAL_TIME is the recorder's clock, which may be seconds off; it is not used. A frame's time is the venue's: the
transaction time `T` where there is one, else `E` (on mark prices `T` is the next funding). The streams reached the
recorder with different delays, so frames are put in order of that time, as far as `WINDOW_MS` allows. Packed
recordings joined to one file (`cat a.gz b.gz`) are one recording; a last line or a packing that was cut off is where
the recording ends.
"""

import heapq
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import msgspec

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.data_file import read_lines
from trader_gui.simulated_exchange.records import PriceLevel

WINDOW_MS = 5_000
"""How far frames of different streams may be out of order (2.7 s were seen)."""

HEAD_LINES = 3_000


class Snapshot(msgspec.Struct, frozen=True):
    """The answer of GET depth: the book at `last_id`."""

    last_id: int = msgspec.field(name="lastUpdateId")
    bids: tuple[PriceLevel, ...]
    asks: tuple[PriceLevel, ...]
    time_ms: int = msgspec.field(name="T")


class Diff(msgspec.Struct, frozen=True):
    """A depthUpdate: new quantities from `first_id` to `last_id`; `previous_id` ends the diff before it."""

    first_id: int = msgspec.field(name="U")
    last_id: int = msgspec.field(name="u")
    previous_id: int = msgspec.field(name="pu")
    bids: tuple[PriceLevel, ...] = msgspec.field(name="b")
    asks: tuple[PriceLevel, ...] = msgspec.field(name="a")
    time_ms: int = msgspec.field(name="T")


class Top(msgspec.Struct, frozen=True):
    """A bookTicker: the best levels at `last_id`."""

    last_id: int = msgspec.field(name="u")
    bid_price: Decimal = msgspec.field(name="b")
    bid_quantity: Decimal = msgspec.field(name="B")
    ask_price: Decimal = msgspec.field(name="a")
    ask_quantity: Decimal = msgspec.field(name="A")
    time_ms: int = msgspec.field(name="T")


class RawTrade(msgspec.Struct, frozen=True):
    """A trade or aggTrade; `kind` is MARKET unless the insurance fund or a deleveraging traded."""

    price: Decimal = msgspec.field(name="p")
    quantity: Decimal = msgspec.field(name="q")
    is_buyer_maker: bool = msgspec.field(name="m")
    time_ms: int = msgspec.field(name="T")
    kind: str = msgspec.field(name="X", default="MARKET")


class RawMark(msgspec.Struct, frozen=True):
    """A markPriceUpdate."""

    mark_price: Decimal = msgspec.field(name="p")
    index_price: Decimal = msgspec.field(name="i")
    funding_rate: Decimal = msgspec.field(name="r")
    time_ms: int = msgspec.field(name="E")


Frame: TypeAlias = Snapshot | Diff | Top | RawTrade | RawMark


class _Line(msgspec.Struct):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    lastUpdateId: int = 0  # noqa: N815 - the venue's name


class RecordingHead(msgspec.Struct, frozen=True):
    """What the beginning of a recording tells.

    Attributes:
        symbol: The symbol whose frames are played.
        symbols: All symbols seen.
        kinds: Kinds of streams seen of it.
        has_snapshot: Whether an answer of GET depth is there.
        tick_size, step_size: As fine as its prices and quantities.
        first_mark: The first mark price, None without such a stream.
    """

    symbol: str
    symbols: tuple[str, ...]
    kinds: frozenset[str]
    has_snapshot: bool
    tick_size: Decimal
    step_size: Decimal
    first_mark: RawMark | None


_line = msgspec.json.Decoder(_Line).decode
_snapshot = msgspec.json.Decoder(Snapshot).decode
_decoders: dict[str, Callable[[msgspec.Raw], Frame]] = {
    "depth": msgspec.json.Decoder(Diff).decode,
    "bookTicker": msgspec.json.Decoder(Top).decode,
    "trade": msgspec.json.Decoder(RawTrade).decode,
    "aggTrade": msgspec.json.Decoder(RawTrade).decode,
    "markPrice": msgspec.json.Decoder(RawMark).decode,
}
_BOOK_RANK = 2
_RANKS = {RawTrade: 0, RawMark: 1}
"""At the same time: trades, then the mark price, then the book that they left."""


def _parsed(path: Path) -> Generator[tuple[str, str, Frame]]:
    """Yield (symbol, kind, frame) in the file's order; the symbol of a snapshot is empty: it does not tell."""
    bad = ""
    for number, line in enumerate(read_lines(path, may_be_cut=True), start=1):
        if bad:
            raise UserError(bad)
        if not line:
            continue
        try:
            content = line.partition(" ")[2]
            envelope = _line(content)
            symbol, kind, *_ = (*envelope.stream.split("@"), "")
            if envelope.lastUpdateId:
                yield "", "snapshot", _snapshot(content)
            elif kind in _decoders:
                yield symbol.upper(), kind, _decoders[kind](envelope.data)
        except msgspec.DecodeError as error:
            bad = f"{path.name}, row {number}: {error}: the recording is damaged, cut it there."


def read_head(path: Path, symbol: str | None) -> RecordingHead:
    """Look at the beginning of a recording.

    Args:
        path: The file.
        symbol: The symbol wanted; None for the first one in it.

    Raises:
        UserError: The file cannot be read, or holds no book, no trades or not that symbol.
    """
    with closing(_parsed(path)) as parsed:
        head = list(islice(parsed, HEAD_LINES))
    symbols = tuple(dict.fromkeys(name for name, _, _ in head if name))
    if not symbols:
        raise UserError(f"{path.name} holds no frame of a market stream: choose another recording.")
    wanted = symbol or symbols[0]
    if wanted not in symbols:
        raise UserError(f"{path.name} is a recording of {', '.join(symbols)}, not of {wanted}: choose one of those.")
    own = [(kind, frame) for name, kind, frame in head if name == wanted]
    kinds = frozenset(kind for kind, _ in own)
    for needed, streams in (("diff depth", {"depth"}), ("trade or aggTrade", {"trade", "aggTrade"})):
        if not kinds & streams:
            raise UserError(f"{path.name} has no {needed} stream of {wanted}: choose a recording with one.")
    prices, quantities = _amounts([frame for _, frame in own])
    has_snapshot = len(symbols) == 1 and any(kind == "snapshot" for _, kind, _ in head)
    marks = [frame for _, frame in own if isinstance(frame, RawMark)]
    first_mark = marks[0] if marks else None
    return RecordingHead(wanted, symbols, kinds, has_snapshot, _finest(prices), _finest(quantities), first_mark)


def _amounts(frames: list[Frame]) -> tuple[list[Decimal], list[Decimal]]:
    levels: list[PriceLevel] = []
    for frame in frames:
        if isinstance(frame, Diff):
            levels += frame.bids + frame.asks
        elif isinstance(frame, RawTrade):
            levels.append((frame.price, frame.quantity))
    return [price for price, _ in levels], [quantity for _, quantity in levels if quantity]


def _finest(values: list[Decimal]) -> Decimal:
    places = max((-int(value.normalize().as_tuple().exponent) for value in values), default=0)
    return Decimal(1).scaleb(-max(0, places))


def read_frames(path: Path, head: RecordingHead) -> Iterator[Frame]:
    """Yield the frames of the head's symbol by their times; of trades and aggTrades one kind only.

    Raises:
        UserError: A line in the middle of the file is no frame.
    """
    unwanted = "aggTrade" if "trade" in head.kinds else "trade"
    waiting: list[tuple[int, int, int, int, Frame]] = []
    newest_ms = 0
    for number, (symbol, kind, frame) in enumerate(_parsed(path)):
        # A snapshot does not say of which symbol it is: it counts only where there is no doubt.
        if kind == unwanted or symbol != ("" if kind == "snapshot" and len(head.symbols) == 1 else head.symbol):
            continue
        update_id = frame.last_id if isinstance(frame, Diff | Top | Snapshot) else 0
        rank = _RANKS.get(type(frame), _BOOK_RANK)
        heapq.heappush(waiting, (frame.time_ms, rank, update_id, number, frame))
        newest_ms = max(newest_ms, frame.time_ms)
        while waiting[0][0] < newest_ms - WINDOW_MS:
            yield heapq.heappop(waiting)[-1]
    while waiting:
        yield heapq.heappop(waiting)[-1]
