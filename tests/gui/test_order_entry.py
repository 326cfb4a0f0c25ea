"""The order ticket under real keys and clicks: what it refuses, what it sends, and that it sends it once."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from tests.fakes import FakeTrader, position, snapshot, stop_loss
from trader_gui.domain.order import (
    OrderIntent,
    OrderOutcome,
    OrderType,
    OutcomeKind,
    Purpose,
    Side,
    TimeInForce,
    WorkingType,
)
from trader_gui.domain.step import Refusal, Route, Step
from trader_gui.domain.symbol import RulesUpdate
from trader_gui.errors import OutcomeUnknownError
from trader_gui.exchange.port import CommissionRate, LeverageBracket
from trader_gui.models.ticket import TicketModel
from trader_gui.widgets.order_entry import OrderEntry
from trader_gui.widgets.theme import theme

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform says it of every window
D = Decimal
FLAT = position("0", "0", isolated_wallet=D(0))


class Desk:
    """A ticket on a running session, and the orders that came out of it."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.trader = FakeTrader()
        self.trader.run_quietly()
        self.trader.feed(snapshot([FLAT]))
        self.trader.status.commission = CommissionRate("BTCUSDT", D("0.0002"), D("0.0005"))
        self.trader.status.brackets = (LeverageBracket(D(0), D(50_000_000), D("0.004"), D(0), 125),)
        self.model = TicketModel()
        self.sent: list[OrderIntent] = []
        self.ticket = OrderEntry(self.model, profile_name="demo")
        self.ticket.order_requested.connect(self.sent.append)
        self.ticket.ask_first.setChecked(False)
        qtbot.addWidget(self.ticket)
        self.ticket.resize(360, 700)
        self.ticket.show()
        self.frame()

    def frame(self) -> None:
        """One flush of the bridge."""
        self.model.refresh(self.trader.callback, self.trader.status, self.trader.now_ns)

    def type_into(self, edit: QLineEdit, text: str) -> None:
        edit.setFocus()
        edit.selectAll()
        QTest.keyClick(edit, Qt.Key.Key_Delete)
        QTest.keyClicks(edit, text)

    def type_size(self, text: str) -> None:
        self.type_into(self.ticket.size_field.edit, text)

    def type_price(self, text: str) -> None:
        self.type_into(self.ticket.limit_price.edit, text)

    def press(self, side: Side) -> None:
        self.click(self.ticket.buttons[side])

    def click(self, widget: QWidget) -> None:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)

    def line(self, side: Side) -> str:
        return self.ticket.buttons[side].detail

    def figure(self, row: str) -> str:
        return self.ticket.preview.values[row].text()

    def go_stale(self) -> None:
        self.trader.set_route(Route.MARKET, is_connected=True, is_fresh=False, age_s=4.25)
        self.frame()


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    yield Desk(qtbot)
    theme().set("dark")


# ---- sending ------------------------------------------------------------------------------------------------------


def test_a_typed_limit_order_is_sent_as_it_stands(desk: Desk) -> None:
    desk.type_price("108,440.5")
    desk.type_size("0.020")
    assert desk.line(Side.BUY) == "0.020 @ 108,440.5"
    desk.press(Side.BUY)
    assert len(desk.sent) == 1
    intent = desk.sent[0]
    assert (intent.side, intent.order_type, intent.time_in_force) == (Side.BUY, OrderType.LIMIT, TimeInForce.GTC)
    assert (intent.price, intent.quantity) == (D("108440.5"), D("0.020"))
    assert (intent.purpose, intent.reduce_only, intent.wanted_time_ms) == (
        Purpose.ENTRY, False, desk.trader.callback.now_ms,
    )  # fmt: skip


