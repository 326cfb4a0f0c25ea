"""How each column of each table looks: text, tone, icon, width, and which column goes first when room is short."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from trader_gui.domain.order import (
    AmendIntent,
    Order,
    OrderFamily,
    OrderIntent,
    OrderStatus,
    OrderType,
    Origin,
    PositionSide,
    Side,
)
from trader_gui.i18n import readable, reason_words, refusal_words, venue_error_words
from trader_gui.models.decisions import DecisionRow, Verdict
from trader_gui.models.fills import FillRow
from trader_gui.models.orders import OrderRow
from trader_gui.widgets import format as fmt

Icon = tuple[str, str]
"""(icon name, tone)"""


class OfOrder(Protocol):
    """A row that shows an order, open or over."""

    @property
    def order(self) -> Order: ...
    @property
    def quantity_decimals(self) -> int: ...


def _no_tone(row: Any) -> str:
    return "text1"


def _never(row: Any) -> bool:
    return False


def _no_icon(row: Any) -> Icon | None:
    return None


@dataclass(frozen=True)
class ColumnLook:
    """Look of one column.

    Attributes:
        key: The model's column.
        width: Pixels at 100 %, cell padding included.
        text: What is drawn, from the row.
        tone: Theme tone of the text, `up` and `down` included.
        icon: Icon before the text.
        is_strong: Semi-bold.
        is_action: Drawn as a button; `text` is its label, "" draws none.
        menu_text: What the button is called in the row's menu.
        has_menu: The button has a part at its right that opens a menu of its own.
        drop: Higher goes first when the table is narrow; 0 never goes.
        stretch: Takes the room that is left.
        is_optional: Shown only to those who call for it.
        is_pending: Tells of a row that the cell's value was asked for and is not confirmed yet: it is hatched.
    """

    key: str
    width: int
    text: Callable[[Any], str]
    tone: Callable[[Any], str] = _no_tone
    icon: Callable[[Any], Icon | None] = _no_icon
    is_strong: bool = False
    is_action: bool = False
    menu_text: str = ""
    has_menu: bool = False
    drop: int = 0
    stretch: bool = False
    is_optional: bool = False
    is_pending: Callable[[Any], bool] = _never


_ORIGINS: dict[Origin | None, tuple[str, str, str]] = {
    Origin.ENGINE: ("Engine", "gear", "accent"),
    Origin.HAND: ("Manual", "hand", "text1"),
    Origin.OTHER: ("Elsewhere", "globe", "text2"),
}
STATES = {
    OrderStatus.NEW: "At exchange",
    OrderStatus.PARTIALLY_FILLED: "Partly filled",
    OrderStatus.TRIGGERING: "Triggering",
    OrderStatus.TRIGGERED: "Triggered",
    OrderStatus.SENT: "Being sent",
    OrderStatus.UNKNOWN: "Asking the exchange",
}
TYPES = {
    OrderType.LIMIT: "Limit",
    OrderType.MARKET: "Market",
    OrderType.STOP: "Stop limit",
    OrderType.STOP_MARKET: "Stop",
    OrderType.TAKE_PROFIT: "Take profit limit",
    OrderType.TAKE_PROFIT_MARKET: "Take profit",
    OrderType.TRAILING_STOP_MARKET: "Trailing stop",
    OrderType.LIQUIDATION: "Liquidation",
}
_STOPS = (OrderType.STOP, OrderType.STOP_MARKET, OrderType.TRAILING_STOP_MARKET)
_TARGETS = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_MARKET)
_VERDICTS = {
    Verdict.SENT: ("sent", "text1"),
    Verdict.CANCEL: ("cancel", "text1"),
    Verdict.AMEND: ("change", "text1"),
    Verdict.REFUSED: ("refused", "warn"),
    Verdict.REJECTED: ("rejected", "danger"),
    Verdict.UNKNOWN: ("unknown", "warn"),
    Verdict.FILLED: ("filled", "ok"),
    Verdict.CANCELED: ("cancelled", "text2"),
    Verdict.EXPIRED: ("expired", "text2"),
    Verdict.ARMED: ("armed", "accent"),
    Verdict.REDUCING: ("reducing", "warn"),
    Verdict.DISARMED: ("disarmed", "text1"),
    Verdict.FUNDING: ("funding", "info"),
}


# ---- words ---------------------------------------------------------------------------------------------------------


def side_words(is_up: bool, up: str, down: str) -> str:
    """Return the side with its arrow: `▲ Buy`."""
    return f"{fmt.ARROW_UP} {up}" if is_up else f"{fmt.ARROW_DOWN} {down}"


def leg_words(leg: PositionSide) -> str:
    """Return the name of a leg of hedge mode: `long leg`."""
    return f"{leg.value.lower()} leg"


def fill_side_words(row: FillRow) -> str:
    """Return the side, and the leg in a word: `▼ Sell long`."""
    side = side_words(row.fill.side is Side.BUY, "Buy", "Sell")
    leg = row.fill.position_side
    return side if leg is PositionSide.BOTH else f"{side} {leg.value.lower()}"


def order_type_words(row: OfOrder) -> str:
    """Return an order's kind; a stop that only closes is a stop loss."""
    order = row.order
    if order.order_type in _STOPS and order.is_reducing:
        return "Stop loss"
    return TYPES[order.order_type]


