"""What a program around a session needs: the profile's keys, and an orderly end on Ctrl-C and SIGTERM."""

import asyncio
import signal
from collections.abc import Callable

from trader_gui.credentials import Credentials, KeyStore
from trader_gui.profiles import Profile


async def load_keys(profile: Profile, store: KeyStore) -> Credentials | None:
    """Return the profile's keys from the system's key store; None where none are needed."""
    return await store.load(profile.name) if profile.needs_key else None


def stop_on_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Call `stop` on the loop's thread at Ctrl-C and at SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows: the handler runs between bytecodes of the main thread
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
