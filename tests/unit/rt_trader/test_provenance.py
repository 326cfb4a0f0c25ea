"""Who told a number of the account, when, and when the venue's lists last showed the same."""

from tests.core_records import make_account_update, make_order, make_position
from trader_gui.domain.order import OrderFamily, OrderOutcome, OrderUpdate, OutcomeKind
from trader_gui.orders.reconcile import RowKind, order_key
from trader_gui.rt_trader.provenance import Provenance, Source, Told

ORDER = make_order("web-1")
KEY = order_key("web-1", OrderFamily.BOOK)
WALLET, POSITION = (RowKind.WALLET, "USDT"), (RowKind.POSITION, "BTCUSDT")


def test_every_message_tells_where_its_rows_come_from() -> None:
    book = Provenance()
    book.take(make_account_update(make_position("0.010")), 5)
    assert book.rows == {WALLET: Told(Source.STREAM, 5), POSITION: Told(Source.STREAM, 5)}
    book.take(OrderOutcome("web-1", OutcomeKind.ACCEPTED, False, 0, ORDER), 6)
    assert book.rows[KEY] == Told(Source.ANSWER, 6)
    book.take(OrderUpdate(ORDER, "NEW", None, 0, 0), 7)
    assert book.rows[KEY] == Told(Source.STREAM, 7)
    book.take(OrderOutcome("web-1", OutcomeKind.ACCEPTED, False, 0, ORDER, is_asked=True), 8)
    assert book.rows[KEY] == Told(Source.ASKED, 8)
    book.take(OrderUpdate(ORDER, "TRADE", None, 0, 0, is_asked=True), 9)
    book.take(OrderOutcome("web-1", OutcomeKind.UNKNOWN, False, 0), 10)
    assert book.rows[KEY] == Told(Source.ASKED, 9)


def test_a_list_that_shows_the_same_confirms_and_leaves_the_source() -> None:
    book = Provenance()
    book.take(make_account_update(), 5)
    book.confirm([WALLET, POSITION], 9)
    assert book.rows == {WALLET: Told(Source.STREAM, 5, 9), POSITION: Told(Source.ASKED, 9, 9)}
    book.take(make_account_update(), 11)
    assert book.rows[WALLET] == Told(Source.STREAM, 11, 9)


def test_what_is_adopted_from_a_list_was_asked_for_and_what_is_gone_is_forgotten() -> None:
    book = Provenance()
    book.take(make_account_update(), 5)
    book.adopt([WALLET], 9)
    assert book.rows[WALLET] == Told(Source.ASKED, 9, 9)
    assert (book.told_ns(WALLET), book.told_ns(KEY)) == (9, 0)
    book.keep_only({KEY})
    assert book.rows == {}
