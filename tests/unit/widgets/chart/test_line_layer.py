"""Lines of position and orders: their words, their tags, and which of them make room for themselves."""

import itertools

import pytest

from tests.chart_scene import trading_scene
from tests.core_records import MINUTE_MS, START_MS
from trader_gui.models.series import SeriesModel
from trader_gui.widgets.chart.labels import TAG_HEIGHT
from trader_gui.widgets.chart.line_layer import Level, last_price_tag, levels, near_prices, tag_middles
from trader_gui.widgets.chart.viewport import Viewport
from trader_gui.widgets.theme import theme

LEGEND_PX = 50.0


@pytest.fixture
def series() -> SeriesModel:
    made = SeriesModel()
    made.refresh(trading_scene())
    return made


@pytest.fixture
def made(series: SeriesModel) -> list[Level]:
    return levels(series, theme())


def words(level: Level) -> str:
    return " ".join(run.text for run in level.tag.runs)


def test_every_line_says_what_it_is(made: list[Level], series: SeriesModel) -> None:
    told = {level.tag.icon: words(level) for level in made}
    assert set(told) == {"shield", "target", "octagon", "gear"}
    assert told["gear"].startswith("LONG 0.010 +")
    assert told["shield"].startswith("Stop loss 0.010 −0.12 % −119.0 −1.19 −1.00 R")
    assert told["target"].startswith("Take profit 0.010 +0.17 % +173.0 +1.73 +1.45 R")
    assert "Liquidation" in told["octagon"]
    assert "−10." in told["octagon"] or "−9." in told["octagon"]


def test_the_position_is_solid_from_its_entry_kline_on(made: list[Level]) -> None:
    (position,) = [level for level in made if level.tag.icon == "gear"]
    assert position.solid_from_x == START_MS // MINUTE_MS + 191
    assert position.dashes == (1.0, 3.0)


def test_far_lines_make_no_room_for_themselves(made: list[Level]) -> None:
    near = near_prices(made, 99_900.0, 100_400.0)
    liquidation = next(level.price for level in made if level.tag.icon == "octagon")
    assert liquidation not in near
    assert all(99_650.0 <= price <= 100_650.0 for price in near)


def test_tags_of_close_lines_keep_apart_and_clear_of_the_legend(made: list[Level]) -> None:
    squeezed = Viewport(0.0, 145.0, 80_000.0, 101_000.0, 1188.0, 480.0)
    placed = tag_middles(made, squeezed, LEGEND_PX)
    assert len(placed) == len(made)
    middles = sorted(middle for _, _, middle in placed)
    assert all(b - a >= TAG_HEIGHT for a, b in itertools.pairwise(middles))
    assert middles[0] - TAG_HEIGHT / 2 >= LEGEND_PX


def test_the_last_price_tag_counts_down(series: SeriesModel) -> None:
    tag = last_price_tag(series, theme())
    assert tag is not None
    assert series.last_price is not None
    assert tag.lines == (f"{series.last_price:,}", "0:17")


def test_nothing_is_made_up_before_the_first_kline() -> None:
    empty = SeriesModel()
    assert levels(empty, theme()) == []
    assert last_price_tag(empty, theme()) is None
