"""DamagedJournalDialog: what a damaged journal means, and the two ways on: a new one in its place, or quit."""

import html

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from trader_gui.widgets.dialogs.frame import ProfileDialog, main_button
from trader_gui.widgets.fields import label

_MEANING = (
    "Every order is written to the journal before it is sent, so nothing can be traded without one.",
    "A new journal does not know which orders are still open. They are found at the exchange by their prefix and shown "
    "as differences at the start; none of them is sent again. The engine takes an open position for its own only when "
    "today's executions prove it, and leaves it to you otherwise.",
    "The damaged file stays beside the new one. To restore a backup of it instead, quit, and put the backup in its "
    "place.",
)


class DamagedJournalDialog(ProfileDialog):
    """Asks before anything is done; Quit has the focus.

    Signals:
        move_requested: Move the damaged file aside and start a new journal.
    """

    move_requested = Signal()

    def __init__(self, profile_name: str, path: str, detail: str, parent: QWidget | None = None) -> None:
        """Make the dialog.

        Args:
            profile_name: Whose journal it is.
            path: Of the damaged file.
            detail: What was found, one line.
            parent: The window that it is modal to.
        """
        super().__init__(profile_name, "The journal is damaged", parent)
        self.setMinimumWidth(520)
        self.move_button = main_button("Move aside and start a new one", "primary")
        self.cancel_button.setText("Quit")
        for text in (f"{html.escape(path)}<br>{html.escape(detail)}", *_MEANING):
            line = label(text, "body")
            line.setWordWrap(True)
            self.body.addWidget(line)
        self.body.addStretch(1)
        self.move_button.clicked.connect(self._move)
        self.buttons.addWidget(self.move_button, 1)

    def _move(self) -> None:
        if self.is_settled():
            self.move_requested.emit()
            self.accept()
