"""Records of the order ticket: what is known, what was typed, what is wrong with it, and what it would lead to."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from trader_gui.domain.account import MarginType, Position, PositionKey
from trader_gui.domain.order import OrderIntent, Purpose, Side, TimeInForce, WorkingType
from trader_gui.domain.symbol import SymbolRules
from trader_gui.exchange.port import LeverageBracket
from trader_gui.risk.legs import leg_of


class OrderKind(StrEnum):
    """The ticket's three segments; STOP is a stop-market order of the Algo service."""

    LIMIT = "limit"
    MARKET = "market"
    STOP = "stop"


class SizeUnit(StrEnum):
    """What the number in the size field counts: base asset, quote asset, or notional as percent of equity."""

    BASE = "base"
    QUOTE = "quote"
    EQUITY = "equity"


class Field(StrEnum):
    """Where in the ticket a problem is shown."""

    PRICE = "price"
    SIZE = "size"
    FLAGS = "flags"


class Resting(msgspec.Struct, frozen=True):
    """A stop order at the exchange that would reduce a position: closing side, trigger, and how much it closes.

    `quantity` None: it closes whatever is there.
    """

    side: Side
    trigger_price: Decimal
    quantity: Decimal | None


class OtherPosition(msgspec.Struct, frozen=True):
    """A position on another symbol than the session's, with that symbol's rules: it can be closed, and no more."""

    position: Position
    rules: SymbolRules


class TicketFacts(msgspec.Struct, frozen=True):
    """All that the ticket knows about market and account at one moment; None is unknown.

    Attributes:
        position: None while flat (or unknown: see `is_account_known`); in hedge mode that of the leg, see `on_leg`.
        is_hedge, legs: The account is in hedge mode, and then the symbol's legs that are not flat.
        others: Positions on other symbols.
        available_balance, equity, cross_wallet_balance: Margin asset.
        other_cross_pnl: Unrealised PnL of cross positions on other symbols; None when there are any whose
            maintenance margin cannot be known here, so that no liquidation price can be told.
        maker_fraction, taker_fraction: Commission (0.0005 is 0.05 %).
        stops: Stop orders resting at the exchange that would reduce a position of this symbol.
        max_order_quantity, max_position_notional: Limits of the risk gate; None is off.
        resting_buy, resting_sell: Open orders of each side that would open or enlarge, base asset.
        undecided: (purpose, side) of orders sent whose outcome is not known yet: all by hand, and any entry.
        feed_age_s: Age of the market data in tenths of a second while it is stale, None while fresh.
        feed_is_live: Both market data and the account's stream are fresh: entries are possible.
        is_running: The session is past its start and not stopping.
        now_ms: Event time of the last message.
    """

    rules: SymbolRules
    best_bid: Decimal | None = None
    best_ask: Decimal | None = None
    last_price: Decimal | None = None
    mark_price: Decimal | None = None
    position: Position | None = None
    is_hedge: bool = False
    legs: tuple[Position, ...] = ()
    others: tuple[OtherPosition, ...] = ()
    is_account_known: bool = False
    available_balance: Decimal | None = None
    equity: Decimal | None = None
    cross_wallet_balance: Decimal | None = None
    other_cross_pnl: Decimal | None = None
    leverage: int | None = None
    margin_type: MarginType | None = None
    maker_fraction: Decimal | None = None
    taker_fraction: Decimal | None = None
    brackets: tuple[LeverageBracket, ...] = ()
    stops: tuple[Resting, ...] = ()
    max_order_quantity: Decimal | None = None
    max_position_notional: Decimal | None = None
    resting_buy: Decimal = Decimal(0)
    resting_sell: Decimal = Decimal(0)
    undecided: frozenset[tuple[Purpose, Side]] = frozenset()
    feed_age_s: Decimal | None = None
    feed_is_live: bool = False
    is_running: bool = False
    now_ms: int = 0

    @property
    def position_amount(self) -> Decimal:
        """Signed position, 0 while flat."""
        return self.position.position_amount if self.position else Decimal(0)

    def on_leg(self, side: Side, *, reduces: bool) -> "TicketFacts":
        """Return the facts as an order of `side` meets them: in hedge mode those of its leg.

        The other leg shares a cross wallet, so that no liquidation price can be told.
        """
        if not self.is_hedge:
            return self
        leg = leg_of(side, reduces=reduces, is_hedge=True)
        position = next((p for p in self.legs if p.position_side is leg), None)
        shared = any(p is not position and p.margin_type is not MarginType.ISOLATED for p in self.legs)
        other_cross_pnl = None if shared else self.other_cross_pnl
        return msgspec.structs.replace(self, position=position, other_cross_pnl=other_cross_pnl)

    def for_closing(self, key: PositionKey) -> "TicketFacts | None":
        """Return the facts for closing one position, None when there is none of that key (any more).

        Of another symbol no price is watched, so no figure can be told.
        """
        held = (self.position, *self.legs) if key[0] == self.rules.symbol else ()
        own = next((p for p in held if p is not None and p.key == key), None)
        if own is not None:
            return msgspec.structs.replace(self, position=own)
        other = next((o for o in self.others if o.position.key == key), None)
        if other is None:
            return None
        return TicketFacts(
            rules=other.rules,
            position=other.position,
            is_hedge=self.is_hedge,
            legs=(other.position,) if self.is_hedge else (),
            is_account_known=self.is_account_known,
            feed_is_live=self.feed_is_live,
            is_running=self.is_running,
            now_ms=self.now_ms,
        )


