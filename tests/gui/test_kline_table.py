"""The klines as a table: what it says, how it follows the series, and what is copied from it."""

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QTableView
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from tests.chart_scene import load_klines, make_callback, step_open, trading_scene, wave_klines
from tests.core_records import make_kline
from trader_gui.models.indicator_kinds import BOLLINGER
from trader_gui.models.indicator_track import Indicator
from trader_gui.models.kline_table import FIXED, KlineTableModel
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.kline_chart import KlineChart
from trader_gui.widgets.chart.kline_table import KlineTable


@pytest.fixture
def series() -> SeriesModel:
    made = SeriesModel()
    made.refresh(trading_scene())
    return made


def test_the_model_keeps_qts_rules_while_klines_come(qtmodeltester: ModelTester) -> None:
    callback, series = make_callback(), SeriesModel()
    model = KlineTableModel(series)
    qtmodeltester.check(model)
    assert model.rowCount() == 0
    load_klines(callback, wave_klines(50))
    series.refresh(callback)
    assert model.rowCount() == 50
    inserted: list[tuple[int, int]] = []
    model.rowsInserted.connect(lambda _, first, last: inserted.append((first, last)))
    step_open(callback, "100010.0")
    series.refresh(callback)
    callback.step(make_kline(50, "100020.0"))
    callback.step(make_kline(51, "100030.0", is_closed=False))
    series.refresh(callback)
    assert inserted == [(0, 0), (0, 0)]
    assert model.rowCount() == 52
    qtmodeltester.check(model)
    series.set_indicators((Indicator(BOLLINGER),))
    assert model.columnCount() == len(FIXED) + 5
    assert model.column_titles[len(FIXED)] == "BB 20 +2s"


def words(table: KlineTable, row: int) -> list[str]:
    model = table.model()
    return [table.words(model.index(row, column)) for column in range(model.columnCount())]


@pytest.fixture
def chart(qtbot: QtBot, series: SeriesModel) -> KlineChart:
    made = KlineChart(series)
    qtbot.addWidget(made)
    made.resize(1200, 700)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_the_table_takes_the_charts_place_and_gives_it_back(chart: KlineChart, qtbot: QtBot) -> None:
    qtbot.mouseClick(chart.tools.table_button, Qt.MouseButton.LeftButton)
    (table,) = chart.findChildren(QTableView)
    assert table.isVisible()
    assert not chart.view.isVisible()
    newest, before = words(table, 0), words(table, 1)
    assert newest[0] == "2023-11-15 01:34"
    assert before[0] == "2023-11-15 01:33"
    assert before[1].count(".") == 1
    assert before[5].endswith(" %")
    assert newest[len(FIXED)] == "—"  # it is not closed yet
    assert before[len(FIXED)].count(".") == 1
    assert words(table, 199)[len(FIXED)] == "—"
    qtbot.mouseClick(chart.tools.table_button, Qt.MouseButton.LeftButton)
    assert chart.view.isVisible()


def test_rows_are_copied_with_plain_numbers(chart: KlineChart, qtbot: QtBot) -> None:
    chart.tools.table_button.click()
    (table,) = chart.findChildren(QTableView)
    table.selectRow(3)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    head, line = QGuiApplication.clipboard().text().split("\n")
    cells = line.split("\t")
    assert head.startswith("Time\tOpen\tHigh")
    assert cells[0] == words(table, 3)[0]
    model = table.model()
    assert float(cells[4]) == pytest.approx(model.index(3, 4, QModelIndex()).data())
    assert "," not in line


def test_the_end_of_the_table_asks_for_older_klines(
    chart: KlineChart, series: SeriesModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart.tools.table_button.click()
    (table,) = chart.findChildren(QTableView)
    asked: list[int] = []
    monkeypatch.setattr(SeriesModel, "want", lambda self, slot: asked.append(slot))
    table.scrollToBottom()
    assert asked == [series.first_x - 1]
