"""Turns a position round: closed by the close planner and proven flat, and only then opened on the other side."""

from msgspec.structs import replace

from trader_gui.callback import Callback
from trader_gui.domain.account import PositionKey
from trader_gui.domain.closing import ClosePlan, LegClose, ReversePlan, ReverseReport
from trader_gui.domain.order import OrderIntent, OrderOutcome, OrderType, Origin, OutcomeKind, Purpose, Side
from trader_gui.domain.step import EngineMode, Refusal
from trader_gui.errors import UserError
from trader_gui.orders.closing import Closer
from trader_gui.orders.leg_closer import Ask


class Reverser:
    """Plans it, and carries it out.

    Args:
        core: Read only.
        closer: Plans and makes the close.
        ask: Puts wishes to the gate and waits for the venue's first answer to each that passed.
    """

    def __init__(self, core: Callback, closer: Closer, ask: Ask) -> None:
        self._core = core
        self._closer = closer
        self._ask = ask

    async def plan(self, key: PositionKey) -> ReversePlan:
        """Say what turning a position round would do.

        Raises:
            UserError: There is no such position, or it cannot be closed whole.
            VenueError, ProtocolError: The account has to be read, and cannot be.
        """
        close = await self._closer.plan_close([key])
        if len(close.closes) != 1 or close.remainders:
            raise UserError("This position cannot be closed whole, so it cannot be turned round.")
        openings = _openings(close.closes[0], self._core.now_ms)
        return ReversePlan(
            close=close,
            openings=openings,
            objection=self._objection(openings[0], close),
            disarms=self._core.gate.mode is not EngineMode.HALTED,
        )

    async def execute(self, plan: ReversePlan) -> ReverseReport:
        """Close; once a snapshot has shown it, open. Whatever goes wrong leaves nothing, or less, open."""
        close = await self._closer.execute(plan.close)
        if not close.is_done:
            return ReverseReport(close)
        outcomes: list[OrderOutcome] = []
        for opening in plan.openings:
            step, answers = await self._ask([replace(opening, wanted_time_ms=self._core.now_ms)])
            outcomes += answers
            if step.refusals:
                return ReverseReport(close, step.refusals[0], tuple(outcomes))
            if any(outcome.kind is not OutcomeKind.ACCEPTED for outcome in answers):
                break  # of one whose outcome is not known nobody can say what it has opened
        return ReverseReport(close, None, tuple(outcomes))

    def _objection(self, opening: OrderIntent, close: ClosePlan) -> Refusal | None:
        """Return what the gate would say to the opening order with the position gone, and its exits with it."""
        position = close.closes[0].position
        context = self._core.risk_context(position.symbol)
        gone = {(o.client_order_id, o.order_family) for o in (*close.cancels, *close.cancels_after)}
        kept = tuple(o for o in context.open_orders if (o.client_order_id, o.order_family) not in gone)
        legs = tuple(leg for leg in context.legs if leg.key != position.key)
        return self._core.gate.objection(opening, replace(context, legs=legs, open_orders=kept))


def _openings(close: LegClose, now_ms: int) -> tuple[OrderIntent, ...]:
    """Return orders as large as those of the close, to the same side: in hedge mode they belong to the other leg."""
    opening = OrderIntent(
        symbol=close.position.symbol,
        side=Side.SELL if close.position.position_amount > 0 else Side.BUY,
        order_type=OrderType.MARKET,
        purpose=Purpose.ENTRY,
        origin=Origin.HAND,
        reason="reverse",
        wanted_time_ms=now_ms,
        quantity=None,
    )
    return tuple(replace(opening, quantity=piece) for piece in close.pieces)
