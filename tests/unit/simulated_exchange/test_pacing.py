import asyncio

from trader_gui.simulated_exchange.pacing import Pacer
from trader_gui.simulated_exchange.streams import Hub, StreamSocket

JOIN = {"method": "PACE", "params": ["join"], "id": 1}


class Sink:
    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False


def socket(hub: Hub) -> tuple[StreamSocket, Sink]:
    sink = Sink()
    one = StreamSocket("market", is_combined=False, transport=sink, now_s=0)  # type: ignore[arg-type]
    hub.add(one)
    return one, sink


def answer(number: int) -> dict:
    return {"method": "PACE", "params": [number], "id": number}


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_a_round_waits_for_a_first_socket_then_for_all_answers() -> None:
    async def body() -> None:
        hub = Hub(lambda stream: None)
        pacer = Pacer(hub)
        one, sink = socket(hub)
        two, _ = socket(hub)
        round_ = asyncio.create_task(pacer.round())
        await turns()
        assert not sink.writes
        assert pacer.on_message(one, JOIN)
        assert pacer.on_message(two, JOIN)
        await turns()
        assert b'{"e":"pace","n":1}' in sink.writes[-1]
        assert not pacer.on_message(one, answer(1))
        pacer.on_message(one, answer(1))  # twice is once
        pacer.on_message(two, answer(0))
        await turns()
        assert not round_.done()
        pacer.on_message(two, answer(1))
        await round_

    asyncio.run(body())


def test_a_push_after_the_marker_brings_another_round() -> None:
    async def body() -> None:
        hub = Hub(lambda stream: None)
        pacer = Pacer(hub)
        one, sink = socket(hub)
        pacer.on_message(one, JOIN)
        round_ = asyncio.create_task(pacer.round())
        await turns()
        hub.publish_on_route("market", {"e": "something"})
        pacer.on_message(one, answer(1))
        await turns()
        assert not round_.done()
        assert b'"something"' in sink.writes[-1]
        assert b'{"e":"pace","n":2}' in sink.writes[-1]
        pacer.on_message(one, answer(2))
        await round_

    asyncio.run(body())


def test_the_last_socket_to_leave_stops_the_market() -> None:
    async def body() -> None:
        hub = Hub(lambda stream: None)
        pacer = Pacer(hub)
        one, _ = socket(hub)
        two, _ = socket(hub)
        pacer.on_message(one, JOIN)
        round_ = asyncio.create_task(pacer.round())
        await turns()
        pacer.on_message(one, None)
        await turns()
        assert not round_.done()  # nobody has seen this round's end: it waits for somebody to join
        pacer.on_message(two, JOIN)
        await turns()
        pacer.on_message(two, answer(2))
        await round_

    asyncio.run(body())
