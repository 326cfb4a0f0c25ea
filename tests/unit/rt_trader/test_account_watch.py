"""A user stream that owes a word is replaced and made up for; what a route that comes back has missed is read anew."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.core_records import PREFIX, START_MS, make_account_update, make_order, make_position, make_snapshot
from tests.core_rig import Rig
from tests.road_world import RoadWorld, road_world
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.order import OrderOutcome, OutcomeKind
from trader_gui.domain.step import Route
from trader_gui.exchange.port import StreamStatus
from trader_gui.orders.adopt import LIST_LAG_NS
from trader_gui.rt_trader.account_watch import AccountWatch
from trader_gui.rt_trader.echo import ECHO_LIMIT_NS

Expect = Callable[[str], None]


class Reader:
    """Stands in for what reads anew; says what was wanted."""

    def __init__(self) -> None:
        self.wanted: list[str] = []
        self.settled: Any = None

    def account(self) -> None:
        self.wanted.append("account")

    def account_soon(self) -> None:
        self.wanted.append("account soon")

    def klines(self) -> None:
        self.wanted.append("klines")

    def order_book(self) -> None:
        self.wanted.append("order book")

    def ask_about_orders(self) -> None:
        self.wanted.append("orders")

    def has_settled(self, snapshot: AccountSnapshot) -> bool:
        return snapshot is self.settled


class Watched:
    """A watch on a real road, freshness and reconciler; a replacement is only written down: it takes its time."""

    def __init__(self, world: RoadWorld) -> None:
        self.world = world
        self.reader = Reader()
        self.replaced: list[str] = []
        reader: Any = self.reader
        self.watch = AccountWatch(
            world.rig.callback, world.parts.freshness, reader, world.parts.reconciler, self.replaced.append
        )
        self.private = world.status.routes[Route.PRIVATE]

    def connect(self) -> None:
        self.watch.on_stream_status(StreamStatus(Route.PRIVATE, True, "connected"))
        self.read_account()

    def read_account(self) -> None:
        self.reader.settled = make_snapshot()
        self.watch.after(self.reader.settled)


def watched(folder: Path, body: Callable[[Watched], None]) -> None:
    async def main() -> None:
        async with road_world(folder, Rig()) as world:
            body(Watched(world))

    asyncio.run(main())


ANSWER = OrderOutcome(f"{PREFIX}-hn-1", OutcomeKind.ACCEPTED, False, 0, make_order())


def test_a_stream_that_owes_an_echo_is_stale_until_another_has_taken_its_place(
    tmp_path: Path, expect_log: Expect
) -> None:
    expect_log("the user stream is doubted: order_untold")

    def body(it: Watched) -> None:
        it.connect()
        assert it.private.is_fresh
        it.watch.before(ANSWER, 0)
        it.watch.check(ECHO_LIMIT_NS + 1, has_backlog=True)
        assert it.replaced == []  # what waits in the queue has come
        it.watch.check(ECHO_LIMIT_NS + 1, has_backlog=False)
        assert it.replaced == ["order_untold"]
        assert it.reader.wanted[-1] == "account"
        it.read_account()
        assert not it.private.is_fresh  # the account is known, and the stream is still the silent one
        it.watch.check(3 * ECHO_LIMIT_NS, has_backlog=False)
        assert len(it.replaced) == 1
        it.connect()
        assert it.private.is_fresh

    watched(tmp_path, body)


def test_each_route_that_comes_back_has_read_what_it_may_have_missed(tmp_path: Path, expect_log: Expect) -> None:
    expect_log("private stream lost")

    def body(it: Watched) -> None:
        for route in Route:
            it.watch.on_stream_status(StreamStatus(route, True, "connected"))
        assert it.reader.wanted == ["order book", "klines", "account"]
        it.watch.before(ANSWER, 0)
        it.watch.on_stream_status(StreamStatus(Route.PRIVATE, False, "cut"))
        it.watch.check(ECHO_LIMIT_NS + 1, has_backlog=False)
        assert it.replaced == []  # a stream that is cut owes nothing

    watched(tmp_path, body)


def test_a_snapshot_goes_to_the_core_with_what_was_told_since_it_was_asked_for(tmp_path: Path) -> None:
    def body(it: Watched) -> None:
        rig = it.world.rig
        rig.send(make_account_update(make_position("0.010"), time_ms=START_MS + 9, wallet=9_990))
        asked_before = make_snapshot(taken_time_ms=START_MS + 5)
        seen = it.watch.before(asked_before, 1)
        assert isinstance(seen, AccountSnapshot)
        assert [p.position_amount for p in seen.positions] == [make_position("0.010").position_amount]
        assert seen.wallet_balance("USDT") == 9_990
        tick = make_snapshot()
        assert it.watch.before(tick, 2) is not None
        assert "orders" not in it.reader.wanted
        it.watch.after(asked_before)
        assert it.reader.wanted == ["orders"]

    watched(tmp_path, body)


def test_a_list_that_is_behind_takes_no_position_from_its_watch(tmp_path: Path) -> None:
    """The engine's stop stays, and what the list left out is asked for again: it is not what the account was after."""

    def body(run: Watched) -> None:
        rig, watch = run.world.rig, run.watch
        run.connect()
        stop = rig.hold_long()
        rig.now_ms += 100
        orders = tuple(rig.callback.orders.open_orders("BTCUSDT"))
        late = run.reader.settled = make_snapshot(open_orders=orders, taken_time_ms=rig.now_ms)
        rig.send(watch.before(late, 1))
        run.reader.wanted.clear()
        watch.after(late)
        assert run.reader.wanted == ["orders", "account soon"]
        for _ in range(12):
            assert rig.tick().approved == () == rig.look().approved
        assert rig.callback.engine_holds_position
        assert rig.callback.orders.get(stop.client_order_id) is not None
        # It says so again later: the position is gone, and the stop with it.
        rig.send(watch.before(make_snapshot(open_orders=orders, taken_time_ms=rig.now_ms), 1 + LIST_LAG_NS))
        assert rig.callback.account.position("BTCUSDT") is None

    watched(tmp_path, body)
