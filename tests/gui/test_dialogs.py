"""Dialogs under real keys and clicks: nothing happens by accident, and everything happens once."""

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.fakes import FakeTrader, mark_price, position, snapshot, stop_loss
from trader_gui.domain.account import PositionKey, PositionMode
from trader_gui.domain.order import OrderIntent, PositionSide, Side
from trader_gui.domain.step import Refusal, Route
from trader_gui.domain.symbol import RulesUpdate
from trader_gui.domain.ticket import AskKind, AskLimits, AskRules, AskWhen, OrderKind
from trader_gui.exchange.port import CommissionRate
from trader_gui.models.ticket import TicketModel
from trader_gui.widgets.dialogs import (
    ArmingContract,
    ArmingSheet,
    Check,
    CloseDialog,
    DamagedJournalDialog,
    FlattenPopover,
    KeysDialog,
    ProfileDialog,
    flatten,
    frame,
    hold_button,
)
from trader_gui.widgets.dialogs.asking import AskingDialog
from trader_gui.widgets.order_entry import OrderEntry
from trader_gui.widgets.theme import theme

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform says it of every window
D = Decimal
LONG_NS = 10**12


class Room:
    """A window, and a running session with a long position."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.window.resize(1000, 600)
        self.window.show()
        self.trader = FakeTrader()
        self.trader.run_quietly()
        self.trader.status.commission = CommissionRate("BTCUSDT", D("0.0002"), D("0.0005"))
        self.trader.feed(snapshot([position()], [stop_loss()]))
        self.model = TicketModel()
        self.frame()

    def frame(self) -> None:
        self.model.refresh(self.trader.callback, self.trader.status, self.trader.now_ns)

    def settle(self, dialog: ProfileDialog) -> None:
        """Wait until the dialog takes confirmations."""
        self.qtbot.waitUntil(dialog.is_settled, timeout=2000)

    def focused(self) -> QWidget | None:
        return self.window.window().focusWidget()


@pytest.fixture
def room(qtbot: QtBot) -> Iterator[Room]:
    yield Room(qtbot)


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def texts(widget: QWidget) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel)]


# ---- a damaged journal ---------------------------------------------------------------------------------------------


def test_a_damaged_journal_is_moved_only_by_a_deliberate_press(room: Room) -> None:
    dialog = DamagedJournalDialog("live", "/data/live/journal.sqlite", "page 7 <bad>", room.window)
    room.qtbot.addWidget(dialog)
    wanted: list[bool] = []
    dialog.move_requested.connect(lambda: wanted.append(True))
    dialog.open()
    assert dialog.focusWidget() is dialog.cancel_button
    click(dialog.move_button)  # meant for what was there before
    assert not wanted and dialog.isVisible()
    said = " ".join(texts(dialog))
    assert "/data/live/journal.sqlite<br>page 7 &lt;bad&gt;" in said
    assert "orders are still open" in said and "found at the exchange by their prefix" in said
    room.settle(dialog)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not wanted and not dialog.isVisible()
    dialog.open()
    room.settle(dialog)
    click(dialog.move_button)
    assert wanted == [True] and not dialog.isVisible()


# ---- confirming an order ------------------------------------------------------------------------------------------


class Asking:
    """A ticket whose Buy was pressed, and the confirmation that came up."""

    def __init__(
        self, room: Room, profile_name: str = "live", ask: AskRules | None = None, *, stop: str = "", target: str = ""
    ) -> None:
        self.sent: list[OrderIntent] = []
        self.room = room
        self.ticket = OrderEntry(room.model, room.window, profile_name=profile_name)
        self.ticket.load(ask=ask)
        self.ticket.stop.edit.setText(stop)
        self.ticket.target.edit.setText(target)
        self.ticket.order_requested.connect(self.sent.append)
        self.ticket.resize(360, 600)
        self.ticket.show()
        self.ticket.size_field.edit.setText("0.020")
        room.qtbot.waitUntil(self.ticket.buttons[Side.BUY].isEnabled, timeout=10_000)
        click(self.ticket.buttons[Side.BUY])
        assert self.ticket._confirmation is not None
        self.dialog = self.ticket._confirmation

    def press_again(self, price: str = "") -> None:
        """The request before is answered; Buy is pressed once more."""
        self.ticket.show_result("")
        if price:
            self.ticket.limit_price.edit.setText(price)
        self.room.qtbot.waitUntil(lambda: not self.ticket._frame.isActive(), timeout=10_000)
        self.ticket._sent_ns = 0  # some time after the last press
        click(self.ticket.buttons[Side.BUY])


def test_a_confirmed_order_is_sent_once(room: Room) -> None:
    asking = Asking(room)
    assert asking.sent == []
    assert asking.dialog.isModal()
    room.settle(asking.dialog)
    button = asking.dialog.send_button
    click(button)
    assert [(i.side, i.quantity, i.price) for i in asking.sent] == [(Side.BUY, D("0.020"), D("108451.1"))]
    assert asking.ticket.buttons[Side.BUY].detail == "sending…"


def test_cancel_has_the_focus_and_enter_counts_only_after_a_while(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "QUIET_NS", LONG_NS)
    asking = Asking(room)
    dialog = asking.dialog
    assert dialog.focusWidget() is dialog.cancel_button
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.isVisible()
    dialog.send_button.setFocus()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    click(dialog.send_button)
    assert asking.sent == [], "too soon: the press was meant for the ticket"
    assert dialog.isVisible()
    monkeypatch.setattr(frame, "QUIET_NS", 0)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert len(asking.sent) == 1


def test_enter_on_cancel_cancels(room: Room) -> None:
    asking = Asking(room)
    room.settle(asking.dialog)
    with room.qtbot.waitSignal(asking.dialog.finished):
        QTest.keyClick(asking.dialog, Qt.Key.Key_Return)
    assert asking.sent == []
    assert asking.ticket.buttons[Side.BUY].isEnabled()
    click(asking.ticket.buttons[Side.BUY])
    assert asking.ticket._confirmation is not None, "the next press asks again"


def test_figures_follow_the_market_and_the_order_does_not(room: Room) -> None:
    asking = Asking(room)
    assert any("0.020 BTC at 108,451.1" in t for t in texts(asking.dialog))
    assert "Long 0.030 @ 108,423.3" in texts(asking.dialog)
    room.trader.feed(snapshot([position("0.040")]))
    room.frame()
    assert "Long 0.060 @ 108,395.4" in texts(asking.dialog)
    assert asking.dialog.intent.quantity == D("0.020")


def test_a_feed_that_goes_stale_holds_the_confirmation(room: Room) -> None:
    asking = Asking(room)
    room.settle(asking.dialog)
    room.trader.set_route(Route.MARKET, is_connected=True, is_fresh=False, age_s=4)
    room.frame()
    click(asking.dialog.send_button)
    assert asking.sent == []
    assert "Held: waiting for feed." in asking.dialog.messages.messages[-1].html


def test_do_not_ask_again_holds_for_this_kind_within_the_limits(room: Room) -> None:
    asking, kept = Asking(room, "demo"), list[AskRules]()
    asking.ticket.menu.ask_changed.connect(kept.append)
    assert asking.dialog.ask_no_more.text() == "Do not ask again for limit orders within the limits"
    asking.dialog.ask_no_more.setChecked(True)
    room.settle(asking.dialog)
    click(asking.dialog.send_button)
    assert kept == [AskRules(limit=AskWhen.ABOVE_LIMITS)]
    asking.press_again()
    assert len(asking.sent) == 2
    asking.press_again(price="109,600.0")
    far = asking.ticket._confirmation
    assert far is not None and "from the mark price" not in far.ask_no_more.text()
    assert [m.html for m in far.messages.messages] == ["1.06 % away from the mark price 108,449.8."]
    assert not far.ask_no_more.isVisible(), "it is not its kind's rule that asks"
    far.reject()
    click(asking.ticket.kind.button(OrderKind.MARKET))
    room.qtbot.waitUntil(asking.ticket.buttons[Side.BUY].isEnabled, timeout=10_000)
    click(asking.ticket.buttons[Side.BUY])
    assert asking.ticket._confirmation is not None, "the other kinds are still asked about"


def test_real_money_is_asked_about_once_a_day_whatever_the_rules_say(room: Room) -> None:
    asking = Asking(room, "live", AskRules(*[AskWhen.NEVER] * 4))
    assert [m.html for m in asking.dialog.messages.messages] == ["Your first order with real money today."]
    room.settle(asking.dialog)
    click(asking.dialog.send_button)
    asking.press_again()
    assert len(asking.sent) == 2


def test_an_order_after_a_change_of_leverage_is_asked_about(room: Room) -> None:
    asking = Asking(room, "demo")
    room.settle(asking.dialog)
    click(asking.dialog.send_button)
    asking.ticket.menu.set_ask(AskRules(*[AskWhen.NEVER] * 4))
    asking.press_again()
    assert len(asking.sent) == 2
    room.trader.feed(snapshot([position(leverage=5)], [stop_loss()]))
    room.frame()
    asking.press_again()
    assert asking.ticket._confirmation is not None
    assert "changed to 5×" in asking.ticket._confirmation.messages.messages[0].html


def test_the_price_of_a_confirmation_is_dated_and_a_market_that_moved_is_told(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = Asking(room, "demo")
    dialog = asking.dialog
    assert dialog._priced.text() == "Priced 0.0 s ago at mark 108,449.8"
    assert not dialog._priced.property("tone")
    room.trader.feed(mark_price("108549.8"))
    room.frame()
    assert dialog._priced.text().endswith("at mark 108,549.8, +100.0 since you pressed")
    assert dialog._priced.property("tone") == "warn"
    dialog._priced_ns -= 2_000_000_000
    dialog._look_at_age()
    assert "2.0 s ago" in dialog._priced.text()
    dialog._priced_ns -= 1_500_000_000
    dialog._look_at_age()
    assert "0.0 s ago" in dialog._priced.text(), "old figures are worked out anew"


def test_a_stop_of_the_ticket_stands_in_the_confirmation(room: Room) -> None:
    asking = Asking(room, "demo", stop="202.7", target="500")
    told = texts(asking.dialog)
    assert {"Protected by", "stop 108,248.4", "−8.50 USDT (0.09 %)", "Gain at target"} <= set(told)


# ---- when orders are asked about ----------------------------------------------------------------------------------


def test_rules_of_asking_are_set_in_a_form(room: Room) -> None:
    saved: list[AskRules] = []
    dialog = AskingDialog(AskRules(), "demo", room.window)
    room.qtbot.addWidget(dialog)
    dialog.saved.connect(saved.append)
    dialog.open()
    assert (dialog.usual.text, dialog.equity.text, dialog.mark.text) == ("3", "100", "1")
    dialog.mark.edit.setText("")
    assert not dialog.save_button.isEnabled()
    dialog.mark.edit.setText("0.5")
    click(dialog.bars[AskKind.MARKET].button("never"))
    click(dialog.save_button)
    assert saved == [AskRules(market=AskWhen.NEVER, limits=AskLimits(mark_fraction=D("0.005")))]


@pytest.mark.parametrize("profile_name", ["demo", "replay", "paper", "testnet", "live"])
def test_every_dialog_wears_the_profile(room: Room, profile_name: str) -> None:
    dialog = CloseDialog(room.model, ("BTCUSDT", PositionSide.BOTH), profile_name, room.window)
    room.qtbot.addWidget(dialog)
    dialog.open()
    fill, _ = theme().profile(profile_name)
    picture = dialog.grab().toImage()
    assert picture.pixelColor(picture.width() // 2, 1) == fill
    assert profile_name.upper() in texts(dialog)
    assert profile_name.upper() in dialog.windowTitle()


# ---- closing a position -------------------------------------------------------------------------------------------


class Closing:
    """The dialog that closes the position, and the orders that came out of it."""

    def __init__(self, room: Room, key: PositionKey = ("BTCUSDT", PositionSide.BOTH)) -> None:
        self.sent: list[Decimal] = []
        self.dialog = CloseDialog(room.model, key, "demo", room.window)
        room.qtbot.addWidget(self.dialog)
        self.dialog.close_requested.connect(self.sent.append)
        self.dialog.open()


def test_the_whole_position_is_closed_at_market(room: Room) -> None:
    closing = Closing(room)
    room.settle(closing.dialog)
    assert "Flat" in texts(closing.dialog)
    click(closing.dialog.send_button)
    click(closing.dialog.send_button)
    assert closing.sent == [D("0.010")]


def test_a_part_is_rounded_up_and_more_than_all_is_refused(room: Room) -> None:
    closing = Closing(room)
    quarter = next(b for b in closing.dialog.findChildren(QPushButton) if b.text() == "25 %")
    click(quarter)
    assert closing.dialog.size_field.text == "0.003"
    assert "Long 0.007 @ 108,367.6" in texts(closing.dialog)
    closing.dialog.size_field.edit.setText("0.011")
    assert not closing.dialog.send_button.isEnabled()
    assert "0.010" in closing.dialog.size_field.messages.messages[0].html


def test_it_is_closed_by_a_limit_at_the_best_or_a_typed_price(room: Room) -> None:
    closing = Closing(room)
    limits: list[OrderIntent] = []
    closing.dialog.limit_requested.connect(limits.append)
    click(closing.dialog.how.button("limit"))
    assert closing.dialog.price_field.value == D("108451.2")  # the best ask: first in line to sell
    best_bid = next(b for b in closing.dialog.findChildren(QPushButton) if b.text() == "Best bid")
    click(best_bid)
    assert closing.dialog.price_field.value == D("108451.1")
    closing.dialog.price_field.edit.setText("108500.05")
    assert not closing.dialog.send_button.isEnabled()
    assert "tick" in closing.dialog.price_field.messages.messages[0].html
    closing.dialog.price_field.edit.setText("108500.0")
    room.settle(closing.dialog)
    assert closing.dialog.send_button.text() == "Close 0.010 at 108,500.0"
    click(closing.dialog.send_button)
    click(closing.dialog.send_button)
    assert closing.sent == []
    assert [(i.side, i.price, i.quantity, i.reduce_only) for i in limits] == [
        (Side.SELL, D("108500.0"), D("0.010"), True)
    ]


def test_a_short_is_bought_back_and_a_stale_feed_does_not_keep_one_in(room: Room) -> None:
    room.trader.feed(snapshot([position("-0.010")]))
    room.trader.set_route(Route.MARKET, is_connected=True, is_fresh=False, age_s=4)
    room.frame()
    closing = Closing(room)
    room.settle(closing.dialog)
    assert "old" in closing.dialog.messages.messages[0].html
    click(closing.dialog.send_button)
    assert closing.dialog.send_button.accessibleName().startswith("Buy 0.010 at market")
    assert closing.sent == [D("0.010")]


def test_a_position_that_is_gone_meanwhile_cannot_be_closed(room: Room) -> None:
    closing = Closing(room)
    room.settle(closing.dialog)
    room.trader.feed(snapshot([]))
    room.frame()
    assert not closing.dialog.send_button.isEnabled()
    assert "closed already" in closing.dialog.messages.messages[0].html


def test_a_position_of_another_symbol_is_closed_by_its_own_rules(room: Room) -> None:
    rules = msgspec.structs.replace(
        room.trader.callback.rules, symbol="DOGEUSDT", base_asset="DOGE", step_size=D(1), market_step_size=D(1),
        market_min_quantity=D(1), market_max_quantity=D(1000),
    )  # fmt: skip
    room.trader.feed(RulesUpdate((rules,), 0), snapshot([position("-2500", "0.1", symbol="DOGEUSDT")]))
    room.frame()
    closing = Closing(room, ("DOGEUSDT", PositionSide.BOTH))
    assert closing.dialog.size_field.text == "2,500"  # more than one order may be: it goes out in several
    closing.dialog.size_field.edit.setText("12.5")
    assert not closing.dialog.send_button.isEnabled()
    closing.dialog.size_field.edit.setText("1250")
    room.settle(closing.dialog)
    assert "not followed" in closing.dialog.messages.messages[0].html
    click(closing.dialog.send_button)
    assert closing.sent == [D(1250)]


def test_one_leg_of_two_is_closed(room: Room) -> None:
    legs = [position("0.020", position_side=PositionSide.LONG), position("-0.010", position_side=PositionSide.SHORT)]
    room.trader.feed(PositionMode(True, 0), snapshot(legs))
    room.frame()
    closing = Closing(room, ("BTCUSDT", PositionSide.SHORT))
    room.settle(closing.dialog)
    assert closing.dialog.send_button.accessibleName().startswith("Buy 0.010 at market")
    with pytest.raises(ValueError, match="no such position"):
        Closing(room, ("BTCUSDT", PositionSide.BOTH))


# ---- keys ---------------------------------------------------------------------------------------------------------

API_KEY, SECRET = "k" * 60 + "7F2C", "s" * 64


class Keys:
    """The dialog for keys, with what it asked for."""

    def __init__(self, room: Room, stored: str = "") -> None:
        self.saved: list[tuple[str, str]] = []
        self.dialog = KeysDialog("testnet", stored, room.window)
        room.qtbot.addWidget(self.dialog)
        self.dialog.save_requested.connect(lambda key, secret: self.saved.append((key, secret)))
        self.dialog.open()

    def type_pair(self, api_key: str, secret: str) -> None:
        for edit, text in ((self.dialog.api_key, api_key), (self.dialog.secret, secret)):
            edit.setFocus()
            edit.insert(text)


def test_keys_are_handed_over_and_leave_no_trace(room: Room) -> None:
    keys = Keys(room)
    keys.type_pair(f"  {API_KEY}\n", SECRET)
    assert keys.dialog.secret.echoMode() is QLineEdit.EchoMode.Password
    assert SECRET not in keys.dialog.secret.displayText()
    click(keys.dialog.save_button)
    assert keys.saved == [(API_KEY, SECRET)]
    for edit in (keys.dialog.api_key, keys.dialog.secret):
        assert edit.text() == ""
        edit.undo()
        assert edit.text() == ""
    keys.dialog.show_stored(API_KEY)
    assert "Stored: key ending 7F2C" in texts(keys.dialog)
    assert not any(API_KEY in t for t in texts(keys.dialog)), "no more than four characters, whatever is handed in"


@pytest.mark.parametrize(
    ("api_key", "secret", "words"),
    [
        ("", SECRET, "API key is missing"),
        (API_KEY, "", "secret is missing"),
        (API_KEY, "short", "too short"),
        ("ключ" * 16, SECRET, "no key has"),
        (API_KEY[:30] + " " + API_KEY[30:], SECRET, "no key has"),
        (API_KEY, API_KEY, "same text"),
    ],
)
def test_what_cannot_be_a_key_is_refused(room: Room, api_key: str, secret: str, words: str) -> None:
    keys = Keys(room)
    keys.type_pair(api_key, secret)
    click(keys.dialog.save_button)
    assert keys.saved == []
    assert words in keys.dialog.messages.messages[0].html
    assert (keys.dialog.api_key.text(), keys.dialog.secret.text()) == (api_key, secret), "it can be put right"


def test_closing_wipes_what_was_typed(room: Room) -> None:
    keys = Keys(room)
    keys.type_pair(API_KEY, SECRET)
    QTest.keyClick(keys.dialog, Qt.Key.Key_Escape)
    assert keys.dialog.secret.text() == keys.dialog.api_key.text() == ""


def test_only_a_stored_key_can_be_deleted(room: Room) -> None:
    assert not Keys(room).dialog.delete_button.isEnabled()
    keys = Keys(room, "7F2C")
    with room.qtbot.waitSignal(keys.dialog.delete_requested):
        click(keys.dialog.delete_button)
    keys.dialog.show_error("The key store is locked.")
    assert "locked" in keys.dialog.messages.messages[0].html


# ---- arming -------------------------------------------------------------------------------------------------------

CONTRACT = ArmingContract(
    strategy="BB + RV", symbol="BTCUSDT", base_asset="BTC", quote_asset="USDT", entry_quantity=D("0.010"),
    quantity_decimals=3, entry_price=D("108451.2"), largest_loss=D(50), result_today=D("-15.80"), leverage=10,
    stop_fraction=D("0.0011"), taker_fraction=D("0.0005"), now_ms=1_751_831_863_000,
)  # fmt: skip


class Arming:
    """The arming sheet, and the durations it asked for."""

    def __init__(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.hold_for(60_000)  # no stall of a busy machine may look like a hold
        self.asked: list[float] = []
        self.sheet = ArmingSheet(CONTRACT, "live", room.window)
        room.qtbot.addWidget(self.sheet)
        self.sheet.arm_requested.connect(self.asked.append)
        self.sheet.open()
        room.settle(self.sheet)

    def hold_for(self, milliseconds: int) -> None:
        self._patch.setattr(hold_button, "HOLD_MS", milliseconds)


@pytest.fixture
def arming(room: Room, monkeypatch: pytest.MonkeyPatch) -> Arming:
    return Arming(room, monkeypatch)


def test_holding_by_mouse_arms_once(room: Room, arming: Arming) -> None:
    button = arming.sheet.hold_button
    arming.hold_for(150)
    with room.qtbot.waitSignal(arming.sheet.arm_requested, timeout=3000):
        QTest.mousePress(button, Qt.MouseButton.LeftButton)
    QTest.mouseRelease(button, Qt.MouseButton.LeftButton)
    assert arming.asked == [3600.0]
    assert not button.isEnabled()


def test_holding_space_arms_once_though_the_key_repeats(room: Room, arming: Arming) -> None:
    button = arming.sheet.hold_button
    arming.hold_for(150)
    button.setFocus()
    with room.qtbot.waitSignal(arming.sheet.arm_requested, timeout=3000):
        QTest.keyPress(button, Qt.Key.Key_Space)
        for _ in range(3):
            QApplication.sendEvent(button, _space(is_press=False))
            QApplication.sendEvent(button, _space(is_press=True))
    assert arming.asked == [3600.0]


def _space(*, is_press: bool) -> Any:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QKeyEvent

    kind = QEvent.Type.KeyPress if is_press else QEvent.Type.KeyRelease
    return QKeyEvent(kind, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, " ", True)


@pytest.mark.parametrize("how", ["release", "leave", "focus", "key"])
def test_letting_go_early_does_nothing(room: Room, arming: Arming, how: str) -> None:
    button = arming.sheet.hold_button
    button.setFocus()
    if how == "key":
        QTest.keyPress(button, Qt.Key.Key_Space)
        assert button.is_holding
        QTest.keyRelease(button, Qt.Key.Key_Space)
    else:
        QTest.mousePress(button, Qt.MouseButton.LeftButton)
        assert button.is_holding
        if how == "release":
            QTest.mouseRelease(button, Qt.MouseButton.LeftButton)
        elif how == "leave":
            QTest.mouseMove(button, QPoint(-20, -20))
        else:
            arming.sheet.cancel_button.setFocus()
    assert not button.is_holding
    assert arming.asked == []


def test_a_program_that_stood_still_does_not_take_that_for_a_hold(arming: Arming) -> None:
    """The timer may come before the news that the button was let go meanwhile."""
    button = arming.sheet.hold_button
    arming.hold_for(400)
    QTest.mousePress(button, Qt.MouseButton.LeftButton)
    time.sleep(0.5)
    QApplication.processEvents()
    assert button.is_holding and arming.asked == []
    QTest.mouseRelease(button, Qt.MouseButton.LeftButton)
    assert arming.asked == []


def test_enter_and_a_click_do_not_arm(arming: Arming) -> None:
    arming.sheet.hold_button.setFocus()
    QTest.keyClick(arming.sheet, Qt.Key.Key_Return)
    click(arming.sheet.hold_button)
    assert arming.asked == []


def test_a_check_in_danger_bars_arming_and_says_why(arming: Arming) -> None:
    arming.sheet.set_checks(
        [Check("Clock", "+18 ms"), Check("Price feed", "stale 4.2 s", "danger", "The feed is stale.")]
    )
    assert not arming.sheet.hold_button.isEnabled()
    assert arming.sheet.messages.messages[0].html == "The feed is stale."
    arming.sheet.set_checks([Check("Price feed", "fresh 0.2 s"), Check("Key IP limit", "none set", "warn")])
    assert arming.sheet.hold_button.isEnabled()


@pytest.mark.parametrize(
    ("text", "seconds"), [("1", 60.0), ("90", 5400.0), ("0", None), ("1.5", None), ("1441", None), ("x", None)]
)
def test_the_time_is_whole_minutes_up_to_a_day(arming: Arming, text: str, seconds: float | None) -> None:
    arming.sheet.minutes.edit.setText(text)
    assert arming.sheet.duration_s == seconds
    assert arming.sheet.hold_button.isEnabled() is (seconds is not None)


def test_the_contract_in_one_sentence(arming: Arming) -> None:
    sentence = next(t for t in texts(arming.sheet) if t.startswith("For the next"))
    assert "<b>60 minutes</b>" in sentence
    assert "34.20 USDT" in sentence, "50 less the 15.80 already lost"
    assert "2.28 USDT" in sentence, "0.010 x 108,451.2 x (0.11 % + 2 x 0.05 %)"
    assert "At 20:57:43 UTC, 05:57:43 KST" in texts(arming.sheet)


def test_refusals_are_said_and_it_can_be_tried_again(room: Room, arming: Arming) -> None:
    arming.hold_for(150)
    with room.qtbot.waitSignal(arming.sheet.arm_requested, timeout=3000):
        QTest.mousePress(arming.sheet.hold_button, Qt.MouseButton.LeftButton)
    arming.sheet.show_refusals([Refusal("stale_feed", "market"), Refusal("unknown_account")])
    assert ["market" in arming.sheet.messages.messages[0].html, len(arming.sheet.messages.messages)] == [True, 2]
    assert arming.sheet.hold_button.isEnabled()


# ---- flattening ---------------------------------------------------------------------------------------------------


class Flattening:
    """The popover at a Flatten button, and how often it was confirmed."""

    def __init__(self, room: Room) -> None:
        self.button = QPushButton("Flatten", room.window)
        self.button.setGeometry(860, 10, 110, 28)
        self.button.show()
        self.confirmed: list[int] = []
        self.popover = FlattenPopover(room.window)
        self.popover.confirmed.connect(lambda: self.confirmed.append(1))
        self.popover.open_at(self.button)


def test_the_second_press_lies_on_the_first_and_counts_after_a_while(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flatten, "QUIET_NS", LONG_NS)
    flattening = Flattening(room)
    popover = flattening.popover
    click(popover.confirm_button)
    assert flattening.confirmed == [], "the account is still being read"
    popover.set_plan(["Cancel 2 orders of BTCUSDT", "Sell 0.010 BTCUSDT at market"])
    here = flattening.button.mapTo(room.window, QPoint(0, 0))
    there = popover.confirm_button.mapTo(room.window, QPoint(0, 0))
    assert (there, popover.confirm_button.size()) == (here, flattening.button.size())
    click(popover.confirm_button)
    assert flattening.confirmed == [], "the tail of a double click"
    monkeypatch.setattr(flatten, "QUIET_NS", 0)
    click(popover.confirm_button)
    click(popover.confirm_button)
    popover.press()
    assert flattening.confirmed == [1]
    assert popover.state == "working"


def test_it_closes_by_itself_without_doing_anything(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flatten, "WINDOW_MS", 150)
    flattening = Flattening(room)
    with room.qtbot.waitSignal(flattening.popover.dismissed, timeout=3000):
        flattening.popover.set_plan(["Sell 0.010 BTCUSDT at market"])
    assert not flattening.popover.isVisible()
    flattening.popover.press()
    assert flattening.confirmed == []


def test_escape_closes_it(room: Room) -> None:
    flattening = Flattening(room)
    flattening.popover.set_plan(["Sell 0.010 BTCUSDT at market"])
    with room.qtbot.waitSignal(flattening.popover.dismissed):
        QTest.keyClick(flattening.popover, Qt.Key.Key_Escape)
    assert flattening.confirmed == []


def test_a_press_on_the_panel_keeps_it_and_a_press_on_the_window_closes_it(room: Room) -> None:
    flattening = Flattening(room)
    flattening.popover.set_plan(["Sell 0.010 BTCUSDT at market"])
    QTest.mouseClick(flattening.popover, Qt.MouseButton.LeftButton, pos=QPoint(5, 40))
    assert flattening.popover.isVisible()
    QTest.mouseClick(room.window, Qt.MouseButton.LeftButton, pos=QPoint(20, 500))
    assert not flattening.popover.isVisible()


def test_nothing_to_do_and_what_remains(room: Room) -> None:
    flattening = Flattening(room)
    popover = flattening.popover
    popover.set_plan([])
    assert popover.state == "empty"
    click(popover.confirm_button)
    assert (popover.state, flattening.confirmed) == ("closed", [])
    popover.open_at(flattening.button)
    popover.set_plan(["Sell 0.010 BTCUSDT at market"])
    popover.set_working()
    popover.set_report(False, ["Long 0.004 BTCUSDT"])
    assert "Not flat. This remains:" in texts(popover)
    assert any("Long 0.004 BTCUSDT" in t for t in texts(popover))
    popover.press()
    assert (popover.state, flattening.confirmed) == ("closed", [])


def test_an_account_that_cannot_be_read_is_said_and_the_last_known_offered(room: Room) -> None:
    flattening = Flattening(room)
    popover, wanted = flattening.popover, []
    popover.last_known_wanted.connect(lambda: wanted.append(1))
    popover.set_unread("Too many requests.")
    assert (popover.state, popover.confirm_button.text()) == ("unread", "Plan anyway")
    click(popover.confirm_button)
    assert (wanted, popover.state, flattening.confirmed) == ([1], "planning", [])
    popover.set_plan(["Sell 0.010 BTCUSDT at market"])
    assert popover.state == "ready"


def test_it_stays_at_its_button_when_the_window_grows(room: Room) -> None:
    flattening = Flattening(room)
    flattening.popover.set_plan(["Sell 0.010 BTCUSDT at market"])
    flattening.button.move(760, 10)
    room.window.resize(900, 620)
    QApplication.processEvents()
    corner = flattening.popover.confirm_button.mapTo(room.window, QPoint(0, 0))
    assert corner == QPoint(760, 10)
