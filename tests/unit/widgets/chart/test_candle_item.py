"""Candles as pixels: bodies, wicks, columns, and the kline that is still open."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QApplication

from tests.core_records import make_kline
from tests.unit.kline_history.klines import START_SLOT, store_of, walk
from trader_gui.kline_history.pyramid import Row
from trader_gui.widgets.chart.candle_item import (
    CandleStyle,
    half_body,
    paint_candles,
    paint_open_kline,
    paint_open_volume,
    paint_volume,
)
from trader_gui.widgets.chart.canvas import Canvas
from trader_gui.widgets.chart.sight import Eye, Sight
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import theme

WIDTH, HEIGHT = 400, 300
WALK = walk(5000)


@given(st.floats(1.0, 80.0))
def test_bodies_keep_a_pixel_apart(pitch: float) -> None:
    half = half_body(pitch)
    assert half == 0 or 2 * half + 1 <= pitch - 1


def drawn(pitch: float, style: CandleStyle = CandleStyle.HOLLOW) -> tuple[Canvas, Sight, Viewport]:
    """Return the picture of a part of the walk, what was seen, and the view."""
    theme().set("dark")
    left = round((START_SLOT + 100) * pitch) / pitch
    right = left + WIDTH / pitch
    sight = Eye().look(store_of(WALK), left, right, pitch, 1.0)
    low, high = float(np.nanmin(sight.row(Row.LOW))), float(np.nanmax(sight.row(Row.HIGH)))
    view = Viewport(left, right, low - 1, high + 1, WIDTH, HEIGHT)
    canvas = Canvas(WIDTH, HEIGHT, 1.0)
    canvas.fill(theme().color("bg0"))
    painter = QPainter(canvas.image)
    paint_candles(canvas, painter, sight, view, style)
    painter.end()
    return canvas, sight, view


def ink(canvas: Canvas) -> np.ndarray:
    """Return which pixels are not ground."""
    return canvas.pixels != np.uint32(theme().color("bg0").rgb())


@pytest.mark.parametrize("pitch", [0.91, 0.5, 0.13, 0.0871])
def test_a_dense_column_reaches_exactly_from_the_lowest_low_to_the_highest_high(
    qapp: QApplication, pitch: float
) -> None:
    canvas, sight, view = drawn(pitch)
    marked = ink(canvas)
    for column, high, low in zip(sight.columns, sight.row(Row.HIGH), sight.row(Row.LOW), strict=True):
        if column < WIDTH:
            rows = np.flatnonzero(marked[:, column])
            assert (rows[0], rows[-1]) == (int(view.py(high)), int(view.py(low)))
            assert len(rows) == rows[-1] - rows[0] + 1


@pytest.mark.parametrize("style", [CandleStyle.HOLLOW, CandleStyle.FILLED, CandleStyle.BARS])
def test_every_style_reaches_from_high_to_low(qapp: QApplication, style: CandleStyle) -> None:
    canvas, sight, view = drawn(9.0, style)
    marked = ink(canvas)
    for px, high, low in zip(sight.px, sight.row(Row.HIGH), sight.row(Row.LOW), strict=True):
        if 6 <= px < WIDTH - 6:
            rows = np.flatnonzero(marked[:, int(px) - 3 : int(px) + 4].any(axis=1))
            assert (rows[0], rows[-1]) == (int(view.py(high)), int(view.py(low)))


def test_rising_bodies_are_hollow_and_falling_ones_filled(qapp: QApplication) -> None:
    hollow, sight, view = drawn(12.0)
    filled, _, _ = drawn(12.0, CandleStyle.FILLED)
    seen = set()
    for px, row in zip(sight.px.astype(int), sight.rows.T, strict=True):
        body = sorted((int(view.py(row[Row.OPEN])), int(view.py(row[Row.CLOSE]))))
        if 6 <= px < WIDTH - 6 and body[1] - body[0] > 3:
            is_up = bool(row[Row.CLOSE] >= row[Row.OPEN])
            middle = (body[0] + body[1]) // 2
            color = theme().direction(is_up, "line")
            assert QColor(int(filled.pixels[middle, px])) == color
            assert QColor(int(hollow.pixels[middle, px])) == (theme().color("bg0") if is_up else color)
            assert QColor(int(hollow.pixels[body[1], px])) == color
            seen.add(is_up)
    assert seen == {True, False}


def test_the_line_style_follows_the_closes(qapp: QApplication) -> None:
    canvas, sight, view = drawn(20.0, CandleStyle.LINE)
    marked = ink(canvas)
    for x, close in zip(sight.x, sight.row(Row.CLOSE), strict=True):
        if 1 <= x < WIDTH - 1:
            assert marked[max(0, int(view.py(close)) - 1) : int(view.py(close)) + 2, int(x)].any()


@pytest.mark.parametrize("pitch", [8.0, 0.2])
def test_volume_stands_on_the_ground(qapp: QApplication, pitch: float) -> None:
    _, sight, view = drawn(pitch)
    view = view.with_values(0.0, float(np.nanmax(sight.row(Row.VOLUME))))
    canvas = Canvas(WIDTH, HEIGHT, 1.0)
    canvas.fill(theme().color("bg0"))
    painter = QPainter(canvas.image)
    paint_volume(canvas, painter, sight, view)
    painter.end()
    marked = ink(canvas)
    for px, volume in zip(sight.px.astype(int), sight.row(Row.VOLUME), strict=True):
        if 3 <= px < WIDTH - 3:
            rows = np.flatnonzero(marked[:, px])
            assert rows[-1] == HEIGHT - 1
            assert rows[0] == min(int(view.py(volume)), HEIGHT - 1)


@pytest.mark.parametrize("style", list(CandleStyle))
@pytest.mark.parametrize("close", ["100020.0", "99980.0", "100000.0"])
def test_the_open_kline_looks_as_it_will_when_it_is_closed(qapp: QApplication, style: CandleStyle, close: str) -> None:
    theme().set("dark")
    kline = make_kline(0, close, open=Decimal(100_000), high=Decimal(100_030), low=Decimal(99_970), volume=Decimal(5))
    view = Viewport(-10.0, 10.0, 99_950.0, 100_050.0, 200.0, HEIGHT)
    slots = np.array([0])
    values = np.array([[100_030.0], [99_970.0], [5.0], [100_000.0], [float(close)]])
    x = view.pxs(slots.astype(float))
    sight = Sight(0, 1, slots, slots, np.floor(x), x, values)
    pictures = []
    for is_open in (True, False):
        canvas = Canvas(200, HEIGHT, 1.0)
        canvas.fill(theme().color("bg0"))
        painter = QPainter(canvas.image)
        if is_open:
            paint_open_kline(painter, kline, 0, view, style)
            paint_open_volume(painter, kline, 0, view.with_values(0.0, 30.0))
        else:
            paint_candles(canvas, painter, sight, view, style)
            paint_volume(canvas, painter, sight, view.with_values(0.0, 30.0))
        painter.end()
        pictures.append(canvas.pixels.copy())
    if style is not CandleStyle.LINE:
        np.testing.assert_array_equal(*pictures)
