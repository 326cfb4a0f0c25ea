"""How the columns of the past look: orders that are over, fills, income, assets; and the words of their filters."""

from typing import Any

from trader_gui.domain.order import OrderStatus, OrderType, Side
from trader_gui.i18n import readable, venue_error_words
from trader_gui.models.fills import FillRow
from trader_gui.models.history_assets import margin_ratio
from trader_gui.models.history_income import IncomeLine, Source
from trader_gui.models.history_orders import PastOrderRow
from trader_gui.widgets import format as fmt
from trader_gui.widgets.table_columns import (
    ColumnLook,
    direction_tone,
    fill_side_words,
    flags_text,
    order_icon,
    order_type_words,
    origin_icon,
    origin_text,
    side_words,
    size_text,
)

_ENDS = {
    OrderStatus.FILLED: ("Filled", "text1"),
    OrderStatus.FINISHED: ("Triggered, done", "text1"),
    OrderStatus.CANCELED: ("Cancelled", "text2"),
    OrderStatus.EXPIRED: ("Expired", "text2"),
    OrderStatus.EXPIRED_IN_MATCH: ("Expired against own order", "text2"),
    OrderStatus.REJECTED: ("Refused", "danger"),
}
_INCOME = {
    "FUNDING_FEE": "Funding",
    "COMMISSION": "Fee",
    "REALIZED_PNL": "Realised result",
    "TRANSFER": "Transfer",
    "INTERNAL_TRANSFER": "Internal transfer",
    "INSURANCE_CLEAR": "Liquidation fee",
    "DELIVERED_SETTELMENT": "Delivery",
    "COMMISSION_REBATE": "Fee rebate",
    "API_REBATE": "API rebate",
    "REFERRAL_KICKBACK": "Referral kickback",
    "AUTO_EXCHANGE": "Automatic exchange",
    "SPECIAL_FUNDING_FEE": "Special funding",
}
_DOLLARS = ("USD", "BFUSD", "BNFCR")
_INCOME_DECIMALS = 4
_COIN_DECIMALS = 8
_DATED = 160
"""Width of a date with its time."""


def end_words(row: PastOrderRow) -> str:
    """Return how an order ended."""
    order = row.order
    words = _ENDS[order.status][0] if order.status in _ENDS else readable(order.status.value.lower())
    is_part = order.executed_quantity and order.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED)
    return f"{words}, part filled" if is_part else words


def income_words(income_type: str) -> str:
    """Return what a change of the wallet was."""
    return _INCOME.get(income_type, readable(income_type.lower()))


def status_words(value: str) -> str:
    """Return an order's end by its code, for a filter."""
    return _ENDS[OrderStatus(value)][0] if value in _ENDS else readable(value.lower())


def _reason(row: PastOrderRow) -> str:
    """Return why an order was refused; an answer of the exchange begins with its code."""
    text = row.order.reject_reason
    code, _, rest = text.partition(" ")
    is_coded = code.removeprefix("-").isdecimal() and code != text
    return venue_error_words(int(code), rest) if is_coded else text


def _decimals(asset: str) -> int:
    """Return how exactly an amount is shown: money by its cents, anything else as the exchange tells it."""
    return 2 if is_money(asset) else _COIN_DECIMALS


def is_money(asset: str) -> bool:
    """Tell whether an asset is a dollar of some kind."""
    return any(asset.startswith(name) or asset.endswith(name) for name in _DOLLARS) or asset in ("USDT", "USDC")


def _fee(row: FillRow) -> str:
    fill = row.fill
    if is_money(fill.commission_asset):
        return fmt.money(-fill.commission)
    return f"{fmt.number(-fill.commission, 6, sign=True)} {fill.commission_asset}"


def _amount(row: IncomeLine) -> str:
    decimals = _INCOME_DECIMALS if is_money(row.row.asset) else _COIN_DECIMALS
    return fmt.number(row.row.income, decimals, sign=True)


def _held(name: str) -> Any:
    """Return the text of one amount of an asset."""
    return lambda row: fmt.number(getattr(row, name), _decimals(row.asset))


def _side(row: Any) -> str:
    return side_words(row.order.side is Side.BUY, "Buy", "Sell")


def _average(row: PastOrderRow) -> str:
    return fmt.price(row.order.average_price or None, row.price_decimals)


def _type(row: PastOrderRow) -> str:
    """Return an order's kind; a stop of the exchange's own that closed by force says so."""
    return "Liquidation" if row.order.order_type is OrderType.LIQUIDATION else order_type_words(row)


