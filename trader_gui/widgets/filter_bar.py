"""The bar above a table: what is to be shown of it; choices, a span of time, words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QDate, QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDateEdit, QHBoxLayout, QLabel, QLineEdit, QMenu, QPushButton, QWidget

from trader_gui.models.table import Column, plain
from trader_gui.models.table_filter import DAY_MS, TableFilter, day_start_ms, make_predicate, values_of
from trader_gui.widgets.fields import ChoiceButton
from trader_gui.widgets.tables import TableView
from trader_gui.widgets.theme import set_style_property, theme

BAR_HEIGHT = 30
TYPING_MS = 200
MIDNIGHT_LOOK_MS = 60_000
_SEARCH_WIDTH = 120
_LABEL_WIDTH = 70
_LEAST_WIDTH = 300
_ALL = ""
_RANGES = {_ALL: "All times", "today": "Today", "7": "7 days", "30": "30 days", "custom": "From, to…"}


@dataclass(frozen=True)
class Choice:
    """One filter by the values of a column.

    Attributes:
        column: Key of the model's column.
        name: What it filters by.
        every: Shown while nothing is filtered: `All symbols`.
        words: A value's word.
    """

    column: str
    name: str
    every: str
    words: Callable[[str], str] = str


class FilterChoice(ChoiceButton):
    """Offers the values that the table has at this moment.

    Signals:
        changed: Another one is wanted.
    """

    changed = Signal()

    def __init__(self, choice: Choice, table: TableView, parent: QWidget | None = None) -> None:
        super().__init__(choice.name, kind="filter", parent=parent)
        self.choice = choice
        self.value = _ALL
        self._table = table
        self.chosen.connect(self.set_choice)
        self.set_choice(_ALL)

    def set_choice(self, value: str) -> None:
        """Want a value; "" wants all."""
        is_other = value != self.value
        self.value = value
        self.set_value(value, self.choice.words(value) if value else self.choice.every)
        set_style_property(self, "on", "true" if value else "")
        if is_other:
            self.changed.emit()

    def _open(self) -> None:
        column = next(c for c in self._table.source.columns if c.key == self.choice.column)
        values = values_of(self._table.source.rows(), column)
        if self.value and self.value not in values:
            values.append(self.value)
        self.set_entries([(_ALL, self.choice.every), *((value, self.choice.words(value)) for value in values)])
        self.set_value(self.value, self.text())
        super()._open()


class MenuButton(QPushButton):
    """A button whose menu is made anew each time; `fill` puts the entries in."""

    def __init__(self, text: str, name: str, fill: Callable[[QMenu], None], parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._fill = fill
        self.setProperty("kind", "filter")
        self.setAutoDefault(False)
        self.setAccessibleName(name)
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # puts the chevron behind the text
        self.setIconSize(QSize(12, 12))
        self.clicked.connect(self._open)
        theme().changed.connect(self._paint_icon)
        self._paint_icon()

    def make_menu(self) -> QMenu:
        """Return the menu as it would open now."""
        menu = QMenu(self)
        menu.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._fill(menu)
        return menu

    def _open(self) -> None:
        self.make_menu().popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _paint_icon(self) -> None:
        self.setIcon(theme().icon("chevron", "text2", 12))


class ElidedLabel(QLabel):
    """A line that gives way: what has no room is cut off at the end, and is told in full by the tool tip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._full = ""
        self.setProperty("role", "label")
        self.setMinimumWidth(24)

    def set_words(self, text: str, tone: str = "", tip: str = "") -> None:
        """Show a text; `tip` says more than it."""
        self._full = text
        self.setAccessibleName(text)
        self.setToolTip(tip or text)
        set_style_property(self, "tone", tone)
        self._elide()

    @property
    def words(self) -> str:
        """The whole text."""
        return self._full

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._full) + 4, super().sizeHint().height())

    def _elide(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._full, Qt.TextElideMode.ElideRight, self.width()))


