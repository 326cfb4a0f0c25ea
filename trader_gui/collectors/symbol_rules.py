"""Trading rules of every symbol that the venue lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from trader_gui.collectors.collector import Collector
from trader_gui.domain.step import Message
from trader_gui.domain.symbol import RulesUpdate, SymbolRules, unknown_rules

if TYPE_CHECKING:
    import pandas as pd


class SymbolRulesCollector(Collector):
    """The rules as last told; a message names only the symbols whose rules are news.

    Args:
        own: Rules of the session's symbol, known from the start.
    """

    def __init__(self, own: SymbolRules) -> None:
        super().__init__()
        self._rules = {own.symbol: own}

    def of(self, symbol: str) -> SymbolRules:
        """Return a symbol's rules; `is_unknown` ones for a symbol that the venue has not told of."""
        return self._rules.get(symbol) or unknown_rules(symbol)

    @property
    def all(self) -> dict[str, SymbolRules]:
        """Rules of every symbol told, a copy."""
        return dict(self._rules)

    def apply(self, message: Message) -> bool:
        if not isinstance(message, RulesUpdate):
            return False
        news = {rules.symbol: rules for rules in message.rules if self._rules.get(rules.symbol) != rules}
        self._rules |= news
        self.revision += bool(news)
        return bool(news)

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        rows = [msgspec.structs.asdict(rules) for rules in self._rules.values()]
        return pd.DataFrame(rows, columns=SymbolRules.__struct_fields__)
