"""The kline chart as a person meets it: pictures, mouse, keys, themes."""

import itertools
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QCursor, QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.chart_scene import make_callback, step_open, trading_scene
from tests.core_records import MINUTE_MS, START_MS, make_kline, make_snapshot
from trader_gui.callback import Callback
from trader_gui.domain.market import FundingRate
from trader_gui.kline_history.pyramid import Row
from trader_gui.models.series import SeriesModel
from trader_gui.models.series_lines import OrderLine
from trader_gui.widgets.chart.candle_item import CandleStyle
from trader_gui.widgets.chart.chart_options import ChartOptions
from trader_gui.widgets.chart.kline_chart import KlineChart
from trader_gui.widgets.chart.price_pane import PricePane
from trader_gui.widgets.chart.price_scale import PriceScale
from trader_gui.widgets.chart.time_marks import Zone
from trader_gui.widgets.theme import theme


@pytest.fixture(autouse=True)
def _styled(qapp: QApplication) -> Iterator[None]:
    theme().set("dark")
    theme().install(qapp)
    yield
    theme().set("dark")


class Scene:
    """A chart on a session."""

    def __init__(self, qtbot: QtBot, callback: Callback) -> None:
        self.callback = callback
        self.series = SeriesModel()
        self.chart = KlineChart(self.series)
        qtbot.addWidget(self.chart)
        self.chart.resize(1268, 726)
        self.view = self.chart.view
        self.refresh()

    def refresh(self) -> None:
        self.series.refresh(self.callback)

    def image(self) -> QImage:
        """Return the picture of the graphics view."""
        return self.view.grab().toImage()

    def pixel(self, x: int, price: float) -> QColor:
        """Return the colour at the kline number `x` and a price."""
        view = self.view.klines.view
        assert view is not None
        return self.image().pixelColor(int(view.px(self.series.store.first + x)), int(view.py(price)))


