"""Recordings of raw streams: written by a test, and read by a second, plain reader to hold ours against."""

import gzip
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

SYMBOL = "BTCUSDT"
START_MS = 1_700_000_050_000
Book = dict[str, dict[Decimal, Decimal]]


def depth(at_ms: int, ids: tuple[int, int, int], bids: Sequence[Any] = (), asks: Sequence[Any] = ()) -> dict[str, Any]:
    """A diff; `ids` are U, u, pu, levels (price, quantity) as texts."""
    data = {"e": "depthUpdate", "E": at_ms + 2, "T": at_ms, "s": SYMBOL, "U": ids[0], "u": ids[1], "pu": ids[2]}
    return {"stream": f"{SYMBOL.lower()}@depth@0ms", "data": {**data, "b": list(bids), "a": list(asks)}}


def top(at_ms: int, update_id: int, bid: tuple[str, str], ask: tuple[str, str]) -> dict[str, Any]:
    """A bookTicker."""
    data = {"e": "bookTicker", "u": update_id, "s": SYMBOL, "T": at_ms, "E": at_ms + 1}
    levels = {"b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}
    return {"stream": f"{SYMBOL.lower()}@bookTicker", "data": {**data, **levels}}


def trade(at_ms: int, price: str, quantity: str, *, is_buyer_maker: bool = False, **extra: Any) -> dict[str, Any]:
    """A trade."""
    data = {"e": "trade", "E": at_ms + 3, "T": at_ms, "s": SYMBOL, "t": 1, "p": price, "q": quantity, "X": "MARKET"}
    return {"stream": f"{SYMBOL.lower()}@trade", "data": {**data, "m": is_buyer_maker, **extra}}


def mark(at_ms: int, price: str, index: str, rate: str) -> dict[str, Any]:
    """A mark price."""
    data = {"e": "markPriceUpdate", "E": at_ms, "s": SYMBOL, "p": price, "i": index, "P": index, "r": rate}
    return {"stream": f"{SYMBOL.lower()}@markPrice@1s", "data": {**data, "T": 1_700_006_400_000}}


def snapshot(at_ms: int, update_id: int, levels: int = 25) -> dict[str, Any]:
    """An answer of GET depth: 100.0 and below, 100.1 and above, quantity 5 each."""
    return {
        "lastUpdateId": update_id,
        "E": at_ms,
        "T": at_ms,
        "bids": [[f"{100 - i / 10:.1f}", "5.000"] for i in range(levels)],
        "asks": [[f"{100.1 + i / 10:.1f}", "5.000"] for i in range(levels)],
    }


def write(path: Path, frames: Sequence[dict[str, Any]], *, tail: str = "") -> Path:
    """Write frames in this order, packed when the name says so; `tail` follows as it is."""
    text = "".join(f"{1_700_000_000_000_000 + i} {json.dumps(frame)}\n" for i, frame in enumerate(frames)) + tail
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


class Instant(NamedTuple):
    """What a plain reader makes of a recording at one update: the book after it (one object, which goes on)."""

    time_ms: int
    update_id: int
    book: Book


def replay(path: Path) -> Iterator[Instant]:
    """Yield the book after every diff, built by the documented procedure from the recording's own frames."""
    book: Book = {"b": {}, "a": {}}
    last_id, has_snapshot, early = 0, False, []
    frames = _frames(path)
    waits = any("lastUpdateId" in frame for frame, _ in zip(_frames(path), range(3000), strict=False))
    for frame in frames:
        if "lastUpdateId" in frame:
            last_id, has_snapshot, waits = frame["lastUpdateId"], True, False
            for side, levels in (("b", frame["bids"]), ("a", frame["asks"])):
                book[side] = {Decimal(price): Decimal(quantity) for price, quantity in levels}
            pending, early = early, []
        elif "@depth" in frame.get("stream", ""):
            pending = [frame["data"]]
        else:
            continue
        if waits:
            early += pending
            continue
        for diff in pending:
            if diff["u"] < last_id:
                continue
            assert diff["U"] <= last_id if has_snapshot else not last_id or diff["pu"] == last_id
            has_snapshot, last_id = False, diff["u"]
            for side in ("b", "a"):
                for price, quantity in diff[side]:
                    if Decimal(quantity):
                        book[side][Decimal(price)] = Decimal(quantity)
                    else:
                        book[side].pop(Decimal(price), None)
            yield Instant(diff["T"], last_id, book)


def trades(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the trades of the market in a recording."""
    for frame in _frames(path):
        if "@trade" in frame.get("stream", "") and frame["data"]["X"] == "MARKET":
            yield frame["data"]


def _frames(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for line in lines:
            yield json.loads(line.partition(" ")[2])
