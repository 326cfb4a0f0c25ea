"""The core as a whole: messages in, steps out."""

import gzip
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.core_records import (
    START_MS,
    dec,
    make_account_update,
    make_fill,
    make_history,
    make_intent,
    make_kline,
    make_order,
    make_position,
    make_snapshot,
)
from tests.core_rig import Rig
from trader_gui.domain.market import AggTrade, BookTicker, DepthSnapshot, DepthUpdate, MarkPrice
from trader_gui.domain.order import (
    CancelIntent,
    OrderFamily,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Origin,
    OutcomeKind,
    Purpose,
    Side,
)
from trader_gui.domain.step import ApprovedCancel, EngineMode, FeedStatus, ModeChange, Route
from trader_gui.errors import BugError
from trader_gui.risk.gate import RiskLimits

EXIT, PROTECTION = Purpose.EXIT, Purpose.PROTECTION
MINUTE = 60_000


def codes(steps):
    return {refusal.code for step in steps for refusal in step.refusals}


# ---- modes, freshness, gaps -----------------------------------------------------------------------------------------


def test_halted_wants_nothing_and_reducing_only_gets_out():
    rig = Rig(mode=EngineMode.HALTED)
    rig.tick()
    step = rig.tick(rig.limit("upper_inner") + 1)
    assert (step.evaluation.reason, step.wished) == ("halted", ())
    rig = Rig()
    rig.hold_long()
    rig.send(ModeChange(EngineMode.HALTED, "by_user", 0))
    assert rig.tick(99_000).wished == ()
    rig.send(ModeChange(EngineMode.REDUCING, "expired", 0))
    assert [a.intent.purpose for a in rig.tick(99_000).approved] == [EXIT]
    assert not rig.steps[-1].evaluation.groups[1].conditions[0].value


def test_arming_with_an_unprotected_engine_position_protects_it():
    rig = Rig()
    entry = rig.enter_long()
    rig.accept(entry)
    rig.send(ModeChange(EngineMode.HALTED, "by_user", 0))
    assert rig.fill(entry, price=100_000).wished == ()
    (protection,) = rig.send(ModeChange(EngineMode.ACTIVE, "by_user", 0)).approved
    assert protection.intent.purpose is PROTECTION


@pytest.mark.parametrize("route", list(Route))
def test_a_stale_route_bars_entries_and_lets_closes_through(route):
    rig = Rig()
    rig.send(FeedStatus(route, False, 0))
    rig.tick()
    step = rig.tick(rig.limit("upper_inner") + 1)
    assert [r.code for r in step.refusals] == ["stale_feed"]
    assert rig.tick().wished == ()  # a refused wish is not repeated at every message
    rig = Rig()
    rig.hold_long()
    rig.send(FeedStatus(route, False, 0))
    assert [a.intent.purpose for a in rig.tick(99_800).approved] == [EXIT]


def test_nothing_is_ready_before_enough_klines_and_the_board_says_how_many_are_missing():
    rig = Rig(closes=[str(100_000 + i) for i in range(22)])
    step = rig.tick(200_000)
    assert (step.evaluation.reason, step.wished) == ("not_ready", ())
    needs = {c.name: c.needs for c in step.conditions if not c.ready}
    assert needs["RV in former range"] == 9 and needs["close[5] > upper_outer"] == 2
    assert "close[1] > upper_inner" not in needs


def test_nothing_is_opened_before_the_account_is_known():
    rig = Rig()
    rig.callback.account.is_known = False
    rig.tick()
    step = rig.tick(rig.limit("upper_inner") + 1)
    flat = step.evaluation.groups[0].conditions[1]
    assert (flat.value, flat.ready, flat.text, step.wished) == (False, False, "unknown", ())


