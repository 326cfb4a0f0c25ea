"""Drawing from NumPy arrays: rectangles, lines, polylines and polygons in one call each, no object per element."""

from typing import TypeAlias

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.Qt import internals
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

FloatArray: TypeAlias = NDArray[np.float64]


def line_pen(color: QColor, width: float = 1.0, dashes: tuple[float, ...] = ()) -> QPen:
    """Return a pen; `dashes` are lengths in pixels, drawn and left out in turn."""
    pen = QPen(color, width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if dashes:
        pen.setDashPattern([length / width for length in dashes])
    return pen


def draw_rects(painter: QPainter, x: FloatArray, y: FloatArray, width: float, height: FloatArray) -> None:
    """Draw rectangles of one width with the painter's pen and brush; all in pixels, shape (n,)."""
    if not len(x):
        return
    array = internals.PrimitiveArray(QRectF, 4)
    array.resize(len(x))
    memory = array.ndarray()
    memory[:, 0] = x
    memory[:, 1] = y
    memory[:, 2] = width
    memory[:, 3] = height
    painter.drawRects(*array.drawargs())


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
