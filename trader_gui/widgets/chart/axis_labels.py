"""What stands on the axes of a chart: labels, tags of lines, the cursor's value, the times of fundings."""

from typing import TYPE_CHECKING

import numpy as np

from trader_gui.models.indicator_kinds import Unit
from trader_gui.widgets import format as text
from trader_gui.widgets.chart.crosshair import Crosshair
from trader_gui.widgets.chart.labels import AxisTag
from trader_gui.widgets.chart.legend import value_words
from trader_gui.widgets.chart.line_layer import last_price_tag
from trader_gui.widgets.chart.pane import Pane
from trader_gui.widgets.chart.price_scale import PriceScale
from trader_gui.widgets.chart.primitives import FloatArray
from trader_gui.widgets.chart.reference_layer import reference_tags
from trader_gui.widgets.chart.shadow import Look
from trader_gui.widgets.theme import theme

if TYPE_CHECKING:
    from trader_gui.widgets.chart.chart_view import ChartView


class AxisLabels:
    """Tells the axes what to show; each repaints only when that is something else.

    Args:
        view: The chart.
    """

    def __init__(self, view: "ChartView") -> None:
        self._view = view
        self._funding_key: tuple[object, ...] = ()
        self._funding_x: FloatArray = np.empty(0)

    def show(self) -> None:
        """Bring all axes up to date."""
        chart = self._view
        view = chart.klines.view
        if view is None:
            return
        has_klines = chart.series.last_price is not None
        tags = [*reference_tags(chart.series, chart.options), *(level.axis_tag for level in chart.klines.levels)]
        last = last_price_tag(chart.series, theme())
        tags += [last] if last is not None else []
        tags += [shadow.level.axis_tag for shadow in chart.klines.shadows if shadow.look is not Look.NOTE]
        chart.price_axis.show_values(view, chart.klines.labels if has_klines else (), tags)
        for pane, axis in zip(chart.panes[1:], chart.axes[1:], strict=True):
            assert pane.view is not None
            labels = [(value, self._words(pane, value)) for value in pane.labelled(pane.view)]
            axis.show_values(pane.view, labels, ())
        zone_words = chart.options.zone.label(chart.series.grid.time_of(view.right)) if has_klines else ""
        chart.time_axis.show_times(view, chart.klines.marks if has_klines else (), zone_words)
        chart.time_axis.show_fundings(self._fundings() if chart.options.has_funding else np.empty(0))

    def cursor_tag(self, pane: Pane, cross: Crosshair) -> AxisTag:
        """Return the tag of the crosshair's value on the axis of its pane."""
        chart = self._view
        if pane is chart.klines and chart.series.rules is not None:
            words: tuple[str, ...] = (text.price(cross.value, chart.series.rules.price_decimals),)
            if chart.options.scale is PriceScale.PERCENT and chart.klines.base:
                words = (*words, text.percent(cross.value / chart.klines.base - 1.0))
        else:
            words = (self._words(pane, cross.value),)
        return AxisTag(cross.value, words, theme().color("text1"), theme().color("bg3"))

    def _words(self, pane: Pane, value: float) -> str:
        rules = self._view.series.rules
        unit = pane.tracks[0].indicator.kind.unit if pane.tracks else Unit.PLAIN
        if unit in (Unit.PRICE, Unit.DIFFERENCE) and rules is not None:
            return value_words(unit, value, rules.price_decimals)
        return text.compact(value * 1e4 if unit is Unit.BASIS_POINTS else value)

    def _fundings(self) -> FloatArray:
        """Return x of the fundings that were paid, and of the next one."""
        series = self._view.series
        next_ms = series.mark.next_funding_time_ms if series.mark is not None else 0
        key = (series.funding, series.grid, next_ms)
        if key != self._funding_key:
            times = [funding.funding_time_ms for funding in series.funding]
            times += [next_ms] if next_ms > series.now_ms else []
            self._funding_key = key
            self._funding_x = np.array([series.grid.x_of(time_ms) for time_ms in times])
        return self._funding_x
