"""CloseDialog: close a position, or a part of it, at market; its orders can only reduce."""

import html
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QWidget

from trader_gui.domain.account import PositionKey
from trader_gui.domain.order import Side
from trader_gui.domain.symbol import snap
from trader_gui.domain.ticket import OrderKind
from trader_gui.i18n import words
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_checks import assess
from trader_gui.models.ticket_records import Assessment, Field, TicketDraft, TicketFacts
from trader_gui.widgets.dialogs.frame import ProfileDialog, main_button, rule
from trader_gui.widgets.fields import Message, label
from trader_gui.widgets.format import DASH, price
from trader_gui.widgets.number_field import NumberField
from trader_gui.widgets.order_preview import position_words, preview_words
from trader_gui.widgets.theme import set_style_property
from trader_gui.widgets.ticket_words import problem_messages

_PARTS = (25, 50, 75, 100)
_ROWS = {
    "at": "Best price now",
    "notional": "Notional",
    "fee_taker": "Fee, taker",
    "position_after": "Position after",
    "closing_pnl": "Result, about",
}


class CloseDialog(ProfileDialog):
    """The size to close and what it leads to; the whole position unless the user asks for less.

    Positions of every symbol and leg can be closed; figures are told of the session's own symbol, whose prices are
    watched.

    Signals:
        close_requested: (size) how much of the position is to be closed, base asset.
    """

    close_requested = Signal(object)

    def __init__(self, model: TicketModel, key: PositionKey, profile_name: str, parent: QWidget | None = None) -> None:
        """Make the dialog for one position.

        Raises:
            ValueError: The ticket has no facts yet, or knows of no such position.
        """
        super().__init__(profile_name, "Close this position?", parent)
        self._model = model
        self._key = key
        facts = self._facts
        if facts is None:
            raise ValueError("there is no such position to close")
        self.setMinimumWidth(346)
        self._judged: Assessment | None = None
        self._position = label("", "title")
        self.size_field = NumberField("Size to close")
        self._values: dict[str, QLabel] = {}
        self.send_button = main_button("Close at market")
        self._build_body(facts)
        model.changed.connect(self._judge)
        self.size_field.edited.connect(self._judge)
        self._put_part(100)
        self._judge()

    @property
    def _facts(self) -> TicketFacts | None:
        return self._model.facts.for_closing(self._key) if self._model.facts is not None else None

    def _build_body(self, facts: TicketFacts) -> None:
        self.size_field.set_increment(_step(facts), facts.rules.quantity_decimals)
        self.size_field.set_unit(facts.rules.base_asset)
        self.size_field.set_hint(f"step {_step(facts).normalize():f}")
        self.body.addWidget(self._position)
        self.body.addWidget(self.size_field)
        parts = QHBoxLayout()
        parts.setSpacing(4)
        for percent in _PARTS:
            button = QPushButton(f"{percent} %")
            button.setAutoDefault(False)
            button.setAccessibleName(f"Close {percent} percent")
            button.clicked.connect(lambda _checked=False, p=percent: self._put_part(p))
            parts.addWidget(button, 1)
        self.body.addLayout(parts)
        self.body.addWidget(rule())
        grid = QGridLayout()
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for index, (row, name) in enumerate(_ROWS.items()):
            self._values[row] = label(DASH, "figure")
            grid.addWidget(label(name, "body"), index, 0)
            grid.addWidget(self._values[row], index, 2, Qt.AlignmentFlag.AlignRight)
        self.body.addLayout(grid)
        self.body.addStretch(1)
        self.send_button.clicked.connect(self._send)
        self.buttons.addWidget(self.send_button, 1)

    def _put_part(self, percent: int) -> None:
        """Put a part of the position in, rounded up to the step, so that nothing too small to sell stays behind.

        What no order can carry, a rest below the step, is left out.
        """
        facts = self._facts
        if facts is None:
            return
        held = abs(facts.position_amount)
        most = snap(held, _step(facts), ROUND_DOWN)
        self.size_field.set_value(min(most, snap(held * percent / 100, _step(facts), ROUND_UP)))

    def _judge(self) -> None:
        facts = self._facts
        if self.result():
            return
        if facts is None:
            self._show_gone()
            return
        side = Side.SELL if facts.position_amount > 0 else Side.BUY
        draft = TicketDraft(kind=OrderKind.MARKET, size_text=self.size_field.text, reduce_only=True, is_split=True)
        judged = self._judged = assess(draft, facts, side)
        self.size_field.set_messages(problem_messages(judged.problems, Field.SIZE))
        self._show_figures(judged, facts)
        self._show_state(judged, facts)

    def _show_gone(self) -> None:
        self._judged = None
        self.say([Message("The position is closed already.", "info")])
        self.send_button.setEnabled(False)

    def _show_figures(self, judged: Assessment, facts: TicketFacts) -> None:
        entry = facts.position.entry_price if facts.position else None
        self._position.setText(f"{facts.rules.symbol} {position_words(facts.position_amount, entry, facts.rules)}")
        told = preview_words(judged.preview, facts.rules) if judged.preview else {}
        told["at"] = (price(judged.price, facts.rules.price_decimals), "")
        for row, value in self._values.items():
            text, tone = told.get(row, (DASH, ""))
            value.setText(text)
            set_style_property(value, "tone", tone if facts.feed_is_live else "text3")

    def _show_state(self, judged: Assessment, facts: TicketFacts) -> None:
        notes = problem_messages(judged.problems, Field.FLAGS)
        if judged.hold:
            notes.append(Message(html.escape(f"Held: {words('hold', judged.hold)}."), "warn"))
        elif not facts.feed_is_live:
            notes.append(Message("The prices shown are old. Closing is possible all the same.", "warn"))
        self.say(notes)
        verb = "Sell" if judged.side is Side.SELL else "Buy"
        size = judged.intent.quantity if judged.intent else None
        self.send_button.setText(f"Close {size} at market" if size is not None else "Close at market")
        self.send_button.setAccessibleName(f"{verb} {size if size is not None else ''} at market, reduce-only")
        set_style_property(self.send_button, "kind", "sell" if judged.side is Side.SELL else "buy")
        self.send_button.setEnabled(judged.intent is not None)

    def _send(self) -> None:
        """Ask for what was judged last, unless the press came too soon after the dialog appeared."""
        intent = self._judged.intent if self._judged else None
        if intent is None or not self.is_settled():
            return
        self.send_button.setEnabled(False)
        self.accept()
        self.close_requested.emit(intent.quantity)


def _step(facts: TicketFacts) -> Decimal:
    return facts.rules.market_step_size or facts.rules.step_size
