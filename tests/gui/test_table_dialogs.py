"""The dialogs of tables: cancelling many shows its plan and happens once; an order's life is told in words."""

from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget

from tests.fakes import START_MS, fill, order, stop_loss
from trader_gui.app.table_commands import cancel_words
from trader_gui.domain.order import OrderIntent, OrderOutcome, OrderType, Origin, OutcomeKind, Purpose, Side
from trader_gui.domain.step import Refusal, Step
from trader_gui.journal.history import OrderLife
from trader_gui.models.order_life import OrderLifeModel
from trader_gui.models.orders import OrderRow
from trader_gui.rt_trader.road import Answer
from trader_gui.widgets.dialogs.cancel_many import CancelManyDialog
from trader_gui.widgets.dialogs.order_life import OrderLifeDialog, detail_words, what_words

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform says it of every window


@pytest.fixture
def window(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(1200, 700)
    made.show()
    return made


def texts(widget):
    return [label.text() for label in widget.findChildren(QLabel) if label.text()]


def test_cancelling_many_names_the_orders_and_what_protects(qtbot, window):
    orders = [order(n, Side.BUY, price="99000.0") for n in range(1, 11)] + [stop_loss(11)]
    dialog = CancelManyDialog("live", "All of BTCUSDT", orders, window)
    dialog.open()
    shown = texts(dialog)
    assert "Cancel 11 orders, one request each" in shown and "and 3 more" in shown
    assert "BTCUSDT  ▲ Buy limit 0.010 @ 99,000.0" in shown
    assert any("One of them is a stop" in text for text in shown)
    assert dialog.send_button.text() == "Cancel 11 orders"


def test_cancelling_many_is_confirmed_once_and_not_by_a_press_meant_for_something_else(qtbot, window):
    dialog = CancelManyDialog("demo", "All buys", [order(1, Side.BUY, price="99000.0")], window)
    told = []
    dialog.confirmed.connect(lambda: told.append(1))
    dialog.open()
    assert dialog.focusWidget() is dialog.cancel_button
    QTest.mouseClick(dialog.send_button, Qt.MouseButton.LeftButton)
    assert not told
    qtbot.waitUntil(dialog.is_settled, timeout=2000)
    QTest.mouseClick(dialog.send_button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(dialog.send_button, Qt.MouseButton.LeftButton)
    assert told == [1]


def outcome(kind, code=None, message=""):
    return OrderOutcome("test1-hn-1", kind, True, START_MS, None, code, message)


def test_what_became_of_many_is_told_once_with_every_reason_and_its_count():
    accepted, unknown = outcome(OutcomeKind.ACCEPTED), outcome(OutcomeKind.UNKNOWN)
    gone = outcome(OutcomeKind.REFUSED, -2011, "Unknown order sent.")

    def told(outcomes, refusals=(), over=0):
        return cancel_words(Answer(Step(1, None, START_MS, refusals=refusals), outcomes), over)

    assert told((accepted, accepted)) == ("ok", "2 orders cancelled", "")
    tone, head, detail = told((accepted, gone, gone, unknown), over=1)
    assert (tone, head) == ("warn", "1 of 4 orders cancelled")
    assert detail.startswith("2 × ") and detail.count("−2011") == 1
    assert "No clear answer" in detail and detail.endswith("1 were over already.")
    tone, head, _ = told((), (Refusal("order_closed"),))
    assert (tone, head) == ("danger", "0 of 1 orders cancelled")


def test_an_orders_life_is_told_in_words_with_its_times(qtbot, window):
    placed = order(1, price="108500.0")
    intent = OrderIntent(
        "BTCUSDT",
        Side.SELL,
        OrderType.LIMIT,
        Purpose.ENTRY,
        Origin.HAND,
        "by_hand",
        START_MS,
        Decimal("0.010"),
        Decimal("108500.0"),
    )
    refused = OrderOutcome(placed.client_order_id, OutcomeKind.REFUSED, True, START_MS + 900, None, -2011, "Unknown")
    model = OrderLifeModel(OrderLife(intent, (fill(7, placed, "0.010", "108500.0", "1.50"), refused)))
    rows = model.rows()
    assert [what_words(row)[0] for row in rows] == ["Wanted and written down", "Filled", "Cancel refused"]
    assert detail_words(rows[0]) == "▼ Sell limit 0.010 @ 108,500.0. By hand."
    assert detail_words(rows[1]).startswith("0.010 @ 108,500.0 as taker, fee −0.3800 USDT, result +1.50")
    assert "−2011" in detail_words(rows[2])
    dialog = OrderLifeDialog("demo", OrderRow(placed, None, None, 1, 3), model, window)
    dialog.open()
    assert dialog.table.rows.rowCount() == 3
    assert dialog.table.model().index(1, 1).data() == "1007"
    QTest.mouseClick(dialog.cancel_button, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()


def test_an_order_that_the_journal_does_not_know_has_an_empty_life_that_says_why(qtbot, window):
    dialog = OrderLifeDialog("demo", OrderRow(order(1), None, None, 1, 3), OrderLifeModel(OrderLife(None, ())), window)
    assert "no message of this order" in dialog.table.empty_text
