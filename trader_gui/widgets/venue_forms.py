"""VenueForms: the forms behind the ticket's chips; one is open at a time, and takes the exchange's answer."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from trader_gui.models.ticket import TicketModel
from trader_gui.widgets.dialogs.leverage import LeverageDialog
from trader_gui.widgets.dialogs.margin import MarginDialog


class VenueForms(QObject):
    """Opens the forms over the ticket's window.

    Attributes:
        form: The form that is open, None while there is none.

    Signals:
        leverage_wanted, margin_type_wanted, position_mode_wanted: As of the forms; answer with `show_result`.
    """

    leverage_wanted = Signal(int)
    margin_type_wanted = Signal(str)
    position_mode_wanted = Signal(bool)

    def __init__(self, model: TicketModel, profile_name: str, ticket: QWidget) -> None:
        super().__init__(ticket)
        self.form: LeverageDialog | MarginDialog | None = None
        self._model = model
        self._profile_name = profile_name
        self._ticket = ticket

    def open_leverage(self) -> None:
        """Open the form of the leverage."""
        dialog = LeverageDialog(self._model, self._profile_name, self._ticket.window())
        dialog.wanted.connect(self.leverage_wanted)
        self._open(dialog)

    def open_margin(self) -> None:
        """Open the form of margin type and position mode."""
        dialog = MarginDialog(self._model, self._profile_name, self._ticket.window())
        dialog.margin_type_wanted.connect(self.margin_type_wanted)
        dialog.position_mode_wanted.connect(self.position_mode_wanted)
        self._open(dialog)

    def show_result(self, refusal: str) -> None:
        """Say what became of a change: "" for done, which closes the form, else why not."""
        if self.form is not None:
            self.form.show_result(refusal)

    def close(self) -> None:
        """Close the form that is open: it is of a symbol that is shown no more."""
        if self.form is not None:
            self.form.reject()

    def _open(self, dialog: LeverageDialog | MarginDialog) -> None:
        self.form = dialog
        dialog.finished.connect(self._on_finished)
        dialog.open()

    def _on_finished(self) -> None:
        if self.form is not None:
            self.form.deleteLater()
            self.form = None
