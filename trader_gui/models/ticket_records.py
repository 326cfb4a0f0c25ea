"""Records of the order ticket: what is known, what was typed, what is wrong with it, and what it would lead to."""

from decimal import Decimal
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from trader_gui.callback.quotes import Quotes
from trader_gui.domain.account import MarginType, Position, PositionKey
from trader_gui.domain.bracket import BracketWish
from trader_gui.domain.order import (
    OrderIntent,
    PriceMatch,
    Purpose,
    Side,
    TimeInForce,
    WorkingType,
)
from trader_gui.domain.symbol import SymbolRules
from trader_gui.domain.ticket import ExitText, OrderKind, SizeUnit
from trader_gui.exchange.port import CommissionRate, LeverageBracket
from trader_gui.risk.legs import leg_of


class Field(StrEnum):
    """Where in the ticket a problem is shown."""

    PRICE = "price"
    TRIGGER = "trigger"
    CALLBACK = "callback"
    ACTIVATION = "activation"
    SIZE = "size"
    STOP = "stop"
    TARGET = "target"
    FLAGS = "flags"
    END = "end"


class Resting(msgspec.Struct, frozen=True):
    """A stop order at the exchange that would reduce a position: closing side, trigger, and how much it closes.

    `quantity` None: it closes whatever is there.
    """

    side: Side
    trigger_price: Decimal
    quantity: Decimal | None


class OtherPosition(msgspec.Struct, frozen=True):
    """A position on another symbol than the ticket's, with that symbol's rules, prices and fees, as far as known.

    `feed_is_live`: as that of `TicketFacts`, for its symbol.
    """

    position: Position
    rules: SymbolRules
    quotes: Quotes = Quotes()
    commission: CommissionRate | None = None
    feed_is_live: bool = False


class TicketFacts(msgspec.Struct, frozen=True):
    """All that the ticket knows about market and account at one moment; None is unknown.

    Attributes:
        is_engine_symbol: The ticket's symbol is the session's own, which the engine trades.
        unlimited_asset: An asset that the user's limits are not counted in, so that nothing can be opened; "" for none.
        position: None while flat (or unknown: see `is_account_known`); in hedge mode that of the leg, see `on_leg`.
        is_hedge, legs: The account is in hedge mode, and then the symbol's legs that are not flat.
        others: Positions on other symbols.
        available_balance, equity, cross_wallet_balance: Margin asset.
        other_cross_pnl: Unrealised PnL of cross positions on other symbols, their maintenance margin taken off; None
            when there are any whose prices or brackets are not known, so that no liquidation price can be told.
        maker_fraction, taker_fraction: Commission (0.0005 is 0.05 %).
        stops: Stop orders resting at the exchange that would reduce a position of this symbol.
        max_order_quantity, max_position_notional: Limits of the risk gate; None is off.
        resting_buy, resting_sell: Open orders of each side that would open or enlarge, base asset.
        undecided: (purpose, side) of orders sent whose outcome is not known yet: all by hand, and any entry.
        feed_age_s: Age of the market data in tenths of a second while it is stale, None while fresh.
        open_orders: Of the symbol, of all kinds and origins.
        is_account_flat: The account has no position and no open order of any symbol, as far as it is told.
        feed_is_live: Both market data and the account's stream are fresh: entries are possible.
        is_running: The session is past its start and not stopping.
        now_ms: Event time of the last message.
    """

    rules: SymbolRules
    is_engine_symbol: bool = True
    unlimited_asset: str = ""
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
    open_orders: int = 0
    is_account_flat: bool = True
    feed_age_s: Decimal | None = None
    feed_is_live: bool = False
    is_running: bool = False
    now_ms: int = 0

    @property
    def position_amount(self) -> Decimal:
        """Signed position, 0 while flat."""
        return self.position.position_amount if self.position else Decimal(0)

    @property
    def other_legs(self) -> tuple[Position, ...]:
        """The symbol's legs beside `position`: they share a cross wallet with it."""
        return tuple(leg for leg in self.legs if leg != self.position)

    def on_leg(self, side: Side, *, reduces: bool) -> "TicketFacts":
        """Return the facts as an order of `side` meets them: in hedge mode its leg is the position."""
        if not self.is_hedge:
            return self
        leg = leg_of(side, reduces=reduces, is_hedge=True)
        return replace(self, position=next((p for p in self.legs if p.position_side is leg), None))

    def for_closing(self, key: PositionKey) -> "TicketFacts | None":
        """Return the facts for closing one position, None when there is none of that key (any more).

        Of a symbol that is not watched at most the mark price is known, and nothing is live.
        """
        held = (self.position, *self.legs) if key[0] == self.rules.symbol else ()
        own = next((p for p in held if p is not None and p.key == key), None)
        if own is not None:
            return replace(self, position=own)
        other = next((o for o in self.others if o.position.key == key), None)
        if other is None:
            return None
        return TicketFacts(
            rules=other.rules,
            best_bid=other.quotes.best_bid,
            best_ask=other.quotes.best_ask,
            last_price=other.quotes.last_price,
            mark_price=other.quotes.mark_price,
            position=other.position,
            maker_fraction=other.commission.maker_fraction if other.commission else None,
            taker_fraction=other.commission.taker_fraction if other.commission else None,
            is_hedge=self.is_hedge,
            legs=(other.position,) if self.is_hedge else (),
            is_account_known=self.is_account_known,
            feed_is_live=other.feed_is_live,
            is_running=self.is_running,
            now_ms=self.now_ms,
        )


