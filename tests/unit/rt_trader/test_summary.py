"""The figures of a session: each fill once, trades counted when flat, money to the last digit."""

import json
from decimal import Decimal
from typing import Any

import msgspec

from tests.fakes import SYMBOL, kline, order, position
from trader_gui.domain.account import AccountSnapshot, AccountUpdate
from trader_gui.domain.order import Fill, OrderUpdate, Side
from trader_gui.domain.step import Refusal, Step
from trader_gui.rt_trader.summary import Summary, Tally


def step(message: Any, event_time_ms: int = 5, **more: Any) -> Step:
    return Step(1, message, event_time_ms, **more)


def fill_update(trade_id: int, pnl: str = "0", commission: str = "0.1") -> OrderUpdate:
    fill = Fill(
        SYMBOL, trade_id, 1, "x", Side.BUY, Decimal(1), Decimal(1), Decimal(commission), "USDT", Decimal(pnl), False, 5
    )
    return OrderUpdate(order(1), "TRADE", fill, 5, 5)


def told_position(amount: str) -> AccountUpdate:
    return AccountUpdate("ORDER", (), (), (position(amount),), 5, 5)


def test_a_fill_told_twice_counts_once() -> None:
    tally = Tally("BTCUSDT")
    for message in (fill_update(1, "2.5"), fill_update(1, "2.5"), fill_update(2, "-1.25", "0.05")):
        tally.count(step(message))
    assert (tally.fills, tally.realized_pnl, tally.commission) == (2, Decimal("1.25"), Decimal("0.15"))
    assert tally.messages == 3


def test_a_trade_is_a_position_that_came_back_to_flat() -> None:
    tally = Tally("BTCUSDT")
    for amount in ("0", "0.010", "0.020", "0", "0", "-0.010", "0.010", "0"):
        tally.count(step(told_position(amount)))
    assert tally.trades == 2


def test_a_position_that_a_snapshot_no_longer_names_is_flat() -> None:
    """After a cut the venue's list is all that tells it."""
    tally = Tally("BTCUSDT")
    tally.count(step(AccountSnapshot((), (position("0.010"),), (), 5)))
    tally.count(step(told_position("0.020")))
    tally.count(step(AccountSnapshot((), (), (), 6)))
    tally.count(step(AccountSnapshot((), (), (), 7)))
    assert tally.trades == 1


def test_only_closed_klines_count_and_wishes_by_hand_are_no_messages() -> None:
    tally = Tally("BTCUSDT")
    tally.count(step(kline(0, "1", is_closed=False), 100))
    tally.count(step(kline(0, "1"), 200))
    tally.count(step(None, 300, refusals=(Refusal("off_tick"), Refusal("off_tick"))))
    assert (tally.klines, tally.messages, dict(tally.refusals)) == (1, 2, {"off_tick": 2})
    assert (tally.first_event_time_ms, tally.last_event_time_ms) == (100, 200)


def test_most_in_flight_is_kept() -> None:
    tally = Tally("BTCUSDT")
    for count in (1, 2, 1):
        tally.count_in_flight(count)
    assert tally.max_orders_in_flight == 2


def test_money_becomes_json_numbers() -> None:
    blank = dict.fromkeys(Summary.__struct_fields__, 0)
    summary = msgspec.structs.replace(
        Summary(**blank),  # type: ignore[arg-type]  # figures do not matter here
        wallet_balance=Decimal("9996.00160000"),
        refusals={"halted": 3},
        differences=("position BTCUSDT: journal 0.010, exchange none",),
    )
    read = json.loads(json.dumps(summary.as_json_object()))
    assert read["wallet_balance"] == 9996.0016
    assert read["refusals"] == {"halted": 3}
    assert read["differences"] == ["position BTCUSDT: journal 0.010, exchange none"]
