"""What the engine itself did: whose the position is, the last trade, refusals, round trips. Event times only."""

from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from trader_gui.decision.ownership import fills_since_flat
from trader_gui.domain.order import Fill, Order, OrderFamily, Origin, PositionSide, Purpose, Side

EXIT_UNTOLD_LIMIT_MS = 5_000
"""An exit waits this long for the venue to tell the new position; then it may be asked again (it only reduces)."""

_ROUND_TRIPS = 1000


class Refused(msgspec.Struct, frozen=True):
    """A wish of the engine that was refused; `error_code` is the venue's, None when the gate refused."""

    error_code: int | None
    time_ms: int


class RoundTrip(msgspec.Struct, frozen=True):
    """One trade of the engine, from the first entry fill until flat; prices are means weighted by quantity.

    Attributes:
        realized_pnl: Quote asset, before commission.
        commission: Quote asset, > 0 is paid; commission paid in another asset is left out.
        exit_reason: Code of the order that closed it: `stop_loss`, `take_profit`, ..., `protection`.
    """

    symbol: str
    side: Side
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    entry_time_ms: int
    exit_time_ms: int
    realized_pnl: Decimal
    commission: Decimal
    exit_reason: str


class EngineLedger:
    """Keeps account of the engine's own doings in one symbol.

    The position belongs to the engine while the signed sum of what its orders executed since flat equals the position
    that the venue tells, and nobody else traded the symbol since. In any doubt (in the milliseconds between a fill and
    its position, after a trade by hand, after a restart when the executions do not explain it) it does not, and the
    engine leaves it alone.

    Attributes:
        last_trade_time_ms: Of the engine's newest execution; None before the first.
        told_flat_ms: Event time since which the venue says that there is no position.
        asked_times_ms: When the venue was last asked for the order or for its cancel, by client order id, while it is
            open.
        refused: The last refusal by purpose.
        round_trips: The newest round trips, oldest first.
    """

    def __init__(self, symbol: str, quote_asset: str) -> None:
        self.last_trade_time_ms: int | None = None
        self.told_flat_ms = 0
        self.asked_times_ms: dict[str, int] = {}
        self.refused: dict[Purpose, Refused] = {}
        self.round_trips: deque[RoundTrip] = deque(maxlen=_ROUND_TRIPS)
        self._symbol = symbol
        self._quote_asset = quote_asset
        self._position_amount = Decimal(0)
        self._engine_amount = Decimal(0)
        self._is_touched = False
        self._told_ms = 0
        self._executed_ms = 0
        self._entered_ms = -1
        self._untold: dict[Purpose, int] = {}
        self._reasons: dict[str, str] = {}
        self._trip: list[Fill] = []

    @property
    def is_engine_position(self) -> bool:
        """Whether the position is the engine's own and untouched."""
        return self._position_amount != 0 and not self._is_touched and self._engine_amount == self._position_amount

    @property
    def is_in_doubt(self) -> bool:
        """Whether nobody else touched the position, and yet it is not (or not yet) what the engine executed."""
        return self._position_amount != 0 and not self._is_touched and self._engine_amount != self._position_amount

    def untold(self, now_ms: int) -> frozenset[Purpose]:
        """Return the purposes with an execution whose new position the venue has not told yet."""
        if not self._untold:
            return frozenset()
        return frozenset(
            purpose
            for purpose, time_ms in self._untold.items()
            if purpose is Purpose.ENTRY or now_ms - time_ms < EXIT_UNTOLD_LIMIT_MS
        )

    def note_sent(self, client_order_id: str, reason: str, now_ms: int) -> None:
        """An order of the engine is being sent."""
        self.asked_times_ms[client_order_id] = now_ms
        self._reasons[client_order_id] = reason

    def note_cancel_sent(self, client_order_id: str, now_ms: int) -> None:
        """A cancel of an order of the engine is being sent."""
        self.asked_times_ms[client_order_id] = now_ms

    def note_refused(self, purpose: Purpose, error_code: int | None, now_ms: int, client_order_id: str = "") -> None:
        """A wish was refused: by the gate (no code, no order), or by the venue."""
        self.refused[purpose] = Refused(error_code, now_ms)
        self._forget(client_order_id)

    def note_order(self, before: Order | None, after: Order, time_ms: int) -> None:
        """An order of the symbol changed at `time_ms` (of the matching engine)."""
        if after.origin is Origin.ENGINE and after.purpose is not None:
            if after.status.is_terminal and not after.executed_quantity:
                self._forget(after.client_order_id)
            elif after.status.is_terminal:
                self.asked_times_ms.pop(after.client_order_id, None)
        if after.order_family is OrderFamily.BOOK:
            executed = after.executed_quantity - (before.executed_quantity if before is not None else 0)
            if executed > 0:
                self._note_execution(after, executed, time_ms)

    def note_fill(self, fill: Fill, origin: Origin, purpose: Purpose | None) -> None:
        """A fill came (each once); builds the round trips."""
        if origin is not Origin.ENGINE:
            self._trip = []
            return
        if not self._trip and purpose is not Purpose.ENTRY:
            return
        self._trip.append(fill)
        if not sum(f.quantity * f.side.sign for f in self._trip):
            self.round_trips.append(self._round_trip(purpose))
            self._trip = []

    def restore(self, fills: Sequence[Fill], origin_of: Callable[[Fill], Origin]) -> None:
        """Fills of before the session came: all of the symbol from one of them up to now, in the order of trading.

        The pause goes on from them. As long as nothing was executed in the session, they say whose the position is.
        """
        fills = [fill for fill in fills if fill.position_side is PositionSide.BOTH]
        own = [fill.trade_time_ms for fill in fills if origin_of(fill) is Origin.ENGINE]
        if own:
            self.last_trade_time_ms = max(*own, self.last_trade_time_ms or 0)
        made = fills_since_flat(self._position_amount, fills)
        if self._executed_ms or not made:
            return
        self._is_touched = any(origin_of(fill) is not Origin.ENGINE for fill in made)
        self._engine_amount = Decimal(0) if self._is_touched else self._position_amount
        self._trip = [] if self._is_touched else list(made)

    def note_position(self, position_amount: Decimal, time_ms: int) -> None:
        """The venue told the position as of `time_ms`."""
        self._position_amount = position_amount
        self._told_ms = max(self._told_ms, time_ms)
        # Times are whole milliseconds: flat, told in the millisecond of an entry whose position was not told yet, is
        # the state before that entry.
        if position_amount != 0:
            self._entered_ms = -1
        is_before_entry = self._entered_ms >= self._told_ms
        self._untold = {
            purpose: t
            for purpose, t in self._untold.items()
            if t > self._told_ms or (purpose is Purpose.ENTRY and is_before_entry)
        }
        is_news = self._executed_ms <= self._told_ms and not is_before_entry  # else older than what was executed
        if position_amount == 0 and is_news:
            self._engine_amount = Decimal(0)
            self._is_touched = False
            self.told_flat_ms = self._told_ms

    def _forget(self, client_order_id: str) -> None:
        self.asked_times_ms.pop(client_order_id, None)
        self._reasons.pop(client_order_id, None)

    def _note_execution(self, order: Order, executed: Decimal, time_ms: int) -> None:
        self._executed_ms = max(self._executed_ms, time_ms)
        is_entry = order.origin is Origin.ENGINE and order.purpose is Purpose.ENTRY
        if order.origin is Origin.ENGINE:
            self.last_trade_time_ms = max(self.last_trade_time_ms or 0, time_ms)
            is_untold = time_ms > self._told_ms or (
                is_entry and time_ms == self._told_ms and self._position_amount == 0
            )
            if order.purpose is not None and is_untold:
                self._untold[order.purpose] = time_ms
        if time_ms < self.told_flat_ms or (time_ms == self.told_flat_ms and not is_entry):
            return  # part of a position that the venue has already told to be closed
        if is_entry and self._position_amount == 0:
            self._entered_ms = max(self._entered_ms, time_ms)
        if order.origin is Origin.ENGINE:
            self._engine_amount += executed * order.side.sign
        else:
            self._is_touched = True

    def _round_trip(self, purpose: Purpose | None) -> RoundTrip:
        side = self._trip[0].side
        entries = [f for f in self._trip if f.side is side]
        exits = [f for f in self._trip if f.side is not side]
        quantity = sum((f.quantity for f in entries), Decimal(0))
        last = self._trip[-1]
        reason = "protection" if purpose is Purpose.PROTECTION else self._reasons.get(last.client_order_id, "")
        for fill in self._trip:
            self._reasons.pop(fill.client_order_id, None)
        return RoundTrip(
            symbol=self._symbol,
            side=side,
            quantity=quantity,
            entry_price=sum((f.price * f.quantity for f in entries), Decimal(0)) / quantity,
            exit_price=sum((f.price * f.quantity for f in exits), Decimal(0)) / quantity,
            entry_time_ms=self._trip[0].trade_time_ms,
            exit_time_ms=last.trade_time_ms,
            realized_pnl=sum((f.realized_pnl for f in self._trip), Decimal(0)),
            commission=sum((f.commission for f in self._trip if f.commission_asset == self._quote_asset), Decimal(0)),
            exit_reason=reason,
        )
