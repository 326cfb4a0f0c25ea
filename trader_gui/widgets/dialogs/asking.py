"""AskingDialog: when which kind of order is asked about before it is sent."""

from decimal import Decimal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from trader_gui.domain.ticket import AskKind, AskLimits, AskRules, AskWhen
from trader_gui.models.ticket_asking import GUARD
from trader_gui.widgets.dialogs.frame import ProfileDialog, main_button, rule
from trader_gui.widgets.fields import Message, SegmentBar, label
from trader_gui.widgets.number_field import NumberField

_KINDS = {
    AskKind.LIMIT: "Limit orders",
    AskKind.MARKET: "Market orders",
    AskKind.STOP: "Stops, targets, trailing",
    AskKind.CLOSE: "Closing orders",
    AskKind.DRAG: "Lines moved on the chart",
}
_WHENS = ((AskWhen.ALWAYS, "Always"), (AskWhen.ABOVE_LIMITS, "Above limits"), (AskWhen.NEVER, "Never"))
_PERCENT = Decimal(100)


class AskingDialog(ProfileDialog):
    """A rule for each kind, and the limits above which it asks.

    Signals:
        saved: The new `AskRules`.
    """

    saved = Signal(object)

    def __init__(self, rules: AskRules, profile_name: str, parent: QWidget | None = None) -> None:
        super().__init__(profile_name, "Confirmations", parent)
        self.setMinimumWidth(460)
        self.bars: dict[AskKind, SegmentBar] = {}
        self.usual = NumberField("Size, times the usual", is_narrow=True)
        self.equity = NumberField("Worth, % of equity", is_narrow=True)
        self.mark = NumberField("Price, % from mark", is_narrow=True)
        self.save_button = main_button("Save", "primary")
        self._build_body(rules)

    def _build_body(self, rules: AskRules) -> None:
        self.body.addWidget(label("Ask before sending", "head"))
        grid = QGridLayout()
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for index, (kind, name) in enumerate(_KINDS.items()):
            bar = self.bars[kind] = SegmentBar(f"Ask about {name.lower()}", [(w.value, text) for w, text in _WHENS])
            bar.set_value(rules.when(kind).value)
            grid.addWidget(label(name, "body"), index, 0)
            grid.addWidget(bar, index, 1)
        self.body.addLayout(grid)
        self.body.addWidget(rule())
        self.body.addWidget(label("Limits", "head"))
        row = QHBoxLayout()
        row.setSpacing(8)
        limits = rules.limits
        for field, value, step in (
            (self.usual, limits.usual_multiple, Decimal(1)),
            (self.equity, limits.equity_fraction * _PERCENT, Decimal(10)),
            (self.mark, limits.mark_fraction * _PERCENT, Decimal("0.1")),
        ):
            field.set_increment(step, 0)
            field.set_value(value.normalize() if value % 1 else value.to_integral_value())
            field.edited.connect(self._show)
            row.addWidget(field, 1)
        self.body.addLayout(row)
        self.body.addWidget(label("A stop that is loosened on the chart counts as above the limits.", "small"))
        note = label(_guard_words(), "small")
        note.setWordWrap(True)
        self.body.addWidget(note)
        self.body.addStretch(1)
        self.save_button.clicked.connect(self._save)
        self.buttons.addWidget(self.save_button, 1)

    def _show(self) -> None:
        is_right = self._limits() is not None
        self.say([] if is_right else [Message("Every limit is a number above zero.", "danger")])
        self.save_button.setEnabled(is_right)

    def _limits(self) -> AskLimits | None:
        usual, equity, mark = (field.value for field in (self.usual, self.equity, self.mark))
        if not (usual and equity and mark):
            return None
        return AskLimits(usual, equity / _PERCENT, mark / _PERCENT)

    def _save(self) -> None:
        limits = self._limits()
        if limits is None:
            return
        chosen = {kind.value: AskWhen(bar.value) for kind, bar in self.bars.items()}
        self.accept()
        self.saved.emit(AskRules(**chosen, limits=limits))


def _guard_words() -> str:
    """Return what is asked about whatever is chosen."""
    equity, mark = GUARD.equity_fraction * _PERCENT, GUARD.mark_fraction * _PERCENT
    return (
        f"Asked about in any case: a size above {GUARD.usual_multiple:f} times the usual, an order worth more than "
        f"{equity:f} % of the equity, a price more than {mark.normalize():f} % from the mark price, the first order "
        "after a change of leverage, and with real money the first order of the day."
    )
