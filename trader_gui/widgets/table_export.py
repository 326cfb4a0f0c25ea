"""TableExport: the menu by which the rows of a table are written to a file, and how far that is."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from trader_gui.models.table_export import ExportProgress
from trader_gui.widgets.tables import TableView


class TableExport(QObject):
    """Offers to write a table, one file at a time.

    Args:
        title: Names the file.
        table: The table; its rows as they are shown, filtered and sorted.

    Attributes:
        percent: How much is written, None while nothing is being written.

    Signals:
        requested: (this, `csv` or `parquet`).
        changed: `percent`.
    """

    requested = Signal(object, str)
    changed = Signal()

    def __init__(self, title: str, table: TableView) -> None:
        super().__init__(table)
        self.title, self.table = title, table
        self.percent: int | None = None
        self._progress: ExportProgress | None = None

    def show(self, progress: ExportProgress | None) -> None:
        """Show how far it is; None when nothing is being written any more."""
        self._progress = progress
        self.percent = None if progress is None else 100 * progress.done // max(1, progress.total)
        self.changed.emit()

    def fill(self, menu: QMenu) -> None:
        """Put what can be done now into a menu."""
        if self._progress is not None:
            menu.addAction("Stop exporting").triggered.connect(lambda _checked=False: self._stop())
            return
        rows = self.table.rows.rowCount()
        for kind, title in (("csv", "CSV"), ("parquet", "Parquet")):
            action = menu.addAction(f"{count_words(rows)} as {title}…")
            action.setEnabled(bool(rows))
            action.triggered.connect(lambda _checked=False, k=kind: self.requested.emit(self, k))

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.is_stopped = True


def count_words(rows: int) -> str:
    """Return a number of rows in words: `1 row`, `1,200 rows`."""
    return f"{rows:,} row{'' if rows == 1 else 's'}"
