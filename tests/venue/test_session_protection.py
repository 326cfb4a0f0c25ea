"""The engine's position under faults on its stop: how long it is naked at the exchange, and what is sent."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.campaign_books import Ledger
from tests.campaign_watch import NakedWatch, SendWatch
from tests.session_world import QUANTITY, SYMBOL, Bench, Session, bench
from trader_gui.domain.order import Origin, OutcomeKind, Side
from trader_gui.domain.protection import ProtectionFinding, ProtectionState
from trader_gui.domain.step import EngineMode
from trader_gui.journal.reader import JournalReader
from trader_gui.rt_trader import trader as trader_module

Expect = Callable[[str], None]
PATH = "/fapi/v1/algoOrder"
TICK_S = 0.25
CLOSE_S = 2.0 + TICK_S
"""The policy's two seconds, and one look at the clock."""
MARGIN_S = 0.75
"""For the way to the exchange and back on a machine that is busy with other things."""


@dataclass
class Watch:
    """What is measured at the exchange."""

    run: Session
    desk: Bench
    naked: NakedWatch
    sent: SendWatch
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        prefix = self.run.trader.callback.gate.prefix
        self.ledger = self.naked.ledger = Ledger(self.desk.exchange.venue.core, SYMBOL, prefix)

    @property
    def stops(self) -> int:
        return len(self.desk.exchange.venue.core.open_algo_orders(SYMBOL))

    @property
    def is_flat(self) -> bool:
        return not self.ledger.position[0]

    @property
    def needs_care(self) -> bool:
        return self.run.trader.callback.protection.finding.needs_care

    @property
    def is_protected(self) -> bool:
        return self.run.trader.callback.protection.finding.state is ProtectionState.PROTECTED

    async def notes(self) -> list[Any]:
        """Return what the journal notes of this session."""
        await self.run.trader._journal.flush()
        path = self.run.trader._directory.journal_path
        with JournalReader(path) as reader:
            session = reader.last_session()
            assert session is not None
            return list(reader.notes(session.session_id))

    async def enter(self) -> None:
        """Let a market entry of the engine be approved and sent, as its rules would."""
        assert await self.run.trader.arm(None) == ()
        await self.run.trader.submit(replace(self.run.intent(Side.BUY), origin=Origin.ENGINE))


@asynccontextmanager
async def watched(folder: Path, patch: pytest.MonkeyPatch, **more: Any) -> AsyncIterator[Watch]:
    """Run an exchange and a session, and measure."""
    async with bench(patch) as desk:
        core = desk.exchange.venue.core
        naked, sent = NakedWatch(core, SYMBOL), SendWatch(core)
        looking = asyncio.create_task(naked.run(), name="naked watch")
        try:
            async with desk.session(folder, **more) as run:
                watch = Watch(run, desk, naked, sent)
                yield watch
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        assert sent.findings(watch.ledger) == []


async def plan(desk: Bench, *faults: dict[str, Any]) -> None:
    """Put faults before the exchange from now on."""
    reply = await desk.raw.send(
        "POST", "/simulator/faults", data=json.dumps({"faults": faults}), headers={"X-MBX-APIKEY": desk.raw.key}
    )
    assert reply.status == 200, reply.text


def on_stop(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "method": "POST", "path": PATH, **more}


LOST = {"kind": "event_lost", "event": "ALGO_UPDATE"}
ONCE = {"count": 1}


@dataclass(frozen=True)
class Case:
    """What goes wrong with the stop, whether the position is still there at the end, and how long it may be naked."""

    faults: list[dict[str, Any]]
    stays: bool = True
    longest_s: float = 0.0
    warns: bool = False


