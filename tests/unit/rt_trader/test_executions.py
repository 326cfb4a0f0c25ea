"""The venue's executions held against those that are booked: asked for once, of all symbols, page by page."""

import asyncio
from typing import Any

import pytest

from tests.core_records import START_MS, make_fill, make_order
from tests.core_rig import Rig
from trader_gui.domain.order import Fill, Order, OrderUpdate
from trader_gui.rt_trader import execution_pages as module
from trader_gui.rt_trader.executions import Executions


class Venue:
    """Lists executions as the venue does: from an id, or from a time on."""

    def __init__(self, *fills: Fill) -> None:
        self.listed = fills
        self.calls: list[Any] = []

    async def fills(self, symbol: str, *, from_trade_id: int = 0, start_time_ms: int = 0) -> tuple[Fill, ...]:
        self.calls.append((symbol, from_trade_id or f"since {start_time_ms}"))
        found = [f for f in self.listed if f.symbol == symbol and f.trade_id >= from_trade_id]
        return tuple(f for f in found if f.trade_time_ms >= start_time_ms)[: module.FULL_PAGE]

    async def order_by_id(self, symbol: str, order_id: int) -> Order | None:
        self.calls.append((symbol, f"order {order_id}"))
        return make_order("web-1", symbol=symbol, order_id=order_id)


def bought(trade_id: int, symbol: str = "BTCUSDT") -> Fill:
    return make_fill(trade_id, "", symbol=symbol, order_id=trade_id * 10, trade_time_ms=START_MS + trade_id)


def book(rig: Rig, fill: Fill) -> None:
    order = make_order("web-1", symbol=fill.symbol, order_id=fill.order_id)
    rig.send(OrderUpdate(order, "TRADE", fill, fill.trade_time_ms, fill.trade_time_ms))


def make(rig: Rig, venue: Any) -> Executions:
    made = Executions(rig.callback, venue)
    made.begin(START_MS)
    return made


def ids(found: tuple[Fill, ...]) -> list[int]:
    return [fill.trade_id for fill in found]


def test_what_is_not_booked_is_listed_until_it_is() -> None:
    rig, venue = Rig(), Venue(*(bought(n) for n in (1, 2, 3)))
    made = make(rig, venue)

    async def body() -> None:
        assert ids(await made.unbooked({"BTCUSDT"})) == [1, 2, 3]
        book(rig, bought(1))
        book(rig, bought(3))
        assert ids(await made.unbooked({"BTCUSDT"})) == [2]
        book(rig, bought(2))
        assert ids(await made.unbooked({"BTCUSDT"})) == []
        await made.unbooked({"BTCUSDT"})

    asyncio.run(body())
    assert [asked for _, asked in venue.calls] == [f"since {START_MS}", f"since {START_MS}", 2, 4]


def test_executions_of_before_the_session_are_not_asked_for() -> None:
    rig, venue = Rig(), Venue(bought(7), bought(8))
    rig.callback.orders.load_fills([bought(7)])
    made = make(rig, venue)
    assert ids(asyncio.run(made.unbooked({"BTCUSDT"}))) == [8]
    assert venue.calls == [("BTCUSDT", 8)]


def test_a_full_page_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FULL_PAGE", 2)
    made = make(Rig(), venue := Venue(*(bought(n) for n in range(1, 6))))
    assert ids(asyncio.run(made.unbooked({"BTCUSDT"}))) == [1, 2, 3, 4, 5]
    assert [asked for _, asked in venue.calls] == [f"since {START_MS}", 3, 5]


def test_in_play_are_the_symbols_of_orders_positions_and_executions() -> None:
    rig = Rig()
    made = make(rig, Venue())
    assert made.symbols() == {"BTCUSDT"}
    book(rig, bought(1, "ETHUSDT"))
    order = make_order("web-2", symbol="XRPUSDT")
    rig.send(OrderUpdate(order, "NEW", None, 0, 0))
    assert made.symbols() == {"BTCUSDT", "ETHUSDT", "XRPUSDT"}


def test_the_order_of_several_executions_is_asked_for_once() -> None:
    rig = Rig()
    venue = Venue()
    made = make(rig, venue)
    fills = [make_fill(n, "", order_id=5) for n in (1, 2)]
    told = asyncio.run(made.as_told(fills))
    assert [(u.fill.client_order_id, u.is_asked) for u in told if u.fill] == [("web-1", True)] * 2
    assert venue.calls == [("BTCUSDT", "order 5")]
