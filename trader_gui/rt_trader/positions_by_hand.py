"""What of a session changes positions on the user's word: plan first, then carry the plan out."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from trader_gui.domain.account import PositionKey
from trader_gui.domain.closing import ClosePlan, CloseReport, ReversePlan, ReverseReport
from trader_gui.domain.order import OrderOutcome
from trader_gui.domain.step import Step, Wish
from trader_gui.orders.closing import Closer
from trader_gui.orders.reversing import Reverser
from trader_gui.rt_trader.engine import EngineSwitch
from trader_gui.rt_trader.road import Road
from trader_gui.rt_trader.venue_settings import VenueSettings


class PositionsByHand:
    """Part of `RtTrader`, which sets what is declared here."""

    _closer: Closer
    _engine: EngineSwitch
    _road: Road
    _venue_settings: VenueSettings

    async def plan_flatten(self, *, last_known: bool = False) -> ClosePlan:
        """Say, by a fresh snapshot (or by what is known), what closing the whole account would do."""
        return await self._closer.plan(last_known=last_known)

    async def plan_close(
        self, keys: Iterable[PositionKey], part: Decimal = Decimal(1), quantity: Decimal | None = None
    ) -> ClosePlan:
        """Say what closing these positions would do: whole, a part (0.25) of each, or so much of each."""
        return await self._closer.plan_close(keys, part, quantity)

    async def plan_reverse(self, key: PositionKey) -> ReversePlan:
        """Say what closing a position whole, and opening as much on the other side, would do.

        Raises:
            UserError: It cannot be closed whole.
        """
        return await self._reverser.plan(key)

    async def flatten(self, plan: ClosePlan) -> CloseReport:
        """Disarm, carry the plan of `plan_flatten` out if it still holds, and report what the venue shows then."""
        await self._engine.disarm_and_wait("flatten")
        return await self._closer.execute(plan)

    async def close(self, plan: ClosePlan) -> CloseReport:
        """Carry the plan of `plan_close` out if it still holds, and report what the venue shows afterwards."""
        return await self._closer.execute(plan)

    async def reverse(self, plan: ReversePlan) -> ReverseReport:
        """Disarm, close, and open the other side once the venue has shown the position gone.

        An armed engine, whoever the position is of, is disarmed and takes its entries back: between the close and the
        opening it would see itself flat.
        """
        await self._engine.disarm_and_wait("reverse")
        await self._engine.take_back_entries("reverse")
        return await self._reverser.execute(plan)

    async def move_margin(self, key: PositionKey, amount: Decimal, *, adds: bool) -> None:
        """Add margin to an isolated position, or take some away, margin asset; the account is read anew."""
        await self._venue_settings.move_margin(key, amount, adds=adds)

    @property
    def _reverser(self) -> Reverser:
        return Reverser(self._road.callback, self._closer, self._ask)

    async def _ask(self, wishes: Sequence[Wish]) -> tuple[Step, Sequence[OrderOutcome]]:
        answer = await self._road.ask(wishes)
        return answer.step, answer.outcomes
