"""Hand-written stand-ins: a session without an exchange, around the real core, and the records to feed it with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from trader_gui.callback import Callback
from trader_gui.decision.registry import make_strategy
from trader_gui.domain.account import AccountSnapshot, AccountUpdate, Balance, MarginType, Position
from trader_gui.domain.client_order_id import make_client_order_id
from trader_gui.domain.market import (
    AggTrade,
    BookTicker,
    DepthSnapshot,
    DepthUpdate,
    Kline,
    KlineHistory,
    MarkPrice,
)
from trader_gui.domain.order import (
    CancelIntent,
    Fill,
    Order,
    OrderFamily,
    OrderIntent,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Origin,
    Purpose,
    Side,
    TimeInForce,
    WorkingType,
)
from trader_gui.domain.step import EngineMode, FeedStatus, Message, ModeChange, Refusal, Route, Step
from trader_gui.domain.symbol import SymbolRules
from trader_gui.risk.gate import RiskGate, RiskLimits
from trader_gui.rt_trader.status import SessionStatus

SYMBOL = "BTCUSDT"
PREFIX = "test1"
MINUTE_MS = 60_000
START_MS = 1_751_831_820_000
"""2025-07-06 19:57:00 UTC: open time of the kline that is open when a fake session starts."""
NS = 1_000_000_000


@dataclass(frozen=True)
class FakeProfile:
    """A profile by name."""

    name: str = "demo"


def btcusdt_rules() -> SymbolRules:
    """Return filters like the venue's of BTCUSDT."""
    return SymbolRules(
        symbol=SYMBOL,
        base_asset="BTC",
        quote_asset="USDT",
        margin_asset="USDT",
        status="TRADING",
        tick_size=Decimal("0.10"),
        min_price=Decimal("556.80"),
        max_price=Decimal("4529764"),
        step_size=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        max_quantity=Decimal("1000"),
        market_step_size=Decimal("0.001"),
        market_min_quantity=Decimal("0.001"),
        market_max_quantity=Decimal("120"),
        min_notional=Decimal("50"),
        percent_up=Decimal("1.05"),
        percent_down=Decimal("0.95"),
        max_open_orders=200,
    )


