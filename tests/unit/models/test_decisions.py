from decimal import Decimal

from tests.fakes import START_MS, SYMBOL, FakeTrader, fill, order, position, snapshot
from trader_gui.domain.account import AccountUpdate, Balance
from trader_gui.domain.order import (
    AmendIntent,
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
from trader_gui.domain.step import EngineMode, ModeChange
from trader_gui.models.decisions import CAPACITY, DecisionsModel, Verdict, rows_of
from trader_gui.widgets.table_columns import intent_words


def hand_order(quantity="0.010", **more):
    values = {"reduce_only": False, "time_in_force": None, **more}
    return OrderIntent(
        SYMBOL,
        Side.BUY,
        OrderType.MARKET,
        Purpose.ENTRY,
        Origin.HAND,
        "by_hand",
        START_MS,
        Decimal(quantity),
        **values,
    )


def verdicts(rows):
    return [(r.verdict, r.reason) for r in rows]


def test_each_wish_is_paired_with_its_own_answer(qapp):
    """A refused wish between two approved ones must not take their words, nor they its."""
    trader = FakeTrader()
    trader.run_quietly()
    resting = order(7, Side.BUY, price="100000")
    trader.feed(snapshot([], [resting]))
    cancel = CancelIntent(SYMBOL, resting.client_order_id, OrderFamily.BOOK, Origin.HAND, "by_hand", START_MS)
    step = trader.callback.request([cancel, hand_order("0.0001"), hand_order("0.010")])
    rows = list(rows_of(step))
    assert [r.verdict for r in rows] == [Verdict.CANCEL, Verdict.REFUSED, Verdict.SENT]
    assert rows[1].intent.quantity == Decimal("0.0001")
    assert rows[1].reason == step.refusals[0].code
    assert rows[2].detail == "0.010"


def test_an_amendment_shows_the_terms_that_the_order_is_to_have(qapp):
    trader = FakeTrader()
    trader.run_quietly()
    resting = order(7, Side.BUY, price="100000")
    trader.feed(snapshot([], [resting]))
    wish = AmendIntent(SYMBOL, resting.client_order_id, Origin.HAND, "by_hand", START_MS, Decimal("99000"))
    sent, refused = rows_of(trader.callback.request([wish, wish]))
    assert (sent.verdict, sent.detail) == (Verdict.AMEND, f"{resting.quantity} @ 99000")
    assert (refused.verdict, refused.reason) == (Verdict.REFUSED, "amend_in_flight")
    assert intent_words(sent) == f"order {resting.client_order_id} to {resting.quantity} @ 99,000"


def test_a_quantity_that_the_gate_cut_is_still_an_approval(qapp):
    trader = FakeTrader()
    trader.run_quietly()
    trader.feed(snapshot([position("-0.010")]))
    wish = hand_order("0.050", reduce_only=True)
    wish = OrderIntent(**{n: getattr(wish, n) for n in OrderIntent.__struct_fields__} | {"purpose": Purpose.EXIT})
    (row,) = rows_of(trader.callback.request([wish]))
    assert (row.verdict, row.detail) == (Verdict.SENT, "0.010")


def test_fills_ends_answers_modes_and_funding_are_rows(qapp):
    trader = FakeTrader()
    trader.run_quietly()
    model = DecisionsModel()
    trader.add_observer(model.take)
    buy = order(1, Side.BUY, price="108000")
    part = fill(1, buy, "0.007", "108000.0")
    ended = part.order
    ended = type(ended)(**{n: getattr(ended, n) for n in ended.__struct_fields__} | {"status": OrderStatus.CANCELED})
    refused = OrderOutcome("test1-hn-9", OutcomeKind.REFUSED, False, START_MS, None, -2019, "Margin is insufficient.")
    funding = AccountUpdate(
        "FUNDING_FEE", (Balance("USDT", Decimal(9), Decimal(9)),), (Decimal("-0.12"),), (), START_MS, START_MS
    )
    trader.feed(ModeChange(EngineMode.ACTIVE, "by_user", START_MS), part, OrderUpdate(ended, "CANCELED", None, 1, 1))
    trader.feed(refused, funding)
    assert verdicts(reversed(model.newest(9))) == [
        (Verdict.ARMED, "by_user"),
        (Verdict.FILLED, ""),
        (Verdict.CANCELED, ""),
        (Verdict.REJECTED, "-2019"),
        (Verdict.FUNDING, ""),
    ]
    assert model.newest(1)[0].detail == "-0.12 USDT"


def test_the_same_refusal_again_counts_up_and_two_equal_fills_do_not(qapp):
    trader = FakeTrader()
    trader.run_quietly()
    model = DecisionsModel()
    for _ in range(250):
        model.take(trader.callback.request([hand_order("0.0001")]))
    assert [r.count for r in model.newest(5)] == [250]
    buy = order(1, Side.BUY, price="108000", quantity="0.020")
    first = fill(1, buy, "0.010", "108000.0")
    for step in trader.feed(first, fill(2, first.order, "0.010", "108000.0")):
        model.take(step)
    assert [r.verdict for r in model.newest(2)] == [Verdict.FILLED, Verdict.FILLED]


def test_the_table_is_bounded_and_newest_first(qapp):
    trader = FakeTrader()
    trader.run_quietly()
    model = DecisionsModel()
    noted = []
    model.rows_noted.connect(noted.extend)
    for i in range(CAPACITY + 300):
        for step in trader.feed(ModeChange(EngineMode.ACTIVE, f"reason {i}", START_MS + i)):
            model.take(step)
    model.refresh(trader.callback, trader.status, 0)
    assert model.rowCount() <= CAPACITY
    assert model.row(0).reason == f"reason {CAPACITY + 299}"
    assert len(noted) == CAPACITY + 300
