"""Settings at the venue: what is told comes from the venue alone. The whole road is in tests/venue."""

import asyncio
from typing import Any

import pytest

from trader_gui.errors import OutcomeUnknownError, UserError, VenueError
from trader_gui.rt_trader.venue_settings import VenueSettings


class Venue:
    """Keeps a position mode; `error` is raised by the next change, after it was made when the outcome is unknown."""

    def __init__(self) -> None:
        self.is_hedge = False
        self.error: VenueError | None = None
        self.changes = 0

    async def set_position_mode(self, *, is_hedge: bool) -> None:
        self.changes += 1
        if self.error is None or isinstance(self.error, OutcomeUnknownError):
            self.is_hedge = is_hedge
        if self.error is not None:
            raise self.error

    async def is_hedge_mode(self) -> bool:
        return self.is_hedge


class Readings:
    """Counts how the account was read."""

    def __init__(self) -> None:
        self.at_once = self.in_background = 0

    async def read_account(self) -> None:
        self.at_once += 1

    def account(self) -> None:
        self.in_background += 1


class Desk:
    def __init__(self) -> None:
        self.venue, self.readings, self.told = Venue(), Readings(), list[bool]()
        venue: Any = self.venue
        readings: Any = self.readings
        terms: Any = None  # a position mode is of no symbol
        self.settings = VenueSettings(venue, readings, terms, self.told.append)

    def switch(self, *, is_hedge: bool = True, is_armed: bool = False) -> None:
        asyncio.run(self.settings.set_position_mode(is_hedge=is_hedge, is_armed=is_armed))


def test_a_change_is_made_and_the_account_read() -> None:
    desk = Desk()
    desk.switch()
    assert (desk.told, desk.readings.at_once, desk.venue.changes) == ([True], 1, 1)


def test_an_armed_engine_bars_the_change() -> None:
    desk = Desk()
    with pytest.raises(UserError):
        desk.switch(is_armed=True)
    assert (desk.told, desk.venue.changes) == ([], 0)


def test_a_refusal_tells_nothing_and_an_open_outcome_what_the_venue_says() -> None:
    desk = Desk()
    desk.venue.error = VenueError(-4068, "position")
    with pytest.raises(VenueError):
        desk.switch()
    assert (desk.told, desk.readings.in_background) == ([], 0)
    desk.venue.error = OutcomeUnknownError(-1007, "timeout")
    with pytest.raises(OutcomeUnknownError):
        desk.switch()
    assert (desk.told, desk.readings.in_background, desk.venue.changes) == ([True], 1, 2)
