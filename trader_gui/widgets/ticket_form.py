"""TicketForm: the parts of the order ticket and where they stand; `OrderEntry` gives them their behaviour."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from trader_gui.domain.account import MarginType
from trader_gui.domain.order import Side, TimeInForce
from trader_gui.domain.symbol import SymbolRules
from trader_gui.domain.ticket import ExitText, ExitUnit, OrderKind, SizeUnit, TicketPreset
from trader_gui.i18n import words
from trader_gui.models.ticket_math import may_make
from trader_gui.models.ticket_records import Assessment, Field, TicketDraft, TicketFacts
from trader_gui.widgets.dialogs.frame import rule
from trader_gui.widgets.fields import ChoiceButton, FittingLabel, MessageList, SegmentBar, label
from trader_gui.widgets.format import age, clock, money, price, quantity
from trader_gui.widgets.held_box import HeldBox
from trader_gui.widgets.kind_bar import KindBar
from trader_gui.widgets.number_field import NumberField
from trader_gui.widgets.order_preview import PreviewPanel
from trader_gui.widgets.side_button import SideButton
from trader_gui.widgets.theme import set_style_property, theme
from trader_gui.widgets.ticket_fields import ExitFields, PriceFields, SizeFields
from trader_gui.widgets.ticket_words import button_line, problem_text

_MARGIN_WORDS = {MarginType.CROSSED: "Cross", MarginType.ISOLATED: "Isolated"}
_TIMES_IN_FORCE = (
    (TimeInForce.GTC, "GTC: until cancelled"),
    (TimeInForce.IOC, "IOC: what fills at once"),
    (TimeInForce.FOK, "FOK: all at once or nothing"),
    (TimeInForce.GTD, "GTD: until a time…"),
)
_POST_ONLY = (TimeInForce.GTX, "GTX: post-only")
_DENSITIES = ((569, 8, 10, 4), (549, 6, 8, 4), (520, 5, 6, 2), (0, 4, 4, 2))
"""(least height, pixels between groups, above the first one, between figures): where there is little room the ticket
stands closer together, so that all of it stays in sight with a line of result above its buttons."""
_JOINT_FEES_BELOW = 549


class TicketForm(QWidget):
    """Fields, switches, preview and buttons of the ticket.

    Attributes:
        time_in_force, good_till_ms: What the menu of times in force stands at.
        buttons: The Buy and Sell buttons by side.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.time_in_force = TimeInForce.GTC
        self.good_till_ms: int | None = None
        self._facts: TicketFacts | None = None
        self._make_parts()
        self._build()

    # ---- what stands in it -----------------------------------------------------------------------------------------

    @property
    def draft(self) -> TicketDraft:
        """What is typed and chosen."""
        prices, size = self.prices, self.size_fields
        return TicketDraft(
            kind=self.kind.value,
            price_text=prices.limit.text,
            trigger_text=prices.trigger.text,
            callback_text=prices.callback.text,
            activation_text=prices.activation.text,
            price_match=prices.price_match,
            size_text=size.field.text,
            size_unit=size.unit,
            stop=self.stop.typed,
            target=self.target.typed,
            reduce_only=self.reduce_only.isChecked(),
            post_only=self._is_post_only,
            time_in_force=self.time_in_force,
            good_till_ms=self.good_till_ms,
            working_type=prices.working_type,
            price_protect=self.price_protect.isChecked(),
        )

    @property
    def preset(self) -> TicketPreset:
        """What of it does not go stale."""
        draft = self.draft
        force = draft.time_in_force
        return TicketPreset(
            kind=draft.kind,
            size_unit=draft.size_unit,
            size_text=draft.size_text,
            stop=_lasting(draft.stop),
            target=_lasting(draft.target),
            callback_text=draft.callback_text,
            reduce_only=draft.reduce_only,
            post_only=self.post_only.isChecked(),
            time_in_force=TimeInForce.GTC if force is TimeInForce.GTD else force,
            price_match=draft.price_match,
            working_type=draft.working_type,
            price_protect=draft.price_protect,
        )

    def put(self, preset: TicketPreset) -> None:
        """Put a preset in; prices stay as they are."""
        self.kind.set_value(preset.kind)
        self.prices.set_choices(preset.working_type, preset.price_match)
        self.prices.callback.edit.setText(preset.callback_text)
        for box, is_on in (
            (self.reduce_only, preset.reduce_only),
            (self.post_only, preset.post_only),
            (self.price_protect, preset.price_protect),
        ):
            box.setChecked(is_on)
        self.time_in_force, self.good_till_ms = preset.time_in_force, None
        self.stop.set_typed(preset.stop)
        self.target.set_typed(preset.target)
        self.size_fields.unit = preset.size_unit
        self.size_fields.field.edit.setText(preset.size_text)
        self.show_kind()

    def put_draft(self, draft: TicketDraft) -> None:
        """Put a ticket in as it was left, prices included."""
        is_plain = draft.kind is OrderKind.LIMIT
        self.put(
            TicketPreset(
                kind=draft.kind,
                size_unit=draft.size_unit,
                size_text=draft.size_text,
                stop=draft.stop,
                target=draft.target,
                callback_text=draft.callback_text,
                reduce_only=draft.reduce_only,
                post_only=draft.post_only and is_plain,
                time_in_force=draft.time_in_force,
                price_match=draft.price_match,
                working_type=draft.working_type,
                price_protect=draft.price_protect,
            )
        )
        self.good_till_ms = draft.good_till_ms
        prices = self.prices
        for field, text in (
            (prices.limit, draft.price_text),
            (prices.trigger, draft.trigger_text),
            (prices.activation, draft.activation_text),
        ):
            field.edit.setText(text)
        self.show_kind()

    @property
    def fields(self) -> dict[Field, NumberField]:
        """Every number field by the name that problems give it."""
        return {
            **self.prices.fields,
            Field.SIZE: self.size_field,
            Field.STOP: self.stop,
            Field.TARGET: self.target,
        }

    @property
    def size_field(self) -> NumberField:
        """The size."""
        return self.size_fields.field

    @property
    def limit_price(self) -> NumberField:
        """The limit price."""
        return self.prices.limit

    @property
    def trigger_price(self) -> NumberField:
        """The trigger price."""
        return self.prices.trigger

    @property
    def _is_post_only(self) -> bool:
        """A limit has a box for it, a limit behind a trigger the menu of times in force."""
        if self.kind.value is OrderKind.LIMIT:
            return self.post_only.isChecked()
        return self.time_in_force is TimeInForce.GTX

    # ---- showing ---------------------------------------------------------------------------------------------------

    def show_kind(self) -> None:
        """Show what belongs to the chosen kind, and how the choices stand."""
        kind, facts = self.kind.value, self._facts
        self.prices.show_kind(kind, facts.rules.quote_asset if facts else "")
        self.post_only.setVisible(kind is OrderKind.LIMIT)
        self.price_protect.setVisible(kind.is_conditional)
        self.force_choice.setVisible(kind.has_limit)
        is_plain = kind is OrderKind.LIMIT
        if is_plain and self.time_in_force is TimeInForce.GTX:
            self.time_in_force = TimeInForce.GTC
        entries = _TIMES_IN_FORCE if is_plain else (*_TIMES_IN_FORCE, _POST_ONLY)
        self.force_choice.set_entries([(force.value, text) for force, text in entries])
        self.force_choice.setEnabled(not (is_plain and self.post_only.isChecked()))
        self.force_choice.set_value(self.time_in_force.value, self._force_words())
        reduces = self.reduce_only.isChecked()
        for exit_field in (self.stop, self.target):
            exit_field.setEnabled(not reduces)
        for button in self.buttons.values():
            button.set_reducing(reduces)
        draft = self.draft
        self.preview.set_fees(makes=may_make(draft), takes=not draft.is_post_only)
        if facts is not None:
            self.size_fields.set_unit(self.size_fields.unit, facts.rules, reduces=reduces)

    def _force_words(self) -> str:
        if self.time_in_force is TimeInForce.GTD and self.good_till_ms is not None:
            return f"GTD {clock(self.good_till_ms)[:5]}"
        return self.time_in_force.value

    def show_terms(self, facts: TicketFacts) -> None:
        """Show margin type, position mode, leverage and what is available; and whose symbol this is."""
        other = "" if facts.is_engine_symbol else facts.rules.symbol
        self.other_symbol.setVisible(bool(other))
        self.other_symbol.set_wordings(f"{other} · not the engine's symbol", f"{other} · by hand only", other)
        for button in self.buttons.values():
            button.set_symbol(other)
        kind = _MARGIN_WORDS[facts.margin_type] if facts.margin_type else "Margin —"
        self.margin_type.set_value(None, f"{kind}, hedge" if facts.is_hedge else kind)
        self.leverage.set_value(None, f"{facts.leverage}×" if facts.leverage else "—×")
        for chip in (self.margin_type, self.leverage):
            chip.setEnabled(facts.is_running)
        amount = money(facts.available_balance, sign=False)
        asset = facts.rules.margin_asset
        self.available.set_wordings(f"Available {amount} {asset}", f"Available {amount}", f"{amount} {asset}", amount)

    def set_rules(self, facts: TicketFacts) -> None:
        """Take units and steps from the symbol's rules."""
        self._facts = facts
        self.prices.set_rules(facts.rules)
        for exit_field in (self.stop, self.target):
            exit_field.set_increment(facts.rules.tick_size, facts.rules.price_decimals)
        self.size_fields.set_unit(self.size_fields.unit, facts.rules, reduces=self.reduce_only.isChecked())
        self.show_kind()

    def show_unit(self, unit: SizeUnit, facts: TicketFacts) -> None:
        """Count the size in a unit."""
        self.size_fields.set_unit(unit, facts.rules, reduces=self.reduce_only.isChecked())

    def show_size(self, shown: Assessment, rules: SymbolRules) -> None:
        """Beside a size in another unit, say the size that would be sent."""
        if self.size_fields.unit is SizeUnit.BASE:
            self.size_field.set_hint(f"step {rules.step_size.normalize():f}")
        else:
            self.size_field.set_hint(f"= {quantity(shown.quantity, rules.quantity_decimals)} {rules.base_asset}")

    def show_mark(self, facts: TicketFacts) -> None:
        """Say at which mark price the figures are, or how old they are."""
        text, tone = f"at mark {price(facts.mark_price, facts.rules.price_decimals)}", ""
        if not facts.feed_is_live:
            old = facts.feed_age_s
            text, tone = "no prices yet" if old is None else f"{age(float(old))} old", "warn"
            self.mark_icon.setPixmap(theme().pixmap("triangle", "warn", 12))
        self.mark_icon.setVisible(bool(tone))
        self.mark_note.setText(text)
        set_style_property(self.mark_note, "tone", tone)

    def show_hold(self, shown: Assessment, facts: TicketFacts) -> None:
        """Say what sending waits for."""
        old = "" if facts.feed_age_s is None else age(float(facts.feed_age_s))
        hold = shown.hold
        self.held.show_words(
            words("held", hold, {"age": old}) if hold else "", words("held_more", hold) if hold else ""
        )

    def show_button(self, side: Side, judged: Assessment, rules: SymbolRules, busy: Side | None) -> None:
        """Say on a side's button what it does, or why it cannot be pressed; `busy` is the side of a request."""
        if busy is not None:
            self.buttons[side].set_state("sending…" if side is busy else "wait", is_ready=False)
            return
        reason = "" if not judged.errors else problem_text(judged.errors[0])
        self.buttons[side].set_state(button_line(judged, rules), is_ready=judged.intent is not None, reason=reason)

    def fit_height(self) -> None:
        """Stand closer together where there is little room."""
        height = self.height()
        _, between, above, rows = next(density for density in _DENSITIES if height >= density[0])
        self._column.setSpacing(between)
        self._column.setContentsMargins(12, above, 12, above // 2)
        self.preview.set_density(rows, joins_fees=height < _JOINT_FEES_BELOW)

    # ---- building --------------------------------------------------------------------------------------------------

    def _make_parts(self) -> None:
        self.other_symbol = FittingLabel("title")
        self.other_symbol.setVisible(False)
        set_style_property(self.other_symbol, "tone", "accent")
        self.margin_type = ChoiceButton("Margin type and position mode", kind="chip")
        self.leverage = ChoiceButton("Leverage", kind="chip")
        self.available = FittingLabel("label")
        self.available.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.menu_button = QToolButton()
        self.menu_button.setText("⋯")
        self.menu_button.setAccessibleName("Presets and confirmations")
        self.menu_button.setToolTip("Presets and confirmations")
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.kind = KindBar()
        self.prices = PriceFields()
        self.size_fields = SizeFields()
        self.exits = ExitFields()
        self.stop, self.target = self.exits.stop, self.exits.target
        self.reduce_only = QCheckBox("Reduce-only")
        self.post_only = QCheckBox("Post-only")
        self.price_protect = QCheckBox("Price protect")
        self.price_protect.setToolTip("Not triggered while last and mark price lie far apart")
        self.force_choice = ChoiceButton("Time in force", kind="flat")
        self.flag_messages = MessageList()
        self.side = SegmentBar("Preview", [(Side.BUY.value, "▲ Buy"), (Side.SELL.value, "▼ Sell")], small=True)
        self.mark_icon, self.mark_note = label("", "label"), label("", "label")
        self.preview = PreviewPanel()
        self.held = HeldBox()
        self.result = MessageList()
        self.buttons = {side: SideButton(side) for side in Side}

    def _build(self) -> None:
        body = QWidget()
        self._column = column = QVBoxLayout(body)
        chips = _row(self.margin_type, self.leverage)
        chips.setSpacing(6)
        chips.addWidget(self.available, 1)
        chips.addWidget(self.menu_button)
        column.addWidget(self.other_symbol)
        column.addLayout(chips)
        for part in (self.kind, self.prices, self.size_fields, self.exits):
            column.addWidget(part)
        flags = _row(self.reduce_only, self.post_only, self.price_protect)
        flags.addStretch(1)
        flags.addWidget(self.force_choice)
        column.addLayout(flags)
        column.addWidget(self.flag_messages)
        column.addWidget(rule())
        head = _row(self.side)
        head.addStretch(1)
        head.addWidget(self.mark_icon)
        head.addWidget(self.mark_note)
        column.addLayout(head)
        column.addWidget(self.preview)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(body)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scroll, 1)
        whole.addLayout(self._build_footer())

    def _build_footer(self) -> QVBoxLayout:
        """Buttons and what concerns them stay in sight however little room there is."""
        footer = QVBoxLayout()
        footer.setContentsMargins(12, 4, 12, 8)
        footer.setSpacing(6)
        footer.addWidget(self.held)
        footer.addWidget(self.result)
        footer.addLayout(_row(self.buttons[Side.BUY], self.buttons[Side.SELL]))
        return footer


def _lasting(typed: ExitText) -> ExitText:
    """Return an exit without its price, which goes stale as every price does."""
    return typed if typed.unit is ExitUnit.DISTANCE else ExitText("", typed.unit)


def _row(*parts: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    for part in parts:
        row.addWidget(part)
    return row
