"""What surrounds a session: keys only where they are needed, and signals that stop it."""

import asyncio
import os
import signal
import sys
from typing import Any

import pytest

from trader_gui.credentials import Credentials, KeyStore
from trader_gui.profiles import PROFILES
from trader_gui.rt_trader.host import load_keys, stop_on_signals


def test_keys_are_asked_for_where_they_are_needed_and_are_those_of_the_profile(memory_keyring: Any) -> None:
    async def body() -> None:
        store = KeyStore()
        await store.save("testnet", Credentials("k" * 64, "s" * 64))
        assert await load_keys(PROFILES["testnet"], store) == Credentials("k" * 64, "s" * 64)
        assert await load_keys(PROFILES["live"], store) is None
        assert await load_keys(PROFILES["demo"], store) is None

    asyncio.run(body())


def test_profiles_without_keys_do_not_touch_the_key_store() -> None:
    """The suite's own key store refuses everything."""
    for name in ("demo", "replay", "paper"):
        assert asyncio.run(load_keys(PROFILES[name], KeyStore())) is None


@pytest.mark.skipif(sys.platform == "win32", reason="there, a process cannot send itself these signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_and_does_not_kill(number: signal.Signals) -> None:
    async def body() -> None:
        stopped = asyncio.Event()
        stop_on_signals(asyncio.get_running_loop(), stopped.set)
        os.kill(os.getpid(), number)
        async with asyncio.timeout(5):
            await stopped.wait()

    asyncio.run(body())
