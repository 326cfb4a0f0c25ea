"""What the window asks of a session beside the engine goes to the parts that do it, symbol and all."""

import asyncio
from typing import Any

from trader_gui.domain.account import MarginType
from trader_gui.rt_trader.showing import Showing


class Notes:
    """Notes every call."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def show(self, *words: Any) -> None:
        self.calls.append(words)

    async def set_leverage(self, *words: Any) -> None:
        self.calls.append(words)

    async def set_margin_type(self, *words: Any) -> None:
        self.calls.append(words)

    async def set_position_mode(self, **words: Any) -> None:
        self.calls.append(tuple(words.items()))


class Session(Showing):
    def __init__(self, notes: Any) -> None:
        self._shown = self._venue_settings = notes

    @property
    def is_armed(self) -> bool:
        return True


def test_each_wish_names_its_symbol() -> None:
    notes = Notes()
    session = Session(notes)
    session.show("ETHUSDT", "5m")
    asyncio.run(session.set_leverage("ETHUSDT", 7))
    asyncio.run(session.set_margin_type("ETHUSDT", MarginType.ISOLATED))
    asyncio.run(session.set_position_mode(is_hedge=True))
    assert notes.calls == [
        ("ETHUSDT", "5m"),
        ("ETHUSDT", 7),
        ("ETHUSDT", MarginType.ISOLATED),
        (("is_hedge", True), ("is_armed", True)),
    ]
