"""Icons: one-colour SVGs of `resources/icons/`, tinted when they are drawn."""

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from trader_gui.resources import read_text

_PLACEHOLDER = "currentColor"


@lru_cache(maxsize=64)
def _svg(name: str) -> str:
    return read_text("icons", f"{name}.svg")


def tinted_svg(name: str, color: QColor) -> bytes:
    """Return an icon's SVG in one colour.

    Raises:
        FileNotFoundError: No such icon.
    """
    return _svg(name).replace(_PLACEHOLDER, color.name()).encode()


def render(name: str, color: QColor, size: float, ratio: float) -> QPixmap:
    """Return an icon as a pixmap of `size` logical pixels at a device pixel ratio."""
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(tinted_svg(name, color))).render(painter, QRectF(pixmap.rect()))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


class TintedFiles:
    """Tinted icons as files, because a style sheet takes images by path only; removed when the program ends.

    Owner: the theme.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None

    def url(self, name: str, color: QColor) -> str:
        """Return the path of an icon in a colour, with forward slashes; the file is written when first asked for."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="trader-gui-icons-"))
            atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        path = self._folder / f"{name}-{color.name()[1:]}.svg"
        if not path.exists():
            path.write_bytes(tinted_svg(name, color))
        return path.as_posix()