def order_icon(row: OfOrder) -> Icon | None:
    """Return the sign of a stop or a target."""
    if row.order.order_type in _STOPS:
        return ("shield", "down")
    return ("target", "up") if row.order.order_type in _TARGETS else None


def open_order_icon(row: OfOrder) -> Icon | None:
    """Return the sign of a stop or a target, of another order that of who sent it, as on the chart."""
    return order_icon(row) or origin_icon(row.order.origin)


def direction_tone(value: Any, decimals: int = 2) -> str:
    """Return the tone of a gain or a loss; what is shown as zero is neither."""
    rounded = round(float(value), decimals) if value is not None else 0.0
    return "text1" if not rounded else "up" if rounded > 0 else "down"


def origin_text(origin: Origin | None) -> str:
    """Return who sent an order."""
    return _ORIGINS[origin][0] if origin is not None else fmt.DASH


def origin_icon(origin: Origin | None) -> Icon | None:
    """Return the sign of who sent an order: gear, hand or globe."""
    return _ORIGINS[origin][1:] if origin is not None else None


def size_text(row: OfOrder) -> str:
    """Return an order's size, and how much of it is executed."""
    order = row.order
    if order.close_position:
        return "position"
    size = fmt.quantity(order.quantity, row.quantity_decimals)
    if not order.executed_quantity or order.executed_quantity == order.quantity:
        return size
    return f"{fmt.quantity(order.executed_quantity, row.quantity_decimals)} / {size}"


def _wanted_price(row: OrderRow, now: Decimal, of_trigger: bool) -> Decimal | None:
    """Return an order's limit or trigger price, None without one; of a change that is on its way, what is asked for."""
    is_asked = row.wanted_price is not None and row.order.order_type.is_conditional is of_trigger
    return row.wanted_price if is_asked else now or None


def _wanted_size_text(row: OrderRow) -> str:
    """Return an order's size; of a change that is on its way, the size that was asked for."""
    wanted = row.wanted_quantity
    return size_text(row) if wanted is None else fmt.quantity(wanted, row.quantity_decimals)


def _state_tone(row: OrderRow) -> str:
    if row.refusal:
        return "danger"
    if row.is_amending:
        return "warn"
    return "warn" if row.order.status in (OrderStatus.SENT, OrderStatus.UNKNOWN) else "text2"


def decision_words(row: DecisionRow) -> str:
    """Return why a row came about, as a sentence."""
    if row.verdict is Verdict.REFUSED:
        return refusal_words(row.refusal) if row.refusal else ""
    if row.verdict is Verdict.REJECTED:
        return venue_error_words(int(row.reason) if row.reason else None, row.detail)
    if row.verdict is Verdict.UNKNOWN:
        return "No answer; the exchange is being asked what became of it"
    if row.verdict in (Verdict.CANCELED, Verdict.EXPIRED):
        return row.detail
    return reason_words(row.reason)


def verdict_words(row: DecisionRow) -> tuple[str, str]:
    """Return (word, tone) of what happened."""
    return _VERDICTS[row.verdict]


def intent_words(row: DecisionRow) -> str:
    """Return what was wanted or executed, with its figures."""
    if row.fill is not None:
        side = side_words(row.fill.side is Side.BUY, "Buy", "Sell")
        return f"{side} {fmt.number(row.fill.quantity, 3)} @ {row.fill.price:,f}"
    if row.verdict is Verdict.FUNDING:
        return row.detail
    if row.intent is None:
        return ""
    if isinstance(row.intent, OrderIntent):
        side = side_words(row.intent.side is Side.BUY, "Buy", "Sell")
        return f"{side} {TYPES[row.intent.order_type].lower()} {figures(row.intent)}"
    terms = f" to {terms_words(row.intent)}" if isinstance(row.intent, AmendIntent) else ""
    return f"order {row.intent.client_order_id}{terms}"


def terms_words(intent: AmendIntent) -> str:
    """Return what an amendment asks for: `0.010 @ 60,000.0`."""
    size = "" if intent.quantity is None else f"{intent.quantity:,f}"
    return f"{size} @ {intent.price:,f}".lstrip() if intent.price is not None else size


def figures(intent: OrderIntent) -> str:
    """Return size and level of an order as it was wanted."""
    size = "position" if intent.quantity is None else f"{intent.quantity:,f}"
    level = intent.trigger_price if intent.trigger_price is not None else intent.price
    return size if level is None else f"{size} @ {level:,f}"


def _times(row: DecisionRow) -> str:
    return f"×{row.count}" if row.count > 1 else ""


