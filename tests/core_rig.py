"""A rig around `Callback`: a market that is told price by price, and a venue whose every word is spoken by the test."""

from decimal import Decimal
from typing import Any

from tests.core_records import (
    MINUTE_MS,
    PREFIX,
    RULES,
    START_MS,
    calm_closes,
    dec,
    make_account_update,
    make_fill,
    make_history,
    make_kline,
    make_order,
    make_position,
    make_snapshot,
)
from trader_gui.callback import Callback
from trader_gui.decision.registry import make_strategy
from trader_gui.domain.account import AccountUpdate
from trader_gui.domain.order import (
    Order,
    OrderFamily,
    OrderOutcome,
    OrderStatus,
    OrderUpdate,
    OutcomeKind,
)
from trader_gui.domain.step import ApprovedOrder, EngineMode, FeedStatus, Message, ModeChange, Route, Step, Tick
from trader_gui.risk.gate import RiskGate, RiskLimits


class Rig:
    """A session of BTCUSDT 1m with 60 calm klines, flat, fresh and armed.

    Attributes:
        now_ms: Market time; `tick` moves it.
        elapsed_ms: Real time; `look` moves it.
        amount, entry_price: The position as the venue holds it.
        steps: Every step so far.
    """

    def __init__(
        self,
        *,
        closes: list[str] | None = None,
        mode: EngineMode = EngineMode.ACTIVE,
        limits: RiskLimits | None = None,
        parameters: dict[str, Any] | None = None,
        decision: Any = None,
        **callback_options: Any,
    ) -> None:
        closes = calm_closes() if closes is None else closes
        made, conditionals = make_strategy("bb_rv", "BTCUSDT", parameters)
        self.callback = Callback(
            "BTCUSDT",
            "1m",
            RULES,
            decision or made,
            conditionals,
            RiskGate(limits or RiskLimits(), PREFIX, 1),
            **callback_options,
        )
        self.steps: list[Step] = []
        self.amount = Decimal(0)
        self.entry_price = Decimal(0)
        self.price = dec(closes[-1]) if closes else Decimal(100_000)
        self.now_ms = START_MS + len(closes) * MINUTE_MS
        self.elapsed_ms = 0
        self._index = len(closes)
        self._trade_id = 0
        self._order_id = 9_007_199_254_740_993
        self._venue_ids: dict[str, int] = {}
        self.send(make_history(closes))
        self.send(make_snapshot())
        for route in Route:
            self.send(FeedStatus(route, True, 0))
        self.send(ModeChange(mode, "by_user", 0))

    # ---- market ----------------------------------------------------------------------------------------------------

    def send(self, message: Message) -> Step:
        """Put one message through the callback."""
        step = self.callback.step(message)
        self.steps.append(step)
        return step

    def tick(self, price: Any = None, after_ms: int = 250) -> Step:
        """Move the market clock and send a message of the open kline; klines close on the way."""
        self.now_ms += after_ms
        while self.now_ms >= START_MS + (self._index + 1) * MINUTE_MS:
            self.send(make_kline(self._index, self.price))
            self._index += 1
        self.price = self.price if price is None else dec(price)
        return self.send(make_kline(self._index, self.price, is_closed=False, event_time_ms=self.now_ms))

    def look(self, after_ms: int = 250) -> Step:
        """Move the real clock, and have the session look at it; the market stands still."""
        self.elapsed_ms += after_ms
        return self.send(Tick(self.elapsed_ms, self.now_ms))

    def limit(self, band: str) -> Decimal:
        """Return a band of the last closed kline."""
        sign = ">" if band.startswith("upper") else "<"
        told = next(step.conditions for step in reversed(self.steps) if step.conditions)
        conditions = {c.name: c for c in told}
        return Decimal(conditions[f"price {sign} {band}"].limit)

    # ---- venue -----------------------------------------------------------------------------------------------------

    def order(self, approved: ApprovedOrder, status: OrderStatus = OrderStatus.NEW, executed: Any = 0) -> Order:
        """Return the order as the venue would tell it now."""
        intent = approved.intent
        family = OrderFamily.ALGO if intent.order_type.is_conditional else OrderFamily.BOOK
        if approved.client_order_id not in self._venue_ids:
            self._order_id += 1
            self._venue_ids[approved.client_order_id] = self._order_id
        return make_order(
            approved.client_order_id,
            order_family=family,
            side=intent.side,
            order_type=intent.order_type,
            status=status,
            quantity=intent.quantity or dec(0),
            price=intent.price or dec(0),
            trigger_price=intent.trigger_price or dec(0),
            executed_quantity=dec(executed),
            reduce_only=intent.reduce_only,
            close_position=intent.close_position,
            order_id=self._venue_ids[approved.client_order_id],
            update_time_ms=self.now_ms,
        )

    def accept(self, approved: ApprovedOrder) -> Step:
        """Answer the request: accepted, resting."""
        return self.answer(approved, OutcomeKind.ACCEPTED, order=self.order(approved))

    def answer(
        self, approved: ApprovedOrder, kind: OutcomeKind, *, order: Order | None = None, code: int | None = None
    ) -> Step:
        """Answer the request."""
        return self.send(OrderOutcome(approved.client_order_id, kind, False, self.now_ms, order, code, "told"))

    def told_fill(
        self, approved: ApprovedOrder, quantity: Any, price: Any, done: Any = None
    ) -> tuple[AccountUpdate, OrderUpdate]:
        """Fill (a part of) an order at the venue; return its two events without sending them.

        `done` is what the order has executed with this fill; by default this fill is the first.
        """
        intent, quantity = approved.intent, dec(quantity)
        done = quantity if done is None else dec(done)
        self._move(intent.side.sign * quantity, dec(price))
        self._trade_id += 1
        total = intent.quantity if intent.quantity is not None else done
        status = OrderStatus.FILLED if done >= total else OrderStatus.PARTIALLY_FILLED
        order = self.order(approved, status, done)
        if order.order_family is OrderFamily.ALGO:
            self._order_id += 1
            order = make_order(
                approved.client_order_id,
                side=intent.side,
                status=status,
                quantity=done,
                executed_quantity=done,
                order_id=self._order_id,
                update_time_ms=self.now_ms,
            )
        fill = make_fill(
            self._trade_id,
            approved.client_order_id,
            side=intent.side,
            price=dec(price),
            quantity=quantity,
            trade_time_ms=self.now_ms,
        )
        account = make_account_update(make_position(self.amount, self.entry_price), time_ms=self.now_ms)
        return account, OrderUpdate(order, "TRADE", fill, self.now_ms, self.now_ms)

    def fill(self, approved: ApprovedOrder, quantity: Any = None, price: Any = None, done: Any = None) -> Step:
        """Fill (a part of) an order and tell it: account first, then order, as the venue does; return the last step."""
        quantity = approved.intent.quantity if quantity is None else quantity
        if quantity is None:
            quantity = abs(self.amount)
        price = self.price if price is None else price
        account, order = self.told_fill(approved, quantity, price, done)
        self.send(account)
        return self.send(order)

    def trade_by_hand(self, signed_quantity: Any) -> None:
        """Let somebody else trade the symbol on this account."""
        signed = dec(signed_quantity)
        self._move(signed, self.price)
        self._trade_id += 1
        self._order_id += 1
        order = make_order(
            f"web_{self._order_id}",
            side="BUY" if signed > 0 else "SELL",
            status=OrderStatus.FILLED,
            quantity=abs(signed),
            executed_quantity=abs(signed),
            order_id=self._order_id,
            update_time_ms=self.now_ms,
        )
        self.send(make_account_update(make_position(self.amount, self.entry_price), time_ms=self.now_ms))
        self.send(OrderUpdate(order, "TRADE", None, self.now_ms, self.now_ms))

    def _move(self, signed: Decimal, price: Decimal) -> None:
        if self.amount * signed >= 0:
            total = self.amount + signed
            self.entry_price = (self.entry_price * abs(self.amount) + price * abs(signed)) / abs(total)
        elif abs(signed) > abs(self.amount):
            self.entry_price = price
        self.amount += signed

    # ---- short cuts ------------------------------------------------------------------------------------------------

    def approved(self, *purposes: Any) -> list[ApprovedOrder]:
        """Return all orders that passed the gate so far, of these purposes when given."""
        found = [a for s in self.steps for a in s.approved if isinstance(a, ApprovedOrder)]
        return [a for a in found if not purposes or a.intent.purpose in purposes]

    def enter_long(self) -> ApprovedOrder:
        """Let the price cross the upper inner band; return the entry order, not yet answered."""
        self.tick()
        step = self.tick(self.limit("upper_inner") + 1)
        (entry,) = step.approved
        assert isinstance(entry, ApprovedOrder)
        return entry

    def naked_long(self) -> ApprovedOrder:
        """Enter and fill at 100000; return the protective stop, not yet answered."""
        entry = self.enter_long()
        self.accept(entry)
        (protection,) = self.fill(entry, price=100_000).approved
        assert isinstance(protection, ApprovedOrder)
        return protection

    def hold_long(self) -> ApprovedOrder:
        """Enter, fill at 100000, and have the protective stop accepted; return the stop."""
        protection = self.naked_long()
        self.accept(protection)
        return protection
