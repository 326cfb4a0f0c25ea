from decimal import Decimal

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt

from tests.fakes import FakeTrader
from trader_gui.domain.step import Route
from trader_gui.domain.symbol import RulesUpdate
from trader_gui.models.bridge import Bridge
from trader_gui.widgets.order_book import OrderBook

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform says it of every window


@pytest.fixture
def trader():
    made = FakeTrader()
    made.run_quietly()
    return made


@pytest.fixture
def bridge(qapp, trader):
    made = Bridge(trader, now_ns=trader.clock)
    yield made
    made.deleteLater()


@pytest.fixture
def book(qtbot, bridge):
    made = OrderBook(bridge.order_book)
    qtbot.addWidget(made)
    made.resize(276, 582)
    made.show()
    bridge.flush()
    bridge.flush()
    return made


def test_the_groups_follow_the_tick_and_the_choice_stays(book, bridge, trader):
    book.group.setCurrentIndex(2)
    before = [book.group.itemText(i) for i in range(book.group.count())]
    trader.feed(RulesUpdate((replace(trader.rules, tick_size=Decimal("0.01")),), 0))
    bridge.flush()
    bridge.flush()
    after = [book.group.itemText(i) for i in range(book.group.count())]
    assert [Decimal(text) / 10 for text in before] == [Decimal(text) for text in after]
    assert book.group.currentIndex() == 2


def test_a_click_picks_the_price_of_the_row_under_it(qtbot, book):
    picked = []
    book.price_picked.connect(picked.append)
    for line in (-1, -5, 0, 7):
        qtbot.mouseClick(book.view, Qt.MouseButton.LeftButton, pos=book.view.row_rect(line).center())
    state = book.view.state
    assert picked == [state.asks[0].price, state.asks[4].price, state.bids[0].price, state.bids[7].price]


def test_the_middle_and_empty_rows_pick_nothing(qtbot, book, trader, bridge):
    picked = []
    book.price_picked.connect(picked.append)
    middle = QPoint(100, book.view.row_rect(0).top() - 10)
    qtbot.mouseClick(book.view, Qt.MouseButton.LeftButton, pos=middle)
    book.group.setCurrentIndex(3)
    book.group.activated.emit(3)
    bridge.flush()
    assert len(book.view.state.bids) == 1
    qtbot.mouseClick(book.view, Qt.MouseButton.LeftButton, pos=book.view.row_rect(3).center())
    assert picked == []


def test_arrows_and_enter_pick_too(qtbot, book):
    picked = []
    book.price_picked.connect(picked.append)
    book.view.setFocus()
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Space):
        qtbot.keyClick(book.view, key)
    state = book.view.state
    assert picked == [state.asks[1].price, state.bids[0].price]


def test_groups_are_multiples_of_the_tick(qtbot, book, bridge):
    assert [book.group.itemText(i) for i in range(book.group.count())] == ["0.1", "1", "10", "100"]
    book.group.setFocus()
    qtbot.keyClick(book.group, Qt.Key.Key_Down)
    qtbot.keyClick(book.group, Qt.Key.Key_Return)
    bridge.flush()
    assert book.view.state.bids[0].price == Decimal(108451)
    assert book.view.state.asks[0].price == Decimal(108452)


def test_more_room_asks_for_more_rows(qtbot, book, bridge):
    before = len(book.view.state.bids)
    book.resize(276, 900)
    qtbot.waitUntil(lambda: bridge.order_book.rows > before, timeout=1000)
    bridge.flush()
    assert len(book.view.state.bids) == bridge.order_book.rows


def test_a_stale_book_is_grey_and_says_its_age(qtbot, book, trader, bridge):
    def pixels_of_price():
        image = book.view.grab().toImage()
        rect = book.view.row_rect(-1)
        return {image.pixelColor(x, y).name() for x in range(10, 80) for y in range(rect.top(), rect.bottom())}

    from trader_gui.widgets.theme import theme

    red = theme().direction(False).name()
    assert red in pixels_of_price()
    trader.set_route(Route.PUBLIC, is_connected=True, is_fresh=False, age_s=4.2)
    bridge.flush()
    assert book.view._strip() == "Stale 4.2 s"
    assert red not in pixels_of_price()
    assert theme().color("text3").name() in pixels_of_price()


def test_own_orders_are_marked(qtbot, book, trader, bridge):
    from tests.fakes import order, snapshot
    from trader_gui.domain.order import Side
    from trader_gui.widgets.theme import theme

    def mark():
        return book.view.grab().toImage().pixelColor(4, book.view.row_rect(0).center().y()).name()

    assert mark() != theme().color("text1").name()
    trader.feed(snapshot([], [order(1, Side.BUY, price="108451.1")]))
    bridge.flush()
    assert mark() == theme().color("text1").name()
