"""The story of a mark on the chart, in words: own fills, and entries that the engine considered and did not make."""

from collections.abc import Sequence

from trader_gui.domain.order import Fill, Origin, Side
from trader_gui.domain.step import Refusal
from trader_gui.i18n import reason_words, refusal_words
from trader_gui.models.series import SeriesModel
from trader_gui.models.story import Passed
from trader_gui.widgets import format as text
from trader_gui.widgets.chart.time_marks import Zone

MOST_LINES = 8

_SIDES = {Side.BUY: "▲ Buy", Side.SELL: "▼ Sell"}
_ORIGINS = {Origin.ENGINE: "Engine", Origin.HAND: "By hand", Origin.OTHER: "From elsewhere"}


def fills_words(fills: Sequence[Fill], series: SeriesModel, zone: Zone) -> str:
    """Return one line for each fill, and who wanted its order and why; of many the newest."""
    lines = [_fill_line(fill, series, zone) for fill in fills[-MOST_LINES:]]
    if len(fills) > MOST_LINES:
        lines.insert(0, f"{len(fills) - MOST_LINES} earlier fills")
    for client_order_id in dict.fromkeys(fill.client_order_id for fill in fills[-MOST_LINES:]):
        lines.append(_order_line(client_order_id, series))
    return "\n".join(lines)


def passed_words(passed: Passed, series: SeriesModel, zone: Zone) -> str:
    """Return which entry it would have been, and what was in the way."""
    decimals = series.rules.price_decimals if series.rules is not None else 2
    side = "long" if passed.side is Side.BUY else "short"
    head = f"{text.clock(passed.time_ms, zone.value)}  No entry {side} at {text.price(passed.price, decimals)}"
    why = refusal_words(Refusal(passed.code, passed.detail)) if passed.code else f"{passed.condition}: false"
    return f"{head}\n{why}"


def _fill_line(fill: Fill, series: SeriesModel, zone: Zone) -> str:
    price_decimals, size_decimals = 2, 3
    if series.rules is not None:
        price_decimals, size_decimals = series.rules.price_decimals, series.rules.quantity_decimals
    size, price = text.quantity(fill.quantity, size_decimals), text.price(fill.price, price_decimals)
    words = f"{text.clock(fill.trade_time_ms, zone.value)}  {_SIDES[fill.side]} {size} @ {price}"
    kind = "maker" if fill.is_maker else "taker"
    words += f" · fee {text.number(fill.commission, 4)} {fill.commission_asset} ({kind})"
    return f"{words} · realised {text.money(fill.realized_pnl)}" if fill.realized_pnl else words


def _order_line(client_order_id: str, series: SeriesModel) -> str:
    origin = series.origin_of(client_order_id)[0]
    reason = reason_words(series.story.reason_of(client_order_id))
    is_plain = origin is Origin.HAND and series.story.reason_of(client_order_id) == "by_hand"
    words = _ORIGINS[origin] if is_plain or not reason else f"{_ORIGINS[origin]}: {reason}"
    return f"{words}  ({client_order_id})"
