"""How many signed orders a second the simulated exchange accepts: `python tests/benchmarks/exchange_orders.py`.

The exchange is the program's own command, held to one core, with generated markets that move at 1x; the clients, in
this process on another core, keep a few connections busy. Beside it, in the same run, the ceiling: a bare aiohttp
server that answers the same text to every request. Microseconds are those of the server's processor time (Linux).
"""

import argparse
import asyncio
import hashlib
import hmac
import itertools
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

GOAL = 1_500
CONNECTIONS = 8
RESTING = 20
"""Orders on each connection before one request cancels all; the venue allows 200 a symbol."""


class Server(NamedTuple):
    """Where to send requests, and as whom."""

    process_id: int
    port: int
    key: str = ""
    secret: str = ""
    symbols: tuple[str, ...] = ()


class Tally:
    """What was answered: all replies, orders accepted, and the first refusal."""

    def __init__(self) -> None:
        self.replies = 0
        self.accepted = 0
        self.refusal = ""


class Rate(NamedTuple):
    """Per second; `busy_us` is the server's processor time for each reply."""

    accepted: float
    busy_us: float


def main() -> int:
    """Print the figures; 1 when one symbol stays below the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each figure")
    parser.add_argument("--symbols", type=int, nargs="*", default=[1, 10, 100])
    arguments = parser.parse_args()
    _pin(1)
    with bare_server() as server:
        rate = _measure(server, plain, arguments.seconds)
        print(f"bare aiohttp server: {rate.accepted:,.0f} requests/s, {rate.busy_us:.0f} us each", flush=True)
    is_reached = True
    for count in arguments.symbols:
        with tempfile.TemporaryDirectory(prefix="trader-gui-") as folder, exchange(count, Path(folder)) as server:
            for name, requests in (("LIMIT that rests", limits), ("MARKET that fills", markets)):
                rate = _measure(server, requests, arguments.seconds)
                told = f"{rate.accepted:,.0f} signed orders/s accepted, {rate.busy_us:.0f} us each ({name})"
                print(f"{count:>4} symbols: {told}", flush=True)
                is_reached = is_reached and (count > 1 or rate.accepted >= GOAL)
    return 0 if is_reached else 1


# ---- requests --------------------------------------------------------------------------------------------------------

Requests = Callable[[Server, int], Iterator[bytes]]


def plain(server: Server, _: int) -> Iterator[bytes]:
    """Yield the same unsigned request for ever."""
    return itertools.repeat(f"POST /order?{'x' * 200} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def limits(server: Server, number: int) -> Iterator[bytes]:
    """Yield LIMIT orders far below the market, and now and then one request that cancels them."""
    symbol = server.symbols[number % len(server.symbols)]
    price, quantity = _order_size(server, symbol, Decimal("0.97"))
    for index in itertools.count(1):
        if index % RESTING == 0:
            yield _signed(server, "DELETE", "/fapi/v1/allOpenOrders", f"symbol={symbol}")
        order = f"symbol={symbol}&side=BUY&type=LIMIT&timeInForce=GTC&quantity={quantity}&price={price}"
        yield _signed(server, "POST", "/fapi/v1/order", f"{order}&newClientOrderId=b-{number}-{index}")


def markets(server: Server, number: int) -> Iterator[bytes]:
    """Yield MARKET orders, buys and sells by turns."""
    symbol = server.symbols[number % len(server.symbols)]
    _, quantity = _order_size(server, symbol, Decimal(1))
    for index in itertools.count(1):
        order = f"symbol={symbol}&side={('SELL', 'BUY')[index % 2]}&type=MARKET&quantity={quantity}"
        yield _signed(server, "POST", "/fapi/v1/order", f"{order}&newClientOrderId=m-{number}-{index}")


def _order_size(server: Server, symbol: str, factor: Decimal) -> tuple[Decimal, Decimal]:
    """Return a price and a quantity that keep to the symbol's rules, of about twice the least notional."""
    rules = next(s for s in _get(server, "/fapi/v1/exchangeInfo")["symbols"] if s["symbol"] == symbol)
    filters = {f["filterType"]: f for f in rules["filters"]}
    mark = Decimal(_get(server, f"/fapi/v1/premiumIndex?symbol={symbol}")["markPrice"])
    tick, step = Decimal(filters["PRICE_FILTER"]["tickSize"]), Decimal(filters["LOT_SIZE"]["stepSize"])
    price = mark * factor // tick * tick
    return price, 2 * Decimal(filters["MIN_NOTIONAL"]["notional"]) / price // step * step + step


