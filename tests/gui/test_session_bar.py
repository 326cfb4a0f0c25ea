from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from tests.fakes import FakeProfile, FakeTrader, position, snapshot, stop_loss
from trader_gui.domain.protection import ProtectionFinding, ProtectionState
from trader_gui.domain.step import EngineMode, Route, Tick
from trader_gui.i18n import venue_error_words
from trader_gui.models.bridge import Bridge
from trader_gui.widgets.banner import Banner, BannerStack
from trader_gui.widgets.session_bar import SessionBar
from trader_gui.widgets.session_cell import Popover
from trader_gui.widgets.status_bar import StatusBar

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform says it of every window

PLACING, CLOSING, NAKED = ProtectionState.PLACING, ProtectionState.CLOSING, ProtectionState.NAKED


@pytest.fixture
def trader():
    made = FakeTrader(profile=FakeProfile("testnet"))
    made.run_quietly()
    return made


@pytest.fixture
def bridge(qapp, trader):
    made = Bridge(trader, now_ns=trader.clock)
    made.flush()
    yield made
    made.deleteLater()


@pytest.fixture
def bar(qtbot, bridge):
    made = SessionBar(bridge.session, "BB + RV")
    qtbot.addWidget(made)
    made.resize(1920, 48)
    made.show()
    return made


def said(cell):
    return f"{cell.view.text} {cell.view.extra}".strip()


@pytest.mark.parametrize(
    ("mode", "armed_s", "halt_reason", "words", "ground"),
    [
        (EngineMode.HALTED, None, "", "DISARMED", ""),
        (EngineMode.ACTIVE, 2472, "", "ARMED 41:12 left", "accent"),
        (EngineMode.ACTIVE, 48, "", "ARMED 0:48 left", "accent"),
        (EngineMode.ACTIVE, None, "", "ARMED no end", "accent"),
        (EngineMode.REDUCING, None, "", "REDUCING exits only", "warn"),
        (EngineMode.HALTED, None, "stale_feed", "TRIPPED: feed stale", "danger"),
    ],
)
def test_the_engine_cell_says_what_the_engine_may_do(bar, bridge, trader, mode, armed_s, halt_reason, words, ground):
    trader.set_mode(mode, armed_s=armed_s)
    trader.status.halt_reason = halt_reason
    bridge.flush()
    assert said(bar.engine_cell) == words
    assert bar.engine_cell.view.ground == ground
    assert bar.engine_cell.view.extra_tone == ("warn" if armed_s == 48 else "text1")


def test_protection_and_feed_are_words_and_not_colours_alone(bar, bridge, trader):
    assert said(bar.protection_cell) == "Nothing to protect"
    assert said(bar.feed_cell) == "Fresh 0.2 s"
    trader.feed(snapshot([position()]))
    trader.set_route(Route.MARKET, is_connected=False, is_fresh=False, age_s=31)
    bridge.flush()
    assert said(bar.protection_cell) == "NOT PROTECTED 0/1"
    assert said(bar.feed_cell) == "Offline 31 s"
    trader.feed(snapshot([position()], [stop_loss()]))
    bridge.flush()
    assert said(bar.protection_cell) == "Protected 1/1"


def test_one_button_arms_or_disarms_by_the_mode(qtbot, bar, bridge, trader):
    asked = []
    bar.arm_requested.connect(lambda: asked.append("arm"))
    bar.disarm_requested.connect(lambda: asked.append("disarm"))
    qtbot.mouseClick(bar.engine_button, Qt.MouseButton.LeftButton)
    trader.set_mode(EngineMode.ACTIVE)
    bridge.flush()
    qtbot.mouseClick(bar.engine_button, Qt.MouseButton.LeftButton)
    trader.set_mode(EngineMode.REDUCING)
    bridge.flush()
    qtbot.mouseClick(bar.engine_button, Qt.MouseButton.LeftButton)
    assert asked == ["arm", "disarm", "disarm"]


