"""What a program around a session needs: the profile's keys, an orderly end on Ctrl-C and SIGTERM, short GC pauses."""

import asyncio
import gc
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


async def keep_collections_short(started: asyncio.Event) -> None:
    """Leave all that exists now, and all that exists once the session has started, out of later garbage collections.

    Modules, widgets and models live as long as the program; looking through them again and again blocked the loop for
    some 65 ms at a time (115,000 objects, Python 3.11). No collection before: it would block as long itself.
    """
    gc.freeze()
    await started.wait()
    gc.freeze()
