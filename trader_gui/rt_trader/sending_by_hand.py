"""What of a session sends a new order on the user's word: alone, or with the exits that follow it."""

from trader_gui.domain.bracket import BracketWish
from trader_gui.domain.order import OrderIntent
from trader_gui.rt_trader.road import Answer, Road


class SendingByHand:
    """Part of `RtTrader`, which sets what is declared here."""

    _road: Road

    async def submit(self, intent: OrderIntent) -> Answer:
        """Put an order by hand to the gate and, when approved, wait for the venue's first answer."""
        return await self._road.ask([intent])

    async def submit_bracket(self, wish: BracketWish) -> Answer:
        """As `submit`, for an entry whose stop and target are placed once it fills, and kept to what it holds.

        All three are judged before anything is sent: a refusal of one is a refusal of the whole. The answer is the
        entry's; what becomes of the exits is told by the orders.
        """
        return await self.submit(wish.intent)
