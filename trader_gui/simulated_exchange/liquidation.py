"""Margin calls and liquidation.

Assumptions, the venue's own stepping being unpublished: a position (isolated) or all cross positions together are
liquidated when equity <= maintenance margin, in one step: open orders expire (reason 5; of the isolated symbol, or of
all crossed ones), conditional orders of the positions too, then an `autoclose-` order closes each position. The
liquidation fee is the symbol's rate of the closed notional, as far as money is left; what is missing below zero
(isolated: below the isolated wallet) is paid by the insurance fund. A margin call goes out once when maintenance
margin reaches 80 % of equity, and again only after it has fallen below that.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from trader_gui.simulated_exchange.account import Account, Position
from trader_gui.simulated_exchange.algo import AlgoDesk
from trader_gui.simulated_exchange.margin import ZERO, cut
from trader_gui.simulated_exchange.orders import OrderDesk
from trader_gui.simulated_exchange.records import MarginCallEvent, SymbolSpec, VenueEvent

_CALL_RATIO = Decimal("0.8")


class Liquidator:
    """Watches equity against maintenance margin at every tick of a symbol that has a position."""

    def __init__(self, specs: Mapping[str, SymbolSpec], account: Account, desk: OrderDesk, algos: AlgoDesk) -> None:
        self._specs = specs
        self._account = account
        self._desk = desk
        self._algos = algos
        self._called: set[str] = set()

    def check(self, symbol: str, now_ms: int, events: list[VenueEvent]) -> None:
        """Liquidate or call for margin as the new mark price of `symbol` demands."""
        position = self._account.positions[symbol]
        if not position.amount:
            self._called.discard(symbol)
            return
        if position.is_isolated:
            equity = position.isolated_wallet + position.unrealized
            maintenance, concerned = self._account.maintenance(position), [position]
        else:
            equity = self._account.cross_wallet + self._account.cross_unrealized()
            maintenance = self._account.cross_maintenance()
            concerned = self._account.open_positions(is_isolated=False)
        if equity <= maintenance:
            self._liquidate(concerned, now_ms, events)
        elif maintenance >= equity * _CALL_RATIO:
            self._call(concerned, now_ms, events)
        else:
            self._called.difference_update([p.symbol for p in concerned])

    def _call(self, concerned: Sequence[Position], now_ms: int, events: list[VenueEvent]) -> None:
        for position in concerned:
            if position.symbol in self._called:
                continue
            self._called.add(position.symbol)
            state = self._account.position_state(position.symbol)
            wallet, maintenance = self._account.cross_wallet, self._account.maintenance(position)
            events.append(MarginCallEvent(state, wallet, position.mark_price, maintenance, now_ms))

    def _liquidate(self, concerned: Sequence[Position], now_ms: int, events: list[VenueEvent]) -> None:
        """Close every position concerned, then charge the fee and let the insurance fund cover what is missing."""
        is_isolated = concerned[0].is_isolated
        crossed = [p for p in self._account.positions.values() if not p.is_isolated]
        for position in concerned if is_isolated else crossed:
            self._desk.expire_liquidated(position.symbol, now_ms, events)
        for position in concerned:
            self._algos.expire_all(position.symbol, now_ms, events)
        floor = self._account.cross_wallet if is_isolated else ZERO
        fees: dict[str, Decimal] = {}
        for position in concerned:
            self._called.discard(position.symbol)
            order = self._desk.autoclose(position.symbol, now_ms, events)
            fees[position.symbol] = cut(order.cum_quote * self._specs[position.symbol].liquidation_fee)
        for symbol, fee in fees.items():
            self._clear(symbol, fee, floor, now_ms, events)

    def _clear(self, symbol: str, fee: Decimal, floor: Decimal, now_ms: int, events: list[VenueEvent]) -> None:
        left = self._account.cross_wallet - floor
        change = -left if left < 0 else -min(fee, left)
        if change:
            self._account.book_income(symbol, "INSURANCE_CLEAR", change, now_ms, info="liquidation")
            events.append(self._account.event("INSURANCE_CLEAR", now_ms, change=change))
