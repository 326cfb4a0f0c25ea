from decimal import Decimal

from tests.fakes import START_MS, fill, order
from trader_gui.domain.order import (
    CancelIntent,
    OrderFamily,
    OrderIntent,
    OrderOutcome,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Origin,
    OutcomeKind,
    Purpose,
    Side,
)
from trader_gui.journal.history import OrderLife
from trader_gui.models.order_life import OrderLifeModel, kind_of, life_rows

INTENT = OrderIntent(
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
PLACED = order(1, price="108500.0")


def test_an_orders_life_is_told_with_the_time_since_it_was_wanted():
    messages = (
        OrderOutcome(PLACED.client_order_id, OutcomeKind.ACCEPTED, False, START_MS + 42, PLACED),
        OrderUpdate(PLACED, "NEW", None, START_MS + 50, START_MS + 40),
        fill(7, PLACED, "0.004", "108500.0"),
        CancelIntent("BTCUSDT", PLACED.client_order_id, OrderFamily.BOOK, Origin.HAND, "by_hand", START_MS + 2900),
        OrderOutcome(PLACED.client_order_id, OutcomeKind.REFUSED, True, START_MS + 3000, None, -2011, "Unknown order"),
    )
    rows = list(life_rows(OrderLife(INTENT, messages)))
    kinds = [kind_of(row.what) for row in rows]
    assert kinds == [
        "wanted",
        "answer",
        "event",
        "fill",
        "cancel_wanted",
        "cancel_answer",
    ]
    assert [row.after_ms for row in rows] == [None, 42, 40, 1007, 2900, 3000]
    model = OrderLifeModel(OrderLife(INTENT, messages))
    assert [model.index(i, 3).data() for i in range(6)] == ["", "", "NEW", "PARTIALLY_FILLED", "", ""]
    assert model.index(5, 4).data() == "Unknown order"


def test_an_order_from_elsewhere_begins_with_its_first_event():
    ended = order(1, status=OrderStatus.CANCELED)
    rows = list(life_rows(OrderLife(None, (OrderUpdate(ended, "CANCELED", None, 90, 0),))))
    assert [(row.number, row.time_ms, row.after_ms) for row in rows] == [(1, 90, None)]
    assert OrderLifeModel(OrderLife(None, ())).rowCount() == 0
