"""Drawing from NumPy arrays: rectangles, lines, polylines and polygons in one call each, no object per element."""

from typing import Any, TypeAlias

import numpy as np
import pyqtgraph as pg
import shiboken6
from numpy.typing import NDArray
from pyqtgraph.Qt import internals
from PySide6.QtCore import QLineF, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]


def line_pen(color: QColor, width: float = 1.0, dashes: tuple[float, ...] = ()) -> QPen:
    """Return a pen; `dashes` are lengths in pixels, drawn and left out in turn.

    A smoothed line wider than a pixel costs twenty times as much as one of a pixel (measured 2026-11-30).
    """
    pen = QPen(color, width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if dashes:
        pen.setDashPattern([length / width for length in dashes])
    return pen


def fill_rects(painter: QPainter, color: QColor, rects: NDArray[np.int32]) -> None:
    """Fill rectangles of whole pixels; rows are (left, top, right, bottom), the last two included. Empty ones vanish.

    Rectangles without a pen and in whole numbers are filled several times as fast as any other shape.
    """
    if not len(rects):
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    first: Any = shiboken6.wrapInstance(rects.ctypes.data, QRect)
    painter.drawRects(first, len(rects))


def as_rects(left: FloatArray, top: FloatArray, right: FloatArray, bottom: FloatArray) -> NDArray[np.int32]:
    """Return rows for `fill_rects`, shape (n, 4), of edges in pixels, shape (n,) each."""
    return np.ascontiguousarray(np.stack((left, top, right, bottom), axis=1), dtype=np.int32)


def draw_lines(painter: QPainter, x1: FloatArray, y1: FloatArray, x2: FloatArray, y2: FloatArray) -> None:
    """Draw separate lines with the painter's pen; all in pixels, shape (n,)."""
    if not len(x1):
        return
    array = internals.PrimitiveArray(QLineF, 4)
    array.resize(len(x1))
    memory = array.ndarray()
    for column, values in enumerate((x1, y1, x2, y2)):
        memory[:, column] = values
    painter.drawLines(*array.drawargs())


def draw_polyline(painter: QPainter, x: FloatArray, y: FloatArray) -> None:
    """Draw a smoothed line through points in pixels, shape (n,); where a point is missing (NaN) the line is broken."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for start, stop in runs(y):
        if stop - start > 1:
            painter.drawPolyline(polygon(x[start:stop], y[start:stop]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def runs(values: FloatArray) -> list[tuple[int, int]]:
    """Return (start, stop) of the stretches of numbers between the NaNs."""
    is_there = np.isfinite(values)
    if is_there.all():
        return [(0, len(values))] if len(values) else []
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_there, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def polygon(x: FloatArray, y: FloatArray) -> QPolygonF:
    """Return a polygon over finite points in pixels, shape (n,)."""
    made: QPolygonF = pg.functions.create_qpolygonf(len(x))
    if len(x):
        memory = pg.functions.ndarray_from_qpolygonf(made)
        memory[:, 0] = x
        memory[:, 1] = y
    return made


def area(x: FloatArray, upper: FloatArray, lower: FloatArray) -> QPolygonF:
    """Return the polygon between two lines over the same x."""
    return polygon(np.concatenate((x, x[::-1])), np.concatenate((upper, lower[::-1])))
