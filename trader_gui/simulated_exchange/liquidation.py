"""Margin calls and liquidation.

Assumptions, the venue's own stepping being unpublished: a position (isolated) or all cross positions together are
liquidated when equity <= maintenance margin, in one step: open orders expire (reason 5; of the isolated position, or
all, for the cross wallet backs the orders of isolated symbols, too), conditional orders of the positions too, then an
`autoclose-` order closes each position. The liquidation fee is the symbol's rate of the closed notional, as far as
money is left; what is missing below zero (isolated: below the isolated wallet) is paid by the insurance fund; so is,
at the next tick, what a stop that filled beyond bankruptcy leaves below zero. A margin call goes out once when
maintenance margin reaches 80 % of equity, of all cross positions at once, and again only after it has fallen below
that.

Auto-deleveraging comes by script only; it pays the taker fee and no liquidation fee.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from trader_gui.simulated_exchange.account import Account, position_state
from trader_gui.simulated_exchange.algo import AlgoDesk
from trader_gui.simulated_exchange.margin import ZERO, cut
from trader_gui.simulated_exchange.orders import OrderDesk
from trader_gui.simulated_exchange.position import Position
from trader_gui.simulated_exchange.records import CalledPosition, MarginCallEvent, OrderRow, SymbolSpec, VenueEvent

ADL_CLIENT_ID = "adl_autoclose"
_CALL_RATIO = Decimal("0.8")


class ForcedOrder(NamedTuple):
    """An order that closed a position by force; `close_type` LIQUIDATION or ADL."""

    close_type: str
    order: OrderRow


class Liquidator:
    """Watches equity against maintenance margin at every tick of a symbol that has a position.

    Attributes:
        forced: Every forced order, oldest first.
    """

    def __init__(self, specs: Mapping[str, SymbolSpec], account: Account, desk: OrderDesk, algos: AlgoDesk) -> None:
        self._specs = specs
        self._account = account
        self._desk = desk
        self._algos = algos
        self.forced: list[ForcedOrder] = []
        self._called: set[tuple[str, str]] = set()

    def check(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> None:
        """Liquidate or call for margin as the new mark price of `symbol` demands."""
        held = [leg for leg in self._account.used_positions(symbol) if leg.amount]
        if self._called:  # a new position knows nothing of the calls of one that is gone
            gone = [leg for leg in self._account.holdings[symbol].legs.values() if not leg.amount]
            self._called.difference_update((symbol, leg.side) for leg in gone)
        if self._account.cross_wallet < 0:
            self._cover(symbol, now_ms, events)
        if not held:
            return
        if held[0].is_isolated:
            for position in held:
                equity = position.isolated_wallet + position.unrealized
                self._judge([position], equity, self._account.maintenance(position), now_ms, events)
        else:
            equity = self._account.cross_wallet + self._account.cross_unrealized()
            crossed = self._account.open_positions(is_isolated=False)
            self._judge(crossed, equity, self._account.cross_maintenance(), now_ms, events)

    def _cover(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> None:
        """Let the insurance fund pay what is below zero when no cross position stands for it any more."""
        if not self._account.open_positions(is_isolated=False):
            self._clear(symbol, ZERO, ZERO, now_ms, events)

    def _judge(
        self,
        concerned: Sequence[Position],
        equity: Decimal,
        maintenance: Decimal,
        now_ms: int,
        events: list[VenueEvent],
    ) -> None:
        if equity <= maintenance:
            self._liquidate(concerned, now_ms, events)
        elif maintenance >= equity * _CALL_RATIO:
            self._call(concerned, now_ms, events)
        else:
            self._called.difference_update((p.symbol, p.side) for p in concerned)

    def _call(self, concerned: Sequence[Position], now_ms: int, events: list[VenueEvent]) -> None:
        fresh = [position for position in concerned if (position.symbol, position.side) not in self._called]
        if not fresh:
            return
        self._called.update((position.symbol, position.side) for position in fresh)
        called = tuple(
            CalledPosition(position_state(p), p.holding.mark_price, self._account.maintenance(p)) for p in fresh
        )
        wallet = None if fresh[0].is_isolated else self._account.cross_wallet
        events.append(MarginCallEvent(called, wallet, now_ms))

    def _liquidate(self, concerned: Sequence[Position], now_ms: int, events: list[VenueEvent]) -> None:
        """Close every position concerned, then charge the fee and let the insurance fund cover what is missing."""
        is_isolated = concerned[0].is_isolated
        if is_isolated:
            self._desk.expire_liquidated(concerned[0].symbol, now_ms, events, concerned[0].side)
        else:
            for symbol in self._account.holdings:
                self._desk.expire_liquidated(symbol, now_ms, events)
        for position in concerned:
            self._algos.expire_all(position, now_ms, events)
        floor = self._account.cross_wallet if is_isolated else ZERO
        fees: list[tuple[str, Decimal]] = []
        for position in concerned:
            self._called.discard((position.symbol, position.side))
            order = self._desk.autoclose(position, now_ms, events)
            self.forced.append(ForcedOrder("LIQUIDATION", order))
            fees.append((position.symbol, cut(order.cum_quote * self._specs[position.symbol].liquidation_fee)))
        for symbol, fee in fees:
            self._clear(symbol, fee, floor, now_ms, events)

    def deleverage(self, position: Position, quantity: Decimal | None, now_ms: int, events: list[VenueEvent]) -> None:
        """Close a position, or `quantity` of it, at the mark price against nobody (auto-deleveraging)."""
        order = self._desk.autoclose(
            position, now_ms, events, client_order_id=ADL_CLIENT_ID, quantity=quantity, uses_book=False
        )
        self._desk.touched.setdefault(position.symbol, [])  # no trade to show, but orders that lived by the position
        self.forced.append(ForcedOrder("ADL", order))

    def _clear(self, symbol: str, fee: Decimal, floor: Decimal, now_ms: int, events: list[VenueEvent]) -> None:
        left = self._account.cross_wallet - floor
        change = -left if left < 0 else -min(fee, left)
        if change:
            self._account.book_income(symbol, "INSURANCE_CLEAR", change, now_ms, info="INSURANCE_CLEAR")
            events.append(self._account.event("INSURANCE_CLEAR", now_ms, change=change))
