from bisect import bisect_right
from decimal import Decimal as D
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.recordings import START_MS, depth, mark, replay, snapshot, top, trade, trades, write
from trader_gui.errors import UserError
from trader_gui.simulated_exchange.klines import MINUTE_MS, KlineBook, KlineBuild
from trader_gui.simulated_exchange.raw_feed import read_head
from trader_gui.simulated_exchange.recorded import LEAST_LEVELS, RecordedMarket
from trader_gui.simulated_exchange.records import KlineRow, MarketTick, Print
from trader_gui.simulated_exchange.symbols import SPECS

SPEC = msgspec.structs.replace(SPECS["BTCUSDT"], min_price=D("0.1"))
SHARED = Path(__file__).parents[4] / "shared" / "data" / "feed"


def market(path: Path, frames: list[dict[str, Any]], **options: Any) -> RecordedMarket:
    write(path, frames, **options)
    return RecordedMarket(SPEC, path, read_head(path, None))


def at(ticks: list[MarketTick], after_ms: int) -> MarketTick:
    (found,) = [tick for tick in ticks if tick.time_ms == START_MS + after_ms]
    return found


RECORDED = [
    trade(START_MS - 40, "99.9", "1.000"),
    depth(START_MS - 30, (90, 99, 80), [["99.0", "7.000"]]),
    mark(START_MS - 20, "100.02", "100.01", "0.00010000"),
    depth(START_MS - 5, (100, 110, 99), [["100.0", "9.000"]]),
    snapshot(START_MS, 105),
    top(START_MS + 10, 120, ("100.0", "4.000"), ("100.1", "5.000")),
    depth(START_MS + 50, (111, 130, 110), [["100.0", "3.000"]], [["100.1", "0.000"]]),
    # Late at the recorder, yet earlier at the venue:
    trade(START_MS + 30, "100.0", "1.000", is_buyer_maker=True),
    trade(START_MS + 30, "100.0", "2.000", is_buyer_maker=True),
    trade(START_MS + 60, "100.2", "0.500", X="INSURANCE_FUND"),
    top(START_MS + 70, 140, ("100.1", "0.200"), ("100.3", "5.000")),
    depth(START_MS + 100, (131, 150, 130), [["100.1", "0.400"]], [["100.2", "0.000"]]),
]


def test_shows_the_book_at_each_diff_and_the_best_prices_between(tmp_path: Path) -> None:
    made = market(tmp_path / "r.gz", RECORDED)
    ticks = list(made.ticks())
    assert made.start_time_ms == START_MS
    assert all(later.time_ms > before.time_ms for before, later in pairwise(ticks))
    assert at(ticks, 0).bids[:1] == ((D("100.0"), D("9.000")),)  # the diff that holds the snapshot's id was applied
    assert (D("99.0"), D("7.000")) not in at(ticks, 0).bids  # the one before it was dropped
    assert at(ticks, 10).bids[0] == (D("100.0"), D("4.000"))
    assert (at(ticks, 50).bids[0], at(ticks, 50).asks[0]) == ((D("100.0"), D("3.000")), (D("100.2"), D("5.000")))
    # The newer best prices stand before the book; the level that they say is gone is not shown.
    assert at(ticks, 70).bids[:2] == ((D("100.1"), D("0.200")), (D("100.0"), D("3.000")))
    assert at(ticks, 70).asks[0] == (D("100.3"), D("5.000"))
    assert at(ticks, 100).bids[0] == (D("100.1"), D("0.400"))
    assert [(tick.time_ms - START_MS, len(tick.prints)) for tick in ticks if tick.prints] == [(30, 2)]
    assert {tick.mark_price for tick in ticks} == {D("100.02")}
    assert ticks == list(made.ticks())


def test_the_time_before_is_flat_and_leads_up_to_the_first_minute(tmp_path: Path) -> None:
    rows = market(tmp_path / "r.txt", RECORDED).history()
    assert len(rows) == 500
    assert rows[-1].close_time_ms < START_MS <= rows[-1].close_time_ms + MINUTE_MS
    assert {(row.open, row.high, row.low, row.close, row.volume) for row in rows} == {(*[D("100.0")] * 4, D(0))}
    assert all(later.open_time_ms == before.close_time_ms + 1 for before, later in pairwise(rows))


def grown(count: int, agrees_at: int, **mark_price: Any) -> list[dict[str, Any]]:
    """Diffs that each bring one level a side, from far to near; the best prices agree after `agrees_at` of them."""
    frames: list[dict[str, Any]] = [trade(START_MS, "100.0", "1.000")]
    for step in range(count):
        away = D(count - step) / 10
        bid, ask = [str(D(100) - away), "1.000"], [str(D(100) + away), "1.000"]
        at_ms, update_id = START_MS + 50 * step, 10 * (step + 1)
        if step + 1 == agrees_at:
            frames.append(top(at_ms - 1, update_id - 1, (bid[0], "1.000"), (ask[0], "1.000")))
        frames.append(depth(at_ms, (update_id - 5, update_id, update_id - 10), [bid], [ask]))
    return frames


