"""The newest public trades."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from trader_gui.collectors.collector import Collector
from trader_gui.domain.market import AggTrade
from trader_gui.domain.step import Message

if TYPE_CHECKING:
    import pandas as pd


class AggTradeCollector(Collector):
    """Keeps the newest `capacity` aggregate trades of one symbol, each id once."""

    def __init__(self, symbol: str, capacity: int = 1000) -> None:
        super().__init__()
        self.symbol = symbol
        self._trades: deque[AggTrade] = deque(maxlen=capacity)

    def __len__(self) -> int:
        return len(self._trades)

    def latest(self, count: int) -> tuple[AggTrade, ...]:
        """Return up to `count` trades, newest first."""
        return tuple(islice(reversed(self._trades), count))

    def apply(self, message: Message) -> bool:
        if not isinstance(message, AggTrade) or message.symbol != self.symbol:
            return False
        if self._trades and message.agg_trade_id <= self._trades[-1].agg_trade_id:
            return False
        self._trades.append(message)
        self.revision += 1
        return True

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame([msgspec.structs.asdict(t) for t in self._trades], columns=AggTrade.__struct_fields__)
