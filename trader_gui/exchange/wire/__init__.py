"""Venue JSON to domain records and back; the one package that knows one-letter keys. Pure.

Typed structs read only the fields that they name, so a field that the venue adds costs nothing and breaks nothing;
a field that it drops or retypes is a `ProtocolError`. `frame` reads streams, `answer` reads REST, `request` writes.
"""

from trader_gui.exchange.wire.frame import FrameItem, ListenKeyExpired, decode_frame

__all__ = ["FrameItem", "ListenKeyExpired", "decode_frame"]