class TicketDraft(msgspec.Struct, frozen=True):
    """What the user typed and chose; texts are as typed. What does not belong to `kind` is ignored.

    Attributes:
        price_text, price_match: The limit price, or where the venue shall take it from.
        trigger_text: Of stops and take-profits.
        callback_text, activation_text: Of a trailing stop: percent, and an optional price.
        stop, target: Where the position is to be left; ignored by an order that only reduces.
        post_only, time_in_force, good_till_ms: For kinds with a limit price; `good_till_ms` with GTD.
        working_type, price_protect: For kinds that wait for a price.
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
    price_match: PriceMatch | None = None
    trigger_text: str = ""
    callback_text: str = ""
    activation_text: str = ""
    stop: ExitText = ExitText()
    target: ExitText = ExitText()
    good_till_ms: int | None = None
    price_protect: bool = False

    @property
    def purpose(self) -> Purpose:
        """What an order of this ticket is for: reduce-only orders that wait protect, other reduce-only orders exit."""
        if not self.reduce_only:
            return Purpose.ENTRY
        return Purpose.PROTECTION if self.kind.is_conditional else Purpose.EXIT

    @property
    def is_post_only(self) -> bool:
        """Whether the order may only ever rest."""
        return self.kind.has_limit and self.post_only

    @property
    def is_market(self) -> bool:
        """Whether the order trades at market, at once or when its price comes: other filters hold for it."""
        return not self.kind.has_limit


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
        stop_price: The stop of the ticket, else the trigger of the resting stop that would close all of the position
            after; None when no stop does.
        loss_at_stop: Of the position after, quote asset, both fees included, negative is a loss.
        loss_fraction: `loss_at_stop` as a fraction of equity.
        gain_at_target: Of the position after at the ticket's target, both fees included; None without one.
        gain_in_r: `gain_at_target` in multiples of what is lost at the stop.
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
    gain_at_target: Decimal | None
    gain_in_r: Decimal | None
    closing_pnl: Decimal | None


class Assessment(msgspec.Struct, frozen=True):
    """One side of the ticket, judged.

    Attributes:
        quantity: Base asset as it would be sent; None while it cannot be told.
        price: What the order is expected to trade at; None while it cannot be told.
        stop_price, target_price: Where stop and target would lie; None when there is none, or none can be told.
        hold: Code of what sending waits for (`not_running`, `account_unknown`, `stale_feed`, `undecided`), "" when
            for nothing.
        intent: The order to send; None while there is any error or `hold`.
        bracket: The same order with its exits, when there is any; None otherwise.
    """

    side: Side
    quantity: Decimal | None
    price: Decimal | None
    problems: tuple[Problem, ...]
    preview: Preview | None
    hold: str
    intent: OrderIntent | None
    stop_price: Decimal | None = None
    target_price: Decimal | None = None
    bracket: BracketWish | None = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that block."""
        return tuple(p for p in self.problems if not p.is_warning)

    @property
    def bad_fields(self) -> frozenset[Field]:
        """The fields that have to be fixed."""
        return frozenset(p.field for p in self.errors)
