"""IndicatorDialog: adds, changes and removes the chart's indicators; every change is drawn at once."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from trader_gui.models.indicator_kinds import KINDS, Parameter
from trader_gui.models.indicator_track import Indicator
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.theme import theme

COLORS = {
    "band": "Slate",
    "rv": "Orchid",
    "line1": "Sand",
    "line2": "Sky",
    "line3": "Lavender",
    "line4": "Sage",
    "line5": "Rose",
    "line6": "Stone",
}
"""Colour tokens that an indicator may have: none of them says up or down, good or bad."""
MOST = 12
"""Indicators of one chart."""
_SWATCH = 12


class IndicatorRow(QFrame):
    """One indicator: whether it is drawn, its parameters, its colour.

    Signals:
        changed: `indicator` is another one.
        removed: It shall go.
    """

    changed = Signal()
    removed = Signal()

    def __init__(self, indicator: Indicator) -> None:
        super().__init__()
        self.indicator = indicator
        self.setProperty("kind", "panel")
        self.visible_box = QCheckBox(indicator.kind.words)
        self.visible_box.setChecked(indicator.is_visible)
        self.visible_box.setToolTip("Draw it")
        self.visible_box.toggled.connect(lambda on: self._change(replace(self.indicator, is_visible=on)))
        self.color_box = self._color_box()
        self.remove_button = QToolButton()
        self.remove_button.setIcon(theme().icon("cross", "text2", 14))
        self.remove_button.setAccessibleName(f"Remove {indicator.kind.words}")
        self.remove_button.setToolTip("Remove it")
        self.remove_button.clicked.connect(self.removed)
        self.fields = {parameter.name: self._field(parameter) for parameter in indicator.kind.parameters}
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.visible_box, 1)
        head.addWidget(self.color_box)
        head.addWidget(self.remove_button)
        fields = QHBoxLayout()
        fields.setSpacing(12)
        for parameter in self.indicator.kind.parameters:
            column = QVBoxLayout()
            column.setSpacing(0)
            label = QLabel(parameter.title)
            label.setProperty("role", "label")
            label.setBuddy(self.fields[parameter.name])
            column.addWidget(label)
            column.addWidget(self.fields[parameter.name])
            fields.addLayout(column, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 10)
        column.setSpacing(6)
        column.addLayout(head)
        column.addLayout(fields)

    def _field(self, parameter: Parameter) -> QDoubleSpinBox:
        field = QDoubleSpinBox()
        field.setDecimals(0 if parameter.step == 1 else 2)
        field.setRange(parameter.least, parameter.most)
        field.setSingleStep(parameter.step)
        field.setKeyboardTracking(False)
        field.setValue(self.indicator.values[parameter.name])
        field.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        field.setAccessibleName(f"{self.indicator.kind.words}: {parameter.title}")
        field.valueChanged.connect(lambda value: self._set_value(parameter.name, value))
        return field

    def _color_box(self) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(f"Colour of {self.indicator.kind.words}")
        box.setIconSize(QSize(_SWATCH, _SWATCH))
        for token, words in COLORS.items():
            swatch = QPixmap(_SWATCH, _SWATCH)
            swatch.fill(theme().color(token))
            box.addItem(QIcon(swatch), words, token)
        box.setCurrentIndex(max(0, box.findData(self.indicator.color)))
        box.currentIndexChanged.connect(lambda _: self._change(replace(self.indicator, color=box.currentData())))
        return box

    def _set_value(self, name: str, value: float) -> None:
        self._change(replace(self.indicator, values={**self.indicator.values, name: value}))

    def _change(self, indicator: Indicator) -> None:
        self.indicator = indicator
        self.changed.emit()


class IndicatorDialog(QDialog):
    """The indicators of one chart.

    Args:
        series: Whose indicators.
        first: Those of the strategy, to go back to.
        parent: The chart.
    """

    def __init__(self, series: SeriesModel, first: Sequence[Indicator], parent: QWidget) -> None:
        super().__init__(parent)
        self._series = series
        self._first = tuple(first)
        self.setWindowTitle("Indicators of the chart")
        self.setModal(False)
        self.rows: list[IndicatorRow] = []
        self.add_button = QPushButton("Add an indicator")
        self.add_button.setIcon(theme().icon("plus", "text1"))
        self.add_button.setMenu(self._kinds_menu())
        self.reset_button = QPushButton("Those of the strategy")
        self.reset_button.setToolTip("Show the indicators that the strategy decides by, and no others")
        self.reset_button.clicked.connect(lambda: self._series.set_indicators(self._first))
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.close)
        self._list = QVBoxLayout()
        self._list.setSpacing(6)
        self._empty = QLabel("No indicator. Add one below.")
        self._empty.setProperty("role", "small")
        self._list.addWidget(self._empty)
        self._lay_out(close)
        self.resize(480, 460)
        series.indicators_changed.connect(self.on_indicators_changed)
        self._make_rows()

    def on_indicators_changed(self) -> None:
        """Show what holds now; a row that the change came from is left as it is, with the focus in it."""
        if self._series.indicators != tuple(row.indicator for row in self.rows):
            self._make_rows()
        self.add_button.setEnabled(len(self.rows) < MOST)

    def _lay_out(self, close: QPushButton) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 6, 0)
        column.addLayout(self._list)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        buttons = QHBoxLayout()
        buttons.addWidget(self.add_button)
        buttons.addWidget(self.reset_button)
        buttons.addStretch(1)
        buttons.addWidget(close)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 16, 16, 16)
        whole.setSpacing(12)
        whole.addWidget(area, 1)
        whole.addLayout(buttons)

    def _kinds_menu(self) -> QMenu:
        menu = QMenu(self)
        for kind in KINDS.values():
            action = menu.addAction(f"{kind.words}{'' if kind.is_overlay else ' (own pane)'}")
            action.triggered.connect(lambda _=False, k=kind: self._add(Indicator(k)))
        return menu

    def _add(self, indicator: Indicator) -> None:
        """Add one, in a colour that no other one has, if there is such a colour."""
        taken = {other.color for other in self._series.indicators}
        free = [token for token in COLORS if token not in taken]
        if indicator.color in taken and free:
            indicator = replace(indicator, color=free[0])
        self._series.set_indicators((*self._series.indicators, indicator))

    def _make_rows(self) -> None:
        for row in self.rows:
            self._list.removeWidget(row)
            row.deleteLater()
        self.rows = [IndicatorRow(indicator) for indicator in self._series.indicators]
        for row in self.rows:
            self._list.addWidget(row)
            row.changed.connect(self._apply)
            row.removed.connect(lambda r=row: self._remove(r))
        self._empty.setVisible(not self.rows)

    def _remove(self, row: IndicatorRow) -> None:
        self._series.set_indicators([other.indicator for other in self.rows if other is not row])

    def _apply(self) -> None:
        self._series.set_indicators([row.indicator for row in self.rows])
