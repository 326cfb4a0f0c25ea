"""The fields of the order ticket that belong together: prices of each kind of order, stop and target, size."""

from decimal import Decimal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from trader_gui.domain.order import PriceMatch, WorkingType
from trader_gui.domain.symbol import SymbolRules
from trader_gui.domain.ticket import ExitText, ExitUnit, OrderKind, SizeUnit
from trader_gui.models.ticket_records import Field
from trader_gui.risk.order_kinds import CALLBACK_STEP
from trader_gui.widgets.fields import ChoiceButton, SegmentBar
from trader_gui.widgets.format import price
from trader_gui.widgets.number_field import NumberField

TRIGGERS = ((WorkingType.CONTRACT_PRICE, "last", "Last price"), (WorkingType.MARK_PRICE, "mark", "Mark price"))
_TYPED = "typed"
_OTHER_SIDE = "other side"
MATCHES: tuple[tuple[PriceMatch, str, str], ...] = (
    (PriceMatch.OPPONENT, _OTHER_SIDE, "Other side's best price"),
    (PriceMatch.OPPONENT_5, f"{_OTHER_SIDE} 5", "Other side's 5th price"),
    (PriceMatch.QUEUE, "queue", "Own side's best price"),
    (PriceMatch.QUEUE_5, "queue 5", "Own side's 5th price"),
    (PriceMatch.QUEUE_10, "queue 10", "Own side's 10th price"),
    (PriceMatch.QUEUE_20, "queue 20", "Own side's 20th price"),
)
"""What the menu offers: the venue has switched the other side's 10th and 20th price off."""

_MATCH_WORDS = {match: short for match, short, _ in MATCHES}
_EXIT_UNITS = ((ExitUnit.DISTANCE, "away", "Distance from the entry"), (ExitUnit.PRICE, "price", "Price"))
_CALLBACK_PERCENT = CALLBACK_STEP * 100


def match_words(match: PriceMatch) -> str:
    """Return a price match in few words: `queue 5`."""
    return _MATCH_WORDS.get(match, match.value.lower().replace("_", " "))


