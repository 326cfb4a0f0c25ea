"""The chart in a person's hands: a month back, an indicator that stays, and a bracket staged on the chart.

Proven by the picture, the layout file and the journal.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import accumulate
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize

from tests.e2e.chart_eyes import ChartEyes
from tests.e2e.person import SIZE, Map, Person, believed, screen_test
from tests.e2e.x_screen import Program, XScreen, place_of, program, until
from trader_gui.domain.market import INTERVAL_MS
from trader_gui.domain.order import OrderType
from trader_gui.models.indicator_kinds import KINDS, RSI
from trader_gui.models.indicator_track import Indicator
from trader_gui.widgets.theme import theme

D = Decimal
pytestmark = [
    pytest.mark.qt_log_ignore("This plugin does not support"),  # the offscreen platform says it of every window
    pytest.mark.timeout(300),  # half a minute of hands, more on a machine that is busy
]
SYMBOL = "ADAUSDT"
"""A tick is much there: trades stay at one price for a while, and an order that waits there is filled in parts."""
FAST = ("--symbol", SYMBOL, "--seed", "11", "--size", SIZE, "--speed", "10")
ABOUT, SIZE_ADA, STOP_AWAY, TARGET_AWAY = "0.65", "50000", "0.02", "0.04"
BELOW_PX = 8
"""About a tick."""


@screen_test
def test_an_indicator_stays_and_a_bracket_grows(screen: XScreen, tmp_path: Path, look_up: Callable[..., Map]) -> None:
    layout, where = tmp_path / "demo" / "layout.ini", look_up()
    color = theme().color(Indicator(RSI).color)
    with program(screen, tmp_path, *FAST) as shown:
        person = Person(shown, shown.wait_started(SYMBOL))
        eyes = ChartEyes(person, where.area("chart"))
        assert eyes.count(color) == 0
        _add_rsi(person, where)
        until("its line", lambda: eyes.count(color) > 40)
        _scroll_back_a_month(person, where)
        _leave(person, shown)
    kept = look_up(layout=layout).window.chart
    assert [(i.kind.name, i.values["window"]) for i in kept.view.series.indicators if i.kind is RSI] == [("rsi", 9.0)]
    with program(screen, tmp_path, *FAST) as shown:
        person = Person(shown, shown.wait_started(SYMBOL))
        until("its line is there again", lambda: ChartEyes(person, where.area("chart")).count(color) > 40)
        _stage_bracket(person, where)
        _watch_it_grow(shown)
        _leave(person, shown)


def _leave(person: Person, shown: Program) -> None:
    person.screen.ask_to_close(person.window)
    assert shown.wait_end() == 0, shown.complaints
    assert shown.complaints == ""


def _scroll_back_a_month(person: Person, where: Map) -> None:
    """By Home, which goes to the oldest kline that is there, and has older ones read."""
    screen, window, chart = person.screen, person.window, where.window.chart
    area, month_ms = where.area("chart"), 30 * INTERVAL_MS["1d"]
    screen.click(window, place_of(chart.head._interval_buttons["15m"]).center())

    def is_a_month_back() -> bool:
        screen.click(window, QPoint(area.center().x(), area.top() + 60))
        screen.key("Home")
        return time.time() * 1000 - _oldest_ms(person, where) > month_ms

    until("a month", is_a_month_back, 60)
    left = QRect(area.topLeft(), QSize(area.width() // 4, area.height() // 2))
    eyes = ChartEyes(person, left)
    assert all(eyes.count(theme().direction(is_rising, "line")) > 100 for is_rising in (True, False))
    screen.key("End")
    screen.click(window, place_of(chart.head._interval_buttons["1m"]).center())


def _oldest_ms(person: Person, where: Map) -> float:
    """Look the oldest kline up in the chart's table, as a text that is copied to another program."""
    screen, window, table = person.screen, person.window, place_of(where.window.chart.tools.table_button).center()
    screen.click(window, table)
    screen.click(window, where.area("chart").center())
    screen.key("ctrl+End", "ctrl+c")
    head, *rows = screen.clipboard().strip().split("\n")
    screen.click(window, table)
    assert head.startswith("Time") and len(rows) == 1, rows
    return datetime.strptime(rows[0].split("\t")[0], "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp() * 1000


def _add_rsi(person: Person, where: Map) -> None:
    """By the form: add it, and give it nine klines."""
    screen, chart = person.screen, where.window.chart
    screen.click(person.window, place_of(chart.tools.indicators_button).center())
    form = screen.wait_front("Indicators of the chart")
    chart.open_indicators()
    here = chart._indicators
    assert here is not None
    here._add(Indicator(RSI))
    where.settle()
    dialog = Person(person.shown, form)
    dialog.open_menu(place_of(here.add_button).center())
    screen.key(*["Down"] * (list(KINDS).index("rsi") + 1), "Return")
    until("it is in the form", lambda: "rsi" in _layout(person))
    field = place_of(here.rows[-1].fields["window"]).center()

    def has_nine_klines() -> bool:
        """The row may have come up after the click."""
        screen.type_over(form, field, "9")
        screen.key("Tab")
        return '"rsi","values":{"window":9.0}' in _layout(person)

    until("it has another length", has_nine_klines)
    screen.key("Escape")
    until("the form goes", lambda: not screen.window("Indicators of the chart"))


def _layout(person: Person) -> str:
    path = person.shown.journal_path.parent / "layout.ini"
    return path.read_text().replace("\\", "") if path.exists() else ""


def _stage_bracket(person: Person, where: Map) -> None:
    """Entry, stop and target in one: a buy staged by B a little below the market, put down by a click, and sent."""
    screen, window, eyes = person.screen, person.window, ChartEyes(person, where.area("chart"))
    fields = (where.price_field, where.size_field, *where.exit_fields())  # from above: what is missing is said below it
    for field, text in zip(fields, (ABOUT, SIZE_ADA, STOP_AWAY, TARGET_AWAY), strict=True):
        person.fill(field, text)
    middle = where.area("chart").center()

    def staged() -> QPoint | None:
        """The market moves on: a place that is not below it any more is chosen anew."""
        screen.click(window, QPoint(middle.x(), where.area("chart").top() + 60))
        screen.key("b")
        price = until("the last price", eyes.last_price)
        screen.click(window, QPoint(middle.x(), price + BELOW_PX))
        screen.pause()
        return eyes.blob(theme().direction(True, "button"))

    screen.click(window, until("the button of the staged order", staged))
    person.confirm("Send this order")


def _watch_it_grow(shown: Program) -> None:
    """Every stop and target that was sent is as large as what had been filled by then, up to the whole."""
    held = until("the whole entry", lambda: _held(shown) == D(SIZE_ADA) and _held(shown), 90)
    kinds = (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)
    (bracket,) = shown.read(believed).brackets
    away = [level.distance for level in (bracket.stop, bracket.target) if level is not None]
    assert away == [D(STOP_AWAY), D(TARGET_AWAY)]

    def resting() -> list[Decimal]:
        return [o.quantity for kind in kinds for o in shown.read(believed).orders if o.order_type is kind]

    until("both exits are for the whole", lambda: resting() == [held, held])
    fills = shown.read(lambda journal: journal.fills())
    filled = set(accumulate(fill.quantity for fill in fills))
    assert len(fills) > 1, "it was not filled in parts"
    intents = shown.read(lambda journal: journal.intents()).values()
    for kind in kinds:
        sizes = [intent.quantity for intent in intents if intent.order_type is kind]
        assert len(sizes) > 1 and sizes == sorted(sizes) and set(sizes) <= filled, (kind, sizes, filled)


def _held(shown: Program) -> Decimal:
    return sum((p.position_amount for p in shown.read(believed).positions.values()), D(0))
