"""What became of what the journal knew: asked of the venue, told as messages, and nothing is sent."""

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core_records import PREFIX, START_MS, dec, make_fill, make_order, make_position, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.bracket import Bracket, BracketsLeft
from trader_gui.domain.order import (
    Fill,
    FillHistory,
    Order,
    OrderFamily,
    OrderStatus,
    OrderType,
    Origin,
    PositionSide,
    Purpose,
    Side,
)
from trader_gui.domain.step import Step
from trader_gui.exchange.port import OrderName
from trader_gui.journal.belief import Belief
from trader_gui.journal.writer import open_journal
from trader_gui.rt_trader import execution_pages, past
from trader_gui.rt_trader.past import Past, Recovered

SYMBOL = "BTCUSDT"
DAY_MS = 86_400_000
TODAY_MS = START_MS - START_MS % DAY_MS
ENTRY, STOP = f"{PREFIX}-en-1", f"{PREFIX}-ep-2"


class Venue:
    """Answers from lists; every question is noted. `late` executions happen while the account is being read."""

    def __init__(self, *trades: Fill, position: str = "0") -> None:
        self.trades = list(trades)
        self.late: list[Fill] = []
        self.names: list[OrderName] = []
        self.names_late = 0
        self.orders: dict[str, Order] = {}
        self.asked: list[Any] = []
        self.snapshot = make_snapshot(*([make_position(position)] if dec(position) else []))

    async def fills(
        self, symbol: str, *, from_trade_id: int | None = None, start_time_ms: int | None = None
    ) -> tuple[Fill, ...]:
        self.asked.append((symbol, from_trade_id, start_time_ms))
        if from_trade_id is not None:
            found = [f for f in self.trades if f.trade_id >= from_trade_id]
        else:
            found = [f for f in self.trades if start_time_ms <= f.trade_time_ms < start_time_ms + 7 * DAY_MS]
        return tuple(f for f in found if f.symbol == symbol)[: execution_pages.FULL_PAGE]

    async def read_account(self) -> AccountSnapshot:
        self.asked.append("account")
        self.trades += self.late
        self.late = []
        return self.snapshot

    async def order_names(self, symbol: str) -> tuple[OrderName, ...]:
        self.asked.append("names")
        if self.names_late:
            self.names_late -= 1
            return ()
        return tuple(self.names)

    async def query_order(self, symbol: str, client_order_id: str, family: OrderFamily) -> Order | None:
        self.asked.append(client_order_id)
        return self.orders.get(client_order_id)


def trade(trade_id: int, order_id: int = 100, quantity: str = "0.010", side: Side = Side.BUY, **more: Any) -> Fill:
    """Return an execution as the venue lists it: without a client order id."""
    values = {"trade_time_ms": TODAY_MS + trade_id, "client_order_id": "", **more}
    return make_fill(trade_id, order_id=order_id, quantity=dec(quantity), side=side, **values)


def believed(*orders: Order, **more: Any) -> Belief:
    values: dict[str, Any] = {
        "positions": {},
        "balances": {},
        "newest_trade_ids": {},
        "read_times_ms": {},
        "client_order_ids": {},
    }
    return Belief(orders=orders, **(values | more))


def own(client_order_id: str = ENTRY, **more: Any) -> Order:
    values = {"origin": Origin.ENGINE, "purpose": Purpose.ENTRY, "status": OrderStatus.NEW, **more}
    return make_order(client_order_id, **values)


def recovered(
    folder: Path,
    venue: Venue,
    belief: Belief | None,
    *journalled: Fill,
    next_sequence: int = 9,
    traded: Iterable[str] = (),
) -> Recovered:
    async def body() -> Recovered:
        async with open_journal(folder / "journal.sqlite") as journal:
            journal.id_prefix, journal.next_sequence = PREFIX, next_sequence
            if journalled:
                journal.record_step(Step(1, FillHistory(journalled[0].symbol, journalled, 0), 0))
                await journal.flush()
            port: Any = venue
            return await Past(port, journal, belief).read(SYMBOL, TODAY_MS, frozenset(traded), venue.read_account)

    return asyncio.run(body())


