"""LineDrag: an order's line taken by its handle, moved, asked for at the exchange, and what came of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QEasingCurve, QObject, QPointF, QTimer, QVariantAnimation, Signal

from trader_gui.domain.order import Order, Origin
from trader_gui.domain.step import Refusal
from trader_gui.i18n import refusal_words
from trader_gui.models.line_moves import hold_refusal, move_refusal, price_at, trading_refusal
from trader_gui.models.series_lines import LineKind, OrderLine, line_at
from trader_gui.models.ticket_asking import AskReason, MoveReasons
from trader_gui.widgets.chart.labels import Run, chip_at
from trader_gui.widgets.chart.line_layer import Handle, Level, order_level
from trader_gui.widgets.chart.shadow import Look, Shadow
from trader_gui.widgets.theme import theme

if TYPE_CHECKING:
    from trader_gui.widgets.chart.chart_view import ChartView

GLIDE_MS = 240
NOTE_MS = 6_000
SETTLE_MS = 1_000
"""A line that was moved is drawn so long by what was asked for, until the account tells it."""

_ASKING = "asking the exchange…"
_NOT_SENT = "not sent yet"
_ENGINES = "the engine leaves it there, and keeps its own exits"


@dataclass
class _Drag:
    """A handle in the hand: the line as it is, the pixels from the hand down to it, and the price under it."""

    line: OrderLine
    offset: float
    price: Decimal


@dataclass
class _Asked:
    """A move that the exchange was asked for; `words` tell what came of it, "" while nobody knows."""

    line: OrderLine
    price: Decimal
    is_done: bool = False
    words: str = ""
    shown: Decimal | None = None


class LineDrag(QObject):
    """The lines of one chart, as the hand moves them.

    The line at the exchange is drawn where it is all the time; what is meant is drawn beside it, dashed while it is
    dragged, hatched while the exchange is asked. A refusal lets it glide back, and stays readable for a while.

    Attributes:
        reasons: Why a move is asked about before it is sent; without any it is sent at once.

    Signals:
        changed: Something else is to be drawn.
        question_raised: (OrderLine as it is, OrderLine as it would be, their `AskReason`s). Answer with `answer`; until
            then nothing is sent, and no other line is moved.
        move_requested: (Order, price as Decimal). Answer with `finish`.
        cancel_requested: (Order).
    """

    changed = Signal()
    question_raised = Signal(object, object, object)
    move_requested = Signal(object, object)
    cancel_requested = Signal(object)

    def __init__(self, view: "ChartView") -> None:
        super().__init__(view)
        self._view = view
        self._drag: _Drag | None = None
        self._asked: dict[str, _Asked] = {}
        self._question: tuple[OrderLine, Decimal] | None = None
        self.reasons: MoveReasons = lambda before, after, symbol, mark: ()

    @property
    def is_active(self) -> bool:
        """Whether a handle is in the hand."""
        return self._drag is not None

    # ---- mouse and keys --------------------------------------------------------------------------------------------

    def press(self, position: QPointF) -> bool:
        """Take hold of what lies under a pixel of the view; return whether there was a handle."""
        handle = self._view.handle_at(position)
        if handle is None or not isinstance(handle.level.line, OrderLine):
            return False
        line = handle.level.line
        if self.chip_under(handle, position) == "cancel":
            self.cancel_requested.emit(line.order)
            return True
        refusal = hold_refusal(line.order) or trading_refusal(self._view.series.symbol, self._view.series.quotes)
        if line.order.client_order_id in self._asked and not self._asked[line.order.client_order_id].words:
            refusal = Refusal("amend_in_flight")
        if refusal is not None:
            self._note(line, refusal_words(refusal))
        else:
            self._drag = _Drag(line, position.y() - handle.line_y, line.price)
        return True

    def move(self, position: QPointF) -> None:
        """The hand moved."""
        pane, drag, rules = self._view.klines, self._drag, self._view.series.rules
        if drag is None or pane.view is None or rules is None:
            return
        y = min(max(position.y() - drag.offset - pane.geometry().top(), 0.0), pane.view.height)
        drag.price = price_at(pane.view.value_at(y), rules)
        self.changed.emit()

    def release(self) -> None:
        """The hand let go: ask for the price, or say why it is not asked for."""
        drag, self._drag = self._drag, None
        if drag is not None:
            self.ask(drag.line, drag.price)

    def escape(self) -> bool:
        """Put a line back that is in the hand; return whether there was one."""
        was_active, self._drag = self.is_active, None
        if was_active:
            self.changed.emit()
        return was_active

    def chip_under(self, handle: Handle, position: QPointF) -> str:
        """Return the name of the button of a handle that lies under a pixel."""
        return chip_at(self._view.faces, handle.level.tag, handle.box, position)

    # ---- asking ----------------------------------------------------------------------------------------------------

    def ask(self, line: OrderLine, price: Decimal) -> None:
        """Ask for another price of a line; where the user's rules say so, ask the user first."""
        if price == line.price or self._question is not None:
            self.changed.emit()
            return
        reasons = self._reasons(line, price)
        if reasons:
            self._question = line, price
            self.changed.emit()
            self.question_raised.emit(line, self._line_at(line, price), reasons)
        else:
            self._send(line, price)

    def answer(self, *, is_agreed: bool) -> None:
        """Send the move that is asked about, or let the line be where it is."""
        question, self._question = self._question, None
        if question is not None and is_agreed:
            self._send(*question)
        else:
            self.changed.emit()

    def _reasons(self, line: OrderLine, price: Decimal) -> Sequence[AskReason]:
        """Return why the user is asked; what is refused anyway is not asked about."""
        series = self._view.series
        if series.rules is None or self.refusal(line, price) is not None:
            return ()
        return self.reasons(line, self._line_at(line, price), series.rules, series.quotes.mark)

    def _send(self, line: OrderLine, price: Decimal) -> None:
        """Ask the exchange, or say why it is not asked."""
        refusal = self.refusal(line, price)
        self._asked[line.order.client_order_id] = _Asked(line, price)
        if refusal is not None:
            self.finish(line.order, refusal_words(refusal))
        else:
            self.move_requested.emit(line.order, price)
            self.changed.emit()

    def finish(self, order: Order, refusal: str) -> None:
        """Say what became of a move: "" for done, else in words why the order stands where it stood."""
        asked = self._asked.get(order.client_order_id)
        if asked is None:
            return
        if refusal:
            asked.words = refusal
            self._glide(asked)
        else:
            asked.is_done = True
            QTimer.singleShot(SETTLE_MS, self, lambda: self._forget(asked))
            self.on_lines_changed()
        self.changed.emit()

    def on_lines_changed(self) -> None:
        """The account told its orders anew: what stands where it was asked for needs no shadow any more."""
        there = [(o.side, o.kind, o.price) for o in self._view.series.orders]
        for asked in tuple(self._asked.values()):
            if asked.is_done and (asked.line.side, asked.line.kind, asked.price) in there:
                self._forget(asked)
        if self._drag is not None and self._now(self._drag.line) is None:
            self._drag = None

    def refusal(self, line: OrderLine, price: Decimal) -> Refusal | None:
        """Return why an order, as it is known now, may not be moved to a price."""
        now = self._now(line)
        if now is None:
            return Refusal("order_closed")
        return move_refusal(now.order, price, self._view.series.quotes)

    def _now(self, line: OrderLine) -> OrderLine | None:
        """Return the line of the same order as it is told now; None when it is over."""
        key = line.order.client_order_id, line.order.order_family
        lines = self._view.series.orders
        return next((o for o in lines if (o.order.client_order_id, o.order.order_family) == key), None)

    def _forget(self, asked: _Asked) -> None:
        key = asked.line.order.client_order_id
        if self._asked.get(key) is asked:
            del self._asked[key]
            self.changed.emit()

    def _note(self, line: OrderLine, words: str) -> None:
        """Say something at a line, for a while."""
        asked = self._asked[line.order.client_order_id] = _Asked(line, line.price, words=words)
        QTimer.singleShot(NOTE_MS, self, lambda: self._forget(asked))
        self.changed.emit()

    def _glide(self, asked: _Asked) -> None:
        """Let the shadow go back to its line."""
        start, end = float(asked.price), float(asked.line.price)
        glide = QVariantAnimation(self)
        glide.setDuration(GLIDE_MS)
        glide.setEasingCurve(QEasingCurve.Type.OutCubic)
        glide.setStartValue(start)
        glide.setEndValue(end)
        glide.valueChanged.connect(lambda value: self._show_at(asked, value))
        glide.finished.connect(lambda: self._on_back(asked))
        glide.start(QVariantAnimation.DeletionPolicy.DeleteWhenStopped)

    def _show_at(self, asked: _Asked, value: float) -> None:
        rules = self._view.series.rules
        if rules is not None:
            asked.shown = price_at(value, rules)
            self.changed.emit()

    def _on_back(self, asked: _Asked) -> None:
        key = asked.line.order.client_order_id
        if self._asked.get(key) is asked:
            self._note(asked.line, asked.words)

    # ---- drawing ---------------------------------------------------------------------------------------------------

    def shown(self, levels: list[Level]) -> list[Level]:
        """Return the levels without those that a hatched shadow stands for: what was asked for and is just being told.

        A stop is moved by way of others: for moments two or three lie at the exchange.
        """
        asked = {(a.line.side, a.line.kind, a.price) for a in self._asked.values() if not a.words and not a.is_done}
        return [
            level
            for level in levels
            if not isinstance(level.line, OrderLine)
            or (level.line.side, level.line.kind, level.line.price) not in asked
        ]

    def shadows(self) -> Iterator[Shadow]:
        """Yield what is drawn beside the lines."""
        series, t = self._view.series, theme()
        if series.rules is None:
            return
        if self._drag is not None:
            refusal = self.refusal(self._drag.line, self._drag.price)
            is_moved = self._drag.price != self._drag.line.price
            run = Run(refusal_words(refusal), t.color("danger")) if refusal is not None and is_moved else None
            level = self._level(self._drag.line, self._drag.price, run)
            if run is None and self._drag.line.origin is Origin.ENGINE and self._drag.line.kind is not LineKind.LIMIT:
                runs = (*level.tag.runs, Run(_ENGINES, t.color("text2")))
                level = replace(level, tag=replace(level.tag, runs=runs))
            yield Shadow(level)
        if self._question is not None:
            yield Shadow(self._level(*self._question, Run(_NOT_SENT, t.color("warn"))))
        for asked in self._asked.values():
            if not asked.words:
                run = Run(_ASKING, t.color("warn"))
                yield Shadow(self._level(asked.line, asked.price, run), Look.HATCHED)
            else:
                at = asked.shown or asked.price
                level = self._level(asked.line, at, None)
                tag = replace(level.tag, icon="octagon", runs=(Run(asked.words, t.color("danger"), gap=0.0),))
                level = replace(level, tag=replace(tag, color=t.color("danger")))
                yield Shadow(level, Look.NOTE if at == asked.line.price else Look.DASHED)

    def _level(self, line: OrderLine, price: Decimal, run: Run | None) -> Level:
        """Return a line with its figures at a price, or with other words in their place."""
        series = self._view.series
        level = order_level(self._line_at(line, price), series, theme())
        runs = self._with_price(level, line)
        if run is not None:
            runs = (*runs[:2], run)
        return replace(level, tag=replace(level.tag, runs=runs, chips=()))

    def _line_at(self, line: OrderLine, price: Decimal) -> OrderLine:
        return line_at(line.order, price, self._view.series.positions)

    def _with_price(self, level: Level, line: OrderLine) -> tuple[Run, ...]:
        """Return the words of a tag with the price, which the tag of a stop or target leaves to the axis."""
        first, *rest = level.tag.runs
        if line.money is None:
            return level.tag.runs
        return (first, Run(f"@ {level.axis_tag.lines[0]}", level.color), *rest)
