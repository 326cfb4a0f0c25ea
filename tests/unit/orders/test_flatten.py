"""Flattening shows its plan, refuses a stale one, keeps stops until flat, and proves the end by a fresh snapshot."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from trader_gui.domain.account import AccountSnapshot, Position
from trader_gui.domain.order import (
    CancelIntent,
    Order,
    OrderFamily,
    OrderIntent,
    OrderStatus,
    OrderType,
    Side,
    WorkingType,
)
from trader_gui.domain.step import Step
from trader_gui.orders.flatten import Flattener, FlattenReport, make_plan


def order(client_order_id: str, order_type: OrderType, *, close_position: bool = False) -> Order:
    return Order(
        symbol="BTCUSDT",
        client_order_id=client_order_id,
        order_family=OrderFamily.ALGO if order_type.is_conditional else OrderFamily.BOOK,
        side=Side.SELL,
        order_type=order_type,
        status=OrderStatus.NEW,
        quantity=Decimal("0.010"),
        price=Decimal(0),
        trigger_price=Decimal(0),
        executed_quantity=Decimal(0),
        average_price=Decimal(0),
        time_in_force=None,
        reduce_only=False,
        close_position=close_position,
        working_type=WorkingType.CONTRACT_PRICE,
        update_time_ms=1,
    )


class SmallVenue:
    """An account that does what it is asked: market orders close at most `market_fill`, cancels remove."""

    def __init__(self, amount: str, orders: list[Order], market_fill: str = "1000") -> None:
        self.amount = Decimal(amount)
        self.orders = {o.client_order_id: o for o in orders}
        self.market_fill = Decimal(market_fill)
        self.asked: list[str] = []
        self.naked = False

    async def snapshot(self) -> AccountSnapshot:
        positions = (Position("BTCUSDT", self.amount, Decimal(1), Decimal(0)),) if self.amount else ()
        return AccountSnapshot((), positions, tuple(self.orders.values()), 0)

    async def request(self, wishes: Sequence[OrderIntent | CancelIntent]) -> Step:
        for wish in wishes:
            if isinstance(wish, CancelIntent):
                self.asked.append(f"cancel {wish.client_order_id}")
                gone = self.orders.pop(wish.client_order_id)
                self.naked |= bool(self.amount) and gone.order_type is OrderType.STOP_MARKET
            else:
                assert wish.reduce_only
                assert wish.quantity is not None
                self.asked.append(f"close {wish.side} {wish.quantity}")
                self.amount -= min(wish.quantity, self.market_fill, abs(self.amount)).copy_sign(self.amount)
        return Step(1, None, 0)


def flatten(venue: SmallVenue, *, meanwhile: str | None = None) -> FlattenReport:
    async def session() -> FlattenReport:
        flattener = Flattener("BTCUSDT", venue.snapshot, venue.request, lambda: 1, Decimal(120))
        plan = await flattener.plan()
        if meanwhile is not None:
            venue.amount = Decimal(meanwhile)
        return await flattener.execute(plan)

    return asyncio.run(session())


def test_position_entries_and_stops_all_go_and_the_stop_goes_last():
    orders = [order("limit", OrderType.LIMIT), order("stop", OrderType.STOP_MARKET, close_position=True)]
    venue = SmallVenue("-0.030", orders)
    report = flatten(venue)
    assert report.is_flat
    assert venue.asked == ["cancel limit", "close BUY 0.030", "cancel stop"]
    assert not venue.naked


def test_a_plan_that_no_longer_holds_is_not_carried_out():
    venue = SmallVenue("0.010", [])
    report = flatten(venue, meanwhile="0.020")
    assert venue.asked == []
    assert report.changed_plan is not None
    assert report.changed_plan.close is not None
    assert report.changed_plan.close.position_amount == Decimal("0.020")


def test_what_cannot_be_closed_is_said():
    report = flatten(SmallVenue("0.010", [], market_fill="0.001"))
    assert not report.is_flat
    assert report.remaining.close is not None
    assert report.remaining.close.position_amount == Decimal("0.006")


def test_positions_on_other_symbols_are_listed_as_staying():
    snapshot = AccountSnapshot((), (Position("ETHUSDT", Decimal(1), Decimal(1), Decimal(0)),), (), 0)
    plan = make_plan("BTCUSDT", snapshot)
    assert plan.is_empty
    assert [p.symbol for p in plan.cannot] == ["ETHUSDT"]