def fills_in(found: Recovered) -> list[tuple[int, str]]:
    (history,) = found.histories
    return [(fill.trade_id, fill.client_order_id) for fill in history.fills]


# ---- executions -----------------------------------------------------------------------------------------------------


def test_a_first_start_reads_todays_executions_and_takes_them_for_foreign(tmp_path: Path) -> None:
    venue = Venue(trade(1, trade_time_ms=TODAY_MS - 1), trade(2), trade(3, order_id=101))
    venue.names = [OrderName(100, "web_a"), OrderName(101, "web_b")]
    found = recovered(tmp_path, venue, None, next_sequence=1)
    assert fills_in(found) == [(2, "web_a"), (3, "web_b")]
    assert found.histories[0].newest_trade_id == 3
    assert (found.next_sequence, found.differences, found.in_doubt.orders) == (1, (), ())
    assert found.messages[1] == venue.snapshot


def test_executions_since_the_last_reading_are_found_however_long_ago_that_was(tmp_path: Path) -> None:
    """By trade id when the reading was made before today; those of today are always read, for the day's loss."""
    last_month = TODAY_MS - 30 * DAY_MS
    venue = Venue(trade(7, trade_time_ms=last_month), trade(8, trade_time_ms=last_month + 1), trade(9))
    belief = believed(newest_trade_ids={SYMBOL: 7}, read_times_ms={SYMBOL: last_month})
    assert [number for number, _ in fills_in(recovered(tmp_path, venue, belief))] == [8, 9]
    belief = believed(newest_trade_ids={SYMBOL: 9}, read_times_ms={SYMBOL: TODAY_MS + 5})
    found = recovered(tmp_path, venue, belief)
    assert [number for number, _ in fills_in(found)] == [9]
    assert found.histories[0].newest_trade_id == 9


def test_where_no_execution_was_known_a_span_of_time_is_read_week_by_week(tmp_path: Path) -> None:
    a_while_ago = TODAY_MS - 20 * DAY_MS
    venue = Venue(trade(5, trade_time_ms=TODAY_MS - 2 * DAY_MS), trade(6))
    belief = believed(read_times_ms={SYMBOL: a_while_ago})
    assert [number for number, _ in fills_in(recovered(tmp_path, venue, belief))] == [5, 6]
    spans = [start for _, _, start in (a for a in venue.asked if isinstance(a, tuple)) if start is not None]
    assert spans == [a_while_ago, a_while_ago + 7 * DAY_MS, a_while_ago + 14 * DAY_MS]


def test_nothing_at_all_is_a_reading_too(tmp_path: Path) -> None:
    found = recovered(tmp_path, Venue(), believed(newest_trade_ids={SYMBOL: 4}, read_times_ms={SYMBOL: TODAY_MS}))
    assert found.histories == (FillHistory(SYMBOL, (), 4),)
    assert recovered(tmp_path, Venue(), None).histories == (FillHistory(SYMBOL, (), 0),)


def test_full_pages_are_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution_pages, "FULL_PAGE", 2)
    venue = Venue(*(trade(number, trade_time_ms=TODAY_MS) for number in range(1, 8)))  # all of one millisecond
    assert [number for number, _ in fills_in(recovered(tmp_path, venue, None))] == [1, 2, 3, 4, 5, 6, 7]


def test_the_account_is_read_again_when_something_was_executed_meanwhile(tmp_path: Path) -> None:
    """Else executions and position would not be of one moment, and the position would look like somebody else's."""
    venue = Venue(trade(1))
    venue.late = [trade(2)]
    found = recovered(tmp_path, venue, None)
    assert venue.asked.count("account") == 2
    assert [number for number, _ in fills_in(found)] == [1, 2]


# ---- names ----------------------------------------------------------------------------------------------------------


