"""A table under its bar: filters, how many rows they leave, exporting; and the tables of the past, which are read."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from trader_gui.models.history import History
from trader_gui.models.history_assets import AssetsModel
from trader_gui.models.table_sums import Part, TableSums
from trader_gui.widgets.filter_bar import BAR_HEIGHT, ElidedLabel, FilterBar, MenuButton
from trader_gui.widgets.history_words import assets_words, loader_words
from trader_gui.widgets.table_export import TableExport
from trader_gui.widgets.tables import TableView

_GAP = 8
_SUMS_WIDTH = 280
"""So much of the sums stays when there is little room; what the table can be relied on is told by the tool tip, too."""


class TablePanel(QWidget):
    """A table and its bar.

    Args:
        title: Names exported files.
        table: The table.
        bar: Its filters; without one there is only room for what the panel itself adds.
        has_life: Its rows are of orders, whose life can be shown.

    Attributes:
        export: Writes the rows to files.
        note: What is said about the rows, at the right of the bar.

    Signals:
        life_requested: (row) all messages of the row's order are wanted.
    """

    life_requested = Signal(object)

    def __init__(self, title: str, table: TableView, bar: FilterBar | None = None, *, has_life: bool = False) -> None:
        super().__init__()
        self.title, self.table, self.bar = title, table, bar
        self._has_life = has_life
        self._empty_text = table.empty_text
        self.note = ElidedLabel()
        self.export = TableExport(title, table)
        self.export_button = MenuButton("Export", f"Export {title}", self.export.fill)
        self.export.changed.connect(self._show_export)
        head: QWidget = bar if bar is not None else QWidget()
        head.setFixedHeight(BAR_HEIGHT)
        self.tools = bar.row if bar is not None else QHBoxLayout(head)
        if bar is None:
            self.tools.setContentsMargins(10, 2, 6, 2)
        self.tools.addSpacing(_GAP)
        self.tools.addWidget(self.note, 1)
        self.tools.addWidget(self.export_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(table, 1)
        table.menu_opening.connect(self._fill_row_menu)
        self.order_tabs()
        if bar is not None:
            find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)  # of the table that is seen
            for signal in (find.activated, find.activatedAmbiguously):
                signal.connect(lambda: bar.search.setFocus(Qt.FocusReason.ShortcutFocusReason))
            bar.changed.connect(self.show_note)
            table.rows.counted.connect(self.show_note)
            table.source.rows_changed.connect(self._on_rows_changed)

    def order_tabs(self) -> None:
        """Let the Tab key go through the bar from left to right, then to the table; called again after additions."""
        items = [item.widget() for place in range(self.tools.count()) if (item := self.tools.itemAt(place)) is not None]
        for former, widget in pairwise([*(w for w in items if w is not None), self.table]):
            QWidget.setTabOrder(former, widget)

    def show_note(self) -> None:
        """Say how many rows the filters leave, and what else the panel has to say."""
        self.table.set_empty_text("No row passes the filters" if self._is_narrowed() else self._empty_text)
        text, tone, tip = self.words()
        self.note.set_words(" · ".join(part for part in (self._count(), text) if part), tone, tip)

    def words(self) -> tuple[str, str, str]:
        """Return (text, tone, tool tip) of what is to be said about the rows."""
        return "", "", ""

    def _is_narrowed(self) -> bool:
        return self.bar is not None and not self.bar.wanted.is_empty and bool(self.table.source.rowCount())

    def _count(self) -> str:
        if self.bar is None or self.bar.wanted.is_empty:
            return ""
        return f"{self.table.rows.rowCount():,} of {self.table.source.rowCount():,}"

    def _on_rows_changed(self) -> None:
        if self.isVisible():
            self.show_note()

    # ---- seen or not -----------------------------------------------------------------------------------------------

    def on_seen(self, is_seen: bool) -> None:
        """Work, or leave it, as the panel comes to be seen or not."""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.on_seen(True)
        self.show_note()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.on_seen(False)

    # ---- exporting -------------------------------------------------------------------------------------------------

    def _show_export(self) -> None:
        percent = self.export.percent
        self.export_button.setText("Export" if percent is None else f"Export {percent} %")

    # ---- menus -----------------------------------------------------------------------------------------------------

    def _fill_row_menu(self, menu: QMenu, row: Any) -> None:
        if row is not None and self._has_life:
            action = menu.addAction("Order's life…")
            action.setEnabled(bool(row.client_order_id))
            action.triggered.connect(lambda _checked=False: self.life_requested.emit(row))
        self.export.fill(menu.addMenu("Export"))


class HistoryPanel(TablePanel):
    """A table of the past: read when it is looked at, further back at its end or when a span asks for it.

    Args:
        history: What reads.
        parts_of: What a row adds to the sums; None for a table without.
        sum_words: The sums in words, and the tool tip.
    """

    def __init__(
        self,
        title: str,
        table: TableView,
        bar: FilterBar,
        history: History,
        *,
        has_life: bool = False,
        parts_of: Callable[[Any], Any] | None = None,
        sum_words: Callable[[TableSums], tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(title, table, bar, has_life=has_life)
        self._history, self._bar = history, bar
        self.sums_label = ElidedLabel()
        self.older_button = QPushButton("Older")
        self.older_button.setProperty("kind", "filter")
        self.older_button.setAutoDefault(False)
        place = self.tools.indexOf(self.note)
        self.tools.insertWidget(place, self.sums_label, 1)
        self.tools.insertWidget(place + 2, self.older_button)
        self.sums: TableSums | None = None
        if parts_of is not None and sum_words is not None:
            self.sums = TableSums(table.rows, parts_of, self)
            self.sums.changed.connect(lambda: self._show_sums(sum_words))
        self.sums_label.setVisible(False)
        self.older_button.clicked.connect(self._on_button)
        history.loader.changed.connect(self._on_loader)
        bar.changed.connect(self._on_range)
        table.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.order_tabs()

    def words(self) -> tuple[str, str, str]:
        since_ms, until_ms = self._bar.span()
        return loader_words(self._history.loader, self._history.now_ms, since_ms, until_ms)

    def show_note(self) -> None:
        super().show_note()
        loader = self._history.loader
        is_failed = loader.error is not None and not loader.is_loading
        self.older_button.setText("Try again" if is_failed else "Older")
        name = "Read again what could not be read" if is_failed else f"Read older {self.title}"
        self.older_button.setAccessibleName(name)
        self.older_button.setToolTip(name)
        is_open = self._bar.span()[0] is None
        self.older_button.setEnabled(not loader.is_loading and (is_failed or (is_open and loader.has_older)))

    def _on_button(self) -> None:
        loader = self._history.loader
        if loader.error is not None:
            loader.try_again()
            self._on_range()
        else:
            loader.want_older()

    def _on_loader(self) -> None:
        if self.isVisible():
            self.show_note()

    def _on_range(self) -> None:
        """Have the chosen span read."""
        since_ms, until_ms = self._bar.span()
        if since_ms is not None and self._history.now_ms:
            self._history.loader.want_since(since_ms, until_ms if until_ms is not None else self._history.now_ms)

    def _on_scrolled(self, value: int) -> None:
        """At the end of all times, newest first, there may be older rows."""
        bar = self.table.verticalScrollBar()
        is_at_end = 0 < bar.maximum() == value and self.table.header.is_sorted_by_default
        if is_at_end and self._bar.span()[0] is None and self._history.loader.error is None:
            self._history.loader.want_older()

    def _show_sums(self, words: Callable[[TableSums], tuple[str, str]]) -> None:
        if self.sums is not None:
            text, tip = words(self.sums)
            self.sums_label.set_words(text, "text1", tip)
            self.sums_label.setVisible(bool(text))
            self.sums_label.setMinimumWidth(min(self.sums_label.sizeHint().width(), _SUMS_WIDTH))

    def on_seen(self, is_seen: bool) -> None:
        self._history.loader.set_seen(self.title, is_seen)


class AssetsPanel(TablePanel):
    """The assets of the wallet, read anew while somebody looks."""

    def __init__(self, title: str, table: TableView, assets: AssetsModel) -> None:
        super().__init__(title, table)
        self._assets = assets
        assets.state_changed.connect(self.show_note)

    def words(self) -> tuple[str, str, str]:
        return assets_words(self._assets)

    def on_seen(self, is_seen: bool) -> None:
        self._assets.set_seen(is_seen)


def fill_parts(row: Any) -> list[Part]:
    """Return what an execution brought and cost."""
    fill = row.fill
    asset = fill.commission_asset
    of_result = asset if fill.symbol.endswith(asset) else ""  # a fee may be paid in another asset than the result
    return [("Realised", of_result, fill.realized_pnl), ("fees", asset, -fill.commission)]


def income_parts(row: Any) -> list[Part]:
    """Return what changed the wallet."""
    return [(row.row.income_type, row.row.asset, row.row.income)]
