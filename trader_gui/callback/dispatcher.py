"""The dispatcher. One message in, one `Step` out, by the same road for live, paper, replay and backtest.

It is the sole caller of collectors, conditionals, decision and gate, in that order, and holds no rule of its own. All
that is decided follows from messages and their event times, so the same messages give the same steps.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from trader_gui.callback.conditional_set import ConditionalSet
from trader_gui.callback.contexts import bracket_context, decision_context, protection_context, risk_context
from trader_gui.callback.routing import STREAMED, Next
from trader_gui.callback.step_maker import StepMaker
from trader_gui.collectors.account_update import AccountUpdateCollector
from trader_gui.collectors.agg_trade import AggTradeCollector
from trader_gui.collectors.book_ticker import BookTickerCollector
from trader_gui.collectors.kline import KlineCollector, RealTimeKlineCollector
from trader_gui.collectors.mark_price import MarkPriceCollector
from trader_gui.collectors.order_book import OrderBookCollector
from trader_gui.collectors.order_update import OrderUpdateCollector
from trader_gui.collectors.symbol_market import SymbolMarkets
from trader_gui.collectors.symbol_rules import SymbolRulesCollector
from trader_gui.conditionals.conditional import Conditional
from trader_gui.decision.decision import Decision
from trader_gui.decision.engine_ledger import EngineLedger, RoundTrip
from trader_gui.domain.account import (
    AccountSnapshot,
    AccountUpdate,
    LeverageUpdate,
    MarginCall,
    PositionMode,
    SymbolConfig,
)
from trader_gui.domain.bracket import BracketsLeft
from trader_gui.domain.market import AggTrade, BookTicker, DepthSnapshot, DepthUpdate, Kline, KlineHistory, MarkPrice
from trader_gui.domain.order import (
    FillHistory,
    Order,
    OrderIntent,
    OrderOutcome,
    OrdersInDoubt,
    OrderUpdate,
    Origin,
    OutcomeKind,
    Purpose,
)
from trader_gui.domain.step import (
    Approved,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    Condition,
    EntryBlock,
    Evaluation,
    FeedStatus,
    Message,
    ModeChange,
    Refusal,
    Route,
    Step,
    Tick,
    Wish,
)
from trader_gui.domain.symbol import RulesUpdate, SymbolRules
from trader_gui.errors import BugError
from trader_gui.risk.brackets import Brackets
from trader_gui.risk.day_result import DayResult
from trader_gui.risk.gate import RiskContext, RiskGate
from trader_gui.risk.protection import ProtectionAction, ProtectionPolicy

Answer: TypeAlias = Approved | Refusal

_ZERO = Decimal(0)
_NO_EVALUATION: tuple[tuple[Condition, ...], Evaluation | None] = ((), None)


class Callback:
    """The pure core of a session of one symbol and interval.

    Args:
        rules: Of the symbol; those of the others, and every change, come as `RulesUpdate`.
        decision, conditionals: The strategy.
        gate: The risk gate; its mode is changed by `ModeChange`.
        kline_capacity: Closed klines kept.
        protection_action: What is done when no stop of the engine's position, or of a bracket, is known in time.

    Attributes:
        now_ms: Newest event time of the venue's streams; 0 before the first.
        elapsed_ms: Real time since the session began, as the last `Tick` told it; None before the first.
        markets: Those of other symbols that are watched; nothing of them reaches rules or clock of the engine.
        protection: Keeps the engine's position under a stop; its `finding` is as of the last tick or word of it.
        brackets: Keeps the exits of entries by hand; as `protection`.
        routes_fresh: By route; all False until told.
        last_step_with_evaluation: For the condition board; None before the first.

    Owner: the session makes it and calls `step` and `request`; everybody else only reads.
    """

    def __init__(
        self,
        symbol: str,
        interval: str,
        rules: SymbolRules,
        decision: Decision,
        conditionals: Sequence[Conditional],
        gate: RiskGate,
        *,
        kline_capacity: int = 1500,
        protection_action: ProtectionAction = "close",
    ) -> None:
        self.symbol = symbol
        self.interval = interval
        self.gate = gate
        self.symbol_rules = SymbolRulesCollector(rules)
        self.klines = KlineCollector(symbol, interval, kline_capacity)
        self.open_kline = RealTimeKlineCollector(symbol, interval)
        self.mark_price = MarkPriceCollector(symbol)
        self.order_book = OrderBookCollector(symbol, rules.tick_size)
        self.agg_trades = AggTradeCollector(symbol)
        self.book_ticker = BookTickerCollector(symbol)
        self.markets = SymbolMarkets(symbol, self.symbol_rules.of)
        self.orders = OrderUpdateCollector(gate.prefix)
        self.account = AccountUpdateCollector()
        self.now_ms = 0
        self.elapsed_ms: int | None = None
        self.routes_fresh = dict.fromkeys(Route, False)
        self.last_step_with_evaluation: Step | None = None
        self._decision = decision
        self._conditionals = ConditionalSet(conditionals, self.klines)
        self._ledger = EngineLedger(symbol, rules.quote_asset)
        self.protection = ProtectionPolicy(decision.stop_price, protection_action)
        self.brackets = Brackets(self.orders, self.account, protection_action)
        self._day_result = DayResult(rules.quote_asset)
        self._steps = StepMaker(self.protection, self.brackets)
        self._engine_orders: tuple[int, tuple[Order, ...]] = (-1, ())
        self._handlers: dict[type, Callable[[Any], Next]] = {
            Kline: self._on_kline,
            KlineHistory: self._on_history,
            MarkPrice: self._quietly(self.mark_price.apply),
            BookTicker: self._quietly(self.book_ticker.apply),
            DepthUpdate: self._quietly(self.order_book.apply),
            DepthSnapshot: self._quietly(self.order_book.apply),
            AggTrade: self._quietly(self.agg_trades.apply),
            OrderUpdate: self._on_order_update,
            OrderOutcome: self._on_order_outcome,
            OrdersInDoubt: self._quietly(self.orders.apply),
            BracketsLeft: self._quietly(self.brackets.restore),
            FillHistory: self._on_fill_history,
            AccountUpdate: self._on_account_update,
            AccountSnapshot: self._on_account_snapshot,
            LeverageUpdate: self._quietly(self.account.apply),
            MarginCall: self._quietly(self.account.apply),
            PositionMode: self._quietly(self.account.apply),
            SymbolConfig: self._quietly(self.account.apply),
            RulesUpdate: self._on_rules,
            ModeChange: self._on_mode_change,
            EntryBlock: self._on_entry_block,
            FeedStatus: self._on_feed_status,
            Tick: self._on_tick,
        }

    @property
    def clock_ms(self) -> int:
        """What deadlines are measured by: real time, or in a session without ticks event time."""
        return self.now_ms if self.elapsed_ms is None else self.elapsed_ms

    @property
    def rules(self) -> SymbolRules:
        """The venue's filters of the session's symbol, as last told."""
        return self.symbol_rules.of(self.symbol)

    @property
    def engine_holds_position(self) -> bool:
        """Whether there is a position that the engine's own fills made, untouched by others."""
        return self._ledger.is_engine_position

    @property
    def engine_untold(self) -> frozenset[Purpose]:
        """Purposes of the engine with an execution whose new position the venue has not told yet."""
        return self._ledger.untold(self.now_ms)

    @property
    def engine_trades(self) -> tuple[RoundTrip, ...]:
        """The engine's round trips of this session, oldest first."""
        return tuple(self._ledger.round_trips)

    @property
    def last_price(self) -> Decimal | None:
        """Close of the open kline, or of the last closed one just after it closed; quote asset."""
        kline = self.open_kline.kline or self.klines.last
        return kline.close if kline is not None else None

    @property
    def result_today(self) -> Decimal:
        """Realised profit minus commission since 00:00 UTC, quote asset."""
        return self._day_result.at(self.now_ms)

    def step(self, message: Message) -> Step:
        """Take in one message and say what it led to.

        Raises:
            BugError: A message of a type that nothing here knows.
        """
        if self.markets.take(message):
            return self._steps.quiet(message, self.now_ms)
        handler = self._handlers.get(type(message))
        if handler is None:
            raise BugError(f"no handler for {type(message).__name__}")
        if type(message) in STREAMED:
            self.now_ms = max(self.now_ms, message.event_time_ms)  # type: ignore[union-attr]  # all of them have it
        following = handler(message)
        if following is Next.NOTHING:
            return self._steps.quiet(message, self.now_ms)
        event_time_ms = getattr(message, "event_time_ms", self.now_ms)
        wished: list[Wish] = []
        answers: list[Answer] = []
        found = self._steps.findings()
        of_engine = self.protection.wishes(protection_context(self, self._ledger))
        for wish in (*of_engine, *self.brackets.wishes(bracket_context(self))):
            self._put_to_gate(wish, wished, answers)
        evaluated = self._evaluate() if following is Next.EVALUATE else _NO_EVALUATION
        evaluation = evaluated[1]
        if evaluation is not None and evaluation.wanted is not None:
            self._put_to_gate(evaluation.wanted, wished, answers)
        step = self._steps.whole(message, event_time_ms, evaluated, wished, answers, found)
        if evaluation is not None:
            self.last_step_with_evaluation = step
        return step

    def request(self, wishes: Sequence[Wish]) -> Step:
        """Put wishes made by hand to the gate, one after the other."""
        wished: list[Wish] = []
        answers: list[Answer] = []
        for wish in wishes:
            self._put_to_gate(wish, wished, answers)
        return self._steps.whole(None, self.now_ms, _NO_EVALUATION, wished, answers, self._steps.findings())

    def risk_context(self, symbol: str) -> RiskContext:
        """Return what the gate may look at now when a wish names `symbol`."""
        return risk_context(self, self._ledger, symbol)

    # ---- rules and gate --------------------------------------------------------------------------------------------

    def _evaluate(self) -> tuple[tuple[Condition, ...], Evaluation]:
        price = float(self.last_price or _ZERO)
        conditions = self._conditionals.evaluate(price)
        context = decision_context(self, self._ledger, self._own_orders())
        return conditions, self._decision.decide({c.name: c for c in conditions}, context)

    def _put_to_gate(self, wish: Wish, wished: list[Wish], answers: list[Answer]) -> None:
        answer = self.gate.review(wish, self.risk_context(wish.symbol))
        wished.append(wish)
        answers.append(answer)
        self.brackets.note_answer(wish, answer, self.clock_ms)
        if isinstance(answer, ApprovedOrder):
            self.orders.enter(answer, self.now_ms)
            if answer.intent.origin is Origin.ENGINE:
                self._ledger.note_sent(answer.client_order_id, answer.intent.reason, self.now_ms)
        elif isinstance(answer, ApprovedCancel):
            self.orders.enter_cancel(answer.intent.client_order_id, answer.intent.order_family)
            if answer.intent.origin is Origin.ENGINE:
                self._ledger.note_cancel_sent(answer.intent.client_order_id, self.now_ms)
        elif isinstance(answer, ApprovedAmend):
            self.orders.enter_amend(answer.intent.client_order_id)
        elif isinstance(wish, OrderIntent) and wish.origin is Origin.ENGINE:
            self._ledger.note_refused(wish.purpose, None, self.now_ms)
            self.protection.note_refused(wish.purpose, None, answer.code, 0, self.clock_ms)

    def _own_orders(self) -> tuple[Order, ...]:
        """Return the engine's open orders of the symbol, found anew when the orders have changed."""
        if self._engine_orders[0] != self.orders.revision:
            found = tuple(o for o in self.orders.open_orders(self.symbol) if o.origin is Origin.ENGINE)
            self._engine_orders = (self.orders.revision, found)
        return self._engine_orders[1]

    # ---- messages --------------------------------------------------------------------------------------------------

    def _quietly(self, apply: Callable[[Message], bool]) -> Callable[[Message], Next]:
        """Return a handler for messages that only change a collector."""

        def handle(message: Message) -> Next:
            apply(message)
            return Next.NOTHING

        return handle

    def _on_kline(self, kline: Kline) -> Next:
        had_gap = self.klines.has_gap
        changed = self.klines.apply(kline)
        is_newest = self.open_kline.apply(kline)
        if changed:
            self._conditionals.follow(kline, had_gap=had_gap)
        return Next.EVALUATE if is_newest else Next.NOTHING

    def _on_history(self, history: KlineHistory) -> Next:
        self.now_ms = max([self.now_ms, *(k.close_time_ms for k in history.klines[-1:])])
        if self.klines.apply(history):
            self._conditionals.reset()
        return Next.NOTHING

    def _on_order_update(self, update: OrderUpdate) -> Next:
        is_new_fill = update.fill is not None and not self.orders.has_fill(update.fill)
        self._merge(update, update.order, update.transaction_time_ms)
        if update.fill is not None and is_new_fill:
            self._day_result.note_fill(update.fill)
            if update.fill.symbol == self.symbol:
                self._ledger.note_fill(update.fill, *self.orders.origin_of(update.fill.client_order_id))
        return Next.PROTECT

    def _on_fill_history(self, history: FillHistory) -> Next:
        """The pause, the day's loss and the ownership of the position go on over a restart."""
        for fill in history.fills:
            if not self.orders.has_fill(fill):
                self._day_result.note_fill(fill)
        self.orders.apply(history)
        self.brackets.note_history(history)
        if history.symbol == self.symbol:
            self._ledger.restore(history.fills, lambda fill: self.orders.origin_of(fill.client_order_id)[0])
        return Next.PROTECT

    def _on_order_outcome(self, outcome: OrderOutcome) -> Next:
        origin, purpose = self.orders.origin_of(outcome.client_order_id)
        is_refused = outcome.kind is OutcomeKind.REFUSED and not (outcome.is_cancel or outcome.is_amend)
        if is_refused and origin is Origin.ENGINE and purpose is not None:
            self._ledger.note_refused(purpose, outcome.error_code, self.now_ms, outcome.client_order_id)
            reason, wait_ms = outcome.error_message, outcome.retry_after_ms
            self.protection.note_refused(purpose, outcome.error_code, reason, wait_ms, self.clock_ms)
        self.brackets.note_outcome(outcome, self.clock_ms)
        if outcome.order is not None:
            self._merge(outcome, outcome.order, outcome.order.update_time_ms)
        else:
            self.orders.apply(outcome)
        return Next.PROTECT

    def _merge(self, message: OrderUpdate | OrderOutcome, told: Order, time_ms: int) -> None:
        before = self.orders.get(told.client_order_id, told.order_family)
        self.orders.apply(message)
        after = self.orders.get(told.client_order_id, told.order_family)
        if after is None or after is before or after.symbol != self.symbol:
            return
        is_same = before is not None and (before.order_id is None or before.order_id == after.order_id)
        self._ledger.note_order(before if is_same else None, after, time_ms)
        if after.status.is_terminal and after.purpose is Purpose.PROTECTION:
            self.protection.note_fallen(after)

    def _on_account_update(self, update: AccountUpdate) -> Next:
        self.account.apply(update)
        if any(p.symbol == self.symbol for p in update.positions):
            self._note_position(update.transaction_time_ms)
        return Next.PROTECT

    def _on_account_snapshot(self, snapshot: AccountSnapshot) -> Next:
        self.account.apply(snapshot)
        self.orders.apply(snapshot)
        self._note_position(min(self.now_ms, snapshot.taken_time_ms))
        return Next.PROTECT

    def _note_position(self, time_ms: int) -> None:
        position = self.account.position(self.symbol)
        self._ledger.note_position(position.position_amount if position is not None else _ZERO, time_ms)

    def _on_mode_change(self, change: ModeChange) -> Next:
        self.gate.mode = change.mode
        return Next.PROTECT

    def _on_entry_block(self, block: EntryBlock) -> Next:
        self.gate.are_entries_blocked = block.is_on
        return Next.NOTHING

    def _on_feed_status(self, status: FeedStatus) -> Next:
        self.routes_fresh[status.route] = status.is_fresh
        return Next.NOTHING

    def _on_rules(self, update: RulesUpdate) -> Next:
        if self.symbol_rules.apply(update):
            self.order_book.set_tick_size(self.rules.tick_size)
            self.markets.take_rules(update)
        return Next.NOTHING

    def _on_tick(self, tick: Tick) -> Next:
        if self.elapsed_ms is None:
            self.protection.restart_clock()
            self.brackets.restart_clock()
        self.elapsed_ms = tick.elapsed_ms
        return Next.PROTECT
