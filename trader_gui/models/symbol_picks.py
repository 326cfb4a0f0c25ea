"""SymbolPicks: which symbols a person can go to, and in which order they are offered (no Qt)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from trader_gui.callback import Callback
from trader_gui.domain.market import DayTicker
from trader_gui.domain.symbol import SymbolRules

MOST_RECENT = 8
_MOST_ROWS = 200


@dataclass(frozen=True)
class PickRow:
    """One symbol that is offered.

    Attributes:
        last_price, change_fraction: None while they are not known.
        decimals: Of its prices.
        note: `position`, `orders`, `engine`, `recent`, the status of one that does not trade, or "".
    """

    symbol: str
    last_price: Decimal | None
    change_fraction: Decimal | None
    decimals: int
    note: str


class SymbolPicks:
    """Ranks symbols: those with a position, those with open orders, the engine's, the last ones shown, then the rest.

    Attributes:
        recent: The symbols shown last, the newest first.
    """

    def __init__(self) -> None:
        self.recent: tuple[str, ...] = ()
        self._callback: Callback | None = None

    def bind(self, callback: Callback) -> None:
        """From now on, look at this session's account."""
        self._callback = callback

    def note_shown(self, symbol: str) -> None:
        """A symbol is shown from now on."""
        self.recent = (symbol, *(s for s in self.recent if s != symbol))[:MOST_RECENT]

    def rows(
        self, symbols: Mapping[str, SymbolRules], tickers: Mapping[str, DayTicker], text: str = ""
    ) -> list[PickRow]:
        """Return the symbols that hold the letters, as they are offered."""
        notes = self._notes_of(symbols)
        ranks = {"position": 0, "orders": 1, "engine": 2, "recent": 3, "": 4}
        found = matching(symbols, text, {symbol: ranks.get(notes.get(symbol, ""), 5) for symbol in symbols})
        return [
            _row(symbol, symbols[symbol].price_decimals, tickers.get(symbol), notes.get(symbol, "")) for symbol in found
        ]

    def _notes_of(self, symbols: Mapping[str, SymbolRules]) -> dict[str, str]:
        notes = {s: r.status.lower().replace("_", " ") for s, r in symbols.items() if r.status != "TRADING"}
        notes |= dict.fromkeys(self.recent, "recent")
        if self._callback is not None:
            notes[self._callback.symbol] = "engine"
            notes |= {order.symbol: "orders" for order in self._callback.orders.open_orders()}
            notes |= dict.fromkeys((symbol for symbol, _ in self._callback.account.positions), "position")
        return notes


def matching(symbols: Iterable[str], text: str, ranks: Mapping[str, int] | None = None) -> list[str]:
    """Return the symbols that hold the letters.

    Those that begin with them come first, then those of a lower rank, then short ones.
    """
    letters, ranked = text.strip().upper(), ranks or {}
    found = (symbol for symbol in symbols if letters in symbol.upper())
    return sorted(
        found, key=lambda s: (not s.upper().startswith(letters), ranked.get(s, 0), len(s) if letters else 0, s)
    )[:_MOST_ROWS]


def _row(symbol: str, decimals: int, ticker: DayTicker | None, note: str) -> PickRow:
    if ticker is None:
        return PickRow(symbol, None, None, decimals, note)
    return PickRow(symbol, ticker.last_price, ticker.change_fraction, decimals, note)