def kline(open_time_ms: int, close: str, *, is_closed: bool = True, event_time_ms: int | None = None) -> Kline:
    """Return a kline that opened half a step away from its close."""
    price = Decimal(close)
    step = Decimal("7.3") if (open_time_ms // MINUTE_MS) % 3 else Decimal("-5.1")
    return Kline(
        symbol=SYMBOL,
        interval="1m",
        open_time_ms=open_time_ms,
        close_time_ms=open_time_ms + MINUTE_MS - 1,
        open=price - step,
        high=price + 12,
        low=price - 14,
        close=price,
        volume=Decimal("12.345"),
        quote_volume=Decimal("1337000"),
        taker_buy_volume=Decimal("6.1"),
        trade_count=321,
        is_closed=is_closed,
        event_time_ms=open_time_ms + MINUTE_MS - 1 if event_time_ms is None else event_time_ms,
    )


def history(closes: Sequence[str]) -> KlineHistory:
    """Return closed klines that end just before `START_MS`."""
    first = START_MS - len(closes) * MINUTE_MS
    return KlineHistory(SYMBOL, "1m", tuple(kline(first + i * MINUTE_MS, c) for i, c in enumerate(closes)))


def wave(count: int) -> list[str]:
    """Return closes of a slow wave with a little noise, no randomness in it."""
    return [str(Decimal(108_300 + 120 * ((i % 40) - 20) // 20 + (i * 7919 % 61) - 30)) for i in range(count)]


def position(amount: str = "0.010", entry: str = "108367.6", **more: Any) -> Position:
    """Return a position, in BTCUSDT unless told otherwise."""
    values: dict[str, Any] = {
        "symbol": SYMBOL,
        "break_even_price": Decimal(entry) + Decimal("108.4"),
        "liquidation_price": Decimal("97922.5"),
        "leverage": 10,
        "margin_type": MarginType.ISOLATED,
        "isolated_wallet": Decimal("108.37"),
    }
    values.update(more)
    amounts = {"position_amount": Decimal(amount), "entry_price": Decimal(entry), "unrealized_pnl": Decimal("0.82")}
    return Position(**amounts, **values)


def order(
    sequence: int,
    side: Side = Side.SELL,
    order_type: OrderType = OrderType.LIMIT,
    *,
    purpose: Purpose = Purpose.ENTRY,
    origin: Origin = Origin.HAND,
    status: OrderStatus = OrderStatus.NEW,
    quantity: str = "0.010",
    price: str = "0",
    trigger: str = "0",
    **more: Any,
) -> Order:
    """Return an open BTCUSDT order of this installation."""
    values: dict[str, Any] = {
        "symbol": SYMBOL,
        "client_order_id": make_client_order_id(PREFIX, origin, purpose, sequence),
        "order_family": OrderFamily.ALGO if order_type.is_conditional else OrderFamily.BOOK,
        "side": side,
        "order_type": order_type,
        "status": status,
        "quantity": Decimal(quantity),
        "price": Decimal(price),
        "trigger_price": Decimal(trigger),
        "executed_quantity": Decimal(0),
        "average_price": Decimal(0),
        "time_in_force": TimeInForce.GTC,
        "reduce_only": purpose is not Purpose.ENTRY,
        "close_position": purpose is Purpose.PROTECTION,
        "working_type": WorkingType.CONTRACT_PRICE,
        "update_time_ms": START_MS + sequence,
        "order_id": 2**53 + sequence,
        "origin": origin,
        "purpose": purpose,
    }
    values.update(more)
    return Order(**values)


def stop_loss(sequence: int = 2, trigger: str = "108248.4", **more: Any) -> Order:
    """Return the engine's stop of a long position."""
    options: dict[str, Any] = {"purpose": Purpose.PROTECTION, "origin": Origin.ENGINE, "trigger": trigger}
    options.update(more)
    return order(sequence, Side.SELL, OrderType.STOP_MARKET, **options)


def fill(trade_id: int, of: Order, quantity: str, price: str, realized: str = "0", fee: str = "0.38") -> OrderUpdate:
    """Return the order event that tells of one execution."""
    executed = of.executed_quantity + Decimal(quantity)
    status = OrderStatus.FILLED if executed == of.quantity else OrderStatus.PARTIALLY_FILLED
    time_ms = START_MS + 1000 + trade_id
    changed = {"executed_quantity": executed, "average_price": Decimal(price), "status": status}
    record = Fill(
        symbol=of.symbol,
        trade_id=trade_id,
        order_id=of.order_id or 0,
        client_order_id=of.client_order_id,
        side=of.side,
        price=Decimal(price),
        quantity=Decimal(quantity),
        commission=Decimal(fee),
        commission_asset="USDT",
        realized_pnl=Decimal(realized),
        is_maker=False,
        trade_time_ms=time_ms,
    )
    values = {name: getattr(of, name) for name in Order.__struct_fields__}
    values.update(changed)
    return OrderUpdate(Order(**values), "TRADE", record, time_ms, time_ms)


def snapshot(
    positions: Sequence[Position] = (),
    orders: Sequence[Order] = (),
    wallet_balance: str = "9984.20",
    *,
    taken_ms: int = START_MS,
) -> AccountSnapshot:
    """Return a whole account, asked for at `taken_ms`."""
    balance = Balance("USDT", Decimal(wallet_balance), Decimal(wallet_balance), Decimal("9875.83"))
    return AccountSnapshot((balance,), tuple(positions), tuple(orders), taken_ms)


def account_update(positions: Sequence[Position], wallet_balance: str = "9984.20") -> AccountUpdate:
    """Return the account event after a fill."""
    balance = Balance("USDT", Decimal(wallet_balance), Decimal(wallet_balance))
    return AccountUpdate("ORDER", (balance,), (Decimal(0),), tuple(positions), START_MS + 2000, START_MS + 2000)


def mark_price(price: str = "108449.8", funding: str = "0.00010000", in_s: int = 14_537) -> MarkPrice:
    """Return a mark price; funding is due `in_s` seconds after its event time."""
    time_ms = START_MS + 43_000
    return MarkPrice(SYMBOL, Decimal(price), Decimal(price), Decimal(funding), time_ms + in_s * 1000, time_ms)


def book_snapshot(best_bid: str = "108451.1", levels: int = 40) -> DepthSnapshot:
    """Return a book with a spread of one tick and sizes that differ."""
    tick, bid = Decimal("0.1"), Decimal(best_bid)
    sizes = [Decimal(1 + (i * 7919) % 5400) / 1000 for i in range(2 * levels)]
    gaps = [(i * 31) % 3 for i in range(levels)]
    offsets = [sum(gaps[: i + 1]) + i for i in range(levels)]
    bids = tuple((bid - tick * o, sizes[i]) for i, o in enumerate(offsets))
    asks = tuple((bid + tick * (1 + o), sizes[levels + i]) for i, o in enumerate(offsets))
    return DepthSnapshot(SYMBOL, 1000, bids, asks)


def agg_trade(number: int, price: str = "108451.2", quantity: str = "0.015") -> AggTrade:
    """Return a public trade; odd numbers are sells."""
    time_ms = START_MS + number * 100
    return AggTrade(SYMBOL, number, Decimal(price), Decimal(quantity), bool(number % 2), time_ms, time_ms)


@dataclass
class FakeTrader:
    """A session as the window sees it: real core, real status record, commands that are only written down.

    Attributes:
        commands: (name, arguments) of what was asked for, in order.
        now_ns: What the bridge's clock shall read.
        history: Where the past is read; None reads none.
    """

    profile: FakeProfile = field(default_factory=FakeProfile)
    symbol: str = SYMBOL
    interval: str = "1m"
    rules: SymbolRules = field(default_factory=btcusdt_rules)
    is_ready: bool = True
    now_ns: int = 100 * NS
    status: SessionStatus = field(default_factory=SessionStatus)
    commands: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    history: Any = None

    def __post_init__(self) -> None:
        decision, conditionals = make_strategy("bb_rv", self.symbol)
        gate = RiskGate(RiskLimits(), PREFIX, 1)
        self.callback = Callback(self.symbol, self.interval, self.rules, decision, conditionals, gate)
        self._observers: list[Callable[[Step], None]] = []

    def clock(self) -> int:
        """Return the fake monotonic time."""
        return self.now_ns

    def add_observer(self, observer: Callable[[Step], None]) -> None:
        self._observers.append(observer)

    # ---- what happens ------------------------------------------------------------------------------------------------

    def feed(self, *messages: Message) -> list[Step]:
        """Put messages through the core and tell the observers."""
        return [self._tell(self.callback.step(message)) for message in messages]

    def _tell(self, step: Step) -> Step:
        self.status.venue_time_ms = step.event_time_ms or self.status.venue_time_ms
        for observer in self._observers:
            observer(step)
        return step

    def run_quietly(self) -> None:
        """Reach a running session: klines, account, marks, book, all routes fresh."""
        self.status.phase = "running"
        self.status.day_start_equity = Decimal("10000")
        self.status.rest_latency_ms, self.status.clock_offset_ms = 42.3, 18.0
        self.status.weight_used, self.status.orders_used = 312, 4
        self.feed(history(wave(120)), snapshot(), mark_price())
        for route in Route:
            self.set_route(route, is_connected=True, is_fresh=True)
        depth = book_snapshot()
        self.feed(depth, DepthUpdate(SYMBOL, 1000, 1001, 999, (), (), START_MS + 42_900))
        self.feed(BookTicker(SYMBOL, 1001, Decimal("108451.1"), Decimal(5), Decimal("108451.2"), Decimal(9), START_MS))
        self.feed(*(agg_trade(n) for n in range(1, 41)))
        self.tick("108451.2", 43_000)

    def tick(self, price: str, after_ms: int = 43_250) -> Step:
        """Feed the open kline with a new close."""
        return self.feed(kline(START_MS, price, is_closed=False, event_time_ms=START_MS + after_ms))[0]

    def set_route(self, route: Route, *, is_connected: bool, is_fresh: bool, age_s: float = 0.2) -> None:
        """Change a route, as the session's watch does."""
        status = self.status.routes[route]
        status.is_connected, status.is_fresh = is_connected, is_fresh
        status.last_received_ns = self.now_ns - int(age_s * NS)
        self.feed(FeedStatus(route, is_fresh, self.callback.now_ms))

    def set_mode(self, mode: EngineMode, reason: str = "by_user", armed_s: float | None = None) -> None:
        """Arm, reduce or halt the engine."""
        self.status.armed_until_ns = None if armed_s is None else self.now_ns + int(armed_s * NS)
        self.feed(ModeChange(mode, reason, self.callback.now_ms))

    # ---- commands ----------------------------------------------------------------------------------------------------

    async def arm(self, duration_s: float | None) -> tuple[Refusal, ...]:
        self.commands.append(("arm", (duration_s,)))
        self.set_mode(EngineMode.ACTIVE, armed_s=duration_s)
        return ()

    async def disarm(self, reason: str = "by_user") -> None:
        self.commands.append(("disarm", (reason,)))
        self.set_mode(EngineMode.HALTED, reason)

    async def submit(self, intent: OrderIntent) -> Step:
        self.commands.append(("submit", (intent,)))
        return self._tell(self.callback.request([intent]))

    async def cancel(self, which: Order) -> Step:
        self.commands.append(("cancel", (which,)))
        wish = CancelIntent(
            which.symbol, which.client_order_id, which.order_family, Origin.HAND, "by_hand", self.callback.now_ms
        )
        return self._tell(self.callback.request([wish]))

    async def cancel_entries(self) -> None:
        self.commands.append(("cancel_entries", ()))

    def check_account(self) -> None:
        self.commands.append(("check_account", ()))

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        self.commands.append(("set_leverage", (symbol, leverage)))

    async def set_margin_type(self, symbol: str, margin_type: MarginType) -> None:
        self.commands.append(("set_margin_type", (symbol, margin_type)))
