"""A bench for the venue's core: ticks and orders in one line each, and a picture of its whole state."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest

from tests.venue_picture import picture_of
from trader_gui.simulated_exchange.core import VenueCore
from trader_gui.simulated_exchange.records import AlgoRow, MarketTick, OrderRow, PriceLevel, Print, VenueEvent
from trader_gui.simulated_exchange.symbols import SPECS

START_MS = 1_795_305_600_000  # a multiple of eight hours, so the first funding is 8 h later


def ladder(best: str, step: str, quantity: str, rows: int = 20) -> tuple[PriceLevel, ...]:
    """Levels from `best` on, `step` apart (negative for bids), each of `quantity`."""
    return tuple((Decimal(best) + i * Decimal(step), Decimal(quantity)) for i in range(rows))


class Bench:
    """A core with BTCUSDT at 60000.0 / 60000.1, and short ways to drive it."""

    def __init__(self, **options: Any) -> None:
        self.core = VenueCore(options.pop("specs", SPECS), **options)
        self.now_ms = START_MS
        self.events: list[VenueEvent] = []
        self.tick()

    def tick(
        self,
        bid: str = "60000.0",
        ask: str = "60000.1",
        *,
        mark: str | None = None,
        prints: Iterable[tuple[str, str, str]] = (),
        quantity: str = "10",
        bids: tuple[PriceLevel, ...] | None = None,
        asks: tuple[PriceLevel, ...] | None = None,
        rate: str = "0.0001",
        symbol: str = "BTCUSDT",
        after_ms: int = 1000,
    ) -> list[VenueEvent]:
        """One market tick; `prints` are (aggressor side, price, quantity)."""
        self.now_ms += after_ms
        step = SPECS[symbol].tick_size
        trades = tuple(Print(Decimal(p), Decimal(q), side == "SELL") for side, p, q in prints)
        self.events = self.core.on_tick(
            MarketTick(
                symbol=symbol,
                time_ms=self.now_ms,
                prints=trades,
                bids=ladder(bid, f"-{step}", quantity) if bids is None else bids,
                asks=ladder(ask, f"{step}", quantity) if asks is None else asks,
                mark_price=Decimal(mark or bid),
                index_price=Decimal(mark or bid),
                funding_rate=Decimal(rate),
            )
        )
        return self.events

    def order(self, side: str, quantity: str, price: str | None = None, **extra: str) -> OrderRow:
        """A LIMIT GTC order, or a MARKET order without a price."""
        params = {"symbol": "BTCUSDT", "side": side, "quantity": quantity, "type": "LIMIT" if price else "MARKET"}
        if price:
            params |= {"price": price, "timeInForce": "GTC"}
        self.now_ms += 1
        row, self.events = self.core.place_order(params | extra, self.now_ms)
        return row

    def algo(self, side: str, order_type: str, trigger: str, quantity: str | None = None, **extra: str) -> AlgoRow:
        """A conditional order."""
        params = {"symbol": "BTCUSDT", "algoType": "CONDITIONAL", "side": side, "type": order_type}
        params["triggerPrice"] = trigger
        if quantity:
            params["quantity"] = quantity
        self.now_ms += 1
        row, self.events = self.core.place_algo(params | extra, self.now_ms)
        return row

    def amount(self, symbol: str = "BTCUSDT") -> Decimal:
        """Signed position."""
        return sum((view.position_amount for view in self.core.position_risk(symbol)), Decimal(0))

    def wallet(self) -> Decimal:
        """Wallet balance."""
        return self.core.balances()[0].wallet_balance

    def kinds(self) -> list[str]:
        """The last call's events in a word each: execution type/status, algo status, reason of account events."""
        words = []
        for event in self.events:
            order, algo = getattr(event, "order", None), getattr(event, "algo", None)
            if order is not None:
                words.append(f"{event.execution_type}/{order.status}")  # type: ignore[union-attr]
            elif algo is not None:
                words.append(algo.algo_status)
            else:
                words.append(getattr(event, "reason", type(event).__name__))
        return words

    def picture(self) -> Any:
        """A comparable copy of everything that the core holds."""
        return picture_of(self.core)


@pytest.fixture
def make_bench() -> Callable[..., Bench]:
    """Bench with options of VenueCore."""
    return Bench


@pytest.fixture
def bench() -> Bench:
    """Bench with the default account: 10000 USDT, leverage 20, maker 0.02 %, taker 0.05 %."""
    return Bench()


@pytest.fixture(scope="session")
def picture() -> Callable[[VenueCore], Any]:
    """A comparable copy of everything that a core holds."""
    return picture_of
