"""Canvas: the kept picture of a pane's closed klines, painted by Qt and, where klines lie dense, pixel by pixel."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from trader_gui.widgets.chart.primitives import FloatArray, IntArray

ColorArray: TypeAlias = NDArray[np.uint32]
_BYTES = 4


class Canvas:
    """A picture in memory of our own.

    Filling a column of pixels for each of fifteen hundred columns takes Qt a millisecond or more: it writes column by
    column. Written row by row they take a third of that, however high they are.

    Args:
        width, height: Logical pixels.
        ratio: Device pixel ratio.

    Attributes:
        image: For a painter, and to be drawn.
        pixels: The same memory as colours, shape (rows, columns), in device pixels.
    """

    def __init__(self, width: float, height: float, ratio: float) -> None:
        self.size = (width, height, ratio)
        self.ratio = ratio
        columns, rows = max(1, round(width * ratio)), max(1, round(height * ratio))
        self.pixels: ColorArray = np.empty((rows, columns), np.uint32)
        self.image = QImage(self.pixels.data, columns, rows, columns * _BYTES, QImage.Format.Format_RGB32)
        self.image.setDevicePixelRatio(ratio)

    def fill(self, color: QColor) -> None:
        """Fill all of it."""
        self.pixels[:] = color.rgb()

    def fill_columns(
        self, columns: IntArray, top: FloatArray, bottom: FloatArray, colors: ColorArray | np.uint32
    ) -> None:
        """Fill one column of device pixels for each element; columns without finite ends are left alone.

        Args:
            columns: Device pixels, shape (n,), one after the other without a hole.
            top: Logical pixels from the upper edge, shape (n,).
            bottom: As `top`; the pixel of either end is filled, too.
            colors: As in `pixels`: one, or one for each column, shape (n,).
        """
        first = max(0, -int(columns[0])) if len(columns) else 0
        last = min(len(columns), self.pixels.shape[1] - int(columns[0])) if len(columns) else 0
        is_there = np.isfinite(top[first:last] + bottom[first:last])
        if not is_there.any():
            return
        highest, lowest = self._device_rows(top[first:last]), self._device_rows(bottom[first:last])
        highest[~is_there] = self.pixels.shape[0] + 1
        begin, end = max(0, int(highest.min())), min(self.pixels.shape[0], int(lowest[is_there].max()) + 1)
        rows = np.arange(begin, end, dtype=np.int16)[:, None]
        at = slice(int(columns[0]) + first, int(columns[0]) + last)
        chosen = colors[first:last] if isinstance(colors, np.ndarray) else colors
        np.copyto(self.pixels[begin:end, at], chosen, where=(rows >= highest) & (rows <= lowest))

    def _device_rows(self, y: FloatArray) -> NDArray[np.int16]:
        """Return rows of device pixels; what lies outside stays outside."""
        rows = np.floor(np.nan_to_num(y) * self.ratio)
        return np.clip(rows, -2, self.pixels.shape[0] + 1).astype(np.int16)
