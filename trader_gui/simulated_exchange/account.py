"""The account: wallet, positions, settings, fees, realised profit, funding, and every margin figure.

One-way or hedge mode, USDT only. Every change of the wallet is cut toward zero to 8 decimals and becomes an
`IncomeEntry`, so that wallet = start + sum of incomes, always. Assumptions where the venue's pages are silent:

* Isolated: opening moves price x quantity / leverage into the isolated wallet, or what is left of the cross equity (an
  order may fill long after it was judged); closing a part gives the same part of it back. Fees and realised profit are
  booked on the cross wallet, funding on the isolated one.
* Margin of open orders: notional at their prices by the worse of "all buys fill" and "all sells fill", less the
  position's own, over leverage. Reduce-only orders need none. In hedge mode each position counts for itself, and so
  do its maintenance margin and its limit of size.
* Break-even holds the opening fees of the part still open; realised profit and funding do not move it.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from trader_gui.simulated_exchange import margin
from trader_gui.simulated_exchange.fees import FEE_TIERS
from trader_gui.simulated_exchange.margin import ZERO, Leg, cut
from trader_gui.simulated_exchange.position import BOTH, LONG, SHORT, Holding, Position
from trader_gui.simulated_exchange.records import (
    AccountEvent,
    BalanceState,
    Bracket,
    IncomeEntry,
    MarginChange,
    PositionState,
    SymbolSpec,
)

ASSET = "USDT"


class FillResult(NamedTuple):
    """What a fill did to the wallet; `commission` > 0 is paid."""

    commission: Decimal
    realized: Decimal


class Account:
    """Wallet and positions of the one account.

    Attributes:
        wallet_balance: Cross wallet and isolated wallets together, USDT.
        holdings: Settings and positions of every symbol, flat ones too.
        is_hedge: Hedge mode: positions LONG and SHORT beside each other; else one position BOTH.
        is_multi_assets: Multi-assets mode; with USDT as the only asset, worth 1 USD, no figure differs.
        is_fee_burn_on: Whether fees would be paid in BNB; there is none, so no fee differs.
        incomes: Every change of the wallet, oldest first.
        margin_changes: Every change of an isolated position's margin but funding, oldest first.
        fee_tier: Row of the fee table.
        maker, taker: Fee rates as fractions: the tier's, if no others were given.
        update_time_ms: Market time of the last change of the wallet, or of its start; clients take 0 for "no such
            asset".
    """

    def __init__(
        self,
        specs: Mapping[str, SymbolSpec],
        wallet_balance: Decimal,
        *,
        start_ms: int = 0,
        fee_tier: int = 0,
        maker: Decimal | None = None,
        taker: Decimal | None = None,
    ) -> None:
        rates = FEE_TIERS[fee_tier]
        self.wallet_balance = wallet_balance
        self.fee_tier = fee_tier
        self.maker = rates.maker if maker is None else maker
        self.taker = rates.taker if taker is None else taker
        self.is_hedge = False
        self.is_multi_assets = False
        self.is_fee_burn_on = False
        self.update_time_ms = start_ms
        self.holdings = {symbol: Holding(symbol) for symbol in specs}
        self.incomes: list[IncomeEntry] = []
        self.margin_changes: list[MarginChange] = []
        self._specs = specs
        self._rank = {symbol: rank for rank, symbol in enumerate(specs)}
        self._held: list[Position] = []
        self._ordered: dict[tuple[str, str], Position] = {}

    def position(self, symbol: str, position_side: str = BOTH) -> Position:
        """Return a symbol's position, flat or not."""
        return self.holdings[symbol].legs[position_side]

    def used_positions(self, symbol: str) -> tuple[Position, ...]:
        """Return the positions of a symbol that the position mode uses: BOTH alone, or LONG and SHORT."""
        legs = self.holdings[symbol].legs
        return (legs[LONG], legs[SHORT]) if self.is_hedge else (legs[BOTH],)

    def brackets(self, symbol: str) -> tuple[Bracket, ...]:
        """Return a symbol's leverage brackets."""
        return self._specs[symbol].brackets

    # ---- money -----------------------------------------------------------------------------------------------------

    def fill(
        self,
        symbol: str,
        side: str,
        price: Decimal,
        quantity: Decimal,
        *,
        is_maker: bool,
        trade_id: int,
        time_ms: int,
        position_side: str = BOTH,
    ) -> FillResult:
        """Book one execution: position, realised profit, fee; return the amounts that went through the wallet."""
        position = self.position(symbol, position_side)
        was_open = bool(position.amount)
        signed = quantity if side == "BUY" else -quantity
        closing = min(quantity, abs(position.amount)) if signed * position.amount < 0 else ZERO
        rate = self.maker if is_maker else self.taker
        realized = cut(position.direction * closing * (price - position.entry_price))
        commission = cut(price * quantity * rate)
        if closing:
            self._close_part(position, closing, realized, time_ms)
        if realized:
            self.book_income(symbol, "REALIZED_PNL", realized, time_ms, info=str(trade_id), trade_id=str(trade_id))
        if quantity > closing:
            self._open_part(position, price, quantity - closing, signed, rate)
            if position.is_isolated:
                wanted = cut(price * (quantity - closing) / position.holding.leverage)
                left = max(ZERO, self.cross_wallet + self.cross_unrealized() - commission)
                self.move_margin(position, min(wanted, cut(left)), "TRADE", time_ms)
        if bool(position.amount) != was_open:
            self._note_held(position)
        position.update_time_ms = time_ms
        self.book_income(symbol, "COMMISSION", -commission, time_ms, info=str(trade_id), trade_id=str(trade_id))
        return FillResult(commission, realized)

    def _close_part(self, position: Position, closing: Decimal, realized: Decimal, time_ms: int) -> None:
        left = abs(position.amount) - closing
        share = left / abs(position.amount)
        if position.is_isolated:
            kept = cut(position.isolated_wallet * share)
            self.move_margin(position, kept - position.isolated_wallet, "TRADE", time_ms)
        position.open_fee *= share
        position.accumulated_realized += realized
        position.amount = position.direction * left if left else ZERO
        if not left:
            position.entry_price = ZERO

    @staticmethod
    def _open_part(position: Position, price: Decimal, opening: Decimal, signed: Decimal, rate: Decimal) -> None:
        held = abs(position.amount)
        cost = held * position.entry_price + opening * price
        position.entry_price = cost / (held + opening)
        position.amount += opening.copy_sign(signed)
        position.open_fee += price * opening * rate

    def move_margin(self, position: Position, amount: Decimal, delta_type: str, time_ms: int) -> None:
        """Move money from the cross wallet to an isolated one (back if negative); the whole wallet stands."""
        position.isolated_wallet += amount
        if amount:
            kind = 1 if amount > 0 else 2
            self.margin_changes.append(
                MarginChange(position.symbol, position.side, kind, delta_type, abs(amount), ASSET, time_ms)
            )

    def _note_held(self, position: Position) -> None:
        if position.amount:
            self._held.append(position)
            self._held.sort(key=lambda held: (self._rank[held.symbol], held.side))
        else:
            self._held.remove(position)

    def set_open_orders(self, position: Position, bid_notional: Decimal, ask_notional: Decimal) -> None:
        """Tell what the resting orders of a position could open: notionals at their prices."""
        position.bid_notional, position.ask_notional = bid_notional, ask_notional
        key = position.symbol, position.side
        if bid_notional or ask_notional:
            self._ordered[key] = position
        else:
            self._ordered.pop(key, None)

    def fund(self, position: Position, time_ms: int, mark_price: Decimal, rate: Decimal) -> Decimal:
        """Pay or receive funding for a position; return the change of the wallet (0 when flat). Longs pay if rate > 0.

        Source: the venue's funding page: amount = -position x mark price x rate.
        """
        amount = cut(-position.amount * mark_price * rate)
        if amount:
            if position.is_isolated:
                position.isolated_wallet += amount
            self.book_income(position.symbol, "FUNDING_FEE", amount, time_ms, info="FUNDING_FEE")
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
        self.update_time_ms = time_ms

    # ---- figures ---------------------------------------------------------------------------------------------------

    def open_positions(self, *, is_isolated: bool | None = None) -> list[Position]:
        """Return positions that are not flat, all or of one margin type, in the order of the symbol table."""
        return [position for position in self._held if is_isolated is None or position.is_isolated is is_isolated]

    def active_positions(self) -> list[Position]:
        """Return positions that are open or have orders that could open them."""
        waiting = [position for position in self._ordered.values() if not position.amount]
        return self._held + waiting

    @property
    def cross_wallet(self) -> Decimal:
        """Wallet without what is set aside for isolated positions."""
        return self.wallet_balance - sum((position.isolated_wallet for position in self._held), ZERO)

    def cross_unrealized(self) -> Decimal:
        """Unrealised profit of the cross positions."""
        return sum((position.unrealized for position in self._held if not position.is_isolated), ZERO)

    def maintenance(self, position: Position) -> Decimal:
        """Maintenance margin of a position, 0 when flat."""
        if not position.amount:
            return ZERO
        return margin.maintenance_margin(self.brackets(position.symbol), abs(position.notional))

    def cross_maintenance(self) -> Decimal:
        """Maintenance margin of the cross positions."""
        return sum((self.maintenance(position) for position in self._held if not position.is_isolated), ZERO)

    def available_balance(self) -> Decimal:
        """What new orders may use: cross equity less initial margins of cross positions and of all orders, >= 0."""
        free = self.cross_wallet
        for position in self._held:
            if not position.is_isolated:
                free += position.unrealized - position.initial_margin
        for position in self._ordered.values():
            free -= position.order_margin
        return max(ZERO, free)

    def liquidation_price(self, position: Position) -> Decimal:
        """Mark price at which the position is liquidated while all other marks stand; 0 when flat or never.

        In hedge mode both cross positions of a symbol share one price: they are liquidated together.
        """
        if not position.amount:
            return ZERO
        if position.is_isolated:
            legs, wallet = [position], position.isolated_wallet
            other_maintenance = other_unrealized = ZERO
        else:
            legs = [leg for leg in position.holding.legs.values() if leg.amount]
            wallet = self.cross_wallet
            others = [other for other in self._held if not other.is_isolated and other.holding is not position.holding]
            other_maintenance = sum((self.maintenance(other) for other in others), ZERO)
            other_unrealized = sum((other.unrealized for other in others), ZERO)
        return margin.bracketed_liquidation_price(
            self.brackets(position.symbol),
            wallet_balance=wallet,
            other_maintenance=other_maintenance,
            other_unrealized=other_unrealized,
            legs=[Leg(leg.direction, abs(leg.amount), leg.entry_price) for leg in legs],
            mark_price=position.holding.mark_price,
        )

    # ---- what the user stream is told ------------------------------------------------------------------------------

    def event(
        self, reason: str, time_ms: int, *, positions: Iterable[Position] = (), change: Decimal = ZERO, symbol: str = ""
    ) -> AccountEvent:
        """Return an ACCOUNT_UPDATE with the balance and the positions; `change`: other than profit and fees.

        With LONG and SHORT positions a symbol's BOTH row goes first. `symbol` is told with a funding.
        """
        rows: list[PositionState] = []
        for position in positions:
            if position.side != BOTH and not (rows and rows[-1].symbol == position.symbol):
                rows.append(position_state(position.holding.legs[BOTH]))
            rows.append(position_state(position))
        balance = BalanceState(ASSET, self.wallet_balance, self.cross_wallet, change)
        return AccountEvent(reason, (balance,), tuple(rows), time_ms, symbol)


def position_state(position: Position) -> PositionState:
    """Return a position's row of an ACCOUNT_UPDATE."""
    return PositionState(
        symbol=position.symbol,
        position_amount=position.amount,
        entry_price=position.entry_price,
        break_even_price=position.break_even_price,
        accumulated_realized=position.accumulated_realized,
        unrealized_pnl=position.unrealized,
        margin_type=position.holding.margin_type,
        isolated_wallet=position.isolated_wallet,
        position_side=position.side,
    )
