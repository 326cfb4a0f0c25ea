"""What a session asks before its first tick: symbol rules, past klines, commission, account; and the stream names."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.market import INTERVAL_MS, KlineHistory
from trader_gui.domain.step import Route
from trader_gui.domain.symbol import SymbolRules
from trader_gui.errors import UserError
from trader_gui.exchange.income_pages import income_since
from trader_gui.exchange.port import CommissionRate, LeverageBracket, MarketReader, OrderPort

HISTORY_LENGTH = 500
"""Klines loaded before the stream starts."""

_DAY_MS = 86_400_000
_OF_EXECUTIONS = frozenset({"REALIZED_PNL", "COMMISSION"})
_WALLET_INCOME = _OF_EXECUTIONS | {"FUNDING_FEE"}


class Prepared(msgspec.Struct, frozen=True):
    """What `Prelim` brings back.

    Attributes:
        rules: Filters of every symbol.
        is_hedge: The account is in hedge mode.
        history: Closed klines; `open_time_ms` of the last is right before the open one.
        day_start_ms: Midnight UTC of the venue's market time.
        today_income: Realised PnL, commission and funding since then, quote asset.
        traded_today: Symbols of which the list of income tells executions since then; it lags by some seconds.
    """

    rules: Mapping[str, SymbolRules]
    is_hedge: bool
    history: KlineHistory
    commission: CommissionRate
    brackets: tuple[LeverageBracket, ...]
    day_start_ms: int
    today_income: Decimal
    traded_today: frozenset[str]


class Prelim:
    """Asks the venue for everything a session starts from. It never changes anything there."""

    def __init__(self, reader: MarketReader, port: OrderPort, symbol: str, interval: str) -> None:
        self._reader = reader
        self._port = port
        self._symbol = symbol
        self._interval = interval

    async def run(self, progress: Callable[[int, int], None]) -> Prepared:
        """Return all that a session needs but the account.

        Args:
            progress: Called with (klines loaded, klines wanted).

        Raises:
            UserError: Unknown symbol or interval.
            VenueError: The venue cannot be asked.
        """
        rules = await self._rules()
        is_hedge = await self._port.is_hedge_mode()
        progress(0, HISTORY_LENGTH)
        history = await self.load_history()
        progress(len(history.klines), HISTORY_LENGTH)
        day_start_ms = _day_start_ms(history)
        income = await income_since(self._port, day_start_ms)
        return Prepared(
            rules=rules,
            is_hedge=is_hedge,
            history=history,
            commission=await self._port.commission_rate(self._symbol),
            brackets=await self._port.leverage_brackets(self._symbol),
            day_start_ms=day_start_ms,
            today_income=sum((row.income for row in income if row.income_type in _WALLET_INCOME), Decimal(0)),
            traded_today=frozenset(row.symbol for row in income if row.income_type in _OF_EXECUTIONS),
        )

    async def account(self, history: KlineHistory) -> AccountSnapshot:
        """Return the account, dated by the market's clock, as its events are: not later than the last closed kline.

        Raises:
            VenueError: The venue cannot be asked.
        """
        told = await self._port.account_snapshot(self._symbol)
        closed_ms = history.klines[-1].close_time_ms if history.klines else 0
        return replace(told, taken_time_ms=min(told.taken_time_ms, closed_ms))

    async def load_history(self) -> KlineHistory:
        """Return the last closed klines, at most `HISTORY_LENGTH`."""
        klines = await self._reader.klines(self._symbol, self._interval, limit=HISTORY_LENGTH + 1)
        closed = tuple(k for k in klines if k.is_closed)[-HISTORY_LENGTH:]
        return KlineHistory(symbol=self._symbol, interval=self._interval, klines=closed)

    async def _rules(self) -> Mapping[str, SymbolRules]:
        """Return the filters of the host that is traded on, not of the one that is read: they may differ."""
        if self._interval not in INTERVAL_MS:
            raise UserError(f"unknown interval {self._interval}: use one of {', '.join(INTERVAL_MS)}")
        rules = await self._port.symbol_rules()
        check_listed(rules, self._symbol)
        return rules


def check_listed(rules: Mapping[str, SymbolRules], symbol: str) -> SymbolRules:
    """Return a symbol's filters. One that is halted is looked at like any other: the gate lets nothing through.

    Raises:
        UserError: Unknown symbol.
    """
    found = rules.get(symbol)
    if found is None:
        near = [s for s in sorted(rules) if s.startswith(symbol[:3])][:5]
        hint = f"; did you mean {', '.join(near)}?" if near else f"; known are {', '.join(sorted(rules)[:8])}"
        raise UserError(f"unknown symbol {symbol}{hint}")
    return found


def _day_start_ms(history: KlineHistory) -> int:
    """Return midnight UTC of the day that the venue's market is in: that of the open kline, not of the last closed."""
    now_ms = history.klines[-1].close_time_ms + 1 if history.klines else 0
    return now_ms - now_ms % _DAY_MS


def stream_names(symbol: str, interval: str, *, with_book: bool) -> dict[Route, tuple[str, ...]]:
    """Return the stream names of each route.

    Args:
        symbol: As in exchangeInfo.
        interval: Of the klines.
        with_book: Also the depth diffs and the public trades, which only a window needs.
    """
    name = symbol.lower()
    market = [f"{name}@kline_{interval}", f"{name}@markPrice@1s"]
    public = [f"{name}@bookTicker"]
    if with_book:
        market.append(f"{name}@aggTrade")
        public.append(f"{name}@depth@100ms")
    return {Route.MARKET: tuple(market), Route.PUBLIC: tuple(public)}
