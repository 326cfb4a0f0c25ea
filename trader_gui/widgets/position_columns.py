"""How the columns of open positions look, and what their cells tell when they are pointed at."""

from decimal import Decimal

from trader_gui.domain.account import MarginType
from trader_gui.domain.order import OrderType, PositionSide
from trader_gui.models.positions import PositionRow
from trader_gui.widgets import format as fmt
from trader_gui.widgets.provenance_words import position_source
from trader_gui.widgets.table_columns import ColumnLook, direction_tone, origin_icon, origin_text, side_words

WARN_RATIO, DANGER_RATIO = Decimal("0.5"), Decimal("0.8")
"""Maintenance margin over margin balance from which on a position is coloured: at 1 it is liquidated."""


def _position_side_words(row: PositionRow) -> str:
    both = row.leg is PositionSide.BOTH
    return side_words(row.is_long, "Long", "Short") if both else side_words(row.is_long, "Long leg", "Short leg")


def _protected_text(row: PositionRow) -> str:
    if row.stop is None:
        return "NOT PROTECTED"
    is_trailing = row.stop.order_type is OrderType.TRAILING_STOP_MARKET
    words = "Trailing stop" if is_trailing else f"Stop loss {fmt.price(row.stop.trigger_price, row.price_decimals)}"
    return words if row.is_protected else f"{words}, part only"


def _liquidation_text(row: PositionRow) -> str:
    """Return the liquidation price, and how far the mark price is from it: `97,922.5 −9.71 %`."""
    if row.liquidation_price == 0:
        return "none"
    told = fmt.price(row.liquidation_price, row.price_decimals)
    distance = row.safety.distance_fraction
    return told if distance is None else f"{told} {fmt.percent(distance, 1)}"


def _safety_tone(row: PositionRow) -> str:
    """Warn where the exchange is near to taking the position."""
    ratio = row.safety.ratio_fraction
    return "text1" if ratio is None or ratio < WARN_RATIO else "warn" if ratio < DANGER_RATIO else "danger"


def _terms_text(row: PositionRow) -> str:
    """Return margin type and leverage in short: `Cross 20×`, `Iso 20×`."""
    kind = fmt.DASH if row.margin_type is None else "Iso" if row.margin_type is MarginType.ISOLATED else "Cross"
    return kind if not row.leverage else f"{kind} {row.leverage}×"


def position_tip(row: PositionRow, key: str, now_ns: int) -> str:
    """Return what a cell tells beside its number: how it is made up, else where the position's size comes from."""
    if key in ("net", "unrealized", "roe"):
        return _result_words(row)
    if key in ("liquidation", "distance", "ratio", "terms", "margin"):
        return _safety_words(row)
    return position_source(row, now_ns)


def _result_words(row: PositionRow) -> str:
    """Return the result with its parts; of one that cannot be told, why."""
    result = row.result
    lines = [
        f"Gross {fmt.money(result.gross)} (unrealised {fmt.money(row.unrealized_pnl)})",
        f"Fees paid {fmt.money(None if result.fees is None else -result.fees)}",
        f"Funding {fmt.money(result.funding)}",
        f"Net since it was opened {fmt.money(result.net)}",
        f"ROE {fmt.percent(row.safety.roe_fraction)} (unrealised over initial margin)",
    ]
    if result.gross is None:
        lines.append("It was opened before the executions that are known here.")
    elif result.fees is None:
        lines.append("Fees were paid in another asset, which cannot be added up.")
    elif result.funding is None:
        lines.append("Funding since it was opened is not known for certain.")
    return "\n".join(lines)


def _safety_words(row: PositionRow) -> str:
    safety = row.safety
    liquidation = "none" if row.liquidation_price == 0 else fmt.price(row.liquidation_price, row.price_decimals)
    is_isolated = row.margin_type is MarginType.ISOLATED
    of = "its own margin" if is_isolated else "the cross balance"
    terms = _terms_text(row).replace("Iso", "Isolated")
    return "\n".join(
        (
            f"{terms}, margin {fmt.money(row.margin, sign=False)}",
            f"Liquidation price {liquidation}, {fmt.percent(safety.distance_fraction)} from the mark price",
            f"Margin ratio {fmt.percent(safety.ratio_fraction, sign=False)}: maintenance margin over {of}",
        )
    )


POSITIONS = (
    ColumnLook("symbol", 84, lambda r: r.symbol, is_strong=True),
    ColumnLook(
        "side",
        84,
        _position_side_words,
        lambda r: "up" if r.is_long else "down",
        is_strong=True,
    ),
    ColumnLook("quantity", 70, lambda r: fmt.quantity(r.quantity, r.quantity_decimals)),
    ColumnLook("entry", 88, lambda r: fmt.price(r.entry_price, r.price_decimals)),
    ColumnLook("mark", 88, lambda r: fmt.price(r.mark_price, r.price_decimals), drop=7),
    ColumnLook("break_even", 90, lambda r: fmt.price(r.break_even_price, r.price_decimals), drop=11),
    ColumnLook("liquidation", 140, _liquidation_text, _safety_tone),
    ColumnLook("distance", 84, lambda r: fmt.percent(r.safety.distance_fraction), _safety_tone, is_optional=True),
    ColumnLook("ratio", 94, lambda r: fmt.percent(r.safety.ratio_fraction, sign=False), _safety_tone, drop=10),
    ColumnLook("terms", 86, _terms_text, lambda r: "text2", drop=9),
    ColumnLook("margin", 76, lambda r: fmt.money(r.margin, sign=False), drop=12),
    ColumnLook(
        "unrealized",
        92,
        lambda r: fmt.money(r.unrealized_pnl),
        lambda r: direction_tone(r.unrealized_pnl),
        is_strong=True,
    ),
    ColumnLook(
        "roe",
        80,
        lambda r: fmt.percent(r.safety.roe_fraction),
        lambda r: direction_tone(r.safety.roe_fraction, 4),
        drop=8,
    ),
    ColumnLook(
        "net", 92, lambda r: fmt.money(r.result.net), lambda r: direction_tone(r.result.net), is_strong=True, drop=1
    ),
    ColumnLook(
        "r", 60, lambda r: fmt.number(r.r_multiple, 2, sign=True), lambda r: direction_tone(r.r_multiple), drop=14
    ),
    ColumnLook(
        "protected_by",
        164,
        _protected_text,
        lambda r: "text1" if r.is_protected else "danger",
        lambda r: ("shield", "ok") if r.is_protected else ("octagon", "danger"),
        stretch=True,
    ),
    ColumnLook("opened_by", 98, lambda r: origin_text(r.origin), icon=lambda r: origin_icon(r.origin), drop=13),
    ColumnLook("close", 100, lambda r: "Close…", is_action=True, menu_text="Close position…", has_menu=True),
)
