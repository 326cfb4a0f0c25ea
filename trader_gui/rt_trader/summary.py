"""The figures of a session, counted from its steps."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from trader_gui.callback import Callback
from trader_gui.domain.account import AccountSnapshot, AccountUpdate, PositionKey
from trader_gui.domain.market import Kline
from trader_gui.domain.order import Fill, OrderUpdate
from trader_gui.domain.step import Step


class Summary(msgspec.Struct, frozen=True):
    """A session in figures. Money in the quote asset.

    Attributes:
        klines: Closed klines received by the stream.
        messages: Messages worked off.
        trades: Times that the position came back to flat.
        commission: > 0 is paid.
        funding_fee: < 0 is paid.
        position_amount: Signed, base asset, at the end; of two legs the sum.
        entry_price: Of the one position, 0 when there is none or two.
        max_orders_in_flight: Most orders at a time of one symbol, owner and purpose that were not over.
        refusals: How often the gate said no, by code.
        differences: What journal and venue disagreed on at start, one line each.
    """

    profile: str
    symbol: str
    interval: str
    strategy: str
    klines: int
    messages: int
    orders: int
    fills: int
    trades: int
    realized_pnl: Decimal
    commission: Decimal
    funding_fee: Decimal
    start_wallet_balance: Decimal
    wallet_balance: Decimal
    position_amount: Decimal
    entry_price: Decimal
    unrealized_pnl: Decimal
    open_orders: int
    max_orders_in_flight: int
    refusals: dict[str, int]
    differences: tuple[str, ...]
    first_event_time_ms: int
    last_event_time_ms: int
    duration_s: float

    def as_json_object(self) -> dict[str, object]:
        """Return the figures with numbers as JSON numbers."""
        values: dict[str, object] = msgspec.structs.asdict(self)
        return {name: float(v) if isinstance(v, Decimal) else v for name, v in values.items()}


class Tally:
    """Counts while the session runs; every method is O(1).

    Args:
        symbol: Whose klines are counted.
    """

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self.messages = 0
        self.klines = 0
        self.fills = 0
        self.trades = 0
        self.realized_pnl = Decimal(0)
        self.commission = Decimal(0)
        self.funding_fee = Decimal(0)
        self.refusals: Counter[str] = Counter()
        self.first_event_time_ms = 0
        self.last_event_time_ms = 0
        self.max_orders_in_flight = 0
        self._newest_open_ms = -1
        self._seen_trade_ids: set[tuple[str, int]] = set()
        self._position_amounts: dict[PositionKey, Decimal] = {}

    def count(self, step: Step) -> None:
        """Take one step into account."""
        for refusal in step.refusals:
            self.refusals[refusal.code] += 1
        message = step.message
        if message is None:
            return
        self.messages += 1
        self.last_event_time_ms = step.event_time_ms or self.last_event_time_ms
        self.first_event_time_ms = self.first_event_time_ms or step.event_time_ms
        if isinstance(message, Kline):
            self._count_kline(message)
        elif isinstance(message, OrderUpdate):
            if message.fill is not None:
                self._count_fill(message.fill)
        elif isinstance(message, AccountUpdate):
            self._count_positions({p.key: p.position_amount for p in message.positions})
        elif isinstance(message, AccountSnapshot):
            flat = dict.fromkeys(self._position_amounts, Decimal(0))
            self._count_positions(flat | {p.key: p.position_amount for p in message.positions})

    def count_in_flight(self, orders: int) -> None:
        """Note how many orders of one symbol, owner and purpose were not over after an approval."""
        self.max_orders_in_flight = max(self.max_orders_in_flight, orders)

    def _count_kline(self, kline: Kline) -> None:
        """Count a closed kline once, although two sockets may tell it while one is replaced."""
        if kline.symbol == self._symbol and kline.is_closed and kline.open_time_ms > self._newest_open_ms:
            self._newest_open_ms = kline.open_time_ms
            self.klines += 1

    def _count_fill(self, fill: Fill) -> None:
        key = (fill.symbol, fill.trade_id)
        if key in self._seen_trade_ids:
            return
        self._seen_trade_ids.add(key)
        self.fills += 1
        self.realized_pnl += fill.realized_pnl
        self.commission += fill.commission

    def _count_positions(self, amounts: Mapping[PositionKey, Decimal]) -> None:
        for key, amount in amounts.items():
            if self._position_amounts.get(key) and not amount:
                self.trades += 1
            self._position_amounts[key] = amount


def summarize(
    tally: Tally,
    callback: Callback,
    *,
    profile: str,
    strategy: str,
    orders: int,
    start_wallet_balance: Decimal,
    differences: tuple[str, ...],
    duration_s: float,
) -> Summary:
    """Return the figures of a session as they stand."""
    legs = callback.account.legs(callback.symbol)
    balance = callback.account.balances.get(callback.rules.quote_asset)
    zero = Decimal(0)
    return Summary(
        profile=profile,
        symbol=callback.symbol,
        interval=callback.interval,
        strategy=strategy,
        klines=tally.klines,
        messages=tally.messages,
        orders=orders,
        fills=tally.fills,
        trades=tally.trades,
        realized_pnl=tally.realized_pnl,
        commission=tally.commission,
        funding_fee=tally.funding_fee,
        start_wallet_balance=start_wallet_balance,
        wallet_balance=balance.wallet_balance if balance is not None else zero,
        position_amount=sum((leg.position_amount for leg in legs), zero),
        entry_price=legs[0].entry_price if len(legs) == 1 else zero,
        unrealized_pnl=sum((leg.unrealized_pnl for leg in legs), zero),
        open_orders=len(callback.orders.open_orders(callback.symbol)),
        max_orders_in_flight=tally.max_orders_in_flight,
        refusals=dict(tally.refusals),
        differences=differences,
        first_event_time_ms=tally.first_event_time_ms,
        last_event_time_ms=tally.last_event_time_ms,
        duration_s=duration_s,
    )
