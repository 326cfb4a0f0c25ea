"""ConfirmDialog: one order in words and figures, before it is sent."""

import html
import time
from collections.abc import Sequence
from decimal import Decimal

import msgspec
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget

from trader_gui.domain.order import OrderIntent, Side
from trader_gui.domain.symbol import SymbolRules
from trader_gui.domain.ticket import AskKind
from trader_gui.i18n import words
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_asking import AskReason, ask_kind
from trader_gui.models.ticket_checks import hold_code
from trader_gui.models.ticket_math import make_preview, may_make
from trader_gui.models.ticket_prices import expected_price
from trader_gui.models.ticket_records import Preview, TicketDraft, TicketFacts
from trader_gui.widgets.dialogs.frame import ProfileDialog, main_button, rule
from trader_gui.widgets.fields import Message, label
from trader_gui.widgets.format import DASH, age, number, price, quantity
from trader_gui.widgets.order_preview import LABELS, position_words, preview_words
from trader_gui.widgets.order_words import at_words, flag_words
from trader_gui.widgets.theme import set_style_property, theme
from trader_gui.widgets.ticket_words import ask_messages

_SIDE_WORDS = {Side.BUY: "Buy", Side.SELL: "Sell"}
_ARROWS = {Side.BUY: "▲", Side.SELL: "▼"}
_KIND_WORDS = {
    AskKind.LIMIT: "limit orders",
    AskKind.MARKET: "market orders",
    AskKind.STOP: "stops and targets",
    AskKind.CLOSE: "closing orders",
}
_OWN_LABELS = {
    "reduce_only": "Reduce-only",
    "position_now": "Position now",
    "notional": "Notional",
    "protected_by": "Protected by",
}
_LOOK_MS = 200
_OLD_NS = 3_000_000_000
"""Figures older than this are worked out anew, and said to be."""
_MOVED_TICKS, _MOVED_FRACTION = 10, Decimal("0.0002")
"""The market has moved when the mark price has by more than so many ticks, and by more than 0.02 %."""


