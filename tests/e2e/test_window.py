"""The program as its user starts it: a window on a real screen, real mouse and keys; what happened is in the journal.

Where to click is read from a window of the same size in this process, which shows a session of the same state.
"""

import signal
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QColor, QImage

from tests.e2e.person import HEIGHT, SIZE, WIDTH, Map, Person, believed, screen_test
from tests.e2e.x_screen import REPOSITORY, Program, XScreen, is_running, program, until
from trader_gui.domain.order import OrderStatus, OrderType, Side
from trader_gui.widgets.theme import theme

DRAG = 120

pytestmark = [
    pytest.mark.qt_log_ignore("This plugin does not support"),  # the offscreen platform says it of every window
]


# ---- trading ---------------------------------------------------------------------------------------------------------


@screen_test
def test_a_person_trades_by_mouse_and_keys(screen: XScreen, tmp_path: Path, look_up: Callable[..., Map]) -> None:
    flat, held, both = look_up(), look_up(1), look_up(1, 1)
    with program(screen, tmp_path, "--seed", "11", "--size", SIZE) as shown:
        person = Person(shown, shown.wait_started())

        person.send(flat, Side.BUY, "0.010")
        until("a position", lambda: shown.read(lambda journal: believed(journal).positions))
        until("its line on the chart", lambda: person.line(held, theme().color("text1")) > 50)
        (bought,) = {fill.price for fill in shown.read(lambda journal: journal.fills())[:1]}

        price = bought - 250
        person.send(held, Side.BUY, "0.002", f"{price}")
        placed = until("the limit order", lambda: shown.read(lambda journal: _resting(believed(journal).orders)))
        assert (placed.price, placed.quantity, placed.side) == (price, Decimal("0.002"), Side.BUY)
        buy = theme().direction(True, "text")
        until("its line on the chart", lambda: person.line(both, buy) > 300)

        screen.click(person.window, both.tab("Orders"))
        screen.click(person.window, both.row_button("orders"))
        until("no order is open", lambda: not shown.read(lambda journal: believed(journal).orders))
        until("no line", lambda: person.line(held, buy) < 100)
        assert _last_status(shown, placed.client_order_id) is OrderStatus.CANCELED

        screen.click(person.window, held.tab("Positions"))
        screen.click(person.window, held.row_button("positions"))
        person.confirm("Close this position")
        until("flat", lambda: not shown.read(lambda journal: believed(journal).positions))

        person.send(flat, Side.SELL, "0.010")
        until("short", lambda: shown.read(lambda journal: believed(journal).positions))
        person.send(held, Side.BUY, "0.002", f"{price}")
        until("the limit order", lambda: shown.read(lambda journal: _resting(believed(journal).orders)))
        _flatten(person, both)
        until(
            "nothing is left",
            lambda: not shown.read(lambda journal: believed(journal).positions or believed(journal).orders),
        )
        screen.ask_to_close(person.window)
        assert shown.wait_end() == 0, shown.complaints
        assert shown.complaints == ""


def _flatten(person: Person, where: Map) -> None:
    """Press twice on one place: the plan comes up beside it, and its button takes the second press."""
    plan = QRect(where.flatten_button + QPoint(-280, 30), QSize(260, 40)).translated(person.origin)
    before = person.screen.pixels(plan).copy()
    person.screen.click(person.window, where.flatten_button)
    until("the plan", lambda: (person.screen.pixels(plan) != before).any())

    def is_done() -> bool:
        person.screen.click(person.window, where.flatten_button)
        intents = list(person.shown.read(lambda journal: journal.intents()).values())
        return bool(intents[-1].reduce_only)

    until("the second press counts", is_done, 4)


def _resting(orders: Any) -> Any:
    return next((o for o in orders if o.order_type is OrderType.LIMIT and o.status is OrderStatus.NEW), None)


def _last_status(shown: Program, client_order_id: str) -> OrderStatus | None:
    told = shown.read(lambda journal: journal.order_messages(client_order_id))
    return told[-1].order.status if told and told[-1].order else None


# ---- the way out -----------------------------------------------------------------------------------------------------


