"""Pacing of the simulated exchange: the market waits for its clients, and results do not depend on speed."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.raw_exchange_client import RawClient, RawSocket, running, write_klines
from trader_gui.simulated_exchange.options import ExchangeOptions

JOIN = {"method": "PACE", "params": ["join"], "id": 1}


async def join(socket: RawSocket) -> int:
    """Join and return the number of the first marker."""
    await socket.connection.send_json(JOIN)
    frames = await socket.receive_until(lambda frame: frame.get("e") == "pace")
    assert frames[0] == {"result": None, "id": 1}
    return int(frames[-1]["n"])


def paced(tmp_path: Path, played: int) -> tuple[ExchangeOptions, list[list[str]]]:
    path = tmp_path / "BTCUSDT-1m-2023-11.csv"
    return ExchangeOptions(data=path, speed="max"), write_klines(path, played)


def test_kline_frames_rebuild_the_files_klines(tmp_path: Path) -> None:
    options, rows = paced(tmp_path, 30)

    async def body() -> None:
        async with running(options) as (exchange, client), client.socket("/market/ws/btcusdt@kline_1m") as socket:
            history = await client.get("/fapi/v1/klines", symbol="BTCUSDT", interval="1m", limit=501)
            assert [row[0] for row in history[:-1]] == [int(row[0]) for row in rows[:500]]
            number = await join(socket)
            frames: list[Any] = []
            while True:
                await socket.answer_pace(number)
                batch = await socket.receive_until(lambda frame: frame["e"] in ("pace", "dataEnd"))
                frames += batch[:-1]
                if batch[-1]["e"] == "dataEnd":
                    break
                number = batch[-1]["n"]
            assert batch[-1]["E"] == int(rows[-1][6])
            closed = [frame["k"] for frame in frames if frame["k"]["x"]]
            assert [(k["t"], k["o"], k["h"], k["l"], k["c"], k["v"]) for k in closed] == [
                (int(row[0]), *row[1:6]) for row in rows[500:]
            ]
            assert sum(not frame["k"]["x"] for frame in frames) == 4 * 30  # a frame for every tick
            positions = [frame["E"] for frame in frames]
            assert positions == sorted(positions)
            assert exchange.at_end.is_set()
            assert (await client.get("/fapi/v1/ping")) == {}  # still serving
            async with client.socket("/market/ws") as late:
                await late.connection.send_json(JOIN)
                assert (await late.receive_until(lambda frame: "e" in frame))[-1]["e"] == "dataEnd"

    asyncio.run(body())


def test_the_market_stands_still_until_every_socket_has_answered(tmp_path: Path) -> None:
    options, rows = paced(tmp_path, 3)

    async def body() -> None:
        async with (
            running(options) as (exchange, client),
            client.socket("/market/ws/btcusdt@kline_1m") as market,
            client.socket("/public/ws/btcusdt@bookTicker") as public,
        ):
            start_ms = int(rows[500][0])
            assert exchange.venue.market_ms == start_ms - 1
            first = await join(market)
            assert await join(public) == first  # a late one gets the marker that is out, and is waited for
            await market.answer_pace(first)
            await client.get("/fapi/v1/ping")
            assert exchange.venue.market_ms == start_ms - 1
            await public.answer_pace(first)
            frames = await market.receive_until(lambda frame: frame["e"] == "pace")
            assert [frame["e"] for frame in frames] == ["kline", "pace"]
            await public.receive_until(lambda frame: frame["e"] == "pace")
            second = frames[-1]["n"]
            await market.answer_pace(second)
            for _ in range(3):  # requests are served, time stands
                await client.get("/fapi/v1/ping")
                assert exchange.venue.market_ms == start_ms
            await public.answer_pace(second - 1)  # an old number counts for nothing
            await client.get("/fapi/v1/ping")
            assert exchange.venue.market_ms == start_ms
            await public.answer_pace(second)
            await market.receive_until(lambda frame: frame["e"] == "pace")
            assert exchange.venue.market_ms == start_ms + 59_999 // 3

    asyncio.run(body())


def test_an_order_in_mid_round_executes_at_the_ticks_time_and_gets_a_round_of_its_own(tmp_path: Path) -> None:
    options, rows = paced(tmp_path, 3)

    async def body() -> None:
        async with (
            running(options) as (exchange, client),
            client.socket("/market/ws/btcusdt@kline_1m") as market,
            client.user_stream() as user,
        ):
            number = await join(market)
            assert await join(user) == number
            await user.answer_pace(number)
            await market.answer_pace(number)
            number = (await market.receive_until(lambda frame: frame["e"] == "pace"))[-1]["n"]
            assert (await user.receive())["n"] == number
            at_ms = exchange.venue.market_ms
            assert at_ms == int(rows[500][0])
            placed = await client.order(side="BUY", type="MARKET", quantity="0.010", newOrderRespType="RESULT")
            assert placed.json["updateTime"] == at_ms
            await market.answer_pace(number)
            await user.answer_pace(number)
            events = await user.receive_until(lambda event: event["e"] == "pace")
            assert {event["E"] for event in events[:-1]} == {at_ms}
            assert events[-2]["o"]["X"] == "FILLED"
            assert events[-1]["n"] == number + 1
            frames = await market.receive_until(lambda frame: frame["e"] == "pace")
            assert frames == [{"e": "pace", "n": number + 1}]  # one more round, no market frame in it
            assert exchange.venue.market_ms == at_ms

    asyncio.run(body())


def test_private_events_of_a_tick_come_a_round_before_its_market_frames(tmp_path: Path) -> None:
    options, rows = paced(tmp_path, 3)

    async def body() -> None:
        async with (
            running(options) as (_, client),
            client.socket("/market/ws/btcusdt@kline_1m") as market,
            client.user_stream() as user,
        ):
            low = Decimal(rows[500][3])
            high = Decimal(rows[500][2])
            number = await join(market)
            assert await join(user) == number
            # Reached when the first played kline's low or high trades through it.
            resting = await client.order(
                side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.010", price=str(low + Decimal("0.1"))
            )
            assert resting.status == 200, resting.text
            log: list[tuple[int, str, str]] = []
            while not any(kind == "TRADE_LITE" for _, _, kind in log) or log[-1][2] != "kline":
                await market.answer_pace(number)
                await user.answer_pace(number)
                for name, socket in (("user", user), ("market", market)):
                    frames = await socket.receive_until(lambda frame: frame["e"] == "pace")
                    number = frames[-1]["n"]
                    log += [(number, name, frame["e"]) for frame in frames[:-1]]
                assert len(log) < 200
            filled = next(round_ for round_, _, kind in log if kind == "TRADE_LITE")
            assert not [entry for entry in log if entry[0] == filled and entry[1] == "market"]
            assert (filled + 1, "market", "kline") in log
            assert low < high

    asyncio.run(body())


def test_a_socket_that_leaves_is_not_waited_for(tmp_path: Path) -> None:
    options, _ = paced(tmp_path, 3)

    async def body() -> None:
        async with running(options) as (exchange, client), client.socket("/market/ws/btcusdt@kline_1m") as market:
            async with client.socket("/public/ws") as public:
                await join(public)
                number = await join(market)
            # A socket of the round has gone: it is not waited for.
            await market.answer_pace(number)
            frames = await market.receive_until(lambda frame: frame["e"] == "pace")
            assert frames[0]["e"] == "kline"
            assert exchange.venue.market_ms >= 0

    asyncio.run(body())


async def _play(client: RawClient, answer_slowly: bool) -> list[Any]:
    """Play a generated market for some rounds with an order every tenth, and return all frames but the ids."""
    frames: list[Any] = []
    async with client.socket("/market/ws/btcusdt@kline_1m/btcusdt@aggTrade") as market, client.user_stream() as user:
        number = await join(market)
        assert await join(user) == number
        for turn in range(120):
            if turn % 10 == 3:
                side = "BUY" if turn % 20 == 3 else "SELL"
                placed = await client.order(side=side, type="MARKET", quantity="0.010", newClientOrderId=f"t-{turn}")
                assert placed.status == 200, placed.text
            if answer_slowly:
                await client.get("/fapi/v1/time")
            await market.answer_pace(number)
            await user.answer_pace(number)
            batch = await user.receive_until(lambda frame: frame["e"] == "pace")
            frames += batch
            batch = await market.receive_until(lambda frame: frame["e"] == "pace")
            frames += batch
            number = batch[-1]["n"]
    return frames


def test_results_do_not_depend_on_the_clients_speed() -> None:
    async def body() -> list[list[Any]]:
        runs = []
        for answer_slowly in (False, True):
            async with running(ExchangeOptions(speed="max", seed=4)) as (_, client):
                runs.append(await _play(client, answer_slowly))
        return runs

    fast, slow = asyncio.run(body())
    assert fast == slow
    assert sum(frame["e"] == "TRADE_LITE" for frame in fast) >= 10


def test_faults_repeat_themselves(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(
        """{"seed": 7, "faults": [
        {"kind": "event_lost", "event": "TRADE_LITE", "probability": 0.3},
        {"kind": "event_delayed", "ms": "lognormal:1500:1", "every": 3},
        {"kind": "event_duplicated", "probability": 0.3},
        {"kind": "event_reordered", "route": "market", "probability": 0.2, "longest_ms": 700},
        {"kind": "stream_silent", "stream": "*@aggTrade", "from_ms": 5000, "duration_ms": 3000, "count": 1}]}"""
    )

    async def body() -> list[Any]:
        runs = []
        for _ in range(2):
            async with running(ExchangeOptions(speed="max", seed=4, faults=plan)) as (exchange, client):
                frames = await _play(client, answer_slowly=False)
                assert exchange.trouble.faults is not None
                runs.append((frames, exchange.trouble.faults.log))
        return runs

    first, second = asyncio.run(body())
    assert first == second
    assert {line.fault for line in first[1]} == {0, 1, 2, 3, 4}