def test_a_gap_makes_all_bands_not_ready_until_it_is_filled_while_the_stop_still_works():
    rig = Rig()
    rig.hold_long()
    rig.now_ms += 2 * MINUTE
    skipped = make_kline(rig._index + 2, 100_000, is_closed=False, event_time_ms=rig.now_ms)
    step = rig.send(skipped)
    assert rig.callback.klines.resync_wanted
    assert not any(c.ready for c in step.conditions)
    low = make_kline(rig._index + 2, 99_800, is_closed=False, event_time_ms=rig.now_ms + 1)
    assert [a.intent.reason for a in rig.send(low).approved] == ["stop_loss"]
    rig.send(make_history([100_000, 100_000], first=rig._index))
    assert not rig.callback.klines.resync_wanted
    ready = rig.send(make_kline(rig._index + 2, 99_800, is_closed=False, event_time_ms=rig.now_ms + 2))
    assert all(c.ready for c in ready.conditions)


def test_a_closing_frame_that_comes_after_the_next_klines_first_is_counted_but_not_evaluated():
    rig = Rig()
    rig.tick()
    index = rig._index
    rig.send(make_kline(index + 1, 100_000, is_closed=False, event_time_ms=rig.now_ms + MINUTE))
    late = rig.send(make_kline(index, 100_001))
    assert late.evaluation is None and rig.callback.klines.last.close == 100_001
    assert all(c.ready for c in rig.send(make_kline(index + 1, 100_002, is_closed=False)).conditions)


# ---- by hand --------------------------------------------------------------------------------------------------------


def test_wishes_by_hand_take_the_same_road_one_after_the_other():
    rig = Rig(mode=EngineMode.HALTED)
    rig.tick()
    off_tick = make_intent(price=dec("99999.95"))
    resting = make_intent(price=dec("99000.0"))
    step = rig.callback.request([off_tick, resting, resting])
    assert (step.message, step.event_time_ms, len(step.wished)) == (None, rig.now_ms, 3)
    assert [r.code for r in step.refusals] == ["off_tick", "order_in_flight"]
    (approved,) = step.approved
    assert approved.intent == resting
    rig.accept(approved)
    assert len(rig.callback.request([resting]).approved) == 1  # the hand may have several resting
    cancel = CancelIntent("BTCUSDT", approved.client_order_id, OrderFamily.BOOK, Origin.HAND, "by_hand", rig.now_ms)
    assert isinstance(rig.callback.request([cancel]).approved[0], ApprovedCancel)
    assert [r.code for r in rig.callback.request([cancel]).refusals] == ["cancel_in_flight"]


def test_a_hand_close_is_cut_to_the_position():
    rig = Rig()
    rig.hold_long()
    close = make_intent(
        side=Side.SELL,
        order_type=OrderType.MARKET,
        purpose=EXIT,
        reduce_only=True,
        quantity=dec("5"),
        price=None,
        time_in_force=None,
    )
    (approved,) = rig.callback.request([close]).approved
    assert approved.intent.quantity == Decimal("0.010")


def test_limits_of_the_user_bind_the_engine_too():
    rig = Rig(limits=RiskLimits(max_daily_loss=dec(1)))
    rig.hold_long()
    (out,) = rig.tick(99_800).approved
    rig.accept(out)
    rig.fill(out)
    assert rig.callback.result_today == Decimal("-1.0")
    step = rig.callback.request([make_intent()])
    assert [r.code for r in step.refusals] == ["daily_loss_limit"]


# ---- the rest of the messages ---------------------------------------------------------------------------------------


def test_every_market_message_reaches_its_collector():
    rig = Rig()
    now, one = rig.now_ms + 9, Decimal(1)
    callback = rig.callback
    steps = [
        rig.send(MarkPrice("BTCUSDT", dec(5), dec(5), dec(0), 0, now)),
        rig.send(BookTicker("BTCUSDT", 7, one, one, one, one, now)),
        rig.send(AggTrade("BTCUSDT", 1, one, one, False, now, now)),
        rig.send(DepthUpdate("BTCUSDT", 1, 2, 0, ((dec("100.0"), one),), (), now)),
        rig.send(DepthSnapshot("BTCUSDT", 1, (), ())),
    ]
    assert callback.mark_price.mark.mark_price == 5 and callback.book_ticker.ticker.update_id == 7
    assert len(callback.agg_trades) == 1 and callback.order_book.is_synced
    assert callback.now_ms == now and steps[-1].event_time_ms == now
    assert all(s.evaluation is None and s.wished == () for s in steps)
    assert [s.sequence for s in rig.steps] == list(range(1, len(rig.steps) + 1))


