"""The account's past by request: orders of both families, executions, changes of the wallet; whole, and out of the way.

All of it goes in the lane of the past, which yields to everything else: half of the limit is never used for it. The
venue answers with at most 1,000 rows, and which end of a longer list it cuts off is not the same everywhere; so a full
page is not believed to be whole, and the span is asked for in two halves. Source: the venue's pages on allOrders,
allAlgoOrders, userTrades and income, as of 2026-11.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from trader_gui.domain.order import Fill, OrderFamily, PastOrder
from trader_gui.errors import ProtocolError
from trader_gui.exchange import endpoints as paths
from trader_gui.exchange.port import AssetRow, IncomeRow
from trader_gui.exchange.rest_calls import Call, Security
from trader_gui.exchange.rest_costs import Lane
from trader_gui.exchange.wire import answer, order_answer

T = TypeVar("T")

PAGE_ROWS = 1000
"""Most rows of one answer."""
LONGEST_SPAN_MS = 7 * 86_400_000 - 1
"""The venue wants spans shorter than seven days of some, and at most seven of others."""
KEPT_MS = 90 * 86_400_000
"""How far back the venue tells; an order that was cancelled without a fill it forgets after three days."""

_ORDER_PATH = {OrderFamily.BOOK: paths.ALL_ORDERS, OrderFamily.ALGO: paths.ALL_ALGO_ORDERS}


class Queries(Protocol):
    """Makes reads; `RestClient` does."""

    async def query(self, call: Call, lane: Lane | None = None) -> bytes: ...


class RestHistory:
    """`HistoryPort` of the venue, over a client that holds the account's key.

    Owner: none; it lives as long as the client.
    """

    def __init__(self, client: Queries) -> None:
        self._client = client

    async def past_orders(
        self, family: OrderFamily, symbol: str | None, start_ms: int, end_ms: int
    ) -> tuple[PastOrder, ...]:
        async def page(start: int, end: int) -> tuple[PastOrder, ...]:
            return order_answer.past_orders(await self._get(_ORDER_PATH[family], symbol, start, end), family)

        return await _whole(page, start_ms, end_ms)

    async def past_fills(self, symbol: str, start_ms: int, end_ms: int) -> tuple[Fill, ...]:
        async def page(start: int, end: int) -> tuple[Fill, ...]:
            return answer.fills(await self._get(paths.USER_TRADES, symbol, start, end))

        return await _whole(page, start_ms, end_ms)

    async def past_income(self, start_ms: int, end_ms: int) -> tuple[IncomeRow, ...]:
        async def page(start: int, end: int) -> tuple[IncomeRow, ...]:
            return answer.income(await self._get(paths.INCOME, None, start, end))

        return await _whole(page, start_ms, end_ms)

    async def assets(self) -> tuple[AssetRow, ...]:
        return answer.assets(await self._client.query(_signed(paths.ACCOUNT, {}), Lane.PAST))

    async def _get(self, path: str, symbol: str | None, start_ms: int, end_ms: int) -> bytes:
        parameters = {"startTime": str(start_ms), "endTime": str(end_ms), "limit": str(PAGE_ROWS)}
        if symbol is not None:
            parameters["symbol"] = symbol
        return await self._client.query(_signed(path, parameters), Lane.PAST)


def _signed(path: str, parameters: dict[str, str]) -> Call:
    return Call("GET", path, parameters, Security.SIGNED)


async def _whole(page: Callable[[int, int], Awaitable[tuple[T, ...]]], start_ms: int, end_ms: int) -> tuple[T, ...]:
    """Return all rows of a span, asked for in as many parts as are needed.

    Raises:
        ProtocolError: More than a page happened within one millisecond.
    """
    found: list[T] = []
    spans = [(s, min(s + LONGEST_SPAN_MS, end_ms)) for s in range(start_ms, end_ms + 1, LONGEST_SPAN_MS + 1)]
    while spans:
        start, end = spans.pop()
        rows = await page(start, end)
        if len(rows) < PAGE_ROWS:
            found.extend(rows)
            continue
        if start == end:
            raise ProtocolError(f"more than {PAGE_ROWS} rows in one millisecond: the exchange does not list them all")
        middle = (start + end) // 2
        spans += [(start, middle), (middle + 1, end)]
    return tuple(found)
