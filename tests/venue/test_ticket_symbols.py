"""What the ticket makes of rough numbers, sent to an exchange that trades by a recorded exchangeInfo: all is taken."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest
from msgspec.structs import replace

from tests.raw_exchange_client import RawClient
from tests.ticket_scene import FACTS
from trader_gui.clock import SystemClock
from trader_gui.domain.order import OrderStatus, Side
from trader_gui.domain.step import _GATE_KEY, ApprovedOrder
from trader_gui.domain.ticket import ExitText, OrderKind, SizeUnit
from trader_gui.exchange.endpoints import loopback
from trader_gui.exchange.rest import RestClient
from trader_gui.models.ticket_checks import assess
from trader_gui.models.ticket_records import Field, TicketDraft, TicketFacts
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.process import start_exchange

RULES = Path(__file__).parents[3] / "shared" / "data" / "messages" / "rest" / "exchangeInfo-2021-07-21.json"
SYMBOLS = ("BTCUSDT", "YFIUSDT", "CHZUSDT", "ADAUSDT", "SHIBUSDT", "1000SHIBUSDT", "DOGEUSDT", "DEFIUSDT", "LTCUSDT")
D = Decimal
TEXT_FIELDS = {
    Field.PRICE: "price_text",
    Field.TRIGGER: "trigger_text",
    Field.CALLBACK: "callback_text",
    Field.ACTIVATION: "activation_text",
    Field.SIZE: "size_text",
}


def mended(draft: TicketDraft, facts: TicketFacts, side: Side) -> ApprovedOrder:
    """Take every suggestion of the ticket, one after the other, until there is an order."""
    for _ in range(8):
        judged = assess(draft, facts, side)
        if judged.intent is not None:
            return ApprovedOrder(judged.intent, f"t-{facts.rules.symbol}-{draft.kind}-{side}"[:36], gate_key=_GATE_KEY)
        problem = next((p for p in judged.errors if p.nearest), None)
        assert problem is not None, (facts.rules.symbol, draft, judged.problems)
        near = f"{problem.nearest[-1]:f}"
        if problem.field is Field.STOP:
            draft = replace(draft, stop=ExitText(near))
        else:
            draft = replace(draft, **{TEXT_FIELDS[problem.field]: near})
    raise AssertionError(f"{judged.problems} cannot be mended")


def drafts(mark: Decimal) -> list[tuple[TicketDraft, Side]]:
    """Return one ticket of each kind: rough prices, off every tick, and a size far below every minimum."""
    up, down = (f"{mark * D(f):.12f}" for f in ("1.0300003", "0.9700003"))
    size = {"size_text": "0.00000001"}
    return [
        (TicketDraft(price_text=down, **size), Side.BUY),
        (TicketDraft(price_text=up, size_text="25", size_unit=SizeUnit.RISK, stop=ExitText(f"{mark / 77:.12f}")),
         Side.SELL),
        (TicketDraft(OrderKind.MARKET, size_text="60", size_unit=SizeUnit.QUOTE), Side.BUY),
        (TicketDraft(OrderKind.STOP, trigger_text=up, **size), Side.BUY),
        (TicketDraft(OrderKind.STOP_LIMIT, trigger_text=down, price_text=down, **size), Side.SELL),
        (TicketDraft(OrderKind.TAKE_PROFIT, trigger_text=up, **size), Side.SELL),
        (TicketDraft(OrderKind.TAKE_PROFIT_LIMIT, trigger_text=down, price_text=down, **size), Side.BUY),
        (TicketDraft(OrderKind.TRAILING, callback_text="1.234", activation_text=up, **size), Side.SELL),
    ]  # fmt: skip


async def facts_of(symbol: str, client: RestClient, raw: RawClient) -> TicketFacts:
    """Return what the ticket would know of a symbol."""
    rules = (await client.symbol_rules())[symbol]
    mark = D((await raw.get("/fapi/v1/premiumIndex", symbol=symbol))["markPrice"])
    book = await raw.get("/fapi/v1/ticker/bookTicker", symbol=symbol)
    last = D((await raw.get("/fapi/v2/ticker/price", symbol=symbol))["price"])
    rate = await client.commission_rate(symbol)
    return replace(
        FACTS, rules=rules, mark_price=mark, last_price=last, best_bid=D(book["bidPrice"]),
        best_ask=D(book["askPrice"]), available_balance=D(10**8), equity=D(10**8), cross_wallet_balance=D(10**8),
        brackets=await client.leverage_brackets(symbol), maker_fraction=rate.maker_fraction,
        taker_fraction=rate.taker_fraction, leverage=10,
    )  # fmt: skip


@pytest.mark.skipif(not RULES.exists(), reason="the published rules are not here")
def test_every_order_of_the_ticket_is_taken_by_the_exchange() -> None:
    async def body() -> None:
        listed = {entry["symbol"] for entry in json.loads(RULES.read_text(encoding="utf-8"))["symbols"]}
        symbols = tuple(symbol for symbol in SYMBOLS if symbol in listed)
        options = ExchangeOptions(symbols=symbols, rules=RULES, wallet_balance=D(10**8), counts=False)
        child = await start_exchange(options)
        endpoints = loopback(child.rest_url, child.ws_url)
        client = RestClient(endpoints, SystemClock(), lambda: (child.api_key, child.api_secret))
        try:
            async with aiohttp.ClientSession() as session:
                raw = RawClient(session, child.rest_url, child.ws_url, child.api_key, child.api_secret)
                for symbol in symbols:
                    facts = await facts_of(symbol, client, raw)
                    assert facts.mark_price is not None
                    for draft, side in drafts(facts.mark_price):
                        order = await client.place(mended(draft, facts, side))
                        assert order.status in (OrderStatus.NEW, OrderStatus.FILLED), (symbol, draft.kind)
        finally:
            await client.aclose()
            await child.stop()
        assert len(symbols) > 4

    asyncio.run(body())
