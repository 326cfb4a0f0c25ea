"""What of a session closes positions on the user's word: plan first, then carry the plan out."""

from collections.abc import Iterable
from decimal import Decimal

from trader_gui.domain.account import PositionKey
from trader_gui.domain.closing import ClosePlan, CloseReport
from trader_gui.orders.closing import Closer
from trader_gui.rt_trader.engine import EngineSwitch


class ClosingByHand:
    """Part of `RtTrader`, which sets what is declared here."""

    _closer: Closer
    _engine: EngineSwitch

    async def plan_flatten(self, *, last_known: bool = False) -> ClosePlan:
        """Say, by a fresh snapshot (or by what is known), what closing the whole account would do."""
        return await self._closer.plan(last_known=last_known)

    async def plan_close(
        self, keys: Iterable[PositionKey], part: Decimal = Decimal(1), quantity: Decimal | None = None
    ) -> ClosePlan:
        """Say what closing these positions would do: whole, a part (0.25) of each, or so much of each."""
        return await self._closer.plan_close(keys, part, quantity)

    async def flatten(self, plan: ClosePlan) -> CloseReport:
        """Disarm, carry the plan of `plan_flatten` out if it still holds, and report what the venue shows then."""
        await self._engine.disarm_for_flatten()
        return await self._closer.execute(plan)

    async def close(self, plan: ClosePlan) -> CloseReport:
        """Carry the plan of `plan_close` out if it still holds, and report what the venue shows afterwards."""
        return await self._closer.execute(plan)
