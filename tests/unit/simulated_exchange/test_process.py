import argparse
import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from urllib.request import urlopen

import pytest

from trader_gui.errors import UserError
from trader_gui.simulated_exchange import command, process
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.process import start_exchange
from trader_gui.simulated_exchange.server import SimulatedExchange


def test_a_child_serves_and_ends() -> None:
    async def body() -> None:
        child = await start_exchange(ExchangeOptions(seed=9, wallet_balance=Decimal(123), symbols=("ETHUSDT",)))
        try:
            url = f"{child.rest_url}/fapi/v2/ticker/price"
            answer = await asyncio.to_thread(lambda: json.loads(urlopen(url, timeout=10).read()))
            assert [row["symbol"] for row in answer] == ["ETHUSDT"]
            assert len(child.api_key) == len(child.api_secret) == 64
            assert child.ws_url.startswith("ws://127.0.0.1:")
        finally:
            async with asyncio.timeout(10):
                await child.stop()
                await child.stop()
        assert not child.is_running

    asyncio.run(body())


def test_the_childs_refusal_is_passed_on(tmp_path: Path) -> None:
    async def body() -> None:
        with pytest.raises(UserError, match=r"FOOUSDT is not among the generated markets"):
            await start_exchange(ExchangeOptions(symbols=("FOOUSDT",)))
        with pytest.raises(UserError, match=r"absent.csv does not exist: choose another file."):
            await start_exchange(ExchangeOptions(data=tmp_path / "absent.csv"))
        async with SimulatedExchange(ExchangeOptions()) as other:
            port = int(other.rest_url.rpartition(":")[2])
            with pytest.raises(UserError, match=rf"^port {port} is in use: .* choose another port\.$"):
                await start_exchange(ExchangeOptions(port=port))

    asyncio.run(body())


@pytest.mark.parametrize("is_file", [True, False])
def test_the_child_gets_every_option_that_a_command_line_can_say(is_file: bool) -> None:
    options = ExchangeOptions(
        port=8123,
        data=Path("BTCUSDT-1m.csv") if is_file else None,
        seed=1 if is_file else 7,
        speed=1.0,
        symbols=("BTCUSDT",) if is_file else ("BTCUSDT", "ETHUSDT"),
        wallet_balance=Decimal("123.45"),
        fee_tier=3,
        public_keys=(Path("a.pem"), Path("b.pem")),
        mirror=is_file,
        rules=Path("rules.json"),
        brackets=Path("brackets.json.gz"),
        regime="mixed" if is_file else "calm:1m,crash:2m",
        counts=is_file,
        faults=Path("plan.json"),
        latency="order=uniform:1:5,event=3",
    )
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    words = process._command(options)
    assert command.options_of(parser.parse_args(words[words.index("exchange") + 1 :])) == options


def _start(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "trader_gui", "exchange", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    ready_file = tmp_path / "ready.json"
    with _start("--ready-file", str(ready_file)) as child:
        assert child.stdout is not None
        try:
            ready = json.loads(child.stdout.readline())
            assert set(ready) == {"rest", "ws", "api_key", "api_secret"}
            assert json.loads(ready_file.read_text(encoding="utf-8")) == ready
            child.send_signal(number)
            assert child.wait(10) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()


def test_it_does_not_outlive_its_parent() -> None:
    with _start("--exit-with-parent") as child:
        assert child.stdout is not None
        assert child.stdin is not None
        try:
            json.loads(child.stdout.readline())
            child.stdin.close()  # what the death of the parent does
            assert child.wait(10) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
