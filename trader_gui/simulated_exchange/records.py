"""Records that pass between the market source, the venue's core and the server. Decimal money, `_ms` market time."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol, TypeAlias

import msgspec


class VenueRefusal(Exception):
    """The venue refuses a request: error code, text, and the HTTP status that goes with it. Nothing was changed."""

    def __init__(self, code: int, message: str, http_status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.http_status = http_status


class Bracket(msgspec.Struct, frozen=True):
    """Leverage bracket; notionals in quote asset, `cum` the maintenance amount."""

    bracket: int
    initial_leverage: int
    notional_floor: Decimal
    notional_cap: Decimal
    maint_margin_ratio: Decimal
    cum: Decimal


class SymbolSpec(msgspec.Struct, frozen=True):
    """Everything the venue fixes about one symbol (the filters of exchangeInfo, brackets, funding interval)."""

    symbol: str
    base_asset: str
    quote_asset: str
    tick_size: Decimal
    min_price: Decimal
    max_price: Decimal
    step_size: Decimal
    min_qty: Decimal
    max_qty: Decimal
    market_max_qty: Decimal
    min_notional: Decimal
    multiplier_up: Decimal
    multiplier_down: Decimal
    market_take_bound: Decimal
    trigger_protect: Decimal
    liquidation_fee: Decimal
    max_num_orders: int
    brackets: tuple[Bracket, ...]
    funding_interval_ms: int = 28_800_000


PriceLevel: TypeAlias = tuple[Decimal, Decimal]


class Print(msgspec.Struct, frozen=True):
    """One public trade. `is_buyer_maker` True: the aggressor sold."""

    price: Decimal
    quantity: Decimal
    is_buyer_maker: bool


class MarketTick(msgspec.Struct, frozen=True):
    """The market at one instant: the trades since the last tick, and the book as other people's orders make it.

    Attributes:
        prints: Trades since the last tick, oldest first; may be empty.
        bids, asks: Other people's book, best first, at least 20 levels, never crossed; replaces the former one.
    """

    symbol: str
    time_ms: int
    prints: tuple[Print, ...]
    bids: tuple[PriceLevel, ...]
    asks: tuple[PriceLevel, ...]
    mark_price: Decimal
    index_price: Decimal
    funding_rate: Decimal


class KlineRow(msgspec.Struct, frozen=True):
    """One kline as the market source knows it; `close_time_ms` = open + interval - 1."""

    open_time_ms: int
    close_time_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trade_count: int
    taker_buy_volume: Decimal
    taker_buy_quote_volume: Decimal


class MarketSource(Protocol):
    """Where prices come from: a seeded generator or a file of klines. Deterministic: same input, same ticks."""

    symbol: str
    start_time_ms: int
    """Market time of the first tick."""

    def history(self) -> tuple[KlineRow, ...]:
        """Return closed 1m klines before the first tick, oldest first, at least 500 (1500 for the generator)."""

    def ticks(self) -> Iterator[MarketTick]:
        """Yield ticks with strictly rising times; ends at the data's end, never for the generator."""


# ---- what the core emits; the server's wire module turns each into the venue's JSON -------------------------------


class OrderRow(msgspec.Struct):
    """An order of the book, mutable inside the core; the server reads it to answer queries."""

    order_id: int
    client_order_id: str
    symbol: str
    side: str
    order_type: str
    time_in_force: str
    orig_qty: Decimal
    price: Decimal
    status: str
    reduce_only: bool
    time_ms: int
    update_time_ms: int
    executed_qty: Decimal = Decimal(0)
    cum_quote: Decimal = Decimal(0)
    good_till_date_ms: int = 0
    orig_type: str = ""
    close_position: bool = False
    stop_price: Decimal = Decimal(0)
    working_type: str = "CONTRACT_PRICE"
    position_side: str = "BOTH"

    @property
    def avg_price(self) -> Decimal:
        """Average fill price, 0 while unfilled."""
        return self.cum_quote / self.executed_qty if self.executed_qty else Decimal(0)


class AlgoRow(msgspec.Struct):
    """A conditional order of the Algo service, mutable inside the core."""

    algo_id: int
    client_algo_id: str
    symbol: str
    side: str
    order_type: str
    time_in_force: str
    quantity: Decimal
    trigger_price: Decimal
    price: Decimal
    working_type: str
    close_position: bool
    price_protect: bool
    reduce_only: bool
    algo_status: str
    create_time_ms: int
    update_time_ms: int
    trigger_time_ms: int = 0
    actual_order_id: int | None = None
    actual_type: str = ""
    actual_price: Decimal = Decimal(0)
    actual_qty: Decimal = Decimal(0)
    reason: str = ""
    position_side: str = "BOTH"


class TradeRow(msgspec.Struct, frozen=True):
    """One own execution, as userTrades lists it; `commission` > 0 is paid."""

    trade_id: int
    order_id: int
    client_order_id: str
    symbol: str
    side: str
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    realized_pnl: Decimal
    is_maker: bool
    time_ms: int


class IncomeEntry(msgspec.Struct, frozen=True):
    """One change of the wallet; paid is negative."""

    symbol: str
    income_type: str
    income: Decimal
    asset: str
    info: str
    time_ms: int
    tran_id: int
    trade_id: str


class OrderEvent(msgspec.Struct, frozen=True):
    """ORDER_TRADE_UPDATE: a copy of the order at that moment, with the fill when `execution_type` is TRADE."""

    order: OrderRow
    execution_type: str
    trade: TradeRow | None
    time_ms: int
    expiry_reason: str = "0"


class AlgoEvent(msgspec.Struct, frozen=True):
    """ALGO_UPDATE: a copy of the conditional order as it was at that moment."""

    algo: AlgoRow
    time_ms: int


class BalanceState(msgspec.Struct, frozen=True):
    """One asset in an ACCOUNT_UPDATE."""

    asset: str
    wallet_balance: Decimal
    cross_wallet_balance: Decimal
    balance_change: Decimal


class PositionState(msgspec.Struct, frozen=True):
    """One position in an ACCOUNT_UPDATE."""

    symbol: str
    position_amount: Decimal
    entry_price: Decimal
    break_even_price: Decimal
    accumulated_realized: Decimal
    unrealized_pnl: Decimal
    margin_type: str
    isolated_wallet: Decimal
    position_side: str = "BOTH"


class AccountEvent(msgspec.Struct, frozen=True):
    """ACCOUNT_UPDATE: only what changed."""

    reason: str
    balances: tuple[BalanceState, ...]
    positions: tuple[PositionState, ...]
    time_ms: int


class LeverageEvent(msgspec.Struct, frozen=True):
    """ACCOUNT_CONFIG_UPDATE of a leverage change."""

    symbol: str
    leverage: int
    time_ms: int


class MarginCallEvent(msgspec.Struct, frozen=True):
    """MARGIN_CALL of one position."""

    position: PositionState
    cross_wallet_balance: Decimal
    mark_price: Decimal
    maint_margin: Decimal
    time_ms: int


class BookChange(msgspec.Struct, frozen=True):
    """The account's own orders changed the public book, or traded in it: what the public streams must show."""

    symbol: str
    prints: tuple[Print, ...]
    time_ms: int


VenueEvent: TypeAlias = OrderEvent | AlgoEvent | AccountEvent | LeverageEvent | MarginCallEvent | BookChange
