"""What a session asks before its first tick, and what it refuses to start on."""

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.fakes import MINUTE_MS, SYMBOL, btcusdt_rules, kline
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.market import Kline
from trader_gui.domain.step import Route
from trader_gui.errors import UserError
from trader_gui.exchange.port import CommissionRate, IncomeRow
from trader_gui.prelim import HISTORY_LENGTH, Prelim, Prepared, stream_names

MIDNIGHT_MS = 1_751_846_400_000
"""2025-07-07 00:00 UTC."""


class Venue:
    """Answers what `Prelim` asks, and notes from when on it was asked; public data and account in one."""

    def __init__(self, open_time_ms: int = MIDNIGHT_MS + 600 * MINUTE_MS) -> None:
        self.rules = {SYMBOL: btcusdt_rules()}
        self.is_hedged = False
        self.open_time_ms = open_time_ms
        self.asked_since: set[int] = set()
        self.income_rows: tuple[IncomeRow, ...] = ()

    async def symbol_rules(self) -> dict[str, Any]:
        return self.rules

    async def is_hedge_mode(self) -> bool:
        return self.is_hedged

    async def klines(self, symbol: str, interval: str, *, limit: int) -> tuple[Kline, ...]:
        """The last of them is open."""
        first = self.open_time_ms - (limit - 1) * MINUTE_MS
        return tuple(
            kline(first + n * MINUTE_MS, "108000", is_closed=n < limit - 1, event_time_ms=0) for n in range(limit)
        )

    async def income(self, *, start_time_ms: int, income_type: str | None = None) -> tuple[IncomeRow, ...]:
        self.asked_since.add(start_time_ms)
        return self.income_rows

    async def account_snapshot(self, symbol: str) -> AccountSnapshot:
        return AccountSnapshot((), (), (), self.open_time_ms + 10**11)

    async def commission_rate(self, symbol: str) -> CommissionRate:
        return CommissionRate(symbol, Decimal("0.0002"), Decimal("0.0005"))

    async def leverage_brackets(self, symbol: str) -> tuple[()]:
        return ()


def prepare(venue: Venue, symbol: str = SYMBOL, interval: str = "1m") -> Prepared:
    progress: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        progress.append((done, total))

    prelim = Prelim(venue, venue, symbol, interval)  # type: ignore[arg-type]  # only what Prelim asks
    prepared = asyncio.run(prelim.run(note))
    assert progress == [(0, HISTORY_LENGTH), (HISTORY_LENGTH, HISTORY_LENGTH)]
    return prepared


def test_history_holds_closed_klines_only() -> None:
    venue = Venue()
    klines = prepare(venue).history.klines
    assert len(klines) == HISTORY_LENGTH
    assert all(k.is_closed for k in klines)
    assert klines[-1].close_time_ms + 1 == venue.open_time_ms


@pytest.mark.parametrize("minutes", [0, 1, 600, 1439])
def test_the_day_is_that_of_the_open_kline(minutes: int) -> None:
    """In the first minute after midnight the last closed kline still belongs to the day before."""
    venue = Venue(MIDNIGHT_MS + minutes * MINUTE_MS)
    assert prepare(venue).day_start_ms == MIDNIGHT_MS
    assert venue.asked_since == {MIDNIGHT_MS}


def test_the_account_is_dated_by_the_market_even_when_that_is_of_another_year() -> None:
    """Not later than what the market is known to have reached: a snapshot that is read after it must not be older."""
    venue = Venue()
    prelim = Prelim(venue, venue, SYMBOL, "1m")  # type: ignore[arg-type]
    told = asyncio.run(prelim.account(prepare(venue).history))
    assert told.taken_time_ms == venue.open_time_ms - 1


def test_transfers_are_no_result_of_the_day() -> None:
    venue = Venue()
    kinds = {"REALIZED_PNL": "10", "COMMISSION": "-1.5", "FUNDING_FEE": "-0.25", "TRANSFER": "5000"}
    venue.income_rows = tuple(
        IncomeRow(SYMBOL, kind, Decimal(text), "USDT", MIDNIGHT_MS, number)
        for number, (kind, text) in enumerate(kinds.items())
    )
    assert prepare(venue).today_income == Decimal("8.25")


def test_the_symbols_of_todays_executions_are_told() -> None:
    """Funding is paid without one, and a transfer is of no symbol."""
    venue = Venue()
    kinds = {"ETHUSDT": "REALIZED_PNL", "LTCUSDT": "COMMISSION", "SOLUSDT": "FUNDING_FEE", "": "TRANSFER"}
    venue.income_rows = tuple(
        IncomeRow(symbol, kind, Decimal(-1), "BNB", MIDNIGHT_MS, number)
        for number, (symbol, kind) in enumerate(kinds.items())
    )
    assert prepare(venue).traded_today == {"ETHUSDT", "LTCUSDT"}


@pytest.mark.parametrize("is_hedged", [False, True])
def test_both_position_modes_are_taken(is_hedged: bool) -> None:
    venue = Venue()
    venue.is_hedged = is_hedged
    assert prepare(venue).is_hedge is is_hedged


def test_a_symbol_that_is_halted_is_prepared_like_any_other() -> None:
    venue = Venue()
    venue.rules = {SYMBOL: msgspec.structs.replace(btcusdt_rules(), status="SETTLING")}
    assert prepare(venue).rules[SYMBOL].status == "SETTLING"


@pytest.mark.parametrize(
    ("symbol", "interval", "words"),
    [
        ("BTCUSDC", "1m", "unknown symbol BTCUSDC; did you mean BTCUSDT"),
        ("XYZ", "1m", "unknown symbol XYZ; known are BTCUSDT"),
        (SYMBOL, "7m", "unknown interval 7m: use one of 1m"),
    ],
)
def test_what_is_unknown_is_refused(symbol: str, interval: str, words: str) -> None:
    venue = Venue()
    with pytest.raises(UserError, match=words):
        asyncio.run(Prelim(venue, venue, symbol, interval).run(lambda done, total: None))  # type: ignore[arg-type]


def test_every_stream_is_on_the_route_that_carries_it() -> None:
    plain = stream_names(SYMBOL, "5m", with_book=False)
    assert plain == {Route.MARKET: ("btcusdt@kline_5m", "btcusdt@markPrice@1s"), Route.PUBLIC: ("btcusdt@bookTicker",)}
    full = stream_names(SYMBOL, "5m", with_book=True)
    assert set(full[Route.MARKET]) - set(plain[Route.MARKET]) == {"btcusdt@aggTrade"}
    assert set(full[Route.PUBLIC]) - set(plain[Route.PUBLIC]) == {"btcusdt@depth@100ms"}
