"""FormDialog: a dialog that asks the venue for what is chosen in it, and stays until the answer is yes."""

import html

from PySide6.QtWidgets import QWidget

from trader_gui.models.ticket import TicketModel
from trader_gui.widgets.dialogs.frame import ProfileDialog
from trader_gui.widgets.fields import Message


class FormDialog(ProfileDialog):
    """One question at a time. The subclass calls `follow` once it is built, and asks after `begin` alone.

    Args:
        model: What is shown follows it.
        profile_name, title, parent, side_note: Of the frame.
    """

    def __init__(
        self, model: TicketModel, profile_name: str, title: str, parent: QWidget | None = None, *, side_note: str = ""
    ) -> None:
        super().__init__(profile_name, title, parent, side_note=side_note)
        self._model = model
        self._is_asked = False
        self._refusal = ""

    def follow(self) -> None:
        """Show what the model has, now and whenever it changes."""
        self._model.changed.connect(self.show_state)
        self.show_state()

    def show_state(self) -> None:
        """Show what is chosen, what it leads to, and how the question stands."""
        raise NotImplementedError

    def show_result(self, refusal: str) -> None:
        """Take the answer: "" closes the dialog; a refusal is shown, and everything is as it was."""
        if not self._is_asked:
            return
        self._is_asked, self._refusal = False, refusal
        if refusal:
            self.show_state()
        else:
            self.accept()

    def begin(self) -> bool:
        """Note that the venue is asked; False while it is being asked already."""
        if self._is_asked:
            return False
        self._is_asked, self._refusal = True, ""
        self.show_state()
        return True

    def on_edited(self) -> None:
        """Something else is chosen: the former refusal says nothing of it."""
        self._refusal = ""
        self.show_state()

    def refusal_messages(self) -> list[Message]:
        """Return the venue's refusal as what is said above the buttons, while it stands."""
        return [Message(html.escape(self._refusal), "danger")] if self._refusal else []
