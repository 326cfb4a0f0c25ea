"""The order ticket under real keys and clicks: what it refuses, what it sends, and that it sends it once."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from tests.fakes import FakeTrader, position, snapshot, stop_loss
from trader_gui.domain.account import PositionMode
from trader_gui.domain.bracket import BracketWish
from trader_gui.domain.exit_level import ExitLevel
from trader_gui.domain.market import BookTicker, MarkPrice
from trader_gui.domain.order import (
    OrderIntent,
    OrderOutcome,
    OrderType,
    OutcomeKind,
    PriceMatch,
    Purpose,
    Side,
    TimeInForce,
    WorkingType,
)
from trader_gui.domain.step import MarketState, Refusal, Route, Step, SymbolStatus
from trader_gui.domain.symbol import RulesUpdate
from trader_gui.domain.ticket import (
    AskRules,
    AskWhen,
    ExitText,
    ExitUnit,
    OrderKind,
    TicketMemory,
    TicketPreset,
)
from trader_gui.errors import OutcomeUnknownError
from trader_gui.exchange.port import CommissionRate, LeverageBracket
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_records import TicketDraft
from trader_gui.risk.gate import RiskLimits
from trader_gui.widgets import order_entry
from trader_gui.widgets.dialogs.good_till import GoodTillDialog
from trader_gui.widgets.dialogs.leverage import LeverageDialog
from trader_gui.widgets.dialogs.margin import MarginDialog
from trader_gui.widgets.dialogs.preset import PresetDialog
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
        self.ticket.load(ask=AskRules(*[AskWhen.NEVER] * 4))
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
        self.settle()

    def settle(self) -> None:
        """Wait until what was typed is judged: at the end of the frame."""
        self.qtbot.waitUntil(lambda: not self.ticket._frame.isActive(), timeout=10_000)

    def type_size(self, text: str) -> None:
        self.type_into(self.ticket.size_field.edit, text)

    def type_price(self, text: str) -> None:
        self.type_into(self.ticket.limit_price.edit, text)

    def press(self, side: Side) -> None:
        """Press a side's button, a while after the last press."""
        self.ticket._sent_ns = 0
        self.click(self.ticket.buttons[side])

    def click(self, widget: QWidget) -> None:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
        self.settle()

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


def test_a_double_click_is_one_order_even_when_the_answer_comes_in_between(desk: Desk) -> None:
    desk.type_size("0.020")
    button = desk.ticket.buttons[Side.BUY]
    for _ in range(3):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        desk.ticket.show_result("")
    assert len(desk.sent) == 1
    QTest.mouseClick(desk.ticket.buttons[Side.SELL], Qt.MouseButton.LeftButton)
    assert len(desk.sent) == 1, "neither does the other side follow at once"
    desk.press(Side.SELL)
    assert len(desk.sent) == 2


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
    desk.click(desk.ticket.kind.button(OrderKind.MARKET))
    desk.type_size("0.020")
    assert not desk.ticket.limit_price.isVisible()
    assert desk.line(side) == "0.020 at market"
    desk.press(side)
    intent = desk.sent[0]
    assert (intent.order_type, intent.price, intent.time_in_force) == (OrderType.MARKET, None, None)


def test_a_reduce_only_stop_protects(desk: Desk) -> None:
    desk.trader.feed(snapshot([position()]))
    desk.frame()
    desk.click(desk.ticket.kind.button(OrderKind.STOP))
    desk.click(desk.ticket.reduce_only)
    assert desk.ticket.side.value == Side.SELL, "the preview turns to the side that closes"
    desk.type_into(desk.ticket.trigger_price.edit, "108300")
    desk.type_size("0.010")
    desk.ticket.prices.trigger_choice.entries["MARK_PRICE"].trigger()
    assert not desk.ticket.buttons[Side.BUY].isEnabled()
    desk.press(Side.SELL)
    intent = desk.sent[0]
    assert (intent.order_type, intent.purpose, intent.reduce_only) == (OrderType.STOP_MARKET, Purpose.PROTECTION, True)
    assert (intent.trigger_price, intent.working_type) == (D("108300.0"), WorkingType.MARK_PRICE)