class ConfirmDialog(ProfileDialog):
    """Shows what will be sent and what it leads to; the figures follow the market, the order itself stands still.

    Signals:
        confirmed: (intent, ask no more) when the user sends it; the intent carries the newest event time.
    """

    confirmed = Signal(object, bool)

    def __init__(
        self,
        model: TicketModel,
        draft: TicketDraft,
        intent: OrderIntent,
        profile_name: str,
        parent: QWidget | None = None,
        *,
        reasons: Sequence[AskReason] = (),
    ) -> None:
        """Make the dialog.

        Args:
            model: Has facts.
            draft: The ticket that led to `intent`.
            intent: What will be sent, exactly.
            profile_name: As of the session.
            parent: The window that it is modal to.
            reasons: Why it is asked about.
        """
        super().__init__(profile_name, "Send this order?", parent)
        self.setMinimumWidth(346)
        self.intent = intent
        self._model, self._draft = model, draft
        self._reasons = tuple(reasons)
        self._asked_mark = model.facts.mark_price if model.facts else None
        self._priced_ns = 0
        self._values: dict[str, QLabel] = {}
        self._priced = label("", "small")
        self.ask_no_more = QCheckBox(f"Do not ask again for {_KIND_WORDS[ask_kind(intent)]} within the limits")
        self.ask_no_more.setToolTip("To be asked again: ticket menu, Confirmations…")
        self.ask_no_more.setVisible(any(reason.code == "always" for reason in reasons) or not reasons)
        self.send_button = main_button("", "buy" if intent.side is Side.BUY else "sell")
        self._build_body()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look_at_age)
        self._timer.start()
        self.finished.connect(self._timer.stop)
        model.changed.connect(self._on_model_changed)
        self._on_model_changed()

    def _build_body(self) -> None:
        facts = self._model.facts
        if facts is None:
            raise ValueError("there is no order to confirm before the ticket has facts")
        self._sentence = label("", "title")
        self._sentence.setTextFormat(Qt.TextFormat.RichText)
        self._sentence.setWordWrap(True)
        self.body.addWidget(self._sentence)
        flags = label(flag_words(self.intent), "small")
        flags.setWordWrap(True)
        self.body.addWidget(flags)
        self.body.addWidget(rule())
        grid = QGridLayout()
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for index, row in enumerate(self._rows()):
            value = label(DASH, "figure")
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(label(_OWN_LABELS.get(row) or LABELS[row], "body"), index, 0)
            grid.addWidget(value, index, 1)
            self._values[row] = value
        self.body.addLayout(grid)
        self.body.addWidget(rule())
        self.body.addWidget(self._priced)
        self.body.addWidget(self.ask_no_more)
        self.body.addStretch(1)
        self._build_send_button(facts.rules)

    def _rows(self) -> list[str]:
        """List what is told, in the order in which it is read; a fee that cannot be is left out."""
        draft = self._draft
        fees = ["fee_maker"] * may_make(draft) + ["fee_taker"] * (not draft.is_post_only)
        rows = ["reduce_only", "position_now", "position_after", "notional"]
        if self.intent.reduce_only:
            return [*rows, *fees, "closing_pnl"]
        rows += ["cost", *fees, "break_even", "liquidation_price", "protected_by", "loss_at_stop"]
        return [*rows, "gain_at_target"] if draft.target.text else rows

    def _build_send_button(self, rules: SymbolRules) -> None:
        side = self.intent.side
        size = _size_words(self.intent, rules)
        self.send_button.setText(f"{_ARROWS[side]} {_SIDE_WORDS[side]} {size}")
        self.send_button.setAccessibleName(f"Send: {_SIDE_WORDS[side]} {size} {rules.base_asset}")
        self.send_button.clicked.connect(self._send)
        self.buttons.addWidget(self.send_button, 1)

    def _look_at_age(self) -> None:
        """Say how old the figures are; work old ones out anew."""
        if time.monotonic_ns() - self._priced_ns >= _OLD_NS:
            self._on_model_changed()
        facts = self._model.facts
        if facts is not None:
            self._show_age(facts)

    def _on_model_changed(self) -> None:
        """Price the order anew; while the feed is stale the figures dim and nothing can be sent."""
        facts = self._model.facts
        if facts is None or self.result():
            return
        if facts.rules.symbol != self.intent.symbol:  # the ticket has gone on to another symbol
            self.reject()
            return
        self._priced_ns = time.monotonic_ns()
        hold = hold_code(self._draft, facts, self.intent.side)
        for row, (text, tone) in self._figures(facts).items():
            if row in self._values:
                self._values[row].setText(text)
                set_style_property(self._values[row], "tone", "text3" if hold else tone)
        self._sentence.setText(_sentence(self.intent, facts.rules))
        self._show_age(facts)
        messages = ask_messages(self._reasons)
        self.say([*messages, Message(html.escape(f"Held: {words('hold', hold)}."), "warn")] if hold else messages)
        self.send_button.setEnabled(not hold)

    def _show_age(self, facts: TicketFacts) -> None:
        decimals = facts.rules.price_decimals
        told = f"Priced {age((time.monotonic_ns() - self._priced_ns) / 1e9)} ago"
        told = f"{told} at mark {price(facts.mark_price, decimals)}"
        moved = self._moved(facts)
        if moved:
            told += f", {number(moved, decimals, sign=True)} since you pressed"
        self._priced.setText(told)
        set_style_property(self._priced, "tone", "warn" if moved else "")

    def _moved(self, facts: TicketFacts) -> Decimal | None:
        """Return how far the mark price has moved since the dialog came up, None when that is little."""
        if facts.mark_price is None or self._asked_mark is None:
            return None
        moved = facts.mark_price - self._asked_mark
        bound = max(facts.rules.tick_size * _MOVED_TICKS, self._asked_mark * _MOVED_FRACTION)
        return moved if abs(moved) > bound else None

    def _figures(self, facts: TicketFacts) -> dict[str, tuple[str, str]]:
        met = facts.on_leg(self.intent.side, reduces=self.intent.reduce_only)
        told = {
            "reduce_only": ("yes" if self.intent.reduce_only else "no", ""),
            "position_now": (_position_now(met), ""),
        }
        preview = self._preview(facts)
        if preview is None:
            return told
        stop = (
            "nothing" if preview.stop_price is None else f"stop {price(preview.stop_price, facts.rules.price_decimals)}"
        )
        told["protected_by"] = (stop, "warn" if preview.stop_price is None else "ok")
        return told | preview_words(preview, facts.rules)

    def _preview(self, facts: TicketFacts) -> Preview | None:
        intent = self.intent
        expected = expected_price(self._draft, facts, intent.side)
        if expected is None or intent.quantity is None:
            return None
        return make_preview(self._draft, facts, intent.side, intent.quantity, expected)

    def _send(self) -> None:
        """Send, unless the press came too soon after the dialog appeared."""
        facts = self._model.facts
        if not self.is_settled() or facts is None:
            return
        self.send_button.setEnabled(False)
        intent = msgspec.structs.replace(self.intent, wanted_time_ms=facts.now_ms)
        self.accept()
        self.confirmed.emit(intent, self.ask_no_more.isChecked())


def _position_now(facts: TicketFacts) -> str:
    if not facts.is_account_known:
        return DASH
    return position_words(facts.position_amount, facts.position.entry_price if facts.position else None, facts.rules)


def _size_words(intent: OrderIntent, rules: SymbolRules) -> str:
    return quantity(intent.quantity, rules.quantity_decimals)


def _sentence(intent: OrderIntent, rules: SymbolRules) -> str:
    """Return the order as one sentence, the side in its colour."""
    side = intent.side
    colour = theme().direction(side is Side.BUY, "text").name()
    head = f'<span style="color: {colour}">{_ARROWS[side]} {_SIDE_WORDS[side]}</span>'
    rest = f"{_size_words(intent, rules)} {rules.base_asset} {at_words(intent, rules)}"
    return f"{head} {html.escape(rest)}"


def confirm_order(
    model: TicketModel,
    draft: TicketDraft,
    intent: OrderIntent,
    profile_name: str,
    parent: QWidget,
    reasons: Sequence[AskReason] = (),
) -> ConfirmDialog:
    """Open a confirmation that deletes itself when it is closed; connect to its signals."""
    dialog = ConfirmDialog(model, draft, intent, profile_name, parent, reasons=reasons)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    return dialog
