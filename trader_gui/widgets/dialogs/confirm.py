"""ConfirmDialog: one order in words and figures, before it is sent."""

import html

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget

from trader_gui.domain.order import OrderIntent, OrderType, Side, TimeInForce, WorkingType
from trader_gui.domain.symbol import SymbolRules
from trader_gui.i18n import words
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_checks import hold_code
from trader_gui.models.ticket_math import make_preview
from trader_gui.models.ticket_records import Preview, TicketDraft, TicketFacts
from trader_gui.widgets.dialogs.frame import ProfileDialog, main_button, rule
from trader_gui.widgets.fields import Message, label
from trader_gui.widgets.format import DASH, price, quantity
from trader_gui.widgets.order_preview import LABELS, position_words, preview_words
from trader_gui.widgets.theme import set_style_property, theme

_SIDE_WORDS = {Side.BUY: "Buy", Side.SELL: "Sell"}
_ARROWS = {Side.BUY: "▲", Side.SELL: "▼"}
_FIGURES = ("position_after", "cost", "fee_maker", "fee_taker", "break_even", "liquidation_price", "loss_at_stop")


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
    ) -> None:
        """Make the dialog.

        Args:
            model: Has facts.
            draft: The ticket that led to `intent`.
            intent: What will be sent, exactly.
            profile_name: As of the session.
            parent: The window that it is modal to.
        """
        super().__init__(profile_name, "Send this order?", parent)
        self.setMinimumWidth(346)
        self.intent = intent
        self._model, self._draft = model, draft
        self._facts: TicketFacts | None = None
        self._values: dict[str, QLabel] = {}
        self._priced = label("", "small")
        self.ask_no_more = QCheckBox("Do not ask again")
        self.send_button = main_button("", "buy" if intent.side is Side.BUY else "sell")
        self._build_body()
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
        self._flags = label(_flag_words(self.intent), "small")
        self.body.addWidget(self._flags)
        self.body.addWidget(rule())
        grid = QGridLayout()
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        names = {"reduce_only": "Reduce-only", "position_now": "Position now", "notional": "Notional"}
        for index, (row, name) in enumerate((names | {r: LABELS[r] for r in _figures_for(self.intent)}).items()):
            value = label(DASH, "figure")
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(label(name, "body"), index, 0)
            grid.addWidget(value, index, 1)
            self._values[row] = value
        self.body.addLayout(grid)
        self.body.addWidget(rule())
        self.body.addWidget(self._priced)
        self.body.addWidget(self.ask_no_more)
        self.body.addStretch(1)
        self._build_send_button(facts.rules)

    def _build_send_button(self, rules: SymbolRules) -> None:
        side = self.intent.side
        size = _size_words(self.intent, rules)
        self.send_button.setText(f"{_ARROWS[side]} {_SIDE_WORDS[side]} {size}")
        self.send_button.setAccessibleName(f"Send: {_SIDE_WORDS[side]} {size} {rules.base_asset}")
        self.send_button.clicked.connect(self._send)
        self.buttons.addWidget(self.send_button, 1)

    def _on_model_changed(self) -> None:
        """Price the order anew; while the feed is stale the figures dim and nothing can be sent."""
        facts = self._model.facts
        if facts is None or self.result():
            return
        facts = facts.on_leg(self.intent.side, reduces=self.intent.reduce_only)
        hold = hold_code(self._draft, facts, self.intent.side)
        told = self._figures(facts)
        for row, (text, tone) in told.items():
            if row in self._values:
                self._values[row].setText(text)
                set_style_property(self._values[row], "tone", "" if hold == "" else "text3")
                if tone and not hold:
                    set_style_property(self._values[row], "tone", tone)
        self._sentence.setText(_sentence(self.intent, facts.rules))
        self._priced.setText(f"Priced at mark {price(facts.mark_price, facts.rules.price_decimals)}")
        self.say([Message(html.escape(f"Held: {words('hold', hold)}."), "warn")] if hold else [])
        self.send_button.setEnabled(not hold)

    def _figures(self, facts: TicketFacts) -> dict[str, tuple[str, str]]:
        told = {
            "reduce_only": ("yes" if self.intent.reduce_only else "no", ""),
            "position_now": (_position_now(facts), ""),
        }
        preview = self._preview(facts)
        return told | preview_words(preview, facts.rules) if preview else told

    def _preview(self, facts: TicketFacts) -> Preview | None:
        intent = self.intent
        order_price = intent.price or intent.trigger_price
        if order_price is None:
            order_price = facts.best_ask if intent.side is Side.BUY else facts.best_bid
        if order_price is None or intent.quantity is None:
            return None
        return make_preview(self._draft, facts, intent.side, intent.quantity, order_price)

    def _send(self) -> None:
        """Send, unless the press came too soon after the dialog appeared."""
        facts = self._model.facts
        if not self.is_settled() or facts is None:
            return
        self.send_button.setEnabled(False)
        intent = msgspec.structs.replace(self.intent, wanted_time_ms=facts.now_ms)
        self.accept()
        self.confirmed.emit(intent, self.ask_no_more.isChecked())


def _figures_for(intent: OrderIntent) -> tuple[str, ...]:
    if intent.reduce_only:
        return ("position_after", "fee_maker", "fee_taker", "closing_pnl")
    return _FIGURES


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
    rest = f"{_size_words(intent, rules)} {rules.base_asset} {_at_words(intent, rules)}"
    return f"{head} {html.escape(rest)}"


def _at_words(intent: OrderIntent, rules: SymbolRules) -> str:
    if intent.order_type is OrderType.MARKET:
        return "at market"
    if intent.trigger_price is not None:
        seen = "mark" if intent.working_type is WorkingType.MARK_PRICE else "last"
        verb = "rises" if intent.side is Side.BUY else "falls"
        return f"at market when the {seen} price {verb} to {price(intent.trigger_price, rules.price_decimals)}"
    return f"at {price(intent.price, rules.price_decimals)}"


def _flag_words(intent: OrderIntent) -> str:
    kinds = {OrderType.LIMIT: "limit", OrderType.MARKET: "market", OrderType.STOP_MARKET: "stop, market"}
    parts = [intent.symbol, kinds[intent.order_type]]
    if intent.time_in_force is TimeInForce.GTX:
        parts += ["post-only", "GTC"]
    elif intent.time_in_force is not None:
        parts.append(intent.time_in_force.value)
    if intent.reduce_only:
        parts.append("reduce-only")
    return " · ".join(parts)


def confirm_order(
    model: TicketModel, draft: TicketDraft, intent: OrderIntent, profile_name: str, parent: QWidget
) -> ConfirmDialog:
    """Open a confirmation that deletes itself when it is closed; connect to its signals."""
    dialog = ConfirmDialog(model, draft, intent, profile_name, parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    return dialog