@pytest.fixture
def scene(qtbot: QtBot) -> Scene:
    made = Scene(qtbot, trading_scene())
    made.chart.show()
    qtbot.waitExposed(made.chart)
    return made


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each time that closed klines are painted anew."""
    calls: list[str] = []
    original = PricePane.paint_closed

    def noted(self: PricePane, canvas: object, painter: object, view: object) -> None:
        calls.append(self.name)
        original(self, canvas, painter, view)  # type: ignore[arg-type]

    monkeypatch.setattr(PricePane, "paint_closed", noted)
    return calls


def row(scene: Scene, which: Row, index: int) -> float:
    """Return a value of the kline number `index`."""
    slot = scene.series.store.first + index
    return float(scene.series.store.row(which, slot, slot + 1)[0])


def middle_of_body(scene: Scene, index: int) -> float:
    return (row(scene, Row.OPEN, index) + row(scene, Row.CLOSE, index)) / 2


def indices(scene: Scene, is_up: bool) -> list[int]:
    """Return visible klines of a direction with a body that is tall enough to look into."""
    rises = {i: row(scene, Row.CLOSE, i) - row(scene, Row.OPEN, i) for i in range(80, 185)}
    return [i for i, rise in rises.items() if (rise > 0) == is_up and abs(rise) > 15]


def test_falling_klines_are_filled_and_rising_ones_hollow(scene: Scene) -> None:
    scene.series.orders, scene.series.positions = (), ()
    down, up = theme().direction(False, "line"), theme().direction(True, "line")
    falling = [scene.pixel(i, middle_of_body(scene, i)) for i in indices(scene, False)]
    rising = [scene.pixel(i, middle_of_body(scene, i)) for i in indices(scene, True)]
    assert len(falling) > 10
    assert sum(c == down for c in falling) > 0.8 * len(falling)
    assert len(rising) > 10
    assert all(c not in (up, down) for c in rising)
    edge = [scene.pixel(i, row(scene, Row.CLOSE, i)) for i in indices(scene, True)]
    assert sum(c == up for c in edge) > 0.8 * len(edge)


def test_a_tick_moves_the_open_kline_and_paints_no_closed_one(scene: Scene, painted: list[str]) -> None:
    assert scene.series.open_kline is not None
    before = scene.image()
    painted.clear()
    step_open(scene.callback, str(scene.series.open_kline.close - 8), seconds=44)
    scene.refresh()
    after = scene.image()
    assert before != after
    assert not painted


def test_nothing_is_painted_when_nothing_changed(scene: Scene, qapp: QApplication, painted: list[str]) -> None:
    assert scene.image() == scene.image()
    painted.clear()
    scene.refresh()
    qapp.processEvents()
    assert not painted


def test_a_new_extreme_and_a_closed_kline_are_painted(scene: Scene, painted: list[str]) -> None:
    scene.image()
    painted.clear()
    step_open(scene.callback, "100900.0", seconds=44)
    scene.refresh()
    scene.image()
    assert painted == ["klines"]
    assert scene.view.klines.view is not None
    assert scene.view.klines.view.high > 100_900
    scene.callback.step(make_kline(200, "100850.0", high=100_904))
    scene.refresh()
    scene.image()
    assert len(painted) == 2


def test_a_hidden_chart_rests_and_comes_back_up_to_date(scene: Scene, painted: list[str]) -> None:
    assert scene.series.is_watched
    scene.chart.hide()
    assert not scene.series.is_watched
    painted.clear()
    stood = scene.view.navigation.right
    scene.callback.step(make_kline(200, "100060.0"))
    scene.callback.step(make_kline(201, "100070.0", is_closed=False))
    scene.refresh()
    assert not painted
    assert scene.view.navigation.right == stood
    scene.chart.show()
    assert scene.series.is_watched
    view = scene.view.klines.view
    assert view is not None
    assert view.left < scene.series.last_x == scene.series.store.first + 201 < view.right


def test_dragging_pans_and_offers_the_way_back(scene: Scene, qtbot: QtBot) -> None:
    viewport = scene.view.viewport()
    assert not scene.chart.head.latest_button.isVisible()
    right = scene.view.navigation.right
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=QPoint(400, 300))
    qtbot.mouseMove(viewport, QPoint(482, 300))
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=QPoint(482, 300))
    assert scene.view.navigation.right == pytest.approx(right - 82 / scene.view.navigation.pitch)
    assert scene.chart.head.latest_button.isVisible()
    stood = scene.view.navigation.right
    scene.callback.step(make_kline(200, "100060.0"))
    scene.callback.step(make_kline(201, "100070.0", is_closed=False))
    scene.refresh()
    assert scene.view.navigation.right == stood
    qtbot.mouseClick(scene.chart.head.latest_button, Qt.MouseButton.LeftButton)
    assert not scene.chart.head.latest_button.isVisible()
    assert scene.view.navigation.right > scene.series.store.first + 201


def wheel(scene: Scene, x: float, y: float, delta: int) -> None:
    position = QPointF(x, y)
    event = QWheelEvent(
        position,
        scene.view.viewport().mapToGlobal(position),
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(scene.view.viewport(), event)


def test_the_wheel_zooms_at_the_cursor_in_all_panes(scene: Scene) -> None:
    assert scene.view.klines.view is not None
    pitch, x = scene.view.klines.view.pitch, scene.view.klines.view.x_at(700.0)
    wheel(scene, 700.0, 200.0, 240)
    for pane in scene.view.panes:
        assert pane.view is not None
        assert pane.view.pitch > pitch * 1.2
        assert pane.view.x_at(700.0) == pytest.approx(x)


def test_the_price_axis_scales_by_drag_and_returns_by_double_click(scene: Scene, qtbot: QtBot) -> None:
    viewport, pane = scene.view.viewport(), scene.view.klines
    axis_x = int(scene.view.navigation.width) + 30
    automatic = pane.view
    assert automatic is not None
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=QPoint(axis_x, 200))
    qtbot.mouseMove(viewport, QPoint(axis_x, 300))
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=QPoint(axis_x, 300))
    assert pane.view is not None
    assert pane.view.high - pane.view.low > (automatic.high - automatic.low) * 1.4
    step_open(scene.callback, "101500.0", seconds=50)
    scene.refresh()
    assert pane.view.high < 101_500
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(axis_x, 200))
    assert scene.view.is_auto_range
    assert pane.view.high > 101_500


def test_keys_zoom_page_and_return(scene: Scene, qtbot: QtBot) -> None:
    navigation = scene.view.navigation
    right, pitch = navigation.right, navigation.pitch
    qtbot.keyClick(scene.view, Qt.Key.Key_PageUp)
    assert navigation.right == pytest.approx(right - 0.9 * navigation.width / pitch)
    qtbot.keyClick(scene.view, Qt.Key.Key_Plus)
    assert navigation.pitch > pitch
    qtbot.keyClick(scene.view, Qt.Key.Key_Home)
    assert navigation.left == pytest.approx(scene.series.first_x - 1, abs=0.1)
    qtbot.keyClick(scene.view, Qt.Key.Key_End)
    assert navigation.is_following


def test_a_crosshair_does_not_stay_behind_when_keys_move_the_view(scene: Scene, qtbot: QtBot) -> None:
    qtbot.keyClick(scene.view, Qt.Key.Key_Left)
    qtbot.keyClick(scene.view, Qt.Key.Key_Plus)
    assert scene.view.klines.crosshair is not None, "its kline is still seen"
    qtbot.keyClick(scene.view, Qt.Key.Key_Home)
    assert scene.view.klines.crosshair is None
    assert scene.view.time_axis.cursor is None


def test_a_crosshair_stays_under_the_pointer_when_keys_move_the_view(scene: Scene, qtbot: QtBot) -> None:
    viewport, at = scene.view.viewport(), QPoint(611, 163)
    QCursor.setPos(viewport.mapToGlobal(at))
    qtbot.mouseMove(viewport, at)
    scene.view.setAttribute(Qt.WidgetAttribute.WA_UnderMouse)
    before = scene.view.klines.crosshair
    qtbot.keyClick(scene.view, Qt.Key.Key_PageUp)
    cross = scene.view.klines.crosshair
    assert before is not None and cross is not None and cross.x < before.x
    assert scene.view.klines.view is not None
    assert abs(scene.view.klines.view.px(cross.x) - at.x()) < scene.view.navigation.pitch


def test_arrows_step_the_crosshair_from_kline_to_kline_and_say_what_is_there(scene: Scene, qtbot: QtBot) -> None:
    last = scene.series.last_x
    qtbot.keyClick(scene.view, Qt.Key.Key_Left)
    assert scene.view.klines.crosshair is not None
    assert scene.view.klines.crosshair.x == last
    qtbot.keyClick(scene.view, Qt.Key.Key_Left)
    qtbot.keyClick(scene.view, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    cross = scene.view.klines.crosshair
    assert cross.x == last - 11
    assert cross.value == row(scene, Row.CLOSE, 189)
    assert "O " in scene.view.accessibleDescription()
    assert f"C {row(scene, Row.CLOSE, 189):,.1f}" in scene.view.accessibleDescription()
    for _ in range(30):
        qtbot.keyClick(scene.view, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    cross, view = scene.view.klines.crosshair, scene.view.klines.view
    assert cross is not None
    assert view is not None
    assert cross.x == scene.series.first_x
    assert view.left < cross.x < view.right
    qtbot.keyClick(scene.view, Qt.Key.Key_Escape)
    assert scene.view.klines.crosshair is None


def test_middle_drag_pans_prices_too_when_they_are_the_hands(scene: Scene, qtbot: QtBot) -> None:
    scene.view.hand._scale_prices(1.2)
    scene.view.update_views()
    before = scene.view.klines.view
    assert before is not None
    qtbot.mousePress(scene.view.viewport(), Qt.MouseButton.MiddleButton, pos=QPoint(400, 300))
    move = QMouseEvent(
        QMouseEvent.Type.MouseMove,
        QPointF(450, 340),
        QPointF(450, 340),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.MiddleButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(scene.view.viewport(), move)
    qtbot.mouseRelease(scene.view.viewport(), Qt.MouseButton.MiddleButton, pos=QPoint(450, 340))
    after = scene.view.klines.view
    assert after is not None
    assert after.px(before.left) == pytest.approx(50, abs=1)
    assert after.py(before.high) == pytest.approx(40, abs=1)


def test_shift_drag_measures_until_the_next_press(scene: Scene, qtbot: QtBot) -> None:
    viewport, pane = scene.view.viewport(), scene.view.klines
    shift = Qt.KeyboardModifier.ShiftModifier
    right = scene.view.navigation.right
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, shift, QPoint(400, 300))
    qtbot.mouseMove(viewport, QPoint(564, 200))
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, shift, QPoint(564, 200))
    measure = pane.measure
    assert measure is not None
    assert scene.view.navigation.right == right
    assert measure.to_x - measure.from_x == 20
    assert measure.to_price > measure.from_price
    assert abs(measure.to_price * 10 - round(measure.to_price * 10)) < 1e-6
    with_measure = scene.image()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(500, 250))
    assert pane.measure is None
    assert scene.image() != with_measure


def test_the_border_between_panes_is_moved_by_hand(scene: Scene, qtbot: QtBot) -> None:
    viewport, stack = scene.view.viewport(), scene.view.stack
    border = int(scene.view.volume.geometry().top())
    heights = [pane.geometry().height() for pane in scene.view.panes]
    with qtbot.waitSignal(scene.chart.state_changed):
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=QPoint(300, border))
        qtbot.mouseMove(viewport, QPoint(300, border - 60))
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=QPoint(300, border - 60))
    now = [pane.geometry().height() for pane in scene.view.panes]
    assert now == [pytest.approx(heights[0] - 60, abs=1), pytest.approx(heights[1] + 60, abs=1), heights[2]]
    stack.move_border(0, -5000)
    scene.view.lay_out()
    assert scene.view.klines.geometry().height() >= 39


def test_the_wheel_over_the_price_axis_scales_prices(scene: Scene) -> None:
    before = scene.view.klines.view
    assert before is not None
    wheel(scene, scene.view.navigation.width + 20, 200.0, -240)
    after = scene.view.klines.view
    assert after is not None
    assert (after.high - after.low) > (before.high - before.low) * 1.2
    assert after.pitch == before.pitch
    assert not scene.view.is_auto_range


@pytest.mark.parametrize("scale", list(PriceScale))
@pytest.mark.parametrize("style", list(CandleStyle))
def test_every_look_is_drawn(scene: Scene, scale: PriceScale, style: CandleStyle) -> None:
    before = scene.image()
    options = ChartOptions(style, scale, Zone.KST, has_volume=False, has_mark=True, has_index=True)
    scene.view.set_options(options)
    image = scene.image()
    assert image != before
    assert scene.view.klines.failure == ""
    assert [pane.name for pane in scene.view.panes][:1] == ["klines"]
    assert scene.view.volume.scene() is None
    assert scene.view.time_axis.zone_words == "KST"
    labels = [words for _, words in scene.view.price_axis.labels]
    assert labels
    assert all(words.endswith(" %") for words in labels) == (scale is PriceScale.PERCENT)
    assert len(scene.view.price_axis.tags) == 4 + 2 + 1
    scene.view.set_options(ChartOptions())
    assert scene.image() == before


def test_a_handle_is_found_where_its_tag_is(scene: Scene) -> None:
    view, pane = scene.view.klines.view, scene.view.klines
    assert view is not None
    (stop,) = [level for level in pane.levels if level.tag.icon == "shield"]
    handle = scene.view.handle_at(QPointF(30.0, view.py(stop.price)))
    assert handle is not None
    assert handle.level is stop
    assert isinstance(handle.level.line, OrderLine)
    assert handle.level.line.order.trigger_price == handle.level.line.price
    assert scene.view.handle_at(QPointF(600.0, view.py(stop.price))) is None
    assert scene.view.handle_at(QPointF(30.0, 700.0)) is None


def test_fundings_are_marked_and_told(scene: Scene, qtbot: QtBot) -> None:
    times = [START_MS + k * MINUTE_MS for k in (100, 180)]
    scene.series.funding = tuple(FundingRate(t, Decimal("0.0001")) for t in times)
    scene.view.look_again()
    *paid, _next = scene.view.time_axis.fundings.tolist()
    assert paid == [START_MS // MINUTE_MS + 100, START_MS // MINUTE_MS + 180]
    image, view = scene.view.grab().toImage(), scene.view.klines.view
    assert view is not None
    top = int(scene.view.time_axis.geometry().top())
    px = int(view.px(START_MS // MINUTE_MS + 180))
    assert image.pixelColor(px, top + 2) == theme().color("info")
    qtbot.mouseMove(scene.view.viewport(), QPoint(px, 200))
    words = " ".join(run.text for run in scene.view.klines.legend_rows()[0])
    assert "funding 0.0100 %" in words


def test_the_crosshair_snaps_to_tick_and_kline(scene: Scene, qtbot: QtBot) -> None:
    qtbot.mouseMove(scene.view.viewport(), QPoint(503, 207))
    cross = scene.view.klines.crosshair
    assert cross is not None
    assert abs(cross.value * 10 - round(cross.value * 10)) < 1e-6
    cursor = scene.view.price_axis.cursor
    assert cursor is not None
    assert cursor.lines == (f"{cross.value:,.1f}",)
    assert scene.view.time_axis.cursor is not None
    assert scene.view.time_axis.cursor[1].startswith("2023-11-1")
    assert scene.view.volume.crosshair == cross
    scene.view.show_crosshair(None)
    assert scene.view.price_axis.cursor is None


def test_tags_on_the_price_axis_keep_apart(scene: Scene) -> None:
    placed = scene.view.price_axis.placed_tags()
    assert len(placed) == 4
    spans = sorted((middle - tag.height / 2, middle + tag.height / 2) for tag, _, middle in placed)
    assert all(above[1] <= below[0] for above, below in itertools.pairwise(spans))


def test_a_change_of_theme_reaches_the_plot(scene: Scene) -> None:
    dark = scene.image().pixelColor(600, 70)
    assert dark == theme().color("bg0")
    theme().set("light", "korean")
    image = scene.image()
    assert image.pixelColor(600, 70) == theme().color("bg0")
    falling = [scene.pixel(i, middle_of_body(scene, i)) for i in indices(scene, False)]
    assert sum(c == theme().direction(False, "line") for c in falling) > 0.8 * len(falling)


def test_an_empty_chart_counts_what_it_loads(qtbot: QtBot) -> None:
    scene = Scene(qtbot, make_callback())
    scene.chart.show()
    scene.series.set_loading(0, 500)
    empty = accent_pixels(scene)
    scene.series.set_loading(320, 500)
    assert empty == 0
    assert accent_pixels(scene) == pytest.approx(4 * 250 * 320 / 500, abs=8)


def accent_pixels(scene: Scene) -> int:
    image, accent = scene.image(), theme().color("accent")
    return sum(image.pixelColor(x, y) == accent for x in range(400, 800) for y in range(200, 280))


@pytest.mark.parametrize("size", [(480, 300), (1268, 726), (1900, 1000)])
def test_panes_and_axes_tile_the_view(scene: Scene, size: tuple[int, int], qapp: QApplication) -> None:
    scene.chart.resize(*size)
    qapp.processEvents()
    heights = [pane.geometry().height() for pane in scene.view.panes]
    total = scene.view.viewport().height()
    assert sum(heights) + scene.view.time_axis.geometry().height() == total
    assert heights[0] / sum(heights) == pytest.approx(0.71, abs=0.01)
    for pane, axis in zip(scene.view.panes, scene.view.axes, strict=True):
        assert pane.geometry().right() == axis.geometry().left()
        assert axis.geometry().right() == scene.view.viewport().width()


def test_a_closed_position_takes_its_lines_along(scene: Scene) -> None:
    assert len(scene.view.klines.levels) == 4
    solid = scene.view.klines.levels[-1]

    def color_of_line() -> QColor:
        view = scene.view.klines.view
        assert view is not None
        return scene.image().pixelColor(int(view.px(scene.series.last_x + 4)), round(view.py(solid.price)))

    assert color_of_line() == theme().color("text1")
    scene.callback.step(make_snapshot(taken_time_ms=scene.callback.now_ms + 1))
    scene.refresh()
    assert all(level.tag.icon != "gear" for level in scene.view.klines.levels)
    assert color_of_line() != theme().color("text1")


@pytest.mark.parametrize("part", ["paint_closed", "paint_live"])
def test_a_pane_that_fails_says_so_and_the_others_go_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None], part: str
) -> None:
    def fail(*_: object) -> None:
        raise IndexError("no such kline")

    expect_log("PricePane of the chart cannot be painted")
    whole = scene.image()
    monkeypatch.setattr(PricePane, part, fail)
    scene.view.klines.invalidate()
    image = scene.image()
    assert image.pixelColor(600, 70) == theme().color("danger_bg")
    assert scene.view.klines.failure == "IndexError: no such kline"
    below = round(scene.view.volume.geometry().top()) + 1
    assert image.copy(0, below, image.width(), 90) == whole.copy(0, below, image.width(), 90)
    monkeypatch.undo()
    scene.view.klines.invalidate()
    assert scene.image() == whole
