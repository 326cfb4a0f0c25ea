"""An exchange in a process of its own for clients that nobody here wrote, and the money both sides must agree about.

The clients get nothing but base URLs and keys. What they did is then checked by `Ledger`, which knows only the venue's
documents: it signs for itself and recomputes wallet and positions from income and trades.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from tests.program import started
from trader_gui.simulated_exchange.klines_file import COLUMNS

LIMIT_S = 30.0
START = Decimal(10_000)
SYMBOLS = ("BTCUSDT", "ETHUSDT")
SPEED = "20"
FASTEST = "100"
"""For what waits for prices or minutes."""

SWING_MIDDLE = 60_100.0
"""The price that `write_swinging_klines` goes through twice in two minutes."""

WEIGHT_PER_EXCHANGE = 1_900
"""Request weight of the 2400 a minute after which the next test gets another exchange."""


@dataclass(frozen=True)
class Address:
    """What a person types into a client: URLs and keys.

    Attributes:
        rest, ws: Base URLs without a path, such as http://127.0.0.1:4711 and ws://127.0.0.1:4711.
        api_key, api_secret: The HMAC pair.
        symbols: What is traded.
        ready: The whole line that the exchange printed.
    """

    rest: str
    ws: str
    api_key: str
    api_secret: str
    symbols: tuple[str, ...]
    ready: dict[str, Any]


@contextmanager
def exchange_process(*words: object, speed: str = SPEED, symbols: tuple[str, ...] = SYMBOLS) -> Iterator[Address]:
    """Run `trader-gui exchange` in a process of its own, on a generated market if `words` name no other."""
    named = [word for symbol in symbols for word in ("--symbol", symbol)]
    with started("exchange", "--speed", speed, *named, *words) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"the exchange did not start: {process.communicate()[1]}"
        ready = json.loads(line)
        yield Address(ready["rest"], ready["ws"], ready["api_key"], ready["api_secret"], symbols, ready)


@contextmanager
def exchange_pool() -> Iterator[Callable[[], Address]]:
    """Give the address of a running exchange as often as asked: a fresh one when the minute's weight runs low."""
    with contextlib.ExitStack() as running:
        current: list[Address] = []

        def take() -> Address:
            if not current or _weight_used(current[0]) > WEIGHT_PER_EXCHANGE:
                running.close()
                current[:] = [running.enter_context(exchange_process())]
            return current[0]

        yield take


def _weight_used(address: Address) -> int:
    with urllib.request.urlopen(f"{address.rest}/fapi/v1/ping", timeout=LIMIT_S) as answer:
        return int(answer.headers["X-MBX-USED-WEIGHT-1M"])


def public_key(address: Address, key_files: dict[str, tuple[str, Path]], kind: str) -> dict[str, str]:
    """Return the API key and the private key of one of the exchange's registered public keys: RSA or Ed25519."""
    name = next(row["api_key"] for row in address.ready["public_keys"] if row["kind"] == kind)
    return {"api_key": name, "private_key": key_files[kind][0]}


def write_swinging_klines(path: Path) -> None:
    """Write a klines file whose price goes up and down by a third of a percent, minute by minute."""
    start_ms = 1_700_000_040_000
    rows = [COLUMNS]
    for index in range(2_000):
        opened, close = ("60000.0", "60200.0") if index % 2 == 0 else ("60200.0", "60000.0")
        at = start_ms + index * 60_000
        rows.append([str(at), opened, "60200.0", "60000.0", close, "50.000", str(at + 59_999), *[""] * 5])
    path.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")


def poll(reading: Callable[[], Any]) -> Any:
    """Ask again and again until the answer is true, and return it."""
    limit = time.monotonic() + LIMIT_S
    while not (answer := reading()):
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.02)
    return answer


