"""Milliseconds a frame of the kline chart, and its memory, beside finplot's. Run by hand, from the project folder.

The window is 1600 x 900 offscreen, so figures are of software rendering without the screen's own cost. Each row is a
process of its own: `chart_frames.py` runs them all; `--rival` adds finplot, which has to be installed where Python
finds it (it is no dependency). Compare figures of one run only: machines differ, and so do their hours.
"""

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

FRAMES = 200
SIZES = (1_500, 100_000, 1_000_000)
MINUTE_MS = 60_000
NEWEST = 1_500
"""Klines that come through the session's collector; older ones go into the store as pages of history do."""


def walk(count: int) -> np.ndarray:
    """Return a random walk of prices: rows high, low, volume, open, close."""
    random = np.random.default_rng(7)
    close = 100_000 * np.exp(np.cumsum(random.normal(0, 3e-4, count)))
    opened = np.concatenate((close[:1], close[:-1]))
    high = np.maximum(opened, close) * (1 + random.random(count) * 2e-4)
    low = np.minimum(opened, close) * (1 - random.random(count) * 2e-4)
    return np.stack((high, low, random.random(count) * 100, opened, close))


def measured(change: Callable[[int], None], paint: Callable[[], None], rest: Callable[[], None]) -> str:
    """Return median and 99th percentile of a change with the painting that follows, ms."""
    times = []
    for frame in range(FRAMES + 10):
        begin = time.perf_counter()
        change(frame)
        paint()
        times.append((time.perf_counter() - begin) * 1000)
        rest()
    times = sorted(times[10:])
    return f"{statistics.median(times):6.2f} / {times[int(len(times) * 0.99)]:6.2f}"


