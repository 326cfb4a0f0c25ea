"""The public picture of one symbol: trades, klines, book, mark price, as streams and requests show it.

Fed by market ticks and by what the account's own orders do to the book; holds no socket and no clock.
"""

from collections import deque
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from trader_gui.simulated_exchange.klines import KlineBook, KlineBuild, RollingDay
from trader_gui.simulated_exchange.records import KlineRow, MarketTick, PriceLevel, Print, SymbolSpec

KEPT_TRADES = 1000
FIRST_UPDATE_ID = 9_000_000_000


class PublicTrade(msgspec.Struct, frozen=True):
    """One public trade."""

    trade_id: int
    price: Decimal
    quantity: Decimal
    time_ms: int
    is_buyer_maker: bool


class AggTrade(msgspec.Struct, frozen=True):
    """Trades of one tick, price and aggressor side, merged."""

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


class DiffStream:
    """Changes of one book collected for one diff-depth stream; two streams of other speeds collect apart."""

    def __init__(self, update_id: int) -> None:
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}
        self._first_id = 0
        self._last_id = update_id
        self._sent_id = update_id

    def collect(self, first_id: int, last_id: int, bids: Sequence[PriceLevel], asks: Sequence[PriceLevel]) -> None:
        """Add a change of the book."""
        if not self._first_id:
            self._first_id = first_id
        self._last_id = last_id
        self._bids.update(bids)
        self._asks.update(asks)

    def take(self) -> tuple[tuple[int, int, int], tuple[list[PriceLevel], list[PriceLevel]]] | None:
        """Return ((U, u, pu), (bids, asks)) of all that was collected and start anew; None when nothing changed."""
        if not self._first_id:
            return None
        ids = (self._first_id, self._last_id, self._sent_id)
        sides = (list(self._bids.items()), list(self._asks.items()))
        self._sent_id = self._last_id
        self._first_id = 0
        self._bids, self._asks = {}, {}
        return ids, sides


class BookImage:
    """The public book as last looked at, with the venue's update ids.

    Attributes:
        bids, asks: Best first.
        update_id: Goes up by one with every level that changed.
    """

    def __init__(self) -> None:
        self.bids: Sequence[PriceLevel] = ()
        self.asks: Sequence[PriceLevel] = ()
        self.update_id = FIRST_UPDATE_ID
        self._streams: dict[str, DiffStream] = {}

    def stream(self, name: str) -> DiffStream:
        """Return the diff stream of that name, begun at the present image when it is new."""
        if name not in self._streams:
            self._streams[name] = DiffStream(self.update_id)
        return self._streams[name]

    def drop_stream(self, name: str) -> None:
        """Forget a diff stream that nobody listens to."""
        self._streams.pop(name, None)

    def refresh(self, bids: Sequence[PriceLevel], asks: Sequence[PriceLevel]) -> None:
        """Take a new image; every level that differs is a change."""
        bid_changes = _changes(self.bids, bids, descending=True)
        ask_changes = _changes(self.asks, asks, descending=False)
        self.bids, self.asks = bids, asks
        count = len(bid_changes) + len(ask_changes)
        if not count:
            return
        first_id = self.update_id + 1
        self.update_id += count
        for stream in self._streams.values():
            stream.collect(first_id, self.update_id, bid_changes, ask_changes)


def _changes(old: Sequence[PriceLevel], new: Sequence[PriceLevel], *, descending: bool) -> list[PriceLevel]:
    """Return what turns `old` into `new`: absolute quantities, 0 for a level that went. Both best first."""
    if old is new:
        return []
    changes: list[PriceLevel] = []
    position, end = 0, len(old)
    for level in new:
        price = level[0]
        while position < end:
            gone = old[position]
            if gone is level or gone[0] == price:
                break
            if (gone[0] > price) is not descending:
                break
            changes.append((gone[0], Decimal(0)))
            position += 1
        if position < end and (old[position] is level or old[position][0] == price):
            if old[position] is not level and old[position][1] != level[1]:
                changes.append(level)
            position += 1
        else:
            changes.append(level)
    changes.extend((gone[0], Decimal(0)) for gone in old[position:])
    return changes


