"""Indicators of the chart by hand: added, changed, hidden, removed, and found again."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.chart_scene import trading_scene
from trader_gui.models.indicator_kinds import ATR, BOLLINGER, EMA, KINDS, MACD, RSI, SMA, VOLATILITY, VWAP
from trader_gui.models.indicator_track import Indicator
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.indicator_dialog import COLORS, MOST, IndicatorDialog
from trader_gui.widgets.chart.kline_chart import KlineChart
from trader_gui.widgets.theme import theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform says it of every window


@pytest.fixture(autouse=True)
def _styled(qapp: QApplication) -> Iterator[None]:
    theme().set("dark")
    theme().install(qapp)
    yield
    theme().set("dark")


@pytest.fixture
def chart(qtbot: QtBot) -> KlineChart:
    series = SeriesModel()
    made = KlineChart(series)
    qtbot.addWidget(made)
    made.resize(1268, 726)
    made.show()
    qtbot.waitExposed(made)
    series.refresh(trading_scene())
    return made


@pytest.fixture
def dialog(chart: KlineChart, qtbot: QtBot) -> IndicatorDialog:
    qtbot.mouseClick(chart.tools.indicators_button, Qt.MouseButton.LeftButton)
    (made,) = chart.findChildren(IndicatorDialog)
    qtbot.waitExposed(made)
    return made


def series_of(chart: KlineChart) -> SeriesModel:
    return chart.view.series


def names(chart: KlineChart) -> list[str]:
    return [indicator.name for indicator in series_of(chart).indicators]


def add(dialog: IndicatorDialog, words: str) -> None:
    """Choose an entry of the menu of kinds."""
    (action,) = [a for a in dialog.add_button.menu().actions() if a.text().startswith(words)]
    action.trigger()


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_is_drawn_with_its_legend(chart: KlineChart, kind: object) -> None:
    series_of(chart).set_indicators([])
    bare = chart.view.grab().toImage()
    series_of(chart).set_indicators([Indicator(kind)])  # type: ignore[arg-type]
    assert chart.view.grab().toImage() != bare
    assert all(pane.failure == "" for pane in chart.view.panes)
    pane = chart.view.klines if kind.is_overlay else chart.view.panes[-1]  # type: ignore[attr-defined]
    words = " ".join(run.text for run in pane.legend_rows()[-1])
    assert words.startswith(kind.title)  # type: ignore[attr-defined]
    chart.view.navigation.zoom(0.02, 600.0)
    chart.view.update_views()
    chart.view.grab()
    assert all(pane.failure == "" for pane in chart.view.panes)


def test_indicators_that_are_no_prices_have_panes_of_their_own_with_one_time(
    chart: KlineChart, dialog: IndicatorDialog
) -> None:
    add(dialog, RSI.words)
    add(dialog, MACD.words)
    assert names(chart) == ["BB 20", "RV 10", "RSI 14", "MACD 12 26 9"]
    assert [pane.tracks[0].indicator.kind for pane in chart.view.panes[2:]] == [VOLATILITY, RSI, MACD]
    assert len({(pane.view.left, pane.view.right) for pane in chart.view.panes if pane.view}) == 1
    heights = [pane.geometry().height() for pane in chart.view.panes]
    assert sum(heights) + chart.view.time_axis.geometry().height() == chart.view.viewport().height()
    assert [words for _, words in chart.view.axes[3].labels] == ["30.0", "70.0"]
    chart.view.show_crosshair(chart.view.klines.geometry().center())
    assert len({pane.crosshair for pane in chart.view.panes}) == 1


def test_a_second_one_of_a_kind_has_another_colour(chart: KlineChart, dialog: IndicatorDialog) -> None:
    add(dialog, EMA.words)
    add(dialog, EMA.words)
    colors = [indicator.color for indicator in series_of(chart).indicators]
    assert len(set(colors)) == 4
    assert set(colors) <= COLORS.keys()


def test_parameters_are_drawn_at_once_and_the_field_keeps_the_focus(
    chart: KlineChart, dialog: IndicatorDialog, qtbot: QtBot
) -> None:
    field = dialog.rows[0].fields["window"]
    before, row = chart.view.grab().toImage(), dialog.rows[0]
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "50")
    assert names(chart)[0] == "BB 20"  # not before it is typed to its end
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert names(chart)[0] == "BB 50"
    assert dialog.rows[0] is row
    assert chart.view.grab().toImage() != before
    field.setValue(1)
    assert series_of(chart).indicators[0].values["window"] == 2


def test_colour_and_visibility_change_the_picture_and_nothing_is_computed_anew(
    chart: KlineChart, dialog: IndicatorDialog
) -> None:
    track, row = series_of(chart).tracks[0], dialog.rows[0]
    before = chart.view.grab().toImage()
    row.color_box.setCurrentIndex(row.color_box.findData("line5"))
    assert series_of(chart).indicators[0].color == "line5"
    recoloured = chart.view.grab().toImage()
    assert recoloured != before
    row.visible_box.setChecked(False)
    assert chart.view.klines.drawings == ()
    assert "hidden" in [run.text for run in chart.view.klines.legend_rows()[1]]
    assert series_of(chart).tracks[0] is track


def test_removing_takes_the_pane_away_and_the_strategys_come_back(
    chart: KlineChart, dialog: IndicatorDialog, qtbot: QtBot
) -> None:
    add(dialog, ATR.words)
    qtbot.mouseClick(dialog.rows[1].remove_button, Qt.MouseButton.LeftButton)
    assert names(chart) == ["BB 20", "ATR 14"]
    assert len(chart.view.panes) == 3
    for _ in range(2):
        qtbot.mouseClick(dialog.rows[0].remove_button, Qt.MouseButton.LeftButton)
    assert names(chart) == []
    assert dialog._empty.isVisible()
    qtbot.mouseClick(dialog.reset_button, Qt.MouseButton.LeftButton)
    assert names(chart) == ["BB 20", "RV 10"]


def test_there_is_an_end_to_adding(chart: KlineChart, dialog: IndicatorDialog) -> None:
    while dialog.add_button.isEnabled():
        add(dialog, SMA.words)
    assert len(series_of(chart).indicators) == MOST
    chart.view.grab()
    assert chart.view.klines.failure == ""


def test_a_click_on_a_name_hides_it_and_a_double_click_opens_the_choice(chart: KlineChart, qtbot: QtBot) -> None:
    viewport, right = chart.view.viewport(), chart.view.navigation.right
    name = QPoint(25, 31)
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=name)
    assert not series_of(chart).indicators[0].is_visible
    assert chart.view.navigation.right == right
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=name)
    assert series_of(chart).indicators[0].is_visible
    study = chart.view.panes[2].geometry()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(25, int(study.top()) + 14))
    assert not series_of(chart).indicators[1].is_visible
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=name)
    (opened,) = chart.findChildren(IndicatorDialog)
    assert opened.isVisible()


def test_they_are_found_again_after_a_restart(chart: KlineChart, dialog: IndicatorDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(chart.state_changed):
        add(dialog, VWAP.words)
    dialog.rows[0].fields["outer"].setValue(2.5)
    dialog.rows[1].visible_box.setChecked(False)
    stored = chart.state
    again = KlineChart(SeriesModel())
    qtbot.addWidget(again)
    assert again.state != stored
    again.restore(stored)
    assert again.state == stored
    assert series_of(again).indicators == series_of(chart).indicators


def test_what_was_never_changed_stays_the_strategys(chart: KlineChart, qtbot: QtBot) -> None:
    series = SeriesModel()
    series.set_indicators([Indicator(BOLLINGER, {"window": 33.0})])
    again = KlineChart(series)
    qtbot.addWidget(again)
    again.restore(chart.state)
    assert series.indicators[0].values["window"] == 33.0


def test_on_another_interval_they_stay_and_so_do_the_heights(chart: KlineChart, dialog: IndicatorDialog) -> None:
    add(dialog, RSI.words)
    chart.view.stack.move_border(2, 40)
    weights = chart.view.stack.weights
    series = series_of(chart)
    series._begin("BTCUSDT", "5m", is_own=False)
    chart.view.on_series_changed(chart.view._missed | type(chart.view._missed)(15))
    assert names(chart) == ["BB 20", "RV 10", "RSI 14"]
    assert chart.view.stack.weights == pytest.approx(weights)
    assert all(np.isnan(track.at(0)).all() for track in series.tracks)
