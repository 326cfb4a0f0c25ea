"""What the user has chosen for the look of the chart, and how it is stored in the layout."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from trader_gui.kline_history.grid import LENGTH_MS
from trader_gui.models.indicator_kinds import KINDS
from trader_gui.models.indicator_track import Indicator
from trader_gui.widgets.chart.candle_item import CandleStyle
from trader_gui.widgets.chart.price_scale import PriceScale
from trader_gui.widgets.chart.time_marks import Zone

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True)
class ChartOptions:
    """The looks of a chart.

    Attributes:
        style: How klines are drawn.
        scale: How prices are laid out.
        zone: Whose clock the time axis shows.
        has_volume: The pane of volumes is shown.
        has_mark: The mark price has a line.
        has_index: The index price has a line.
        has_funding: Fundings are marked on the time axis.
    """

    style: CandleStyle = CandleStyle.HOLLOW
    scale: PriceScale = PriceScale.LINEAR
    zone: Zone = Zone.UTC
    has_volume: bool = True
    has_mark: bool = False
    has_index: bool = False
    has_funding: bool = True


@dataclass(frozen=True)
class StoredChart:
    """All of a chart that is found again at the next start.

    Attributes:
        choice: Symbol and interval; None for the session's own.
        indicators: None when they were never changed: those of the strategy.
        weights: Shares of the height, pane by pane from the top; empty for the default.
    """

    options: ChartOptions = ChartOptions()
    choice: tuple[str, str] | None = None
    indicators: tuple[Indicator, ...] | None = None
    weights: tuple[float, ...] = ()


def dump(chart: StoredChart) -> str:
    """Return a chart as one line of text."""
    o = chart.options
    stored: dict[str, Any] = {
        "style": o.style,
        "scale": o.scale,
        "zone": o.zone,
        "volume": o.has_volume,
        "mark": o.has_mark,
        "index": o.has_index,
        "funding": o.has_funding,
        "choice": chart.choice,
        "weights": [round(weight, 2) for weight in chart.weights],
    }
    if chart.indicators is not None:
        stored["indicators"] = [_stored_indicator(indicator) for indicator in chart.indicators]
    return json.dumps(stored, separators=(",", ":"))


def load(line: str) -> StoredChart:
    """Return a stored chart; what cannot be read, or is of a newer program, is left at its default."""
    try:
        stored = json.loads(line) if line else {}
    except ValueError:
        stored = {}
    if not isinstance(stored, dict):
        return StoredChart()
    options = ChartOptions()
    for name, kind in (("style", CandleStyle), ("scale", PriceScale), ("zone", Zone)):
        options = replace(options, **{name: _chosen(kind, stored.get(name), getattr(options, name))})
    for name in ("volume", "mark", "index", "funding"):
        if isinstance(stored.get(name), bool):
            options = replace(options, **{f"has_{name}": stored[name]})
    rows = stored.get("indicators")
    return StoredChart(
        options=options,
        choice=_choice(stored.get("choice")),
        indicators=_indicators(rows) if isinstance(rows, list) else None,
        weights=_weights(stored.get("weights")),
    )


def _chosen(kind: type[E], value: object, default: E) -> E:
    return next((member for member in kind if member == value), default)


def _choice(value: object) -> tuple[str, str] | None:
    match value:
        case [str(symbol), str(interval)] if symbol and interval in LENGTH_MS:
            return symbol, interval
    return None


def _weights(value: object) -> tuple[float, ...]:
    if not isinstance(value, list) or not all(isinstance(w, int | float) and 0 < w <= 1000 for w in value):
        return ()
    return tuple(float(weight) for weight in value)


def _stored_indicator(indicator: Indicator) -> dict[str, Any]:
    return {
        "kind": indicator.kind.name,
        "values": dict(indicator.values),
        "color": indicator.color,
        "visible": indicator.is_visible,
    }


def _indicators(rows: Sequence[object]) -> tuple[Indicator, ...]:
    return tuple(made for row in rows if (made := _indicator(row)) is not None)


def _indicator(row: object) -> Indicator | None:
    if not isinstance(row, dict) or row.get("kind") not in KINDS:
        return None
    kind = KINDS[row["kind"]]
    values, stored = {}, row.get("values")
    for parameter in kind.parameters:
        value = stored.get(parameter.name) if isinstance(stored, dict) else None
        if isinstance(value, int | float) and parameter.least <= value <= parameter.most:
            values[parameter.name] = float(value)
    color = row.get("color")
    return Indicator(kind, values, color if isinstance(color, str) else "", row.get("visible") is not False)