def test_post_only_leaves_no_choice_of_time_in_force(desk: Desk) -> None:
    desk.ticket.force_choice.entries["IOC"].trigger()
    desk.type_size("0.020")
    desk.click(desk.ticket.post_only)
    assert not desk.ticket.force_choice.isEnabled()
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
    units = desk.ticket.size_fields.units
    desk.type_size("0.020")
    desk.click(units.button("quote"))
    assert desk.ticket.size_field.text == "2,169.03"
    assert desk.line(Side.BUY) == "0.020 @ 108,451.1"
    desk.click(units.button("percent"))
    assert desk.line(Side.BUY) == "0.020 @ 108,451.1"
    desk.type_size("50")
    assert desk.ticket.size_field.hint == "= 0.457 BTC"
    desk.press(Side.BUY)
    assert desk.sent[0].quantity == D("0.457")


def test_a_size_by_risk_follows_the_stop(desk: Desk) -> None:
    ticket = desk.ticket
    desk.click(ticket.size_fields.units.button("risk"))
    desk.type_size("50")
    assert (desk.line(Side.BUY), ticket.size_field.messages.messages) == ("type a stop", ())
    desk.type_into(ticket.stop.edit, "202.7")
    assert desk.line(Side.BUY) == "0.160 @ 108,451.1"
    assert desk.figure("loss_at_stop").startswith("−49.")
    desk.type_into(ticket.stop.edit, "405.4")
    assert desk.line(Side.BUY) == "0.097 @ 108,451.1"
    ticket.size_fields.risk_choice.entries["risk_percent"].trigger()
    assert ticket.size_field.text == "0.50", "the same size, counted in percent of equity"
    desk.type_size("1")
    assert desk.line(Side.BUY) == "0.194 @ 108,451.1"


def test_a_percentage_is_of_the_position_when_only_reducing(desk: Desk) -> None:
    desk.trader.feed(snapshot([position("0.030")]))
    desk.frame()
    desk.click(desk.ticket.reduce_only)
    desk.click(desk.ticket.size_fields.units.button("percent"))
    assert desk.ticket.size_fields.units.button("percent").text() == "% pos."
    desk.type_size("50")
    assert desk.line(Side.SELL) == "0.015 @ 108,451.1"
    assert not desk.ticket.stop.edit.isEnabled(), "what only closes takes no stop with it"


def test_a_size_that_cannot_be_told_in_the_new_unit_is_taken_out(desk: Desk) -> None:
    desk.ticket.limit_price.edit.clear()
    desk.type_size("0.020")
    desk.click(desk.ticket.size_fields.units.button("quote"))
    assert desk.ticket.size_field.text == "", "0.020 BTC must never turn into 0.020 USDT"


def test_typing_is_judged_once_a_frame(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []
    real = order_entry.assess

    def assess(draft: TicketDraft, *more: object) -> object:
        judged.append(draft.size_text)
        return real(draft, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(order_entry, "assess", assess)
    desk.settle()
    edit = desk.ticket.size_field.edit
    edit.setFocus()
    for length in range(1, 6):
        edit.setText("0.020"[:length])
    assert judged == ["0"] * 2, "the first letter at once, for both sides"
    desk.settle()
    assert judged == ["0"] * 2 + ["0.020"] * 2
    assert desk.line(Side.BUY) == "0.020 @ 108,451.1"


# ---- kinds --------------------------------------------------------------------------------------------------------


def choose(desk: Desk, kind: OrderKind) -> None:
    desk.ticket.kind.entries[kind].trigger()
    desk.settle()


def shown_fields(desk: Desk) -> set[str]:
    fields = {"limit": desk.ticket.limit_price, **{n.value: f for n, f in desk.ticket.prices.fields.items()}}
    return {name for name, field in fields.items() if field.isVisible() and name != "price"}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (OrderKind.LIMIT, {"limit"}),
        (OrderKind.MARKET, set()),
        (OrderKind.STOP, {"trigger"}),
        (OrderKind.STOP_LIMIT, {"trigger", "limit"}),
        (OrderKind.TAKE_PROFIT, {"trigger"}),
        (OrderKind.TAKE_PROFIT_LIMIT, {"trigger", "limit"}),
        (OrderKind.TRAILING, {"callback", "activation"}),
    ],
)
def test_each_kind_shows_what_it_needs_and_the_fees_that_it_may_have(
    desk: Desk, kind: OrderKind, fields: set[str]
) -> None:
    desk.ticket.kind.set_value(kind)
    desk.ticket.kind.chosen.emit()
    assert shown_fields(desk) == fields
    assert desk.ticket.price_protect.isVisible() is kind.is_conditional
    values = desk.ticket.preview.values
    is_joint = values["fees"].isVisible()
    assert (is_joint or values["fee_taker"].isVisible()) and not (is_joint and values["fee_taker"].isVisible())
    assert (is_joint or values["fee_maker"].isVisible()) is kind.has_limit
    heights = {field.height() for field in desk.ticket.prices.fields.values() if field.isVisible()}
    assert len(heights) <= 1