class PriceFields(QWidget):
    """The one or two prices that an order's kind needs, in one row.

    Attributes:
        trigger, callback, activation, limit: The fields; `limit` is an order's price, `trigger` what it waits for.
        price_match: Where the venue shall take the limit price from; None while it is typed.
        working_type: Which price is waited for.

    Signals:
        edited: A field's text changed.
        chosen: One of the two choices changed.
    """

    edited = Signal()
    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.price_match: PriceMatch | None = None
        self.working_type = WorkingType.CONTRACT_PRICE
        self._is_narrow = True
        self.match_choice = ChoiceButton("Price from", kind="unit")
        self.match_choice.set_entries([(_TYPED, "Typed price"), *((m.value, text) for m, _, text in MATCHES)])
        self.trigger_choice = ChoiceButton("Trigger by", kind="unit")
        self.follow_choice = ChoiceButton("Follow", kind="unit")
        for choice in (self.trigger_choice, self.follow_choice):
            choice.set_entries([(t.value, text) for t, _, text in TRIGGERS])
            choice.chosen.connect(self._on_working_type)
        self.trigger = NumberField("Trigger", choice=self.trigger_choice, is_narrow=True)
        self.callback = NumberField("Callback %", choice=self.follow_choice, is_narrow=True)
        self.activation = NumberField("Activation", is_narrow=True)
        self.limit = NumberField("Price", choice=self.match_choice, is_narrow=True)
        self.activation.set_placeholder("at once")
        self.callback.set_increment(_CALLBACK_PERCENT, 1)
        self.match_choice.chosen.connect(self._on_match)
        lay_side_by_side(self, *self.fields.values())
        for field in self.fields.values():
            field.edited.connect(self.edited)
        self._show_choices("", is_narrow=True)

    @property
    def fields(self) -> dict[Field, NumberField]:
        """The fields by the name that problems give them."""
        return {
            Field.TRIGGER: self.trigger,
            Field.CALLBACK: self.callback,
            Field.ACTIVATION: self.activation,
            Field.PRICE: self.limit,
        }

    def show_kind(self, kind: OrderKind, quote_asset: str) -> None:
        """Show what a kind needs; two fields share the row and leave their steppers out."""
        shown = {
            Field.TRIGGER: kind.has_trigger,
            Field.CALLBACK: kind is OrderKind.TRAILING,
            Field.ACTIVATION: kind is OrderKind.TRAILING,
            Field.PRICE: kind.has_limit,
        }
        is_narrow = sum(shown.values()) > 1
        for name, field in self.fields.items():
            field.setVisible(shown[name])
            field.set_narrow(is_narrow)
        self.setVisible(any(shown.values()))
        self._show_choices(quote_asset, is_narrow=is_narrow)

    def set_choices(self, working_type: WorkingType, price_match: PriceMatch | None) -> None:
        """Put both choices in, without a signal."""
        self.working_type, self.price_match = working_type, price_match

    def set_rules(self, rules: SymbolRules) -> None:
        """Take the tick of a symbol."""
        for field in (self.trigger, self.activation, self.limit):
            field.set_increment(rules.tick_size, rules.price_decimals)
        for field in (self.trigger, self.limit):
            field.set_hint(f"tick {rules.tick_size.normalize():f}")

    def show_expected(self, expected: Decimal | None, decimals: int) -> None:
        """Say about where a price that the venue finds would lie."""
        has_room = self.price_match is not None and not self._is_narrow
        self.limit.set_placeholder(f"≈ {price(expected, decimals)}" if has_room else "")

    def _show_choices(self, quote_asset: str, *, is_narrow: bool) -> None:
        short = {working_type: word for working_type, word, _ in TRIGGERS}[self.working_type]
        for choice in (self.trigger_choice, self.follow_choice):
            choice.set_value(self.working_type.value, short if is_narrow else f"by {short}")
        match = self.price_match
        self._is_narrow = is_narrow
        words = quote_asset if match is None else match_words(match)
        if is_narrow:
            words = "" if match is None else words.replace(_OTHER_SIDE, "other")
        self.match_choice.set_value(match.value if match else _TYPED, words)
        self.limit.edit.setEnabled(match is None)

    def _on_working_type(self, key: str) -> None:
        self.working_type = WorkingType(key)
        self.chosen.emit()

    def _on_match(self, key: str) -> None:
        self.price_match = None if key == _TYPED else PriceMatch(key)
        if self.price_match is not None:
            self.limit.edit.clear()
        self.chosen.emit()


def lay_side_by_side(holder: QWidget, *fields: NumberField) -> None:
    """Put narrow fields side by side into a widget, and the messages of each below them all, over the whole width."""
    row = QHBoxLayout()
    row.setSpacing(8)
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addLayout(row)
    for field in fields:
        row.addWidget(field, 1)
        column.addWidget(field.messages)


