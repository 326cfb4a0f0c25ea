from decimal import Decimal
from itertools import pairwise

import pytest
from msgspec.structs import replace

from tests.fakes import NS, FakeTrader, order, position, snapshot, stop_loss
from trader_gui.domain.order import Side
from trader_gui.domain.step import EngineMode
from trader_gui.domain.symbol import RulesUpdate
from trader_gui.models.bridge import Bridge


@pytest.fixture
def trader():
    return FakeTrader()


@pytest.fixture
def bridge(qapp, trader):
    made = Bridge(trader, now_ns=trader.clock)
    yield made
    made.stop()
    made.deleteLater()


def test_before_the_session_is_ready_only_its_progress_is_read(trader, bridge, monkeypatch):
    trader.is_ready = False
    monkeypatch.delattr(type(trader), "rules", raising=False)
    del trader.rules, trader.callback  # reading them now would raise, as in a real session
    trader.status.loading_done, trader.status.loading_total = 320, 500
    bridge.flush()
    assert (bridge.session.state.loading_done, bridge.session.state.loading_total) == (320, 500)
    assert bridge.series.loading == (320, 500)


def test_ready_is_told_once_and_gives_the_models_their_rules(trader, bridge):
    told = []
    bridge.ready.connect(lambda: told.append(1))
    bridge.flush()
    bridge.flush()
    assert told == [1]
    assert bridge.order_book.rules is trader.rules is bridge.session.rules


def test_a_new_tick_goes_to_every_model_and_to_the_tables_decimals(trader, bridge):
    trader.run_quietly()
    trader.feed(snapshot([position()], [order(1, Side.BUY, price="108000.0")]))
    bridge.flush()
    told = []
    bridge.order_book.rules_changed.connect(lambda: told.append(bridge.order_book.rules.tick_size))
    finer = replace(trader.rules, tick_size=Decimal("0.01"), step_size=Decimal("0.0001"))
    trader.feed(RulesUpdate((finer,), 0))
    trader.rules = trader.callback.rules
    bridge.flush()
    assert told == [Decimal("0.01")] and bridge.conditions.price_decimals == 2
    for model in (bridge.positions, bridge.orders):
        (row,) = model.rows()
        assert (row.price_decimals, row.quantity_decimals) == (2, 4)
    assert not trader.callback.order_book.is_synced, "levels keyed by the former tick mean nothing any more"
    assert trader.callback.order_book.resync_wanted


def test_many_messages_in_a_frame_are_one_change_a_model(trader, bridge):
    trader.run_quietly()
    bridge.flush()
    changes = []
    bridge.session.changed.connect(lambda: changes.append(bridge.session.state.price.last_price))
    for i in range(200):
        trader.tick(f"{108400 + i}.5")
    assert changes == []
    bridge.flush()
    assert [str(p) for p in changes] == ["108599.5"]


def test_a_model_that_nobody_sees_is_left_alone_until_it_is_seen(trader, bridge):
    trader.run_quietly()
    bridge.order_book.is_watched = False
    bridge.flush()
    assert bridge.order_book.state.bids == ()
    bridge.order_book.is_watched = True
    bridge.flush()
    assert bridge.order_book.state.bids


def test_a_model_that_fails_is_told_logged_once_and_tried_again_while_the_others_go_on(trader, bridge, expect_log):
    expect_log("ERROR trader_gui.models.bridge: the .* panel")
    trader.run_quietly()
    bridge.flush()
    told = []
    bridge.part_failed.connect(lambda name, text: told.append((name, bool(text))))
    trader.feed(snapshot([], [order(1, Side.BUY, price="100000")]))
    good = trader.callback.account
    trader.callback.account = None
    bridge.flush()
    bridge.flush()  # within the pause: not tried again
    trader.callback.account = good
    assert told.count(("positions", True)) == 1
    assert ("session", True) in told and ("orders", True) not in told
    assert bridge.orders.rowCount() == 1
    trader.now_ns += 2 * NS
    bridge.flush()
    assert told[-1][1] is False and ("positions", False) in told


def test_refusals_between_two_frames_are_not_lost(trader, bridge):
    trader.run_quietly()
    trader.set_mode(EngineMode.ACTIVE)
    trader.set_mode(EngineMode.HALTED)
    bridge.flush()
    assert [r.verdict.value for r in bridge.decisions.rows()] == ["disarmed", "armed"]


def test_the_board_changes_at_most_four_times_a_second(trader, bridge):
    trader.run_quietly()
    bridge.flush()
    changes = []
    bridge.conditions.changed.connect(lambda: changes.append(trader.now_ns))
    for i in range(60):  # two seconds at 30 frames
        trader.now_ns += NS // 30
        trader.tick(f"{108400 + i}.5", 43_000 + i)
        bridge.flush()
    assert 6 <= len(changes) <= 8
    assert all(b - a >= NS // 4 for a, b in pairwise(changes))


def test_the_timer_flushes_by_itself(trader, bridge, qtbot):
    trader.run_quietly()
    with qtbot.waitSignal(bridge.session.changed, timeout=2000):
        bridge.start()


def test_positions_know_their_stop_and_their_opener(trader, bridge):
    from tests.fakes import START_MS, account_update, fill, position
    from trader_gui.domain.order import Origin

    trader.run_quietly()
    entry = order(1, Side.BUY, price="108378.4", origin=Origin.ENGINE)
    first = fill(1, entry, "0.007", "108367.6")
    trader.feed(first, fill(2, first.order, "0.003", "108367.6"), account_update([position("0.010")]))
    bridge.flush()
    (row,) = bridge.positions.rows()
    assert (row.origin, row.is_protected, row.stop) == (Origin.ENGINE, False, None)
    trader.feed(snapshot([position("0.010")], [stop_loss(trigger="108248.4"), stop_loss(3, trigger="108000.0")]))
    bridge.flush()
    (row,) = bridge.positions.rows()
    assert str(row.stop.trigger_price) == "108248.4"
    assert row.is_protected
    assert row.r_multiple == pytest.approx(0.822 / 1.192, abs=1e-3)
    trader.feed(
        snapshot([position("0.025")], taken_ms=START_MS + 3000)
    )  # somebody bought elsewhere: the known fills do not explain it
    bridge.flush()
    assert bridge.positions.rows()[0].origin is None


def test_a_slow_frame_leaves_the_rest_to_the_next(trader, qapp):
    trader.run_quietly()
    reads = iter(range(0, 10**12, 3_000_000))  # every look at the clock costs 3 ms
    bridge = Bridge(trader, now_ns=lambda: next(reads))
    refreshed = []
    tables, chart = (half.parts for half in bridge._halves)
    for part in (*tables, *chart):
        part.model.refresh = lambda *_, name=part.name: refreshed.append(name)
    for _ in range(10):
        bridge._on_half_frame()
    assert [name for name in refreshed if name == "chart"] == ["chart"] * 5, "the chart has frames of its own"
    told = [name for name in refreshed if name != "chart"]
    names = [part.name for part in tables if part.name in told]
    assert refreshed.index("chart") < len(names)
    assert told[: len(names)] == names  # in order, none left out, none twice
