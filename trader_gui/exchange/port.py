"""What a session needs of any venue: `MarketReader` and `OrderPort` for calls, `StreamSource` for pushed messages.

Every method may raise `VenueError`; those that change something may raise `OutcomeUnknownError`, which means *ask*.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

import msgspec

from trader_gui.domain.account import AccountSnapshot, MarginType, PositionKey, SymbolConfig
from trader_gui.domain.market import DayTicker, DepthSnapshot, FundingRate, Kline
from trader_gui.domain.order import Fill, Order, OrderFamily, PastOrder
from trader_gui.domain.step import ApprovedAmend, ApprovedCancel, ApprovedOrder, Message, Route
from trader_gui.domain.symbol import SymbolRules
from trader_gui.errors import VenueError


class CommissionRate(msgspec.Struct, frozen=True):
    """Commission of the account on one symbol, fractions (0.0005 is 0.05 %)."""

    symbol: str
    maker_fraction: Decimal
    taker_fraction: Decimal


class LeverageBracket(msgspec.Struct, frozen=True):
    """One notional bracket: quote asset from `notional_floor` up to `notional_cap`."""

    notional_floor: Decimal
    notional_cap: Decimal
    maintenance_margin_fraction: Decimal
    maintenance_amount: Decimal
    max_leverage: int


class IncomeRow(msgspec.Struct, frozen=True, gc=False):  # kept by the thousand
    """One change of the wallet; (income type, transaction id) is its identity.

    Attributes:
        symbol: "" when it is of none.
        income_type: As the venue spells it (FUNDING_FEE, ...).
        income: Paid is negative, in `asset`.
        trade_id: The execution that it belongs to; None for what is of none.
    """

    symbol: str
    income_type: str
    income: Decimal
    asset: str
    time_ms: int
    transaction_id: int
    trade_id: int | None = None


class AssetRow(msgspec.Struct, frozen=True):
    """One asset of the futures wallet as the venue adds it up, all amounts in the asset.

    Attributes:
        cross_wallet_balance: Of the wallet, what isolated positions do not hold.
        available_balance: What a new order may use.
        unrealized_pnl: Of open positions.
        margin_balance: Wallet and unrealised result.
        maintenance_margin: When `margin_balance` is no more than this, positions are liquidated.
    """

    asset: str
    wallet_balance: Decimal
    cross_wallet_balance: Decimal
    available_balance: Decimal
    unrealized_pnl: Decimal
    margin_balance: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    update_time_ms: int


class OrderName(msgspec.Struct, frozen=True):
    """Under which id the venue executes an order, and by which we or others called it.

    `order_id` is None for a conditional order that no order of the book came of yet.
    """

    order_id: int | None
    client_order_id: str


class PaceMarker(msgspec.Struct, frozen=True):
    """The simulated exchange, at speed `max`, has sent all of a round on this route and waits for our answer."""

    route: Route
    number: int


class DataEnd(msgspec.Struct, frozen=True):
    """The simulated exchange has come to the end of its data; nothing follows on this route."""

    route: Route


class StreamStatus(msgspec.Struct, frozen=True):
    """A route connected, lost its connection, or still has none.

    Told once more as connected, it may have missed something: its socket was replaced, or an event was lost.

    Attributes:
        detail: A code, followed by a colon and the venue's or the system's own words where there are any: `connected`,
            or why the socket was lost, replaced, or cannot be opened (`closed: 1001 going away`, `silent`).
    """

    route: Route
    is_connected: bool
    detail: str


@dataclass(slots=True)
class StreamLife:
    """What a stream sees of its own sockets, updated in place on the loop's thread.

    Attributes:
        alive_ns: Monotonic time of the last proof that the other end is there, a frame or a pong; 0 before the first.
        replaced: How often a socket was opened in another's place, before or after the other was lost.
        reason: Why the last time, as `StreamStatus.detail`; "" before.
    """

    alive_ns: int = 0
    replaced: int = 0
    reason: str = ""


StreamItem = Message | PaceMarker | DataEnd | StreamStatus
"""What a stream hands to the session's queue, together with the monotonic receive time in ns."""

Deliver = Callable[[StreamItem, int], None]
"""Called on the loop's thread for every item: (item, received_ns). It must not block and must not raise."""


class MarketReader(Protocol):
    """Public data by request. Times are venue milliseconds."""

    async def server_time_ms(self) -> int: ...
    async def symbol_rules(self) -> dict[str, SymbolRules]: ...
    async def klines(
        self,
        symbol: str,
        interval: str,
        *,
        limit: int,
        start_time_ms: int | None = None,
        end_time_ms: int | None = None,
    ) -> tuple[Kline, ...]:
        """Return up to 1500 klines, oldest first; the last may be still open (`is_closed` False)."""

    async def depth(self, symbol: str, *, limit: int = 1000) -> DepthSnapshot: ...
    async def funding_rates(self, symbol: str, *, limit: int = 1000) -> tuple[FundingRate, ...]:
        """Return the last fundings that were paid, oldest first, at most 1000."""

    async def day_tickers(self) -> dict[str, DayTicker]:
        """Return the last price of every symbol and how it has changed in 24 hours."""


