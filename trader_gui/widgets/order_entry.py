"""OrderEntry: the order ticket; it judges every keystroke and every price, and emits the order that is meant."""

from collections.abc import Sequence
from decimal import Decimal

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from trader_gui.domain.order import OrderIntent, OrderOutcome, Side, TimeInForce, WorkingType
from trader_gui.domain.step import Step
from trader_gui.domain.symbol import SymbolRules
from trader_gui.errors import TraderError
from trader_gui.i18n import words
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_checks import assess, sizing_price
from trader_gui.models.ticket_input import in_unit
from trader_gui.models.ticket_records import (
    Assessment,
    Field,
    OrderKind,
    SizeUnit,
    TicketDraft,
    TicketFacts,
)
from trader_gui.widgets.dialogs.confirm import ConfirmDialog, confirm_order
from trader_gui.widgets.format import age, price, quantity
from trader_gui.widgets.theme import set_style_property, theme
from trader_gui.widgets.ticket_form import TicketForm
from trader_gui.widgets.ticket_words import button_line, problem_messages, problem_text, result_messages

_COMPACT_BELOW = 960
"""Window height under which the ticket leaves out the taker fee."""


class OrderEntry(TicketForm):
    """The order ticket.

    Attributes:
        profile_name: Shown by the confirmation; of the session.

    Signals:
        order_requested: An `OrderIntent`, confirmed by the user. Answer with `show_result`; until then both sides wait.
        margin_type_requested: `CROSSED` or `ISOLATED`.
        leverage_requested: The leverage wanted.
    """

    order_requested = Signal(object)
    margin_type_requested = Signal(str)
    leverage_requested = Signal(int)

    def __init__(self, model: TicketModel, parent: QWidget | None = None, *, profile_name: str) -> None:
        super().__init__(parent)
        self.setAccessibleName("Order ticket")
        self.profile_name = profile_name
        self._model = model
        self._busy: Side | None = None
        self._is_prefilled = False
        self._rules: SymbolRules | None = None
        self._judged: dict[Side, Assessment] = {}
        self._confirmation: ConfirmDialog | None = None
        self._shown_quantity: Decimal | None = None
        self._connect()
        self._show_kind()
        self._on_model_changed()

    # ---- what others may do ----------------------------------------------------------------------------------------

    def set_busy(self, side: Side | None) -> None:
        """Say that a request of this side is out (None: no request is)."""
        self._busy = side
        if side is not None and self.window().focusWidget() in self.buttons.values():
            # A button that is switched off hands the focus on to whatever comes next, which may be another command.
            self.size_field.edit.setFocus()
        self._judge()

    def show_result(self, result: Step | TraderError | str, outcomes: Sequence[OrderOutcome] = ()) -> None:
        """Say what became of the request, and let the next one be made.

        Args:
            result: The step of the request, an error, or a sentence of its own; "" says nothing.
            outcomes: What the exchange answered to the approved parts of the step.
        """
        self._busy = None
        self.result.set_messages(result_messages(result, outcomes))
        self._judge()

    def pick_price(self, picked: Decimal) -> None:
        """Take a price that was pointed at elsewhere (order book, chart)."""
        if self.kind.value == OrderKind.STOP:
            self.trigger_price.set_value(picked)
            return
        if self.kind.value == OrderKind.MARKET:
            self.kind.set_value(OrderKind.LIMIT)
            self._show_kind()
        self.limit_price.set_value(picked)

    def _connect(self) -> None:
        self._model.changed.connect(self._on_model_changed)
        theme().changed.connect(self._judge)
        for field in (self.limit_price, self.trigger_price, self.size_field):
            field.edited.connect(self._judge)
        for box in (self.reduce_only, self.post_only):
            box.toggled.connect(self._on_flag_toggled)
        self.kind.chosen.connect(self._show_kind)
        self.side.chosen.connect(self._judge)
        self.size_unit.chosen.connect(self._on_unit_chosen)
        self.time_in_force.chosen.connect(self._on_time_in_force_chosen)
        self.trigger_by.chosen.connect(self._on_trigger_chosen)
        self.margin_type.chosen.connect(self.margin_type_requested)
        self.leverage.chosen.connect(lambda key: self.leverage_requested.emit(int(key)))
        for side, button in self.buttons.items():
            button.clicked.connect(lambda _checked=False, s=side: self._on_side_pressed(s))

    # ---- events ----------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._on_model_changed()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.preview.set_row_hidden("fee_taker", self.window().height() < _COMPACT_BELOW)

    def _on_model_changed(self) -> None:
        """Show new facts; nothing is worked out while nobody looks."""
        facts = self._model.facts
        if facts is None:
            for button in self.buttons.values():
                button.set_state(words("hold", "not_running"), is_ready=False)
            return
        if facts.rules != self._rules:
            self._rules = facts.rules
            self.set_rules(facts)
        if not self._is_prefilled:
            self._prefill(facts)
        if self.isVisible():
            self.show_terms(facts)
            self._judge()

    def _prefill(self, facts: TicketFacts) -> None:
        """Put a first price in, once there is one; from then on the price is the user's."""
        if facts.best_bid is not None:
            self._is_prefilled = True
            if not self.limit_price.text:
                self.limit_price.set_value(facts.best_bid)

    def _show_kind(self) -> None:
        self.show_kind()
        self._judge()

    def _on_flag_toggled(self) -> None:
        """Reduce-only turns the preview to the side that closes; post-only leaves no choice of time in force."""
        facts = self._model.facts
        if facts is not None and self.reduce_only.isChecked() and facts.position_amount:
            self.side.set_value(Side.SELL if facts.position_amount > 0 else Side.BUY)
        if self.post_only.isChecked():
            self.chosen_time_in_force = TimeInForce.GTC
        self._show_kind()

    def _on_unit_chosen(self, key: str) -> None:
        """Tell the same size in the new unit; a size that cannot be told there is taken out, not reinterpreted."""
        facts, unit = self._model.facts, SizeUnit(key)
        if facts is None or unit is self.unit:
            return
        self.unit = unit
        self.show_unit(facts)
        told = None
        if self._shown_quantity is not None:
            price_of_size = sizing_price(self.draft, facts)
            told = in_unit(self._shown_quantity, unit, price_of_size, facts.equity, facts.rules.step_size)
        if told is None:
            self.size_field.edit.clear()
        else:
            self.size_field.set_value(told)
        self._judge()

    def _on_time_in_force_chosen(self, key: str) -> None:
        self.chosen_time_in_force = TimeInForce(key)
        self._show_kind()

    def _on_trigger_chosen(self, key: str) -> None:
        self.chosen_trigger = WorkingType(key)
        self._show_kind()

    def _on_side_pressed(self, side: Side) -> None:
        """Send what is meant now, or ask first; further presses do nothing until there is an answer."""
        self._judge()
        judged = self._judged.get(side)
        if self._busy is not None or judged is None or judged.intent is None or self._confirmation is not None:
            return
        self.result.set_messages([])
        if not self.ask_first.isChecked():
            self._send(judged.intent)
            return
        dialog = confirm_order(self._model, self.draft, judged.intent, self.profile_name, self.window())
        self._confirmation = dialog
        dialog.confirmed.connect(self._on_confirmed)
        dialog.finished.connect(self._on_confirmation_finished)

    def _on_confirmed(self, intent: OrderIntent, ask_no_more: bool) -> None:
        if ask_no_more:
            self.ask_first.setChecked(False)
        self._send(intent)

    def _on_confirmation_finished(self) -> None:
        self._confirmation = None
        self._judge()

    def _send(self, intent: OrderIntent) -> None:
        self.set_busy(intent.side)
        self.order_requested.emit(intent)

    # ---- showing ---------------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        """Judge both sides, and show what is wrong with the chosen one and where it would lead."""
        facts, draft = self._model.facts, self.draft
        if facts is None:
            return
        self._judged = {side: assess(draft, facts, side) for side in Side}
        shown = self._judged[Side(self.side.value)]
        self._shown_quantity = shown.quantity
        for field in (self.limit_price, self.trigger_price):
            field.set_messages(problem_messages(shown.problems, Field.PRICE))
        self.size_field.set_messages(problem_messages(shown.problems, Field.SIZE))
        self.flag_messages.set_messages(problem_messages(shown.problems, Field.FLAGS))
        rules = facts.rules
        if self.unit is SizeUnit.BASE:
            self.size_field.set_hint(f"step {rules.step_size.normalize():f}")
        else:
            self.size_field.set_hint(f"= {quantity(shown.quantity, rules.quantity_decimals)} {rules.base_asset}")
        self.preview.show_preview(shown.preview, rules, dimmed=not facts.feed_is_live)
        self._show_mark(facts)
        self._show_hold(shown, facts)
        for side, judged in self._judged.items():
            self._show_button(side, judged, draft, rules)

    def _show_mark(self, facts: TicketFacts) -> None:
        text, tone = f"at mark {price(facts.mark_price, facts.rules.price_decimals)}", ""
        if not facts.feed_is_live:
            old = facts.feed_age_s
            text, tone = "no prices yet" if old is None else f"{age(float(old))} old", "warn"
            self.mark_icon.setPixmap(theme().pixmap("triangle", "warn", 12))
        self.mark_icon.setVisible(bool(tone))
        self.mark_note.setText(text)
        set_style_property(self.mark_note, "tone", tone)

    def _show_hold(self, shown: Assessment, facts: TicketFacts) -> None:
        old = "" if facts.feed_age_s is None else age(float(facts.feed_age_s))
        hold = shown.hold
        self.held.show_words(
            words("held", hold, {"age": old}) if hold else "", words("held_more", hold) if hold else ""
        )

    def _show_button(self, side: Side, judged: Assessment, draft: TicketDraft, rules: SymbolRules) -> None:
        if self._busy is not None:
            self.buttons[side].set_state("sending…" if side is self._busy else "wait", is_ready=False)
            return
        reason = "" if not judged.errors else problem_text(judged.errors[0])
        self.buttons[side].set_state(
            button_line(judged, draft, rules), is_ready=judged.intent is not None, reason=reason
        )
