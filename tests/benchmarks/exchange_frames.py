"""Frames a second that the simulated exchange pushes to one subscriber: `python tests/benchmarks/exchange_frames.py`.

The market's ticks are made beforehand and played as fast as they go through the venue, on one core; a reader in another
process takes the frames from real loopback sockets and counts them. It hears kline_1m, aggTrade, depth@100ms and
bookTicker of one symbol, or of all of them, while 1, 10 and 100 symbols trade. On a busy machine only the columns of
processor time mean something.
"""

import argparse
import asyncio
import multiprocessing
import socket
import struct
import time
from decimal import Decimal
from itertools import islice
from multiprocessing.connection import Connection

import msgspec

from trader_gui.simulated_exchange.generated import GeneratedMarket
from trader_gui.simulated_exchange.records import MarketTick, SymbolSpec
from trader_gui.simulated_exchange.streams import StreamSocket
from trader_gui.simulated_exchange.symbols import SPECS
from trader_gui.simulated_exchange.venue import Venue

START_MS = 1_767_225_600_000
UNSENT = 1024 * 1024
KINDS = {"market": ("kline_1m", "aggTrade"), "public": ("depth@100ms", "bookTicker")}


def read_frames(port: int, connections: int, result: Connection) -> None:
    """Count frames on some connections until they close (runs in its own process)."""
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    result.send("connected")
    counts = [0]
    for number, connection in enumerate(sockets):
        connection.setblocking(False)
        sockets[number] = connection
    asyncio.run(_count(sockets, counts))
    result.send(counts[0])


async def _count(sockets: list[socket.socket], counts: list[int]) -> None:
    async def one(connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        rest = b""
        while data := await reader.read(1 << 18):
            rest = _skip_frames(rest + data, counts)
        writer.close()

    await asyncio.gather(*(one(connection) for connection in sockets))


def _skip_frames(data: bytes, counts: list[int]) -> bytes:
    """Count the whole frames in `data`; return what is left."""
    at, end = 0, len(data)
    while end - at >= 4:
        size, start = data[at + 1], at + 2
        if size == 126:
            size, start = struct.unpack_from("!H", data, start)[0], start + 2
        elif size == 127:
            size, start = struct.unpack_from("!Q", data, start)[0], start + 8
        if start + size > end:
            break
        at = start + size
        counts[0] += 1
    return data[at:]


def specs(count: int) -> dict[str, SymbolSpec]:
    """Return the rules of `count` symbols: the exchange's own, then copies of one under other names."""
    chosen = dict(islice(SPECS.items(), count))
    for number in range(count - len(chosen)):
        chosen[f"X{number}USDT"] = msgspec.structs.replace(SPECS["LINKUSDT"], symbol=f"X{number}USDT")
    return chosen


def make_instants(markets: list[GeneratedMarket], count: int) -> list[list[MarketTick]]:
    """Return `count` instants, each with a tick of every market."""
    return [list(ticks) for ticks in zip(*(islice(market.ticks(), count) for market in markets), strict=True)]


async def measure(symbols: int, instants: int, *, hears_all: bool) -> tuple[float, float, int, float]:
    """Return (seconds, processor seconds, frames, processor seconds of the venue's work without writing)."""
    rules = specs(symbols)
    markets = [GeneratedMarket(spec, 1, START_MS) for spec in rules.values()]
    venue = Venue(rules, markets, wallet_balance=Decimal(10_000), is_paced=False, request_ms=lambda: START_MS)
    ticks = make_instants(markets, instants)
    transports: asyncio.Queue[asyncio.Transport] = asyncio.Queue()

    def on_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transports.put_nowait(writer.transport)  # type: ignore[arg-type]

    server = await asyncio.start_server(on_client, "127.0.0.1", 0)
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    reader = context.Process(target=read_frames, args=(server.sockets[0].getsockname()[1], len(KINDS), there))
    reader.start()
    await asyncio.to_thread(here.recv)
    opened = []
    for route, kinds in KINDS.items():
        transport = await transports.get()
        opened.append(transport)
        stream = StreamSocket(route, is_combined=False, transport=transport, now_s=0.0)
        venue.hub.add(stream)
        heard = list(rules) if hears_all else list(rules)[:1]
        venue.hub.subscribe(stream, [f"{symbol.lower()}@{kind}" for symbol in heard for kind in kinds])
    begun, begun_cpu, worked = time.perf_counter(), time.process_time(), 0.0
    for batch in ticks:
        started = time.process_time()
        _play(venue, batch)
        worked += time.process_time() - started
        await _until_sent(opened)
    for transport in opened:
        transport.close()
    processor_seconds = time.process_time() - begun_cpu
    frames = await asyncio.to_thread(here.recv)
    seconds = time.perf_counter() - begun
    reader.join()
    server.close()
    return seconds, processor_seconds, frames, worked


async def _until_sent(transports: list[asyncio.Transport]) -> None:
    """Let the transports write, until little is left that the reader has not taken."""
    await asyncio.sleep(0)
    for transport in transports:
        while transport.get_write_buffer_size() > UNSENT:  # noqa: ASYNC110 - a transport tells nobody when it drains
            await asyncio.sleep(0.001)


def _play(venue: Venue, ticks: list[MarketTick]) -> None:
    time_ms = ticks[0].time_ms
    while (close_ms := venue.next_close_ms()) < time_ms:
        venue.close_klines(close_ms)
    venue.take_ticks(ticks, time_ms)
    venue.publish()
    venue.hub.flush()


def main() -> None:
    """Print a line for each number of symbols."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=30_000, help="ticks in all, shared by the symbols")
    parser.add_argument("--symbols", type=int, nargs="*", default=[1, 10, 100])
    arguments = parser.parse_args()
    print("symbols  heard   frames/s   frames/cpu-s   ticks/s   cpu us a tick   core busy at 1x")
    for symbols in arguments.symbols:
        for hears_all in (False, True) if symbols > 1 else (True,):
            instants = max(600, arguments.ticks // symbols)
            seconds, cpu, frames, worked = asyncio.run(measure(symbols, instants, hears_all=hears_all))
            played = instants * symbols
            print(
                f"{symbols:7} {'all' if hears_all else 'one':>6} {frames / seconds:10,.0f} {frames / cpu:14,.0f} "
                f"{played / seconds:9,.0f} {worked / played * 1e6:15.1f} {cpu / (instants / 10):17.1%}"
            )


if __name__ == "__main__":
    main()
