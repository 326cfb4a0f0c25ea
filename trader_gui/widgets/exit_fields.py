"""The fields of an exit of a position: which kind, its level in the unit of choice, what triggers it, how much."""

from decimal import ROUND_DOWN, ROUND_UP, Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from trader_gui.domain.account import Position
from trader_gui.domain.order import WorkingType
from trader_gui.domain.symbol import SymbolRules, snap
from trader_gui.domain.ticket import OrderKind
from trader_gui.models.exit_draft import ExitAssessment, ExitDraft, LevelUnit, level_value, level_way
from trader_gui.models.ticket_records import Field
from trader_gui.risk.order_kinds import CALLBACK_STEP
from trader_gui.widgets.fields import ChoiceButton, SegmentBar
from trader_gui.widgets.format import price
from trader_gui.widgets.number_field import NumberField
from trader_gui.widgets.ticket_fields import lay_side_by_side
from trader_gui.widgets.ticket_words import problem_messages

_KINDS = ((OrderKind.STOP, "Stop"), (OrderKind.TAKE_PROFIT, "Target"), (OrderKind.TRAILING, "Trailing stop"))
_TRIGGERS = ((WorkingType.CONTRACT_PRICE, "By last price"), (WorkingType.MARK_PRICE, "By mark price"))
_UNITS = (
    (LevelUnit.PRICE, "price", "Price"),
    (LevelUnit.DISTANCE, "away", "Distance from the entry"),
    (LevelUnit.PERCENT, "%", "Percent from the entry"),
)
_WHOLE, _PART = "whole", "part"
_PARTS = (25, 50, 75)
_PERCENT_STEP = Decimal("0.1")


class ExitFields(QWidget):
    """What is typed and chosen of an exit.

    Attributes:
        kind, trigger_by, size_choice: The choices.
        level, callback, activation, size_field: The numbers.

    Signals:
        edited: Something is another one now.
    """

    edited = Signal()

    def __init__(self, position: Position, rules: SymbolRules, kind: OrderKind) -> None:
        super().__init__()
        self._rules = rules
        self._entry = position.entry_price
        self._held = abs(position.position_amount)
        self._price: Decimal | None = None
        self._way = 1
        self.unit = LevelUnit.PRICE
        self.kind = SegmentBar("Kind", [(k.value, text) for k, text in _KINDS])
        self.kind.set_value(kind.value)
        self._unit_choice = ChoiceButton("Level as", kind="unit")
        self._unit_choice.set_entries([(unit.value, text) for unit, _, text in _UNITS])
        self.level = NumberField("Level", choice=self._unit_choice)
        self.callback = NumberField("Callback", is_narrow=True)
        self.activation = NumberField("Activation", is_narrow=True)
        self.trigger_by = SegmentBar("Trigger", [(t.value, text) for t, text in _TRIGGERS])
        self.size_choice = SegmentBar("How much", [(_WHOLE, "Whole position"), (_PART, "A part")])
        self.size_field = NumberField("Size")
        self._parts = QWidget()
        self._trailing = QWidget()
        self._build()
        self._connect()
        self._show_unit()
        self._show_kind()

    @property
    def draft(self) -> ExitDraft:
        """What is typed and chosen."""
        return ExitDraft(
            kind=OrderKind(self.kind.value),
            level_text=self.level.text,
            unit=self.unit,
            callback_text=self.callback.text,
            activation_text=self.activation.text,
            working_type=WorkingType(self.trigger_by.value),
            size_text=self.size_field.text if self.size_choice.value == _PART else None,
        )

    def take_focus(self) -> None:
        """Put the cursor where the level is typed."""
        is_trailing = self.kind.value == OrderKind.TRAILING
        field = self.callback if is_trailing else self.level
        field.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_judged(self, judged: ExitAssessment, position: Position, rules: SymbolRules) -> None:
        """Show what is wrong, and where a level lies that is typed as a distance."""
        self._entry, self._held = position.entry_price, abs(position.position_amount)
        draft = self.draft
        self._price, self._way = judged.trigger_price, level_way(draft.kind, position)
        fields = {
            Field.TRIGGER: self.level,
            Field.CALLBACK: self.callback,
            Field.ACTIVATION: self.activation,
            Field.SIZE: self.size_field,
        }
        for name, field in fields.items():
            field.set_messages(problem_messages(judged.problems, name))
        at = price(judged.trigger_price, rules.price_decimals)
        self.level.set_hint(f"= {at}" if draft.unit is not LevelUnit.PRICE else f"tick {rules.tick_size.normalize():f}")

    def _build(self) -> None:
        rules = self._rules
        self.callback.set_increment(CALLBACK_STEP * 100, 1)
        self.callback.set_unit("%")
        self.activation.set_increment(rules.tick_size, rules.price_decimals)
        self.activation.set_placeholder("at once")
        step = rules.market_step_size or rules.step_size
        self.size_field.set_increment(step, rules.quantity_decimals)
        self.size_field.set_unit(rules.base_asset)
        self.size_field.set_hint(f"step {step.normalize():f}")
        lay_side_by_side(self._trailing, self.callback, self.activation)
        row = QHBoxLayout(self._parts)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for percent in _PARTS:
            button = QPushButton(f"{percent} %")
            button.setAutoDefault(False)
            button.setAccessibleName(f"{percent} percent of the position")
            button.clicked.connect(lambda _checked=False, p=percent: self._put_part(p))
            row.addWidget(button, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for part in (
            self.kind,
            self.level,
            self._trailing,
            self.trigger_by,
            self.size_choice,
            self.size_field,
            self._parts,
        ):
            column.addWidget(part)

    def _connect(self) -> None:
        for field in (self.level, self.callback, self.activation, self.size_field):
            field.edited.connect(self.edited)
        for bar in (self.kind, self.trigger_by, self.size_choice):
            bar.chosen.connect(self._show_kind)
        self._unit_choice.chosen.connect(self._on_unit)

    def _show_kind(self) -> None:
        is_trailing = self.kind.value == OrderKind.TRAILING
        self.level.setHidden(is_trailing)
        self._trailing.setHidden(not is_trailing)
        is_part = self.size_choice.value == _PART
        self.size_field.setHidden(not is_part)
        self._parts.setHidden(not is_part)
        if is_part and not self.size_field.text:
            self._put_part(50)
        self.edited.emit()

    def _on_unit(self, key: str) -> None:
        """Count in another unit; a level that lies where it did is told in it, one that cannot be is taken out."""
        unit, at = LevelUnit(key), self._price
        if unit is self.unit:
            return
        had_text = bool(self.level.text)
        self.unit = unit
        self._show_unit()
        told = None if at is None or not had_text else level_value(unit, at, self._way, self._entry)
        if told:
            self.level.set_value(told)
        else:
            self.level.edit.clear()
        self.edited.emit()

    def _show_unit(self) -> None:
        self._unit_choice.set_value(self.unit.value, {unit: word for unit, word, _ in _UNITS}[self.unit])
        if self.unit is LevelUnit.PERCENT:
            self.level.set_increment(_PERCENT_STEP, 2)
        else:
            self.level.set_increment(self._rules.tick_size, self._rules.price_decimals)

    def _put_part(self, percent: int) -> None:
        """Put a part of the position in, rounded up to the step."""
        step = self._rules.market_step_size or self._rules.step_size
        most = snap(self._held, step, ROUND_DOWN)
        self.size_field.set_value(min(most, snap(self._held * percent / 100, step, ROUND_UP)))
