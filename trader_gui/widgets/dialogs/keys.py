"""KeysDialog: take an API key and its secret, once; what is stored is never shown again but for four characters."""

import html

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from trader_gui.widgets.dialogs.frame import ProfileDialog, main_button
from trader_gui.widgets.fields import Message, label

_SHOWN_CHARACTERS = 4
_LEAST_LENGTH = 16


class KeysDialog(ProfileDialog):
    """Two fields that hold their text only while they are being typed in.

    Signals:
        save_requested: (api key, secret); the fields are empty by then; answer with `show_stored` or `show_error`.
        delete_requested: Remove the stored pair.
    """

    save_requested = Signal(str, str)
    delete_requested = Signal()

    def __init__(self, profile_name: str, api_key_end: str, parent: QWidget | None = None) -> None:
        """Make the dialog.

        Args:
            profile_name: Whose keys they are.
            api_key_end: The last four characters of the stored API key, "" when none is stored.
            parent: The window that it is modal to.
        """
        super().__init__(profile_name, "API key", parent)
        self.setMinimumWidth(440)
        self._stored = label("", "body", "text1")
        self.api_key = QLineEdit()
        self.secret = QLineEdit()
        self.save_button = main_button("Save", "primary")
        self.delete_button = main_button("Delete stored key")
        self._build_body()
        self.show_stored(api_key_end)

    def show_stored(self, api_key_end: str) -> None:
        """Say which key is stored now; more than its last four characters are never shown."""
        end = api_key_end[-_SHOWN_CHARACTERS:]
        self._stored.setText(f"Stored: key ending {end}" if end else "No key is stored.")
        self.delete_button.setEnabled(bool(end))
        self.say([])
        self.save_button.setText("Replace" if end else "Save")

    def show_error(self, text: str) -> None:
        """Say why it could not be stored or deleted."""
        self.say([Message(html.escape(text), "danger")])

    def hideEvent(self, event: QHideEvent) -> None:
        self._wipe()
        super().hideEvent(event)

    def _build_body(self) -> None:
        note = label(
            "Use a key with the right to trade futures, without the right to withdraw, and bound to your network "
            "address. It is kept in the key store of your system, and nowhere else.",
            "small",
        )
        note.setWordWrap(True)
        self.body.addWidget(self._stored)
        self.body.addWidget(note)
        self.secret.setEchoMode(QLineEdit.EchoMode.Password)
        for edit, name in ((self.api_key, "API key"), (self.secret, "Secret")):
            edit.setAccessibleName(name)
            edit.setMaxLength(512)
            edit.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText)
            edit.textEdited.connect(lambda _text: self.say([]))
            column = QVBoxLayout()
            column.setSpacing(2)
            column.addWidget(label(name, "label"))
            column.addWidget(edit)
            self.body.addLayout(column)
        self.body.addStretch(1)
        self.cancel_button.setText("Close")
        for button, slot in ((self.delete_button, self._delete), (self.save_button, self._save)):
            button.clicked.connect(slot)
            self.buttons.addWidget(button, 1)

    def _save(self) -> None:
        api_key, secret = self.api_key.text().strip(), self.secret.text().strip()
        error = _what_is_wrong("API key", api_key) or _what_is_wrong("secret", secret)
        if not error and api_key == secret:
            error = "The API key and the secret are the same text: one of them was pasted twice."
        if error:
            self.show_error(error)
            return
        self._wipe()
        self.save_requested.emit(api_key, secret)

    def _delete(self) -> None:
        self._wipe()
        self.delete_requested.emit()

    def _wipe(self) -> None:
        """Empty both fields; `setText` forgets the undo history too, which `clear` keeps."""
        self.api_key.setText("")
        self.secret.setText("")


def _what_is_wrong(name: str, text: str) -> str:
    """Return why a text cannot be a key, "" when it can."""
    if not text:
        return f"The {name} is missing."
    if not (text.isascii() and text.isprintable()) or " " in text:
        return f"The {name} has characters that no key has. Copy it again, without spaces or line breaks."
    if len(text) < _LEAST_LENGTH:
        return f"The {name} is too short to be whole. Copy it again."
    return ""