def test_a_double_click_is_one_order(desk: Desk) -> None:
    desk.type_size("0.020")
    button = desk.ticket.buttons[Side.BUY]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QTest.mouseDClick(button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(desk.ticket.buttons[Side.SELL], Qt.MouseButton.LeftButton)
    button.clicked.emit()  # as an assistive tool might
    assert len(desk.sent) == 1
    assert (desk.line(Side.BUY), desk.line(Side.SELL)) == ("sending…", "wait")


def test_a_held_key_is_one_order_even_when_the_answer_comes_meanwhile(desk: Desk) -> None:
    desk.type_size("0.020")
    button = desk.ticket.buttons[Side.BUY]
    button.setFocus()
    QTest.keyPress(button, Qt.Key.Key_Space)
    QTest.keyRelease(button, Qt.Key.Key_Space)
    desk.ticket.show_result("")
    button.setFocus()
    for _ in range(5):
        QGuiApplication.sendEvent(button, _repeat(Qt.Key.Key_Space))
    assert len(desk.sent) == 1


def _repeat(key: Qt.Key) -> object:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QKeyEvent

    return QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, " ", True)


def test_enter_in_a_field_sends_nothing(desk: Desk) -> None:
    desk.type_size("0.020")
    QTest.keyClick(desk.ticket.size_field.edit, Qt.Key.Key_Return)
    assert desk.sent == []


def test_what_is_sent_passes_the_gate(desk: Desk) -> None:
    desk.type_size("0.020")
    desk.press(Side.BUY)
    step = desk.trader.callback.request(desk.sent)
    assert (step.refusals, len(step.approved)) == ((), 1)


@pytest.mark.parametrize("side", list(Side))
def test_a_market_order_has_no_price(desk: Desk, side: Side) -> None:
    desk.click(desk.ticket.kind.button("market"))
    desk.type_size("0.020")
    assert not desk.ticket.limit_price.isVisible()
    assert desk.line(side) == "0.020 at market"
    desk.press(side)
    intent = desk.sent[0]
    assert (intent.order_type, intent.price, intent.time_in_force) == (OrderType.MARKET, None, None)


def test_a_reduce_only_stop_protects(desk: Desk) -> None:
    desk.trader.feed(snapshot([position()]))
    desk.frame()
    desk.click(desk.ticket.kind.button("stop"))
    desk.click(desk.ticket.reduce_only)
    assert desk.ticket.side.value == Side.SELL, "the preview turns to the side that closes"
    desk.type_into(desk.ticket.trigger_price.edit, "108300")
    desk.type_size("0.010")
    desk.ticket.trigger_by.entries["MARK_PRICE"].trigger()
    assert not desk.ticket.buttons[Side.BUY].isEnabled()
    desk.press(Side.SELL)
    intent = desk.sent[0]
    assert (intent.order_type, intent.purpose, intent.reduce_only) == (OrderType.STOP_MARKET, Purpose.PROTECTION, True)
    assert (intent.trigger_price, intent.working_type) == (D("108300.0"), WorkingType.MARK_PRICE)


def test_post_only_leaves_no_choice_of_time_in_force(desk: Desk) -> None:
    desk.ticket.time_in_force.entries["IOC"].trigger()
    desk.type_size("0.020")
    desk.click(desk.ticket.post_only)
    assert not desk.ticket.time_in_force.isEnabled()
    desk.press(Side.BUY)
    assert desk.sent[0].time_in_force is TimeInForce.GTX


# ---- refused before sending ---------------------------------------------------------------------------------------


def test_wrong_fields_are_named_and_one_click_takes_the_right_value(desk: Desk) -> None:
    desk.type_price("108,451.14")
    desk.type_size("1.5")
    ticket = desk.ticket
    (price_message,) = ticket.limit_price.messages.messages
    assert "Not a multiple of the tick 0.1" in price_message.html
    (size_message,) = ticket.size_field.messages.messages
    assert "exceeds available 9,984.20 USDT" in size_message.html
    for side in Side:
        assert desk.line(side) == "fix 2 fields"
        desk.press(side)
    assert desk.sent == []
    assert {desk.figure(row) for row in ticket.preview.values} == {"—"}
    ticket.limit_price.messages.link_taken.emit("108451.1")
    assert ticket.limit_price.text == "108,451.1"
    assert desk.line(Side.BUY) == "fix 1 field"
    desk.type_size("0.020")
    assert ticket.buttons[Side.BUY].isEnabled()


