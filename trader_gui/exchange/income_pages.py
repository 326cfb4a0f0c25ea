"""The venue's list of changes of the wallet, page by page."""

from trader_gui.exchange.port import IncomeRow, OrderPort

PAGE_ROWS = 1000


async def income_since(port: OrderPort, start_ms: int, income_type: str | None = None) -> tuple[IncomeRow, ...]:
    """Return all changes from `start_ms` on, oldest first.

    Args:
        port: The account.
        start_ms: Market time.
        income_type: Only these; all types without it.

    Raises:
        VenueError: The venue cannot be asked.
    """
    rows: dict[tuple[str, int], IncomeRow] = {}
    while True:
        page = await port.income(start_time_ms=start_ms, income_type=income_type)
        new = {(row.income_type, row.transaction_id): row for row in page}
        new = {key: row for key, row in new.items() if key not in rows}
        rows |= new
        if len(page) < PAGE_ROWS or not new:
            return tuple(rows.values())
        start_ms = page[-1].time_ms
