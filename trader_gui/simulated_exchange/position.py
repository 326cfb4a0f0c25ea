"""Positions as the account keeps them: one `Holding` per symbol with its settings, and a position for each side.

In one-way mode only BOTH is used, in hedge mode only LONG and SHORT. Leverage, margin type and mark price belong to
the symbol and hold for all of its positions; quantities, margins and open orders belong to each position.
"""

from decimal import Decimal

import msgspec

from trader_gui.simulated_exchange import margin
from trader_gui.simulated_exchange.margin import ZERO

BOTH, LONG, SHORT = "BOTH", "LONG", "SHORT"
POSITION_SIDES = (BOTH, LONG, SHORT)
_DEFAULT_LEVERAGE = 20


class Holding(msgspec.Struct):
    """One symbol's settings and positions.

    Attributes:
        margin_type: CROSSED or ISOLATED.
        mark_price: Last known mark price.
        legs: Position by position side, flat ones too.
    """

    symbol: str
    leverage: int = _DEFAULT_LEVERAGE
    margin_type: str = "CROSSED"
    mark_price: Decimal = ZERO
    legs: dict[str, "Position"] = {}

    def __post_init__(self) -> None:
        self.legs = {side: Position(self, side) for side in POSITION_SIDES}

    @property
    def is_isolated(self) -> bool:
        """Whether the margin type is ISOLATED."""
        return self.margin_type == "ISOLATED"

    @property
    def is_flat(self) -> bool:
        """Whether no position is open."""
        return not any(leg.amount for leg in self.legs.values())


class Position:
    """One position of a symbol.

    Attributes:
        holding: The symbol that it belongs to.
        side: BOTH, LONG or SHORT.
        amount: Signed, base asset, + long.
        entry_price: Quantity-weighted mean of what is open, 0 when flat.
        open_fee: Fees paid for what is open, quote asset, not cut.
        accumulated_realized: Realised profit since the start, before fees.
        isolated_wallet: Margin set aside, 0 when CROSSED.
        bid_notional, ask_notional: Open buy and sell orders that may open or enlarge it, at their prices.
    """

    __slots__ = (
        "accumulated_realized",
        "amount",
        "ask_notional",
        "bid_notional",
        "entry_price",
        "holding",
        "isolated_wallet",
        "open_fee",
        "side",
        "update_time_ms",
    )

    def __init__(self, holding: Holding, side: str) -> None:
        self.holding = holding
        self.side = side
        self.amount = ZERO
        self.entry_price = ZERO
        self.open_fee = ZERO
        self.accumulated_realized = ZERO
        self.isolated_wallet = ZERO
        self.bid_notional = ZERO
        self.ask_notional = ZERO
        self.update_time_ms = 0

    @property
    def symbol(self) -> str:
        """The symbol."""
        return self.holding.symbol

    @property
    def is_isolated(self) -> bool:
        """Whether the margin type is ISOLATED."""
        return self.holding.is_isolated

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
        return self.amount * self.holding.mark_price

    @property
    def unrealized(self) -> Decimal:
        """Unrealised profit at the mark price."""
        return self.amount * (self.holding.mark_price - self.entry_price) if self.amount else ZERO

    @property
    def initial_margin(self) -> Decimal:
        """Initial margin of the position itself."""
        return abs(self.notional) / self.holding.leverage

    @property
    def order_margin(self) -> Decimal:
        """Initial margin of the open orders beyond the position's."""
        if not (self.bid_notional or self.ask_notional):
            return ZERO
        notional = self.notional
        worst = margin.exposure(notional, self.bid_notional, self.ask_notional)
        return max(ZERO, worst - abs(notional)) / self.holding.leverage

    @property
    def break_even_price(self) -> Decimal:
        """Price at which closing would give back the opening fees, 0 when flat."""
        return self.entry_price + self.open_fee / self.amount if self.amount else ZERO


def closes_only(side: str, position_side: str) -> bool:
    """Whether an order of hedge mode reduces by nature: LONG and SELL, or SHORT and BUY."""
    return position_side == (LONG if side == "SELL" else SHORT)