class SymbolFeed:
    """All public data of one symbol.

    Attributes:
        klines: Klines of every interval.
        book: The public book, own resting orders included.
        trades, agg_trades: The newest, oldest first.
        fundings: Fundings since the start, oldest first.
        mark_price, index_price, funding_rate: Of the last tick, 0 before the first.
        last_price, last_quantity: Of the last trade.
        last_trade_id: Id of the last public trade.
    """

    def __init__(self, spec: SymbolSpec, history: Sequence[KlineRow], *, is_recorded: bool) -> None:
        self.symbol = spec.symbol
        self.spec = spec
        self.klines = KlineBook(history)
        self.book = BookImage()
        self.trades: deque[PublicTrade] = deque(maxlen=KEPT_TRADES)
        self.agg_trades: deque[AggTrade] = deque(maxlen=KEPT_TRADES)
        self.fundings: deque[FundingRow] = deque(maxlen=KEPT_TRADES)
        self.mark_price = self.index_price = self.funding_rate = Decimal(0)
        self.last_price = history[-1].close
        self.last_quantity = Decimal(0)
        self.next_funding_time_ms = 0
        self._is_recorded = is_recorded
        self._day = RollingDay(history)
        self.last_trade_id = sum(row.trade_count for row in history)
        self._last_agg_id = self.last_trade_id // 2

    def on_tick(self, tick: MarketTick) -> list[AggTrade]:
        """Take in a tick; return its trades as aggregate trades."""
        interval = self.spec.funding_interval_ms
        if self.next_funding_time_ms and tick.time_ms >= self.next_funding_time_ms:
            self.fundings.append(FundingRow(self.next_funding_time_ms, self.funding_rate, tick.mark_price))
        self.next_funding_time_ms = (tick.time_ms // interval + 1) * interval
        self.mark_price = tick.mark_price
        self.index_price = tick.index_price
        self.funding_rate = tick.funding_rate
        return self._trade(tick.prints, tick.time_ms, for_klines=True)

    def on_own_prints(self, prints: Sequence[Print], time_ms: int) -> list[AggTrade]:
        """Take in trades that the account's orders made; a recorded market's klines stay as recorded."""
        return self._trade(prints, time_ms, for_klines=not self._is_recorded)

    def _trade(self, prints: Sequence[Print], time_ms: int, *, for_klines: bool) -> list[AggTrade]:
        if not prints:
            return []
        first_id = self.last_trade_id + 1
        if for_klines:
            self.klines.add(prints, first_id)
            self.last_price = prints[-1].price
        self.last_quantity = prints[-1].quantity
        self.last_trade_id += len(prints)
        merged: list[AggTrade] = []
        for trade_id, trade in enumerate(prints, first_id):
            self.trades.append(PublicTrade(trade_id, trade.price, trade.quantity, time_ms, trade.is_buyer_maker))
            self._merge(merged, trade, trade_id, time_ms)
        self.agg_trades.extend(merged)
        return merged

    def _merge(self, merged: list[AggTrade], trade: Print, trade_id: int, time_ms: int) -> None:
        last = merged[-1] if merged else None
        if last and last.price == trade.price and last.is_buyer_maker == trade.is_buyer_maker:
            quantity = last.quantity + trade.quantity
            merged[-1] = msgspec.structs.replace(last, quantity=quantity, last_trade_id=trade_id)
            return
        self._last_agg_id += 1
        merged.append(
            AggTrade(self._last_agg_id, trade.price, trade.quantity, trade_id, trade_id, time_ms, trade.is_buyer_maker)
        )

    def close_kline(self) -> list[tuple[str, KlineBuild]]:
        """Close the open base kline; return every (interval, kline) that closed."""
        closed = self.klines.close_one()
        self._day.add(closed[0][1].row())
        return closed

    def day_row(self) -> KlineRow:
        """Return the last 24 hours as one row."""
        return self._day.with_open(self.klines.open_kline(self.klines.base_interval))
