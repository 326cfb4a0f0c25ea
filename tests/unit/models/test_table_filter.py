from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trader_gui.models.table import Column
from trader_gui.models.table_filter import DAY_MS, TableFilter, day_start_ms, make_predicate, values_of

COLUMNS = (
    Column("symbol", "Symbol", lambda r: r[0]),
    Column("side", "Side", lambda r: r[1]),
    Column("time", "Time", lambda r: r[2], is_time=True),
    Column("size", "Size", lambda r: Decimal(r[2]), is_number=True),
)
ROWS = [(symbol, side, time) for symbol in ("BTCUSDT", "ETHUSDT") for side in ("BUY", None) for time in (1, 5, 9)]


def shown(wanted, time_column="time"):
    passes = make_predicate(wanted, COLUMNS, time_column, lambda r: f"{r[0]} {r[1]} order-{r[2]}".casefold())
    return ROWS if passes is None else [row for row in ROWS if passes(row)]


def test_without_a_wish_nothing_is_asked_of_a_row():
    assert TableFilter().is_empty and make_predicate(TableFilter(), COLUMNS, "time", str) is None


@given(
    st.sampled_from([None, "BTCUSDT", "ETHUSDT", "XRPUSDT"]),
    st.sampled_from([None, "BUY"]),
    st.one_of(st.none(), st.integers(0, 10)),
    st.one_of(st.none(), st.integers(0, 10)),
    st.sampled_from([(), ("btc",), ("ORDER-5", "buy"), ("nothing",)]),
)
def test_a_row_is_shown_when_all_that_is_wanted_holds(symbol, side, since, until, words):
    values = {key: value for key, value in (("symbol", symbol), ("side", side)) if value is not None}
    rows = shown(TableFilter(values, words, since, until))
    for row in ROWS:
        text = f"{row[0]} {row[1]} order-{row[2]}".lower()
        holds = (
            symbol in (None, row[0])
            and side in (None, row[1])
            and (since is None or row[2] >= since)
            and (until is None or row[2] <= until)
            and all(word.lower() in text for word in words)
        )
        assert (row in rows) == holds


def test_the_values_to_choose_from_are_those_that_are_there():
    assert values_of(ROWS, COLUMNS[0]) == ["BTCUSDT", "ETHUSDT"]
    assert values_of(ROWS, COLUMNS[1]) == ["BUY"]


def test_days_begin_at_midnight_utc():
    noon = 20_000 * DAY_MS + DAY_MS // 2
    assert (day_start_ms(noon), day_start_ms(noon, 6)) == (20_000 * DAY_MS, 19_994 * DAY_MS)