class ExitField(NumberField):
    """A stop or a target: how far away, or at which price; the resulting other one stands at the label's right.

    Attributes:
        unit: What the number counts.
    """

    def __init__(self, name: str) -> None:
        self._unit_choice = ChoiceButton(f"{name} as", kind="unit")
        self._unit_choice.set_entries([(unit.value, text) for unit, _, text in _EXIT_UNITS])
        super().__init__(name, choice=self._unit_choice, is_narrow=True)
        self.unit = ExitUnit.DISTANCE
        self.set_placeholder("none")
        self._unit_choice.chosen.connect(self._on_unit)
        self._entry: Decimal | None = None
        self._level: Decimal | None = None
        self._show_unit()

    @property
    def typed(self) -> ExitText:
        """What is typed."""
        return ExitText(self.text.strip(), self.unit)

    def set_typed(self, typed: ExitText) -> None:
        """Put a stop or target in."""
        self.unit = typed.unit
        self._show_unit()
        self.edit.setText(typed.text)

    def show_level(self, level: Decimal | None, entry: Decimal | None, decimals: int) -> None:
        """Say where the exit lies for an entry at `entry`; a typed price is told as its distance."""
        self._entry, self._level = entry, level
        told = level
        if level is not None and self.unit is ExitUnit.PRICE:
            told = abs(level - entry) if entry is not None else None
        text = price(told, decimals)
        self.set_hint(
            "" if not self.text else text if told is None or self.unit is ExitUnit.DISTANCE else f"{text} away"
        )

    def _on_unit(self, key: str) -> None:
        """Count in the other unit; what lies where it did is told in it, what cannot be told is taken out."""
        unit = ExitUnit(key)
        if unit is self.unit:
            return
        level, entry = self._level, self._entry
        self.unit = unit
        self._show_unit()
        if not self.text:
            return
        told = level if unit is ExitUnit.PRICE else abs(level - entry) if level is not None and entry else None
        if told:
            self.set_value(told)
        else:
            self.edit.clear()

    def _show_unit(self) -> None:
        self._unit_choice.set_value(self.unit.value, {unit: word for unit, word, _ in _EXIT_UNITS}[self.unit])


class ExitFields(QWidget):
    """Stop and target, side by side.

    Attributes:
        stop, target: The two.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stop, self.target = ExitField("Stop loss"), ExitField("Take profit")
        lay_side_by_side(self, self.stop, self.target)


class SizeFields(QWidget):
    """The size, and what it counts.

    Attributes:
        field: The number.
        units: The four segments; a size by risk counts in money or in percent of equity.
        unit: What the number counts.

    Signals:
        edited: The text changed.
        unit_chosen: (SizeUnit value) wanted by the user; nothing is changed until `set_unit`.
    """

    edited = Signal()
    unit_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.unit = SizeUnit.BASE
        self._risk_unit = SizeUnit.RISK
        self.risk_choice = ChoiceButton("Risk in", kind="unit")
        self.field = NumberField("Size", choice=self.risk_choice)
        shown = {SizeUnit.BASE: "Base", SizeUnit.QUOTE: "Quote", SizeUnit.PERCENT: "%", SizeUnit.RISK: "Risk"}
        self.units = SegmentBar("Size in", [(unit.value, text) for unit, text in shown.items()])
        self.field.edited.connect(self.edited)
        self.units.chosen.connect(self._on_segment)
        self.risk_choice.chosen.connect(self.unit_chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.field)
        column.addWidget(self.units)

    def set_unit(self, unit: SizeUnit, rules: SymbolRules, *, reduces: bool) -> None:
        """Count in a unit; a percentage is of the position when the order only reduces."""
        self.unit = unit
        if unit.is_risk:
            self._risk_unit = unit
        self.units.set_value(SizeUnit.RISK if unit.is_risk else unit)
        of = "% pos." if reduces else "% avail."
        texts = {SizeUnit.BASE: rules.base_asset, SizeUnit.QUOTE: rules.quote_asset, SizeUnit.PERCENT: of}
        for segment, text in (texts | {SizeUnit.RISK: "Risk"}).items():
            self.units.button(segment).setText(text)
            self.units.button(segment).setAccessibleName(f"Size in {text}")
        is_base = unit is SizeUnit.BASE
        self.field.set_increment(rules.step_size if is_base else Decimal(1), rules.quantity_decimals if is_base else 2)
        of_equity = {SizeUnit.RISK: rules.quote_asset, SizeUnit.RISK_PERCENT: "% of equity"}
        self.risk_choice.set_entries([(u.value, f"Loss at the stop in {text}") for u, text in of_equity.items()])
        self.risk_choice.set_value(unit.value, (texts | of_equity)[unit])
        self.risk_choice.setEnabled(unit.is_risk)

    def _on_segment(self, key: str) -> None:
        self.unit_chosen.emit(self._risk_unit.value if SizeUnit(key) is SizeUnit.RISK else key)
