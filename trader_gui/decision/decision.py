"""What every strategy is asked, and what it may know when it answers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from trader_gui.decision.engine_ledger import Refused
from trader_gui.domain.account import Position
from trader_gui.domain.order import Order, Purpose
from trader_gui.domain.step import Condition, EngineMode, Evaluation
from trader_gui.domain.symbol import SymbolRules


class DecisionContext(msgspec.Struct, frozen=True):
    """All that a decision may look at beside the conditions.

    Attributes:
        price: Close of the open kline (of the last closed one just after it closed), quote asset.
        position: As the venue told it; None when flat. Means nothing while `is_account_known` is False.
        is_engine_position: The engine's own fills made the position, and nobody else traded since.
        open_orders: The engine's own open orders of this symbol.
        asked_times_ms: When the venue was last asked for each of those or for its cancel, event time, by client order
            id.
        in_flight: Purposes for which the engine must not send another order now.
        cancels_in_flight: Client order ids whose cancel was sent and not answered.
        refused: The last refusal by purpose, gate's or venue's.
        now_ms: Newest event time.
        last_trade_time_ms: Of the engine's newest fill; None before the first.
    """

    rules: SymbolRules
    price: Decimal
    position: Position | None
    is_account_known: bool
    is_engine_position: bool
    mode: EngineMode
    open_orders: tuple[Order, ...]
    asked_times_ms: Mapping[str, int]
    in_flight: frozenset[Purpose]
    cancels_in_flight: frozenset[str]
    refused: Mapping[Purpose, Refused]
    now_ms: int
    last_trade_time_ms: int | None


class Decision(ABC):
    """The rules of one strategy in one symbol."""

    @abstractmethod
    def decide(self, conditions: Mapping[str, Condition], context: DecisionContext) -> Evaluation:
        """Apply the rules to one kline message."""

    @abstractmethod
    def stop_price(self, position: Position, rules: SymbolRules) -> Decimal:
        """Return where the stop of a position belongs that rests at the exchange, on the tick."""
