"""What decision, protection policy and gate may know of a moment, taken from the collectors and the engine's ledger."""

from decimal import Decimal
from typing import Protocol

from trader_gui.callback.quotes import quotes_of
from trader_gui.collectors.account_update import AccountUpdateCollector
from trader_gui.collectors.book_ticker import BookTickerCollector
from trader_gui.collectors.mark_price import MarkPriceCollector
from trader_gui.collectors.order_update import OrderUpdateCollector
from trader_gui.collectors.symbol_market import SymbolMarkets
from trader_gui.collectors.symbol_rules import SymbolRulesCollector
from trader_gui.decision.decision import DecisionContext
from trader_gui.decision.engine_ledger import EngineLedger
from trader_gui.domain.order import Order
from trader_gui.domain.step import Route
from trader_gui.domain.symbol import SymbolRules
from trader_gui.risk.brackets import BracketContext, Brackets
from trader_gui.risk.gate import RiskContext, RiskGate
from trader_gui.risk.protection import ProtectionContext


class Core(Protocol):
    """What of the dispatcher goes into the contexts."""

    symbol: str
    gate: RiskGate
    symbol_rules: SymbolRulesCollector
    orders: OrderUpdateCollector
    brackets: Brackets
    account: AccountUpdateCollector
    mark_price: MarkPriceCollector
    book_ticker: BookTickerCollector
    markets: SymbolMarkets
    routes_fresh: dict[Route, bool]
    now_ms: int

    @property
    def clock_ms(self) -> int: ...
    @property
    def rules(self) -> SymbolRules: ...
    @property
    def last_price(self) -> Decimal | None: ...
    @property
    def result_today(self) -> Decimal: ...


def decision_context(core: Core, ledger: EngineLedger, own: tuple[Order, ...]) -> DecisionContext:
    """Return what the decision may look at; `own` are the engine's open orders of the symbol."""
    in_flight = ledger.untold(core.now_ms)
    if own:
        in_flight = in_flight.union(o.purpose for o in own if o.purpose is not None)
    return DecisionContext(
        rules=core.rules,
        price=core.last_price or Decimal(0),
        position=core.account.position(core.symbol),
        is_account_known=core.account.is_known,
        is_engine_position=ledger.is_engine_position,
        mode=core.gate.mode,
        open_orders=own,
        asked_times_ms=ledger.asked_times_ms,
        in_flight=in_flight,
        cancels_in_flight=core.orders.cancel_ids,
        refused=ledger.refused,
        now_ms=core.now_ms,
        last_trade_time_ms=ledger.last_trade_time_ms,
    )


def protection_context(core: Core, ledger: EngineLedger) -> ProtectionContext:
    """Return what the protection policy may look at."""
    return ProtectionContext(
        rules=core.rules,
        position=core.account.position(core.symbol),
        is_account_known=core.account.is_known,
        is_engine_position=ledger.is_engine_position,
        is_in_doubt=ledger.is_in_doubt,
        mode=core.gate.mode,
        orders=tuple(core.orders.open_orders(core.symbol)),
        cancels_in_flight=core.orders.cancel_ids,
        told_flat_ms=ledger.told_flat_ms,
        clock_ms=core.clock_ms,
        now_ms=core.now_ms,
    )


def bracket_context(core: Core) -> BracketContext:
    """Return what the brackets may look at beside orders and account."""
    return BracketContext(
        rules_of=core.symbol_rules.of,
        is_private_fresh=core.routes_fresh[Route.PRIVATE],
        clock_ms=core.clock_ms,
        now_ms=core.now_ms,
    )


def risk_context(core: Core, ledger: EngineLedger, symbol: str) -> RiskContext:
    """Return what the gate may look at when a wish names `symbol`; prices it has of a symbol that is watched."""
    quotes = quotes_of(core, symbol)
    return RiskContext(
        symbol=core.symbol,
        quote_asset=core.rules.quote_asset,
        is_watched=quotes.is_watched,
        rules=core.symbol_rules.of(symbol),
        limits=core.gate.limits,
        mode=core.gate.mode,
        is_hedge=core.account.is_hedge,
        legs=core.account.legs(symbol),
        is_account_known=core.account.is_known,
        open_orders=tuple(core.orders.open_orders(symbol)),
        closed_keys=core.orders.closed_keys,
        cancels_in_flight=core.orders.cancels_in_flight,
        amends_in_flight=core.orders.amends_in_flight,
        are_entries_blocked=core.gate.are_entries_blocked,
        brackets=tuple(b for b in core.brackets.records if b.symbol == symbol),
        untold=ledger.untold(core.now_ms),
        last_price=quotes.last_price,
        mark_price=quotes.mark_price,
        best_bid=quotes.best_bid,
        best_ask=quotes.best_ask,
        is_market_fresh=quotes.is_fresh,
        is_private_fresh=core.routes_fresh[Route.PRIVATE],
        result_today=core.result_today,
        now_ms=quotes.now_ms,
    )
