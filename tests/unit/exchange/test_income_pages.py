"""The list of changes of the wallet is read to its end, every change once."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from trader_gui.exchange import income_pages
from trader_gui.exchange.income_pages import income_since
from trader_gui.exchange.port import IncomeRow


class Venue:
    """Lists `rows` from a time on, a page of them."""

    def __init__(self, *rows: IncomeRow) -> None:
        self.rows = rows

    async def income(self, *, start_time_ms: int, income_type: str | None = None) -> tuple[IncomeRow, ...]:
        found = [r for r in self.rows if r.time_ms >= start_time_ms and income_type in (None, r.income_type)]
        return tuple(found[: income_pages.PAGE_ROWS])


def row(number: int, time_ms: int, income_type: str = "COMMISSION") -> IncomeRow:
    return IncomeRow("BTCUSDT", income_type, Decimal(-1), "USDT", time_ms, number)


def read(*rows: IncomeRow, income_type: str | None = None) -> tuple[IncomeRow, ...]:
    port: Any = Venue(*rows)
    return asyncio.run(income_since(port, 0, income_type))


def test_a_list_longer_than_a_page_is_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of one millisecond may lie on both sides of a page's end, and an id is one of its type only."""
    monkeypatch.setattr(income_pages, "PAGE_ROWS", 3)
    rows = [row(n // 2, n // 2, "COMMISSION" if n % 2 else "REALIZED_PNL") for n in range(9)]
    assert read(*rows) == tuple(rows)
    assert read(*rows, income_type="COMMISSION") == tuple(rows[1::2])


def test_a_page_of_one_instant_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue cannot be asked for what is behind it; nor is it asked for ever."""
    monkeypatch.setattr(income_pages, "PAGE_ROWS", 2)
    assert read(row(1, 5), row(2, 5), row(3, 5)) == (row(1, 5), row(2, 5))
    assert read() == ()
