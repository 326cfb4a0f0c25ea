"""The people of a campaign's session: a hand that trades by script, one who keeps the engine busy, and someone else.

What is done "elsewhere" is done at the exchange, past client and faults: by the phone, or another program.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from decimal import ROUND_CEILING, Decimal
from typing import Any

from msgspec.structs import replace

from tests.campaign_plan import Act
from trader_gui.domain.bracket import BracketWish
from trader_gui.domain.exit_level import ExitLevel
from trader_gui.domain.order import OrderIntent, OrderType, Origin, Purpose, Side, TimeInForce
from trader_gui.domain.step import EngineMode
from trader_gui.domain.symbol import snap
from trader_gui.errors import TraderError
from trader_gui.rt_trader.trader import RtTrader
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.server import SimulatedExchange

ENGINE_PAUSE_S = 0.25
NOTIONAL = Decimal(400)


class Hand:
    """Does a script's acts, each in its own time; whatever the exchange refuses is taken as it comes.

    Attributes:
        trader: The session of the moment, None while there is none.
        done: Acts done by name; `refused`: answers that were errors, for the log.
        has_transferred: Money came or went elsewhere.
        has_acted_elsewhere: Somebody else traded the symbol.
    """

    def __init__(self, exchange: SimulatedExchange, symbol: str) -> None:
        self.trader: RtTrader | None = None
        self.refused: list[str] = []
        self.has_acted_elsewhere = False
        self._exchange = exchange
        self._symbol = symbol

    async def follow(self, acts: tuple[Act, ...]) -> None:
        """Do all acts; an act that waits for an answer does not hold up the next."""
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        async with asyncio.TaskGroup() as group:
            for act in acts:
                await asyncio.sleep(max(0.0, started_s + act.at_s - loop.time()))
                group.create_task(self._do(act), name=f"act {act.name}")

    async def _do(self, act: Act) -> None:
        trader = self.trader
        if trader is None or trader.status.phase != "running":
            return
        work: Callable[[RtTrader, float], Coroutine[Any, Any, object]] = getattr(self, f"_{act.name}")
        try:
            await work(trader, act.lot)
        except (TraderError, VenueRefusal) as error:
            self.refused.append(f"{act.name}: {error}")
        except asyncio.CancelledError:
            # An answer that a session's end took away is cancelled alone; whoever cancels this task is obeyed.
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            self.refused.append(f"{act.name}: the session ended")

    async def keep_busy(self) -> None:
        """Arm the engine whenever it is not, and ask for entries in its name; exits and stops are its own affair."""
        turn = 0
        while True:
            await asyncio.sleep(ENGINE_PAUSE_S)
            trader = self.trader
            if trader is None or trader.status.phase != "running":
                continue
            turn += 1
            with contextlib.suppress(TraderError):
                if trader.callback.gate.mode is not EngineMode.ACTIVE:
                    await trader.arm(None)
                elif trader.callback.account.position(self._symbol) is None:
                    side = Side.BUY if turn % 2 else Side.SELL
                    wish = self._intent(trader, side, *self._engine_price(trader, side, turn))
                    self._ask(trader, replace(wish, origin=Origin.ENGINE, reason="entry_long"))

    def _engine_price(self, trader: RtTrader, side: Side, turn: int) -> tuple[OrderType, Decimal | None]:
        last = trader.callback.last_price
        if turn % 3 or last is None:
            return OrderType.MARKET, None
        return OrderType.LIMIT, trader.rules.snap_price(last * (1 - side.sign * Decimal("0.0002")))

    @staticmethod
    def _ask(trader: RtTrader, wish: OrderIntent) -> None:
        """Put a wish to the gate without waiting for the venue's answer, as the engine does."""
        trader._road._after(trader.callback.request([wish]))

    # ---- by hand -----------------------------------------------------------------------------------------------------

    def _intent(
        self, trader: RtTrader, side: Side, order_type: OrderType, price: Decimal | None = None, **more: Any
    ) -> OrderIntent:
        values: dict[str, Any] = {"purpose": Purpose.ENTRY, "quantity": self._quantity(trader), "price": price} | more
        if order_type is OrderType.LIMIT:
            values["time_in_force"] = TimeInForce.GTC
        return OrderIntent(
            self._symbol, side, order_type, origin=Origin.HAND, reason="by_hand", wanted_time_ms=0, **values
        )

    def _quantity(self, trader: RtTrader) -> Decimal:
        rules, last = trader.rules, trader.callback.last_price or Decimal(1)
        wanted = max(NOTIONAL / last, rules.min_notional * 2 / last)
        return snap(wanted, max(rules.step_size, rules.market_step_size), ROUND_CEILING)

    async def _market(self, trader: RtTrader, lot: float) -> None:
        await trader.submit(self._intent(trader, _side(lot), OrderType.MARKET))

    async def _limit_far(self, trader: RtTrader, lot: float) -> None:
        await self._limit(trader, lot, Decimal("0.01"))

    async def _limit_near(self, trader: RtTrader, lot: float) -> None:
        await self._limit(trader, lot, Decimal("0.0003"))

    async def _limit(self, trader: RtTrader, lot: float, distance: Decimal) -> None:
        side, last = _side(lot), trader.callback.last_price
        if last is not None:
            price = trader.rules.snap_price(last * (1 - side.sign * distance))
            await trader.submit(self._intent(trader, side, OrderType.LIMIT, price))

    async def _stop(self, trader: RtTrader, lot: float) -> None:
        await self._protect(trader, OrderType.STOP_MARKET, Decimal("0.002"), quantity=None, close_position=True)

    async def _target(self, trader: RtTrader, lot: float) -> None:
        await self._protect(trader, OrderType.TAKE_PROFIT_MARKET, Decimal("-0.001"), reduce_only=True)

    async def _bracket(self, trader: RtTrader, lot: float) -> None:
        """An entry at market or near it, with exits that the market soon meets."""
        side, last = _side(lot), trader.callback.last_price
        if last is None:
            return
        distance = trader.rules.snap_price(last * Decimal("0.001"))
        price = trader.rules.snap_price(last * (1 - side.sign * Decimal("0.0002")))
        is_limit = int(lot * 1000) % 2
        entry = self._intent(trader, side, *((OrderType.LIMIT, price) if is_limit else (OrderType.MARKET,)))
        await trader.submit_bracket(BracketWish(entry, ExitLevel(distance=distance), ExitLevel(distance=2 * distance)))

    async def _protect(self, trader: RtTrader, order_type: OrderType, distance: Decimal, **more: Any) -> None:
        position, last = trader.callback.account.position(self._symbol), trader.callback.last_price
        if position is None or last is None:
            return
        side = Side.SELL if position.position_amount > 0 else Side.BUY
        trigger = trader.rules.snap_price(last * (1 + side.opposite.sign * -distance))
        await trader.submit(
            self._intent(trader, side, order_type, purpose=Purpose.PROTECTION, trigger_price=trigger, **more)
        )

    async def _close(self, trader: RtTrader, lot: float) -> None:
        position = trader.callback.account.position(self._symbol)
        if position is not None:
            side = Side.SELL if position.position_amount > 0 else Side.BUY
            quantity = abs(position.position_amount)
            more: dict[str, Any] = {"quantity": quantity, "purpose": Purpose.EXIT, "reduce_only": True}
            await trader.submit(self._intent(trader, side, OrderType.MARKET, **more))

    async def _cancel_one(self, trader: RtTrader, lot: float) -> None:
        orders = list(trader.callback.orders.open_orders(self._symbol))
        if orders:
            await trader.cancel(orders[int(lot * len(orders))])

    async def _replace_one(self, trader: RtTrader, lot: float) -> None:
        """Cancel, then place: how a person modifies an order in this client."""
        orders = [o for o in trader.callback.orders.open_orders(self._symbol) if o.order_type is OrderType.LIMIT]
        if orders:
            order = orders[int(lot * len(orders))]
            await trader.cancel(order)
            price = trader.rules.snap_price(order.price * (1 - order.side.sign * Decimal("0.001")))
            await trader.submit(self._intent(trader, order.side, OrderType.LIMIT, price))

    async def _cancel_entries(self, trader: RtTrader, lot: float) -> None:
        await trader.cancel_entries()

    async def _flatten(self, trader: RtTrader, lot: float) -> None:
        await trader.flatten(await trader.plan_flatten())

    async def _leverage(self, trader: RtTrader, lot: float) -> None:
        await trader.set_leverage(trader.symbol, 2 + int(lot * 18))

    # ---- elsewhere ---------------------------------------------------------------------------------------------------

    async def _amend_elsewhere(self, trader: RtTrader, lot: float) -> None:
        venue = self._exchange.venue
        orders = venue.core.open_orders(self._symbol)
        if orders:
            row = orders[int(lot * len(orders))]
            price = trader.rules.snap_price(row.price * (Decimal("0.999") if row.side == "BUY" else Decimal("1.001")))
            order = {"symbol": row.symbol, "orderId": str(row.order_id), "side": row.side}
            _, events = venue.core.modify_order(
                order | {"quantity": f"{row.orig_qty:f}", "price": f"{price:f}"}, venue.market_ms
            )
            venue.deliver(events)
            venue.hub.flush()

    async def _trade_elsewhere(self, trader: RtTrader, lot: float) -> None:
        self._order_by_phone(trader, lot, {"type": "MARKET"})

    async def _order_elsewhere(self, trader: RtTrader, lot: float) -> None:
        side, last = _side(lot), self._exchange.venue.core.last_price(self._symbol)
        price = trader.rules.snap_price(last * (1 - side.sign * Decimal("0.0005")))
        self._order_by_phone(trader, lot, {"type": "LIMIT", "price": f"{price:f}", "timeInForce": "GTC"})

    def _order_by_phone(self, trader: RtTrader, lot: float, more: dict[str, str]) -> None:
        venue, side = self._exchange.venue, _side(lot)
        order = {"symbol": self._symbol, "side": side.value, "quantity": f"{self._quantity(trader):f}"}
        _, events = venue.core.place_order(
            order | {"newClientOrderId": f"phone{int(lot * 1e9)}"} | more, venue.market_ms
        )
        self.has_acted_elsewhere = True
        venue.deliver(events)
        venue.hub.flush()

    async def _transfer(self, trader: RtTrader, lot: float) -> None:
        venue = self._exchange.venue
        venue.deliver(venue.core.transfer("USDT", Decimal(f"{lot * 100 - 50:.2f}"), venue.market_ms))
        venue.hub.flush()


def _side(lot: float) -> Side:
    return Side.BUY if lot < 0.5 else Side.SELL
