"""The addresses behind the venue's name: looked up in threads of their own, and remembered for when nobody answers.

A loop looks names up in threads that it waits for when it closes. Without a network each look-up hangs for half a
minute; a few of them take all threads, and hold up the exit and whatever comes after the network's return. So a name is
looked up once at a time, in a thread that nobody waits for, and who cannot wait gets the addresses of before.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from websockets.proxy import get_proxy
from websockets.uri import parse_uri

from trader_gui.exchange.endpoints import is_loopback

PATIENCE_S = 1.0
"""Whoever knows an address of before waits no longer than this for a new one."""

LookUp = Callable[[str], list[str]]
"""Blocking: a host name to its addresses, best first; raises `OSError`."""


def look_up(host: str) -> list[str]:
    """Ask the system for the addresses of a name.

    Raises:
        OSError: The name cannot be looked up.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Addresses:
    """Finds where a socket is to connect to.

    Owner: the `Dialing` of a venue, on the loop's thread; its threads end by themselves.
    """

    def __init__(self, look_up: LookUp = look_up) -> None:
        """Look names up by `look_up`."""
        self._look_up = look_up
        self._running: dict[str, asyncio.Future[list[str]]] = {}
        self._known: dict[str, list[str]] = {}
        self._avoided: list[str] = []

    async def find(self, url: str) -> str | None:
        """Return the address to connect to; None where the library finds it: on this machine, or behind a proxy.

        Raises:
            OSError: The name cannot be looked up, and never could.
        """
        host = urlsplit(url).hostname
        if host is None or is_loopback(url) or get_proxy(parse_uri(url)) is not None:
            return None
        asking = self._ask(host)
        if host in self._known:
            await asyncio.wait([asking], timeout=PATIENCE_S)
        else:
            await asyncio.wait([asking])
        if asking.done() and asking.exception() is None:
            self._known[host] = asking.result()
        elif host not in self._known:
            asking.result()
        return min(self._known[host], key=self._rank)

    def avoid(self, address: str) -> None:
        """Prefer every other address to this one: there was no way to it."""
        if address in self._avoided:
            self._avoided.remove(address)
        self._avoided.append(address)

    def _rank(self, address: str) -> int:
        """Return 0 for an address without reproach, more for those that failed, the latest last."""
        return self._avoided.index(address) + 1 if address in self._avoided else 0

    def _ask(self, host: str) -> "asyncio.Future[list[str]]":
        """Return the look-up of a name that is under way, begun here if there is none."""
        asking = self._running.get(host)
        if asking is None or asking.done():
            loop = asyncio.get_running_loop()
            asking = self._running[host] = loop.create_future()
            threading.Thread(target=self._run, args=(host, loop, asking), name="look-up", daemon=True).start()
        return asking

    def _run(self, host: str, loop: asyncio.AbstractEventLoop, asking: "asyncio.Future[list[str]]") -> None:
        answer: list[str] | OSError
        try:
            answer = self._look_up(host)
        except OSError as error:
            answer = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, asking, answer)


def _settle(asking: "asyncio.Future[list[str]]", answer: list[str] | OSError) -> None:
    if isinstance(answer, OSError):
        asking.set_exception(answer)
        asking.exception()  # a look-up that nobody waits for any more may fail unheard
    else:
        asking.set_result(answer)