ORDER_HISTORY = (
    ColumnLook("placed", _DATED, lambda r: fmt.date_time(r.past.placed_time_ms or None), lambda r: "text2"),
    ColumnLook("time", _DATED, lambda r: fmt.date_time(r.order.update_time_ms or None), lambda r: "text2", drop=7),
    ColumnLook("type", 124, _type, icon=order_icon),
    ColumnLook("symbol", 88, lambda r: r.order.symbol, drop=6),
    ColumnLook("side", 72, _side),
    ColumnLook("quantity", 112, size_text),
    ColumnLook("limit", 94, lambda r: fmt.price(r.order.price or None, r.price_decimals), drop=3),
    ColumnLook("trigger", 94, lambda r: fmt.price(r.order.trigger_price or None, r.price_decimals), drop=4),
    ColumnLook("average", 94, _average),
    ColumnLook("state", 150, end_words, lambda r: _ENDS.get(r.order.status, ("", "text2"))[1]),
    ColumnLook("flags", 150, flags_text, lambda r: "text2", drop=8),
    ColumnLook(
        "opened_by", 102, lambda r: origin_text(r.order.origin), icon=lambda r: origin_icon(r.order.origin), drop=2
    ),
    ColumnLook("reason", 100, _reason, lambda r: "text2", drop=1, stretch=True),
    ColumnLook("order", 150, lambda r: r.order.client_order_id, lambda r: "text3", is_optional=True),
    ColumnLook("order_id", 150, lambda r: str(r.order.order_id or fmt.DASH), lambda r: "text3", is_optional=True),
    ColumnLook(
        "triggered", 150, lambda r: str(r.order.triggered_order_id or fmt.DASH), lambda r: "text3", is_optional=True
    ),
    ColumnLook("position_side", 70, lambda r: readable(r.order.position_side.lower()), is_optional=True),
)

FILLS = (
    ColumnLook("time", _DATED, lambda r: fmt.date_time(r.fill.trade_time_ms), lambda r: "text2"),
    ColumnLook("symbol", 92, lambda r: r.fill.symbol, drop=3),
    ColumnLook("side", 88, fill_side_words),
    ColumnLook("quantity", 92, lambda r: fmt.quantity(r.fill.quantity, r.quantity_decimals)),
    ColumnLook("price", 104, lambda r: fmt.price(r.fill.price, r.price_decimals)),
    ColumnLook("notional", 100, lambda r: fmt.money(r.fill.price * r.fill.quantity, sign=False), drop=7),
    ColumnLook("fee", 92, _fee, lambda r: "text2"),
    ColumnLook("realized", 92, lambda r: fmt.money(r.fill.realized_pnl), lambda r: direction_tone(r.fill.realized_pnl)),
    ColumnLook("liquidity", 84, lambda r: "maker" if r.fill.is_maker else "taker", lambda r: "text2", drop=4),
    ColumnLook("opened_by", 102, lambda r: origin_text(r.origin), icon=lambda r: origin_icon(r.origin), drop=5),
    ColumnLook("order", 120, lambda r: r.fill.client_order_id or fmt.DASH, lambda r: "text3", drop=6, stretch=True),
    ColumnLook("order_id", 150, lambda r: str(r.fill.order_id), lambda r: "text3", is_optional=True),
    ColumnLook("trade_id", 110, lambda r: str(r.fill.trade_id), lambda r: "text3", is_optional=True),
    ColumnLook("position_side", 70, lambda r: readable(r.fill.position_side.lower()), is_optional=True),
)

INCOME = (
    ColumnLook("time", _DATED, lambda r: fmt.date_time(r.row.time_ms), lambda r: "text2"),
    ColumnLook("type", 150, lambda r: income_words(r.row.income_type)),
    ColumnLook("symbol", 100, lambda r: r.row.symbol or fmt.DASH),
    ColumnLook("income", 130, _amount, lambda r: direction_tone(r.row.income, _INCOME_DECIMALS)),
    ColumnLook("asset", 80, lambda r: r.row.asset or fmt.DASH, lambda r: "text2"),
    ColumnLook(
        "source",
        150,
        lambda r: "Exchange" if r.source is Source.EXCHANGE else "Seen here",
        lambda r: "text2",
        drop=2,
        stretch=True,
    ),
    ColumnLook("trade_id", 110, lambda r: str(r.row.trade_id or fmt.DASH), lambda r: "text3", drop=3),
    ColumnLook("number", 150, lambda r: str(r.row.transaction_id or fmt.DASH), lambda r: "text3", is_optional=True),
)

ASSETS = (
    ColumnLook("asset", 80, lambda r: r.asset, is_strong=True),
    ColumnLook("wallet", 130, _held("wallet_balance")),
    ColumnLook("cross_wallet", 130, _held("cross_wallet_balance"), drop=3),
    ColumnLook(
        "unrealized",
        130,
        lambda r: fmt.number(r.unrealized_pnl, _decimals(r.asset), sign=True),
        lambda r: direction_tone(r.unrealized_pnl),
    ),
    ColumnLook("margin_balance", 130, _held("margin_balance"), is_strong=True),
    ColumnLook("initial_margin", 120, _held("initial_margin"), drop=4),
    ColumnLook("maintenance_margin", 150, _held("maintenance_margin"), drop=5),
    ColumnLook("margin_ratio", 110, lambda r: fmt.percent(margin_ratio(r), sign=False), lambda r: _ratio_tone(r)),
    ColumnLook("available", 130, _held("available_balance"), stretch=True),
    ColumnLook("updated", _DATED, lambda r: fmt.date_time(r.update_time_ms or None), lambda r: "text2", drop=6),
)


def _ratio_tone(row: Any) -> str:
    ratio = margin_ratio(row)
    return "danger" if ratio is not None and ratio >= 0.8 else "warn" if ratio is not None and ratio >= 0.5 else "text1"
