"""What of a session gives an open order another price or size on the user's word."""

from decimal import Decimal

from trader_gui.domain.moving import MoveReport
from trader_gui.domain.order import AmendIntent, Order, Origin
from trader_gui.orders.mover import Mover
from trader_gui.rt_trader.road import Answer, Road


class ChangingByHand:
    """Part of `RtTrader`, which sets what is declared here."""

    _mover: Mover
    _road: Road

    async def amend(self, order: Order, price: Decimal | None = None, quantity: Decimal | None = None) -> Answer:
        """Give an open limit order another price or total size (what is executed included), in place."""
        now_ms = self._road.callback.now_ms
        return await self._road.ask(
            [AmendIntent(order.symbol, order.client_order_id, Origin.HAND, "by_hand", now_ms, price, quantity)]
        )

    async def move(self, order: Order, price: Decimal) -> MoveReport:
        """Let an order stand at another price, a conditional one by its trigger; returns when it is known what is live.

        A stop of the engine becomes one by hand: the engine leaves it where it was put. What the strategy watches by
        itself, and sells at, stays as it was.
        """
        return await self._mover.move(order, price)
