"""The disk's thread: what goes wrong with it is told, and costs nothing but the cache."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.unit.kline_history.klines import START_SLOT, page, walk
from trader_gui.kline_history import disk as module
from trader_gui.kline_history.cache import CacheFile, KlineCache
from trader_gui.kline_history.disk import Disk

WALK = walk(300)


def damage(folder: Path) -> None:
    """Change one bit of the one file in a folder."""
    (path,) = folder.iterdir()
    content = bytearray(path.read_bytes())
    content[500] ^= 1
    path.write_bytes(content)


def test_klines_come_back(tmp_path: Path) -> None:
    async def run() -> None:
        disk = Disk(KlineCache(tmp_path), "BTCUSDT", "1m")
        await disk.open()
        await disk.append(page(WALK, 0, 100))
        found = await disk.before(START_SLOT + 100, 1000)
        assert found is not None
        np.testing.assert_array_equal(found.values, WALK[:, :100])
        await disk.close()
        assert await disk.before(START_SLOT + 100, 1000) is None

    asyncio.run(run())
    for thread in [t for t in threading.enumerate() if t.name.startswith("kline cache")]:
        thread.join(5.0)  # its work is done; its end may be a moment away
        assert not thread.is_alive()


def test_damage_that_shows_late_is_thrown_away(tmp_path: Path, expect_log: Callable[[str], None]) -> None:
    expect_log("damaged")

    async def run() -> None:
        disk = Disk(KlineCache(tmp_path), "BTCUSDT", "1m")
        await disk.open()
        await disk.append(page(WALK, 0, 100))
        damage(tmp_path)
        assert await disk.before(START_SLOT + 100, 1000) is None
        await disk.append(page(WALK, 100, 200))
        assert await disk.before(START_SLOT + 200, 1000) is not None
        await disk.close()

    asyncio.run(run())


def test_a_folder_that_cannot_be_used_is_left_alone(tmp_path: Path, expect_log: Callable[[str], None]) -> None:
    expect_log("left alone")
    (tmp_path / "host").write_text("a file where the folder should be", encoding="utf-8")

    async def run() -> None:
        disk = Disk(KlineCache(tmp_path / "host"), "BTCUSDT", "1m")
        await disk.open()
        await disk.append(page(WALK, 0, 100))
        assert await disk.before(START_SLOT + 100, 1000) is None
        await disk.close()

    asyncio.run(run())


def test_a_disk_that_does_not_answer_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    expect_log("left alone")
    answer = threading.Event()
    monkeypatch.setattr(module, "LIMIT_S", 0.05)
    monkeypatch.setattr(CacheFile, "append", lambda self, page: answer.wait(5))

    async def run() -> None:
        disk = Disk(KlineCache(tmp_path), "BTCUSDT", "1m")
        await disk.open()
        await disk.append(page(WALK, 0, 100))
        assert await disk.before(START_SLOT + 100, 1000) is None
        answer.set()
        await disk.close()

    asyncio.run(run())
