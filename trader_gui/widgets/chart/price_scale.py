"""Scales of the price axis: linear, logarithmic, and in percent of the first close that is seen."""

import math
from enum import StrEnum

from trader_gui.widgets import format as text
from trader_gui.widgets.chart.viewport import Viewport, nice_step, ticks

GAP_PX = 44.0


class PriceScale(StrEnum):
    """How prices are laid out; the value is stored in layouts."""

    LINEAR = "linear"
    LOGARITHMIC = "log"
    PERCENT = "percent"


def fitted(view: Viewport, low: float, high: float, top_px: float, bottom_px: float) -> Viewport:
    """Return a view with the values `low` to `high` from edge to edge, less the room that is kept at both ends."""
    room = max(view.height - top_px - bottom_px, 10.0)
    if view.is_log:
        unit = math.log(high / low) / room
        return view.with_values(low * math.exp(-unit * bottom_px), high * math.exp(unit * top_px))
    unit = (high - low) / room
    return view.with_values(low - unit * bottom_px, high + unit * top_px)


def price_labels(
    view: Viewport, scale: PriceScale, tick_size: float, decimals: int, base: float | None
) -> list[tuple[float, str]]:
    """Return (price, label) of the prices that get a grid line.

    Args:
        view: Of the pane.
        scale: How prices are laid out.
        tick_size: No step is smaller.
        decimals: Of a price.
        base: What percents are counted from; without one prices are shown.
    """
    if scale is PriceScale.PERCENT and base:
        return _percent_labels(view, base)
    prices = _log_ticks(view, tick_size) if view.is_log else _linear_ticks(view, tick_size)
    return [(price, text.price(price, decimals)) for price in prices]


def _linear_ticks(view: Viewport, tick_size: float) -> list[float]:
    return ticks(view.low, view.high, nice_step(view.high - view.low, view.height, GAP_PX, tick_size))


def _log_ticks(view: Viewport, tick_size: float) -> list[float]:
    """Return round prices that keep apart: the step grows with the price."""
    found: list[float] = []
    price = view.low
    while True:
        above = view.value_at(view.py(price) - GAP_PX) - price
        step = nice_step(above, GAP_PX, GAP_PX, tick_size)
        following = math.ceil(price / step + 1e-9) * step
        while found and view.py(found[-1]) - view.py(following) < GAP_PX * 0.99:
            following += step
        if following > view.high or len(found) > view.height / GAP_PX + 1:
            return found
        found.append(following)
        price = following


def _percent_labels(view: Viewport, base: float) -> list[tuple[float, str]]:
    low, high = view.low / base - 1.0, view.high / base - 1.0
    step = nice_step(high - low, view.height, GAP_PX, 0.0001)
    decimals = max(0, -math.floor(math.log10(step * 100) + 1e-9))
    return [(base * (1.0 + tick), text.percent(tick, decimals)) for tick in ticks(low, high, step)]
