"""The columns of one table: which are shown, in which order, how wide; by the looks until the user wants otherwise."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView

from trader_gui.models.sorted_table import SortedTable
from trader_gui.widgets.table_columns import ColumnLook

HEADER_HEIGHT = 24
LEAST_WIDTH = 24
WIDTH_STEP = 8
_UP, _DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


@dataclass(frozen=True)
class Sorting:
    """By which column a table is sorted, and which way."""

    column: str
    is_descending: bool = False


class TableHeader(QObject):
    """Lays out the columns of a view and keeps what the user made of them.

    Columns that have no room are left out by their looks' `drop`, and the stretching one takes the room that is left.
    A column that the user made narrower or wider keeps that width; one that he hid stays hidden; one that he called
    for is never left out.

    Args:
        view: Its model is set already.
        table: The same model.
        looks: By column of the model; None for a column that is never shown.
        default: How the table is sorted while the user has not said otherwise; None: as the rows came.

    Signals:
        changed: The user changed something that `state` tells.
    """

    changed = Signal()

    def __init__(
        self,
        view: QTableView,
        table: SortedTable[Any],
        looks: Sequence[ColumnLook | None],
        default: Sorting | None,
    ) -> None:
        super().__init__(view)
        self._view, self._table, self._default = view, table, default
        self._looks = {column: look for column, look in enumerate(looks) if look is not None}
        self._widths: dict[int, int] = {}
        self._wanted: dict[int, bool] = {}
        self._is_fitting = False
        self._sorting: Sorting | None = None
        header = self._header = view.horizontalHeader()
        header.setFixedHeight(HEADER_HEIGHT)
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setSectionsMovable(True)
        header.setSortIndicatorShown(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(LEAST_WIDTH)
        header.setAccessibleName(f"{view.accessibleName()} columns")
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.sectionClicked.connect(self._on_clicked)
        header.sectionResized.connect(self._on_resized)
        header.sectionHandleDoubleClicked.connect(self.reset_width)
        header.sectionMoved.connect(self._on_moved)
        header.customContextMenuRequested.connect(self._open_menu)
        view.viewport().installEventFilter(self)
        for column in range(len(looks)):
            view.setColumnHidden(column, column not in self._looks)
        self.sort(default)

    # ---- places and widths -----------------------------------------------------------------------------------------

    def shown_columns(self) -> list[int]:
        """Return the columns that are to be seen, from left to right."""
        visual = [self._header.logicalIndex(place) for place in range(self._header.count())]
        return [column for column in visual if not self._view.isColumnHidden(column)]

    def fit(self) -> None:
        """Leave out columns until the rest fits, then give the room that is left to the stretching one."""
        room = self._view.viewport().width()
        shown = {c: look for c, look in self._looks.items() if self._wanted.get(c, not look.is_optional)}
        needed = sum(self._width(column) for column in shown)
        dropped = set()
        for column, look in sorted(shown.items(), key=lambda item: -item[1].drop):
            if look.drop > 0 and column not in self._wanted and needed > room:
                needed -= self._width(column)
                dropped.add(column)
        spare = max(0, room - needed)
        stretched = self._stretched([column for column in shown if column not in dropped])
        self._is_fitting = True
        for column in self._looks:
            is_shown = column in shown and column not in dropped
            self._view.setColumnHidden(column, not is_shown)
            if is_shown:
                self._view.setColumnWidth(column, self._width(column) + (spare if column == stretched else 0))
        self._is_fitting = False

    def _stretched(self, shown: Sequence[int]) -> int | None:
        """Return the column that takes the room that is left: the one made for it, else the last one of words."""
        free = [column for column in shown if column not in self._widths and not self._looks[column].is_action]
        made = [column for column in free if self._looks[column].stretch]
        words = [column for column in free if not self._table.source.columns[column].is_number]
        return next(iter([*made, *reversed(words)]), None)

    def set_width(self, column: int, width: int) -> None:
        """Give a column a width of the user's."""
        self._widths[column] = max(LEAST_WIDTH, width)
        self._changed()

    def reset_width(self, column: int) -> None:
        """Give a column its own width again."""
        self._widths.pop(column, None)
        self._changed()

    def set_shown(self, column: int, is_shown: bool) -> None:
        """Hide a column, or show it even where room is short; the last one stays."""
        if not is_shown and self.shown_columns() == [column]:
            return
        self._wanted[column] = is_shown
        self._changed()

    def move(self, column: int, step: int) -> None:
        """Move a shown column left (-1) or right (+1) past its neighbour."""
        shown = self.shown_columns()
        if column in shown and 0 <= shown.index(column) + step < len(shown):
            neighbour = shown[shown.index(column) + step]
            self._header.moveSection(self._header.visualIndex(column), self._header.visualIndex(neighbour))

    def reset(self) -> None:
        """Bring back places, widths and sorting as they were before the user touched them."""
        self._widths.clear()
        self._wanted.clear()
        self._place(range(self._header.count()))
        self.sort(self._default)
        self._changed()

    def _width(self, column: int) -> int:
        return self._widths.get(column, self._looks[column].width)

    def _place(self, columns: Sequence[int]) -> None:
        self._is_fitting = True
        for place, column in enumerate(columns):
            self._header.moveSection(self._header.visualIndex(column), place)
        self._is_fitting = False

    def _changed(self) -> None:
        self.fit()
        self.changed.emit()

    def _on_resized(self, column: int, _old: int, new: int) -> None:
        if not self._is_fitting and new and column in self._looks:
            self.set_width(column, new)

    def _on_moved(self) -> None:
        if not self._is_fitting:
            self.changed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.fit()
        return False

    # ---- sorting ---------------------------------------------------------------------------------------------------

    @property
    def sorting(self) -> Sorting | None:
        """How the table is sorted; None: as the rows came."""
        return self._sorting

    @property
    def is_sorted_by_default(self) -> bool:
        """True while the user has not asked for another sorting."""
        return self._sorting == self._default

    def sort(self, sorting: Sorting | None) -> None:
        """Sort the table, and show it in the header."""
        self._sorting = sorting
        column = self._column_of(sorting.column) if sorting is not None else None
        self._header.setSortIndicatorShown(column is not None)
        order = _DOWN if sorting is not None and sorting.is_descending else _UP
        if column is not None:
            self._header.setSortIndicator(column, order)
        self._table.sort(-1 if column is None else column, order)

    def sort_by(self, column: int, *, is_descending: bool) -> None:
        """Sort by a column because the user wants it."""
        self.sort(Sorting(self._table.source.columns[column].key, is_descending))
        self.changed.emit()

    def sort_by_default(self) -> None:
        """Sort as the table does by itself."""
        self.sort(self._default)
        self.changed.emit()

    def _on_clicked(self, column: int) -> None:
        """Sort upwards, downwards, then as the table does by itself."""
        if self._looks[column].is_action:
            return
        key = self._table.source.columns[column].key
        if self._sorting is None or self._sorting.column != key:
            self.sort_by(column, is_descending=False)
        elif not self._sorting.is_descending:
            self.sort_by(column, is_descending=True)
        elif self._default is not None and self._default.column == key:
            self.sort_by(column, is_descending=False)
        else:
            self.sort_by_default()

    def _column_of(self, key: str) -> int | None:
        return next((c for c, column in enumerate(self._table.source.columns) if column.key == key), None)

    # ---- menu ------------------------------------------------------------------------------------------------------

    def _open_menu(self, point: QPoint) -> None:
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.fill_menu(menu, self._header.logicalIndexAt(point))
        menu.popup(self._header.mapToGlobal(point))

    def fill_menu(self, menu: QMenu, column: int) -> None:
        """Add what can be done with the columns; `column` is the one pointed at, -1 for none."""
        look = self._looks.get(column)
        if look is not None and not look.is_action:
            _add(menu, "Sort ascending\tAlt+Up", lambda: self.sort_by(column, is_descending=False))
            _add(menu, "Sort descending\tAlt+Down", lambda: self.sort_by(column, is_descending=True))
        _add(menu, "Sort as usual", self.sort_by_default)
        menu.addSeparator()
        if look is not None and not look.is_action:
            _add(menu, f"Hide {self._title(column)}", lambda: self.set_shown(column, False))
        shown = self.shown_columns()
        choices = menu.addMenu("Columns")
        for number, other in self._looks.items():
            if other.is_action:
                continue
            action = choices.addAction(self._title(number))
            action.setCheckable(True)
            action.setChecked(number in shown)
            action.triggered.connect(lambda is_on, c=number: self.set_shown(c, is_on))
        _add(menu, "Reset columns", self.reset)

    def _title(self, column: int) -> str:
        return self._table.source.columns[column].title

    # ---- between runs ----------------------------------------------------------------------------------------------

    def state(self) -> str:
        """Return what the user made of the columns, as one line."""
        keys = [column.key for column in self._table.source.columns]
        places = [self._header.logicalIndex(place) for place in range(self._header.count())]
        columns = [[keys[c], self._widths.get(c), self._wanted.get(c)] for c in places]
        sorting = None if self._sorting is None else [self._sorting.column, self._sorting.is_descending]
        return json.dumps({"columns": columns, "sort": sorting})

    def restore(self, state: str) -> None:
        """Take back what `state` gave; columns that are new since stay at their places, what makes no sense is left.

        Raises:
            ValueError: It is nothing that `state` gave.
        """
        saved = _read(state)
        known = {self._column_of(key): (width, wanted) for key, width, wanted in saved["columns"]}
        kept = {column: pair for column, pair in known.items() if column is not None and column in self._looks}
        self._widths = {c: max(LEAST_WIDTH, width) for c, (width, _) in kept.items() if isinstance(width, int)}
        self._wanted = {c: wanted for c, (_, wanted) in kept.items() if isinstance(wanted, bool)}
        places = list(kept)
        for column in range(self._header.count()):
            if column not in kept:
                places.insert(column, column)
        self._place(places)
        sort = saved["sort"]
        if sort is not None and self._column_of(str(sort[0])) is not None:
            self.sort(Sorting(str(sort[0]), bool(sort[1])))
        self.fit()


def _read(state: str) -> Mapping[str, Any]:
    saved: Any = json.loads(state)
    is_known = isinstance(saved, dict) and isinstance(saved.get("columns"), list) and "sort" in saved
    if not is_known or not all(isinstance(row, list) and len(row) == 3 for row in saved["columns"]):
        raise ValueError("no state of columns")
    if saved["sort"] is not None and not (isinstance(saved["sort"], list) and len(saved["sort"]) == 2):
        raise ValueError("no state of a sorting")
    return dict(saved)


def _add(menu: QMenu, text: str, do: Any) -> QAction:
    action = menu.addAction(text)
    action.triggered.connect(lambda _checked=False: do())
    return action
