"""LeverageDialog: the leverage of the symbol, what it allows and what it means for the position."""

from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QSlider, QWidget

from trader_gui.domain.account import MarginType
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_math import largest_notional
from trader_gui.models.ticket_records import TicketFacts
from trader_gui.widgets.dialogs.form import FormDialog
from trader_gui.widgets.dialogs.frame import main_button
from trader_gui.widgets.fields import Message
from trader_gui.widgets.format import DASH, money
from trader_gui.widgets.number_field import NumberField

_MOST = 125
"""Highest leverage while the brackets of the symbol are unknown."""
_ROWS = {"cap": "Largest position", "margin": "Margin of the position", "available": "Available"}


class LeverageDialog(FormDialog):
    """Slider and field between 1 and what the lowest bracket allows.

    Signals:
        wanted: The leverage; answer with `show_result`.
    """

    wanted = Signal(int)

    def __init__(self, model: TicketModel, profile_name: str, parent: QWidget | None = None) -> None:
        """Make the dialog for the symbol of the ticket.

        Raises:
            ValueError: The ticket has no facts yet.
        """
        if model.facts is None:
            raise ValueError("there is no leverage to change before the ticket has facts")
        super().__init__(model, profile_name, "Leverage", parent, side_note=model.facts.rules.symbol)
        self.setMinimumWidth(346)
        self.most = max((b.max_leverage for b in model.facts.brackets), default=_MOST)
        self.field = NumberField("Leverage")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.set_button = main_button("Set leverage", "primary")
        self._build_body(model.facts)
        self.slider.valueChanged.connect(self._on_slider)
        self.field.edited.connect(self._on_typed)
        self.follow()

    @property
    def value(self) -> int | None:
        """The leverage that is chosen, None while none can be read."""
        typed = self.field.value
        if typed is None or typed != typed.to_integral_value() or not 1 <= typed <= self.most:
            return None
        return int(typed)

    def showEvent(self, event: QShowEvent) -> None:
        """Begin in the number: Enter in it sets nothing."""
        super().showEvent(event)
        self.field.edit.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.edit.selectAll()

    def _build_body(self, facts: TicketFacts) -> None:
        leverage = facts.leverage or 1
        self.field.set_increment(Decimal(1), 0)
        self.field.set_unit("×")
        self.field.set_hint(f"1 to {self.most}")
        self.field.set_value(Decimal(leverage))
        self.slider.setRange(1, self.most)
        self.slider.setValue(leverage)
        self.slider.setAccessibleName("Leverage")
        self.slider.setMinimumHeight(24)
        self.body.addWidget(self.field)
        self.body.addWidget(self.slider)
        self._values = self.add_figures(_ROWS)
        self.body.addStretch(1)
        self.set_button.clicked.connect(self._ask)
        self.buttons.addWidget(self.set_button, 1)

    def _on_slider(self, value: int) -> None:
        if self.value != value:
            self.field.set_value(Decimal(value))

    def _on_typed(self) -> None:
        if self.value is not None:
            self.slider.setValue(self.value)
        self.on_edited()

    def show_state(self) -> None:
        facts, value = self._model.facts, self.value
        if facts is None or self.result():
            return
        quote = facts.rules.quote_asset
        cap = largest_notional(value, facts.brackets) if value else None
        self._values["cap"].setText(f"{money(cap, sign=False)} {quote}" if cap is not None else DASH)
        now, then = _margin(facts, facts.leverage), _margin(facts, value)
        self._values["margin"].setText(f"{money(now, sign=False)} → {money(then, sign=False)} {quote}")
        self._values["available"].setText(f"{money(facts.available_balance, sign=False)} {quote}")
        self.say(self._messages(facts, value, cap))
        is_new = value is not None and value != facts.leverage
        self.set_button.setEnabled(is_new and not self._is_asked)
        self.set_button.setText("asking the exchange…" if self._is_asked else f"Set {value or DASH}×")

    def _messages(self, facts: TicketFacts, value: int | None, cap: Decimal | None) -> list[Message]:
        messages = self.refusal_messages()
        if value is None:
            messages.append(Message(f"A whole number from 1 to {self.most}.", "danger"))
            return messages
        held = abs(facts.position_amount) * (facts.mark_price or Decimal(0))
        if cap is not None and held > cap:
            messages.append(Message("The position is larger than this leverage allows.", "warn"))
        is_lower = facts.leverage is not None and value < facts.leverage
        if is_lower and facts.margin_type is MarginType.ISOLATED and facts.position_amount:
            messages.append(Message("The exchange does not lower the leverage of an isolated position.", "warn"))
        return messages

    def _ask(self) -> None:
        value = self.value
        if value is None or not self.begin():
            return
        self.wanted.emit(value)


def _margin(facts: TicketFacts, leverage: int | None) -> Decimal | None:
    """Return the initial margin of the position at a leverage; 0 while flat."""
    if facts.mark_price is None or not leverage:
        return None
    return abs(facts.position_amount) * facts.mark_price / leverage
