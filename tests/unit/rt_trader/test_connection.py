"""Opening a venue: who needs a key, and that what was started ends with the stack, also when it could not start."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from trader_gui.errors import UserError
from trader_gui.profiles import PROFILES
from trader_gui.rt_trader.connection import Connection, open_connection
from trader_gui.rt_trader.options import SessionOptions
from trader_gui.rt_trader.status import SessionStatus

BTC = {"symbol": "BTCUSDT", "interval": "1m", "strategy": "bb_rv"}


async def opened(stack: AsyncExitStack, profile: str, **more: Any) -> Connection:
    return await open_connection(
        stack, PROFILES[profile], SessionOptions(**{**BTC, **more}), None, lambda item, received_ns: None
    )


@pytest.mark.parametrize("profile", ["testnet", "live"])
def test_without_a_key_nothing_is_asked_of_the_venue(profile: str) -> None:
    async def body() -> None:
        async with AsyncExitStack() as stack:
            with pytest.raises(UserError, match=f"no API key for {profile}: enter it in the window"):
                await opened(stack, profile)

    asyncio.run(body())


def test_the_simulated_exchange_says_what_is_wrong_in_its_own_words() -> None:
    async def body() -> None:
        async with AsyncExitStack() as stack:
            with pytest.raises(UserError, match=r"^NOPEUSDT is not among the generated markets"):
                await opened(stack, "demo", symbol="NOPEUSDT")

    asyncio.run(body())


@pytest.mark.parametrize(("speed", "is_paced"), [("max", True), ("2", False)])
def test_the_simulated_exchange_runs_until_the_stack_ends(speed: str, is_paced: bool) -> None:
    async def body() -> None:
        async with AsyncExitStack() as stack:
            connection = await opened(stack, "demo", speed=speed, seed=1)
            assert connection.is_paced is is_paced
            assert await connection.reader.server_time_ms() > 0
            status = SessionStatus()
            connection.read_budget(status)
            assert status.rest_latency_ms is not None and status.clock_offset_ms is not None
            assert (status.banned_until_ms, status.reads_paused_until_ns) == (None, None)
            assert status.weight_used
            work = connection.background()
            # Nothing may go by this machine's time where the session sets the pace.
            assert [name for name, _ in work if name == "clock"] == ([] if is_paced else ["clock"])
            for _, run in work:
                run.close()

    asyncio.run(body())