def test_arming_is_barred_with_its_reason_while_something_is_wrong_and_stopping_never_is(qtbot, bar, bridge, trader):
    asked = []
    bar.flatten_requested.connect(lambda: asked.append("flatten"))
    bar.cancel_entries_requested.connect(lambda: asked.append("cancel"))
    trader.feed(snapshot([position()]))
    trader.set_route(Route.PUBLIC, is_connected=False, is_fresh=False)
    trader.status.phase = "failed"
    bridge.flush()
    assert not bar.engine_button.isEnabled()
    assert bar.engine_button.toolTip() == "The session is over."
    trader.status.phase = "running"
    bridge.flush()
    assert bar.engine_button.toolTip() == "A position has no stop at the exchange."
    qtbot.mouseClick(bar.flatten_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(bar.cancel_entries_button, Qt.MouseButton.LeftButton)
    assert asked == ["flatten", "cancel"]
    trader.set_mode(EngineMode.ACTIVE)
    bridge.flush()
    assert bar.engine_button.isEnabled()  # it says Disarm now


@pytest.mark.parametrize("width", [1100, 1280, 1440, 1920])
def test_what_has_no_room_goes_in_order_and_what_matters_stays(qtbot, bar, width):
    bar.resize(width, 48)
    order = [bar.equity_cell, bar.funding_cell, bar.mark_cell, bar.today_cell, bar.unrealized_cell, bar.price_cell]
    shown = [not cell.isHidden() for cell in order]
    assert shown == sorted(shown)  # once one is there, all after it are
    assert all(shown) == (width == 1920)
    always = [bar.engine_cell, bar.protection_cell, bar.feed_cell, bar.cancel_entries_button, bar.flatten_button]
    bar.layout().activate()
    rights = [w.geometry() for w in always]
    assert all(g.right() < width and g.width() >= w.sizeHint().width() - 1 for g, w in zip(rights, always, strict=True))
    visible = [bar.layout().itemAt(i).widget() for i in range(bar.layout().count())]
    places = sorted((w.geometry() for w in visible if w is not None and not w.isHidden()), key=lambda g: g.left())
    assert all(a.right() < b.left() for a, b in pairwise(places))


def test_a_ticking_value_moves_nothing(bar, bridge, trader):
    def places():
        bar.layout().activate()
        return [c.geometry() for c in (bar.feed_cell, bar.price_cell, bar.mark_cell, bar.equity_cell)]

    before = places()
    trader.set_mode(EngineMode.ACTIVE, armed_s=3600 * 11)
    trader.feed(snapshot([position("0.100")], [stop_loss()]))
    for price, age in (("111111.1", 0.1), ("99999.9", 2.9), ("108888.8", 9.9)):
        trader.tick(price)
        trader.set_route(Route.MARKET, is_connected=True, is_fresh=age < 3, age_s=age)
        bridge.flush()
        assert places() == before


def test_a_cell_opens_its_details_by_mouse_and_by_key(qtbot, bar, bridge):
    qtbot.mouseClick(bar.price_cell, Qt.MouseButton.LeftButton)
    (popover,) = bar.price_cell.findChildren(Popover)
    assert popover.isVisible()
    popover.close()
    bar.equity_cell.setFocus()
    qtbot.keyClick(bar.equity_cell, Qt.Key.Key_Space)
    (popover,) = bar.equity_cell.findChildren(Popover)
    assert popover.isVisible()
    qtbot.keyClick(popover, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not bar.equity_cell.findChildren(Popover), timeout=1000)


def test_unknown_is_a_dash(qtbot, qapp):
    trader = FakeTrader()
    bridge = Bridge(trader, now_ns=trader.clock)
    bar = SessionBar(bridge.session, "BB + RV")
    qtbot.addWidget(bar)
    bridge.flush()
    cells = (bar.mark_cell, bar.funding_cell, bar.unrealized_cell, bar.today_cell, bar.equity_cell, bar.price_cell)
    assert {said(cell) for cell in cells} == {"—"}
    assert said(bar.protection_cell) == "Unknown"


def test_the_status_bar_shows_side_figures_and_both_clocks(qtbot, bridge, trader):
    bar = StatusBar(bridge.session, "0.1.0")
    qtbot.addWidget(bar)
    trader.status.journal_ok = False
    trader.status.clock_offset_ms = -1500.0
    trader.status.weight_used = 2000
    trader.set_route(Route.PRIVATE, is_connected=False, is_fresh=False)
    bridge.flush()
    assert [cell.view.text for cell in bar.streams.values()] == ["fresh", "fresh", "lost"]
    assert bar.latency.view.text == "42 ms"
    assert (bar.clock_offset.view.text, bar.clock_offset.view.tone) == ("−1,500 ms", "warn")
    assert (bar.weight.view.text, bar.weight.view.tone) == ("2000/2400", "warn")
    assert bar.journal.view.tone == "danger"
    assert (bar.utc.view.text, bar.kst.view.text) == ("19:57:43", "04:57:43")


def test_a_journal_that_cannot_be_written_is_told_with_its_cause_and_since_when(qtbot, bridge, trader):
    stack = BannerStack(bridge.session)
    qtbot.addWidget(stack)
    trader.status.journal_ok = False
    trader.status.journal_failure = "cannot write the journal j.sqlite: the disk is full; free some space"
    trader.status.journal_failed_since_ms = 1_751_831_820_000
    bridge.flush()
    (banner,) = stack.banners()
    assert (banner.tone, banner.what) == ("danger", "The journal cannot be written since 2025-07-06 19:57:00 UTC.")
    assert banner.did == "No order is sent. cannot write the journal j.sqlite: the disk is full; free some space"


def test_a_ban_and_a_pause_are_shown_with_their_end(qtbot, bridge, trader):
    bar, stack = StatusBar(bridge.session, "0.1.0"), BannerStack(bridge.session)
    qtbot.addWidget(bar)
    qtbot.addWidget(stack)
    trader.status.clock_synced_ns = trader.now_ns - 150 * 10**9
    trader.status.reads_paused_until_ns = trader.now_ns + 29 * 10**9
    bridge.flush()
    assert (bar.weight.view.text, bar.weight.view.tone) == ("paused 0:29", "warn")
    assert bar.clock_offset.toolTip() == "The exchange's clock minus this computer's, measured 2 min ago"
    assert stack.banners() == []
    trader.status.banned_until_ms = 1_751_831_943_000
    bridge.flush()
    assert (bar.weight.view.text, bar.weight.view.tone) == ("banned until 19:59:03 UTC", "danger")
    (banner,) = stack.banners()
    assert banner.what == "The exchange has banned this address until 2025-07-06 19:59:03 UTC."
    trader.status.banned_until_ms = trader.status.reads_paused_until_ns = None
    bridge.flush()
    assert bar.weight.view.text == "312/2400"
    assert stack.banners() == []


def test_banners_come_worst_first_two_at_most_and_never_stack(qtbot, bridge, trader):
    stack = BannerStack(bridge.session)
    qtbot.addWidget(stack)
    assert stack.banners() == []
    trader.status.differences = ("BTCUSDT: journal 0, exchange 0.010",)
    trader.set_route(Route.PUBLIC, is_connected=True, is_fresh=False, age_s=4.2)
    bridge.flush()
    assert {b.key for b in stack.banners()} == {"feed", "differences"}
    row = stack._rows["feed"]
    trader.now_ns += 10**9
    bridge.flush()
    assert stack._rows["feed"] is row  # its age has changed, the row under the mouse has not
    assert row.banner.what == "Price feed stale for 5.2 s."
    trader.feed(snapshot([position()]))
    bridge.flush()
    assert stack.banners()[0].key == "naked"
    assert len(stack.banners()) == 2


def test_a_naked_bracket_is_said_as_such_and_can_be_closed(qtbot, bar, bridge, trader):
    stack = BannerStack(bridge.session)
    qtbot.addWidget(stack)
    trader.set_mode(EngineMode.HALTED)
    trader.feed(snapshot([position()]), Tick(60_000, 0))
    trader.callback.brackets.finding = ProtectionFinding(NAKED, 48_000, "-2021", position().key)
    bridge.flush()
    (banner,) = stack.banners()
    assert (banner.key, [text for _, text in banner.actions]) == ("naked_bracket", ["Close position…"])
    assert banner.what == "The position of a bracket has had no stop at the exchange for 0:12."
    assert "It is tried again and again." in banner.did


def test_the_engines_naked_position_is_said_with_its_age_its_cause_and_what_can_be_done(qtbot, bar, bridge, trader):
    stack = BannerStack(bridge.session)
    qtbot.addWidget(stack)
    finding = trader.callback.protection
    trader.feed(snapshot([position()]), Tick(60_000, 0))
    for state, mode, cell, what, did, actions in (
        (PLACING, EngineMode.ACTIVE, "Stop being placed", None, "", []),
        (
            CLOSING,
            EngineMode.ACTIVE,
            "NO STOP: closing",
            "The engine's position has no stop at the exchange: it is being closed.",
            "The stop would trigger at once",
            [],
        ),
        (
            NAKED,
            EngineMode.ACTIVE,
            "NOT PROTECTED 0:12",
            "The engine's position has had no stop at the exchange for 0:12.",
            "It is tried again and again. The stop would trigger at once",
            ["Protect now", "Close now"],
        ),
        (
            NAKED,
            EngineMode.HALTED,
            "NOT PROTECTED 0:12",
            "The engine's position has had no stop at the exchange for 0:12.",
            "The engine is disarmed and does nothing.",
            ["Protect now", "Close now"],
        ),
    ):
        trader.set_mode(mode)
        finding.finding = ProtectionFinding(state, 48_000, "-2021", position().key)
        bridge.flush()
        assert said(bar.protection_cell) == cell
        banners = stack.banners()
        assert [b.what for b in banners] == ([what] if what else [])
        if banners:
            assert did in banners[0].did
            assert [label for _, label in banners[0].actions] == actions
            assert banners[0].tone == "danger"
    assert bar._protection_details()[-2:] == [
        ("The engine's without one for", "0:12"),
        ("Its stop", "The engine is disarmed and does nothing. " + venue_error_words(-2021)),
    ]
    finding.finding = ProtectionFinding(ProtectionState.PROTECTED)
    bridge.flush()
    assert [b.key for b in stack.banners()] == ["naked"]  # now it is somebody else's that has none


@pytest.mark.parametrize(
    ("until_s", "failure", "text", "tone"),
    [
        (None, "", "off", "text2"),
        (118, "", "118 s", "text1"),
        (59, "", "59 s", "warn"),
        (59, "no answer", "failed, 59 s left", "danger"),
        (None, "no answer", "failed", "danger"),
    ],
)
def test_the_status_bar_counts_the_dead_man_down(qtbot, bridge, trader, until_s, failure, text, tone):
    bar = StatusBar(bridge.session, "0.1.0")
    qtbot.addWidget(bar)
    told = trader.status.dead_man
    told.until_ns = None if until_s is None else trader.now_ns + until_s * 10**9
    told.failure = failure
    bridge.flush()
    assert (bar.dead_man.view.text, bar.dead_man.view.tone) == (text, tone)


def test_a_dismissed_banner_comes_back_only_with_a_new_cause(qtbot, bridge, trader):
    stack = BannerStack(bridge.session)
    qtbot.addWidget(stack)
    stack.resize(1200, 80)
    stack.show()
    trader.status.halt_reason = "bug"
    bridge.flush()
    (row,) = stack._rows.values()
    from PySide6.QtWidgets import QPushButton

    qtbot.mouseClick(row.findChild(QPushButton), Qt.MouseButton.LeftButton)
    assert stack.banners() == [] and not stack.isVisible()
    trader.tick("108460.0")
    bridge.flush()
    assert stack.banners() == []
    trader.status.halt_reason = ""
    bridge.flush()
    trader.status.halt_reason = "bug"
    bridge.flush()
    assert [b.key for b in stack.banners()] == ["tripped"]
    stack.add(Banner("own", "info", "Note"))
    stack.remove("own")
    assert [b.key for b in stack.banners()] == ["tripped"]


def test_each_stream_tells_its_word_its_ages_and_its_last_reason(qtbot, bar, bridge, trader):
    status_bar = StatusBar(bridge.session, "0.1.0")
    qtbot.addWidget(status_bar)
    route = trader.status.routes[Route.PUBLIC]
    trader.set_route(Route.PUBLIC, is_connected=True, is_fresh=False, age_s=12)
    route.alive_ns = trader.now_ns - 700_000_000
    route.fresh_since_ns = trader.now_ns - 9 * 10**9
    route.replaced, route.reason = 2, "closed: 1001 going away"
    bridge.flush()
    cell = status_bar.streams[Route.PUBLIC]
    assert (cell.view.text, cell.view.icon, cell.view.tone) == ("stale", "triangle", "warn")
    assert cell.toolTip().splitlines() == [
        "Order book: stale",
        "In this state for: 9.0 s",
        "Last message: 12 s",
        "Last sign of life: 0.7 s",
        "Reconnected: 2 times; last: The exchange closed the connection (1001 going away).",
    ]
    trader.set_route(Route.PRIVATE, is_connected=False, is_fresh=False)
    trader.status.routes[Route.PRIVATE].detail = "maintenance"
    bridge.flush()
    assert "Now: The exchange is in maintenance." in status_bar.streams[Route.PRIVATE].toolTip()
    qtbot.mouseClick(bar.feed_cell, Qt.MouseButton.LeftButton)
    (popover,) = bar.feed_cell.findChildren(Popover)
    texts = [label.text() for label in popover.findChildren(QLabel) if label.text()]
    assert [t for t in texts if t in ("Prices", "Order book", "Account")] == ["Prices", "Order book", "Account"]
    assert [t for t in texts if t in ("fresh", "stale", "lost")] == ["fresh", "stale", "lost"]
    assert sum(not label.pixmap().isNull() for label in popover.findChildren(QLabel)) == 3
    popover.close()


def test_a_thousand_losses_are_one_banner_that_counts(qtbot, bridge, trader):
    stack = BannerStack(bridge.session)
    qtbot.addWidget(stack)
    route, shown, rows = trader.status.routes[Route.MARKET], set(), set()
    for number in range(1, 1001):
        trader.now_ns += 60_000_000
        route.losses, route.lost_ns = number, trader.now_ns
        trader.set_route(Route.MARKET, is_connected=False, is_fresh=False)
        bridge.flush()
        shown.add(len(stack.banners()))
        trader.set_route(Route.MARKET, is_connected=True, is_fresh=True)
        bridge.flush()
        if number >= 3:
            shown.add(len(stack.banners()))
            rows.add(stack._rows["feed"])
    assert (shown, len(rows)) == ({1}, 1)  # the row under the mouse stays
    (banner,) = stack.banners()
    assert banner.what == "The price feed is unstable (lost 1000 times lately)."
    trader.now_ns += 61 * 10**9
    trader.set_route(Route.MARKET, is_connected=True, is_fresh=True)
    bridge.flush()
    assert stack.banners() == []


def test_why_there_is_no_connection_is_in_the_banner(qtbot, bridge, trader):
    stack = BannerStack(bridge.session)
    qtbot.addWidget(stack)
    for route in (Route.MARKET, Route.PRIVATE):
        trader.set_route(route, is_connected=False, is_fresh=False)
        trader.status.routes[route].detail = "maintenance"
    bridge.flush()
    held = "The exchange is in maintenance. Entries are held. Reconnecting. Stops stay at the exchange."
    assert [(b.what, b.did) for b in stack.banners()] == [
        ("No connection to the price feed.", held),
        ("The stream of your account is lost.", held),
    ]


def test_an_account_that_is_read_anew_within_a_second_shows_no_banner(qtbot, bridge, trader):
    stack = BannerStack(bridge.session)
    qtbot.addWidget(stack)
    trader.set_route(Route.PRIVATE, is_connected=True, is_fresh=False)
    trader.status.routes[Route.PRIVATE].fresh_since_ns = trader.now_ns - 500_000_000
    bridge.flush()
    assert stack.banners() == []
    trader.now_ns += 600_000_000
    bridge.flush()
    assert [b.what for b in stack.banners()] == ["The stream of your account is in doubt: the account is read anew."]


@pytest.mark.parametrize(
    ("code", "what", "halted"),
    [
        ("woke_up", "The computer has slept.", "TRIPPED: computer slept"),
        ("clock_jumped", "The computer's clock was set.", "TRIPPED: clock was set"),
        ("network_changed", "The computer's network has changed.", "TRIPPED: network changed"),
    ],
)
def test_what_befell_the_machine_is_said_for_a_minute(qtbot, bar, bridge, trader, code, what, halted):
    stack = BannerStack(bridge.session)
    qtbot.addWidget(stack)
    trader.status.disturbance, trader.status.disturbed_ns = code, trader.now_ns
    trader.status.halt_reason = code
    bridge.flush()
    assert what in [b.what for b in stack.banners()]
    assert said(bar.engine_cell) == halted
    trader.now_ns += 61 * 10**9
    for route in Route:
        trader.set_route(route, is_connected=True, is_fresh=True)
    bridge.flush()
    assert [b.key for b in stack.banners()] == ["tripped"]


def test_a_mirror_that_stands_still_is_said_in_words(qtbot, bar, bridge, trader):
    stack = BannerStack(bridge.session)
    qtbot.addWidget(stack)
    trader.set_route(Route.PRIVATE, is_connected=True, is_fresh=False)
    trader.status.routes[Route.PRIVATE].detail = "mirror_stale"
    bridge.flush()
    assert [b.what for b in stack.banners()] == ["The live market does not reach the simulated exchange."]
    assert said(bar.feed_cell) == "Fresh 0.2 s"  # the prices are right: it is the exchange that has old ones
    trader.set_route(Route.PRIVATE, is_connected=True, is_fresh=True)
    bridge.flush()
    assert stack.banners() == []