@pytest.mark.qt_log_ignore("This plugin does not support")  # raising and grabbing, which a menu does
def test_the_third_segment_takes_the_last_kind_at_once_and_opens_its_menu_when_pressed_again(desk: Desk) -> None:
    third = desk.ticket.kind.button(OrderKind.STOP)
    desk.click(third)
    assert desk.ticket.kind.value is OrderKind.STOP
    assert not desk.ticket.kind._menu.isVisible()
    desk.click(third)
    assert desk.ticket.kind._menu.isVisible()
    desk.ticket.kind._menu.close()
    choose(desk, OrderKind.TRAILING)
    assert third.text() == "Trailing"
    desk.click(desk.ticket.kind.button(OrderKind.LIMIT))
    desk.click(third)
    assert desk.ticket.kind.value is OrderKind.TRAILING


def test_a_trailing_stop_is_sent_as_it_was_typed(desk: Desk) -> None:
    choose(desk, OrderKind.TRAILING)
    desk.type_size("0.020")
    assert desk.line(Side.SELL) == "type a callback"
    desk.type_into(desk.ticket.prices.callback.edit, "1.2")
    desk.type_into(desk.ticket.prices.activation.edit, "109,000")
    desk.ticket.prices.follow_choice.entries["MARK_PRICE"].trigger()
    desk.click(desk.ticket.price_protect)
    assert desk.line(Side.SELL) == "0.020 trail 1.2 %"
    desk.press(Side.SELL)
    intent = desk.sent[0]
    assert (intent.order_type, intent.callback_fraction) == (OrderType.TRAILING_STOP_MARKET, D("0.012"))
    assert (intent.activation_price, intent.working_type, intent.price_protect) == (
        D("109000.0"), WorkingType.MARK_PRICE, True,
    )  # fmt: skip
    assert desk.trader.callback.request(desk.sent).refusals == ()


def test_a_price_match_takes_the_place_of_the_price(desk: Desk) -> None:
    prices = desk.ticket.prices
    desk.type_size("0.020")
    prices.match_choice.entries["QUEUE_5"].trigger()
    assert (prices.limit.text, prices.limit.edit.isEnabled(), prices.match_choice.text()) == ("", False, "queue 5")
    assert desk.line(Side.BUY) == "0.020 @ queue 5"
    desk.press(Side.BUY)
    assert (desk.sent[0].price, desk.sent[0].price_match) == (None, PriceMatch.QUEUE_5)
    desk.ticket.show_result("")
    desk.ticket.pick_price(D("108440.0"))
    assert (prices.price_match, prices.limit.text) == (None, "108,440.0")


def test_the_end_of_a_good_till_date_order_is_chosen_in_a_form(desk: Desk) -> None:
    desk.type_size("0.020")
    desk.ticket.force_choice.entries["GTD"].trigger()
    (dialog,) = desk.ticket.findChildren(GoodTillDialog)
    now_ms = desk.trader.callback.now_ms
    QTest.mouseClick(dialog.spans["15 min"], Qt.MouseButton.LeftButton)
    assert now_ms + 900_000 <= dialog.end_ms < now_ms + 960_000
    dialog.edit.setDateTime(dialog.edit.dateTime().addSecs(-600))
    assert not dialog.take_button.isEnabled()
    QTest.mouseClick(dialog.spans["1 h"], Qt.MouseButton.LeftButton)
    QTest.mouseClick(dialog.take_button, Qt.MouseButton.LeftButton)
    assert desk.ticket.force_choice.text() == "GTD 20:58"
    desk.press(Side.BUY)
    assert (desk.sent[0].time_in_force, desk.sent[0].good_till_ms) == (TimeInForce.GTD, 1_751_835_480_000)


def test_an_end_that_has_come_too_near_is_told_and_mended_by_one_click(desk: Desk) -> None:
    desk.type_size("0.020")
    desk.ticket._set_force(TimeInForce.GTD, desk.trader.callback.now_ms + 500_000)
    desk.settle()
    (message,) = desk.ticket.flag_messages.messages
    assert "Soonest" in message.html and not desk.ticket.buttons[Side.BUY].isEnabled()
    desk.ticket.flag_messages.link_taken.emit(re.findall(r'href="(\d+)"', message.html)[0])
    desk.settle()
    assert desk.ticket.buttons[Side.BUY].isEnabled()


