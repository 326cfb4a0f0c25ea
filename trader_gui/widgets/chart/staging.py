"""Staging: an order that is laid on the chart by hand, moved freely, and sent only by its own button."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRectF, Signal
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QToolTip

from trader_gui.domain.order import Side
from trader_gui.domain.ticket import OrderKind
from trader_gui.i18n import refusal_words, words
from trader_gui.models.line_moves import price_at, staged_kind, trading_refusal
from trader_gui.models.ticket_records import Assessment
from trader_gui.widgets import format as text
from trader_gui.widgets.chart.labels import AxisTag, Chip, Run, Tag, chip_at
from trader_gui.widgets.chart.line_layer import Level
from trader_gui.widgets.chart.shadow import Shadow
from trader_gui.widgets.theme import theme
from trader_gui.widgets.ticket_words import button_line, problem_text

if TYPE_CHECKING:
    from trader_gui.widgets.chart.chart_view import ChartView

_KIND_WORDS = {OrderKind.LIMIT: "limit", OrderKind.STOP: "stop", OrderKind.TAKE_PROFIT: "take profit"}
_EXIT_WORDS = {OrderKind.STOP: "Stop loss", OrderKind.TAKE_PROFIT: "Take profit"}
_DASHES = (2.0, 3.0)


@dataclass(frozen=True)
class Staged:
    """What is staged.

    Attributes:
        reduces: It leaves a position; else it opens or enlarges one.
        kind: What waits at that price; follows the price over the market.
        is_loose: It follows the pointer until the next click.
    """

    side: Side
    price: Decimal
    kind: OrderKind
    reduces: bool = False
    is_loose: bool = False


class Staging(QObject):
    """The staged order of one chart; nothing leaves without its button.

    Attributes:
        staged: It; None mostly.
        judged: The ticket's word about it; None until there is one, and for a price that it has not judged yet.

    Signals:
        changed: Another order is staged, at another price, or none.
        redraw: Something else is to be drawn.
        send_requested: The button was pressed.
    """

    changed = Signal()
    redraw = Signal()
    send_requested = Signal()

    def __init__(self, view: "ChartView") -> None:
        super().__init__(view)
        self._view = view
        self._offset: float | None = None
        self.staged: Staged | None = None
        self.judged: Assessment | None = None

    @property
    def is_held(self) -> bool:
        """Whether it follows the hand."""
        return self._offset is not None or (self.staged is not None and self.staged.is_loose)

    # ---- what can be done with it ----------------------------------------------------------------------------------

    def begin(self, side: Side, price: Decimal | None = None, *, reduces: bool = False, is_loose: bool = False) -> None:
        """Stage an order; without a price where the crosshair is, or else at the market.

        In the chart of another symbol than the session trades nothing is staged.
        """
        series = self._view.series
        if series.rules is None:
            return
        if series.symbol != series.quotes.symbol:
            refusal = trading_refusal(series.symbol, series.quotes)
            QToolTip.showText(QCursor.pos(), refusal_words(refusal) if refusal is not None else "", self._view)
            return
        if price is None:
            cross = self._view.klines.crosshair
            market = series.quotes.best_for(side.opposite) or series.last_price
            at = cross.value if cross is not None and cross.pane == self._view.klines.name else float(market or 0)
            price = price_at(at, series.rules)
        self._offset = None
        self._put(Staged(side, price, OrderKind.LIMIT, reduces, is_loose))

    def move_to(self, price: Decimal) -> None:
        """Let it lie at another price."""
        if self.staged is not None and price != self.staged.price:
            self._put(replace(self.staged, price=price))

    def step(self, ticks: int) -> bool:
        """Move it by ticks; return whether there is one."""
        rules = self._view.series.rules
        if self.staged is None or rules is None:
            return False
        self.move_to(price_at(float(self.staged.price + ticks * rules.tick_size), rules))
        return True

    def drop(self) -> bool:
        """Take it away; return whether there was one."""
        was_there = self.staged is not None
        self.staged, self.judged, self._offset = None, None, None
        if was_there:
            self.changed.emit()
            self.redraw.emit()
        return was_there

    def show(self, judged: Assessment | None) -> None:
        """Take the ticket's word about it."""
        self.judged = judged
        self.redraw.emit()

    def _put(self, staged: Staged) -> None:
        kind = staged_kind(staged.side, staged.price, self._view.series.quotes, reduces=staged.reduces)
        self.staged, self.judged = replace(staged, kind=kind), None
        self.changed.emit()
        self.redraw.emit()

    # ---- mouse -----------------------------------------------------------------------------------------------------

    def press(self, position: QPointF) -> bool:
        """A click: put it down, press its buttons, or take it by its handle; return whether it was meant."""
        if self.staged is None:
            return False
        if self.staged.is_loose:
            self.move(position)
            self._put(replace(self.staged, is_loose=False))
            return True
        place = self.place()
        if place is None or not place[1].adjusted(0, -2, 0, 2).contains(position):
            return False
        level, box, line_y = place
        name = chip_at(self._view.faces, level.tag, box, position)
        if name == "send":
            self.send_requested.emit()
        elif name == "drop":
            self.drop()
        else:
            self._offset = position.y() - line_y
        return True

    def move(self, position: QPointF) -> None:
        """The hand moved with it."""
        pane, rules = self._view.klines, self._view.series.rules
        if pane.view is not None and rules is not None and self.is_held:
            y = min(max(position.y() - (self._offset or 0.0) - pane.geometry().top(), 0.0), pane.view.height)
            self.move_to(price_at(pane.view.value_at(y), rules))

    def release(self) -> None:
        """The hand let go of it."""
        self._offset = None

    def place(self) -> tuple[Level, QRectF, float] | None:
        """Return its level, the box of its tag and the pixel of its line, in the view's pixels."""
        for one in self._view.klines.placed_shadows():
            if one.shadow.level.name == _NAME:
                return one.shadow.level, one.box, one.line_y
        return None

    # ---- drawing ---------------------------------------------------------------------------------------------------

    def shadows(self) -> Iterator[Shadow]:
        """Yield its line, and those of the stop and target that the ticket would place with it."""
        staged, rules = self.staged, self._view.series.rules
        if staged is None or rules is None:
            return
        judged, t = self.judged, theme()
        if judged is not None and judged.bracket is not None:
            for name, price, is_gain in (
                ("Stop loss", judged.stop_price, False),
                ("Take profit", judged.target_price, True),
            ):
                if price is not None:
                    color = t.direction(is_gain, "text")
                    yield Shadow(self._level(name, price, Tag("", (Run(f"{name}, with it", color, gap=0.0),), color)))
        color = t.direction(staged.side is Side.BUY, "text")
        yield Shadow(self._level(_NAME, staged.price, Tag("hand", self._runs(staged), color, chips=self._chips())))

    def _level(self, name: str, price: Decimal, tag: Tag) -> Level:
        assert self._view.series.rules is not None
        words_ = text.price(price, self._view.series.rules.price_decimals)
        return Level(float(price), name, tag.color, _DASHES, tag, AxisTag(float(price), (words_,), tag.color))

    def _runs(self, staged: Staged) -> tuple[Run, ...]:
        rules, t, judged = self._view.series.rules, theme(), self.judged
        assert rules is not None
        color = t.direction(staged.side is Side.BUY, "text")
        side = "Buy" if staged.side is Side.BUY else "Sell"
        name = _EXIT_WORDS[staged.kind] if staged.reduces else f"{side} {_KIND_WORDS[staged.kind]}"
        quantity = judged.quantity if judged is not None else None
        size = "" if quantity is None else text.quantity(quantity, rules.quantity_decimals)
        runs = [Run(f"{name} {size}".rstrip(), color, "head")]
        runs.append(Run(f"@ {text.price(staged.price, rules.price_decimals)}", color))
        if self._why_not() is None and judged is not None:
            return (*runs, *self._outlook(judged))
        return (*runs, Run(self._why_not() or "", t.color("warn"))) if self._why_not() else tuple(runs)

    def _outlook(self, judged: Assessment) -> Iterator[Run]:
        preview, t = judged.preview, theme()
        if preview is None:
            return
        yield Run(f"{text.money(preview.notional, sign=False)} {self._view.series.rules.quote_asset}", t.color("text2"))  # type: ignore[union-attr]
        for name, value in (("", preview.closing_pnl), ("at stop", preview.loss_at_stop)):
            if value is not None:
                color = t.direction(value > 0, "text") if value else t.color("text1")
                yield Run(f"{name} {text.money(value)}".lstrip(), color)
        if preview.gain_in_r is not None:
            yield Run(text.r_multiple(preview.gain_in_r), t.color("text1"))

    def _why_not(self) -> str | None:
        """Return in words why it cannot be sent now, "" while the ticket has not judged it, None when it can."""
        series, judged = self._view.series, self.judged
        refusal = trading_refusal(series.symbol, series.quotes)
        if refusal is not None:
            return refusal_words(refusal)
        if judged is None:
            return ""
        if judged.hold:
            return words("held", judged.hold)
        if judged.errors:
            return problem_text(judged.errors[0])
        return None if judged.intent is not None else button_line(judged, series.rules)  # type: ignore[arg-type]

    def _chips(self) -> tuple[Chip, ...]:
        staged, t = self.staged, theme()
        drop = Chip("drop", t.color("text2"), icon="cross")
        if staged is None or self._why_not() is not None:
            return (drop,)
        fill = t.direction(staged.side is Side.BUY, "button")
        return Chip("send", t.color("on_fill"), text="Send", fill=fill), drop


_NAME = "staged"
