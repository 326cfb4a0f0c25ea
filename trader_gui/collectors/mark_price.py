"""The newest mark price, index price and funding rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from trader_gui.collectors.collector import Collector
from trader_gui.domain.market import MarkPrice
from trader_gui.domain.step import Message

if TYPE_CHECKING:
    import pandas as pd


class MarkPriceCollector(Collector):
    """Keeps the newest `MarkPrice` of one symbol.

    Attributes:
        mark: The newest one by event time; None before the first.
    """

    def __init__(self, symbol: str) -> None:
        super().__init__()
        self.symbol = symbol
        self.mark: MarkPrice | None = None

    def apply(self, message: Message) -> bool:
        if not isinstance(message, MarkPrice) or message.symbol != self.symbol:
            return False
        if self.mark is not None and message.event_time_ms < self.mark.event_time_ms:
            return False
        self.mark = message
        self.revision += 1
        return True

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame([msgspec.structs.asdict(self.mark)] if self.mark else [])
