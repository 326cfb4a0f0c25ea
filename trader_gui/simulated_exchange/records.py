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
        is_trading: False while the market is halted: nothing can be ordered.
    """

    symbol: str
    time_ms: int
    prints: tuple[Print, ...]
    bids: tuple[PriceLevel, ...]
    asks: tuple[PriceLevel, ...]
    mark_price: Decimal
    index_price: Decimal
    funding_rate: Decimal
    is_trading: bool = True


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


class Older(Protocol):
    """Klines before the history of a market; see `older_klines`."""

    def rows(self, interval: str, limit: int, start_ms: int | None, end_ms: int | None) -> list[KlineRow]:
        """Return up to `limit` that are over before the history, from the start if one is given, else the newest."""

    def head(self, interval: str) -> KlineRow | None:
        """Return the part before the history of a kline that reaches into it; None when none does."""


class MarketSource(Protocol):
    """Where the prices of one symbol come from: generated, from a file, or pushed in. Same input, same ticks."""

    symbol: str
    start_time_ms: int
    """Market time of the first tick."""

    @property
    def is_recorded(self) -> bool:
        """Whether the klines stay the source's own, whatever the account trades."""

    def history(self) -> tuple[KlineRow, ...]:
        """Return closed klines of one interval before the first tick, without a gap, oldest first, at least 500."""

    def ticks(self) -> Iterator[MarketTick]:
        """Yield ticks with strictly rising times, each time from the first one.

        It ends at the data's end, never for a generated market, at once for one that is pushed in.
        """


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
    price_match: str = "NONE"
    stp_mode: str = "EXPIRE_MAKER"
    price_protect: bool = False
    activate_price: Decimal | None = None
    callback_rate: Decimal | None = None
    amendment_count: int = 0

    @property
    def avg_price(self) -> Decimal:
        """Average fill price, 0 while unfilled."""
        return self.cum_quote / self.executed_qty if self.executed_qty else Decimal(0)


class AlgoRow(msgspec.Struct):
    """A conditional order of the Algo service, mutable inside the core.

    `activate_price` and `callback_rate` (percent) only of trailing ones; `extreme_price` is the best price since they
    were placed.
    """

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
    price_match: str = "NONE"
    stp_mode: str = "EXPIRE_MAKER"
    good_till_date_ms: int = 0
    activate_price: Decimal | None = None
    callback_rate: Decimal | None = None
    is_activated: bool = False
    extreme_price: Decimal = Decimal(0)


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
    position_side: str = "BOTH"


class AmendmentRow(msgspec.Struct, frozen=True):
    """One change of an open order by its owner, as orderAmendment lists it; `count` is 1 for an order's first."""

    amendment_id: int
    symbol: str
    order_id: int
    client_order_id: str
    time_ms: int
    price_before: Decimal
    price_after: Decimal
    quantity_before: Decimal
    quantity_after: Decimal
    count: int
    modify_id: int | None


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


class MarginChange(msgspec.Struct, frozen=True):
    """One change of an isolated position's margin: `change_type` 1 added, 2 taken away; `delta_type` who did it."""

    symbol: str
    position_side: str
    change_type: int
    delta_type: str
    amount: Decimal
    asset: str
    time_ms: int


class OrderEvent(msgspec.Struct, frozen=True):
    """ORDER_TRADE_UPDATE: a copy of the order at that moment, with the fill when `execution_type` is TRADE.

    `bid_notional`, `ask_notional`: the account's open orders on the symbol after the event, reduce-only ones left out.
    `modify_id` belongs to the request that an AMENDMENT comes from.
    """

    order: OrderRow
    execution_type: str
    trade: TradeRow | None
    time_ms: int
    expiry_reason: str = "0"
    bid_notional: Decimal = Decimal(0)
    ask_notional: Decimal = Decimal(0)
    modify_id: int | None = None


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
    """ACCOUNT_UPDATE: only what changed; `symbol` of a funding, else ""."""

    reason: str
    balances: tuple[BalanceState, ...]
    positions: tuple[PositionState, ...]
    time_ms: int
    symbol: str = ""


class LeverageEvent(msgspec.Struct, frozen=True):
    """ACCOUNT_CONFIG_UPDATE of a leverage change."""

    symbol: str
    leverage: int
    time_ms: int


class AssetModeEvent(msgspec.Struct, frozen=True):
    """ACCOUNT_CONFIG_UPDATE of a change between single-asset and multi-assets mode."""

    is_multi_assets: bool
    time_ms: int


class CalledPosition(msgspec.Struct, frozen=True):
    """One position in a MARGIN_CALL."""

    position: PositionState
    mark_price: Decimal
    maint_margin: Decimal


class MarginCallEvent(msgspec.Struct, frozen=True):
    """MARGIN_CALL of an isolated position, or of all cross positions; the cross wallet is told of the latter."""

    positions: tuple[CalledPosition, ...]
    cross_wallet_balance: Decimal | None
    time_ms: int


class BookChange(msgspec.Struct, frozen=True):
    """The account's own orders changed the public book, or traded in it: what the public streams must show."""

    symbol: str
    prints: tuple[Print, ...]
    time_ms: int


VenueEvent: TypeAlias = (
    OrderEvent | AlgoEvent | AccountEvent | LeverageEvent | AssetModeEvent | MarginCallEvent | BookChange
)