# ---- stop and target ----------------------------------------------------------------------------------------------


def test_a_stop_is_told_as_price_and_as_distance_and_handed_on_with_its_entry(desk: Desk) -> None:
    ticket = desk.ticket
    desk.type_size("0.020")
    desk.type_into(ticket.stop.edit, "202.7")
    assert ticket.stop.hint == "108,248.4"
    desk.click(ticket.side.button("SELL"))
    assert ticket.stop.hint == "108,653.8", "one distance serves both sides"
    desk.click(ticket.side.button("BUY"))
    ticket.stop._unit_choice.entries["price"].trigger()
    assert (ticket.stop.text, ticket.stop.hint) == ("108,248.4", "202.7 away")
    assert desk.line(Side.SELL) == "fix 1 field"
    ticket.stop._unit_choice.entries["distance"].trigger()
    assert ticket.stop.text == "202.7"
    desk.type_into(ticket.target.edit, "500")
    assert desk.figure("gain_at_target") == "+7.83 USDT (+1.26 R)"
    wishes: list[BracketWish] = []
    ticket.bracket_requested.connect(wishes.append)
    desk.press(Side.BUY)
    assert desk.sent == []
    (wish,) = wishes
    assert (wish.entry.quantity, wish.stop, wish.target) == (
        D("0.020"), ExitLevel(distance=D("202.7")), ExitLevel(distance=D(500)),
    )  # fmt: skip
    assert desk.line(Side.BUY) == "sending…"


def test_a_wrong_stop_is_told_below_both_fields(desk: Desk) -> None:
    desk.type_size("0.020")
    desk.type_into(desk.ticket.stop.edit, "0")
    (message,) = desk.ticket.stop.messages.messages
    assert "at least" in message.html
    desk.ticket.stop.messages.link_taken.emit("0.1")
    assert desk.ticket.stop.text == "0.1"


# ---- presets and memory -------------------------------------------------------------------------------------------


def test_a_preset_brings_the_ticket_back_and_leaves_prices_alone(desk: Desk) -> None:
    ticket, kept = desk.ticket, list[dict[str, TicketPreset]]()
    ticket.menu.presets_changed.connect(kept.append)
    desk.type_size("0.020")
    desk.type_into(ticket.stop.edit, "202.7")
    desk.click(ticket.post_only)
    wanted = ticket.preset
    ticket.menu._open_preset()
    (dialog,) = ticket.findChildren(PresetDialog)
    QTest.keyClicks(dialog.edit, "Scalp")
    QTest.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert kept == [{"Scalp": wanted}]
    choose(desk, OrderKind.TRAILING)
    desk.type_size("1")
    desk.type_price("108,440.5")
    ticket.menu._fill()
    ticket.menu.actions()[0].trigger()
    desk.settle()
    assert (ticket.preset, ticket.limit_price.text) == (wanted, "108,440.5")
    delete = next(a.menu() for a in ticket.menu.actions() if a.text() == "Delete preset")
    delete.actions()[0].trigger()
    assert kept[-1] == {}


def test_what_was_typed_comes_back_by_symbol_and_unit(desk: Desk, qtbot: QtBot) -> None:
    ticket, units = desk.ticket, desk.ticket.size_fields.units
    desk.click(units.button("quote"))
    desk.type_size("2,500")
    desk.type_into(ticket.stop.edit, "202.7")
    ticket.target._unit_choice.entries["price"].trigger()
    desk.type_into(ticket.target.edit, "109000")
    with qtbot.waitSignal(ticket.history.changed, timeout=3000) as told:
        pass
    memory: TicketMemory = told.args[1]
    assert told.args[0] == "BTCUSDT"
    again = OrderEntry(desk.model, profile_name="demo")
    qtbot.addWidget(again)
    again.load({"BTCUSDT": memory})
    again.show()
    assert again.draft == replace(ticket.draft, target=ExitText("", ExitUnit.PRICE)), "prices go stale"
    assert again.size_fields.units.value == "quote"
    again.limit_price.edit.clear()
    again.size_field.edit.clear()
    again._on_unit_chosen("base")
    assert again.size_field.text == ""
    again._on_unit_chosen("quote")
    assert again.size_field.text == "2,500.00", "the last size typed in this unit"


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
    desk.type_size("0.011")
    assert bool(desk.ticket.result.messages) is (tone != "ok"), "the next order begins"


