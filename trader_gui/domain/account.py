"""Records of the account: balances, positions and their updates."""

from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

import msgspec

from trader_gui.domain.order import Order, PositionSide


class MarginType(StrEnum):
    """Margin type of a symbol, as requests spell it."""

    CROSSED = "CROSSED"
    ISOLATED = "ISOLATED"


class Balance(msgspec.Struct, frozen=True):
    """One asset's balance. `cross_wallet_balance` leaves out what isolated positions hold."""

    asset: str
    wallet_balance: Decimal
    cross_wallet_balance: Decimal
    available_balance: Decimal | None = None
    """Only REST tells it; None in an update from the stream."""


class Position(msgspec.Struct, frozen=True):
    """One symbol's position (in hedge mode, one of its two legs), as the venue says it is.

    Attributes:
        position_amount: Signed, base asset, + long.
        liquidation_price: None when unknown or none (the venue's 0).
        break_even_price: None when unknown.
        isolated_wallet: Quote asset, 0 for a cross position.
        leverage, margin_type: None while not yet read.
        unrealized_pnl: Quote asset, at the venue's mark price when the record was made.
        mark_price: That mark price; only REST tells it.
    """

    symbol: str
    position_amount: Decimal
    entry_price: Decimal
    unrealized_pnl: Decimal
    break_even_price: Decimal | None = None
    liquidation_price: Decimal | None = None
    isolated_wallet: Decimal = Decimal(0)
    leverage: int | None = None
    margin_type: MarginType | None = None
    update_time_ms: int = 0
    position_side: PositionSide = PositionSide.BOTH
    mark_price: Decimal | None = None

    @property
    def key(self) -> "PositionKey":
        """Symbol and leg: which position this is."""
        return self.symbol, self.position_side


PositionKey: TypeAlias = tuple[str, PositionSide]
"""A symbol has one position, BOTH, in one-way mode, and two, LONG and SHORT, in hedge mode."""


class AccountUpdate(msgspec.Struct, frozen=True):
    """A delta from the user stream: what it does not name is unchanged, not zero.

    Attributes:
        reason: The venue's reason: ORDER, FUNDING_FEE, DEPOSIT, MARGIN_TYPE_CHANGE, ...
        balance_changes: Change other than PnL and fees (`bc`), one for each of `balances`, quote asset.
    """

    reason: str
    balances: tuple[Balance, ...]
    balance_changes: tuple[Decimal, ...]
    positions: tuple[Position, ...]
    event_time_ms: int
    transaction_time_ms: int


class AccountSnapshot(msgspec.Struct, frozen=True):
    """The whole account as REST told it, at one time; replaces all that was known.

    Attributes:
        positions: Every symbol with a position or open orders; absent means flat.
        open_orders: Both families: orders of the book and untriggered conditional orders.
        taken_time_ms: Venue time when the first of the calls was sent: what happened by then is in it.
        orders_of: The symbols whose open orders were asked for; None is all, and only then it is the whole account.
    """

    balances: tuple[Balance, ...]
    positions: tuple[Position, ...]
    open_orders: tuple[Order, ...]
    taken_time_ms: int
    orders_of: tuple[str, ...] | None = None

    def wallet_balance(self, asset: str) -> Decimal | None:
        """Return an asset's wallet balance, None when the venue did not name it."""
        return next((b.wallet_balance for b in self.balances if b.asset == asset), None)


class LeverageUpdate(msgspec.Struct, frozen=True):
    """The leverage of a symbol was changed (ACCOUNT_CONFIG_UPDATE)."""

    symbol: str
    leverage: int
    event_time_ms: int


class SymbolConfig(msgspec.Struct, frozen=True):
    """What the account has set for a symbol, as REST told it; the time is the market's when it was asked for."""

    symbol: str
    leverage: int
    margin_type: MarginType | None
    event_time_ms: int


class PositionMode(msgspec.Struct, frozen=True):
    """The account is in one-way or in hedge mode, as REST told it: no event of the venue does."""

    is_hedge: bool
    event_time_ms: int


class MarginCall(msgspec.Struct, frozen=True):
    """The venue warns of liquidation; advisory only."""

    symbols: tuple[str, ...]
    event_time_ms: int
