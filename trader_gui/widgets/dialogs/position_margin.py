"""PositionMarginDialog: margin added to an isolated position, or taken away, with the liquidation price it leads to."""

from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QPushButton, QWidget

from trader_gui.domain.account import MarginType, PositionKey
from trader_gui.domain.symbol import SymbolRules
from trader_gui.models.margin_move import MarginMove, assess_margin
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_records import Field, TicketFacts
from trader_gui.widgets.dialogs.form import FormDialog
from trader_gui.widgets.dialogs.frame import main_button, rule
from trader_gui.widgets.fields import Message, SegmentBar, label
from trader_gui.widgets.format import money, price
from trader_gui.widgets.number_field import NumberField
from trader_gui.widgets.order_preview import position_words
from trader_gui.widgets.ticket_words import problem_messages

_ADD, _REMOVE = "add", "remove"
_ROWS = {"most": "Most now", "margin": "Margin of the position", "liquidation": "Liquidation price"}


class PositionMarginDialog(FormDialog):
    """Add or remove, the amount, and what it leads to; the dialog is the confirmation.

    Signals:
        wanted: (amount, True to add) margin asset; answer with `show_result`.
    """

    wanted = Signal(object, bool)

    def __init__(self, model: TicketModel, key: PositionKey, profile_name: str, parent: QWidget | None = None) -> None:
        """Make the dialog for one position.

        Raises:
            ValueError: There is no such position.
        """
        super().__init__(model, profile_name, "Margin of this position", parent, side_note=key[0])
        self._key = key
        facts = self._facts
        if facts is None:
            raise ValueError("there is no such position")
        self.setMinimumWidth(380)
        self._judged: MarginMove | None = None
        self._position = label("", "title")
        self.way = SegmentBar("Margin", [(_ADD, "Add"), (_REMOVE, "Take away")])
        self.amount = NumberField("Amount")
        self.most_button = QPushButton("Most")
        self.send_button = main_button("", "primary")
        self._build_body(facts)
        self.way.chosen.connect(self.on_edited)
        self.amount.edited.connect(self.on_edited)
        self.follow()

    @property
    def _facts(self) -> TicketFacts | None:
        return self._model.facts.for_closing(self._key) if self._model.facts is not None else None

    def showEvent(self, event: QShowEvent) -> None:
        """Begin in the amount: Enter in it sends nothing."""
        super().showEvent(event)
        self.amount.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def _build_body(self, facts: TicketFacts) -> None:
        self.amount.set_increment(Decimal(1), 2)
        self.amount.set_unit(facts.rules.margin_asset)
        self.most_button.setAutoDefault(False)
        self.most_button.setAccessibleName("Put the most in that can be moved now")
        self.most_button.clicked.connect(self._put_most)
        for part in (self._position, self.way, self.amount, self.most_button, rule()):
            self.body.addWidget(part)
        self._values = self.add_figures(_ROWS)
        self.body.addStretch(1)
        self.send_button.clicked.connect(self._send)
        self.buttons.addWidget(self.send_button, 1)

    @property
    def _adds(self) -> bool:
        return self.way.value == _ADD

    def _put_most(self) -> None:
        if self._judged is not None and self._judged.most is not None:
            self.amount.set_value(self._judged.most)

    def show_state(self) -> None:
        facts = self._facts
        if self.result():
            return
        position = facts.position if facts is not None else None
        if facts is None or position is None or position.margin_type is not MarginType.ISOLATED:
            self._judged = None
            gone = "The position is closed already." if position is None else "The position is not isolated."
            self.say([Message(gone, "info")])
            self.send_button.setEnabled(False)
            return
        judged = self._judged = assess_margin(self.amount.text, facts, adds=self._adds)
        self._position.setText(position_words(position.position_amount, position.entry_price, facts.rules))
        self.amount.set_messages(problem_messages(judged.problems, Field.SIZE))
        self._show_figures(judged, facts.rules)
        self.say(self.refusal_messages())
        verb = "Add" if self._adds else "Take away"
        size = "" if judged.amount is None else f" {money(judged.amount, sign=False)} {facts.rules.margin_asset}"
        self.send_button.setText("asking the exchange…" if self._is_asked else f"{verb}{size}")
        self.send_button.setEnabled(judged.amount is not None and facts.is_running and not self._is_asked)

    def _show_figures(self, judged: MarginMove, rules: SymbolRules) -> None:
        asset, decimals = rules.margin_asset, rules.price_decimals
        margin = f"{money(judged.margin_now, sign=False)} → {money(judged.margin_after, sign=False)} {asset}"
        told = {
            "most": f"{money(judged.most, sign=False)} {asset}",
            "margin": margin,
            "liquidation": " → ".join(
                "none" if p == 0 else price(p, decimals) for p in (judged.liquidation_now, judged.liquidation_after)
            ),
        }
        for row, text in told.items():
            self._values[row].setText(text)

    def _send(self) -> None:
        """Ask for what was judged last, once, unless the press came too soon."""
        amount = self._judged.amount if self._judged is not None else None
        if amount is None or not self.is_settled() or not self.begin():
            return
        self.wanted.emit(amount, self._adds)