# ---- preview ------------------------------------------------------------------------------------------------------


def test_preview_figures(desk: Desk) -> None:
    desk.trader.feed(snapshot([position(isolated_wallet=D("108.37"))], [stop_loss()]))
    desk.frame()
    desk.type_size("0.020")
    told = {row: desk.figure(row) for row in desk.ticket.preview.values}
    assert told == {
        "notional": "2,169.02 USDT",
        "fees": "0.43 / 1.08 USDT",
        "cost": "216.93 USDT",
        "fee_maker": "0.43 USDT",
        "fee_taker": "1.08 USDT",
        "position_after": "Long 0.030 @ 108,423.3",
        "break_even": "108,531.7",
        "liquidation_price": "97,972.8",
        "loss_at_stop": "−8.50 USDT (0.09 %)",
        "gain_at_target": "no target",
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
    desk.click(desk.ticket.kind.button(OrderKind.MARKET))
    desk.ticket.pick_price(D("108460.0"))
    assert (desk.ticket.kind.value, desk.ticket.limit_price.text) == ("limit", "108,460.0")
    desk.click(desk.ticket.kind.button(OrderKind.STOP))
    desk.ticket.pick_price(D("108500.0"))
    assert (desk.ticket.trigger_price.text, desk.ticket.limit_price.text) == ("108,500.0", "108,460.0")


# ---- leverage, margin type, position mode ---------------------------------------------------------------------------


def test_leverage_is_set_in_a_form_that_tells_a_refusal_and_changes_nothing(desk: Desk) -> None:
    asked: list[int] = []
    desk.ticket.leverage_requested.connect(asked.append)
    assert (desk.ticket.margin_type.text(), desk.ticket.leverage.text()) == ("Isolated", "10×")
    desk.click(desk.ticket.leverage)
    (form,) = desk.ticket.findChildren(LeverageDialog)
    assert not form.set_button.isEnabled(), "10 is set already"
    form.slider.setValue(20)
    assert (form.field.text, form._values["cap"].text()) == ("20", "50,000,000.00 USDT")
    QTest.keyClick(form.field.edit, Qt.Key.Key_Return)
    assert asked == [], "Enter in the number sets nothing"
    for text, is_right in (("126", False), ("2.5", False), ("", False), ("25", True)):
        form.field.edit.setText(text)
        assert form.set_button.isEnabled() is is_right
    for _ in range(2):
        QTest.mouseClick(form.set_button, Qt.MouseButton.LeftButton)
    assert asked == [25]
    desk.ticket.show_setting("The position would be larger than this leverage allows.")
    assert form.isVisible() and "larger than" in form.messages.messages[0].html
    assert desk.ticket.leverage.text() == "10×"
    QTest.mouseClick(form.set_button, Qt.MouseButton.LeftButton)
    desk.ticket.show_setting("")
    assert not form.isVisible() and desk.ticket.forms.form is None


def test_margin_type_and_position_mode_are_set_in_a_form_that_says_what_bars_them(desk: Desk) -> None:
    asked: list[object] = []
    desk.ticket.margin_type_requested.connect(asked.append)
    desk.ticket.position_mode_requested.connect(asked.append)
    desk.trader.feed(snapshot([position()]))
    desk.frame()
    desk.click(desk.ticket.margin_type)
    (form,) = desk.ticket.findChildren(MarginDialog)
    assert not form.set_margin_button.isEnabled() and not form.set_mode_button.isEnabled()
    QTest.mouseClick(form.margin_type.button("CROSSED"), Qt.MouseButton.LeftButton)
    assert "while a position is open" in form._margin_note.text()
    QTest.mouseClick(form.position_mode.button("hedge"), Qt.MouseButton.LeftButton)
    assert "without any position or open order" in form._mode_note.text()
    QTest.mouseClick(form.set_margin_button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(form.set_mode_button, Qt.MouseButton.LeftButton)
    assert asked == ["CROSSED"], "one change at a time"
    desk.ticket.show_setting("The margin type cannot change while a position is open.")
    assert form.isVisible() and "cannot change" in form.messages.messages[0].html
    QTest.mouseClick(form.set_mode_button, Qt.MouseButton.LeftButton)
    assert asked == ["CROSSED", True]
    desk.ticket.show_setting("")
    desk.trader.feed(PositionMode(is_hedge=True, event_time_ms=desk.trader.callback.now_ms))
    desk.frame()
    assert desk.ticket.margin_type.text() == "Isolated, hedge"


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


# ---- another symbol -----------------------------------------------------------------------------------------------

ETHER = SymbolStatus("ETHUSDT", MarketState.FRESH, 0)


def show_ether(desk: Desk, *, is_priced: bool = True) -> None:
    """Let the window show another symbol than the session's."""
    rules = replace(desk.trader.callback.rules, symbol="ETHUSDT", base_asset="ETH", tick_size=D("0.01"))
    desk.trader.status.shown.symbol = "ETHUSDT"
    desk.trader.feed(RulesUpdate((rules,), 0), ETHER)
    if is_priced:
        desk.trader.feed(
            MarkPrice("ETHUSDT", D(3000), D(3000), D(0), 0, 0),
            BookTicker("ETHUSDT", 1, D("2999.99"), D(5), D("3000.01"), D(5), 0),
        )
    desk.frame()


def show_own(desk: Desk) -> None:
    desk.trader.status.shown.symbol = ""
    desk.frame()


def test_the_ticket_says_which_symbol_it_trades_when_it_is_not_the_engines(desk: Desk) -> None:
    ticket = desk.ticket
    assert ticket.buttons[Side.BUY].title == "▲ Buy / Long" and not ticket.other_symbol.isVisible()
    show_ether(desk)
    assert ticket.other_symbol.isVisible() and "ETHUSDT" in ticket.other_symbol.text()
    assert [b.title for b in ticket.buttons.values()] == ["▲ Buy ETHUSDT", "▼ Sell ETHUSDT"]
    desk.type_size("0.100")
    assert "ETHUSDT" in ticket.buttons[Side.BUY].accessibleName()
    desk.click(ticket.reduce_only)
    assert [b.title for b in ticket.buttons.values()] == ["▲ Close ETHUSDT", "▼ Close ETHUSDT"]
    desk.click(ticket.reduce_only)
    desk.press(Side.BUY)
    assert [(i.symbol, i.quantity, i.price) for i in desk.sent] == [("ETHUSDT", D("0.100"), D("2999.99"))]


def test_what_was_typed_waits_for_its_symbol(desk: Desk) -> None:
    ticket = desk.ticket
    desk.type_price("108,000.0")
    desk.type_size("0.010")
    desk.click(ticket.post_only)
    show_ether(desk)
    assert (ticket.limit_price.value, ticket.size_field.text, ticket.post_only.isChecked()) == (D("2999.99"), "", False)
    choose(desk, OrderKind.TRAILING)
    desk.type_into(ticket.prices.callback.edit, "1.5")
    desk.type_into(ticket.prices.activation.edit, "3100")
    show_own(desk)
    assert (ticket.kind.value, ticket.limit_price.value, ticket.size_field.value) == (
        OrderKind.LIMIT,
        D("108000.0"),
        D("0.010"),
    )
    assert ticket.post_only.isChecked()
    show_ether(desk)
    assert (ticket.kind.value, ticket.prices.callback.value, ticket.prices.activation.value) == (
        OrderKind.TRAILING,
        D("1.5"),
        D(3100),
    )


def test_an_answer_says_of_which_symbol_it_is_when_another_one_is_shown(desk: Desk) -> None:
    desk.type_price("108,440.5")
    desk.type_size("0.010")
    desk.press(Side.BUY)
    show_ether(desk)
    assert desk.line(Side.BUY) == "sending…"
    desk.ticket.show_result(OutcomeUnknownError(None, "no answer"))
    (message,) = desk.ticket.result.messages
    assert message.html.startswith("BTCUSDT: ")
    desk.frame()
    assert "sending" not in desk.line(Side.BUY)


def test_nothing_is_opened_without_its_own_prices_or_by_limits_of_another_asset(desk: Desk) -> None:
    show_ether(desk, is_priced=False)
    desk.type_size("0.100")
    assert desk.line(Side.BUY) == "waiting for feed"
    desk.trader.callback.gate.limits = RiskLimits(max_order_quantity=D("0.5"))
    show_ether(desk)
    assert desk.line(Side.BUY) == "held by limits"
    desk.trader.callback.gate.limits = RiskLimits()
    desk.trader.status.shown.symbol = "WHOUSDT"
    desk.frame()
    assert desk.line(Side.BUY) == "not traded here"
    desk.press(Side.BUY)
    assert desk.sent == []
