"""Which symbols are offered first: what is held, ordered, traded by the engine, shown lately; then by the letters."""

from decimal import Decimal

from msgspec.structs import replace

from tests.core_records import RULES, make_order, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.market import DayTicker
from trader_gui.models.symbol_picks import MOST_RECENT, SymbolPicks

NAMES = ("ADAUSDT", "BNBUSDT", "BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
LISTED = {name: replace(RULES, symbol=name) for name in NAMES}


def picks() -> SymbolPicks:
    rig = Rig()
    order = make_order("web-1", symbol="XRPUSDT")
    rig.send(replace(make_snapshot(make_position("-5", symbol="SOLUSDT")), open_orders=(order,)))
    made = SymbolPicks()
    made.bind(rig.callback)
    made.note_shown("ETHUSDT")
    return made


def test_what_is_held_ordered_and_recent_comes_first() -> None:
    rows = picks().rows(LISTED, {})
    assert [(row.symbol, row.note) for row in rows] == [
        ("SOLUSDT", "position"),
        ("XRPUSDT", "orders"),
        ("BTCUSDT", "engine"),
        ("ETHUSDT", "recent"),
        ("ADAUSDT", ""),
        ("BNBUSDT", ""),
    ]


def test_letters_go_before_rank_and_closed_symbols_stand_last() -> None:
    listed = LISTED | {"SOLUSDC": replace(RULES, symbol="SOLUSDC", status="PENDING_TRADING")}
    assert [row.symbol for row in picks().rows(listed, {}, "b")] == ["BTCUSDT", "BNBUSDT"]
    assert [(row.symbol, row.note) for row in picks().rows(listed, {}, "sol")] == [
        ("SOLUSDT", "position"),
        ("SOLUSDC", "pending trading"),
    ]


def test_prices_are_shown_where_they_are_known() -> None:
    ticker = DayTicker("ADAUSDT", Decimal("0.45"), Decimal("-0.012"))
    (row,) = picks().rows(LISTED, {"ADAUSDT": ticker}, "ada")
    assert (row.last_price, row.change_fraction, row.decimals) == (Decimal("0.45"), Decimal("-0.012"), 1)
    assert picks().rows(LISTED, {}, "ada")[0].last_price is None


def test_the_last_ones_shown_are_kept_each_once() -> None:
    made = SymbolPicks()
    for number in range(20):
        made.note_shown(f"S{number % 12}USDT")
    assert made.recent == tuple(f"S{n}USDT" for n in (7, 6, 5, 4, 3, 2, 1, 0))
    assert len(made.recent) == MOST_RECENT