CASES: dict[str, Case] = {
    "nothing": Case([]),
    "executed, -1007": Case([on_stop("timeout_1007", executed=True, **ONCE)]),
    "executed, -1007, event lost": Case([on_stop("timeout_1007", executed=True, **ONCE), LOST]),
    "-1007": Case([on_stop("timeout_1007", **ONCE)], False, CLOSE_S),
    "-1007 at every try": Case([on_stop("timeout_1007")], False, CLOSE_S),
    "executed, 503 unknown": Case([on_stop("unknown_503", executed=True, **ONCE)]),
    "503 unknown": Case([on_stop("unknown_503", **ONCE)], False, CLOSE_S),
    "executed, never answered": Case([on_stop("half_open_request", executed=True, **ONCE)], warns=True),
    "executed, never answered, event lost": Case([on_stop("half_open_request", executed=True), LOST], warns=True),
    "never answered": Case([on_stop("half_open_request", **ONCE)], False, CLOSE_S),
    "executed, connection cut, event lost": Case([on_stop("drop_connection", executed=True, **ONCE), LOST]),
    "connection cut": Case([on_stop("drop_connection", **ONCE)], False, CLOSE_S),
    "503 failed": Case([on_stop("unavailable_503", **ONCE)], True, 0.5 + TICK_S),
    "503 failed, three times": Case([on_stop("unavailable_503", count=3)], True, 1.5 + TICK_S),
    "503 failed at every try": Case([on_stop("unavailable_503")], False, CLOSE_S),
    "-1008": Case([on_stop("overloaded_503")]),  # closes are exempt
    "429": Case([on_stop("rate_limit_429", **ONCE)], True, 1.0 + 2 * TICK_S, warns=True),
    "429 with a pause of a second": Case([on_stop("rate_limit_429", retry_after_s=1, **ONCE)], True, 1.0 + 2 * TICK_S),
    "429 at every try": Case([on_stop("rate_limit_429")], False, 3.0 + 2 * TICK_S),
    "a ban of three seconds": Case([on_stop("ban_418", duration_ms=3_000, **ONCE)], False, 3.0 + 2 * TICK_S),
    "answered late": Case([on_stop("delay_answer", ms=2_500)]),
    "answered late, event lost": Case([on_stop("delay_answer", ms=2_500), LOST]),
    "carried out late": Case([on_stop("delay_request", ms=2_500, **ONCE)], False, CLOSE_S),
    "queries lag": Case([{"kind": "query_lag", "ms": 3_000}]),
    "executed, cut, event lost, queries lag": Case(
        [on_stop("drop_connection", executed=True, **ONCE), LOST, {"kind": "query_lag", "ms": 1_300}]
    ),
    "event lost": Case([LOST]),
}

SAID = "|".join(
    (
        "the stop of the engine's position",
        "not sent: the exchange asked for a pause",
        "not sent: the exchange has banned this address",
        "the dead man's switch of BTCUSDT could not be set",
        "the exchange did not answer every request while the session was stopping",
    )
)


@pytest.mark.parametrize("name", CASES)
def test_a_stop_that_goes_wrong(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    expect_log: Expect,
    allow_log: Expect,
    record_property: Any,
) -> None:
    """`--capture=no` shows what was measured at the exchange."""
    case = CASES[name]
    allow_log("the user stream is doubted")  # a stop that is accepted, and that no event tells of
    if case.warns or not case.stays:
        expect_log(SAID)
    monkeypatch.setattr(trader_module, "STOP_LIMIT_S", 0.5)  # what is still being asked about is no part of this

    async def body() -> None:
        async with watched(tmp_path, monkeypatch) as watch:
            run = watch.run
            await plan(watch.desk, *case.faults)
            await watch.enter()
            await run.wait("the position", lambda: run.position_amount == QUANTITY)
            await run.wait("a live stop, or none needed", lambda: not watch.needs_care)
            before = run.trader.callback.clock_ms
            if case.stays and case.faults:
                await run.wait("nothing more comes of it", lambda: run.trader.callback.clock_ms - before > 2_500)
            assert (watch.stops, run.position_amount) == ((1, QUANTITY) if case.stays else (0, 0))
            print(f"\n{name}: naked {watch.naked.longest_s:.2f} s, {sum(watch.sent.sent.values())} orders")
            record_property("naked_s", f"{watch.naked.longest_s:.2f}")
            assert watch.naked.longest_s <= case.longest_s + MARGIN_S
            await plan(watch.desk)

    asyncio.run(body())


def test_a_stop_that_somebody_cancels_is_replaced_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        async with watched(tmp_path, monkeypatch) as watch:
            await watch.enter()
            await watch.run.wait("a live stop", lambda: watch.is_protected)
            reply = await watch.desk.raw.signed("DELETE", "/fapi/v1/algoOpenOrders", symbol=SYMBOL)
            assert reply.status == 200
            await watch.run.wait("another stop", lambda: watch.is_protected and sum(watch.sent.sent.values()) == 3)
            assert watch.stops == 1
            assert watch.naked.longest_s < MARGIN_S
            reasons = [n.text for n in await watch.notes() if n.kind == "protection"]
        assert "placing canceled" in reasons

    asyncio.run(body())