def test_event_time_never_goes_back():
    rig = Rig()
    rig.tick()
    now_ms = rig.callback.now_ms
    step = rig.send(MarkPrice("BTCUSDT", dec(5), dec(5), dec(0), 0, now_ms - 3_000))
    assert (rig.callback.now_ms, step.event_time_ms) == (now_ms, now_ms - 3_000)


def test_clocks_other_than_the_markets_do_not_move_event_time():
    rig = Rig()
    rig.tick()
    before = rig.callback.now_ms
    far = before + 10**12
    rig.send(ModeChange(EngineMode.ACTIVE, "by_user", far))
    rig.send(FeedStatus(Route.PUBLIC, True, far))
    rig.send(make_snapshot(taken_time_ms=far))
    assert rig.callback.now_ms == before


def test_a_kline_of_another_symbol_is_not_evaluated_and_a_thing_that_is_no_message_is_a_bug():
    rig = Rig()
    assert rig.send(make_kline(60, 1, is_closed=False, symbol="ETHUSDT")).evaluation is None
    with pytest.raises(BugError, match="int"):
        rig.callback.step(5)


def test_an_order_of_another_symbol_does_not_touch_the_position():
    rig = Rig()
    rig.hold_long()
    other = make_order("web", symbol="ETHUSDT", status=OrderStatus.FILLED, executed_quantity=dec(1), order_id=4)
    fill = make_fill(900, "web", symbol="ETHUSDT", realized_pnl=dec(-7), trade_time_ms=rig.now_ms)
    rig.send(OrderUpdate(other, "TRADE", fill, rig.now_ms, rig.now_ms))
    rig.send(make_account_update(make_position(1, symbol="ETHUSDT"), time_ms=rig.now_ms))
    assert rig.callback.engine_holds_position
    assert rig.callback.result_today == Decimal("-8.0")


def test_another_symbols_position_does_not_count_as_this_ones_being_told():
    rig = Rig(parameters={"pause_ms": 0})
    entry = rig.enter_long()
    rig.accept(entry)
    _, order = rig.told_fill(entry, "0.010", rig.price)
    rig.send(order)
    rig.send(make_account_update(make_position(1, symbol="ETHUSDT"), time_ms=rig.now_ms + 5))
    clear = rig.tick().evaluation.groups[0].conditions[-1]
    assert (clear.name, clear.value, rig.steps[-1].wished) == ("no order in flight", False, ())


# ---- the same again, and a week of the real market -------------------------------------------------------------------


def drive(rig):
    """A session with an entry, a stop, a refusal and a hand order; returns its steps."""
    rig.hold_long()
    (out,) = rig.tick(99_800).approved
    rig.answer(out, OutcomeKind.REFUSED, code=-1008)
    for _ in range(20):
        rig.tick()
    (again,) = (o for o in rig.approved(EXIT) if o is not out)
    rig.accept(again)
    rig.fill(again)
    rig.steps.append(rig.callback.request([make_intent()]))
    return rig.steps


def test_the_same_messages_give_the_same_steps():
    assert drive(Rig()) == drive(Rig())


REAL = Path(__file__).parents[3] / "../shared/data/klines/BTCUSDT-perp-1m-ohlcv-2025-07-06_2025-07-13.csv.gz"


class InstantVenue:
    """Fills every order at once at its limit (or the price), and expires closePosition stops when flat."""

    def __init__(self, rig):
        self.rig = rig
        self.stop = None
        self.in_flight = {}
        self.worst = 0
        self.flips = 0

    def obey(self, step):
        for approved in step.approved:
            assert not isinstance(approved, ApprovedCancel)
            intent = approved.intent
            purposes = [o.purpose for o in self.rig.callback.orders.open_orders("BTCUSDT") if o.origin is Origin.ENGINE]
            self.worst = max(self.worst, *(purposes.count(p) for p in purposes))
            self.rig.accept(approved)
            if intent.close_position:
                self.stop = approved
                continue
            before = self.rig.amount
            last = self.rig.fill(approved, price=intent.price)
            account_step = self.rig.steps[-2]
            self.flips += before * self.rig.amount < 0
            if self.rig.amount == 0 and self.stop is not None:
                gone = self.rig.order(self.stop, OrderStatus.EXPIRED)
                self.rig.send(OrderUpdate(gone, "ALGO", None, self.rig.now_ms, self.rig.now_ms))
                self.stop = None
            self.obey(account_step)
            self.obey(last)