def test_a_suggestion_can_be_taken_by_mouse(desk: Desk) -> None:
    desk.type_size("0.0205")
    line = desk.ticket.size_field.messages._lines[0]
    desk.qtbot.waitUntil(lambda: line.height() > 0 and line.isVisible())
    text = line._text
    taken = desk.qtbot.waitSignal(line.link_taken, timeout=2000)
    with taken:
        for x in range(text.width() - 4, 0, -6):
            for y in range(4, text.height(), 8):
                QTest.mouseClick(text, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
                if taken.signal_triggered:
                    break
            if taken.signal_triggered:
                break
    assert desk.ticket.size_field.text in ("0.020", "0.021")


def test_pasted_separators_are_taken_and_ambiguous_ones_refused(desk: Desk) -> None:
    QGuiApplication.clipboard().setText(" 108,440.5 ")
    edit = desk.ticket.limit_price.edit
    edit.selectAll()
    edit.paste()
    desk.type_size("0,020")
    assert desk.ticket.limit_price.value == D("108440.5")
    assert "one way only" in desk.ticket.size_field.messages.messages[0].html
    assert not desk.ticket.buttons[Side.BUY].isEnabled()


def test_a_copied_number_is_plain(desk: Desk) -> None:
    desk.type_price("108,440.5")
    desk.ticket.limit_price.edit.selectAll()
    QTest.keySequence(desk.ticket.limit_price.edit, "Ctrl+C")
    assert QGuiApplication.clipboard().text() == "108440.5"


def test_an_empty_ticket_does_not_complain(desk: Desk) -> None:
    assert desk.ticket.size_field.messages.messages == ()
    assert desk.line(Side.BUY) == "type a size"
    desk.press(Side.BUY)
    assert desk.sent == []


# ---- steps and units ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "modifier", "price"),
    [
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier, "108,451.2"),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier, "108,451.0"),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier, "108,452.1"),
        (Qt.Key.Key_PageDown, Qt.KeyboardModifier.NoModifier, "108,441.1"),
    ],
)
def test_keys_step_by_ticks(desk: Desk, key: Qt.Key, modifier: Qt.KeyboardModifier, price: str) -> None:
    assert desk.ticket.limit_price.text == "108,451.1", "filled in from the best bid"
    QTest.keyClick(desk.ticket.limit_price.edit, key, modifier)
    assert desk.ticket.limit_price.text == price


def test_steppers(desk: Desk) -> None:
    plus, minus = (
        next(
            b for b in desk.ticket.size_field.findChildren(QToolButton) if b.accessibleName() == f"Size {way} one step"
        )
        for way in ("up", "down")
    )
    for _ in range(3):
        desk.click(plus)
    desk.click(minus)
    assert desk.ticket.size_field.text == "0.002"


def test_the_size_survives_a_change_of_unit_and_the_rounded_size_is_shown(desk: Desk) -> None:
    desk.type_size("0.020")
    desk.click(desk.ticket.size_unit.button("quote"))
    assert desk.ticket.size_field.text == "2,169.03"
    assert desk.line(Side.BUY) == "0.020 @ 108,451.1"
    desk.click(desk.ticket.size_unit.button("equity"))
    assert desk.line(Side.BUY) == "0.020 @ 108,451.1"
    desk.type_size("50")
    assert desk.ticket.size_field._hint.text() == "= 0.046 BTC"
    desk.press(Side.BUY)
    assert desk.sent[0].quantity == D("0.046")


def test_a_size_that_cannot_be_told_in_the_new_unit_is_taken_out(desk: Desk) -> None:
    desk.type_price("")
    desk.ticket.limit_price.edit.clear()
    desk.type_size("0.020")
    desk.click(desk.ticket.size_unit.button("quote"))
    assert desk.ticket.size_field.text == "", "0.020 BTC must never turn into 0.020 USDT"


# ---- waiting ------------------------------------------------------------------------------------------------------


