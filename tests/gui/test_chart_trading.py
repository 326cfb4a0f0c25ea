"""Trading from the chart with mouse and keys: lines moved by their handles, staged orders, the right button."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QToolTip
from pytestqt.qtbot import QtBot

from tests.app_rig import AppRig, open_app
from tests.fakes import FakeTrader, fill, order, position, snapshot, stop_loss
from trader_gui.domain.account import PositionMode
from trader_gui.domain.bracket import BracketWish
from trader_gui.domain.order import (
    Order,
    OrderIntent,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Origin,
    PositionSide,
    Purpose,
    Side,
)
from trader_gui.domain.step import Route
from trader_gui.domain.ticket import AskRules, AskWhen, ExitText, OrderKind, SizeUnit
from trader_gui.exchange.port import CommissionRate, LeverageBracket
from trader_gui.models.series import SeriesModel
from trader_gui.models.series_lines import LineKind, OrderLine
from trader_gui.models.story import Passed
from trader_gui.models.ticket import TicketModel
from trader_gui.widgets.chart import line_drag
from trader_gui.widgets.chart.fill_layer import fill_marks, passed_marks
from trader_gui.widgets.chart.kline_chart import KlineChart
from trader_gui.widgets.chart.labels import chip_boxes
from trader_gui.widgets.chart.line_layer import Handle
from trader_gui.widgets.chart.price_pane import PricePane
from trader_gui.widgets.chart.price_popup import PricePopup
from trader_gui.widgets.chart.shadow import Look
from trader_gui.widgets.dialogs.move import MoveDialog
from trader_gui.widgets.line_asking import LineAsking
from trader_gui.widgets.order_entry import OrderEntry
from trader_gui.widgets.theme import theme
from trader_gui.widgets.ticket_stage import TicketStage

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints|This plugin does not support")
D = Decimal
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Desk:
    """A chart and a ticket on a running session: long 0.010 under a stop, and a limit buy that rests.

    Attributes:
        moves, cancels, sent: What was asked for.
    """

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.trader = FakeTrader()
        self.trader.run_quietly()
        self.trader.status.commission = CommissionRate("BTCUSDT", D("0.0002"), D("0.0005"))
        self.trader.status.brackets = (LeverageBracket(D(0), D(50_000_000), D("0.004"), D(0), 125),)
        self.stop, self.limit = stop_loss(), order(7, Side.BUY, price="108300.0")
        self.series, self.model = SeriesModel(), TicketModel()
        self.chart = KlineChart(self.series)
        self.ticket = OrderEntry(self.model, profile_name="demo")
        self.ticket.load(None, ask=AskRules(*[AskWhen.NEVER] * 5))
        self.moves: list[tuple[Order, Decimal]] = []
        self.cancels: list[Order] = []
        self.sent: list[OrderIntent | BracketWish] = []
        view = self.view = self.chart.view
        view.drag.move_requested.connect(lambda order, price: self.moves.append((order, price)))
        view.drag.cancel_requested.connect(self.cancels.append)
        self.ticket.order_requested.connect(self.sent.append)
        self.ticket.bracket_requested.connect(self.sent.append)
        self.stage = TicketStage(view.staging, self.ticket, self.ticket.show)
        self.asking = LineAsking(view, self.model, self.ticket)
        for widget, size in ((self.chart, (1268, 726)), (self.ticket, (360, 700))):
            qtbot.addWidget(widget)
            widget.resize(*size)
            widget.show()
            qtbot.waitExposed(widget)
        self.hold([position()], [self.stop, self.limit])
        self.ticket.size_field.edit.setText("0.020")
        self.settle()

    def hold(self, positions: list[Any], orders: list[Order]) -> None:
        self.trader.feed(snapshot(positions, orders))
        self.frame()

    def frame(self) -> None:
        """One flush of the bridge."""
        self.trader.callback.now_ms += 1
        self.series.refresh(self.trader.callback, self.trader.status)
        self.model.refresh(self.trader.callback, self.trader.status, self.trader.now_ns)
        QApplication.processEvents()

    def settle(self) -> None:
        """Wait until the ticket has judged what stands in it."""
        self.qtbot.waitUntil(lambda: not self.ticket._frame.isActive(), timeout=10_000)

    # ---- the mouse -------------------------------------------------------------------------------------------------

    def handle(self, kind: LineKind) -> Handle:
        """Return the handle of the line of a kind."""
        view = self.view
        for y in range(int(view.klines.view.height)):  # type: ignore[union-attr]
            found = view.handle_at(QPointF(20, y))
            if found is not None and isinstance(found.level.line, OrderLine) and found.level.line.kind is kind:
                return found
        raise AssertionError(f"no handle of a {kind}")

    def y_of(self, price: str) -> int:
        assert self.view.klines.view is not None
        return round(self.view.klines.view.py(float(price)))

    def send_mouse(self, kind: QEvent.Type, at: QPoint, buttons: Qt.MouseButton = LEFT) -> None:
        viewport = self.view.viewport()
        button = LEFT if kind is not QEvent.Type.MouseMove else Qt.MouseButton.NoButton
        held = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseButtonRelease else buttons
        where = QPointF(at)
        QApplication.sendEvent(viewport, QMouseEvent(kind, where, viewport.mapToGlobal(where), button, held, NONE))

    def press(self, at: QPoint) -> None:
        self.send_mouse(QEvent.Type.MouseButtonPress, at)

    def move(self, at: QPoint, buttons: Qt.MouseButton = LEFT) -> None:
        self.send_mouse(QEvent.Type.MouseMove, at, buttons)

    def release(self, at: QPoint) -> None:
        self.send_mouse(QEvent.Type.MouseButtonRelease, at)

    def click(self, at: QPoint) -> None:
        self.press(at)
        self.release(at)

    def take(self, kind: LineKind, to_price: str) -> QPoint:
        """Take a line by its handle and move it to a price; return where the hand is."""
        handle = self.handle(kind)
        start = handle.box.center().toPoint()
        end = QPoint(start.x() + 5, self.y_of(to_price) + round(start.y() - handle.line_y))
        self.press(start)
        for part in (0.3, 0.7, 1.0):
            self.move(start + (end - start) * part)
        return end

    def drag(self, kind: LineKind, to_price: str) -> None:
        self.release(self.take(kind, to_price))

    def chip(self, name: str) -> QPoint:
        """Return the middle of a button of the staged order."""
        place = self.view.staging.place()
        assert place is not None
        level, box, _ = place
        return (
            next(own for chip, own in chip_boxes(self.view.faces, level.tag, box) if chip.name == name)
            .center()
            .toPoint()
        )

    @property
    def said(self) -> str:
        """The words of all shadows."""
        return " | ".join(" ".join(r.text for r in s.level.tag.runs) for s in self.view.klines.shadows)

    def menu(self, at: QPoint) -> QMenu:
        viewport = self.view.viewport()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, viewport.mapToGlobal(at))
        QApplication.sendEvent(viewport, event)
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        return menu

    def choose(self, at: QPoint, beginning: str) -> None:
        """Take an entry of the menu of the right button."""
        menu = self.menu(at)
        action = next(a for a in menu.actions() if a.text().startswith(beginning))
        assert action.isEnabled(), action.text()
        action.trigger()
        menu.close()
        self.settle()

    def asked(self) -> MoveDialog:
        """Return the question that is open, once it takes an answer."""
        dialog = self.asking.dialog
        assert dialog is not None and dialog.isVisible()
        self.qtbot.waitUntil(dialog.is_settled, timeout=2_000)
        return dialog


@pytest.fixture
def desk(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    theme().set("dark")
    theme().install(QApplication.instance())
    monkeypatch.setattr(line_drag, "GLIDE_MS", 40)
    monkeypatch.setattr(line_drag, "NOTE_MS", 300)
    monkeypatch.setattr(line_drag, "SETTLE_MS", 300)
    yield Desk(qtbot)
    theme().set("dark")


# ---- lines moved by their handles -----------------------------------------------------------------------------------


def test_a_stop_is_dragged_with_its_consequences_in_sight_and_asked_for_once(desk: Desk) -> None:
    before = [level.price for level in desk.view.klines.levels]
    end = desk.take(LineKind.STOP, "108300.0")
    assert desk.said.startswith("Stop loss 0.010 @ 108,")
    assert "%" in desk.said and " R" in desk.said
    assert [level.price for level in desk.view.klines.levels] == before  # the line itself stays
    assert desk.moves == []
    desk.release(end)
    ((moved, price),) = desk.moves
    assert moved.client_order_id == desk.stop.client_order_id
    assert abs(price - D("108300.0")) < 2 and price % D("0.1") == 0
    assert "asking the exchange" in desk.said
    desk.drag(LineKind.STOP, "108200.0")
    assert len(desk.moves) == 1  # one at a time; it says why
    assert "not known yet" in desk.said


def test_a_stop_that_was_moved_is_a_line_at_its_new_price_and_no_shadow(desk: Desk) -> None:
    desk.drag(LineKind.STOP, "108300.0")
    (moved, price) = desk.moves[0]
    successor = stop_loss(9, str(price))
    desk.hold([position()], [desk.stop, successor, desk.limit])  # for a moment there are two
    assert [line.price for line in desk.series.orders if line.kind is LineKind.STOP] == [moved.trigger_price, price]
    drawn = [level.line.price for level in desk.view.klines.levels if isinstance(level.line, OrderLine)]
    assert price not in drawn  # the hatched shadow stands for it
    desk.hold([position()], [successor, desk.limit])
    desk.view.drag.finish(moved, "")
    assert desk.view.klines.shadows == ()
    assert price in [level.line.price for level in desk.view.klines.levels if isinstance(level.line, OrderLine)]


def test_a_refused_move_glides_back_and_says_why(desk: Desk) -> None:
    desk.drag(LineKind.LIMIT, "108250.0")
    (moved, _) = desk.moves[0]
    assert moved.client_order_id == desk.limit.client_order_id
    desk.view.drag.finish(moved, "The exchange is overloaded.")
    desk.qtbot.waitUntil(lambda: "overloaded" in desk.said, timeout=5_000)
    desk.qtbot.waitUntil(
        lambda: all(s.level.price == float(moved.price) for s in desk.view.klines.shadows), timeout=5_000
    )
    desk.qtbot.waitUntil(lambda: desk.view.klines.shadows == (), timeout=5_000)
    desk.drag(LineKind.LIMIT, "108240.0")
    assert len(desk.moves) == 2


def test_a_move_whose_answer_is_not_there_stays_hatched_however_the_feed_goes(desk: Desk) -> None:
    desk.drag(LineKind.STOP, "108300.0")
    ((moved, price),) = desk.moves
    for route in Route:
        desk.trader.set_route(route, is_connected=False, is_fresh=False)
    for _ in range(3):
        desk.frame()
    (shadow,) = desk.view.klines.shadows
    assert (shadow.look, shadow.level.price) == (Look.HATCHED, float(price))
    QTest.keyClick(desk.view, Qt.Key.Key_Escape)  # what was sent cannot be called back
    assert desk.view.klines.shadows == (shadow,)
    desk.view.drag.finish(moved, "The order was not changed.")
    desk.qtbot.waitUntil(lambda: "not changed" in desk.said, timeout=5_000)


def test_esc_puts_a_line_back_and_nothing_is_asked_for(desk: Desk) -> None:
    end = desk.take(LineKind.STOP, "108300.0")
    QTest.keyClick(desk.view, Qt.Key.Key_Escape)
    assert desk.view.klines.shadows == ()
    desk.move(end + QPoint(0, 20))
    desk.release(end)
    assert desk.moves == []


@pytest.mark.parametrize(("kind", "price"), [(LineKind.STOP, "108500.0"), (LineKind.LIMIT, "108500.0")])
def test_what_would_be_executed_at_once_is_refused_in_words_and_not_sent(
    desk: Desk, kind: LineKind, price: str
) -> None:
    end = desk.take(kind, price)
    assert "executed at once" in desk.said
    desk.release(end)
    assert desk.moves == []
    desk.qtbot.waitUntil(lambda: desk.view.klines.shadows == (), timeout=5_000)


def test_nothing_is_moved_on_old_prices_or_in_the_chart_of_another_symbol(desk: Desk) -> None:
    desk.trader.set_route(Route.MARKET, is_connected=True, is_fresh=False, age_s=4.25)
    desk.frame()
    desk.drag(LineKind.STOP, "108300.0")
    assert "feed is not fresh" in desk.said
    desk.trader.set_route(Route.MARKET, is_connected=True, is_fresh=True)
    end = desk.take(LineKind.LIMIT, "108250.0")
    desk.trader.set_route(Route.PRIVATE, is_connected=False, is_fresh=False)  # in mid-air
    desk.frame()
    desk.release(end)
    assert desk.moves == []
    assert "feed is not fresh" in desk.said
    desk.trader.set_route(Route.PRIVATE, is_connected=True, is_fresh=True)
    desk.frame()
    desk.series.quotes = type(desk.series.quotes)("ETHUSDT", phase="running", is_live=True)
    desk.drag(LineKind.STOP, "108300.0")
    assert desk.moves == []


def test_an_order_that_ends_in_the_hand_is_let_go(desk: Desk) -> None:
    end = desk.take(LineKind.LIMIT, "108250.0")
    unsure = replace(desk.limit, update_time_ms=desk.limit.update_time_ms + 1)
    desk.trader.feed(snapshot([position()], [desk.stop], taken_ms=unsure.update_time_ms))  # it is being asked about
    desk.frame()
    desk.release(end)
    assert desk.moves == []
    assert "on its way" in desk.said
    end = desk.take(LineKind.STOP, "108300.0")
    gone = replace(desk.stop, status=OrderStatus.CANCELED, update_time_ms=desk.stop.update_time_ms + 1)
    desk.trader.feed(OrderUpdate(gone, "ALGO", None, desk.trader.callback.now_ms, gone.update_time_ms))
    desk.frame()
    desk.release(end)
    assert desk.moves == []


def test_a_line_is_cancelled_by_its_cross_and_the_chart_is_not_panned_by_handles(desk: Desk) -> None:
    left = desk.view.navigation.left
    handle = desk.handle(LineKind.LIMIT)
    ((chip, box),) = chip_boxes(desk.view.faces, handle.level.tag, handle.box)
    assert chip.name == "cancel"
    desk.click(box.center().toPoint())
    assert [o.client_order_id for o in desk.cancels] == [desk.limit.client_order_id]
    desk.drag(LineKind.STOP, "108300.0")
    assert desk.view.navigation.left == left
    desk.press(QPoint(700, 60))
    desk.move(QPoint(500, 60))
    desk.release(QPoint(500, 60))
    assert desk.view.navigation.left != left  # beside the handles it is


def test_the_legs_of_a_hedge_account_move_their_own_stops(desk: Desk) -> None:
    long = position(position_side=PositionSide.LONG)
    short = position("-0.020", entry="108500.0", position_side=PositionSide.SHORT)
    stops = [
        stop_loss(2, position_side=PositionSide.LONG),
        replace(stop_loss(3, "108700.0", position_side=PositionSide.SHORT), side=Side.BUY),
    ]
    desk.trader.feed(PositionMode(True, 0))
    desk.hold([long, short], stops)
    high = max((h for h in _handles(desk)), key=lambda h: h.level.price)
    assert high.level.line.money is not None and high.level.line.money < 0  # type: ignore[union-attr]
    end = QPoint(high.box.center().toPoint().x(), round(high.box.center().y()) + 20)
    desk.press(high.box.center().toPoint())
    desk.move(end)
    desk.release(end)
    assert [o.position_side for o, _ in desk.moves] == [PositionSide.SHORT]


def _handles(desk: Desk) -> list[Handle]:
    found = {}
    for y in range(int(desk.view.klines.view.height)):  # type: ignore[union-attr]
        handle = desk.view.handle_at(QPointF(20, y))
        if handle is not None and isinstance(handle.level.line, OrderLine):
            found[handle.level.price] = handle
    return list(found.values())


def test_hovering_and_dragging_paint_no_closed_kline(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.view.grab()
    painted: list[str] = []
    original = PricePane.paint_closed
    monkeypatch.setattr(
        PricePane,
        "paint_closed",
        lambda self, *a: (painted.append(self.name), original(self, *a)),  # type: ignore[func-returns-value]
    )
    desk.take(LineKind.STOP, "108300.0")
    desk.view.grab()
    desk.view.staging.begin(Side.BUY, D("108200.0"))
    desk.view.grab()
    assert painted == []


# ---- staged orders ---------------------------------------------------------------------------------------------------


def stage(desk: Desk, side: Side, price: str) -> None:
    """Stage by key, move the pointer, put the order down."""
    QTest.keyClick(desk.view, Qt.Key.Key_B if side is Side.BUY else Qt.Key.Key_S)
    staged = desk.view.staging.staged
    assert staged is not None
    if not staged.is_loose:  # the pointer of an offscreen window is nowhere
        desk.view.staging.begin(side, is_loose=True)
    at = QPoint(600, desk.y_of(price))
    desk.move(at, Qt.MouseButton.NoButton)
    desk.click(at)
    desk.settle()


def test_a_staged_buy_takes_the_tickets_size_moves_freely_and_is_sent_by_its_button_alone(desk: Desk) -> None:
    stage(desk, Side.BUY, "108350.0")
    staged = desk.view.staging.staged
    assert staged is not None and not staged.is_loose and staged.kind is OrderKind.LIMIT
    assert "Buy limit 0.020" in desk.said and "USDT" in desk.said
    assert (desk.ticket.kind.value, desk.ticket.limit_price.value) == (OrderKind.LIMIT, staged.price)
    place = desk.view.staging.place()
    assert place is not None
    start = QPoint(round(place[1].left()) + 30, round(place[1].center().y()))
    desk.press(start)
    desk.move(start + QPoint(4, 30))
    desk.release(start + QPoint(4, 30))
    desk.settle()
    lower = desk.view.staging.staged
    assert lower is not None and lower.price < staged.price
    assert desk.ticket.limit_price.value == lower.price
    QTest.keyClick(desk.view, Qt.Key.Key_Up)
    desk.settle()
    assert desk.view.staging.staged.price == lower.price + D("0.1")  # type: ignore[union-attr]
    assert desk.sent == []
    desk.click(QPoint(800, 100))  # beside it
    QTest.keyClick(desk.view, Qt.Key.Key_Return)
    assert desk.sent == []
    desk.click(desk.chip("send"))
    (intent,) = desk.sent
    assert isinstance(intent, OrderIntent)
    assert (intent.side, intent.order_type, intent.quantity) == (Side.BUY, OrderType.LIMIT, D("0.020"))
    assert intent.price == lower.price + D("0.1")
    assert desk.view.staging.staged is None


def test_over_the_market_a_staged_buy_is_a_stop_entry(desk: Desk) -> None:
    stage(desk, Side.BUY, "108480.0")
    assert desk.view.staging.staged.kind is OrderKind.STOP  # type: ignore[union-attr]
    assert desk.ticket.kind.value is OrderKind.STOP
    desk.click(desk.chip("send"))
    (intent,) = desk.sent
    assert isinstance(intent, OrderIntent)
    assert (intent.order_type, intent.purpose) == (OrderType.STOP_MARKET, Purpose.ENTRY)


def test_esc_drops_a_staged_order_and_the_ticket_is_what_it_was(desk: Desk) -> None:
    desk.ticket.kind.set_value(OrderKind.MARKET)
    desk.ticket.show_kind()
    stage(desk, Side.SELL, "108480.0")
    assert desk.ticket.kind.value is OrderKind.LIMIT
    QTest.keyClick(desk.view, Qt.Key.Key_Escape)
    assert desk.view.staging.staged is None and desk.view.klines.shadows == ()
    assert desk.ticket.kind.value is OrderKind.MARKET
    assert desk.sent == []


def test_a_staged_order_with_stop_and_target_is_a_bracket(desk: Desk) -> None:
    desk.ticket.stop.set_typed(ExitText("200"))
    desk.ticket.target.set_typed(ExitText("300"))
    stage(desk, Side.BUY, "108350.0")
    names = [s.level.name for s in desk.view.klines.shadows]
    assert names[:2] == ["Stop loss", "Take profit"]
    desk.click(desk.chip("send"))
    (wish,) = desk.sent
    assert isinstance(wish, BracketWish) and wish.stop is not None and wish.target is not None


def test_what_the_ticket_refuses_or_waits_for_has_no_button_to_send_it(desk: Desk) -> None:
    desk.ticket.size_field.edit.setText("")
    stage(desk, Side.BUY, "108350.0")
    assert _chips(desk) == ["drop"]
    desk.ticket.size_field.edit.setText("0.020")
    desk.settle()
    assert _chips(desk) == ["send", "drop"]
    desk.trader.set_route(Route.MARKET, is_connected=True, is_fresh=False, age_s=4.25)
    desk.frame()
    assert _chips(desk) == ["drop"] and "not fresh" in desk.said
    desk.click(desk.chip("drop"))
    assert desk.view.staging.staged is None
    assert desk.sent == []


def _chips(desk: Desk) -> list[str]:
    place = desk.view.staging.place()
    assert place is not None
    return [chip.name for chip in place[0].tag.chips]


def test_nothing_is_staged_in_the_chart_of_another_symbol(desk: Desk) -> None:
    kept = desk.ticket.limit_price.text
    desk.series.quotes = type(desk.series.quotes)("ETHUSDT", phase="running", is_live=True)
    desk.view.staging.begin(Side.BUY, D("108200.0"))
    assert desk.view.staging.staged is None
    assert desk.ticket.limit_price.text == kept


def test_what_is_typed_into_the_ticket_moves_the_staged_line_and_another_kind_drops_it(desk: Desk) -> None:
    stage(desk, Side.BUY, "108350.0")
    desk.ticket.limit_price.edit.setText("108300.0")
    desk.settle()
    assert desk.view.staging.staged.price == D("108300.0")  # type: ignore[union-attr]
    desk.ticket.kind.set_value(OrderKind.MARKET)
    desk.ticket._on_choice()
    desk.settle()
    assert desk.view.staging.staged is None
    assert desk.ticket.kind.value is OrderKind.MARKET


# ---- the menu of the right button ------------------------------------------------------------------------------------


def test_the_menu_stages_orders_at_the_price_under_the_pointer(desk: Desk) -> None:
    desk.choose(QPoint(700, desk.y_of("108350.0")), "Buy limit at 108,35")
    assert desk.view.staging.staged.kind is OrderKind.LIMIT  # type: ignore[union-attr]
    desk.view.staging.drop()
    desk.choose(QPoint(700, desk.y_of("108350.0")), "Sell stop entry at 108,3")
    assert desk.ticket.kind.value is OrderKind.STOP
    desk.view.staging.drop()
    assert desk.sent == []
    desk.choose(QPoint(700, desk.y_of("108350.0")), "Copy the price")
    assert QGuiApplication.clipboard().text().startswith("1083")


@pytest.mark.parametrize(
    ("price", "words", "order_type"),
    [
        ("108250.0", "Stop loss of the long", OrderType.STOP_MARKET),
        ("108480.0", "Take profit", OrderType.TAKE_PROFIT_MARKET),
    ],
)
def test_an_exit_of_the_whole_position_is_staged_and_leaves_the_ticket_as_it_was(
    desk: Desk, price: str, words: str, order_type: OrderType
) -> None:
    desk.choose(QPoint(700, desk.y_of(price)), words)
    assert desk.view.staging.staged is not None
    desk.click(desk.chip("send"))
    (intent,) = desk.sent
    assert isinstance(intent, OrderIntent)
    assert (intent.side, intent.order_type, intent.reduce_only) == (Side.SELL, order_type, True)
    assert (intent.quantity, intent.purpose) == (D("0.010"), Purpose.PROTECTION)
    draft = desk.ticket.draft
    assert (draft.reduce_only, draft.size_unit, draft.size_text) == (False, SizeUnit.BASE, "0.020")


def test_each_leg_of_a_hedge_account_has_exits_of_its_own(desk: Desk) -> None:
    desk.trader.feed(PositionMode(True, 0))
    long = position(position_side=PositionSide.LONG)
    short = position("-0.020", entry="108500.0", position_side=PositionSide.SHORT)
    desk.hold([long, short], [])
    for words, side, quantity in (
        ("Stop loss of the long leg", Side.SELL, "0.010"),
        ("Take profit of the short", Side.BUY, "0.020"),
    ):
        desk.choose(QPoint(700, desk.y_of("108300.0")), words)
        desk.click(desk.chip("send"))
        desk.ticket.show_result("")
        desk.ticket._sent_ns = 0
        intent = desk.sent.pop()
        assert isinstance(intent, OrderIntent)
        assert (intent.side, intent.quantity, intent.reduce_only) == (side, D(quantity), True)


def test_the_menu_of_a_line_cancels_it_or_moves_it_to_a_typed_price(desk: Desk) -> None:
    at = desk.handle(LineKind.LIMIT).box.center().toPoint()
    desk.choose(at, "Cancel this order")
    assert [o.client_order_id for o in desk.cancels] == [desk.limit.client_order_id]
    desk.choose(at, "Move this order")
    popup = QApplication.activePopupWidget()
    assert isinstance(popup, PricePopup)
    assert not popup.button.isEnabled()
    for text, is_right in (("108,500.0", False), ("108250.05", False), ("108,250.0", True)):
        popup.field.edit.setText(text)
        assert popup.button.isEnabled() is is_right, text
    QTest.mouseClick(popup.button, LEFT)
    assert [(o.client_order_id, p) for o, p in desk.moves] == [(desk.limit.client_order_id, D("108250.0"))]


def test_a_barred_menu_says_why_and_offers_nothing_that_is_sent(desk: Desk) -> None:
    desk.trader.set_route(Route.MARKET, is_connected=True, is_fresh=False, age_s=4.25)
    desk.frame()
    menu = desk.menu(QPoint(700, desk.y_of("108350.0")))
    enabled = [a.text() for a in menu.actions() if a.isEnabled() and a.text()]
    assert [words.partition(" ")[0] for words in enabled] == ["Copy"]
    assert any("not fresh" in a.text() for a in menu.actions())
    menu.close()


# ---- the story of fills ----------------------------------------------------------------------------------------------


def test_a_fill_tells_its_story_under_the_pointer(desk: Desk) -> None:
    asked = desk.trader.callback.request([_entry_wish()])
    desk.series.story.take(asked)
    approved = asked.approved[0]
    own = replace(order(1, Side.BUY), client_order_id=approved.client_order_id)
    desk.trader.feed(fill(1, own, "0.010", "108367.6", realized="-1.19"))
    desk.frame()
    marks = list(fill_marks(desk.series, desk.view.klines.view))  # type: ignore[arg-type]
    tip = marks[0].tip
    desk.move(QPoint(round(tip.x()), round(tip.y()) + 4), Qt.MouseButton.NoButton)
    words = QToolTip.text()
    for part in ("▲ Buy 0.010 @ 108,367.6", "fee 0.3800 USDT (taker)", "realised −1.19", "By hand"):
        assert part in words, words
    desk.move(QPoint(300, 60), Qt.MouseButton.NoButton)
    assert desk.view.story_at(QPointF(300, 60)) == ""


def test_an_entry_that_was_not_made_is_a_faint_mark_with_its_reason(desk: Desk) -> None:
    now = desk.trader.callback.open_kline.kline
    assert now is not None
    passed = Passed(now.event_time_ms, Side.BUY, D("108440.0"), "", "RV in former range")
    desk.series.story._put((now.open_time_ms, Side.BUY), passed)
    desk.frame()
    (mark,) = passed_marks(desk.series, desk.view.klines.view)  # type: ignore[arg-type]
    words = desk.view.story_at(mark.at)
    assert "No entry long at 108,440.0" in words and "RV in former range: false" in words
    image = desk.view.grab().toImage()
    near = [
        image.pixelColor(round(mark.at.x()) + dx, round(mark.at.y()) + dy) for dx in range(-5, 6) for dy in range(-5, 6)
    ]
    assert theme().color("text3") in near


def _entry_wish() -> OrderIntent:
    return OrderIntent("BTCUSDT", Side.BUY, OrderType.MARKET, Purpose.ENTRY, Origin.HAND, "by_hand", 0, D("0.010"))


# ---- a move that is asked about -------------------------------------------------------------------------------------


def asks(desk: Desk, when: AskWhen = AskWhen.ABOVE_LIMITS) -> None:
    desk.ticket.menu.set_ask(replace(desk.ticket.menu.ask, drag=when))


def test_a_loosened_stop_is_asked_about_with_what_it_costs_and_sent_when_agreed_to(desk: Desk) -> None:
    asks(desk)
    desk.drag(LineKind.STOP, "108150.0")
    assert desk.moves == [] and "not sent yet" in desk.said
    dialog = desk.asking.dialog
    assert dialog is not None and dialog.focusWidget() is dialog.cancel_button
    QTest.mouseClick(dialog.move_button, LEFT)  # meant for what was there before
    assert desk.moves == []
    desk.asked()
    told = {row: value.text() for row, value in dialog._values.items()}
    assert told["from"] == "108,248.4" and told["to"].startswith("108,1") and told["moved"].startswith("−")
    assert "USDT" in told["result_then"] and "of equity" in told["result_then"]
    assert "Loosens the stop" in dialog.messages.messages[0].html
    QTest.mouseClick(dialog.move_button, LEFT)
    ((moved, price),) = desk.moves
    assert moved.client_order_id == desk.stop.client_order_id and f"{price:,}" == told["to"]
    assert "asking the exchange" in desk.said and desk.asking.dialog is None


@pytest.mark.parametrize("how", ["Esc", "Cancel"])
def test_a_move_that_is_called_off_leaves_the_line_where_it_is(desk: Desk, how: str) -> None:
    asks(desk)
    before = [level.price for level in desk.view.klines.levels]
    desk.drag(LineKind.STOP, "108150.0")
    dialog = desk.asked()
    if how == "Esc":
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    else:
        QTest.mouseClick(dialog.cancel_button, LEFT)
    assert desk.moves == [] and desk.view.klines.shadows == ()
    assert [level.price for level in desk.view.klines.levels] == before
    desk.drag(LineKind.LIMIT, "108250.0")  # within the limits: the next one is as free as ever
    assert len(desk.moves) == 1 and desk.asking.dialog is None


def test_a_stop_drawn_closer_is_not_asked_about_and_never_is_honoured(desk: Desk) -> None:
    asks(desk)
    desk.drag(LineKind.STOP, "108300.0")
    assert len(desk.moves) == 1 and desk.asking.dialog is None
    desk.view.drag.finish(desk.moves[0][0], "No.")
    desk.qtbot.waitUntil(lambda: desk.view.klines.shadows == (), timeout=5_000)
    asks(desk, AskWhen.NEVER)
    desk.drag(LineKind.STOP, "108150.0")
    assert len(desk.moves) == 2 and desk.asking.dialog is None


def test_a_kind_that_is_always_asked_about_may_be_asked_about_within_the_limits_no_more(desk: Desk) -> None:
    asks(desk, AskWhen.ALWAYS)
    desk.drag(LineKind.LIMIT, "108250.0")
    dialog = desk.asked()
    assert "result_then" not in dialog._values and dialog.ask_no_more.isVisible()
    dialog.ask_no_more.setChecked(True)
    QTest.mouseClick(dialog.move_button, LEFT)
    assert len(desk.moves) == 1
    assert desk.ticket.menu.ask.drag is AskWhen.ABOVE_LIMITS


def test_a_question_follows_the_market_and_goes_with_its_order(desk: Desk) -> None:
    asks(desk)
    desk.drag(LineKind.STOP, "108150.0")
    dialog = desk.asked()
    desk.trader.set_route(Route.MARKET, is_connected=True, is_fresh=False, age_s=4.25)
    desk.frame()
    assert not dialog.move_button.isEnabled()
    QTest.mouseClick(dialog.move_button, LEFT)
    desk.trader.set_route(Route.MARKET, is_connected=True, is_fresh=True)
    desk.frame()
    assert dialog.move_button.isEnabled()
    gone = replace(desk.stop, status=OrderStatus.CANCELED, update_time_ms=desk.stop.update_time_ms + 1)
    desk.trader.feed(OrderUpdate(gone, "ALGO", None, desk.trader.callback.now_ms, gone.update_time_ms))
    desk.frame()
    assert desk.asking.dialog is None and desk.moves == [] and desk.view.klines.shadows == ()


# ---- the whole program -----------------------------------------------------------------------------------------------

DEMO = ("--profile", "demo", "--size", "1600x900")


def _resting(rig: AppRig) -> list[Order]:
    return [o for o in rig.trader.callback.orders.open_orders() if o.status is OrderStatus.NEW]


def test_a_stop_is_added_and_moved_at_the_exchange_from_the_chart(qt_run: Any, tmp_path: Path) -> None:
    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await rig.until("the session has started", lambda: rig.desk._trader and rig.trader.started.is_set())
            ticket, view = rig.window.order_entry, rig.window.chart.view
            ticket.menu.set_ask(AskRules(*[AskWhen.NEVER] * 5))
            await rig.until("prices", lambda: rig.bridge.series.quotes.is_live and ticket.draft.price_text)
            await rig.trader.submit(_entry_wish())
            await rig.until("the position", lambda: rig.bridge.series.positions)
            entry = rig.bridge.series.positions[0].entry_price
            price = rig.trader.rules.snap_price(entry - 200)
            view.staging.begin(Side.SELL, price, reduces=True)
            await rig.until("it can be sent", lambda: view.staging.judged and view.staging.judged.intent)
            view.staging.send_requested.emit()
            await rig.until("the stop", lambda: [o.trigger_price for o in _resting(rig)] == [price])
            await rig.until("its line", lambda: any(line.is_confirmed for line in rig.bridge.series.orders))
            (line,) = rig.bridge.series.orders
            view.drag.ask(line, price - 50)
            await rig.until("it is moved", lambda: [o.trigger_price for o in _resting(rig)] == [price - 50])
            await rig.until("no shadow is left", lambda: view.klines.shadows == ())
            assert [o.trigger_price for o in _resting(rig)] == [price - 50]

    qt_run(act(), 60)
