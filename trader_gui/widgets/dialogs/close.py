"""CloseDialog: close a position, or a part of it, at market or by a limit; its orders can only reduce."""

import html
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QWidget

from trader_gui.domain.account import PositionKey
from trader_gui.domain.order import OrderIntent, Side
from trader_gui.domain.ticket import OrderKind
from trader_gui.i18n import words
from trader_gui.models.close_part import part_quantity
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_asking import Reasons
from trader_gui.models.ticket_checks import assess
from trader_gui.models.ticket_prices import market_price
from trader_gui.models.ticket_records import Assessment, Field, TicketDraft, TicketFacts
from trader_gui.widgets.dialogs.frame import ProfileDialog, main_button, rule
from trader_gui.widgets.fields import Message, SegmentBar, label
from trader_gui.widgets.format import DASH, price
from trader_gui.widgets.number_field import NumberField
from trader_gui.widgets.order_preview import position_words, preview_words
from trader_gui.widgets.theme import set_style_property
from trader_gui.widgets.ticket_words import ask_messages, problem_messages

_PARTS = (25, 50, 75, 100)
_HOW = ((OrderKind.MARKET, "At market"), (OrderKind.LIMIT, "By limit"))
_ROWS = {
    "at": "Price",
    "notional": "Notional",
    "fee": "Fee",
    "position_after": "Position after",
    "closing_pnl": "Result, about",
}


