from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.venue_world import World
from trader_gui.simulated_exchange.all_market import ForcedOrders
from trader_gui.simulated_exchange.records import OrderEvent, OrderRow

SYMBOLS = ("BTCUSDT", "ETHUSDT", "NEARUSDT")


@pytest.fixture
def world() -> World:
    return World(*SYMBOLS)


def arrays(frames: Iterator[Any], kind: str) -> list[list[Any]]:
    return [frame for frame in frames if isinstance(frame, list) and frame[0]["e"] == kind]


def test_mark_prices_of_all_symbols_come_every_second_or_every_third(world: World) -> None:
    slow = world.listen("market", "!markPrice@arr")
    fast = world.listen("market", "!markPrice@arr@1s")
    world.play(300)
    every_second = arrays(fast.frames(), "markPriceUpdate")
    assert len(every_second) == 30
    assert len(arrays(slow.frames(), "markPriceUpdate")) == 10
    rows = every_second[-1]
    assert [row["s"] for row in rows if row["st"] == 1] == list(SYMBOLS)
    assert [row["s"] for row in rows if row["st"] == 2] == ["BTCUSD_PERP", "ETHUSD_PERP", "NEARUSD_PERP"]


def test_tickers_hold_changed_symbols_only_and_both_product_lines(world: World) -> None:
    tickers = world.listen("market", "!ticker@arr")
    minis = world.listen("market", "!miniTicker@arr")
    world.play(1)
    (first,) = arrays(tickers.frames(), "24hrTicker")
    assert len(first) == 2 * len(SYMBOLS)  # to a new listener everything is news
    last_ids = {row["s"]: row["L"] for row in first}
    world.play(200)
    counts: Counter[int] = Counter()
    for rows in arrays(tickers.frames(), "24hrTicker"):
        plain = [row for row in rows if row["st"] == 1]
        assert [row["s"] for row in rows if row["st"] == 2] == [row["s"][:-1] + "_PERP" for row in plain]
        for row in plain:
            assert row["L"] > last_ids[row["s"]]
            last_ids[row["s"]] = row["L"]
        counts[len(plain)] += 1
    assert sum(counts.values()) <= 20
    assert min(counts) < len(SYMBOLS)
    (*_, newest) = arrays(minis.frames(), "24hrMiniTicker")
    assert {row["st"] for row in newest} == {1, 2}


def test_all_book_tickers_come_every_five_seconds_one_by_one(world: World) -> None:
    pipe = world.listen("public", "!bookTicker")
    world.play(101)
    frames = list(pipe.frames())
    times = Counter(frame["E"] for frame in frames)
    assert [b - a for a, b in zip(list(times)[:-1], list(times)[1:], strict=True)] == [5000, 5000]
    assert {frame["ps"] for frame in frames if frame["st"] == 2} == {"BTCUSD", "ETHUSD", "NEARUSD"}
    first = [frame for frame in frames if frame["E"] == min(times)]
    assert len(first) == 2 * len(SYMBOLS)


def test_nothing_is_sent_on_the_wrong_route_or_when_nobody_listens(world: World) -> None:
    wrong = world.listen("public", "!ticker@arr", "!markPrice@arr", "BTCUSDT@aggTrade", "btcusdt@trade")
    quiet = world.listen("market", "!assetIndex@arr", "tradingSession", "btcusdt@compositeIndex")
    world.play(50)
    assert not list(wrong.frames())
    assert not list(quiet.frames())


def liquidation(quantity: str, time_ms: int, symbol: str = "BTCUSDT") -> OrderEvent:
    size = Decimal(quantity)
    order = OrderRow(
        1, "autoclose-1", symbol, "SELL", "LIQUIDATION", "IOC", size, Decimal(0), "FILLED", True, time_ms, time_ms,
        size, size * 100,
    )  # fmt: skip
    return OrderEvent(order, "TRADE", None, time_ms)


def test_of_one_second_and_symbol_the_largest_liquidation_is_told() -> None:
    forced = ForcedOrders()
    for quantity in ("1", "3", "2"):
        event = liquidation(quantity, 5_400)
        forced.add(event.order, event.order.executed_qty, event.time_ms)
    assert forced.due(5_999) is None
    frame = forced.due(6_000)
    assert frame is not None
    assert (frame.o.q, frame.o.z, frame.o.ap, frame.o.S) == ("3", "3", "100.00000000", "SELL")


def test_a_liquidated_account_shows_in_the_public_stream(world: World) -> None:
    pipes = [world.listen("market", stream) for stream in ("btcusdt@forceOrder", "!forceOrder@arr")]
    other = world.listen("market", "ethusdt@forceOrder")
    tick = world.play(20)
    world.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1")
    fallen = msgspec.structs.replace(tick, time_ms=tick.time_ms + 1, mark_price=tick.mark_price * Decimal("0.9"))
    world.venue.take_ticks([fallen], fallen.time_ms)
    world.play(12)
    (single,), (of_all,) = (list(pipe.frames()) for pipe in pipes)
    assert single == of_all
    assert (single["e"], single["o"]["s"], single["o"]["S"], single["o"]["q"]) == (
        "forceOrder",
        "BTCUSDT",
        "SELL",
        "1.000",
    )
    assert single["o"]["X"] == "FILLED"
    assert not list(other.frames())


def test_a_halt_is_told_when_it_begins_and_when_it_ends(world: World) -> None:
    pipe = world.listen("market", "!contractInfo")
    tick = world.play(10)
    for index, is_trading in enumerate((False, False, True), start=1):
        halted = msgspec.structs.replace(tick, time_ms=tick.time_ms + index, prints=(), is_trading=is_trading)
        world.venue.take_ticks([halted], halted.time_ms)
        world.venue.publish()
        statuses = {row["symbol"]: row["status"] for row in world.ask("GET", "/fapi/v1/exchangeInfo")["symbols"]}
        assert statuses.pop("BTCUSDT") == ("TRADING" if is_trading else "PENDING_TRADING")
        assert set(statuses.values()) == {"TRADING"}
    world.venue.hub.flush()
    assert [(frame["s"], frame["cs"]) for frame in pipe.frames()] == [
        ("BTCUSDT", "PENDING_TRADING"),
        ("BTCUSDT", "TRADING"),
    ]
