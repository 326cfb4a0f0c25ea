"""One WebSocket frame to the items it carries, whatever the route and whether it is wrapped or bare."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import msgspec
from msgspec import field

from trader_gui.domain.step import Message, Route
from trader_gui.errors import ProtocolError
from trader_gui.exchange.port import DataEnd, PaceMarker
from trader_gui.exchange.wire.market import MARKET_RECORDS, MarketEvent
from trader_gui.exchange.wire.user import USER_RECORDS, UserEvent


class ListenKeyExpired(msgspec.Struct, frozen=True):
    """The user stream's key has ended: the socket stays open and falls silent."""

    listen_key: str


class _PaceEvent(msgspec.Struct, tag_field="e", tag="pace"):
    number: int = field(name="n")


class _DataEndEvent(msgspec.Struct, tag_field="e", tag="dataEnd"):
    pass


class _ListenKeyExpiredEvent(msgspec.Struct, tag_field="e", tag="listenKeyExpired"):
    listen_key: str = field(name="listenKey", default="")


FrameItem: TypeAlias = Message | PaceMarker | DataEnd | ListenKeyExpired

_Event = MarketEvent | UserEvent | _PaceEvent | _DataEndEvent | _ListenKeyExpiredEvent


class _Wrapped(msgspec.Struct):
    data: _Event


_read_bare = msgspec.json.Decoder(_Event).decode
_read_wrapped = msgspec.json.Decoder(_Wrapped).decode
_RECORDS: dict[type[msgspec.Struct], Callable[[Any], Message | None]] = {**MARKET_RECORDS, **USER_RECORDS}
_EVENTS: tuple[type[msgspec.Struct], ...] = (*_RECORDS, _PaceEvent, _DataEndEvent, _ListenKeyExpiredEvent)
_KINDS = frozenset(str(event.__struct_config__.tag) for event in _EVENTS)


def decode_frame(frame: bytes, route: Route) -> tuple[FrameItem, ...]:
    """Return what a frame carries: mostly one item, several for an array, none for what we do not follow.

    Nothing comes of: event types that are not ours (TRADE_LITE, tickers, tomorrow's), rows of the other product line,
    replies to our own control messages.

    Args:
        frame: The frame's bytes, bare or wrapped as `{"stream": ..., "data": ...}`.
        route: Of the socket that it came by; markers carry it on.

    Raises:
        ProtocolError: No JSON, an event of ours without a field that we need or with one of another type, an error
            reply. Its text begins with the kind and a colon, and never holds the frame.
    """
    if b'"NaN"' in frame or b'Infinity"' in frame:
        raise ProtocolError("number: not a finite number in a frame")
    try:
        event = _read_wrapped(frame).data if frame.startswith(b'{"stream"') else _read_bare(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return tuple(_read_slowly(frame, route))
    return _items(event, route)


def _items(event: msgspec.Struct, route: Route) -> tuple[FrameItem, ...]:
    make = _RECORDS.get(type(event))
    if make is not None:
        record = make(event)
        return () if record is None else (record,)
    if isinstance(event, _PaceEvent):
        return (PaceMarker(route, event.number),)
    if isinstance(event, _ListenKeyExpiredEvent):
        return (ListenKeyExpired(event.listen_key),)
    return (DataEnd(route),)


def _read_slowly(frame: bytes, route: Route) -> Iterator[FrameItem]:
    """Tell apart what the typed decoders refuse: arrays, unknown events, control replies, and true errors."""
    try:
        value = msgspec.json.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ProtocolError("json: a frame is no JSON") from None
    if isinstance(value, dict) and "stream" in value and "data" in value:
        value = value["data"]
    for row in value if isinstance(value, list) else (value,):
        if not isinstance(row, dict):
            raise ProtocolError("json: a frame is no object")
        yield from _read_row(row, route)


def _read_row(row: dict[str, Any], route: Route) -> tuple[FrameItem, ...]:
    kind = row.get("e")
    if kind is None:
        if "error" in row or "code" in row:
            raise ProtocolError(f"control: the venue refused a control message: {str(row)[:200]}")
        if "id" in row:
            return ()
        raise ProtocolError("json: a frame names no event")
    if not isinstance(kind, str) or kind not in _KINDS:
        return ()
    try:
        return _items(msgspec.convert(row, _Event), route)
    except msgspec.ValidationError as error:
        raise ProtocolError(f"{kind}: {error}") from None