class OrderPort(Protocol):
    """The account's orders. Only approved orders, amendments and cancels go in."""

    async def symbol_rules(self) -> dict[str, SymbolRules]:
        """Return the trading rules of every symbol of the host that orders go to."""

    def bars(self, approved: ApprovedOrder | ApprovedAmend) -> VenueError | None:
        """Return why it could not be sent now (a ban, a pause, no room in the budget), None when it could."""

    async def place(self, approved: ApprovedOrder) -> Order:
        """Send one order once; an `OutcomeUnknownError` leaves it to `query_order`."""

    async def amend(self, approved: ApprovedAmend) -> Order:
        """Change one order's price and size once; an `OutcomeUnknownError` leaves it to `query_order`."""

    async def cancel(self, approved: ApprovedCancel) -> Order | None:
        """Cancel one order; the order as answered, None where the venue answers without one (Algo service)."""

    async def query_order(self, symbol: str, client_order_id: str, family: OrderFamily) -> Order | None:
        """Return the order, or None when the venue says that it does not know it (-2013; may lag a few seconds)."""

    async def order_by_id(self, symbol: str, order_id: int) -> Order | None:
        """Return an order of the book, anybody's of this account; None as for `query_order`."""

    async def open_orders(self, symbol: str, family: OrderFamily) -> tuple[Order, ...]:
        """Return the open orders of one family of a symbol; conditional ones that have triggered are no longer in."""

    async def set_countdown(self, symbol: str, countdown_ms: int) -> None:
        """Have the venue cancel every order of the book of `symbol` when it hears no more of this in time; 0 stops it.

        Conditional orders stay. It may be asked twice.
        """

    async def account_snapshot(self, symbol: str, *, orders_of: Collection[str] | None = None) -> AccountSnapshot:
        """Read balances, all positions, and open orders of both families; leverage and margin type of `symbol`.

        Args:
            symbol: The session's.
            orders_of: Only the open orders of these symbols, which costs much less than those of all (None).
        """

    async def fills(
        self, symbol: str, *, from_trade_id: int | None = None, start_time_ms: int | None = None
    ) -> tuple[Fill, ...]:
        """Return own executions, oldest first, at most 1000."""

    async def order_names(self, symbol: str) -> tuple[OrderName, ...]:
        """Return the names of recent orders in any state: of each family the newest 1000 of the last seven days."""

    async def income(self, *, start_time_ms: int, income_type: str | None = None) -> tuple[IncomeRow, ...]:
        """Return changes of the wallet since a time, oldest first, at most 1000."""

    async def commission_rate(self, symbol: str) -> CommissionRate: ...
    async def leverage_brackets(self, symbol: str) -> tuple[LeverageBracket, ...]: ...
    async def symbol_config(self, symbol: str) -> SymbolConfig:
        """Return the leverage and margin type that are set for a symbol; dated by this machine's clock."""

    async def is_hedge_mode(self) -> bool: ...
    async def set_leverage(self, symbol: str, leverage: int) -> None: ...
    async def set_margin_type(self, symbol: str, margin_type: MarginType) -> None: ...
    async def set_position_mode(self, *, is_hedge: bool) -> None: ...
    async def move_margin(self, key: PositionKey, amount: Decimal, *, adds: bool) -> None:
        """Add margin to an isolated position, or take some away, margin asset, > 0; never to be asked twice."""

    async def new_listen_key(self) -> str: ...
    async def renew_listen_key(self) -> str: ...


class HistoryPort(Protocol):
    """The account's past, by the span of time; all times are the venue's ms, both ends are meant to be included.

    What a method returns is whole: nothing of the span is missing. Rows come in no particular order.
    """

    async def past_orders(
        self, family: OrderFamily, symbol: str | None, start_ms: int, end_ms: int
    ) -> tuple[PastOrder, ...]:
        """Return the orders placed in a span, open ones too; conditional ones of one symbol only."""

    async def past_fills(self, symbol: str, start_ms: int, end_ms: int) -> tuple[Fill, ...]:
        """Return own executions of a span; their client order ids are ""."""

    async def past_income(self, start_ms: int, end_ms: int) -> tuple[IncomeRow, ...]:
        """Return what changed the wallet in a span, of all symbols."""

    async def assets(self) -> tuple[AssetRow, ...]:
        """Return the assets of the wallet as they are now."""


class StreamSource(Protocol):
    """One route's socket: `run` keeps it open until cancelled, reconnecting by itself.

    Owner: the session's TaskGroup runs `run`; cancelling it closes the socket.
    """

    @property
    def life(self) -> StreamLife:
        """What is known of the socket."""

    async def run(self) -> None: ...
    def replace(self, reason: str) -> None:
        """Open another socket in place of the present one, which is closed only then; `reason` is a code."""

    async def acknowledge_pace(self, number: int) -> None: ...


Clock = Callable[[], int]
Sleep = Callable[[float], Awaitable[None]]
