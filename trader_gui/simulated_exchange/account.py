"""The account: wallet, positions, settings, fees, realised profit, funding, and every margin figure.

One-way mode, USDT only. Every change of the wallet is cut toward zero to 8 decimals and becomes an `IncomeEntry`, so
that wallet = start + sum of incomes, always. Assumptions where the venue's pages are silent:

* Isolated: opening moves price x quantity / leverage into the isolated wallet; closing a part gives the same part of
  it back. Fees and realised profit are booked on the cross wallet, funding on the isolated one.
* Margin of open orders: notional at their prices by the worse of "all buys fill" and "all sells fill", less the
  position's own, over leverage. Reduce-only orders need none.
* Break-even holds the opening fees of the part still open; realised profit and funding do not move it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from trader_gui.simulated_exchange import margin
from trader_gui.simulated_exchange.margin import ONE, ZERO, cut
from trader_gui.simulated_exchange.records import (
    AccountEvent,
    BalanceState,
    IncomeEntry,
    PositionState,
    SymbolSpec,
    VenueRefusal,
)

ASSET = "USDT"
_DEFAULT_LEVERAGE = 20


class Position(msgspec.Struct):
    """One symbol's position and settings.

    Attributes:
        amount: Signed, base asset, + long.
        entry_price: Quantity-weighted mean of what is open, 0 when flat.
        open_fee: Fees paid for what is open, quote asset, not cut.
        accumulated_realized: Realised profit since the start, before fees.
        isolated_wallet: Margin set aside, 0 when CROSSED.
        mark_price: Last known mark price.
        bid_notional, ask_notional: Open buy and sell orders that are not reduce-only, at their prices.
    """

    symbol: str
    leverage: int = _DEFAULT_LEVERAGE
    margin_type: str = "CROSSED"
    amount: Decimal = ZERO
    entry_price: Decimal = ZERO
    open_fee: Decimal = ZERO
    accumulated_realized: Decimal = ZERO
    isolated_wallet: Decimal = ZERO
    mark_price: Decimal = ZERO
    bid_notional: Decimal = ZERO
    ask_notional: Decimal = ZERO
    update_time_ms: int = 0

    @property
    def is_isolated(self) -> bool:
        """Whether the margin type is ISOLATED."""
        return self.margin_type == "ISOLATED"

    @property
    def direction(self) -> int:
        """+1 long, -1 short, 0 flat."""
        return (self.amount > 0) - (self.amount < 0)

    @property
    def closing_side(self) -> str:
        """Side of an order that reduces the position, "" when flat."""
        return ("", "SELL", "BUY")[self.direction]

    @property
    def notional(self) -> Decimal:
        """Signed notional at the mark price."""
        return self.amount * self.mark_price

    @property
    def unrealized(self) -> Decimal:
        """Unrealised profit at the mark price."""
        return self.amount * (self.mark_price - self.entry_price) if self.amount else ZERO

    @property
    def initial_margin(self) -> Decimal:
        """Initial margin of the position itself."""
        return abs(self.notional) / self.leverage

    @property
    def order_margin(self) -> Decimal:
        """Initial margin of the open orders beyond the position's."""
        if not (self.bid_notional or self.ask_notional):
            return ZERO
        notional = self.notional
        worst = margin.exposure(notional, self.bid_notional, self.ask_notional)
        return max(ZERO, worst - abs(notional)) / self.leverage

    @property
    def break_even_price(self) -> Decimal:
        """Price at which closing would give back the opening fees, 0 when flat."""
        return self.entry_price + self.open_fee / self.amount if self.amount else ZERO


class FillResult(NamedTuple):
    """What a fill did to the wallet; `commission` > 0 is paid."""

    commission: Decimal
    realized: Decimal