def _asking_text(row: OrderRow) -> str:
    """Return an order's state; of one that the exchange is being asked about, for how long; why it was not changed."""
    if row.refusal:
        return f"Not changed: {row.refusal}"
    if row.is_amending:
        return "Being changed"
    words = STATES.get(row.order.status, readable(row.order.status.value.lower()))
    return words if row.asking_s is None else f"Asking since {row.asking_s} s"


# ---- tables --------------------------------------------------------------------------------------------------------

_SIDE = ColumnLook(
    "side",
    72,
    lambda r: side_words(r.order.side is Side.BUY, "Buy", "Sell"),
)

ORDERS = (
    ColumnLook("type", 130, order_type_words, icon=open_order_icon),
    ColumnLook("symbol", 88, lambda r: r.order.symbol, drop=1),
    _SIDE,
    ColumnLook(
        "quantity",
        104,
        _wanted_size_text,
        is_pending=lambda r: r.is_amending and not r.order.order_type.is_conditional,
    ),
    ColumnLook(
        "limit",
        98,
        lambda r: fmt.price(_wanted_price(r, r.order.price, False), r.price_decimals),
        drop=2,
        is_pending=lambda r: r.is_amending and not r.order.order_type.is_conditional,
    ),
    ColumnLook(
        "trigger",
        98,
        lambda r: fmt.price(_wanted_price(r, r.order.trigger_price, True), r.price_decimals),
        is_pending=lambda r: r.is_amending and r.order.order_type.is_conditional,
    ),
    ColumnLook("distance", 80, lambda r: fmt.percent(r.distance_fraction), lambda r: "text2"),
    ColumnLook("state", 130, _asking_text, _state_tone),
    ColumnLook("flags", 196, lambda r: flags_text(r), lambda r: "text2", drop=5, stretch=True),
    ColumnLook(
        "opened_by",
        102,
        lambda r: origin_text(r.order.origin),
        icon=lambda r: origin_icon(r.order.origin),
        drop=3,
    ),
    ColumnLook("time", 84, lambda r: fmt.clock(r.order.update_time_ms or None), lambda r: "text2", drop=6),
    ColumnLook("order", 150, lambda r: r.order.client_order_id, lambda r: "text3", is_optional=True),
    ColumnLook("order_id", 150, lambda r: str(r.order.order_id or fmt.DASH), lambda r: "text3", is_optional=True),
    ColumnLook("cancel", 84, lambda r: "Cancel" if r.can_cancel else "", is_action=True, menu_text="Cancel order"),
)

ORDERS_SMALL = (
    ColumnLook("type", 130, order_type_words, icon=open_order_icon),
    ColumnLook("symbol", 84, lambda r: r.order.symbol, drop=1),
    _SIDE,
    ColumnLook("quantity", 104, size_text),
    ColumnLook("level", 104, lambda r: fmt.price(r.level, r.price_decimals)),
    ColumnLook("distance", 84, lambda r: fmt.percent(r.distance_fraction), lambda r: "text2", drop=2),
    ColumnLook(
        "state",
        110,
        _asking_text,
        _state_tone,
        stretch=True,
    ),
)

FILLS_SMALL = (
    ColumnLook("time", 92, lambda r: fmt.clock(r.fill.trade_time_ms), lambda r: "text2"),
    ColumnLook("symbol", 84, lambda r: r.fill.symbol, drop=1),
    ColumnLook("side", 88, fill_side_words, stretch=True),
    ColumnLook("quantity", 88, lambda r: fmt.quantity(r.fill.quantity, r.quantity_decimals)),
    ColumnLook("price", 104, lambda r: fmt.price(r.fill.price, r.price_decimals)),
    ColumnLook("fee", 78, lambda r: fmt.money(-r.fill.commission), lambda r: "text2", drop=2),
    ColumnLook("realized", 92, lambda r: fmt.money(r.fill.realized_pnl), lambda r: direction_tone(r.fill.realized_pnl)),
)

DECISIONS = (
    ColumnLook("time", 92, lambda r: fmt.clock(r.time_ms), lambda r: "text2"),
    ColumnLook("verdict", 92, lambda r: verdict_words(r)[0], lambda r: verdict_words(r)[1], is_strong=True),
    ColumnLook("order", 240, intent_words),
    ColumnLook("reason", 240, decision_words, lambda r: "text2", stretch=True),
    ColumnLook("count", 64, _times, lambda r: "text3"),
)


def flags_text(row: OfOrder) -> str:
    """Return what binds an order."""
    order = row.order
    words = [order.time_in_force.value] if order.time_in_force and order.price else []
    words += ["close position"] if order.close_position else ["reduce-only"] if order.is_reducing else []
    words += [leg_words(order.position_side)] if order.position_side is not PositionSide.BOTH else []
    if order.order_family is OrderFamily.ALGO:
        words.append("by mark" if order.working_type.value == "MARK_PRICE" else "by last price")
    return ", ".join(words)