def _get(server: Server, path: str) -> Any:
    with urlopen(f"http://127.0.0.1:{server.port}{path}") as reply:
        return json.load(reply)


def _signed(server: Server, method: str, path: str, query: str) -> bytes:
    query += f"&timestamp={time.time_ns() // 1_000_000}"
    signature = hmac.new(server.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    head = f"{method} {path}?{query}&signature={signature} HTTP/1.1\r\nHost: localhost\r\n"
    return f"{head}X-MBX-APIKEY: {server.key}\r\n\r\n".encode()


# ---- clients ---------------------------------------------------------------------------------------------------------


def _measure(server: Server, requests: Requests, seconds: float) -> Rate:
    async def run() -> Rate:
        tally = Tally("BTCUSDT")
        tasks = [asyncio.create_task(_client(server, requests(server, number), tally)) for number in range(CONNECTIONS)]
        await asyncio.sleep(1.0)  # warm
        began, accepted, replies, busy = time.perf_counter(), tally.accepted, tally.replies, _busy_s(server)
        await asyncio.sleep(seconds)
        rate = (tally.accepted - accepted) / (time.perf_counter() - began)
        busy_us = (_busy_s(server) - busy) / max(1, tally.replies - replies) * 1e6
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
        if tally.refusal:
            print(f"     refused: {tally.refusal}")
        return Rate(rate, busy_us)

    return asyncio.run(run())


async def _client(server: Server, requests: Iterator[bytes], tally: Tally) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        for request in requests:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(size)
            tally.replies += 1
            if head.startswith(b"HTTP/1.1 200"):
                tally.accepted += request.startswith(b"POST")
            elif not tally.refusal:
                tally.refusal = body.decode()
    finally:
        writer.close()


def _busy_s(server: Server) -> float:
    """Return the server's processor time so far, seconds; 0 where the system does not tell it."""
    path = Path(f"/proc/{server.process_id}/stat")
    if not path.exists():
        return 0.0
    fields = path.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- servers, on the first core --------------------------------------------------------------------------------------


@contextmanager
def bare_server() -> Iterator[Server]:
    """Run a server that does nothing but answer."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve_text, args=(there,), daemon=True)
    process.start()
    try:
        yield Server(process.pid or 0, here.recv())
    finally:
        process.terminate()
        process.join()


def _serve_text(pipe: Connection) -> None:
    from aiohttp import web

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b'{"code":200,"msg":"success"}', content_type="application/json")

    async def serve() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    _pin(0)
    asyncio.run(serve())


@contextmanager
def exchange(count: int, folder: Path) -> Iterator[Server]:
    """Run `trader-gui exchange` with `count` symbols, without limits."""
    words = ["--no-limits", "--balance", "100000000", "--exit-with-parent"]
    if count > 1:
        names = [f"S{number:03}USDT" for number in range(count)]
        words += ["--rules", str(_write_rules(folder, names)), "--symbols", "all"]
    command = [sys.executable, "-m", "trader_gui", "exchange", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        _pin(0, process.pid)
        port = int(ready["rest"].rsplit(":", 1)[1])
        server = Server(process.pid, port, ready["api_key"], ready["api_secret"])
        try:
            symbols = tuple(info["symbol"] for info in _get(server, "/fapi/v1/exchangeInfo")["symbols"])
            yield server._replace(symbols=symbols[:count])
        finally:
            process.terminate()


def _write_rules(folder: Path, names: list[str]) -> Path:
    """Write rules of as many symbols, each like the exchange's own BTCUSDT."""
    with exchange(1, folder) as server:
        info = _get(server, "/fapi/v1/exchangeInfo")
    model = next(s for s in info["symbols"] if s["symbol"] == "BTCUSDT")
    info["symbols"] = [{**model, "symbol": name, "pair": name, "baseAsset": name[:-4]} for name in names]
    path = folder / "rules.json"
    path.write_text(json.dumps(info))
    return path


def _pin(core: int, process_id: int = 0) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process_id, {core % (os.cpu_count() or 1)})


if __name__ == "__main__":
    raise SystemExit(main())
