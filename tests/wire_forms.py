"""A small public feed, and the form of JSON values: for tests of what the simulated exchange writes."""

from decimal import Decimal
from typing import Any

from trader_gui.simulated_exchange.feed import SymbolFeed
from trader_gui.simulated_exchange.records import KlineRow, MarketTick, Print
from trader_gui.simulated_exchange.symbols import SPECS

START_MS = 1_767_225_600_000


def feed() -> SymbolFeed:
    row = KlineRow(
        START_MS - 60_000, START_MS - 1, *[Decimal("100.0")] * 4, Decimal(2), Decimal(200), 3, Decimal(1), Decimal(100)
    )
    public = SymbolFeed(SPECS["BTCUSDT"], [row], is_recorded=False)
    levels = [(Decimal("99.9"), Decimal("1.000"))], [(Decimal("100.1"), Decimal("2.000"))]
    public.on_tick(
        MarketTick(
            "BTCUSDT",
            START_MS,
            (Print(Decimal("110.0"), Decimal("0.500"), False),),
            *map(tuple, levels),
            Decimal("100.00000001"),
            Decimal("0E-8"),
            Decimal("0E-8"),
        )
    )
    public.book.refresh(*levels)
    return public


def form(value: Any) -> Any:
    """What a JSON value is made of: keys in order, and types; a list by its first item."""
    if isinstance(value, dict):
        return [(key, form(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [form(value[0])] if value else []
    return type(value).__name__


def unordered(value: Any) -> Any:
    """A form without the order of keys, and without keys that came after the message was written or recorded."""
    if isinstance(value, dict):
        return {key: unordered(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unordered(value[0])] if value else []
    return type(value).__name__
