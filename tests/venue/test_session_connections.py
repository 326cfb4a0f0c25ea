"""A session whose connections die in every way: grey within three seconds, no entry while grey, back within five.

What the exchange's fault plan and a proxy do to real sockets; the times are printed with `-s`.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.session_world import QUANTITY, Bench, Session, bench, codes
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.market import KlineHistory
from trader_gui.domain.order import Side
from trader_gui.domain.step import EngineMode, FeedStatus, Route, Step
from trader_gui.exchange import user_stream
from trader_gui.exchange.endpoints import Endpoints
from trader_gui.rt_trader import disturbance

Expect = Callable[[str], None]
GREY_S = 3.0
BACK_S = 5.0
BUSY_S = 0.7
"""What a busy machine may add."""


async def plan(desk: Bench, *faults: dict[str, Any]) -> None:
    """Put faults before the exchange from now on; none ends those before."""
    reply = await desk.raw.send(
        "POST", "/simulator/faults", data=json.dumps({"faults": faults}), headers={"X-MBX-APIKEY": desk.raw.key}
    )
    assert reply.status == 200, reply.text


class Watch:
    """When each route turned grey and fresh since this was made, seconds; and what was read anew after it."""

    def __init__(self, run: Session, name: str) -> None:
        self._run = run
        self._name = name
        self.start_s = time.monotonic()
        self.told: list[tuple[float, Route, bool]] = []
        self.read: list[tuple[float, type]] = []
        run.trader.add_observer(self._on_step)

    def _on_step(self, step: Step) -> None:
        now_s = time.monotonic()
        if isinstance(step.message, FeedStatus):
            self.told.append((now_s, step.message.route, step.message.is_fresh))
        elif isinstance(step.message, KlineHistory | AccountSnapshot):
            self.read.append((now_s, type(step.message)))

    def is_fresh(self, *routes: Route) -> bool:
        return all(self._run.trader.callback.routes_fresh[route] for route in routes)

    async def until_grey(self, *routes: Route) -> None:
        """Wait until all of these are grey, which must be soon, and see that nothing is opened then."""
        fresh = self._run.trader.callback.routes_fresh
        await self._run.wait("grey", lambda: not any(fresh[route] for route in routes))
        took_s = max(now_s for now_s, route, is_fresh in self.told if route in routes and not is_fresh) - self.start_s
        self._say(f"grey after {took_s:.2f} s")
        assert took_s <= GREY_S + BUSY_S
        assert codes((await self._run.submit(Side.BUY)).step.refusals) == ["stale_feed"]

    async def until_back(self, *routes: Route, since_s: float) -> None:
        """Wait until these are fresh, which must be soon, and what they may have missed is read."""
        await self._run.wait("fresh again", lambda: self.is_fresh(*routes))
        took_s = max(now_s for now_s, route, is_fresh in self.told if route in routes and is_fresh) - since_s
        self._say(f"fresh {took_s:.2f} s after the end")
        assert took_s <= BACK_S + BUSY_S
        for route, kind in ((Route.MARKET, KlineHistory), (Route.PRIVATE, AccountSnapshot)):
            if route in routes:
                await self._run.wait("read anew", lambda k=kind: any(k is found for _, found in self.read))
        await self._run.wait("all routes", lambda: self.is_fresh(*Route))
        assert (await self._run.submit(Side.BUY)).step.refusals == ()

    def _say(self, what: str) -> None:
        sys.stdout.write(f"\n{self._name}: {what}")


@asynccontextmanager
async def scene(
    folder: Path, patch: pytest.MonkeyPatch, name: str, **options: Any
) -> AsyncIterator[tuple[Bench, Session, Watch]]:
    async with bench(patch) as desk, desk.session(folder, with_book=True, **options) as run:
        await asyncio.sleep(0.5)  # every socket has been asked for a sign of life
        yield desk, run, Watch(run, name)


# ---- one route ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["socket_half_open", "socket_dropped", "day_cut"])
@pytest.mark.parametrize("route", list(Route))
def test_a_socket_that_ends_in_whatever_way_is_grey_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect, kind: str, route: Route
) -> None:
    """New sockets are struck, too, until the fault is over; the other routes do not mind."""
    expect_log(f"{route} stream lost")

    async def body() -> None:
        async with scene(tmp_path, monkeypatch, f"{kind} {route}") as (desk, run, watch):
            strikes = [{"kind": kind, "route": route, "on": on} for on in ("time", "open")]
            await plan(desk, *strikes)
            await watch.until_grey(route)
            await asyncio.sleep(1.5)
            assert {r for r in Route if not watch.is_fresh(r)} == {route}
            await plan(desk)
            await watch.until_back(route, since_s=time.monotonic())
            status = run.trader.status.routes[route]
            assert status.replaced >= 1
            assert status.reason

    asyncio.run(body())


@pytest.mark.parametrize("route", [Route.MARKET, Route.PUBLIC])
def test_a_stream_that_is_silent_while_its_socket_answers_is_grey_and_its_socket_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, route: Route
) -> None:
    async def body() -> None:
        async with scene(tmp_path, monkeypatch, f"stream_silent {route}") as (desk, run, watch):
            await plan(desk, {"kind": "stream_silent", "route": route})
            await watch.until_grey(route)
            status = run.trader.status.routes[route]
            await run.wait("replaced", lambda: status.replaced >= 1)
            assert time.monotonic() - watch.start_s <= (6.0 if route is Route.MARKET else 11.0) + BUSY_S
            assert status.reason == "silent"
            assert status.is_connected
            assert time.monotonic_ns() - status.alive_ns < 2e9
            await plan(desk)
            await watch.until_back(route, since_s=time.monotonic())

    asyncio.run(body())


# ---- the listenKey --------------------------------------------------------------------------------------------------


async def expire(desk: Bench, how: str) -> None:
    if how in ("announced", "without_a_word"):
        await plan(desk, {"kind": "listen_key_expired", "announced": how == "announced"})
        return
    headers = {"X-MBX-APIKEY": desk.raw.key}
    assert (await desk.raw.send("DELETE", "/fapi/v1/listenKey", headers=headers)).status == 200
    if how == "changed":
        assert (await desk.raw.send("POST", "/fapi/v1/listenKey", headers=headers)).status == 200


@pytest.mark.parametrize("how", ["announced", "without_a_word", "deleted", "changed"])
def test_a_listen_key_that_ends_is_noticed_and_events_come_by_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect, how: str
) -> None:
    """Without a word from the exchange it is the renewal that tells; here it comes every second."""
    expect_log(f"private stream lost: listen_key_{'changed' if how == 'changed' else 'ended'}")
    monkeypatch.setattr(user_stream, "RENEW_S", 1.0)

    async def body() -> None:
        async with scene(tmp_path, monkeypatch, f"listenKey {how}") as (desk, run, watch):
            await expire(desk, how)
            foreign = await desk.raw.order(side="BUY", type="MARKET", quantity="0.004")
            assert foreign.status == 200, foreign.text
            await run.wait("grey", lambda: (Route.PRIVATE, False) in [told[1:] for told in watch.told])
            assert watch.told[0][0] - watch.start_s <= GREY_S + BUSY_S
            await watch.until_back(Route.PRIVATE, since_s=watch.start_s)
            await run.wait("what was missed", lambda: run.position_amount == Decimal("0.004") + QUANTITY)

    asyncio.run(body())


# ---- the whole venue ------------------------------------------------------------------------------------------------


def test_maintenance_is_said_and_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    for route in Route:
        expect_log(f"{route} stream lost: closed: 1001")

    async def body() -> None:
        async with scene(tmp_path, monkeypatch, "maintenance") as (desk, run, watch):
            desk.exchange.trouble.set_maintenance(is_on=True)
            await watch.until_grey(*Route)
            routes = run.trader.status.routes
            await run.wait("said", lambda: {s.detail for s in routes.values()} == {"maintenance"})
            await asyncio.sleep(6.0)
            tries = desk.proxy.count("GET /market")
            desk.exchange.trouble.set_maintenance(is_on=False)
            await watch.until_back(*Route, since_s=time.monotonic())
            assert tries <= 9

    asyncio.run(body())


@pytest.mark.parametrize(("how", "gone_s"), [("refused", 7.3), ("black_hole", 7.3), ("another", 3.0)])
def test_a_network_that_is_gone_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect, how: str, gone_s: float
) -> None:
    """Black hole: nothing is closed, requests and handshakes hang, and what was sent meanwhile comes late.

    Another: so it is, but the connections of before stay dead for ever, those that requests are sent by, too.
    """
    for route in Route:
        expect_log(f"{route} stream lost")

    async def body() -> None:
        async with scene(tmp_path, monkeypatch, f"network {how}") as (desk, run, watch):
            (desk.proxy.cut if how == "refused" else desk.proxy.hold)("")
            await watch.until_grey(*Route)
            await asyncio.sleep(gone_s)
            assert not any(run.trader.callback.routes_fresh.values())
            desk.proxy.allow("")
            desk.proxy.bury() if how == "another" else desk.proxy.release()
            await watch.until_back(*Route, since_s=time.monotonic())

    asyncio.run(body())


def test_connections_that_all_die_without_a_word_are_made_anew_those_of_requests_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    """A router forgets them, say; the network is there all the time."""
    for route in Route:
        expect_log(f"{route} stream lost: no_pong")

    async def body() -> None:
        async with scene(tmp_path, monkeypatch, "all dead") as (desk, run, watch):
            desk.proxy.bury()
            await run.wait("grey", lambda: {told[1] for told in watch.told if not told[2]} == set(Route))
            grey_s = max(told[0] for told in watch.told if not told[2])
            assert grey_s - watch.start_s <= GREY_S + BUSY_S
            await watch.until_back(*Route, since_s=grey_s)

    asyncio.run(body())


# ---- the machine ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["woke_up", "network_changed"])
def test_after_sleep_or_in_another_network_nothing_of_before_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect, what: str
) -> None:
    """The sockets answer as before, and are replaced all the same: the machine that has them is elsewhere, or later."""
    expect_log(f"{what}: all connections are made anew, the engine is disarmed")
    slept_ns, addresses = 0, ("192.168.0.7",)
    sleepless_ns = disturbance.sleepless_ns
    monkeypatch.setattr(disturbance, "sleepless_ns", lambda: sleepless_ns() + slept_ns)
    monkeypatch.setattr(disturbance, "wall_ns", lambda: time.time_ns() + slept_ns)
    monkeypatch.setattr("trader_gui.rt_trader.parts.local_addresses", lambda: addresses)
    monkeypatch.setattr(Endpoints, "is_loopback", False)

    async def body() -> None:
        nonlocal slept_ns, addresses
        async with scene(tmp_path, monkeypatch, what) as (_, run, _):
            trader = run.trader
            assert await trader.arm(None) == ()
            await asyncio.sleep(1.0)  # the address has been looked at
            if what == "woke_up":
                slept_ns = 3600 * 10**9
            else:
                addresses = ("10.0.0.3",)
            watch = Watch(run, what)
            await run.wait("disarmed", lambda: trader.callback.gate.mode is EngineMode.HALTED)
            await run.wait("grey", lambda: {told[1] for told in watch.told if not told[2]} == set(Route))
            await watch.until_back(*Route, since_s=watch.start_s)
            status = trader.status
            assert (status.halt_reason, status.disturbance) == (what, what)
            assert [(r.replaced, r.reason) for r in status.routes.values()] == [(1, what)] * 3
            assert [r.losses for r in status.routes.values()] == [0] * 3
            assert await trader.arm(None) == ()

    asyncio.run(body())
