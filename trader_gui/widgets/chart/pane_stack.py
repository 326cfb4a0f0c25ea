"""PaneStack: the panes of a chart from the top, each with its axis, and their shares of the height."""

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QGraphicsScene

from trader_gui.models.indicator_track import IndicatorTrack
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.axes import ValueAxis
from trader_gui.widgets.chart.labels import Faces
from trader_gui.widgets.chart.pane import Pane
from trader_gui.widgets.chart.price_pane import PricePane
from trader_gui.widgets.chart.study_pane import StudyPane, VolumePane

_PRICE_WEIGHT, _VOLUME_WEIGHT, _STUDY_WEIGHT = 71.0, 13.5, 15.0
_LEAST_PANE_PX = 40.0


class PaneStack:
    """Klines, volume, and a pane for each indicator that is no overlay.

    Attributes:
        klines, volume: The first two panes; the second may be taken away.
        rows: (pane, axis) of those that are shown.
    """

    def __init__(self, series: SeriesModel, scene: QGraphicsScene, faces: Callable[[], Faces]) -> None:
        self._series = series
        self._scene = scene
        self._faces = faces
        self._count = 0
        self.klines = PricePane(_PRICE_WEIGHT, series, faces())
        self.volume = VolumePane(_VOLUME_WEIGHT, series, faces())
        self._first: list[tuple[Pane, ValueAxis]] = [
            (self.klines, ValueAxis(faces())),
            (self.volume, ValueAxis(faces())),
        ]
        self.rows: list[tuple[Pane, ValueAxis]] = []

    @property
    def panes(self) -> tuple[Pane, ...]:
        """The panes, from the top."""
        return tuple(pane for pane, _ in self.rows)

    @property
    def weights(self) -> tuple[float, ...]:
        """Their shares of the height."""
        return tuple(pane.weight for pane in self.panes)

    def set_weights(self, weights: Sequence[float]) -> None:
        """Give each pane its share of the height; nothing happens unless there is one for each."""
        if len(weights) == len(self.rows):
            for pane, weight in zip(self.panes, weights, strict=True):
                pane.weight = weight

    def take(self, tracks: Sequence[IndicatorTrack], *, has_volume: bool) -> None:
        """Have a pane for every indicator that is no overlay; those that stay keep theirs."""
        self.klines.tracks = tuple(track for track in tracks if track.indicator.kind.is_overlay)
        former = {pane.tracks[0]: (pane, axis) for pane, axis in self.rows if isinstance(pane, StudyPane)}
        rows = self._first if has_volume else self._first[:1]
        own = [track for track in tracks if not track.indicator.kind.is_overlay]
        weights = [pane.weight for pane, _ in self.rows if isinstance(pane, StudyPane)]
        studies = [former.pop(track) if track in former else self._study(track) for track in own]
        if len(weights) == len(studies):  # of another symbol or interval: the heights stay
            for (pane, _), weight in zip(studies, weights, strict=True):
                pane.weight = weight
        gone = [*former.values(), *(self._first[1:] if not has_volume else [])]
        for item in (item for row in gone for item in row if item.scene() is not None):
            self._scene.removeItem(item)
        self.rows = [*rows, *studies]
        for item in (item for row in self.rows for item in row if item.scene() is None):
            self._scene.addItem(item)

    def place(self, width: float, height: float, axis_width: float) -> None:
        """Lay panes and axes out from the top, on whole pixels."""
        shares = np.cumsum(self.weights)
        top = 0
        for (pane, axis), share in zip(self.rows, shares, strict=True):
            bottom = round(height * share / shares[-1])
            pane.setGeometry(QRectF(0, top, width, bottom - top))
            axis.setGeometry(QRectF(width, top, axis_width, bottom - top))
            top = bottom

    def at(self, y: float) -> Pane | None:
        """Return the pane at a vertical pixel."""
        return next((p for p in self.panes if p.geometry().top() <= y < p.geometry().bottom()), None)

    def border_at(self, y: float, reach_px: float) -> int | None:
        """Return the number of the pane whose upper border lies within a reach of a vertical pixel."""
        tops = enumerate(pane.geometry().top() for pane in self.panes[1:])
        return next((number for number, top in tops if abs(y - top) <= reach_px), None)

    def move_border(self, number: int, pixels: float) -> None:
        """Make the pane above a border higher, and the one below it lower by as much."""
        upper, lower = self.panes[number], self.panes[number + 1]
        room = upper.geometry().height() + lower.geometry().height()
        least = min(_LEAST_PANE_PX, room / 2)
        wanted = min(max(upper.geometry().height() + pixels, least), room - least)
        share = (upper.weight + lower.weight) / room
        upper.weight, lower.weight = wanted * share, (room - wanted) * share

    def _study(self, track: IndicatorTrack) -> tuple[Pane, ValueAxis]:
        self._count += 1
        pane = StudyPane(f"study {self._count}", _STUDY_WEIGHT, track, self._series, self._faces())
        return pane, ValueAxis(self._faces())
