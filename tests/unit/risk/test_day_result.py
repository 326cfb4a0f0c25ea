from decimal import Decimal

from tests.core_records import dec, make_fill
from trader_gui.risk.day_result import DAY_MS, DayResult


def test_realised_minus_commission_since_midnight_utc():
    result = DayResult("USDT")
    midnight = 19_700 * DAY_MS
    assert result.at(midnight) == 0
    result.note_fill(make_fill(1, trade_time_ms=midnight - 1, realized_pnl=dec(-100)))
    assert result.at(midnight - 1) == Decimal("-100.5")
    assert result.at(midnight) == 0
    result.note_fill(make_fill(2, trade_time_ms=midnight, realized_pnl=dec(-3)))
    result.note_fill(make_fill(3, trade_time_ms=midnight + 5, commission=dec("0.01"), commission_asset="BNB"))
    result.note_fill(make_fill(4, trade_time_ms=midnight - 1, realized_pnl=dec(-100)))  # of yesterday, heard of late
    assert result.at(midnight + DAY_MS - 1) == Decimal("-3.5")
