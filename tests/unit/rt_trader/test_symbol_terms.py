"""Terms of other symbols: fees and brackets once, settings each time, and nothing of what is not traded here."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.core_rig import Rig
from tests.road_world import road_world
from tests.unit.collectors.test_symbol_market import ETHER
from trader_gui.domain.account import LeverageUpdate, MarginType, SymbolConfig
from trader_gui.domain.symbol import RulesUpdate
from trader_gui.exchange.port import CommissionRate, LeverageBracket
from trader_gui.rt_trader.errands import Errands
from trader_gui.rt_trader.status import ShownStatus
from trader_gui.rt_trader.symbol_terms import SymbolTerms


class Venue:
    """Answers at once, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.leverage = 7

    async def symbol_config(self, symbol: str) -> SymbolConfig:
        self.asked.append("config")
        return SymbolConfig(symbol, self.leverage, MarginType.ISOLATED, 1 << 60)

    async def commission_rate(self, symbol: str) -> CommissionRate:
        self.asked.append("commission")
        return CommissionRate(symbol, Decimal("0.0002"), Decimal("0.0005"))

    async def leverage_brackets(self, symbol: str) -> tuple[LeverageBracket, ...]:
        self.asked.append("brackets")
        return (LeverageBracket(Decimal(0), Decimal(50_000), Decimal("0.01"), Decimal(0), 50),)


class Desk:
    def __init__(self, rig: Rig, terms: SymbolTerms, venue: Venue, status: ShownStatus) -> None:
        self.rig, self.terms, self.venue, self.status = rig, terms, venue, status

    async def want(self, symbol: str) -> None:
        self.terms.want(symbol)
        for _ in range(6):
            await asyncio.sleep(0)


def drive(tmp_path: Path, body: Callable[[Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        rig = Rig()
        rig.send(RulesUpdate((ETHER,), 0))
        async with asyncio.timeout(10), road_world(tmp_path, rig) as world, asyncio.TaskGroup() as group:
            errands, venue, status = Errands(), Venue(), ShownStatus()
            errands.start(group)
            port: Any = venue
            await body(Desk(rig, SymbolTerms(port, world.road, status, errands), venue, status))
            errands.stop()

    asyncio.run(run())


def test_fees_and_brackets_are_read_once_and_settings_each_time(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        await desk.want("ETHUSDT")
        assert desk.status.terms["ETHUSDT"].commission.taker_fraction == Decimal("0.0005")
        assert desk.rig.callback.account.leverage("ETHUSDT") == 7
        assert desk.rig.callback.account.margin_type("ETHUSDT") is MarginType.ISOLATED
        desk.venue.leverage = 9
        await desk.want("ETHUSDT")
        assert desk.venue.asked == ["config", "commission", "brackets", "config"]
        assert desk.rig.callback.account.leverage("ETHUSDT") == 9

    drive(tmp_path, body)


def test_a_leverage_that_an_event_has_told_since_is_not_undone(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        desk.rig.send(LeverageUpdate("ETHUSDT", 33, desk.rig.now_ms + 60_000))
        desk.rig.callback.now_ms = desk.rig.now_ms  # it was asked for before that event
        await desk.want("ETHUSDT")
        assert desk.rig.callback.account.leverage("ETHUSDT") == 33

    drive(tmp_path, body)


def test_nothing_is_asked_of_a_symbol_that_the_accounts_host_does_not_list(tmp_path: Path) -> None:
    async def body(desk: Desk) -> None:
        await desk.want("WHOUSDT")
        assert desk.venue.asked == [] and desk.status.terms == {}

    drive(tmp_path, body)
