"""Funding is known when the venue lists what its events told, and not before."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.core_records import START_MS, make_fill, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.account import AccountUpdate, Balance
from trader_gui.domain.order import FillHistory
from trader_gui.domain.step import FeedStatus, Route
from trader_gui.errors import VenueError
from trader_gui.exchange.port import IncomeRow
from trader_gui.rt_trader.funding import LAG_MS, RETRY_NS, FundingPaid
from trader_gui.rt_trader.status import FundingStatus, SessionStatus

D = Decimal
PAID_MS = START_MS + 3_600_000


def row(number: int, amount: str, time_ms: int = PAID_MS, symbol: str = "BTCUSDT") -> IncomeRow:
    return IncomeRow(symbol, "FUNDING_FEE", D(amount), "USDT", time_ms, number)


class World:
    """A core that holds what was opened at START_MS, and a venue that lists `rows`."""

    def __init__(self, amount: str = "0.010") -> None:
        self.rig = Rig()
        self.status = SessionStatus()
        self.rows: list[IncomeRow] = []
        self.asked_ms: list[int] = []
        self.during: Callable[[], None] = lambda: None
        self.now_ns = 10 * RETRY_NS
        port: Any = self
        self.paid = FundingPaid(self.rig.callback, port, self.status)
        self.rig.send(make_snapshot(*([make_position(amount)] if D(amount) else [])))
        self.rig.send(FillHistory("BTCUSDT", (make_fill(1),), 1))

    async def income(self, *, start_time_ms: int, income_type: str) -> tuple[IncomeRow, ...]:
        assert income_type == "FUNDING_FEE"
        self.asked_ms.append(start_time_ms)
        self.during()
        return tuple(r for r in self.rows if r.time_ms >= start_time_ms)

    @property
    def known(self) -> FundingStatus:
        return self.status.funding

    def look(self, after_ns: int = RETRY_NS) -> bool:
        """Look at the clock a while later, and read when that is due."""
        self.now_ns += after_ns
        is_due = self.paid.is_due(self.now_ns)
        if is_due:
            asyncio.run(self.paid.read())
        return is_due

    def event(self, amount: str, time_ms: int = PAID_MS) -> None:
        self.rig.now_ms = max(self.rig.now_ms, time_ms)
        balance = Balance("USDT", D(10_000), D(10_000))
        update = AccountUpdate("FUNDING_FEE", (balance,), (D(amount),), (), time_ms, time_ms)
        self.rig.send(update)
        self.paid.note(update)


def test_the_list_is_read_once_for_a_position_and_not_while_flat() -> None:
    world = World()
    world.rows = [row(1, "-0.3")]
    assert world.look() and not world.look()
    assert (world.known.since_ms, world.known.rows, world.known.is_whole) == (START_MS, (row(1, "-0.3"),), True)
    assert world.asked_ms == [START_MS]
    flat = World("0")
    assert not flat.look() and not flat.known.is_whole


def test_an_event_makes_it_unknown_until_the_list_has_it() -> None:
    world = World()
    world.look()
    world.event("-0.3")
    assert not world.known.is_whole
    assert world.look(1) and not world.known.is_whole  # the list is behind
    assert not world.look(RETRY_NS // 2)
    world.rows = [row(1, "-0.3")]
    assert world.look() and world.known.is_whole and world.known.rows == (row(1, "-0.3"),)
    assert not world.look()


def test_a_second_funding_soon_after_the_first_is_held_against_both() -> None:
    world = World()
    world.look()
    for number, at in ((1, PAID_MS), (2, PAID_MS + 1000)):
        world.event("-0.3", at)
        world.rows.append(row(number, "-0.3", at))
        assert world.look() and world.known.is_whole and len(world.known.rows) == number


def test_a_list_that_is_asked_in_vain_is_asked_less_and_less() -> None:
    world = World()
    world.look()
    world.event("-0.3")
    asked = sum(world.look(RETRY_NS) for _ in range(20))  # a minute
    assert asked == 5
    world.event("-0.1", PAID_MS + 5000)
    assert world.look(1)


def test_two_symbols_paid_in_one_moment_are_told_in_one_event_or_in_two() -> None:
    for told in (["-0.5"], ["-0.3", "-0.2"]):
        world = World()
        world.look()
        for amount in told:
            world.event(amount)
        world.rows = [row(1, "-0.3"), row(2, "-0.2", symbol="ETHUSDT")]
        assert world.look() and world.known.is_whole


def test_a_list_that_never_agrees_is_believed_after_a_minute() -> None:
    world = World()
    world.look()
    world.event("-0.3")
    world.rows = [row(1, "-0.29")]
    world.look()
    assert not world.known.is_whole
    world.rig.now_ms = PAID_MS + LAG_MS
    world.rig.callback.now_ms = world.rig.now_ms
    assert world.look() and world.known.is_whole


def test_an_event_that_comes_while_the_list_is_read_is_not_forgotten() -> None:
    world = World()
    world.during = lambda: world.event("-0.3")
    world.look()
    assert not world.known.is_whole
    world.during = lambda: None
    world.rows = [row(1, "-0.3")]
    assert world.look() and world.known.is_whole


def test_what_was_paid_while_nobody_listened_is_read() -> None:
    world = World()
    world.look()
    world.rig.send(FeedStatus(Route.PRIVATE, False, 0))
    assert not world.look() and not world.known.is_whole
    world.rows = [row(1, "-0.3")]
    world.rig.send(FeedStatus(Route.PRIVATE, True, 0))
    assert world.look(1) and world.known.is_whole and len(world.known.rows) == 1


def test_a_venue_that_cannot_be_asked_leaves_it_unknown() -> None:
    world = World()

    def cut() -> None:
        raise VenueError(None, "cut", retryable=True)

    world.during = cut
    with pytest.raises(VenueError):
        world.look()
    assert not world.known.is_whole
    world.during = lambda: None
    assert world.look() and world.known.is_whole
