"""PresetDialog: a name for the ticket as it stands."""

from collections.abc import Collection

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from trader_gui.widgets.dialogs.frame import ProfileDialog, main_button
from trader_gui.widgets.fields import Message, label

_LONGEST = 24


class PresetDialog(ProfileDialog):
    """One name; a name that is taken is replaced, which is said before.

    Signals:
        named: The name.
    """

    named = Signal(str)

    def __init__(self, summary: str, taken: Collection[str], profile_name: str, parent: QWidget | None = None) -> None:
        """Make the dialog.

        Args:
            summary: What is saved, in words.
            taken: Names of the presets that there are.
            profile_name: As of the session.
            parent: The window that it is modal to.
        """
        super().__init__(profile_name, "Save as preset", parent)
        self.setMinimumWidth(346)
        self._taken = frozenset(taken)
        self.edit = QLineEdit()
        self.edit.setAccessibleName("Name of the preset")
        self.edit.setMaxLength(_LONGEST)
        self.save_button = main_button("Save", "primary")
        told = label(summary, "small")
        told.setWordWrap(True)
        self.body.addWidget(told)
        self.body.addWidget(label("Name", "label"))
        self.body.addWidget(self.edit)
        self.body.addStretch(1)
        self.edit.textChanged.connect(self._show)
        self.edit.returnPressed.connect(self._save)
        self.save_button.clicked.connect(self._save)
        self.buttons.addWidget(self.save_button, 1)
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin in the name."""
        super().showEvent(event)
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def name(self) -> str:
        """The name as it would be saved."""
        return " ".join(self.edit.text().split())

    def _show(self) -> None:
        is_taken = self.name in self._taken
        self.say([Message("There is a preset of this name; it is replaced.", "warn")] if is_taken else [])
        self.save_button.setText("Replace" if is_taken else "Save")
        self.save_button.setEnabled(bool(self.name))

    def _save(self) -> None:
        if not self.name:
            return
        self.accept()
        self.named.emit(self.name)
