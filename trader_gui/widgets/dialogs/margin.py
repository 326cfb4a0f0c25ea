"""MarginDialog: margin type of the symbol and position mode of the account, each changed on its own."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from trader_gui.domain.account import MarginType
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_records import TicketFacts
from trader_gui.widgets.dialogs.form import FormDialog
from trader_gui.widgets.dialogs.frame import main_button, rule
from trader_gui.widgets.fields import Message, SegmentBar, label

_ONE_WAY, _HEDGE = "one_way", "hedge"
_MARGIN_NOTES = {
    MarginType.CROSSED: "The whole cross balance carries the position.",
    MarginType.ISOLATED: "Only the margin set aside for the position can be lost with it.",
}
_MODE_NOTES = {
    _ONE_WAY: "One position a symbol: a sell reduces a long.",
    _HEDGE: "A long and a short of a symbol side by side. The engine trades in one-way mode only.",
}


class MarginDialog(FormDialog):
    """Two choices; what the venue would refuse is said beside each, and may be tried all the same.

    Signals:
        margin_type_wanted: (MarginType value); answer with `show_result`.
        position_mode_wanted: (True for hedge mode); answer with `show_result`.
    """

    margin_type_wanted = Signal(str)
    position_mode_wanted = Signal(bool)

    def __init__(self, model: TicketModel, profile_name: str, parent: QWidget | None = None) -> None:
        """Make the dialog for the symbol of the ticket.

        Raises:
            ValueError: The ticket has no facts yet.
        """
        if model.facts is None:
            raise ValueError("there is no margin type to change before the ticket has facts")
        super().__init__(model, profile_name, "Margin and position mode", parent)
        self.setMinimumWidth(380)
        self.margin_type = SegmentBar(
            "Margin type", [(MarginType.CROSSED.value, "Cross"), (MarginType.ISOLATED.value, "Isolated")]
        )
        self.position_mode = SegmentBar("Position mode", [(_ONE_WAY, "One-way"), (_HEDGE, "Hedge")])
        self._margin_note, self._mode_note = label("", "small"), label("", "small")
        self.set_margin_button = main_button("Set margin type", "primary", 28)
        self.set_mode_button = main_button("Set position mode", "primary", 28)
        self._build_body(model.facts)
        for bar in (self.margin_type, self.position_mode):
            bar.chosen.connect(self.on_edited)
        self.follow()

    def _build_body(self, facts: TicketFacts) -> None:
        if facts.margin_type is not None:
            self.margin_type.set_value(facts.margin_type.value)
        self.position_mode.set_value(_HEDGE if facts.is_hedge else _ONE_WAY)
        parts = (
            (f"Margin type of {facts.rules.symbol}", self.margin_type, self._margin_note, self.set_margin_button),
            ("Position mode of the account", self.position_mode, self._mode_note, self.set_mode_button),
        )
        for index, (title, bar, note, button) in enumerate(parts):
            if index:
                self.body.addWidget(rule())
            note.setWordWrap(True)
            self.body.addWidget(label(title, "head"))
            self.body.addWidget(bar)
            self.body.addWidget(note)
            self.body.addWidget(button)
        self.body.addStretch(1)
        self.cancel_button.setText("Close")
        self.set_margin_button.clicked.connect(self._ask_margin_type)
        self.set_mode_button.clicked.connect(self._ask_position_mode)

    def show_state(self) -> None:
        facts = self._model.facts
        if facts is None or self.result():
            return
        chosen = MarginType(self.margin_type.value)
        note, bar = _MARGIN_NOTES[chosen], _why_no_margin_type(facts)
        self._margin_note.setText(f"{note} {bar}".strip() if chosen is not facts.margin_type else note)
        self.set_margin_button.setEnabled(chosen is not facts.margin_type and not self._is_asked)
        is_hedge = self.position_mode.value == _HEDGE
        note = _MODE_NOTES[self.position_mode.value]
        bar = "" if facts.is_account_flat else "It can be changed only without any position or open order."
        self._mode_note.setText(f"{note} {bar}".strip() if is_hedge is not facts.is_hedge else note)
        self.set_mode_button.setEnabled(is_hedge is not facts.is_hedge and not self._is_asked)
        messages = self.refusal_messages()
        self.say([*messages, Message("Asking the exchange…", "info")] if self._is_asked else messages)

    def _ask_margin_type(self) -> None:
        if not self.begin():
            return
        self.margin_type_wanted.emit(self.margin_type.value)

    def _ask_position_mode(self) -> None:
        if not self.begin():
            return
        self.position_mode_wanted.emit(self.position_mode.value == _HEDGE)


def _why_no_margin_type(facts: TicketFacts) -> str:
    if facts.position_amount or facts.legs:
        return "The exchange does not change it while a position is open."
    return "The exchange does not change it while orders are open." if facts.open_orders else ""
