"""Whole spans out of answers that are cut off."""

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.domain.order import OrderFamily
from trader_gui.errors import ProtocolError
from trader_gui.exchange import endpoints as paths
from trader_gui.exchange import rest_history
from trader_gui.exchange.rest_calls import Call, Security
from trader_gui.exchange.rest_costs import Lane
from trader_gui.exchange.rest_history import LONGEST_SPAN_MS, RestHistory

DAY_MS = 86_400_000


class Venue:
    """Lists income like the venue: of a span, at most `limit` rows, the first or the last of them."""

    def __init__(self, times: list[int], *, keeps_first: bool = True) -> None:
        self.rows = [(time, number) for number, time in enumerate(sorted(times))]
        self.calls: list[Call] = []
        self._keeps_first = keeps_first

    async def query(self, call: Call, lane: Lane | None = None) -> bytes:
        assert (lane, call.security, call.method) == (Lane.PAST, Security.SIGNED, "GET")
        self.calls.append(call)
        start, end, limit = (int(call.parameters[name]) for name in ("startTime", "endTime", "limit"))
        assert end - start < 7 * DAY_MS, "the venue refuses it: -4165"
        rows = [row for row in self.rows if start <= row[0] <= end]
        rows = rows[:limit] if self._keeps_first else rows[-limit:]
        return msgspec.json.encode([_income(time, number) for time, number in rows])


def _income(time_ms: int, number: int) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "incomeType": "COMMISSION",
        "income": "-0.1",
        "asset": "USDT",
        "info": "",
        "time": time_ms,
        "tranId": number,
        "tradeId": "",
    }


@given(
    times=st.lists(st.integers(0, 400), max_size=40),
    page=st.integers(2, 7),
    keeps_first=st.booleans(),
    bounds=st.tuples(st.integers(0, 400), st.integers(0, 400)),
)
def test_a_span_is_whole_whichever_end_of_a_full_page_is_cut_off(times, page, keeps_first, bounds):
    start, end = sorted(bounds)
    wanted = [number for number, time in enumerate(sorted(times)) if start <= time <= end]
    crowded = any(sum(t == time for t in times) >= page for time in times if start <= time <= end)
    venue = Venue(times, keeps_first=keeps_first)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rest_history, "PAGE_ROWS", page)
        work = RestHistory(venue).past_income(start, end)
        if crowded:
            with pytest.raises(ProtocolError, match="one millisecond"):
                asyncio.run(work)
            return
        rows = asyncio.run(work)
    assert sorted(row.transaction_id for row in rows) == wanted


def test_a_long_span_is_asked_for_in_weeks_that_leave_nothing_out_between_them():
    times = [LONGEST_SPAN_MS, LONGEST_SPAN_MS + 1, LONGEST_SPAN_MS + 2, 30 * DAY_MS]
    venue = Venue(times)
    rows = asyncio.run(RestHistory(venue).past_income(0, 30 * DAY_MS))
    assert sorted(row.time_ms for row in rows) == times and len(venue.calls) == 5


def test_each_list_is_asked_for_by_its_own_path():
    class Nothing:
        def __init__(self) -> None:
            self.calls: list[Call] = []

        async def query(self, call: Call, lane: Lane | None = None) -> bytes:
            self.calls.append(call)
            return b"[]"

    client = Nothing()
    history = RestHistory(client)

    async def ask() -> None:
        await history.past_orders(OrderFamily.BOOK, None, 5, 9)
        await history.past_orders(OrderFamily.ALGO, "BTCUSDT", 5, 9)
        await history.past_fills("ETHUSDT", 5, 9)

    asyncio.run(ask())
    told = [(call.path, call.parameters.get("symbol")) for call in client.calls]
    assert told == [(paths.ALL_ORDERS, None), (paths.ALL_ALGO_ORDERS, "BTCUSDT"), (paths.USER_TRADES, "ETHUSDT")]
    assert all(call.parameters["endTime"] == "9" for call in client.calls)