def resident_mb() -> float:
    """Return the memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def to_and_fro(frame: int) -> int:
    """Return +1 for twenty frames, then -1 for as many."""
    return 1 if frame % 40 < 20 else -1


def run_ours(count: int, all_in_view: bool) -> None:
    """Print one row of ours."""
    from tests.chart_scene import trading_scene, with_limit_orders
    from trader_gui.domain.step import FeedStatus, Route
    from trader_gui.kline_history.store import KlinePage
    from trader_gui.models.series import SeriesModel
    from trader_gui.models.series_lines import OrderLine
    from trader_gui.widgets.chart.kline_chart import KlineChart
    from trader_gui.widgets.theme import theme

    app = QApplication([])
    theme().install(app)
    series = SeriesModel()
    chart = KlineChart(series)
    chart.resize(1600, 900)
    chart.show()
    app.processEvents()
    empty_mb = resident_mb()
    callback = with_limit_orders(trading_scene(NEWEST), 3)
    series.refresh(callback)
    older = count - NEWEST
    if older:
        first_ms = series.grid.open_ms(series.store.first)
        values = walk(older)
        for end in range(older, 0, -NEWEST):
            begin = max(0, end - NEWEST)
            times = first_ms + (np.arange(begin, end) - older) * MINUTE_MS
            series.store.merge(KlinePage(times, values[:, begin:end].copy()))
        del values
    series.refresh(callback)
    view, navigation = chart.view, chart.view.navigation
    assert len(series.store) == count
    if all_in_view:
        navigation.zoom(navigation.width / (count * 1.15) / navigation.pitch, navigation.width)
        navigation.follow()
    view.update_views()
    view.show_crosshair(QPointF(700, 300))
    for _ in range(200):  # until the indicators are computed
        app.processEvents()
        time.sleep(0.002)
    base = Decimal(str(callback.open_kline.kline.close))

    def pan(frame: int) -> None:
        navigation.pan(7.0 * to_and_fro(frame))
        view.update_views()
        view.show_crosshair(QPointF(700 + frame % 5, 300))

    def zoom(frame: int) -> None:
        navigation.zoom(1.03 ** to_and_fro(frame), 700.0)
        view.update_views()

    def tick(frame: int) -> None:
        from tests.chart_scene import step_open

        step_open(callback, str(base + frame % 7), 20 + frame // 10)
        series.refresh(callback)

    for route in Route:
        callback.step(FeedStatus(route, True, 0))
    series.refresh(callback)

    def drag(frame: int) -> None:
        if frame == 0:  # the last of the rows: a line stays in the hand
            navigation.follow()
            view.update_views()
            found = (view.handle_at(QPointF(20, y)) for y in range(900))
            view.drag.press(next(h for h in found if h and isinstance(h.level.line, OrderLine)).box.center())
            assert view.drag.is_active
        view.drag.move(QPointF(100, 200 + frame % 40))

    tick_row = measured(tick, app.processEvents, lambda: None)
    pan_row = measured(pan, view.viewport().repaint, app.processEvents)
    zoom_row = measured(zoom, view.viewport().repaint, app.processEvents)
    drag_row = measured(drag, view.viewport().repaint, app.processEvents)
    used = resident_mb() - empty_mb
    rows = f"pan {pan_row}   zoom {zoom_row}   last candle {tick_row}   line in the hand {drag_row}"
    print(f"{rows}   memory {used:5.0f} MB", flush=True)
    os._exit(0)


def run_finplot(count: int, all_in_view: bool) -> None:
    """Print one row of finplot with the same content: candles, volume, two bands, five lines, a crosshair."""
    app = QApplication([])
    import finplot
    import pandas as pd

    empty_mb = resident_mb()
    high, low, volume, opened, close = walk(count)
    times = pd.date_range("2023-01-01", periods=count, freq="min")
    data = pd.DataFrame({"open": opened, "close": close, "high": high, "low": low, "volume": volume}, index=times)
    middle, deviation = data.close.rolling(20).mean(), data.close.rolling(20).std()
    upper, lower = finplot.create_plot("finplot", rows=2, init_zoom_periods=170, maximize=False)
    candles = finplot.candlestick_ochl(data[["open", "close", "high", "low"]], ax=upper)
    finplot.volume_ocv(data[["open", "close", "volume"]], ax=lower)
    for factor in (2, 1, 0, -1, -2):
        finplot.plot(middle + factor * deviation, ax=upper)
    for number in range(5):
        price = float(close[-1]) + 50 * number
        finplot.add_line((times[0], price), (times[-1], price), ax=upper)
    finplot.show(qt_exec=False)
    window, box = finplot.windows[-1], upper.vb
    window.resize(1600, 900)
    window.show()
    app.processEvents()
    if all_in_view:
        box.update_y_zoom(0, count)
        app.processEvents()
    seen = box.targetRect().width()
    if not all_in_view:  # room to pan into
        box.update_y_zoom(count - 2.5 * seen, count - 1.5 * seen)
    pixel = seen / 1480

    def pan(frame: int) -> None:
        rect, step = box.targetRect(), 7 * pixel * to_and_fro(frame)
        if all_in_view:  # it stops at the ends: draw as much, by zooming a little
            box.update_y_zoom(rect.left(), rect.right() - (7 * pixel if to_and_fro(frame) > 0 else -7 * pixel))
        else:
            box.update_y_zoom(rect.left() + step, rect.right() + step)

    def tick(frame: int) -> None:
        data.iloc[-1, 1] = float(close[-1]) + frame % 7
        candles.update_data(data[["open", "close", "high", "low"]])

    pan_row = measured(pan, window.viewport().repaint, app.processEvents)
    tick_row = measured(tick, app.processEvents, lambda: None)
    used = resident_mb() - empty_mb
    print(f"pan {pan_row}   {'':<22}   last candle {tick_row}   memory {used:5.0f} MB", flush=True)
    os._exit(0)


def main() -> None:
    """Run every row in a process of its own, or the one that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--row", nargs=3, metavar=("PROGRAM", "COUNT", "ALL"), help=argparse.SUPPRESS)
    parser.add_argument("--rival", action="store_true", help="also finplot, where it is installed")
    arguments = parser.parse_args()
    if arguments.row:
        program, count, is_all = arguments.row
        (run_ours if program == "ours" else run_finplot)(int(count), is_all == "1")
        return
    programs = ["ours"]
    if arguments.rival:
        if importlib.util.find_spec("finplot") is None:
            print("finplot is not installed: no rival")
        else:
            programs.append("finplot")
    print("ms a frame, median / 99th percentile; memory above the empty window")
    for count in SIZES:
        for is_all in (False, True):
            for program in programs:
                row = [sys.executable, __file__, "--row", program, str(count), str(int(is_all))]
                done = subprocess.run(row, capture_output=True, text=True, timeout=600, check=False)
                shown = done.stdout.strip() or (done.stderr.strip().splitlines() or ["no answer"])[-1]
                print(f"{program:<8} {count:>9} {'all seen' if is_all else '':<9} {shown}", flush=True)


if __name__ == "__main__":
    main()
