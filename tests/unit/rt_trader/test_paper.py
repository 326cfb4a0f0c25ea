"""The exchange of the paper profile: started with the live market's own filters and past, or not at all."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.fakes import MINUTE_MS, START_MS, btcusdt_rules, kline
from trader_gui.clock import SystemClock
from trader_gui.domain.market import Kline
from trader_gui.domain.symbol import SymbolRules
from trader_gui.errors import UserError
from trader_gui.exchange.endpoints import loopback
from trader_gui.exchange.port import MarketReader
from trader_gui.exchange.rest import RestClient
from trader_gui.rt_trader.paper import start_paper_exchange


class Reader(MarketReader):
    """A live market of one symbol that answers from lists."""

    def __init__(self, rules: SymbolRules, count: int) -> None:
        self.rules = rules
        rows = [kline(START_MS + (n - count) * MINUTE_MS, f"{100_000 + n % 50}.{n % 10}") for n in range(count)]
        self.rows = [msgspec.structs.replace(row, symbol=rules.symbol) for row in rows]

    async def symbol_rules(self) -> dict[str, SymbolRules]:
        return {self.rules.symbol: self.rules}

    async def klines(self, symbol: str, interval: str, *, limit: int, **_: int | None) -> tuple[Kline, ...]:
        assert (symbol, interval) == (self.rules.symbol, "1m")
        newest = msgspec.structs.replace(
            self.rows[-1], is_closed=False, open_time_ms=START_MS, close_time_ms=START_MS + MINUTE_MS - 1
        )
        return (*self.rows, newest)[-limit:]


@pytest.mark.parametrize("symbol", ["BTCUSDT", "NEWCOINUSDT"])
def test_filters_and_past_are_those_of_the_live_market(
    symbol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    # Of no table: every filter has another value than the exchange's own.
    rules = msgspec.structs.replace(
        btcusdt_rules(),
        symbol=symbol,
        tick_size=Decimal("0.50"),
        min_price=Decimal("500.00"),
        max_price=Decimal(800_000),
        step_size=Decimal("0.005"),
        market_step_size=Decimal("0.005"),
        min_quantity=Decimal("0.010"),
        market_min_quantity=Decimal("0.010"),
        max_quantity=Decimal(77),
        market_max_quantity=Decimal(33),
        min_notional=Decimal(123),
        percent_up=Decimal("1.02"),
        percent_down=Decimal("0.97"),
        max_open_orders=17,
    )
    reader = Reader(rules, 1_200)

    async def body() -> None:
        async with AsyncExitStack() as stack:
            process = await start_paper_exchange(stack, reader, symbol)
            client = RestClient(loopback(process.rest_url, process.ws_url), SystemClock())
            stack.push_async_callback(client.aclose)
            assert await client.symbol_rules() == {symbol: rules}
            told = await client.klines(symbol, "1m", limit=1_500)
            assert [(k.open_time_ms, k.close) for k in told[:-1]] == [
                (k.open_time_ms, k.close) for k in reader.rows[-1_000:]
            ]
            assert told[-1].open_time_ms == START_MS
        assert not process.is_running

    asyncio.run(body())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("reader", "sentence"),
    [
        (Reader(btcusdt_rules(), 500), "BTCUSDT has 500 klines of a minute, paper needs 501: choose a symbol"),
        (
            Reader(msgspec.structs.replace(btcusdt_rules(), margin_asset="USDC"), 600),
            "BTCUSDT is margined in USDC, paper trades USDT only: choose another symbol",
        ),
        (Reader(msgspec.structs.replace(btcusdt_rules(), status="SETTLING"), 600), "is not trading now"),
        (Reader(msgspec.structs.replace(btcusdt_rules(), symbol="BTCUSDC"), 600), "did you mean BTCUSDC?"),
    ],
)
def test_what_paper_cannot_trade_is_said_before_anything_is_started(reader: Reader, sentence: str) -> None:
    async def body() -> None:
        async with AsyncExitStack() as stack:
            with pytest.raises(UserError) as caught:
                await start_paper_exchange(stack, reader, "BTCUSDT")
            assert sentence in str(caught.value)

    asyncio.run(body())
