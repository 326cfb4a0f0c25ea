import pytest

from tests.fakes import NS, FakeTrader, account_update, fill, history, kline, order, position, snapshot
from trader_gui.domain.order import Origin, Side
from trader_gui.domain.step import EngineMode
from trader_gui.models.bridge import Bridge
from trader_gui.widgets import condition_words as words
from trader_gui.widgets.condition_board import ConditionBoard

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


def flush(bridge, trader):
    trader.now_ns += NS
    bridge.flush()
    return bridge.conditions.state


def below(headline):
    return "".join(text for text, _ in headline.below)


def test_disarmed_is_the_first_failing_gate(bridge, trader):
    state = flush(bridge, trader)
    assert words.headline(state).text == "First failing gate: the engine is disarmed."
    long_group, short_group = words.group_views(state)
    assert (long_group.title, short_group.title) == ("Enter long · all", "Enter short · all")
    assert [r.name for r in long_group.rows] == [
        "armed",
        "flat",
        "close[1] ≤ upper_inner",
        "close[2] ≤ upper_inner",
        "price > upper_inner",
        "RV in former range",
        "pause over",
        "no order in flight",
    ]
    assert long_group.rows[0].state == "first"
    assert [r.state for r in long_group.rows].count("first") == 1


def test_holding_tells_the_distance_to_the_exits_and_what_bars_an_entry(bridge, trader):
    trader.set_mode(EngineMode.ACTIVE, armed_s=2472)
    entry = order(1, Side.BUY, price="108378.4", origin=Origin.ENGINE)
    trader.feed(fill(1, entry, "0.010", "108367.6"), account_update([position()]))
    trader.tick("108451.2")
    state = flush(bridge, trader)
    headline = words.headline(state)
    assert headline.text == "Holding long. No exit condition is true."
    assert below(headline).startswith(
        "Stop 202.8 below, target 89.8 above. No new entry: a position is open (long 0.010)"
    )
    exits, entries = words.group_views(state)
    assert (exits.title, exits.state) == ("Exit long · any one", "evaluated now")
    assert exits.rows[0].name == "price ≤ stop"
    assert exits.rows[0].reading == "108,451.2 ≤ 108,248.4"
    assert entries.rows[1].reading == "long 0.010"


def test_an_exit_that_holds_is_told_as_closing(bridge, trader):
    trader.set_mode(EngineMode.ACTIVE)
    entry = order(1, Side.BUY, price="108378.4", origin=Origin.ENGINE)
    trader.feed(fill(1, entry, "0.010", "108367.6"), account_update([position()]))
    trader.tick("108200.0")
    state = flush(bridge, trader)
    assert words.headline(state).text.startswith("Closing long: ")
    assert words.group_views(state)[0].rows[0].state == "true"


def test_a_position_by_hand_is_left_alone_and_said_so(bridge, trader):
    trader.set_mode(EngineMode.ACTIVE)
    trader.feed(snapshot([position()]))
    trader.tick("108451.2")
    state = flush(bridge, trader)
    assert words.headline(state).text == "Position by hand: long."


def test_too_few_klines_are_counted_and_not_called_false(qapp):
    trader = FakeTrader()
    bridge = Bridge(trader, now_ns=trader.clock)
    trader.feed(history(["108400", "108410", "108420"]), snapshot())
    trader.set_mode(EngineMode.ACTIVE)
    trader.tick("108430")
    state = flush(bridge, trader)
    assert words.headline(state).text == "Not ready."
    row = words.group_views(state)[0].rows[2]
    assert row.state == "waiting" and row.reading.startswith("needs ")
    assert words.matrix(state)[0] == (None,) * 6


def test_the_matrix_is_the_conditions_oldest_left(bridge, trader):
    state = flush(bridge, trader)
    by_name = {c.name: c.value for c in state.conditions}
    matrix = words.matrix(state)
    assert matrix[0][0] == by_name["close[5] > upper_outer"]
    assert matrix[1][5] == by_name["price > upper_inner"]
    assert matrix[3][4] == by_name["close[1] < lower_outer"]
    assert any(v for row in matrix for v in row) and not all(v for row in matrix for v in row)


def test_before_the_first_kline_the_board_says_what_will_come(qtbot, qapp):
    trader = FakeTrader()
    bridge = Bridge(trader, now_ns=trader.clock)
    board = ConditionBoard(bridge.conditions)
    qtbot.addWidget(board)
    assert "Waiting for the first kline." in board.headline.accessibleDescription() or (
        words.headline(bridge.conditions.state).text == "Waiting for the first kline."
    )


def test_the_board_says_all_of_it_to_a_screen_reader_and_draws_the_first_failing_row(qtbot, bridge, trader):
    from trader_gui.widgets.theme import theme

    board = ConditionBoard(bridge.conditions)
    qtbot.addWidget(board)
    board.resize(640, 384)
    board.show()
    flush(bridge, trader)
    assert "armed false" in board.groups.accessibleDescription()
    assert "disarmed" in board.headline.accessibleDescription()
    assert board.time.text() == "message 19:57:43"
    image = board.groups.grab().toImage()
    row_colors = [image.pixelColor(3, 24 + 1 + 22 * n + 3).name() for n in range(8)]
    warn = theme().color("warn_bg").name()
    assert [c == warn for c in row_colors] == [True] + [False] * 7


def test_a_low_board_leaves_the_last_decisions_out_rather_than_draw_them_over_the_matrix(qtbot, bridge):
    board = ConditionBoard(bridge.conditions)
    qtbot.addWidget(board)
    board.show()
    for height, has_room in ((384, True), (240, False), (384, True)):
        board.resize(640, height)
        assert board.decisions.isVisible() is has_room
        if has_room:
            qtbot.waitUntil(lambda: board.matrix.geometry().bottom() < board.decisions.geometry().top(), timeout=2000)
        assert board.matrix.isVisible()


def test_the_newest_decisions_are_on_the_board(bridge, trader):
    flush(bridge, trader)
    for n in range(7):
        trader.set_mode(EngineMode.ACTIVE if n % 2 else EngineMode.HALTED, reason=f"r{n}")
    trader.feed(kline(1_751_831_820_000, "108452.0", is_closed=False))
    state = flush(bridge, trader)
    assert [d.reason for d in state.decisions] == ["r6", "r5", "r4", "r3", "r2"]
