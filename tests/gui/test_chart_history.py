"""Symbol, interval and history of the chart as a person meets them."""

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QPushButton, QTabBar
from pytestqt.qtbot import QtBot

from tests.chart_scene import load_klines, make_callback, step_open, wave_klines
from tests.core_records import MINUTE_MS, RULES, START_MS
from tests.unit.kline_history.fake_market import FakeMarket, settled
from tests.unit.kline_history.klines import START_SLOT, walk
from trader_gui.exchange.chart_feed import Market
from trader_gui.exchange.dialing import Dialing
from trader_gui.exchange.endpoints import loopback
from trader_gui.kline_history import source
from trader_gui.kline_history.chart_history import ChartHistory
from trader_gui.kline_history.source import SourceState
from trader_gui.kline_history.store import KlinePage
from trader_gui.models.series import SeriesModel
from trader_gui.models.symbol_picks import matching
from trader_gui.widgets.chart.chart_head import FAVOURITES, interval_words
from trader_gui.widgets.chart.history_layer import gap_spans, note_runs
from trader_gui.widgets.chart.kline_chart import KlineChart
from trader_gui.widgets.theme import theme

OWN_SLOT = START_MS // MINUTE_MS


@pytest.fixture(autouse=True)
def _styled(qapp: QApplication) -> Iterator[None]:
    theme().set("dark")
    theme().install(qapp)
    yield
    theme().set("dark")


class Scene:
    """A chart of a session with 100 klines, before which lies what the market has."""

    def __init__(self, qtbot: QtBot) -> None:
        self.callback = make_callback()
        load_klines(self.callback, wave_klines(100))
        step_open(self.callback, "100050.0")
        self.series = SeriesModel()
        self.chart = KlineChart(self.series)
        qtbot.addWidget(self.chart)
        self.chart.resize(1268, 726)
        self.chart.show()
        qtbot.waitExposed(self.chart)
        self.series.refresh(self.callback)
        self.view = self.chart.view

    def refresh(self) -> None:
        self.series.refresh(self.callback)

    def words(self) -> str:
        return " ".join(run.text for row in self.view.klines.legend_rows() for run in row)


@pytest.fixture
def scene(qtbot: QtBot) -> Scene:
    return Scene(qtbot)


def buttons(scene: Scene) -> dict[str, QPushButton]:
    return {b.text(): b for b in scene.chart.head.findChildren(QPushButton) if b.isVisible()}


def test_the_head_names_symbol_and_interval_and_offers_others(scene: Scene, qtbot: QtBot) -> None:
    (tab,) = scene.chart.head.findChildren(QTabBar)
    assert tab.tabText(0) == "BTCUSDT 1m"
    shown = buttons(scene)
    assert [shown[name].isChecked() for name in FAVOURITES] == [True, False, False, False, False, False]
    assert all(shown[name].accessibleName() == interval_words(name) for name in FAVOURITES)
    with qtbot.waitSignal(scene.series.chosen):
        qtbot.mouseClick(shown["15m"], Qt.MouseButton.LeftButton)
    assert scene.series.choice == ("BTCUSDT", "15m")


def test_a_narrow_head_leaves_favourites_to_the_menu(scene: Scene, qapp: QApplication) -> None:
    scene.chart.resize(480, 300)
    qapp.processEvents()
    assert "1d" not in buttons(scene)
    head = scene.chart.head
    right = max(w.geometry().right() for w in head.findChildren(QPushButton) if w.isVisible())
    assert right <= head.width()


def test_intervals_have_words() -> None:
    assert [interval_words(i) for i in ("1m", "15m", "1h", "3d", "1M")] == [
        "1 minute",
        "15 minutes",
        "1 hour",
        "3 days",
        "1 month",
    ]


def test_symbols_are_found_by_their_letters() -> None:
    symbols = ["1000SHIBUSDT", "BNBUSDT", "BTCDOMUSDT", "BTCUSDC", "BTCUSDT", "WBTCUSDT"]
    assert matching(symbols, "btc") == ["BTCUSDC", "BTCUSDT", "BTCDOMUSDT", "WBTCUSDT"]
    assert matching(symbols, "") == symbols
    assert matching(symbols, "zzz") == []