async def until(condition: Callable[[], Any]) -> Any:
    """Let the loop run until the condition is true, and return what it gave."""
    async with asyncio.timeout(LIMIT_S):
        while not (answer := condition()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return answer


@contextlib.asynccontextmanager
async def no_tasks_left() -> AsyncIterator[None]:
    """End the tasks that a client left running after it was closed: keep-alive timers of hours."""
    before = asyncio.all_tasks()
    try:
        yield
    finally:
        left = asyncio.all_tasks() - before
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


class Ledger:
    """The exchange's books, read and recomputed without any of the clients.

    Attributes:
        address: The exchange that is asked.
    """

    def __init__(self, address: Address) -> None:
        self.address = address

    def ask(self, method: str, path: str, **parameters: Any) -> Any:
        """Send a signed request and return its answer; it must not be refused."""
        status, answer = self.try_to(method, path, **parameters)
        assert status == 200, answer
        return json.loads(answer)

    def try_to(self, method: str, path: str, **parameters: Any) -> tuple[int, str]:
        """Send a signed request; return the HTTP status and the body."""
        parameters["timestamp"] = time.time_ns() // 1_000_000
        query = urlencode(parameters)
        signature = hmac.new(self.address.api_secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        request = urllib.request.Request(
            f"{self.address.rest}{path}?{query}&signature={signature}",
            headers={"X-MBX-APIKEY": self.address.api_key},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def positions(self) -> dict[tuple[str, str], Decimal]:
        """Return the open positions: (symbol, position side) -> signed amount."""
        rows = self.ask("GET", "/fapi/v3/positionRisk")
        amounts = {(row["symbol"], row["positionSide"]): Decimal(row["positionAmt"]) for row in rows}
        return {key: amount for key, amount in amounts.items() if amount}

    def wallet(self) -> Decimal:
        """Return the wallet balance in USDT."""
        return Decimal(self.ask("GET", "/fapi/v3/account")["totalWalletBalance"])

    def trades(self, symbol: str = "BTCUSDT") -> list[dict[str, Any]]:
        """Return the account's own trades of a symbol, oldest first."""
        rows: list[dict[str, Any]] = self.ask("GET", "/fapi/v1/userTrades", symbol=symbol, limit=1000)
        return rows

    def check(self) -> None:
        """Hold wallet and positions against income and trades, to the last digit."""
        income = self.ask("GET", "/fapi/v1/income", limit=1000)
        assert START + sum(Decimal(row["income"]) for row in income) == self.wallet()
        trades = [row for name in self.address.symbols for row in self.trades(name)]
        for kind, column, sign in (("COMMISSION", "commission", -1), ("REALIZED_PNL", "realizedPnl", 1)):
            booked = {name: Decimal(0) for name in self.address.symbols}
            for row in income:
                if row["incomeType"] == kind:
                    booked[row["symbol"]] += Decimal(row["income"])
            for row in trades:
                booked[row["symbol"]] -= sign * Decimal(row[column])
            assert not any(booked.values()), (kind, booked)
        held: dict[tuple[str, str], Decimal] = {}
        for row in trades:
            key = (row["symbol"], row["positionSide"])
            signed = Decimal(row["qty"]) * (1 if row["side"] == "BUY" else -1)
            held[key] = held.get(key, Decimal(0)) + signed
        assert {key: amount for key, amount in held.items() if amount} == self.positions()

    def cancel_all(self) -> None:
        """Cancel every order, so that nothing can change while the books are read."""
        for symbol in self.address.symbols:
            self.ask("DELETE", "/fapi/v1/allOpenOrders", symbol=symbol)
            self.ask("DELETE", "/fapi/v1/algoOpenOrders", symbol=symbol)

    def flatten(self) -> None:
        """Close everything, go back to cross margin and one-way mode."""
        for (symbol, side), amount in self.positions().items():
            order = {"symbol": symbol, "side": "SELL" if amount > 0 else "BUY", "positionSide": side}
            self.ask("POST", "/fapi/v1/order", type="MARKET", quantity=abs(amount), **order)
        assert not self.positions()
        for symbol in self.address.symbols:  # both refuse when it is so already
            self.try_to("POST", "/fapi/v1/marginType", symbol=symbol, marginType="CROSSED")
        self.try_to("POST", "/fapi/v1/positionSide/dual", dualSidePosition="false")
