"""Klines on disk: what was written comes back, damage is thrown away, and the folder stays small."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.kline_history.klines import START_SLOT, page, walk
from trader_gui.kline_history.cache import CacheFile, CorruptCacheError, KlineCache
from trader_gui.kline_history.store import KlinePage

COUNT = 4000
WALK = walk(COUNT)


@pytest.fixture
def cache(tmp_path: Path) -> KlineCache:
    return KlineCache(tmp_path / "host")


def check(found: KlinePage | None, first: int, end: int) -> None:
    assert found is not None
    expected = page(WALK, first, end)
    np.testing.assert_array_equal(found.open_time_ms, expected.open_time_ms)
    np.testing.assert_array_equal(found.values, expected.values)


def test_what_was_written_is_there_at_the_next_start(cache: KlineCache) -> None:
    file = cache.open("BTCUSDT", "1m")
    file.append(page(WALK, 1000, 2000))
    file.append(page(WALK, 500, 1000))
    file.close()
    file = cache.open("BTCUSDT", "1m")
    check(file.before(START_SLOT + 2000, 10_000), 500, 2000)
    check(file.before(START_SLOT + 1500, 10_000), 500, 1500)
    check(file.before(START_SLOT + 1500, 100), 1000, 1500)
    assert file.before(START_SLOT + 2001, 100) is None
    assert file.before(START_SLOT + 500, 100) is None
    file.close()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, COUNT - 1), st.integers(1, 700)), min_size=1, max_size=10))
def test_pages_in_any_order_are_kept_once(
    tmp_path_factory: pytest.TempPathFactory, spans: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.mktemp("cache") / "x.klines"
    file = CacheFile(path, "1m")
    known: set[int] = set()
    for first, length in spans:
        end = min(first + length, COUNT)
        file.append(page(WALK, first, end))
        known |= set(range(first, end))
    file.close()
    file = CacheFile(path, "1m")
    for first, length in spans:
        end = min(first + length, COUNT)
        begin = end
        while begin - 1 in known:
            begin -= 1
        check(file.before(START_SLOT + end, COUNT), begin, end)
    file.close()
    assert path.stat().st_size <= len(known) * 48 + 2000


def test_a_page_with_a_hole_has_the_hole(cache: KlineCache) -> None:
    file = cache.open("BTCUSDT", "1m")
    left, right = page(WALK, 0, 10), page(WALK, 15, 30)
    both = KlinePage(
        np.concatenate((left.open_time_ms, right.open_time_ms)), np.concatenate((left.values, right.values), axis=1)
    )
    file.append(both)
    check(file.before(START_SLOT + 30, 100), 15, 30)
    assert file.before(START_SLOT + 15, 100) is None
    check(file.before(START_SLOT + 10, 100), 0, 10)
    file.close()


def test_months_and_minutes_have_files_of_their_own_names(cache: KlineCache, tmp_path: Path) -> None:
    for interval in ("1m", "1M"):
        cache.open("BTCUSDT", interval).close()
    names = {path.name.lower() for path in (tmp_path / "host").iterdir()}
    assert len(names) == 2
    cache.open("币安USDT", "1h").close()
    assert all(path.name.isascii() for path in (tmp_path / "host").iterdir())


def written(cache: KlineCache) -> Path:
    """Write two chunks and return the file."""
    file = cache.open("BTCUSDT", "1m")
    file.append(page(WALK, 100, 200))
    file.append(page(WALK, 200, 300))
    file.close()
    return file.path


def cut_off(content: bytes) -> bytes:
    return content[:-7]


def half_a_head(content: bytes) -> bytes:
    return content + b"TGK"


@pytest.mark.parametrize(("spoil", "end"), [(cut_off, 200), (half_a_head, 300)])
def test_what_was_not_written_to_its_end_is_cut_off(
    cache: KlineCache, spoil: Callable[[bytes], bytes], end: int
) -> None:
    path = written(cache)
    path.write_bytes(spoil(path.read_bytes()))
    file = cache.open("BTCUSDT", "1m")
    check(file.before(START_SLOT + end, 1000), 100, end)
    file.append(page(WALK, end, 400))
    file.close()
    file = cache.open("BTCUSDT", "1m")
    check(file.before(START_SLOT + 400, 1000), 100, 400)
    file.close()


def test_a_file_of_something_else_is_thrown_away(cache: KlineCache, expect_log: Callable[[str], None]) -> None:
    expect_log("damaged")
    path = written(cache)
    path.write_bytes(b"something else entirely, and long enough" * 10)
    file = cache.open("BTCUSDT", "1m")
    assert file.before(START_SLOT + 300, 1000) is None
    file.append(page(WALK, 100, 200))
    check(file.before(START_SLOT + 200, 1000), 100, 200)
    file.close()


def test_a_damaged_row_is_found_out(cache: KlineCache) -> None:
    path = written(cache)
    content = bytearray(path.read_bytes())
    content[1000] ^= 0x40
    path.write_bytes(content)
    file = cache.open("BTCUSDT", "1m")
    check(file.before(START_SLOT + 300, 50), 200, 300)
    with pytest.raises(CorruptCacheError):
        file.before(START_SLOT + 300, 1000)
    file.close()


def test_what_was_used_longest_ago_goes_when_there_is_too_much(tmp_path: Path) -> None:
    cache = KlineCache(tmp_path, cap_bytes=12_000)
    for age, symbol in ((300, "AUSDT"), (200, "BUSDT"), (100, "CUSDT")):
        file = cache.open(symbol, "1m")
        file.append(page(WALK, 0, 100))
        file.close()
        used = file.path.stat().st_mtime - age
        os.utime(file.path, (used, used))
    cache.open("AUSDT", "1m").close()  # used again
    cache.open("DUSDT", "1m").close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["AUSDT-1m.klines", "CUSDT-1m.klines", "DUSDT-1m.klines"]
