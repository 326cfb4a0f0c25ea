"""Copying out of tables: the chosen cells as tab-separated lines, numbers plain, for a spreadsheet."""

from collections.abc import Sequence

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QTableView

MOST_CELLS = 50_000
"""More are not copied: that is what exporting is for."""


def copy_cells(view: QTableView, columns: Sequence[int], *, whole_rows: bool) -> bool:
    """Put the chosen cells onto the clipboard; False, and nothing is copied, when they are too many.

    The lines are the rows of which something is chosen, as they are shown; the cells those of the columns of which
    something is chosen. A cell inside that is not chosen itself stays empty.

    Args:
        view: The table; without a selection its current cell is meant.
        columns: Those to be seen, from left to right.
        whole_rows: Copy all `columns` of the rows.
    """
    ranges = [r for r in view.selectionModel().selection().toList() if r.isValid()]
    rows = sorted({row for r in ranges for row in range(r.top(), r.bottom() + 1)})
    chosen = {column for r in ranges for column in range(r.left(), r.right() + 1)}
    current = view.currentIndex()
    if not rows and current.isValid():
        rows, chosen = [current.row()], {current.column()}
    wanted = list(columns) if whole_rows else [column for column in columns if column in chosen]
    if len(rows) * len(wanted) > MOST_CELLS:
        return False
    model = view.model()

    def cell(row: int, column: int) -> str:
        is_chosen = whole_rows or not ranges or any(r.contains(row, column, r.parent()) for r in ranges)
        return str(model.index(row, column).data()) if is_chosen else ""

    lines = ["\t".join(cell(row, column) for column in wanted) for row in rows]
    QGuiApplication.clipboard().setText("\n".join(lines))
    return True
