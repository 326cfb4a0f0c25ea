from decimal import Decimal as D
from typing import Any

import pytest

from trader_gui.simulated_exchange.records import VenueRefusal


def test_version_two_lists_flat_positions_too(bench: Any) -> None:
    assert bench.core.position_risk() == []
    rows = bench.core.position_risk(lists_all=True)
    assert [(row.symbol, row.position_side) for row in rows] == [(symbol, "BOTH") for symbol in bench.core.specs]
    assert str(rows[0].position_amount) == "0.000"  # as precise as the symbol's quantities
    bench.core.set_position_mode(True)
    rows = bench.core.position_risk("BTCUSDT", lists_all=True)
    assert [row.position_side for row in rows] == ["LONG", "SHORT"]
    assert len(bench.core.account(lists_all=True).positions) == 2 * len(bench.core.specs)


def test_income_by_age_type_symbol_and_page(bench: Any) -> None:
    for _ in range(3):
        bench.order("BUY", "0.01")
        bench.order("SELL", "0.01")
    entries = bench.core.income()
    assert [entry.income_type for entry in entries].count("COMMISSION") == 6
    assert sum(entry.income for entry in entries) == bench.wallet() - 10_000
    middle = entries[4].time_ms
    assert bench.core.income(start_ms=middle)[0].time_ms == middle
    assert bench.core.income(end_ms=middle)[-1].time_ms == middle
    assert bench.core.income(limit=2) == entries[-2:]  # the latest
    assert bench.core.income(start_ms=0, limit=2) == entries[:2]
    assert bench.core.income(start_ms=0, kept_from_ms=middle)[0].time_ms == middle
    assert bench.core.income("ETHUSDT") == []
    assert {entry.tran_id for entry in entries} == set(range(1, len(entries) + 1))


def test_margin_changes_are_one_symbols(bench: Any) -> None:
    bench.core.set_margin_type("BTCUSDT", "ISOLATED", 1)
    bench.order("BUY", "0.1")
    bench.order("SELL", "0.1")
    changes = bench.core.margin_changes("BTCUSDT")
    assert [change.change_type for change in changes] == [1, 2]
    assert changes[0].amount == changes[1].amount == D("300.0005")
    assert bench.core.margin_changes("BTCUSDT", change_type=2) == changes[1:]
    assert bench.core.margin_changes("BTCUSDT", limit=1) == changes[1:]
    assert bench.core.margin_changes("ETHUSDT") == []
    with pytest.raises(VenueRefusal, match="-1121"):
        bench.core.margin_changes("NOUSDT")