class Account:
    """Wallet and positions of the one account.

    Attributes:
        wallet_balance: Cross wallet and isolated wallets together, USDT.
        positions: One for every symbol, flat ones too.
        incomes: Every change of the wallet, oldest first.
        maker, taker: Fee rates as fractions.
    """

    def __init__(
        self, specs: Mapping[str, SymbolSpec], wallet_balance: Decimal, maker: Decimal, taker: Decimal
    ) -> None:
        self.wallet_balance = wallet_balance
        self.maker = maker
        self.taker = taker
        self.positions = {symbol: Position(symbol) for symbol in specs}
        self.incomes: list[IncomeEntry] = []
        self._specs = specs

    # ---- money -----------------------------------------------------------------------------------------------------

    def fill(
        self, symbol: str, side: str, price: Decimal, quantity: Decimal, *, is_maker: bool, trade_id: int, time_ms: int
    ) -> FillResult:
        """Book one execution: position, realised profit, fee; return the amounts that went through the wallet."""
        position = self.positions[symbol]
        signed = quantity if side == "BUY" else -quantity
        closing = min(quantity, abs(position.amount)) if signed * position.amount < 0 else ZERO
        rate = self.maker if is_maker else self.taker
        realized = cut(position.direction * closing * (price - position.entry_price))
        if closing:
            self._close_part(position, closing, realized)
        if quantity > closing:
            self._open_part(position, price, quantity - closing, signed, rate)
        position.update_time_ms = time_ms
        commission = cut(price * quantity * rate)
        if realized:
            self.book_income(symbol, "REALIZED_PNL", realized, time_ms, info=str(trade_id), trade_id=str(trade_id))
        self.book_income(symbol, "COMMISSION", -commission, time_ms, info=str(trade_id), trade_id=str(trade_id))
        return FillResult(commission, realized)

    def _close_part(self, position: Position, closing: Decimal, realized: Decimal) -> None:
        left = abs(position.amount) - closing
        share = left / abs(position.amount)
        position.isolated_wallet = cut(position.isolated_wallet * share)
        position.open_fee *= share
        position.accumulated_realized += realized
        position.amount = position.direction * left if left else ZERO
        if not left:
            position.entry_price = ZERO

    def _open_part(self, position: Position, price: Decimal, opening: Decimal, signed: Decimal, rate: Decimal) -> None:
        held = abs(position.amount)
        cost = held * position.entry_price + opening * price
        position.entry_price = cost / (held + opening)
        position.amount += opening.copy_sign(signed)
        position.open_fee += price * opening * rate
        if position.is_isolated:
            position.isolated_wallet += cut(price * opening / position.leverage)

    def fund(self, symbol: str, time_ms: int, mark_price: Decimal, rate: Decimal) -> Decimal:
        """Pay or receive funding for a position; return the change of the wallet (0 when flat). Longs pay if rate > 0.

        Source: the venue's funding page: amount = -position x mark price x rate.
        """
        position = self.positions[symbol]
        amount = cut(-position.amount * mark_price * rate)
        if amount:
            if position.is_isolated:
                position.isolated_wallet += amount
            self.book_income(symbol, "FUNDING_FEE", amount, time_ms)
        return amount

    def book_income(
        self, symbol: str, income_type: str, amount: Decimal, time_ms: int, *, info: str = "", trade_id: str = ""
    ) -> None:
        """Change the wallet by `amount` (already cut) and write the entry; 0 is no entry."""
        if not amount:
            return
        self.wallet_balance += amount
        entry = IncomeEntry(symbol, income_type, amount, ASSET, info, time_ms, len(self.incomes) + 1, trade_id)
        self.incomes.append(entry)

    # ---- settings --------------------------------------------------------------------------------------------------

    def set_leverage(self, symbol: str, leverage: int, time_ms: int) -> None:
        """Change a symbol's leverage.

        Raises:
            VenueRefusal: -4028 not offered, -4161 isolated position would need more, -2027 position too large for it,
                -2028 not enough margin for the position at the lower leverage.
        """
        position = self.positions[symbol]
        brackets = self._specs[symbol].brackets
        if not 1 <= leverage <= brackets[0].initial_leverage:
            raise VenueRefusal(-4028, f"Leverage {leverage} is not valid.")
        if position.is_isolated and position.amount and leverage < position.leverage:
            message = "Leverage reduction is not supported in Isolated Margin Mode with open positions."
            raise VenueRefusal(-4161, message)
        largest = margin.exposure(position.notional, position.bid_notional, position.ask_notional)
        if largest > margin.max_notional(brackets, leverage):
            raise VenueRefusal(-2027, "Exceeded the maximum allowable position at current leverage.")
        needed = (
            (position.initial_margin + position.order_margin)
            * position.leverage
            * (ONE / leverage - ONE / position.leverage)
        )
        if needed > 0 and needed > self.available_balance():
            raise VenueRefusal(-2028, "Leverage is smaller than permitted: insufficient margin balance.")
        position.leverage = leverage
        position.update_time_ms = time_ms

    def set_margin_type(self, symbol: str, margin_type: str, time_ms: int, *, has_orders: bool) -> None:
        """Change a flat symbol's margin type.

        Raises:
            VenueRefusal: -1102 no such type, -4046 already so, -4047 open orders, -4048 position.
        """
        position = self.positions[symbol]
        if margin_type not in ("CROSSED", "ISOLATED"):
            raise VenueRefusal(-1102, "Mandatory parameter 'marginType' was not sent, was empty/null, or malformed.")
        if margin_type == position.margin_type:
            raise VenueRefusal(-4046, "No need to change margin type.")
        if has_orders:
            raise VenueRefusal(-4047, "Margin type cannot be changed if there exists open orders.")
        if position.amount:
            raise VenueRefusal(-4048, "Margin type cannot be changed if there exists position.")
        position.margin_type = margin_type
        position.update_time_ms = time_ms

    # ---- figures ---------------------------------------------------------------------------------------------------

    def open_positions(self, *, is_isolated: bool | None = None) -> list[Position]:
        """Return positions that are not flat, all or of one margin type, in the order of the symbol table."""
        held = (position for position in self.positions.values() if position.amount)
        return [position for position in held if is_isolated is None or position.is_isolated is is_isolated]

    @property
    def cross_wallet(self) -> Decimal:
        """Wallet without what is set aside for isolated positions."""
        return self.wallet_balance - sum((p.isolated_wallet for p in self.positions.values()), ZERO)

    def cross_unrealized(self) -> Decimal:
        """Unrealised profit of the cross positions."""
        return sum((position.unrealized for position in self.open_positions(is_isolated=False)), ZERO)

    def maintenance(self, position: Position) -> Decimal:
        """Maintenance margin of a position, 0 when flat."""
        if not position.amount:
            return ZERO
        return margin.maintenance_margin(self._specs[position.symbol].brackets, abs(position.notional))

    def cross_maintenance(self) -> Decimal:
        """Maintenance margin of the cross positions."""
        return sum((self.maintenance(position) for position in self.open_positions(is_isolated=False)), ZERO)

    def available_balance(self) -> Decimal:
        """What new orders may use: cross equity less initial margins of cross positions and of all orders, >= 0."""
        used = ZERO
        for position in self.positions.values():
            used += position.order_margin
            if position.amount and not position.is_isolated:
                used += position.initial_margin
        return max(ZERO, self.cross_wallet + self.cross_unrealized() - used)

    def liquidation_price(self, position: Position) -> Decimal:
        """Mark price at which the position is liquidated while all other marks stand; 0 when flat or never."""
        if not position.amount:
            return ZERO
        if position.is_isolated:
            wallet, other_maintenance, other_unrealized = position.isolated_wallet, ZERO, ZERO
        else:
            wallet = self.cross_wallet
            other_maintenance = self.cross_maintenance() - self.maintenance(position)
            other_unrealized = self.cross_unrealized() - position.unrealized
        return margin.bracketed_liquidation_price(
            self._specs[position.symbol].brackets,
            wallet_balance=wallet,
            other_maintenance=other_maintenance,
            other_unrealized=other_unrealized,
            direction=position.direction,
            quantity=abs(position.amount),
            entry_price=position.entry_price,
            mark_price=position.mark_price,
        )

    # ---- what the user stream is told ------------------------------------------------------------------------------

    def position_state(self, symbol: str) -> PositionState:
        """Return a symbol's row of an ACCOUNT_UPDATE."""
        position = self.positions[symbol]
        return PositionState(
            symbol=symbol,
            position_amount=position.amount,
            entry_price=position.entry_price,
            break_even_price=position.break_even_price,
            accumulated_realized=position.accumulated_realized,
            unrealized_pnl=position.unrealized,
            margin_type=position.margin_type,
            isolated_wallet=position.isolated_wallet,
        )

    def event(
        self, reason: str, time_ms: int, *, symbols: tuple[str, ...] = (), change: Decimal = ZERO
    ) -> AccountEvent:
        """Return an ACCOUNT_UPDATE with the balance and the named positions; `change`: other than profit and fees."""
        balance = BalanceState(ASSET, self.wallet_balance, self.cross_wallet, change)
        return AccountEvent(reason, (balance,), tuple(self.position_state(symbol) for symbol in symbols), time_ms)