class FilterBar(QWidget):
    """Narrows down one table.

    Args:
        table: Its rows are filtered.
        choices: Filters by value.
        time_column: Key of the column that spans of time go by; None leaves them out.
        now_ms: Tells the market's time.

    Attributes:
        row: Layout; what a panel adds stands at its right.
        search: The field for words.

    Signals:
        changed: Other rows are wanted.
    """

    changed = Signal()

    def __init__(
        self,
        table: TableView,
        choices: Sequence[Choice],
        *,
        time_column: str | None = None,
        now_ms: Callable[[], int] = lambda: 0,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._table = table
        self._time_column = time_column
        self._now_ms = now_ms
        self._applied: TableFilter | None = None
        self.choices = [FilterChoice(choice, table, self) for choice in choices]
        self.range = ChoiceButton("Span of time", kind="filter", parent=self)
        self.range.set_entries(list(_RANGES.items()))
        self._range = _ALL
        self.first, self.last = _date_edit("First day, UTC", self), _date_edit("Last day, UTC", self)
        self.search = QLineEdit()
        self._typing = QTimer(self)
        self._midnight = QTimer(self)
        self._build()
        self._connect()
        self._show_range()

    def _build(self) -> None:
        self.setFixedHeight(BAR_HEIGHT)
        self.search.setPlaceholderText("Find")
        self.search.setAccessibleName(f"Find in {self._table.accessibleName()}")
        self.search.setProperty("small", "true")
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(_SEARCH_WIDTH)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(4, 2, 6, 2)
        self.row.setSpacing(2)
        for choice in self.choices:
            self.row.addWidget(choice)
        self.range.setVisible(self._time_column is not None)
        if self._time_column is not None:
            for widget in (self.range, self.first, self.last):
                self.row.addWidget(widget)
        self.row.addWidget(self.search)

    def _connect(self) -> None:
        for choice in self.choices:
            choice.changed.connect(self.apply)
        self.range.chosen.connect(self.set_range)
        for edit in (self.first, self.last):
            edit.dateChanged.connect(lambda _date: self._typing.start())
        self.search.textChanged.connect(lambda _text: self._typing.start())
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self.apply)
        self._midnight.setInterval(MIDNIGHT_LOOK_MS)
        self._midnight.timeout.connect(self.apply)

    # ---- what is wanted --------------------------------------------------------------------------------------------

    @property
    def wanted(self) -> TableFilter:
        """What rows must have, as the bar stands now."""
        since_ms, until_ms = self.span()
        values = {choice.choice.column: choice.value for choice in self.choices if choice.value}
        return TableFilter(values, tuple(self.search.text().split()), since_ms, until_ms)

    def span(self) -> tuple[int | None, int | None]:
        """Return the bounds of the span of time, UTC ms; (None, None) for all times."""
        if self._range == _ALL or self._time_column is None:
            return None, None
        if self._range == "custom":
            return _day_ms(self.first.date()), _day_ms(self.last.date()) + DAY_MS - 1
        days = 1 if self._range == "today" else int(self._range)
        return day_start_ms(self._now_ms(), days - 1), None

    def set_range(self, key: str) -> None:
        """Choose a span of time: "", `today`, `7`, `30` or `custom`."""
        if key == "custom" and self._range != "custom":
            now = _date(self._now_ms())
            for edit, date in ((self.first, now.addDays(-6)), (self.last, now)):
                edit.blockSignals(True)
                edit.setDate(date)
                edit.blockSignals(False)
        self._range = key
        self._show_range()
        self.apply()

    def clear(self) -> None:
        """Want all rows."""
        self.search.clear()
        self.set_range(_ALL)
        for choice in self.choices:
            choice.set_choice(_ALL)

    def apply(self) -> None:
        """Filter the table, when that is not done already."""
        self._typing.stop()
        wanted = self.wanted
        if wanted == self._applied:
            return
        self._applied = wanted
        columns = self._table.source.columns
        self._table.rows.set_filter(make_predicate(wanted, columns, self._time_column, self._text_of))
        self.changed.emit()

    def _text_of(self, row: Any) -> str:
        """Return what words are looked for in: texts as they are shown and as they are, and numbers that are names."""
        parts = [plain(column, row) for column in self._table.source.columns if _is_searched(column)]
        parts += [look.text(row) for look in self._table.text_looks()]
        return " ".join(parts).casefold()

    def _show_range(self) -> None:
        self.range.set_value(self._range, _RANGES[self._range])
        set_style_property(self.range, "on", "true" if self._range else "")
        for edit in (self.first, self.last):
            edit.setVisible(self._range == "custom")
        self.fit()

    # ---- Qt --------------------------------------------------------------------------------------------------------

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_WIDTH, BAR_HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Leave out filters from the last on until the rest has room; one that filters something stays."""
        items = [item.widget() for place in range(self.row.count()) if (item := self.row.itemAt(place)) is not None]
        others = [w for w in items if w is not None and w not in self.choices and not w.isHidden()]
        needed = sum(_width_of(widget) for widget in (*self.choices, *others)) + 2 * BAR_HEIGHT
        for choice in reversed(self.choices):
            is_out = needed > self.width() and not choice.value
            choice.setVisible(not is_out)
            needed -= _width_of(choice) if is_out else 0

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not self.wanted.is_empty:
            self.clear()
            return
        super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._midnight.start()
        self.apply()

    def hideEvent(self, event: QEvent) -> None:
        self._midnight.stop()


def _width_of(widget: QWidget) -> int:
    return (_LABEL_WIDTH if isinstance(widget, ElidedLabel) else widget.sizeHint().width()) + 2


def _is_searched(column: Column[Any]) -> bool:
    return bool(column.title) and (column.is_id or not (column.is_number or column.is_time))


def _date_edit(name: str, parent: QWidget) -> QDateEdit:
    edit = QDateEdit(parent)
    edit.setDisplayFormat("yyyy-MM-dd")
    edit.setAccessibleName(name)
    edit.setToolTip(name)
    edit.setProperty("small", "true")
    edit.setFixedWidth(88)
    edit.hide()
    return edit


def _date(ms: int) -> QDate:
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return QDate(moment.year, moment.month, moment.day)


def _day_ms(date: QDate) -> int:
    return int(datetime(date.year(), date.month(), date.day(), tzinfo=UTC).timestamp() * 1000)
