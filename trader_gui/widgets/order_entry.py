"""OrderEntry: the order ticket; it judges every keystroke and every price, and emits the order that is meant."""

import time
from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec.structs import replace
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

from trader_gui.domain.bracket import BracketWish
from trader_gui.domain.order import OrderIntent, OrderOutcome, OutcomeKind, Side, TimeInForce
from trader_gui.domain.step import Step
from trader_gui.domain.symbol import SymbolRules
from trader_gui.domain.ticket import AskRules, AskWhen, OrderKind, SizeUnit, TicketMemory, TicketPreset
from trader_gui.errors import TraderError
from trader_gui.i18n import words
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_asking import AskReason, ask_kind, reasons_to_ask
from trader_gui.models.ticket_checks import assess
from trader_gui.models.ticket_records import Assessment, Field, TicketDraft, TicketFacts
from trader_gui.models.ticket_size import in_unit
from trader_gui.widgets.dialogs.confirm import ConfirmDialog, confirm_order
from trader_gui.widgets.dialogs.good_till import open_good_till
from trader_gui.widgets.theme import theme
from trader_gui.widgets.ticket_form import TicketForm
from trader_gui.widgets.ticket_history import TicketHistory
from trader_gui.widgets.ticket_menu import TicketMenu
from trader_gui.widgets.ticket_words import (
    about,
    preset_words,
    problem_messages,
    result_messages,
)
from trader_gui.widgets.venue_forms import VenueForms

_FRAME_MS = 33
"""The ticket is judged at most once in this time, however fast it is typed into."""


