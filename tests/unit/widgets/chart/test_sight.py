"""What is seen of the klines: exactly the extremes of each pixel column, however the chart was moved to there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.kline_history.klines import START_SLOT, page, store_of, walk
from trader_gui.kline_history.pyramid import Row
from trader_gui.kline_history.store import KlineStore
from trader_gui.widgets.chart.sight import Eye, Sight, column_of

COUNT = 30_000
WALK = walk(COUNT)
WIDTH = 300


@pytest.fixture(scope="module")
def store() -> KlineStore:
    return store_of(WALK)


def look(eye: Eye, store: KlineStore, left: float, pitch: float, ratio: float = 1.0) -> tuple[Sight, int]:
    """Return what is seen from about `left` on, and the number of the first pixel column."""
    origin = round(left * pitch * ratio)
    left = origin / (pitch * ratio)
    return eye.look(store, left, left + WIDTH / pitch, pitch, ratio), origin


def check_columns(sight: Sight, store: KlineStore, origin: int, pitch: float) -> None:
    """Compare every column with the klines that belong to it."""
    assert sight.is_dense
    np.testing.assert_array_equal(np.diff(sight.columns), 1)
    for column, slot, row in zip(sight.columns, sight.slots, sight.rows.T, strict=True):
        begin, end = (int(np.ceil((origin + column + more) / pitch)) for more in (0, 1))
        begin, end = max(begin, store.first), min(end, store.end)
        klines = store.rows(begin, end)
        assert slot == end - 1
        assert row[Row.HIGH] == np.fmax.reduce(klines[Row.HIGH])
        assert row[Row.LOW] == np.fmin.reduce(klines[Row.LOW])
        assert row[Row.VOLUME] == np.fmax.reduce(klines[Row.VOLUME])
        assert (row[Row.OPEN], row[Row.CLOSE]) == (klines[Row.OPEN, 0], klines[Row.CLOSE, -1])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(-900, 900), st.sampled_from([1.0, 1.0, 1.0, 1.6, 0.7])), min_size=1, max_size=6))
def test_panned_and_zoomed_columns_show_the_extremes_of_their_klines(
    store: KlineStore, moves: list[tuple[int, float]]
) -> None:
    eye, pitch, left = Eye(), 0.11, START_SLOT + COUNT / 2.0
    for pixels, factor in moves:
        pitch = min(max(pitch * factor, 0.01), 0.99)
        left += pixels / pitch / 10
        sight, origin = look(eye, store, left, pitch)
        check_columns(sight, store, origin, pitch)
        seen = [origin + c for c in sight.columns]
        whole = range(
            max(origin, column_of(store.first, pitch)),
            min(round((origin / pitch + WIDTH / pitch) * pitch) + 1, column_of(store.end - 1, pitch) + 1),
        )
        assert seen == list(whole)


@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0])
def test_columns_are_those_of_the_device(store: KlineStore, ratio: float) -> None:
    sight, origin = look(Eye(), store, START_SLOT + 5000.0, 0.2, ratio)
    check_columns(sight, store, origin, 0.2 * ratio)
    assert len(sight.columns) >= WIDTH * ratio
    assert np.abs(sight.x * ratio - sight.columns - 0.5).max() < 1e-9


@given(st.floats(0.01, 0.99), st.integers(0, COUNT - 1))
def test_every_kline_belongs_to_one_column(pitch: float, number: int) -> None:
    slot = START_SLOT + number
    column = column_of(slot, pitch)
    assert np.ceil(column / pitch) <= slot < np.ceil((column + 1) / pitch)


def test_panning_by_pixels_moves_the_same_columns(store: KlineStore) -> None:
    before, _ = look(Eye(), store, START_SLOT + 9000.0, 0.1)
    after, _ = look(Eye(), store, START_SLOT + 9000.0 + 70.0, 0.1)
    np.testing.assert_array_equal(before.rows[:, 7:], after.rows[:, : before.rows.shape[1] - 7])


def test_klines_that_came_since_are_seen(store: KlineStore) -> None:
    young, eye = store_of(WALK[:, :20_000]), Eye()
    look(eye, young, START_SLOT + 15_000.0, 0.05)
    young.merge(page(WALK, 20_000, 20_500))
    sight, origin = look(eye, young, START_SLOT + 15_000.0, 0.05)
    check_columns(sight, young, origin, 0.05)
    assert sight.end == START_SLOT + 20_500


def test_every_kline_has_a_candle_while_there_is_room(store: KlineStore) -> None:
    sight, _ = look(Eye(), store, START_SLOT + 100.0, 10.0)
    assert not sight.is_dense
    np.testing.assert_array_equal(sight.slots, np.arange(START_SLOT + 99, START_SLOT + 132))
    np.testing.assert_array_equal(sight.rows, WALK[:, 99:132])
    assert (sight.px[1], sight.x[1]) == (0.0, 0.0)


def test_a_gap_in_a_column_is_passed_over_and_one_of_a_whole_column_stays_empty() -> None:
    missing = {*range(1000, 1003), *range(2000, 2100)}
    holed = store_of(WALK[:, :5000], missing)
    sight, origin = look(Eye(), holed, START_SLOT + 900.0, 0.1)
    values = WALK.copy()
    values[:, sorted(missing)] = np.nan
    is_empty = np.isnan(sight.row(Row.HIGH))
    assert is_empty.sum() in (9, 10)
    np.testing.assert_array_equal(is_empty, np.isnan(sight.row(Row.OPEN)))
    np.testing.assert_array_equal(is_empty, np.isnan(sight.row(Row.CLOSE)))
    begin = int(np.ceil((origin + sight.columns[10]) / 0.1)) - START_SLOT
    assert sight.row(Row.OPEN)[10] == next(v for v in values[Row.OPEN, begin:] if not np.isnan(v))


@pytest.mark.parametrize("pitch", [10.0, 0.1])
def test_nothing_is_seen_beyond_the_series(store: KlineStore, pitch: float) -> None:
    for left in (START_SLOT + COUNT + 50.0, START_SLOT - 50.0 - WIDTH / pitch):
        sight, _ = look(Eye(), store, left, pitch)
        assert len(sight.slots) == len(sight.points()[0]) == 0
    assert len(look(Eye(), KlineStore("1m"), 0.0, pitch)[0].slots) == 0


def test_lines_have_few_points_where_klines_are_many_and_end_with_them(store: KlineStore) -> None:
    left = START_SLOT * 0.05
    sight = Eye().look(store, round(left) / 0.05, round(left) / 0.05 + 40_000, 0.05, 1.0)
    slots, x = sight.points()
    assert len(slots) == len(x) <= 422
    assert slots[-1] == sight.slots[-1] == store.end - 1
