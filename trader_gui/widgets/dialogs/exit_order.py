"""ExitDialog: a stop, target or trailing stop for a position, with what it would bring, before it is sent."""

import html
from collections.abc import Callable, Sequence

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from trader_gui.domain.account import PositionKey
from trader_gui.domain.order import Order, OrderIntent, Side
from trader_gui.domain.ticket import OrderKind
from trader_gui.i18n import words
from trader_gui.models.exit_draft import ExitAssessment, ExitDraft, assess_exit
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_asking import Reasons
from trader_gui.models.ticket_records import Field, TicketFacts
from trader_gui.widgets.dialogs.form import FormDialog
from trader_gui.widgets.dialogs.frame import main_button, rule
from trader_gui.widgets.exit_fields import ExitFields
from trader_gui.widgets.fields import Message, label
from trader_gui.widgets.format import DASH, money, percent, price, quantity
from trader_gui.widgets.order_preview import position_words
from trader_gui.widgets.theme import set_style_property
from trader_gui.widgets.ticket_words import ask_messages, problem_messages

_ROWS = {
    "trigger": "Triggers at",
    "distance": "From the price now",
    "result": "Result, about",
    "position_after": "Position after",
}
_NAMES = {OrderKind.STOP: "stop", OrderKind.TAKE_PROFIT: "target", OrderKind.TRAILING: "trailing stop"}


class ExitDialog(FormDialog):
    """What the position is left by, and at which price; the dialog is the confirmation of the order it sends.

    Attributes:
        fields: What is typed and chosen.
        send_button: Sends once, until there is an answer.

    Signals:
        exit_requested: An `OrderIntent`; answer with `show_result`.
    """

    exit_requested = Signal(object)

    def __init__(
        self,
        model: TicketModel,
        key: PositionKey,
        kind: OrderKind,
        open_orders: Callable[[], Sequence[Order]],
        reasons: Reasons,
        profile_name: str,
        parent: QWidget | None = None,
    ) -> None:
        """Make the dialog for one position.

        Args:
            model: Has facts.
            key: The position.
            kind: What is chosen at first: STOP, TAKE_PROFIT or TRAILING.
            open_orders: Returns the account's open orders.
            reasons: What the ticket's rules say of an order.
            profile_name: As of the session.
            parent: The window that it is modal to.

        Raises:
            ValueError: There is no such position.
        """
        super().__init__(model, profile_name, "Stop or target for this position", parent, side_note=key[0])
        self._key = key
        self._open_orders, self._reasons = open_orders, reasons
        facts = self._facts
        if facts is None or facts.position is None:
            raise ValueError("there is no such position to leave")
        self.setMinimumWidth(400)
        self._judged: ExitAssessment | None = None
        self._position = label("", "title")
        self.fields = ExitFields(facts.position, facts.rules, kind)
        self.send_button = main_button("")
        self._build_body()
        self.fields.edited.connect(self.on_edited)
        self.follow()

    @property
    def _facts(self) -> TicketFacts | None:
        return self._model.facts.for_closing(self._key) if self._model.facts is not None else None

    def showEvent(self, event: QShowEvent) -> None:
        """Begin in the level: Enter in it sends nothing."""
        super().showEvent(event)
        self.fields.take_focus()

    def _build_body(self) -> None:
        self.body.addWidget(self._position)
        self.body.addWidget(self.fields)
        self.body.addWidget(rule())
        self._values = self.add_figures(_ROWS)
        self.body.addStretch(1)
        self.send_button.clicked.connect(self._send)
        self.buttons.addWidget(self.send_button, 1)

    def show_state(self) -> None:
        facts = self._facts
        if self.result():
            return
        if facts is None or facts.position is None:
            self._judged = None
            self.say([Message("The position is closed already.", "info")])
            self.send_button.setEnabled(False)
            return
        draft = self.fields.draft
        judged = self._judged = assess_exit(draft, facts, self._open_orders())
        self.fields.show_judged(judged, facts.position, facts.rules)
        self._show_figures(judged, facts)
        self._show_state(draft, judged, facts)
        self.grow()

    def _show_figures(self, judged: ExitAssessment, facts: TicketFacts) -> None:
        rules, position = facts.rules, facts.position
        entry = position.entry_price if position else None
        self._position.setText(position_words(facts.position_amount, entry, rules))
        after = entry if judged.position_after else None
        told = {
            "trigger": (price(judged.trigger_price, rules.price_decimals), ""),
            "distance": (percent(judged.distance_fraction), ""),
            "result": _result_words(judged, rules.quote_asset),
            "position_after": (position_words(judged.position_after, after, rules), ""),
        }
        for row, (text, tone) in told.items():
            self._values[row].setText(text)
            set_style_property(self._values[row], "tone", tone if facts.feed_is_live else "text3")

    def _show_state(self, draft: ExitDraft, judged: ExitAssessment, facts: TicketFacts) -> None:
        intent = judged.intent
        notes = self.refusal_messages()
        notes += problem_messages(judged.problems, Field.FLAGS)
        if judged.hold:
            notes.append(Message(html.escape(f"Held: {words('hold', judged.hold)}."), "warn"))
        if intent is not None:
            notes += ask_messages(self._reasons(intent, judged.trigger_price, facts))
        self.say(notes)
        side = Side.SELL if facts.position_amount > 0 else Side.BUY
        self.send_button.setText("sending…" if self._is_asked else _button_words(draft, intent, facts))
        self.send_button.setAccessibleName(f"{side.value.capitalize()} when triggered: place the {_NAMES[draft.kind]}")
        set_style_property(self.send_button, "kind", "sell" if side is Side.SELL else "buy")
        self.send_button.setEnabled(intent is not None and not self._is_asked)

    def _send(self) -> None:
        """Ask for what was judged last, unless the press came too soon; the fields stay until there is an answer."""
        intent, facts = (self._judged.intent if self._judged else None), self._facts
        if intent is None or facts is None or not self.is_settled() or not self.begin():
            return
        self.exit_requested.emit(replace(intent, wanted_time_ms=facts.now_ms))


def _button_words(draft: ExitDraft, intent: OrderIntent | None, facts: TicketFacts) -> str:
    name = _NAMES[draft.kind]
    if intent is None:
        return f"Place {name}"
    size = "whole position" if intent.quantity is None else quantity(intent.quantity, facts.rules.quantity_decimals)
    return f"Place {name}, {size}"


def _result_words(judged: ExitAssessment, quote: str) -> tuple[str, str]:
    if judged.result is None:
        return DASH, ""
    of_equity = "" if judged.result_fraction is None else f" ({percent(judged.result_fraction)} of equity)"
    return f"{money(judged.result)} {quote}{of_equity}", "up" if judged.result > 0 else "down"
