from decimal import Decimal
from itertools import pairwise

from trader_gui.simulated_exchange.flat_history import FLAT_KLINES, flat_history


def test_the_price_stood_still_up_to_the_minute_of_the_start() -> None:
    rows = flat_history(1_700_000_059_999, Decimal("1.5"))
    assert len(rows) == FLAT_KLINES
    assert rows[-1].close_time_ms == 1_700_000_039_999
    assert all(later.open_time_ms == before.close_time_ms + 1 for before, later in pairwise(rows))
    assert {(row.open, row.close, row.volume, row.trade_count) for row in rows} == {(Decimal("1.5"),) * 2 + (0, 0)}
