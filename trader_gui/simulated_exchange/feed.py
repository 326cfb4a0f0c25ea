"""The public picture of one symbol: trades, klines, book, mark price, as streams and requests show it.

Fed by market ticks and by what the account's own orders do to the book; holds no socket and no clock.

Trades of one price and aggressor side become one aggregate (3.1): those of one tick, and on a market that keeps its
own trade times those within 100 ms. `ap`, the moving average of the mark price, is the mean over the last 30 whole
seconds at which there was a tick (the venue does not say which average it takes).
"""

from collections import deque
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from trader_gui.simulated_exchange.book_image import BookImage
from trader_gui.simulated_exchange.klines import KlineBook, KlineBuild, RollingDay
from trader_gui.simulated_exchange.price_klines import PriceKlines
from trader_gui.simulated_exchange.records import KlineRow, MarketTick, Older, Print, SymbolSpec
from trader_gui.simulated_exchange.rounding import eight_places

KEPT_TRADES = 1000
AGGREGATE_MS = 100
AVERAGED_MARKS = 30
ZERO = Decimal(0)


class PublicTrade(msgspec.Struct, frozen=True):
    """One public trade."""

    trade_id: int
    price: Decimal
    quantity: Decimal
    time_ms: int
    is_buyer_maker: bool


class AggTrade(msgspec.Struct, frozen=True):
    """Trades of one price and aggressor side within a moment, merged; `time_ms` is that of the first."""

    agg_trade_id: int
    price: Decimal
    quantity: Decimal
    first_trade_id: int
    last_trade_id: int
    time_ms: int
    is_buyer_maker: bool


class FundingRow(msgspec.Struct, frozen=True):
    """A funding that took place."""

    time_ms: int
    funding_rate: Decimal
    mark_price: Decimal


