"""The newest best bid and ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from trader_gui.collectors.collector import Collector
from trader_gui.domain.market import BookTicker
from trader_gui.domain.step import Message

if TYPE_CHECKING:
    import pandas as pd


class BookTickerCollector(Collector):
    """Keeps the newest `BookTicker` of one symbol.

    Attributes:
        ticker: The newest one by update id; None before the first.
    """

    def __init__(self, symbol: str) -> None:
        super().__init__()
        self.symbol = symbol
        self.ticker: BookTicker | None = None

    def apply(self, message: Message) -> bool:
        if not isinstance(message, BookTicker) or message.symbol != self.symbol:
            return False
        if self.ticker is not None and message.update_id < self.ticker.update_id:
            return False
        self.ticker = message
        self.revision += 1
        return True

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame([msgspec.structs.asdict(self.ticker)] if self.ticker else [])