def test_an_execution_gets_the_name_of_its_order_from_journal_or_venue(tmp_path: Path) -> None:
    venue = Venue(trade(1, order_id=100), trade(2, order_id=101), trade(3, order_id=102), trade(4, order_id=103))
    venue.names = [
        OrderName(101, f"{PREFIX}-hx-3"),
        OrderName(102, STOP),
        OrderName(None, "web"),
        OrderName(103, "web"),
    ]
    belief = believed(client_order_ids={(SYMBOL, 100): ENTRY})
    assert fills_in(recovered(tmp_path, venue, belief)) == [(1, ENTRY), (2, f"{PREFIX}-hx-3"), (3, STOP), (4, "web")]


def test_names_that_lag_behind_the_executions_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "LAG_PAUSES_S", (0.0, 0.0))
    venue = Venue(trade(1, order_id=100))
    venue.names, venue.names_late = [OrderName(100, ENTRY)], 2
    assert fills_in(recovered(tmp_path, venue, believed())) == [(1, ENTRY)]


def test_an_order_of_which_nothing_was_heard_is_asked_for_its_name(tmp_path: Path) -> None:
    """It rested for longer than the venue lists orders, and its answer had been lost."""
    venue = Venue(trade(1, order_id=100), trade(2, order_id=200))
    venue.names = [OrderName(300, "web")]
    venue.orders[ENTRY] = own(order_id=100, status=OrderStatus.FILLED)
    stop = own(STOP, order_family=OrderFamily.ALGO, order_id=7)
    venue.orders[STOP] = replace(stop, status=OrderStatus.FINISHED, triggered_order_id=200)
    unheard = own(order_id=None, status=OrderStatus.UNKNOWN)
    assert fills_in(recovered(tmp_path, venue, believed(unheard, stop))) == [(1, ENTRY), (2, STOP)]


# ---- orders ---------------------------------------------------------------------------------------------------------


def test_orders_of_ours_that_the_venue_does_not_list_are_in_doubt_with_what_was_executed(tmp_path: Path) -> None:
    listed, gone, stop = own(f"{PREFIX}-hn-5"), own(order_id=100), own(STOP, order_family=OrderFamily.ALGO)
    foreign = make_order("web", order_id=4)
    venue = Venue(trade(1, order_id=100, quantity="0.004"), trade(2, order_id=100, quantity="0.003"))
    venue.snapshot = make_snapshot(open_orders=(listed,))
    belief = believed(listed, gone, stop, foreign, client_order_ids={(SYMBOL, 100): ENTRY})
    doubted = {o.client_order_id: o.executed_quantity for o in recovered(tmp_path, venue, belief).in_doubt.orders}
    assert doubted == {ENTRY: Decimal("0.007"), STOP: Decimal(0)}


def test_a_trailing_stop_that_the_journal_has_heard_to_be_activated_is_so(tmp_path: Path) -> None:
    """No list tells it. An id that was used again is another order, of which nothing was heard."""
    trailing = {"order_family": OrderFamily.ALGO, "order_type": OrderType.TRAILING_STOP_MARKET}
    ours, web = own(STOP, order_id=7, **trailing), make_order("web", order_id=8, **trailing)
    again = make_order("web_2", order_id=10, **trailing)
    venue = Venue()
    venue.snapshot = make_snapshot(open_orders=(ours, web, again))
    heard = [replace(o, is_activated=True) for o in (replace(ours, order_id=None), web, replace(again, order_id=9))]
    found = recovered(tmp_path, venue, believed(*heard)).snapshot.open_orders
    assert [o.is_activated for o in found] == [True, True, False]
    found = recovered(tmp_path, venue, believed(ours, web)).snapshot.open_orders
    assert [o.is_activated for o in found] == [False] * 3


def test_other_symbols_are_read_where_the_journal_knows_of_something_there(tmp_path: Path) -> None:
    order = own(f"{PREFIX}-hn-7", symbol="ETHUSDT", order_id=8)
    position = make_position("1", symbol="LTCUSDT")
    venue = Venue(trade(3, order_id=8, symbol="ETHUSDT"))
    belief = believed(order, positions={("LTCUSDT", position.position_side): position})
    found = recovered(tmp_path, venue, belief)
    assert [history.symbol for history in found.histories] == ["ETHUSDT", "LTCUSDT", SYMBOL]


