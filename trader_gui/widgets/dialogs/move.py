"""MoveDialog: an order's line moved on the chart, with what it leads to, before the exchange is asked."""

import html
from collections.abc import Callable, Sequence
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget

from trader_gui.domain.order import Origin, Side
from trader_gui.domain.step import Refusal
from trader_gui.domain.symbol import SymbolRules
from trader_gui.i18n import refusal_words
from trader_gui.models.series_lines import LineKind, OrderLine
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_asking import AskReason
from trader_gui.models.ticket_math import net_pnl
from trader_gui.models.ticket_records import TicketFacts
from trader_gui.widgets.chart.line_layer import line_word
from trader_gui.widgets.dialogs.frame import ProfileDialog, main_button, rule
from trader_gui.widgets.fields import Message, label
from trader_gui.widgets.format import DASH, money, number, percent, price, quantity
from trader_gui.widgets.theme import set_style_property
from trader_gui.widgets.ticket_words import ask_messages

_ROWS = {"from": "From", "to": "To", "moved": "Moved by", "distance": "From the mark price"}
_RESULTS = {"result_now": "Result where it is", "result_then": "Result after the move"}
_SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
_ENGINES = "by the engine, which leaves it there and keeps its own exits"
_GONE = "order_closed"


class MoveDialog(ProfileDialog):
    """Shows from where to where, and what the order brings at both; nothing is sent before it is agreed to.

    Signals:
        agreed: (ask no more) when the user wants the move.
    """

    agreed = Signal(bool)

    def __init__(
        self,
        model: TicketModel,
        before: OrderLine,
        after: OrderLine,
        refusal: Callable[[], Refusal | None],
        profile_name: str,
        parent: QWidget | None = None,
        *,
        reasons: Sequence[AskReason] = (),
    ) -> None:
        """Make the dialog.

        Args:
            model: Has facts of the order's symbol.
            before: The line as it is.
            after: As it would be.
            refusal: Tells why it cannot be moved there now.
            profile_name: As of the session.
            parent: The window that it is modal to.
            reasons: Why it is asked about.
        """
        super().__init__(profile_name, "Move this order?", parent, side_note=before.order.symbol)
        self.setMinimumWidth(380)
        self._model, self._before, self._after = model, before, after
        self._refusal, self._reasons = refusal, tuple(reasons)
        self._values: dict[str, QLabel] = {}
        self.ask_no_more = QCheckBox("Do not ask again for lines moved on the chart within the limits")
        self.ask_no_more.setToolTip("To be asked again: ticket menu, Confirmations…")
        self.ask_no_more.setVisible(any(reason.code == "always" for reason in reasons))
        self.move_button = main_button("", "buy" if before.side is Side.BUY else "sell")
        self._build_body()
        model.changed.connect(self.look)
        self.look()

    def _build_body(self) -> None:
        self._sentence, self._what = label("", "title"), label("", "small")
        for words in (self._sentence, self._what):
            words.setWordWrap(True)
            self.body.addWidget(words)
        self.body.addWidget(rule())
        grid = QGridLayout()
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        rows = _ROWS if self._before.entry_price is None else _ROWS | _RESULTS
        for index, (row, name) in enumerate(rows.items()):
            self._values[row] = label(DASH, "figure")
            grid.addWidget(label(name, "body"), index, 0)
            grid.addWidget(self._values[row], index, 1, Qt.AlignmentFlag.AlignRight)
        self.body.addLayout(grid)
        self.body.addWidget(self.ask_no_more)
        self.body.addStretch(1)
        self.move_button.clicked.connect(self._agree)
        self.buttons.addWidget(self.move_button, 1)

    def look(self) -> None:
        """Work the figures out anew; what has become impossible cannot be agreed to, and an order that is over goes."""
        facts, refusal = self._model.facts, self._refusal()
        if self.result():
            return
        if facts is None or facts.rules.symbol != self._before.order.symbol or (refusal and refusal.code == _GONE):
            self.reject()
            return
        self._show_words(facts.rules)
        for row, (text, tone) in self._figures(facts).items():
            if row in self._values:
                self._values[row].setText(text)
                set_style_property(self._values[row], "tone", "text3" if refusal is not None else tone)
        notes = ask_messages(self._reasons)
        self.say([*notes, Message(html.escape(refusal_words(refusal)), "danger")] if refusal is not None else notes)
        self.move_button.setEnabled(refusal is None)

    def _show_words(self, rules: SymbolRules) -> None:
        before = self._before
        to = price(self._after.price, rules.price_decimals)
        size = f"{quantity(before.quantity, rules.quantity_decimals)} {rules.base_asset}"
        self._sentence.setText(f"{line_word(before)} to {to}")
        keeps = before.origin is Origin.ENGINE and before.kind is not LineKind.LIMIT
        self._what.setText(f"{_SIDES[before.side]} {size}{f' · {_ENGINES}' if keeps else ''}")
        self.move_button.setText(f"Move to {to}")
        self.move_button.setAccessibleName(f"Move the order to {to}")

    def _figures(self, facts: TicketFacts) -> dict[str, tuple[str, str]]:
        decimals, old, new = facts.rules.price_decimals, self._before.price, self._after.price
        moved = f"{number(new - old, decimals, sign=True)} ({percent(new / old - 1)})"
        mark = facts.mark_price
        return {
            "from": (price(old, decimals), ""),
            "to": (price(new, decimals), ""),
            "moved": (moved, ""),
            "distance": (DASH if not mark else percent(new / mark - 1), ""),
            "result_now": self._result(facts, self._before),
            "result_then": self._result(facts, self._after),
        }

    def _result(self, facts: TicketFacts, line: OrderLine) -> tuple[str, str]:
        """Return what the position's part brings there, both fees counted as a taker's, and how much of the equity."""
        result = _net_result(facts, line)
        if result is None:
            return DASH, ""
        of_equity = f" ({percent(result / facts.equity)} of equity)" if facts.equity else ""
        return f"{money(result)} {facts.rules.quote_asset}{of_equity}", "up" if result > 0 else "down"

    def _agree(self) -> None:
        """Agree, unless the press came too soon after the dialog appeared."""
        if not self.is_settled() or self._refusal() is not None:
            return
        self.move_button.setEnabled(False)
        self.accept()
        self.agreed.emit(self.ask_no_more.isChecked())


def _net_result(facts: TicketFacts, line: OrderLine) -> Decimal | None:
    held, taker = facts.for_closing((line.order.symbol, line.order.position_side)), facts.taker_fraction
    if held is None or held.position is None or taker is None or line.entry_price is None:
        return None
    amount, entry = held.position_amount, line.entry_price
    closes = min(line.quantity, abs(amount))
    return net_pnl(closes if amount > 0 else -closes, entry, line.price, closes * entry * taker, taker)