class TicketDraft(msgspec.Struct, frozen=True):
    """What the user typed and chose; texts are as typed.

    Attributes:
        price_text: The limit price, or the trigger price of a stop; it is ignored for market orders.
        is_split: What is larger than one order may be goes out in several.
    """

    kind: OrderKind = OrderKind.LIMIT
    price_text: str = ""
    size_text: str = ""
    size_unit: SizeUnit = SizeUnit.BASE
    reduce_only: bool = False
    post_only: bool = False
    is_split: bool = False
    time_in_force: TimeInForce = TimeInForce.GTC
    working_type: WorkingType = WorkingType.CONTRACT_PRICE

    @property
    def purpose(self) -> Purpose:
        """What an order of this ticket is for: reduce-only stops protect, other reduce-only orders exit."""
        if not self.reduce_only:
            return Purpose.ENTRY
        return Purpose.PROTECTION if self.kind is OrderKind.STOP else Purpose.EXIT


class Problem(msgspec.Struct, frozen=True):
    """Something wrong with the draft: a code, its numbers, and the nearest right values.

    Attributes:
        code: Key of the sentence in the words of the language.
        values: Named numbers (and asset names) for the sentence, each already with its decimals.
        nearest: Right values for the field, in the field's own unit; () when there is none.
        is_warning: It is said, and blocks nothing.
        is_silent: It blocks, and is no reproach (nothing typed yet): no message under the field.
    """

    field: Field
    code: str
    values: tuple[tuple[str, Decimal | str], ...] = ()
    nearest: tuple[Decimal, ...] = ()
    is_warning: bool = False
    is_silent: bool = False


class Preview(msgspec.Struct, frozen=True):
    """What the order would lead to if all of it were filled at its price. None is unknown, or none.

    Attributes:
        notional, cost: Quote asset; `cost` is the margin that the opening part takes.
        fee_maker, fee_taker: Quote asset; None where the order cannot be that.
        position_after: Signed, base asset.
        liquidation_price: 0 when there is none at any price above zero.
        stop_price: Trigger of the stop that would close all of the position after; None when no stop does.
        loss_at_stop: Quote asset, both fees included, negative is a loss.
        loss_fraction: `loss_at_stop` as a fraction of equity.
        closing_pnl: Result of the part that closes, both fees included; None when nothing closes.
    """

    notional: Decimal
    cost: Decimal | None
    fee_maker: Decimal | None
    fee_taker: Decimal | None
    position_after: Decimal
    entry_after: Decimal | None
    break_even: Decimal | None
    liquidation_price: Decimal | None
    stop_price: Decimal | None
    loss_at_stop: Decimal | None
    loss_fraction: Decimal | None
    closing_pnl: Decimal | None


class Assessment(msgspec.Struct, frozen=True):
    """One side of the ticket, judged.

    Attributes:
        quantity: Base asset as it would be sent; None while it cannot be told.
        price: The limit or trigger price, for a market order the best price of the other side.
        hold: Code of what sending waits for (`not_running`, `account_unknown`, `stale_feed`, `undecided`), "" when
            for nothing.
        intent: The order to send; None while there is any error or `hold`.
    """

    side: Side
    quantity: Decimal | None
    price: Decimal | None
    problems: tuple[Problem, ...]
    preview: Preview | None
    hold: str
    intent: OrderIntent | None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that block."""
        return tuple(p for p in self.problems if not p.is_warning)

    @property
    def bad_fields(self) -> frozenset[Field]:
        """The fields that have to be fixed."""
        return frozenset(p.field for p in self.errors)
