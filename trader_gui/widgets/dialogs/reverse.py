"""ReverseDialog: what turning a position round does, step by step, before it is done."""

import html
from decimal import Decimal

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from trader_gui.domain.closing import ReversePlan
from trader_gui.domain.order import Side
from trader_gui.domain.ticket import OrderKind
from trader_gui.i18n import refusal_words
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_asking import Reasons
from trader_gui.models.ticket_checks import assess
from trader_gui.models.ticket_records import Assessment, TicketDraft, TicketFacts
from trader_gui.widgets.close_words import reverse_lines
from trader_gui.widgets.dialogs.frame import ProfileDialog, main_button, rule
from trader_gui.widgets.fields import Message, label
from trader_gui.widgets.format import DASH, money
from trader_gui.widgets.order_preview import position_words, preview_words
from trader_gui.widgets.theme import set_style_property
from trader_gui.widgets.ticket_words import ask_messages, problem_messages

_ROWS = {
    "position_now": "Position now",
    "closing_pnl": "Result of closing, about",
    "position_after": "Position after",
    "fees": "Fees, both orders",
    "cost": "Cost (margin)",
    "liquidation_price": "Liquidation price",
}


class ReverseDialog(ProfileDialog):
    """The plan as it was made; carried out only while it holds.

    Signals:
        confirmed: The plan shall be carried out.
    """

    confirmed = Signal()

    def __init__(
        self, model: TicketModel, plan: ReversePlan, reasons: Reasons, profile_name: str, parent: QWidget | None = None
    ) -> None:
        """Make the dialog.

        Args:
            model: Has facts.
            plan: What will be done.
            reasons: What the ticket's rules say of an order.
            profile_name: As of the session.
            parent: The window that it is modal to.
        """
        super().__init__(profile_name, "Turn this position round?", parent)
        self.setMinimumWidth(400)
        self._model, self._plan, self._reasons = model, plan, reasons
        (self._close,) = plan.close.closes
        self._side = plan.openings[0].side
        self.send_button = main_button("Close and reverse", "sell" if self._side is Side.SELL else "buy")
        self._build_body()
        model.changed.connect(self._judge)
        self._judge()

    def _build_body(self) -> None:
        for number, line in enumerate(reverse_lines(self._plan), 1):
            text = label(f"{number}.  {line}", "body")
            text.setWordWrap(True)
            self.body.addWidget(text)
        self.body.addWidget(rule())
        self._values = self.add_figures(_ROWS)
        note = label("The new position has no stop until you place one.", "small")
        note.setWordWrap(True)
        self.body.addWidget(note)
        self.body.addStretch(1)
        self.send_button.clicked.connect(self._send)
        self.buttons.addWidget(self.send_button, 1)

    def _judge(self) -> None:
        facts = self._model.facts.for_closing(self._close.position.key) if self._model.facts is not None else None
        if self.result():
            return
        if facts is None:
            self.say([Message("The position is closed already.", "info")])
            self.send_button.setEnabled(False)
            return
        closing, opening = self._assess(facts)
        self._show_figures(closing, opening, facts)
        notes = []
        objection = self._plan.objection
        if objection is not None:
            notes.append(Message(html.escape(f"The other side cannot be opened: {refusal_words(objection)}"), "danger"))
        notes += problem_messages(opening.problems, *{p.field for p in opening.problems})
        if opening.intent is not None:
            notes += ask_messages(self._reasons(opening.intent, opening.price, facts))
        self.say(notes)
        self.send_button.setEnabled(objection is None and not opening.errors)

    def _assess(self, facts: TicketFacts) -> tuple[Assessment, Assessment]:
        """Judge both parts: the second as if the first were done, its margin free again."""
        size = f"{self._plan.quantity:f}"
        draft = TicketDraft(kind=OrderKind.MARKET, size_text=size, is_split=True)
        closing = assess(replace(draft, reduce_only=True), facts, self._side)
        return closing, assess(draft, _without_position(facts, closing), self._side)

    def _show_figures(self, closing: Assessment, opening: Assessment, facts: TicketFacts) -> None:
        rules = facts.rules
        entry = facts.position.entry_price if facts.position else None
        told = {"position_now": (position_words(facts.position_amount, entry, rules), "")}
        if opening.preview is not None:
            words = preview_words(opening.preview, rules)
            told |= {row: words[row] for row in ("position_after", "cost", "liquidation_price")}
        if closing.preview is not None:
            told["closing_pnl"] = preview_words(closing.preview, rules)["closing_pnl"]
            fees = _sum(closing, opening)
            told["fees"] = (DASH if fees is None else f"{money(fees, sign=False)} {rules.quote_asset}", "")
        for row, value in self._values.items():
            text, tone = told.get(row, (DASH, ""))
            value.setText(text)
            set_style_property(value, "tone", tone if facts.feed_is_live else "text3")

    def _send(self) -> None:
        """Ask for it, unless the press came too soon after the dialog appeared."""
        if not self.is_settled():
            return
        self.send_button.setEnabled(False)
        self.accept()
        self.confirmed.emit()


def _without_position(facts: TicketFacts, closing: Assessment) -> TicketFacts:
    """Return the facts once the close is done: its margin and its result are in what is available."""
    position, result = facts.position, closing.preview.closing_pnl if closing.preview else None
    available = facts.available_balance
    if position is not None and available is not None and facts.leverage and facts.mark_price and result is not None:
        unrealized = position.position_amount * (facts.mark_price - position.entry_price)
        available += abs(position.position_amount) * facts.mark_price / facts.leverage + result - unrealized
    legs = tuple(leg for leg in facts.legs if position is None or leg.key != position.key)
    return replace(facts, position=None, legs=legs, available_balance=available)


def _sum(closing: Assessment, opening: Assessment) -> Decimal | None:
    fees = [judged.preview.fee_taker if judged.preview else None for judged in (closing, opening)]
    return None if None in fees else sum((fee for fee in fees if fee is not None), Decimal(0))