def test_a_stale_feed_holds_entries_and_lets_close(desk: Desk) -> None:
    desk.trader.feed(snapshot([position()]))
    desk.type_size("0.010")
    desk.go_stale()
    assert "feed stale 4.2 s" in desk.ticket.held.text
    assert desk.ticket.mark_note.text() == "4.2 s old"
    assert desk.ticket.preview.values["notional"].property("tone") == "text3"
    for side in Side:
        assert desk.line(side) == "waiting for feed"
        desk.press(side)
    assert desk.sent == []
    desk.click(desk.ticket.reduce_only)
    desk.press(Side.SELL)
    assert [(i.side, i.purpose, i.reduce_only) for i in desk.sent] == [(Side.SELL, Purpose.EXIT, True)]


def test_nothing_is_queued_while_the_feed_is_stale(desk: Desk) -> None:
    desk.type_size("0.010")
    desk.go_stale()
    desk.press(Side.BUY)
    desk.trader.set_route(Route.MARKET, is_connected=True, is_fresh=True)
    desk.frame()
    assert not desk.ticket.held.isVisible()
    assert desk.sent == []
    assert desk.ticket.buttons[Side.BUY].isEnabled()


def test_an_unknown_outcome_says_so_until_it_is_known(desk: Desk) -> None:
    desk.type_size("0.010")
    desk.press(Side.BUY)
    step = desk.trader.callback.request(desk.sent)
    sent = step.approved[0].client_order_id
    doubt = OrderOutcome(sent, OutcomeKind.UNKNOWN, False, desk.trader.callback.now_ms, error_code=-1007)
    desk.trader.feed(doubt)
    desk.frame()
    desk.ticket.show_result(step, (doubt,))
    assert desk.line(Side.BUY) == "asking the exchange"
    assert not desk.ticket.buttons[Side.BUY].isEnabled()
    desk.trader.feed(msgspec.structs.replace(doubt, kind=OutcomeKind.REFUSED, error_code=-2013))
    desk.frame()
    assert desk.ticket.buttons[Side.BUY].isEnabled()


RESULTS: list[tuple[Step | OutcomeUnknownError | str, tuple[OrderOutcome, ...], str, str]] = [
    (Step(1, None, 0, refusals=(Refusal("daily_loss_limit", "50"),)), (), "danger", "limit of 50"),
    (
        Step(1, None, 0),
        (OrderOutcome("x", OutcomeKind.REFUSED, False, 0, error_code=-2019),),
        "danger",
        "margin is too small",
    ),
    (Step(1, None, 0), (OrderOutcome("x", OutcomeKind.UNKNOWN, False, 0),), "warn", "asking the exchange"),
    (Step(1, None, 0), (OrderOutcome("x", OutcomeKind.ACCEPTED, False, 0),), "ok", "has taken the order"),
    (OutcomeUnknownError(-1007, "Timeout"), (), "warn", "being asked"),
    ("The session ended.", (), "info", "session ended"),
]


@pytest.mark.parametrize(("result", "outcomes", "tone", "words"), RESULTS)
def test_what_became_of_it_stands_in_the_ticket(
    desk: Desk,
    result: Step | OutcomeUnknownError | str,
    outcomes: tuple[OrderOutcome, ...],
    tone: str,
    words: str,
) -> None:
    desk.type_size("0.010")
    desk.press(Side.BUY)
    desk.ticket.show_result(result, outcomes)
    (message,) = desk.ticket.result.messages
    assert message.tone == tone
    assert words in message.html
    assert desk.ticket.buttons[Side.BUY].isEnabled()


# ---- preview ------------------------------------------------------------------------------------------------------


def test_preview_figures(desk: Desk) -> None:
    desk.trader.feed(snapshot([position(isolated_wallet=D("108.37"))], [stop_loss()]))
    desk.frame()
    desk.type_size("0.020")
    told = {row: desk.figure(row) for row in desk.ticket.preview.values}
    assert told == {
        "notional": "2,169.02 USDT",
        "cost": "216.93 USDT",
        "fee_maker": "0.43 USDT",
        "fee_taker": "1.08 USDT",
        "position_after": "Long 0.030 @ 108,423.3",
        "break_even": "108,531.7",
        "liquidation_price": "97,972.8",
        "loss_at_stop": "−8.50 USDT (0.09 %)",
        "closing_pnl": "—",
    }
    desk.click(desk.ticket.side.button("SELL"))
    assert desk.figure("position_after") == "Short 0.010 @ 108,451.1"
    assert desk.figure("loss_at_stop") == "no stop"