class CloseDialog(ProfileDialog):
    """The size to close and what it leads to; the whole position at market unless the user asks for something else.

    Positions of every symbol and leg can be closed; figures are told of the session's own symbol, whose prices are
    watched.

    Signals:
        close_requested: (size) how much of the position is to be closed at market, base asset.
        limit_requested: (OrderIntent) the reduce-only limit order that is to close it.
    """

    close_requested = Signal(object)
    limit_requested = Signal(object)

    def __init__(
        self,
        model: TicketModel,
        key: PositionKey,
        profile_name: str,
        parent: QWidget | None = None,
        *,
        kind: OrderKind = OrderKind.MARKET,
        part: int = 100,
        reasons: Reasons = lambda intent, expected, facts: (),
    ) -> None:
        """Make the dialog for one position.

        Args:
            model: Has facts.
            key: The position.
            profile_name: As of the session.
            parent: The window that it is modal to.
            kind: MARKET or LIMIT, chosen at first.
            part: Percent of the position that is put in.
            reasons: What the ticket's rules say of an order.

        Raises:
            ValueError: The ticket has no facts yet, or knows of no such position.
        """
        super().__init__(profile_name, "Close this position?", parent)
        self._model = model
        self._key = key
        self._reasons = reasons
        facts = self._facts
        if facts is None:
            raise ValueError("there is no such position to close")
        self.setMinimumWidth(346)
        self._judged: Assessment | None = None
        self._position = label("", "title")
        self.how = SegmentBar("Close", [(k.value, text) for k, text in _HOW])
        self.how.set_value(kind.value)
        self.price_field = NumberField("Limit price")
        self.size_field = NumberField("Size to close")
        self._values: dict[str, QLabel] = {}
        self._names: dict[str, QLabel] = {}
        self.send_button = main_button("Close at market")
        self._build_body(facts)
        model.changed.connect(self._judge)
        self.how.chosen.connect(self._on_how)
        for field in (self.price_field, self.size_field):
            field.edited.connect(self._judge)
        self._put_part(part)
        self._on_how()

    @property
    def _facts(self) -> TicketFacts | None:
        return self._model.facts.for_closing(self._key) if self._model.facts is not None else None

    def _build_body(self, facts: TicketFacts) -> None:
        self.size_field.set_increment(_step(facts), facts.rules.quantity_decimals)
        self.size_field.set_unit(facts.rules.base_asset)
        self.size_field.set_hint(f"step {_step(facts).normalize():f}")
        self.price_field.set_increment(facts.rules.tick_size, facts.rules.price_decimals)
        self.price_field.set_unit(facts.rules.quote_asset)
        self.body.addWidget(self._position)
        self.body.addWidget(self.how)
        self.body.addWidget(self.price_field)
        self._best = self._best_buttons()
        self.body.addWidget(self._best)
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
            self._names[row] = label(name, "body")
            grid.addWidget(self._names[row], index, 0)
            grid.addWidget(self._values[row], index, 2, Qt.AlignmentFlag.AlignRight)
        self.body.addLayout(grid)
        self.body.addStretch(1)
        self.send_button.clicked.connect(self._send)
        self.buttons.addWidget(self.send_button, 1)

    def _best_buttons(self) -> QWidget:
        """Return the two best prices: to rest first in line, or to trade at once."""
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for side, name in ((Side.BUY, "Best bid"), (Side.SELL, "Best ask")):
            button = QPushButton(name)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, s=side: self._put_best(s))
            row.addWidget(button, 1)
        return holder

    def _put_best(self, side: Side) -> None:
        """Put the best price of a side of the book in, where there is one."""
        facts = self._facts
        best = market_price(facts, side.opposite) if facts is not None else None
        if best is not None:
            self.price_field.set_value(best)

    def _on_how(self) -> None:
        """Show the price where there is one; a first one is that which rests first in line."""
        is_limit = self.how.value == OrderKind.LIMIT
        self.price_field.setHidden(not is_limit)
        self._best.setHidden(not is_limit)
        facts = self._facts
        if is_limit and not self.price_field.text and facts is not None:
            self._put_best(Side.SELL if facts.position_amount > 0 else Side.BUY)
        self._judge()
        self.grow()

    def _put_part(self, percent: int) -> None:
        """Put a part of the position in."""
        facts = self._facts
        if facts is not None:
            self.size_field.set_value(part_quantity(facts, percent))

    def _judge(self) -> None:
        facts = self._facts
        if self.result():
            return
        if facts is None:
            self._show_gone()
            return
        side = Side.SELL if facts.position_amount > 0 else Side.BUY
        kind = OrderKind(self.how.value)
        draft = TicketDraft(
            kind=kind,
            price_text=self.price_field.text,
            size_text=self.size_field.text,
            reduce_only=True,
            is_split=kind is OrderKind.MARKET,
        )
        judged = self._judged = assess(draft, facts, side)
        self.price_field.set_messages(problem_messages(judged.problems, Field.PRICE))
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
        is_limit = self.how.value == OrderKind.LIMIT
        told["fee"] = told.get("fees" if is_limit else "fee_taker", (DASH, ""))
        self._names["fee"].setText("Fee, maker / taker" if is_limit else "Fee, taker")
        for row, value in self._values.items():
            text, tone = told.get(row, (DASH, ""))
            value.setText(text)
            set_style_property(value, "tone", tone if facts.feed_is_live else "text3")

    def _show_state(self, judged: Assessment, facts: TicketFacts) -> None:
        notes = problem_messages(judged.problems, Field.FLAGS)
        if judged.hold:
            notes.append(Message(html.escape(f"Held: {words('hold', judged.hold)}."), "warn"))
        elif not facts.feed_is_live:
            notes.append(Message(f"{_price_trouble(facts)} Closing is possible all the same.", "warn"))
        if judged.intent is not None:
            notes += ask_messages(self._reasons(judged.intent, judged.price, facts))
        self.say(notes)
        verb = "Sell" if judged.side is Side.SELL else "Buy"
        size = f" {judged.intent.quantity}" if judged.intent else ""
        how = "at market" if self.how.value == OrderKind.MARKET else _limit_words(judged.intent)
        self.send_button.setText(f"Close{size} {how}")
        self.send_button.setAccessibleName(f"{verb}{size} {how}, reduce-only")
        set_style_property(self.send_button, "kind", "sell" if judged.side is Side.SELL else "buy")
        self.send_button.setEnabled(judged.intent is not None)

    def _send(self) -> None:
        """Ask for what was judged last, unless the press came too soon after the dialog appeared."""
        intent = self._judged.intent if self._judged else None
        if intent is None or not self.is_settled():
            return
        self.send_button.setEnabled(False)
        self.accept()
        if intent.price is None:
            self.close_requested.emit(intent.quantity)
        else:
            self.limit_requested.emit(intent)


def _limit_words(intent: OrderIntent | None) -> str:
    return "by limit" if intent is None or intent.price is None else f"at {intent.price:,f}"


def _price_trouble(facts: TicketFacts) -> str:
    if facts.best_bid is None and facts.best_ask is None:
        return "The prices of this symbol are not followed."
    return "The prices shown are old."


def _step(facts: TicketFacts) -> Decimal:
    return facts.rules.market_step_size or facts.rules.step_size
