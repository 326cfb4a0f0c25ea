"""TicketForm: the parts of the order ticket and where they stand; `OrderEntry` gives them their behaviour."""

from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from trader_gui.domain.account import MarginType
from trader_gui.domain.order import Side, TimeInForce, WorkingType
from trader_gui.models.ticket_records import OrderKind, SizeUnit, TicketDraft, TicketFacts
from trader_gui.widgets.dialogs.frame import rule
from trader_gui.widgets.fields import ChoiceButton, MessageList, SegmentBar, label
from trader_gui.widgets.format import money
from trader_gui.widgets.held_box import HeldBox
from trader_gui.widgets.number_field import NumberField
from trader_gui.widgets.order_preview import PreviewPanel
from trader_gui.widgets.side_button import SideButton

_LEVERAGES = (1, 2, 3, 5, 10, 15, 20, 25, 50, 75, 100, 125)
_MARGIN_WORDS = {MarginType.CROSSED: "Cross", MarginType.ISOLATED: "Isolated"}
_TIMES_IN_FORCE = (
    (TimeInForce.GTC, "GTC: until cancelled"),
    (TimeInForce.IOC, "IOC: what fills at once"),
    (TimeInForce.FOK, "FOK: all at once or nothing"),
)
_TRIGGERS = ((WorkingType.CONTRACT_PRICE, "Last price"), (WorkingType.MARK_PRICE, "Mark price"))


class TicketForm(QWidget):
    """Fields, switches, preview and buttons of the ticket.

    Attributes:
        unit, chosen_time_in_force, chosen_trigger: What the size counts, and what the two menus stand at.
        buttons: The Buy and Sell buttons by side.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.unit = SizeUnit.BASE
        self.chosen_time_in_force = TimeInForce.GTC
        self.chosen_trigger = WorkingType.CONTRACT_PRICE
        self._make_parts()
        self._build()

    @property
    def draft(self) -> TicketDraft:
        """What is typed and chosen."""
        kind = OrderKind(self.kind.value)
        field = self.trigger_price if kind is OrderKind.STOP else self.limit_price
        return TicketDraft(
            kind=kind,
            price_text="" if kind is OrderKind.MARKET else field.text,
            size_text=self.size_field.text,
            size_unit=self.unit,
            reduce_only=self.reduce_only.isChecked(),
            post_only=kind is OrderKind.LIMIT and self.post_only.isChecked(),
            time_in_force=self.chosen_time_in_force,
            working_type=self.chosen_trigger,
        )

    def show_kind(self) -> None:
        """Show the fields of the chosen order type."""
        kind = OrderKind(self.kind.value)
        self.limit_price.setVisible(kind is OrderKind.LIMIT)
        self.trigger_price.setVisible(kind is OrderKind.STOP)
        self.post_only.setVisible(kind is OrderKind.LIMIT)
        self.time_in_force.setVisible(kind is OrderKind.LIMIT)
        self.time_in_force.setEnabled(not self.post_only.isChecked())
        self.time_in_force.set_value(self.chosen_time_in_force.value, self.chosen_time_in_force.value)
        self.trigger_by.setVisible(kind is OrderKind.STOP)
        self.trigger_by.set_value(self.chosen_trigger.value, f"by {dict(_TRIGGERS)[self.chosen_trigger].lower()}")

    def show_unit(self, facts: TicketFacts) -> None:
        rules = facts.rules
        is_base = self.unit is SizeUnit.BASE
        self.size_field.set_increment(
            rules.step_size if is_base else Decimal(1), rules.quantity_decimals if is_base else 2
        )
        units = {SizeUnit.BASE: rules.base_asset, SizeUnit.QUOTE: rules.quote_asset, SizeUnit.EQUITY: "%"}
        self.size_field.set_unit(units[self.unit])

    def show_terms(self, facts: TicketFacts) -> None:
        """Show margin type, leverage and what is available."""
        self.available.setText(f"Available {money(facts.available_balance, sign=False)} {facts.rules.margin_asset}")
        self.margin_type.set_entries([(key.value, text) for key, text in _MARGIN_WORDS.items()])
        margin_type = facts.margin_type
        self.margin_type.set_value(margin_type, _MARGIN_WORDS[margin_type] if margin_type else "Margin —")
        highest = max((b.max_leverage for b in facts.brackets), default=_LEVERAGES[-1])
        choices = sorted({*(x for x in _LEVERAGES if x <= highest), *([facts.leverage] if facts.leverage else [])})
        self.leverage.set_entries([(str(x), f"{x}×") for x in choices])
        self.leverage.set_value(str(facts.leverage), f"{facts.leverage}×" if facts.leverage else "—×")

    def set_rules(self, facts: TicketFacts) -> None:
        """Take units and steps from the symbol's rules."""
        rules = facts.rules
        for field in (self.limit_price, self.trigger_price):
            field.set_increment(rules.tick_size, rules.price_decimals)
            field.set_unit(rules.quote_asset)
            field.set_hint(f"tick {rules.tick_size.normalize():f}")
        texts = {SizeUnit.BASE: rules.base_asset, SizeUnit.QUOTE: rules.quote_asset, SizeUnit.EQUITY: "% equity"}
        for unit, text in texts.items():
            self.size_unit.button(unit).setText(text)
            self.size_unit.button(unit).setAccessibleName(f"Size in {text}")
        self.show_unit(facts)

    def _make_parts(self) -> None:
        self.margin_type = ChoiceButton("Margin type")
        self.leverage = ChoiceButton("Leverage")
        self.available = label("", "label")
        self.available.setWordWrap(True)  # in a narrow dock it takes two lines rather than widen it
        self.available.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.kind = SegmentBar("Order type", [(k.value, k.value.capitalize()) for k in OrderKind])
        self.limit_price = NumberField("Price")
        self.trigger_price = NumberField("Trigger price")
        self.size_field = NumberField("Size")
        self.size_unit = SegmentBar("Size in", [(u.value, u.value) for u in SizeUnit])
        self.reduce_only = QCheckBox("Reduce-only")
        self.post_only = QCheckBox("Post-only")
        self.time_in_force = ChoiceButton("Time in force", kind="flat")
        self.time_in_force.set_entries([(t.value, text) for t, text in _TIMES_IN_FORCE])
        self.trigger_by = ChoiceButton("Trigger by", kind="flat")
        self.trigger_by.set_entries([(t.value, text) for t, text in _TRIGGERS])
        self.flag_messages = MessageList()
        self.side = SegmentBar("Preview", [(Side.BUY.value, "▲ Buy"), (Side.SELL.value, "▼ Sell")], small=True)
        self.mark_icon, self.mark_note = label("", "label"), label("", "label")
        self.preview = PreviewPanel()
        self.held = HeldBox()
        self.result = MessageList()
        self.ask_first = QCheckBox("Ask before sending")
        self.ask_first.setChecked(True)
        self.buttons = {side: SideButton(side) for side in Side}

    def _build(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 10, 12, 6)
        column.setSpacing(8)
        chips = _row(self.margin_type, self.leverage)
        chips.addWidget(self.available, 1)
        column.addLayout(chips)
        for part in (self.kind, self.limit_price, self.trigger_price, self.size_field, self.size_unit):
            column.addWidget(part)
        flags = _row(self.reduce_only, self.post_only)
        flags.addStretch(1)
        flags.addWidget(self.time_in_force)
        flags.addWidget(self.trigger_by)
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
        footer.addWidget(self.ask_first)
        return footer


def _row(*parts: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    for part in parts:
        row.addWidget(part)
    return row