def test_the_picker_is_worked_by_keys(scene: Scene, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    known = dict.fromkeys(("BTCUSDT", "ETHUSDT", "ETCUSDT"), RULES)
    monkeypatch.setattr(SeriesModel, "symbols", property(lambda self: known))
    picker = scene.chart.head.picker
    scene.chart.head.open_picker()
    qtbot.waitUntil(picker.isVisible)
    qtbot.keyClicks(picker.field, "et")
    qtbot.keyClick(picker.field, Qt.Key.Key_Down)
    with qtbot.waitSignal(picker.picked) as picked:
        qtbot.keyClick(picker.field, Qt.Key.Key_Return)
    assert picked.args == ["ETHUSDT"]
    assert not picker.isVisible()
    assert scene.series.choice == ("ETHUSDT", "1m")


def test_the_picker_waits_for_symbols_that_are_being_read(
    scene: Scene, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: dict[str, object] = {}
    monkeypatch.setattr(SeriesModel, "symbols", property(lambda self: known))
    picker = scene.chart.head.picker
    scene.chart.head.open_picker()
    qtbot.waitUntil(picker.isVisible)
    assert picker.list.model().rowCount() == 0
    known["BTCUSDT"] = RULES
    qtbot.waitUntil(lambda: picker.list.model().rowCount() == 1)
    picker.hide()


def with_market(scene: Scene, market: FakeMarket, act: Any) -> None:
    """Run `act()` while the chart has a history."""
    tasks: list[asyncio.Task[None]] = []

    def spawn(work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        tasks.append(asyncio.create_task(work, name=name))
        return tasks[-1]

    async def run() -> None:
        endpoints = loopback("http://127.0.0.1:1", "ws://127.0.0.1:1")
        history = ChartHistory(
            Market(market, endpoints, Dialing()),
            lambda _symbol, _interval, deliver: market.feed(deliver),
            spawn,
            Path(),
        )
        scene.series.set_history(history)
        await act()
        await history.aclose()

    asyncio.run(run())


def test_scrolling_back_brings_older_klines_until_history_begins(qtbot: QtBot) -> None:
    market = FakeMarket(walk(4000), 3999)
    scene = Scene(qtbot)

    async def act() -> None:
        scene.series.choose("ETHUSDT", "1m")
        scene.refresh()
        await settled(lambda: len(scene.series.store) > 0)
        scene.refresh()
        assert scene.series.symbol == "ETHUSDT"
        assert not scene.series.is_own
        for _ in range(40):
            scene.view.navigation.pan(900.0)
            scene.view.update_views()
            await asyncio.sleep(0.02)
            scene.refresh()
            if scene.series.source.is_begin:
                break
        assert scene.series.store.first == START_SLOT
        scene.view.navigation.pan(1e9)
        scene.view.update_views()
        assert scene.view.grab().toImage().width() > 0

    market.rules = {"ETHUSDT": replace(RULES, symbol="ETHUSDT", base_asset="ETH")}
    sleepless(act, scene, market)


def sleepless(act: Any, scene: Scene, market: FakeMarket) -> None:
    """Run with pages that follow each other at once."""
    pause, source.PAUSE_S = source.PAUSE_S, 0.0
    try:
        with_market(scene, market, act)
    finally:
        source.PAUSE_S = pause


def test_the_session_goes_on_with_its_own_series(qtbot: QtBot) -> None:
    scene = Scene(qtbot)
    market = FakeMarket(walk(900), 899)

    async def act() -> None:
        own = scene.callback.klines.arrays()
        scene.series.choose("BTCUSDT", "5m")
        scene.refresh()
        await settled(lambda: len(scene.series.store) > 0)
        scene.refresh()
        assert "BTCUSDT Perp · 5m" in scene.words()
        assert scene.callback.klines.arrays() is own
        assert scene.callback.interval == "1m"
        scene.series.choose("BTCUSDT", "1m")
        scene.refresh()
        assert scene.series.is_own
        assert scene.series.store.end == OWN_SLOT + 100
        assert scene.series.open_kline is scene.callback.open_kline.kline

    sleepless(act, scene, market)


def test_a_gap_is_shaded_and_told(scene: Scene) -> None:
    columns = walk(40)
    times = (OWN_SLOT - 60 + np.arange(40)) * MINUTE_MS
    scene.series.store.merge(KlinePage(times, columns))
    scene.refresh()
    view = scene.view.klines.view
    assert view is not None
    assert scene.view.klines.sight is not None
    ((left, right, count),) = gap_spans(scene.series, scene.view.klines.sight, view)
    assert count == 20
    assert (view.x_at(left), view.x_at(right)) == (pytest.approx(OWN_SLOT - 20.5), pytest.approx(OWN_SLOT - 0.5))
    image = scene.view.grab().toImage()
    assert image.pixelColor(int(left) + 10, 300) == theme().color("bg2")
    assert "no kline: a gap of 20" in note_runs(scene.series, OWN_SLOT - 3)[0].text
    assert note_runs(scene.series, OWN_SLOT + 3) == []
    scene.view.navigation.zoom(0.05, 1000.0)
    scene.view.update_views()
    ((left, right, count),) = gap_spans(scene.series, scene.view.klines.sight, scene.view.klines.view)
    assert abs(count - 20) <= 2 / scene.view.klines.view.pitch


def test_a_repaired_kline_is_marked(scene: Scene, qtbot: QtBot) -> None:
    scene.series.store.mark_repaired([START_MS + 90 * MINUTE_MS])
    scene.refresh()
    view = scene.view.klines.view
    assert view is not None
    x = int(view.px(OWN_SLOT + 90))
    image = scene.view.klines._canvas
    assert image is not None
    scene.view.grab()
    column = {image.image.pixelColor(x, y).name() for y in range(int(view.height))}
    assert theme().color("info").name() in column
    qtbot.mouseMove(scene.view.viewport(), QPoint(x, 300))
    assert "repaired" in scene.words()


def test_trouble_with_older_klines_is_told_where_they_would_be(scene: Scene) -> None:
    scene.view.navigation.pan(1e9)
    scene.view.update_views()
    plain = scene.view.grab().toImage()
    scene.series.source = SourceState(problem="no room")
    scene.view.klines.update()
    assert scene.view.grab().toImage() != plain