def test_every_symbol_of_todays_executions_is_read_for_the_days_loss(tmp_path: Path) -> None:
    """By the list of income, other programs' included; by the journal, for what that list does not tell yet."""
    lost = trade(3, symbol="ETHUSDT", realized_pnl=dec(-30), commission=dec("0.5"))
    found = recovered(tmp_path, Venue(lost), None, traded=["ETHUSDT"])
    assert [history.symbol for history in found.histories] == ["ETHUSDT", SYMBOL]
    rig = Rig()
    for message in found.messages:
        rig.send(message)
    assert rig.callback.result_today == dec("-30.5")

    # What the journal knows by events alone, of today, is read again.
    yesterday = trade(1, symbol="LTCUSDT", trade_time_ms=TODAY_MS - 1)
    found = recovered(tmp_path, Venue(lost), believed(newest_trade_ids={"ETHUSDT": 3}), yesterday, lost)
    assert [(h.symbol, len(h.fills)) for h in found.histories] == [("ETHUSDT", 1), (SYMBOL, 0)]


def test_numbers_go_on_above_what_the_venue_has_seen_and_that_is_told(tmp_path: Path) -> None:
    """The journal is an older copy: orders were sent that it does not know."""
    venue = Venue()
    venue.names = [OrderName(1, f"{PREFIX}-hn-39"), OrderName(2, "OTHER-hn-999")]
    venue.snapshot = make_snapshot(open_orders=(make_order(f"{PREFIX}-hp-40", order_id=3),))
    found = recovered(tmp_path, venue, believed(), next_sequence=13)
    assert found.next_sequence == 41
    assert [str(d) for d in found.differences] == [f"highest number of an order {PREFIX}: journal 12, exchange 40"]
    assert recovered(tmp_path, venue, believed(), next_sequence=41).differences == ()


# ---- whose the position is ------------------------------------------------------------------------------------------


def test_older_executions_of_the_journal_are_added_as_far_as_they_made_the_position(tmp_path: Path) -> None:
    """Half of it was bought yesterday; before that it was flat."""
    yesterday = {"trade_time_ms": TODAY_MS - 9, "client_order_id": ENTRY}
    closed = [trade(1, quantity="0.5", **yesterday), trade(2, quantity="0.5", side=Side.SELL, **yesterday)]
    half = trade(3, quantity="0.005", **yesterday)
    venue = Venue(trade(4, order_id=100, quantity="0.005"), position="0.010")
    belief = believed(
        newest_trade_ids={SYMBOL: 3}, read_times_ms={SYMBOL: TODAY_MS - 5}, client_order_ids={(SYMBOL, 100): ENTRY}
    )
    found = recovered(tmp_path, venue, belief, *closed, half)
    assert fills_in(found) == [(3, ENTRY), (4, ENTRY)]


def test_a_position_that_nothing_explains_adds_nothing(tmp_path: Path) -> None:
    old = trade(1, quantity="0.5", trade_time_ms=TODAY_MS - 9)
    venue = Venue(trade(4), position="7")
    belief = believed(newest_trade_ids={SYMBOL: 1}, read_times_ms={SYMBOL: TODAY_MS - 5})
    assert [number for number, _ in fills_in(recovered(tmp_path, venue, belief, old))] == [4]


# ---- brackets --------------------------------------------------------------------------------------------------------


def test_brackets_come_first_and_their_symbols_are_read(tmp_path: Path) -> None:
    bracket = Bracket("tg1-hn-4", "ETHUSDT", Side.BUY, PositionSide.BOTH, None, None)
    venue = Venue()
    found = recovered(tmp_path, venue, believed(brackets=(bracket,)))
    assert found.messages[0] == BracketsLeft((bracket,))
    assert [history.symbol for history in found.histories] == ["ETHUSDT", SYMBOL]
    assert recovered(tmp_path, venue, None).messages[0] == BracketsLeft(())