def test_a_hidden_ticket_works_nothing_out(desk: Desk) -> None:
    desk.type_size("0.020")
    desk.ticket.hide()
    before = desk.ticket._judged
    desk.trader.tick("108500.0")
    desk.frame()
    assert desk.ticket._judged is before
    desk.ticket.show()
    assert desk.ticket._judged is not before


def test_a_price_picked_in_the_book(desk: Desk) -> None:
    desk.click(desk.ticket.kind.button("market"))
    desk.ticket.pick_price(D("108460.0"))
    assert (desk.ticket.kind.value, desk.ticket.limit_price.text) == ("limit", "108,460.0")
    desk.click(desk.ticket.kind.button("stop"))
    desk.ticket.pick_price(D("108500.0"))
    assert (desk.ticket.trigger_price.text, desk.ticket.limit_price.text) == ("108,500.0", "108,460.0")


def test_margin_and_leverage_are_asked_for(desk: Desk) -> None:
    assert (desk.ticket.margin_type.text(), desk.ticket.leverage.text()) == ("Isolated", "10×")
    with desk.qtbot.waitSignal(desk.ticket.leverage_requested) as leverage:
        desk.ticket.leverage.entries["20"].trigger()
    with desk.qtbot.waitSignal(desk.ticket.margin_type_requested) as margin:
        desk.ticket.margin_type.entries["CROSSED"].trigger()
    assert (leverage.args, margin.args) == ([20], ["CROSSED"])


# ---- looks --------------------------------------------------------------------------------------------------------


def test_every_control_that_takes_focus_has_a_name(desk: Desk) -> None:
    desk.type_size("0.0205")
    nameless = [
        w
        for w in desk.ticket.findChildren(QWidget)
        if w.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not (w.accessibleName() or (isinstance(w, QAbstractButton) and w.text()))
    ]
    assert nameless == []


def test_it_fits_into_the_narrowest_dock(desk: Desk) -> None:
    desk.type_size("0.0205")
    desk.ticket.resize(300, 420)
    assert desk.ticket.width() == 300
    assert desk.ticket.buttons[Side.SELL].geometry().right() <= 300
    assert desk.ticket.buttons[Side.SELL].visibleRegion().boundingRect().height() == 40, "the buttons stay in sight"


def test_tab_goes_from_top_to_bottom(desk: Desk) -> None:
    desk.type_size("0.020")
    ticket = desk.ticket
    order: list[Callable[[], QWidget]] = [
        lambda: ticket.limit_price.edit,
        lambda: ticket.size_field.edit,
        lambda: ticket.reduce_only,
        lambda: ticket.buttons[Side.BUY],
    ]
    seen, widget = [], ticket.nextInFocusChain()
    for _ in range(200):
        seen.append(widget)
        widget = widget.nextInFocusChain()
    places = [seen.index(get()) for get in order]
    assert places == sorted(places)


def test_a_change_of_theme_repaints(desk: Desk) -> None:
    desk.type_size("0.020")
    button = desk.ticket.buttons[Side.BUY]
    before = button.grab().toImage().pixelColor(6, 20)
    theme().set("dark", "korean")
    assert button.grab().toImage().pixelColor(6, 20) != before


def test_a_tick_that_changes_is_followed_at_once(desk: Desk) -> None:
    desk.type_size("0.010")
    desk.type_price("108000.0")
    assert "0.010" in desk.line(Side.BUY)
    coarser = msgspec.structs.replace(
        desk.trader.callback.rules, tick_size=D("0.5"), step_size=D("0.01"), market_step_size=D("0.01")
    )
    desk.trader.feed(RulesUpdate((coarser,), 0))
    desk.frame()
    desk.type_price("108000.2")
    assert "108,000.0" in desk.ticket.limit_price.messages.messages[0].html
    desk.type_price("108000.5")
    desk.type_size("0.015")
    assert "0.02" in desk.ticket.size_field.messages.messages[0].html
