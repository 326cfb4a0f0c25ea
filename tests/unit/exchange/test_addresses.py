"""Names looked up in threads of their own, and remembered."""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable

import pytest

from trader_gui.exchange import addresses as module
from trader_gui.exchange.addresses import Addresses, look_up

URL = "wss://fstream.binance.com/market/stream?streams=x@aggTrade"
LIMIT_S = 10.0


class Names:
    """A name service that answers by a list, and hangs when told to."""

    def __init__(self, *answers: list[str] | OSError) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        assert self.may_answer.wait(LIMIT_S)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


def run(body: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(LIMIT_S):
            await body()

    asyncio.run(main())


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "wss_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_on_this_machine_and_behind_a_proxy_the_library_finds_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(["192.0.2.7"])

    async def body() -> None:
        assert await Addresses(names).find("ws://127.0.0.1:8000/market/ws/x") is None
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:3128")
        assert await Addresses(names).find(URL) is None

    run(body)
    assert names.asked == []


def test_the_best_address_is_taken_until_there_is_no_way_to_it() -> None:
    names = Names(["2001:db8::7", "192.0.2.7", "192.0.2.8"])

    async def body() -> None:
        found = Addresses(names)
        assert await found.find(URL) == "2001:db8::7"
        assert await found.find(URL) == "2001:db8::7"
        order = []
        for _ in range(4):
            order.append(await found.find(URL) or "")
            found.avoid(order[-1])
        assert order == ["2001:db8::7", "192.0.2.7", "192.0.2.8", "2001:db8::7"]

    run(body)
    assert names.asked == ["fstream.binance.com"] * 6


def test_a_name_is_looked_up_once_at_a_time_and_who_cannot_wait_gets_the_addresses_of_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.1)
    names = Names(["192.0.2.7"], ["192.0.2.9"])

    async def body() -> None:
        found = Addresses(names)
        assert await found.find(URL) == "192.0.2.7"
        names.may_answer.clear()
        started = time.monotonic()
        assert await asyncio.gather(*(found.find(URL) for _ in range(3))) == ["192.0.2.7"] * 3
        assert await found.find(URL) == "192.0.2.7"
        assert time.monotonic() - started < 1.0
        assert len(names.asked) == 2
        names.may_answer.set()
        while await found.find(URL) != "192.0.2.9":  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    run(body)


def test_a_name_that_cannot_be_looked_up_is_an_error_only_when_nothing_is_remembered() -> None:
    unknown = socket.gaierror(-2, "Name or service not known")
    names = Names(unknown, ["192.0.2.7"], unknown)

    async def body() -> None:
        found = Addresses(names)
        with pytest.raises(socket.gaierror):
            await found.find(URL)
        assert await found.find(URL) == "192.0.2.7"
        assert await found.find(URL) == "192.0.2.7"

    run(body)


def test_the_end_of_the_loop_waits_for_no_look_up() -> None:
    names = Names(["192.0.2.7"])
    names.may_answer.clear()

    async def body() -> None:
        waiting = asyncio.create_task(Addresses(names).find(URL))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.wait({waiting})

    started = time.monotonic()
    run(body)
    assert time.monotonic() - started < 1.0
    names.may_answer.set()


def test_the_system_is_asked_for_a_name() -> None:
    assert "127.0.0.1" in look_up("127.0.0.1")
