"""Faces and sizes: Latin face first, Korean second, tabular digits, sizes by role."""

import sys
from functools import lru_cache

from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF, QGuiApplication

# Face candidates by system, Latin first: digits then agree in every language.
_LATIN = {"win32": ("Segoe UI",), "darwin": (), "linux": ("Inter", "Noto Sans", "DejaVu Sans")}
_KOREAN = {
    "win32": ("Malgun Gothic",),
    "darwin": ("Apple SD Gothic Neo",),
    "linux": ("Noto Sans CJK KR", "NanumGothic"),
}
_MONO = {"win32": ("Consolas", "D2Coding"), "darwin": ("Menlo",), "linux": ("DejaVu Sans Mono",)}

ROLES: dict[str, tuple[int, QFont.Weight]] = {
    "price_large": (17, QFont.Weight.DemiBold),
    "value": (13, QFont.Weight.DemiBold),
    "input": (13, QFont.Weight.Medium),
    "body": (12, QFont.Weight.Normal),
    "figure": (12, QFont.Weight.Medium),
    "small": (11, QFont.Weight.Normal),
    "head": (11, QFont.Weight.DemiBold),
    "mini": (10, QFont.Weight.Normal),
    "mono": (12, QFont.Weight.Normal),
}
"""Role -> (size in px at 100 %, weight)."""


def points(px: float) -> float:
    """Return the size in points of `px` pixels at 100 %, by the logical DPI of the primary screen."""
    return px * 72.0 / QGuiApplication.primaryScreen().logicalDotsPerInch()


def families(mono: bool = False) -> list[str]:
    """Return the face and its fall-backs; of the Latin faces only those that keep digits in columns."""
    return list(_families(mono))


def make_font(role: str) -> QFont:
    """Return the font of a role.

    Raises:
        KeyError: No such role.
    """
    px, weight = ROLES[role]
    font = _tabular(_families(role == "mono"))
    font.setPointSizeF(points(px))
    font.setWeight(weight)
    return font


@lru_cache(maxsize=2)
def _families(mono: bool) -> tuple[str, ...]:
    system = sys.platform if sys.platform in _LATIN else "linux"
    installed = set(QFontDatabase.families())
    latin = (_MONO if mono else _LATIN)[system]
    usable = [face for face in latin if face in installed and _has_tabular_digits(face)]
    general = QFontDatabase.SystemFont.FixedFont if mono else QFontDatabase.SystemFont.GeneralFont
    if not usable:
        usable = [QFontDatabase.systemFont(general).family()]
    korean = [face for face in _KOREAN[system] if face in installed]
    return (*usable, *korean)


def _tabular(faces: tuple[str, ...]) -> QFont:
    font = QFont(list(faces))
    font.setFeature(QFont.Tag("tnum"), 1)
    font.setStyleHint(QFont.StyleHint.SansSerif)
    return font


def _has_tabular_digits(face: str) -> bool:
    """Measure instead of trusting: a face without `tnum` may still have digits of one width, or not."""
    font = _tabular((face,))
    font.setPixelSize(48)
    metrics = QFontMetricsF(font)
    widths = [metrics.horizontalAdvance(digit * 8) for digit in "0123456789"]
    return max(widths) - min(widths) < 0.5