class SymbolFeed:
    """All public data of one symbol.

    Attributes:
        klines: Klines of every interval.
        mark_klines, index_klines, premium_klines: Of the mark price, the index price and the premium (a fraction).
        book: The public book, own resting orders included.
        rpi_book: The same with own RPI orders; its update ids are a sequence of their own.
        trades, agg_trades: The newest, oldest first.
        fundings: Fundings since the start, oldest first.
        mark_price, index_price, funding_rate: Of the last tick, 0 before the first.
        last_price, last_quantity, last_time_ms: Of the last trade.
        last_trade_id: Id of the last public trade.
        is_trading: False while the market is halted.
    """

    def __init__(
        self,
        spec: SymbolSpec,
        history: Sequence[KlineRow],
        *,
        is_recorded: bool,
        merge_ms: int = 0,
        older: Older | None = None,
    ) -> None:
        """Begin after the history.

        Args:
            spec: Rules of the symbol.
            history: Closed klines, oldest first, at least one.
            is_recorded: Own trades do not change the klines.
            merge_ms: How long an aggregate trade stays open beyond its tick, 0 for not at all.
            older: The klines before the history, None where there are none.
        """
        self.symbol = spec.symbol
        self.spec = spec
        self.klines = KlineBook(history, older)
        self.mark_klines = PriceKlines(history, older=older)
        self.index_klines = PriceKlines(history, older=older)
        self.premium_klines = PriceKlines(history, is_flat=True, older=older)
        self.book, self.rpi_book = BookImage(), BookImage()
        self.trades: deque[PublicTrade] = deque(maxlen=KEPT_TRADES)
        self.agg_trades: deque[AggTrade] = deque(maxlen=KEPT_TRADES)
        self.fundings: deque[FundingRow] = deque(maxlen=KEPT_TRADES)
        self.mark_price = self.index_price = self.funding_rate = ZERO
        self.last_price = history[-1].close
        self.last_quantity = ZERO
        self.last_time_ms = history[-1].close_time_ms
        self.next_funding_time_ms = 0
        self.is_trading = True
        self.last_trade_id = sum(row.trade_count for row in history)
        self._is_recorded = is_recorded
        self._merge_ms = merge_ms
        self._open_trade: AggTrade | None = None
        self._day = RollingDay(history)
        self._last_agg_id = self.last_trade_id // 2
        self._marks: deque[Decimal] = deque(maxlen=AVERAGED_MARKS)
        self._mark_second = -1

    # ---- what comes in -----------------------------------------------------------------------------------------------

    def on_tick(self, tick: MarketTick) -> list[AggTrade]:
        """Take in a tick; return the aggregate trades that are complete."""
        time_ms, mark, index = tick.time_ms, tick.mark_price, tick.index_price
        if time_ms >= self.next_funding_time_ms:
            self._fund(time_ms)
        if mark is not self.mark_price or index is not self.index_price:
            self.mark_klines.add(mark)
            self.index_klines.add(index)
            if index:
                self.premium_klines.add(eight_places((mark - index) / index))
            self.mark_price, self.index_price = mark, index
        if time_ms // 1000 != self._mark_second:
            self._mark_second = time_ms // 1000
            self._marks.append(mark)
        self.funding_rate, self.is_trading = tick.funding_rate, tick.is_trading
        done = self.settle_trades(time_ms) if self._open_trade is not None else []
        return done + self._trade(tick.prints, time_ms, for_klines=True) if tick.prints else done

    def on_own_prints(self, prints: Sequence[Print], time_ms: int) -> list[AggTrade]:
        """Take in trades that the account's orders made; a recorded market's klines stay as recorded."""
        return self._trade(prints, time_ms, for_klines=not self._is_recorded) if prints else []

    def _fund(self, time_ms: int) -> None:
        """Note every funding up to now as the account pays it: by the mark price and rate known before this tick."""
        interval = self.spec.funding_interval_ms
        while 0 < self.next_funding_time_ms <= time_ms:
            self.fundings.append(FundingRow(self.next_funding_time_ms, self.funding_rate, self.mark_price))
            self.next_funding_time_ms += interval
        if not self.next_funding_time_ms:
            self.next_funding_time_ms = (time_ms // interval + 1) * interval

    def _trade(self, prints: Sequence[Print], time_ms: int, *, for_klines: bool) -> list[AggTrade]:
        first_id = self.last_trade_id + 1
        last = prints[-1]
        if for_klines:
            self.klines.add(prints, first_id)
            self.last_price = last.price
        self.last_quantity = last.quantity
        self.last_time_ms = time_ms
        self.last_trade_id += len(prints)
        merged: list[AggTrade] = []
        for trade_id, trade in enumerate(prints, first_id):
            self.trades.append(PublicTrade(trade_id, trade.price, trade.quantity, time_ms, trade.is_buyer_maker))
            self._merge(merged, trade, trade_id, time_ms)
        if not self._merge_ms:
            merged.extend(self.settle_trades(time_ms))
        return merged

    def _merge(self, done: list[AggTrade], trade: Print, trade_id: int, time_ms: int) -> None:
        last = self._open_trade
        if last is not None:
            if last.is_buyer_maker is trade.is_buyer_maker and last.price == trade.price:
                quantity = last.quantity + trade.quantity
                self._open_trade = msgspec.structs.replace(last, quantity=quantity, last_trade_id=trade_id)
                return
            self.agg_trades.append(last)
            done.append(last)
        self._last_agg_id += 1
        self._open_trade = AggTrade(
            self._last_agg_id, trade.price, trade.quantity, trade_id, trade_id, time_ms, trade.is_buyer_maker
        )

    def settle_trades(self, time_ms: int) -> list[AggTrade]:
        """Return the aggregate trade whose time is over by `time_ms`, if there is one."""
        last = self._open_trade
        if last is None or time_ms - last.time_ms < self._merge_ms:
            return []
        self._open_trade = None
        self.agg_trades.append(last)
        return [last]

    def close_kline(self) -> list[tuple[str, KlineBuild]]:
        """Close the open base kline; return every (interval, kline) that closed."""
        closed = self.klines.close_one()
        self._day.add(closed[0][1].row())
        self.mark_klines.close_one()
        self.index_klines.close_one()
        self.premium_klines.close_one()
        return closed

    # ---- what is shown -----------------------------------------------------------------------------------------------

    @property
    def mark_average(self) -> Decimal:
        """Moving average of the mark price, eight places; 0 before the first tick."""
        return eight_places(sum(self._marks, ZERO) / len(self._marks)) if self._marks else ZERO

    def day_row(self) -> KlineRow:
        """Return the last 24 hours as one row."""
        return self._day.with_open(self.klines.open_kline(self.klines.base_interval))