def _leave(shown: Program, window: str, how: str) -> None:
    if how == "window":
        shown.screen.ask_to_close(window)
    else:
        shown.process.send_signal(getattr(signal, how))


@screen_test
@pytest.mark.parametrize("how", ["window", "SIGINT", "SIGTERM"])
def test_every_way_out_is_orderly(screen: XScreen, tmp_path: Path, how: str) -> None:
    with program(screen, tmp_path, "--size", SIZE, "--seed", "3") as shown:
        window = shown.wait_started()
        children = shown.children()
        assert children
        _leave(shown, window, how)
        assert shown.wait_end() == 0, shown.complaints
        assert shown.complaints == ""
        assert not [pid for pid in children if is_running(pid)]
        last = shown.read(lambda journal: journal.last_session())
        assert last.end_reason == "closed" and last.ended_ms is not None
        assert (shown.journal_path.parent / "layout.ini").exists()
        assert not screen.window("Trader GUI")


@screen_test
def test_a_layout_made_by_hand_comes_back(screen: XScreen, tmp_path: Path, look_up: Callable[..., Map]) -> None:
    usual = look_up()
    before = usual.window.workspace.docks["chart"].width()
    layout = tmp_path / "demo" / "layout.ini"
    widths = []
    for is_first in (True, False):
        with program(screen, tmp_path, *(["--size", SIZE] if is_first else []), "--seed", "3") as shown:
            window = shown.wait_started()
            if is_first:
                screen.drag(window, usual.separator, usual.separator - QPoint(DRAG, 0))
                until("it is noticed", lambda: layout.exists() and "is_custom = yes" in layout.read_text())
            assert screen.size(window).width() == WIDTH
            screen.ask_to_close(window)
            assert shown.wait_end() == 0, shown.complaints
        widths.append(look_up(layout=layout).window.workspace.docks["chart"].width())
    made, came_back = widths
    assert made < before - DRAG / 3
    assert abs(came_back - made) < 8


# ---- pictures and bad input ------------------------------------------------------------------------------------------


def _trader_gui(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "trader_gui", *words]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)


def _colors(image: QImage, area: QRect) -> dict[int, int]:
    counts: dict[int, int] = {}
    for y in range(area.top(), area.bottom() + 1):
        for x in range(area.left(), area.right() + 1):
            color = image.pixel(x, y) & 0xFFFFFF
            counts[color] = counts.get(color, 0) + 1
    return counts


def test_the_picture_has_the_size_asked_for_and_is_filled(tmp_path: Path, look_up: Callable[..., Map]) -> None:
    target = tmp_path / "picture.png"
    words = ("--seed", "3", "--data-dir", str(tmp_path), "--size", SIZE, "--theme", "dark")
    done = _trader_gui(*words, "--screenshot", str(target), "--after", "3")
    assert (done.returncode, done.stderr) == (0, "")
    image = QImage(str(target))
    assert (image.width(), image.height()) == (WIDTH, HEIGHT)
    where = look_up()
    chart = _colors(image, where.area("chart"))
    for token in (True, False):
        assert chart.get(theme().direction(token, "line").rgb() & 0xFFFFFF, 0) > 300, "klines are missing"
    assert chart.get(theme().color("rv").rgb() & 0xFFFFFF, 0) > 50, "the volatility is missing"
    for name in ("ticket", "table"):
        ink = {c: n for c, n in _colors(image, where.area(name)).items() if QColor(c).lightness() > 120}
        assert sum(ink.values()) > 400, f"the {name} is empty"


def test_a_picture_that_cannot_be_written_ends_with_one_line(tmp_path: Path) -> None:
    target = tmp_path / "no such folder" / "picture.png"
    done = _trader_gui("--data-dir", str(tmp_path / "data"), "--screenshot", str(target), "--after", "0.5")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and str(target) in done.stderr


@pytest.mark.parametrize("words", [("--symbol", "NOSUCHUSDT"), ("--profile", "replay", "--data", "nothing-here.csv")])
def test_what_cannot_start_says_so_in_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = _trader_gui("--data-dir", str(tmp_path), *words)
    assert done.returncode == 2
    assert done.stderr.startswith("trader-gui: ") and done.stderr.count("\n") == 1, done.stderr
    assert words[-1] in done.stderr
