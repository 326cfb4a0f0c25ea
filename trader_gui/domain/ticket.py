"""What an order ticket can be set to: kinds of orders, units of size, exits; and what of it is kept."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from trader_gui.domain.order import OrderType, PriceMatch, TimeInForce, WorkingType


class OrderKind(StrEnum):
    """A kind of order as a person chooses it."""

    LIMIT = "limit"
    MARKET = "market"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    TRAILING = "trailing"

    @property
    def order_type(self) -> OrderType:
        """The venue's type."""
        return _ORDER_TYPES[self]

    @property
    def has_limit(self) -> bool:
        """True for the kinds with a limit price."""
        return self.order_type.has_limit_price

    @property
    def has_trigger(self) -> bool:
        """True for the kinds with a trigger price."""
        return self.is_conditional and self is not OrderKind.TRAILING

    @property
    def is_conditional(self) -> bool:
        """True for the kinds that wait for a price before they are orders of the book."""
        return self.order_type.is_conditional

    @property
    def takes_profit(self) -> bool:
        """True for the kinds that wait for a better price than now."""
        return self in (OrderKind.TAKE_PROFIT, OrderKind.TAKE_PROFIT_LIMIT)


_ORDER_TYPES = {
    OrderKind.LIMIT: OrderType.LIMIT,
    OrderKind.MARKET: OrderType.MARKET,
    OrderKind.STOP: OrderType.STOP_MARKET,
    OrderKind.STOP_LIMIT: OrderType.STOP,
    OrderKind.TAKE_PROFIT: OrderType.TAKE_PROFIT_MARKET,
    OrderKind.TAKE_PROFIT_LIMIT: OrderType.TAKE_PROFIT,
    OrderKind.TRAILING: OrderType.TRAILING_STOP_MARKET,
}


class SizeUnit(StrEnum):
    """What the number in the size field counts.

    PERCENT: of the available balance, as margin with fee; of the position when only reducing. RISK and RISK_PERCENT:
    what the order would lose at its stop, both fees counted, in quote asset or as percent of equity.
    """

    BASE = "base"
    QUOTE = "quote"
    PERCENT = "percent"
    RISK = "risk"
    RISK_PERCENT = "risk_percent"

    @property
    def is_risk(self) -> bool:
        """True for the units that need a stop."""
        return self in (SizeUnit.RISK, SizeUnit.RISK_PERCENT)


class ExitUnit(StrEnum):
    """What the number of a stop or target counts: quote per base away from the entry, or the price itself."""

    DISTANCE = "distance"
    PRICE = "price"


class ExitText(msgspec.Struct, frozen=True):
    """A stop or target as typed; empty is none."""

    text: str = ""
    unit: ExitUnit = ExitUnit.DISTANCE


class TicketPreset(msgspec.Struct, frozen=True):
    """The settings of a ticket that do not go stale: no price, and no end of a GTD order. Texts are as typed."""

    kind: OrderKind = OrderKind.LIMIT
    size_unit: SizeUnit = SizeUnit.BASE
    size_text: str = ""
    stop: ExitText = ExitText()
    target: ExitText = ExitText()
    callback_text: str = ""
    reduce_only: bool = False
    post_only: bool = False
    time_in_force: TimeInForce = TimeInForce.GTC
    price_match: PriceMatch | None = None
    working_type: WorkingType = WorkingType.CONTRACT_PRICE
    price_protect: bool = False


class TicketMemory(msgspec.Struct, frozen=True):
    """What a ticket remembers of one symbol.

    Attributes:
        last: The ticket as it was left.
        sizes: The last size typed in each unit.
        sent: Sizes of the last orders sent by hand, base asset, oldest first.
    """

    last: TicketPreset = TicketPreset()
    sizes: dict[SizeUnit, str] = {}
    sent: tuple[Decimal, ...] = ()


class AskKind(StrEnum):
    """What is asked about by rules of its own: kinds of orders, and DRAG, an order's line moved on the chart."""

    LIMIT = "limit"
    MARKET = "market"
    STOP = "stop"
    CLOSE = "close"
    DRAG = "drag"


class AskWhen(StrEnum):
    """When an order is asked about before it is sent; even NEVER asks about what is far out of the usual."""

    ALWAYS = "always"
    ABOVE_LIMITS = "above_limits"
    NEVER = "never"


class AskLimits(msgspec.Struct, frozen=True):
    """Above any of these an order is asked about.

    Attributes:
        usual_multiple: Its size over the median of the last ones by hand.
        equity_fraction: Its notional over the equity (1 is as much as the equity).
        mark_fraction: How far its price lies from the mark price.
    """

    usual_multiple: Decimal = Decimal(3)
    equity_fraction: Decimal = Decimal(1)
    mark_fraction: Decimal = Decimal("0.01")


class AskRules(msgspec.Struct, frozen=True):
    """When each kind is asked about, and above which limits; a stop that is loosened is above them."""

    limit: AskWhen = AskWhen.ALWAYS
    market: AskWhen = AskWhen.ALWAYS
    stop: AskWhen = AskWhen.ALWAYS
    close: AskWhen = AskWhen.ALWAYS
    drag: AskWhen = AskWhen.ABOVE_LIMITS
    limits: AskLimits = AskLimits()

    def when(self, kind: AskKind) -> AskWhen:
        """Return the rule of a kind."""
        when: AskWhen = getattr(self, kind.value)
        return when
