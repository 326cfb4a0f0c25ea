"""Milliseconds a frame of the kline chart: panning, and a tick of the open kline. Run by hand, from the project folder.

The window is 1600 x 900 offscreen, so figures are of software rendering without the screen's own cost.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PySide6.QtWidgets import QApplication

from tests.chart_scene import step_open, trading_scene
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.kline_chart import KlineChart
from trader_gui.widgets.theme import theme

FRAMES = 120


def measure(app: QApplication, chart: KlineChart, change: Callable[[int], None]) -> str:
    """Return median and 99th percentile of a change with the painting that follows, ms."""
    times = []
    for frame in range(FRAMES):
        begin = time.perf_counter()
        change(frame)
        chart.view.viewport().repaint()
        times.append((time.perf_counter() - begin) * 1000)
        app.processEvents()
    times = sorted(times[5:])
    return f"{statistics.median(times):6.2f} / {times[int(len(times) * 0.99)]:6.2f}"


def main() -> None:
    """Print a row for each size."""
    app = QApplication([])
    theme().install(app)
    print("klines               pan  med / p99      tick med / p99   (ms)")
    for count, all_in_view in ((1_500, False), (100_000, False), (100_000, True)):
        callback = trading_scene(count)
        series = SeriesModel()
        series.refresh(callback)
        chart = KlineChart(series)
        chart.resize(1600, 900)
        chart.show()
        app.processEvents()
        navigation = chart.view.navigation
        base = callback.open_kline.kline.close

        def tick(frame: int, callback=callback, series=series, base=base) -> None:
            step_open(callback, str(base + frame % 7), 20 + frame // 10)
            series.refresh(callback)

        def pan(frame: int, chart=chart, navigation=navigation) -> None:
            navigation.pan(7.0 if frame % 40 < 20 else -7.0)
            chart.view.update_views()

        if all_in_view:
            navigation.zoom(navigation.width / (count * 1.15) / navigation.pitch, navigation.width)
            chart.view.update_views()
        ticks = measure(app, chart, tick)
        pans = measure(app, chart, pan)
        print(f"{count:>8}{' all seen' if all_in_view else '':<10} {pans}      {ticks}")
        chart.close()


if __name__ == "__main__":
    main()