class OrderEntry(TicketForm):
    """The order ticket.

    Attributes:
        profile_name: Shown by the dialogs; of the session.
        symbol: What it trades now; "" before the first facts.
        menu: Presets, and when orders are asked about.
        history: What is remembered of the symbol.
        forms: Leverage, margin type and position mode.

    Signals:
        order_requested: An `OrderIntent`, confirmed by the user. Answer with `show_result`; until then both sides wait.
        bracket_requested: In its place a `BracketWish`, where the ticket has a stop or a target. Answer as above.
        judged: Both sides were judged anew; `assessment` tells how.
        symbol_leaving: It goes on to another symbol; what is put into it from outside is to be taken back now.
        margin_type_requested, leverage_requested: What is wanted; answer with `show_setting`.
        position_mode_requested: True for hedge mode; answer with `show_setting`.
    """

    order_requested = Signal(object)
    bracket_requested = Signal(object)
    judged = Signal()
    symbol_leaving = Signal()
    margin_type_requested = Signal(str)
    leverage_requested = Signal(int)
    position_mode_requested = Signal(bool)

    def __init__(self, model: TicketModel, parent: QWidget | None = None, *, profile_name: str) -> None:
        super().__init__(parent)
        self.setAccessibleName("Order ticket")
        self.profile_name = profile_name
        self.symbol = ""
        self._model = model
        self._busy: Side | None = None
        self._sent_ns = 0
        self._sent_quantity: Decimal | None = None
        self._sent_symbol = ""
        self._is_prefilled = False
        self._rules: SymbolRules | None = None
        self._judged: dict[Side, Assessment] = {}
        self._confirmation: ConfirmDialog | None = None
        self._is_due = False
        self._frame = QTimer(self)
        self._frame.setSingleShot(True)
        self._frame.setInterval(_FRAME_MS)
        self.history = TicketHistory(lambda: self.preset, is_live=profile_name == "live", parent=self)
        self.menu = TicketMenu(lambda: (self.preset, preset_words(self.preset)), profile_name, self)
        self.menu_button.setMenu(self.menu)
        self.forms = VenueForms(model, profile_name, self)
        self._connect()
        self._show_kind()
        self._on_model_changed()

    # ---- what others may do ----------------------------------------------------------------------------------------

    def load(
        self,
        memories: Mapping[str, TicketMemory] | None = None,
        presets: Mapping[str, TicketPreset] | None = None,
        ask: AskRules | None = None,
    ) -> None:
        """Take what was kept: by symbol, and of the profile."""
        self.menu.load(presets or {}, ask or AskRules())
        self.history.load(memories or {})
        if self.symbol:
            self._begin(self.symbol)

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
        is_of_other = self._sent_symbol not in ("", self.symbol)
        if any(outcome.kind is OutcomeKind.ACCEPTED for outcome in outcomes) and not is_of_other:
            self.history.note_taken(self._sent_quantity)
        messages = result_messages(result, outcomes)
        self.result.set_messages(about(self._sent_symbol, messages) if is_of_other else messages)
        self._judge()

    def reasons(self, intent: OrderIntent, expected: Decimal | None, facts: TicketFacts) -> Sequence[AskReason]:
        """Return why an order by hand is asked about, by the rules of the ticket."""
        return reasons_to_ask(self.menu.ask, intent, expected, facts, self.history.around(facts))

    def show_setting(self, refusal: str) -> None:
        """Say what became of a change of leverage, margin type or position mode: "" for done, else why not."""
        self.forms.show_result(refusal)

    def assessment(self, side: Side) -> Assessment | None:
        """Return how a side was judged last."""
        return self._judged.get(side)

    def pick_price(self, picked: Decimal) -> None:
        """Take a price that was pointed at elsewhere (order book, chart)."""
        kind = self.kind.value
        if kind is OrderKind.TRAILING:
            self.prices.activation.set_value(picked)
        elif kind.has_trigger:
            self.trigger_price.set_value(picked)
        else:
            if kind is OrderKind.MARKET:
                self.kind.set_value(OrderKind.LIMIT)
            self.prices.set_choices(self.prices.working_type, None)
            self._show_kind()
            self.limit_price.set_value(picked)

    def _connect(self) -> None:
        self._model.changed.connect(self._on_model_changed)
        theme().changed.connect(self._judge)
        self._frame.timeout.connect(self._on_frame)
        self.prices.chosen.connect(self._on_choice)
        for field in (self.prices, self.size_fields, self.stop, self.target):
            field.edited.connect(self._on_edited)
        for box in (self.reduce_only, self.post_only, self.price_protect):
            box.toggled.connect(self._on_choice)
        self.reduce_only.toggled.connect(self._on_reduce_only)
        self.kind.chosen.connect(self._on_choice)
        self.side.chosen.connect(self._judge)
        self.size_fields.unit_chosen.connect(self._on_unit_chosen)
        self.force_choice.chosen.connect(self._on_force_chosen)
        self.flag_messages.link_taken.connect(self._on_end_taken)
        self.margin_type.clicked.connect(self.forms.open_margin)
        self.leverage.clicked.connect(self.forms.open_leverage)
        self.forms.leverage_wanted.connect(self.leverage_requested)
        self.forms.margin_type_wanted.connect(self.margin_type_requested)
        self.forms.position_mode_wanted.connect(self.position_mode_requested)
        self.menu.preset_chosen.connect(self._on_preset)
        for side, button in self.buttons.items():
            button.clicked.connect(lambda _checked=False, s=side: self.press(s))

    # ---- events ----------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._on_model_changed()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_height()

    def _on_model_changed(self) -> None:
        """Show new facts; nothing is worked out while nobody looks."""
        facts = self._model.facts
        if facts is None:
            for button in self.buttons.values():
                button.set_state(words("hold", "not_running"), is_ready=False)
            return
        if facts.rules.symbol != self.symbol:
            self._change_symbol(facts.rules.symbol)
        self.history.note_facts(facts)
        if facts.rules != self._rules:
            self._rules = facts.rules
            self.set_rules(facts)
        if not self._is_prefilled:
            self._prefill(facts)
        if self.isVisible():
            self.show_terms(facts)
            self._judge()

    def _change_symbol(self, symbol: str) -> None:
        """Trade another symbol: what was typed for the former one waits for it, and no question about it stays open."""
        if self._confirmation is not None:
            self._confirmation.reject()
        self.forms.close()
        self.result.set_messages([])
        if self.symbol:
            self.symbol_leaving.emit()
            self.history.keep(self.symbol, self.draft)
        self._begin(symbol)

    def _begin(self, symbol: str) -> None:
        """Put in what was typed for a symbol before; of an earlier session without its prices, which go stale."""
        draft = self.history.open(symbol)
        is_first, self.symbol = not self.symbol, symbol
        self._is_prefilled = bool(draft.price_text)
        if not is_first or draft != TicketDraft():
            self.put_draft(draft)
        self._judge()

    def _prefill(self, facts: TicketFacts) -> None:
        """Put a first price in, once there is one; from then on the price is the user's."""
        if facts.best_bid is not None:
            self._is_prefilled = True
            if not self.limit_price.text and self.prices.price_match is None:
                self.limit_price.set_value(facts.best_bid)

    def _show_kind(self) -> None:
        self.show_kind()
        self._judge()

    def _on_edited(self) -> None:
        """Something was typed: judge it now, or with the next frame."""
        self.history.note_size(self.size_fields.unit, self.size_field.text)
        self._note_change()
        self.judge_soon()

    def _on_choice(self) -> None:
        """A choice was made: other fields may belong to it."""
        self._note_change()
        self.show_kind()
        self.judge_soon()

    def _note_change(self) -> None:
        """The ticket is another one now; that the last order was taken is no word about this one."""
        self.history.note_change()
        if all(message.tone == "ok" for message in self.result.messages):
            self.result.set_messages([])

    def _on_reduce_only(self, is_on: bool) -> None:
        """Reduce-only turns the preview to the side that closes; a size by risk is for what opens."""
        facts = self._model.facts
        if facts is None or not is_on:
            return
        if facts.position_amount:
            self.side.set_value(Side.SELL if facts.position_amount > 0 else Side.BUY)
        if self.size_fields.unit.is_risk:
            self._on_unit_chosen(SizeUnit.BASE.value)

    def _on_unit_chosen(self, key: str) -> None:
        """Tell the same size in the new unit; where it cannot be told there, the last one typed in it comes back."""
        facts, unit = self._model.facts, SizeUnit(key)
        if facts is None or unit is self.size_fields.unit:
            return
        side = Side(self.side.value)
        shown = assess(self.draft, facts, side).quantity if self.size_field.text else None
        told = None if shown is None else in_unit(replace(self.draft, size_unit=unit), facts, side, shown)
        self.show_unit(unit, facts)
        if told is None:
            self.size_field.edit.setText(self.history.size_in(unit))
        else:
            self.size_field.set_value(told)
        self.history.note_change()
        self._judge()

    def _on_force_chosen(self, key: str) -> None:
        force, facts = TimeInForce(key), self._model.facts
        if force is not TimeInForce.GTD:
            self._set_force(force, None)
        elif facts is not None:
            dialog = open_good_till(facts.now_ms, self.profile_name, self.window())
            dialog.chosen.connect(lambda end_ms: self._set_force(TimeInForce.GTD, end_ms))
        self.show_kind()

    def _on_end_taken(self, text: str) -> None:
        """Take the end that is offered for one that is too soon: the only value that stands among the flags."""
        self._set_force(TimeInForce.GTD, int(text))

    def _set_force(self, force: TimeInForce, good_till_ms: int | None) -> None:
        self.time_in_force, self.good_till_ms = force, good_till_ms
        self._on_choice()

    def _on_preset(self, preset: TicketPreset) -> None:
        self.put(preset)
        self.history.note_change()
        self._judge()

    def press(self, side: Side) -> None:
        """Send what is meant now, or ask first; further presses do nothing until there is an answer.

        An answer may come between the two clicks of a double click: the second one means nothing, either.
        """
        if self._is_second_click():
            return
        self._judge()
        judged, facts = self._judged.get(side), self._model.facts
        if self._busy is not None or judged is None or judged.intent is None or self._confirmation is not None:
            return
        if facts is None:
            return
        self.result.set_messages([])
        intent, bracket = judged.intent, judged.bracket
        reasons = self.reasons(intent, judged.price, facts)
        if not reasons:
            self._send(intent, bracket)
            return
        dialog = confirm_order(self._model, self.draft, intent, self.profile_name, self.window(), reasons)
        self._confirmation = dialog
        dialog.confirmed.connect(lambda sent, ask_no_more: self._on_confirmed(sent, bracket, ask_no_more))
        dialog.finished.connect(self._on_confirmation_finished)

    def _is_second_click(self) -> bool:
        """Tell whether a press belongs to the one that has just sent an order."""
        now_ns = time.monotonic_ns()
        if (now_ns - self._sent_ns) / 1e6 >= QApplication.doubleClickInterval():
            return False
        self._sent_ns = now_ns
        return True

    def _on_confirmed(self, intent: OrderIntent, bracket: BracketWish | None, ask_no_more: bool) -> None:
        if ask_no_more:
            self.menu.set_ask(replace(self.menu.ask, **{ask_kind(intent).value: AskWhen.ABOVE_LIMITS}))
        self._send(intent, bracket)

    def _on_confirmation_finished(self) -> None:
        self._confirmation = None
        self._judge()

    def _send(self, intent: OrderIntent, bracket: BracketWish | None) -> None:
        facts = self._model.facts
        if facts is not None:
            self.history.note_sent(intent, facts)
        self._sent_ns = time.monotonic_ns()
        self._sent_quantity, self._sent_symbol = intent.quantity, intent.symbol
        self.set_busy(intent.side)
        if bracket is None:
            self.order_requested.emit(intent)
        else:
            self.bracket_requested.emit(replace(bracket, entry=intent))

    # ---- showing ---------------------------------------------------------------------------------------------------

    def judge_soon(self) -> None:
        """Judge now, unless that was done within the last frame: then at its end."""
        if self._frame.isActive():
            self._is_due = True
            return
        self._judge()
        self._frame.start()

    def _on_frame(self) -> None:
        if self._is_due:
            self.judge_soon()

    def _judge(self) -> None:
        """Judge both sides, and show what is wrong with the chosen one and where it would lead."""
        facts, draft = self._model.facts, self.draft
        self._is_due = False
        if facts is None:
            return
        self._judged = {side: assess(draft, facts, side) for side in Side}
        shown, rules = self._judged[Side(self.side.value)], facts.rules
        for name, field in self.fields.items():
            field.set_messages(problem_messages(shown.problems, name))
        self.flag_messages.set_messages(problem_messages(shown.problems, Field.FLAGS, Field.END))
        for exit_field, level in ((self.stop, shown.stop_price), (self.target, shown.target_price)):
            exit_field.show_level(level, shown.price, rules.price_decimals)
        self.prices.show_expected(shown.price, rules.price_decimals)
        self.show_size(shown, rules)
        self.preview.show_preview(shown.preview, rules, dimmed=not facts.feed_is_live)
        self.show_mark(facts)
        self.show_hold(shown, facts)
        for side, judged in self._judged.items():
            self.show_button(side, judged, rules, self._busy)
        self.judged.emit()