def test_without_a_snapshot_the_market_starts_when_the_grown_book_is_confirmed(tmp_path: Path) -> None:
    made = market(tmp_path / "r.txt", grown(40, 30))
    first = next(made.ticks())
    assert made.start_time_ms == first.time_ms == START_MS + 29 * 50
    assert len(first.bids) == len(first.asks) == 30
    with pytest.raises(UserError, match="never make a book of 20 levels a side"):
        market(tmp_path / "few.txt", grown(LEAST_LEVELS - 1, LEAST_LEVELS - 1))


def test_stale_levels_after_a_gap_give_way_to_newer_news(tmp_path: Path, expect_log: Any) -> None:
    expect_log("the recording lacks diffs")
    frames = [
        *RECORDED[:6],
        # Diffs are missing: the market has fallen by a whole point, nobody told the bids.
        depth(START_MS + 50, (191, 200, 190), [["98.9", "2.000"]], [["99.0", "3.000"]]),
        top(START_MS + 60, 205, ("98.5", "1.000"), ("98.6", "1.000")),
        depth(START_MS + 100, (201, 210, 200), [["98.5", "2.000"]], [["98.6", "2.000"]]),
    ]
    ticks = list(market(tmp_path / "r.txt", frames).ticks())
    assert (at(ticks, 50).bids[0][0], at(ticks, 50).asks[0][0]) == (D("98.9"), D("99.0"))
    assert (at(ticks, 100).bids[0], at(ticks, 100).asks[0]) == ((D("98.5"), D("2.000")), (D("98.6"), D("2.000")))
    assert all(tick.bids[0][0] < tick.asks[0][0] for tick in ticks)


def test_a_later_snapshot_renews_a_book_with_gaps(tmp_path: Path, expect_log: Any) -> None:
    expect_log("the recording lacks diffs")
    frames = [
        *RECORDED[:6],
        depth(START_MS + 50, (191, 200, 190), [["90.0", "2.000"]]),
        {**snapshot(START_MS + 80, 205, 30), "bids": [["98.0", "1.000"]]},
        depth(START_MS + 100, (204, 210, 203), [["97.0", "2.000"]]),
    ]
    ticks = list(market(tmp_path / "r.txt", frames).ticks())
    assert at(ticks, 80).bids == ((D("98.0"), D("1.000")),)
    assert at(ticks, 100).bids == ((D("98.0"), D("1.000")), (D("97.0"), D("2.000")))


def test_a_recording_that_was_cut_off_ends_there_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    whole = list(market(tmp_path / "r.txt", RECORDED).ticks())
    assert list(market(tmp_path / "cut.txt", RECORDED, tail='17 {"stream": "btcusdt@de').ticks()) == whole
    packed = write(tmp_path / "whole.gz", RECORDED).read_bytes()
    (tmp_path / "cut.gz").write_bytes(packed[:-8])
    head = read_head(tmp_path / "cut.gz", None)
    assert list(RecordedMarket(SPEC, tmp_path / "cut.gz", head).ticks()) == whole
    with pytest.raises(UserError, match=r"bad\.txt, row 13: .*: the recording is damaged, cut it there"):
        market(tmp_path / "bad.txt", RECORDED, tail="17 {]\n18 {}\n")


REAL = sorted(SHARED.glob("*.gz"))


@pytest.mark.skipif(not REAL, reason="the recordings are not here")
@pytest.mark.parametrize("path", REAL[:1] + REAL[2:3] + REAL[-2:-1], ids=lambda path: path.stem)
def test_a_real_recording_is_shown_as_it_was(path: Path) -> None:
    head = read_head(path, None)
    made = RecordedMarket(SPECS[head.symbol], path, head)
    ticks = list(made.ticks())
    times = [tick.time_ms for tick in ticks]
    checked = 0
    for number, instant in enumerate(replay(path)):
        if instant.time_ms < made.start_time_ms or (number > 300 and number % 60):
            continue
        tick = ticks[bisect_right(times, instant.time_ms) - 1]  # a diff that changes nothing makes no tick
        assert tick.bids == tuple(sorted(instant.book["b"].items(), reverse=True))
        assert tick.asks == tuple(sorted(instant.book["a"].items()))
        checked += 1
    assert checked > 300
    assert all(tick.bids[0][0] < tick.asks[0][0] for tick in ticks)
    assert played_klines(made, ticks) == traded_klines(path, made.start_time_ms)


def played_klines(made: RecordedMarket, ticks: list[MarketTick]) -> list[KlineRow]:
    book = KlineBook(made.history())
    for tick in ticks:
        while book.close_time_ms < tick.time_ms:
            book.close_one()
        book.add(tick.prints, 1)
    return [row for row in book.rows("1m", 1500) if row.trade_count]


def traded_klines(path: Path, start_ms: int) -> list[KlineRow]:
    builds: dict[int, KlineBuild] = {}
    for row in trades(path):
        if row["T"] >= start_ms:
            open_ms = row["T"] // MINUTE_MS * MINUTE_MS
            build = builds.setdefault(open_ms, KlineBuild.flat(open_ms, MINUTE_MS, D(0)))
            build.add(Print(D(row["p"]), D(row["q"]), row["m"]), 1)
    return [build.row() for build in builds.values()]