def test_a_stop_of_the_kind_that_is_there_already_is_found_in_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else is faster, and no event tells of it."""

    async def body() -> None:
        async with watched(tmp_path, monkeypatch) as watch:
            await plan(watch.desk, on_stop("delay_request", ms=400, count=1), LOST)
            await watch.enter()
            await watch.run.wait("the position", lambda: watch.run.position_amount == QUANTITY)
            core, venue = watch.desk.exchange.venue.core, watch.desk.exchange.venue
            stop = {"symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "closePosition": "true"}
            price = f"{watch.run.far_price('-0.01'):f}"
            core.place_algo(stop | {"algoType": "CONDITIONAL", "triggerPrice": price}, venue.market_ms)
            await watch.run.wait("it is known", lambda: watch.is_protected)
            assert watch.stops == 1
            await watch.run.wait("ours is over", lambda: [o.origin for o in watch.run.open_orders] == [Origin.OTHER])

    asyncio.run(body())


def test_with_an_alarm_instead_of_a_close_the_position_stays_and_the_stop_is_tried_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_log("the stop of the engine's position: naked")

    async def body() -> None:
        async with watched(tmp_path, monkeypatch, protection_action="alarm") as watch:
            await plan(watch.desk, on_stop("unavailable_503"))
            await watch.enter()
            finding = watch.run.trader.callback.protection
            await watch.run.wait("the alarm", lambda: finding.finding.state is ProtectionState.NAKED)
            assert watch.run.position_amount == QUANTITY
            await plan(watch.desk)
            await watch.run.wait("a live stop", lambda: watch.is_protected)
            assert (watch.stops, watch.run.position_amount) == (1, QUANTITY)

    asyncio.run(body())


def test_an_engine_that_is_disarmed_while_its_position_is_naked_halts_once_it_is_protected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        async with watched(tmp_path, monkeypatch) as watch:
            await plan(watch.desk, on_stop("unavailable_503", count=2))
            await watch.enter()
            await watch.run.wait("the position", lambda: watch.run.position_amount == QUANTITY)
            gate = watch.run.trader.callback.gate
            await watch.run.trader.disarm()
            assert gate.mode is EngineMode.REDUCING
            await watch.run.wait("halted", lambda: gate.mode is EngineMode.HALTED)
            assert (watch.stops, watch.run.position_amount) == (1, QUANTITY)

    asyncio.run(body())


def test_a_stop_that_falls_because_the_position_is_gone_has_the_account_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was closed elsewhere, and the events of that were lost: the venue's -4509 tells first."""

    async def body() -> None:
        async with watched(tmp_path, monkeypatch) as watch:
            await watch.enter()
            await watch.run.wait("a live stop", lambda: watch.is_protected)
            lost = [{"kind": "event_lost", "event": name} for name in ("ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE")]
            await plan(watch.desk, *lost)
            closed = await watch.desk.raw.order(side="SELL", type="MARKET", quantity="0.010", reduceOnly="true")
            assert closed.status == 200, closed.text
            await watch.run.wait("flat", lambda: not watch.run.position_amount and not watch.run.open_orders)
            assert watch.run.trader.callback.protection.finding == ProtectionFinding()

    asyncio.run(body())


def test_a_disarmed_engines_naked_position_is_protected_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Expect
) -> None:
    expect_log("the stop of the engine's position: naked")

    async def body() -> None:
        async with watched(tmp_path, monkeypatch) as watch:
            await watch.enter()
            await watch.run.wait("a live stop", lambda: watch.is_protected)
            await watch.run.trader.disarm()
            assert (await watch.desk.raw.signed("DELETE", "/fapi/v1/algoOpenOrders", symbol=SYMBOL)).status == 200
            callback = watch.run.trader.callback
            await watch.run.wait("naked", lambda: callback.protection.finding.state is ProtectionState.NAKED)
            before = callback.clock_ms
            await watch.run.wait("three seconds", lambda: callback.clock_ms - before > 3_000)
            assert sum(watch.sent.sent.values()) == 2  # entry and its stop: a disarmed engine sends nothing
            position = callback.account.position(SYMBOL)
            assert position is not None
            wish = callback.protection.stop_by_hand(position, callback.rules, callback.now_ms)
            assert (await watch.run.trader.submit(wish)).outcomes[0].kind is OutcomeKind.ACCEPTED
            await watch.run.wait("protected", lambda: watch.is_protected)

    asyncio.run(body())