def check_against_numpy(steps, closes):
    """Work out the two entry signals anew, by other formulas, for every evaluation; they must agree every time."""
    close = np.array(closes)
    bands = np.lib.stride_tricks.sliding_window_view(close, 20)
    middle, deviation = bands.mean(axis=1), bands.std(axis=1, ddof=1)
    squares = np.lib.stride_tricks.sliding_window_view(np.diff(np.log(close)) ** 2, 10)
    volatility = np.sqrt(squares.sum(axis=1))
    checked = 0
    for step in steps:
        if step.evaluation is None:
            continue
        signals = {group.name: [c.value for c in group.conditions[2:6]] for group in step.evaluation.groups}
        last = (step.message.open_time_ms - START_MS) // MINUTE - (not step.message.is_closed)
        for side, sign in (("enter_long", 1), ("enter_short", -1)):
            if side not in signals:
                continue
            band = {back: middle[last - back - 18] + sign * deviation[last - back - 18] for back in (1, 2)}
            former = [sign * (close[last + 1 - back] - band[back]) <= 0 for back in (1, 2)]
            crosses = sign * (float(step.message.close) - band[1]) > 0
            before, now = volatility[last - 30 : last - 10], volatility[last - 10]
            assert signals[side][:3] == [*former, crosses], step
            if min(abs(now - before.min()), abs(now - before.max())) > 1e-12:  # a tie is decided by rounding
                assert signals[side][3] == (before.min() < now < before.max()), step
            checked += 1
    assert checked > 2 * len(closes)


@pytest.mark.skipif(not REAL.exists(), reason="the recorded market is not beside the repository")
def test_a_week_of_the_real_market():
    with gzip.open(REAL, "rt") as file:
        rows = [line.split(",") for line in file.read().splitlines()[1:]]
    closes = [row[4] for row in rows]
    rig = Rig(closes=closes[:500])
    venue = InstantVenue(rig)
    start_ms = rig.now_ms
    for number, row in enumerate(rows[500:]):
        path = (
            (row[1], row[3], row[2], row[4]) if Decimal(row[4]) > Decimal(row[1]) else (row[1], row[2], row[3], row[4])
        )
        for part, price in enumerate(path):
            target_ms = start_ms + number * MINUTE + part * 14_000
            venue.obey(rig.tick(price, after_ms=target_ms - rig.now_ms))
    check_against_numpy(rig.steps, [float(close) for close in closes])
    trips = rig.callback.engine_trades
    assert len(trips) > 20
    assert venue.worst == 1 and venue.flips == 0
    assert codes(rig.steps) == set()
    assert {t.exit_reason for t in trips} == {"stop_loss", "take_profit", "back_under_outer", "back_over_outer"}
    assert all(later.entry_time_ms - earlier.exit_time_ms >= 300_000 for earlier, later in pairwise(trips))
    assert {t.quantity for t in trips} == {Decimal("0.010")}


def test_an_order_that_was_given_up_on_unheard_may_still_be_cancelled():
    """The venue did not know it when asked, and lists it after all; only what the venue told to be over is over."""
    rig = Rig()
    entry = rig.enter_long()
    rig.answer(entry, OutcomeKind.UNKNOWN)
    rig.answer(entry, OutcomeKind.REFUSED)
    assert rig.callback.orders.get(entry.client_order_id).status is OrderStatus.REJECTED
    wish = CancelIntent("BTCUSDT", entry.client_order_id, OrderFamily.BOOK, Origin.HAND, "flatten", rig.now_ms)
    assert rig.callback.request([wish]).refusals == ()
    rig.send(OrderUpdate(rig.order(entry, OrderStatus.CANCELED), "CANCELED", None, rig.now_ms, rig.now_ms))
    assert [r.code for r in rig.callback.request([wish]).refusals] == ["order_closed"]
