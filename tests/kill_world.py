"""A program that is killed at any instant, and the exchange it traded on: what it forgot, sent twice or made up."""

import contextlib
import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.conformance_world import Address, Ledger
from tests.program import ROOT
from trader_gui.decision.ownership import fills_since_flat
from trader_gui.domain.client_order_id import parse_client_order_id
from trader_gui.domain.order import Fill, OrderFamily, OrderStatus, Origin, Side
from trader_gui.journal.reader import JournalReader
from trader_gui.settings import DataDirectory

SYMBOL = "BTCUSDT"
START_LIMIT_S = 40.0
SETTLE_LIMIT_S = 40.0
_OPEN_ALGO = frozenset({"NEW", "TRIGGERING", "TRIGGERED"})


class Driver:
    """The program in a process of its own.

    Attributes:
        said: Lines that it has printed, oldest first.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._errors: list[str] = []
        self._readers = [threading.Thread(target=self._read), threading.Thread(target=self._read_errors)]
        for reader in self._readers:
            reader.start()

    def tell(self, *words: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def wait_line(self, limit_s: float) -> dict[str, Any]:
        """Return its next line; an empty one when it has ended."""
        try:
            line = self._lines.get(timeout=limit_s)
        except queue.Empty:
            raise AssertionError(f"the program says nothing; it has said {self.said[-1:]}\n{self.errors}") from None
        self.said.append(json.loads(line) if line else {})
        return self.said[-1]

    def wait_started(self) -> dict[str, Any]:
        said = self.wait_line(START_LIMIT_S)
        assert said.get("event") == "started", f"it did not start: {self.errors}"
        return said

    def look(self) -> dict[str, Any]:
        self.tell("look")
        said = self.wait_line(10.0)
        assert said, f"it has ended: {self.errors}"
        return said

    @property
    def errors(self) -> str:
        return "".join(self._errors[-30:])

    def kill(self) -> None:
        """End it as a kill does, wherever it is."""
        self.process.send_signal(signal.SIGKILL)
        self.end()

    def end(self) -> None:
        self.process.wait(START_LIMIT_S)
        for reader in self._readers:
            reader.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):  # the last word was not read
                pipe.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self._errors.extend(self.process.stderr)


@contextmanager
def driver(address: Address, folder: Path) -> Iterator[Driver]:
    """Start the program; it is killed when the block ends, if it still runs."""
    words = [sys.executable, "-m", "tests.kill_driver", json.dumps(address.ready), str(folder), SYMBOL]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    found = Driver(subprocess.Popen(words, cwd=ROOT, text=True, encoding="utf-8", **pipes))
    try:
        yield found
    finally:
        if found.process.poll() is None:
            found.kill()


class Books:
    """What the exchange holds, against what the journal says.

    Attributes:
        path: The journal's file.
    """

    def __init__(self, address: Address, folder: Path) -> None:
        self.path = DataDirectory(folder, "testnet").journal_path
        self._ledger = Ledger(address)

    def trades(self) -> list[dict[str, Any]]:
        return self._pages("/fapi/v1/userTrades", "fromId", "id")

    def orders(self) -> list[dict[str, Any]]:
        return self._pages("/fapi/v1/allOrders", "orderId", "orderId")

    def algos(self) -> list[dict[str, Any]]:
        return self._pages("/fapi/v1/allAlgoOrders", "algoId", "algoId")

    def order_count(self) -> int:
        return len(self.orders()) + len(self.algos())

    def by_phone(self, side: Side, quantity: str = "0.002") -> None:
        """Let somebody else trade on the account."""
        name = f"phone{time.monotonic_ns()}"
        order = {"side": side.value, "type": "MARKET", "quantity": quantity, "newClientOrderId": name}
        self._ledger.try_to("POST", "/fapi/v1/order", symbol=SYMBOL, **order)

    def _pages(self, path: str, name: str, column: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        start = 1
        while True:
            page = self._ledger.ask("GET", path, symbol=SYMBOL, limit=1000, **{name: start})
            rows += page
            if len(page) < 1000:
                return rows
            start = int(page[-1][column]) + 1

    # ---- what must agree -------------------------------------------------------------------------------------------

    def differences(self, memory: dict[str, Any]) -> list[str]:
        """Return in what journal, memory and exchange differ now, one line each."""
        trades, orders, algos = self.trades(), self.orders(), self.algos()
        positions, wallet = self._ledger.positions(), self._ledger.wallet()
        with JournalReader(self.path) as reader:
            prefix, belief, intents = reader.id_prefix, reader.belief(), reader.intents()
            fills = {fill.trade_id: fill for fill in reader.fills(symbol=SYMBOL)}
            lives = {cid: reader.order_messages(cid) for cid in intents}
        assert belief is not None
        found = []
        held = sum((p.position_amount for p in belief.positions.values()), Decimal(0))
        truth = sum(positions.values(), Decimal(0))
        if not (held == Decimal(memory["position"]) == truth):
            found.append(f"position: exchange {truth}, journal {held}, memory {memory['position']}")
        told = belief.balances["USDT"].wallet_balance
        if not (told == Decimal(memory["wallet"]) == wallet):
            found.append(f"wallet: exchange {wallet}, journal {told}, memory {memory['wallet']}")
        found += _open_differences(orders, algos, belief.orders, memory)
        open_names = {order.client_order_id for order in belief.orders}
        found += _order_differences(orders, algos, intents, lives, prefix, open_names)
        found += _fill_differences(trades, orders, fills)
        found += memory["brackets"]
        mine = fills_since_flat(truth, [_fill(row, orders) for row in trades])
        is_engines = bool(mine) and all(_origin(prefix, f.client_order_id) is Origin.ENGINE for f in mine or ())
        if memory["is_engines"] is not is_engines:
            found.append(f"the position is the engine's: {is_engines}; the program says {memory['is_engines']}")
        return found

    def wait_agreed(self, program: Driver) -> None:
        """Wait until journal, memory and exchange agree, in a market that goes on."""
        limit = time.monotonic() + SETTLE_LIMIT_S
        while True:
            memory = program.look()
            found = [] if memory["is_settled"] else ["memory has not settled"]
            found += self.differences(memory)
            if not found:
                return
            if time.monotonic() > limit:
                raise AssertionError("\n".join(found))
            time.sleep(0.1)

    def intents(self) -> set[str]:
        """Return the client order ids of all orders that the program meant to send, but those that a bracket asks for.

        None is sent without.
        """
        with JournalReader(self.path) as reader:
            return {name for name, intent in reader.intents().items() if not intent.bracket}


def _open_differences(
    orders: list[dict[str, Any]], algos: list[dict[str, Any]], believed: Any, memory: dict[str, Any]
) -> Iterator[str]:
    truth = {f"{row['clientOrderId']} BOOK" for row in orders if row["status"] in ("NEW", "PARTIALLY_FILLED")}
    truth |= {f"{row['clientAlgoId']} ALGO" for row in algos if row["algoStatus"] in _OPEN_ALGO}
    ours = {f"{order.client_order_id} {order.order_family}" for order in believed}
    if truth != ours or truth != set(memory["orders"]):
        yield f"open orders: exchange {sorted(truth)}, journal {sorted(ours)}, memory {memory['orders']}"
    for order in believed:
        if order.status in (OrderStatus.UNKNOWN, OrderStatus.SENT):
            yield f"order {order.client_order_id} is {order.status} in the journal"


def _order_differences(
    orders: list[dict[str, Any]],
    algos: list[dict[str, Any]],
    intents: Any,
    lives: Any,
    prefix: str,
    open_names: set[str],
) -> Iterator[str]:
    book = Counter(row["clientOrderId"] for row in orders)
    algo = Counter(row["clientAlgoId"] for row in algos)
    for name in sorted({*book, *algo}):
        if _origin(prefix, name) is not Origin.OTHER and name not in intents:
            yield f"order {name}: at the exchange, not in the journal"
    for name, intent in intents.items():
        is_conditional = intent.order_type.is_conditional
        if book[name] > 1 or algo[name] > 1 or (book[name] and is_conditional and not algo[name]):
            yield f"intent {name}: {book[name]} orders, {algo[name]} conditional ones"
        if not lives[name] and name not in open_names:  # an open one may be known from the venue's list alone
            yield f"intent {name}: nothing was heard of it"
    states = {(row["clientOrderId"], OrderFamily.BOOK): row["status"] for row in orders}
    states |= {(row["clientAlgoId"], OrderFamily.ALGO): row["algoStatus"] for row in algos}
    for (name, family), state in states.items():
        told = [
            m.order.status.value
            for m in lives.get(name, ())
            if getattr(m, "order", None) is not None and m.order.order_family is family
        ]
        is_final = state not in ("NEW", "PARTIALLY_FILLED", *_OPEN_ALGO)
        is_child = family is OrderFamily.BOOK and (name, OrderFamily.ALGO) in states
        if name in intents and is_final and not is_child and state not in told:
            yield f"order {name}: exchange {state}, the journal was told {told}"


def _fill_differences(
    trades: list[dict[str, Any]], orders: list[dict[str, Any]], fills: dict[int, Fill]
) -> Iterator[str]:
    for row in trades:
        truth, known = _fill(row, orders), fills.get(row["id"])
        if known is None:
            yield f"fill {row['id']} of {truth.client_order_id} is not in the journal"
        elif (known.client_order_id, known.quantity, known.price, known.side, known.commission) != (
            truth.client_order_id,
            truth.quantity,
            truth.price,
            truth.side,
            truth.commission,
        ):
            yield f"fill {row['id']}: exchange {truth}, journal {known}"
    for trade_id in fills.keys() - {row["id"] for row in trades}:
        yield f"fill {trade_id}: in the journal, not at the exchange"


def _fill(row: dict[str, Any], orders: list[dict[str, Any]]) -> Fill:
    name = next((o["clientOrderId"] for o in orders if o["orderId"] == row["orderId"]), "")
    return Fill(
        SYMBOL,
        row["id"],
        row["orderId"],
        name,
        Side(row["side"]),
        Decimal(row["price"]),
        Decimal(row["qty"]),
        Decimal(row["commission"]),
        row["commissionAsset"],
        Decimal(row["realizedPnl"]),
        row["maker"],
        row["time"],
    )


def _origin(prefix: str, client_order_id: str) -> Origin:
    return parse_client_order_id(prefix, client_order_id)[0]
