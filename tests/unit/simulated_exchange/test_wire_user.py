from decimal import Decimal

import msgspec

from trader_gui.simulated_exchange.records import (
    AccountEvent,
    AlgoEvent,
    AlgoRow,
    BalanceState,
    BookChange,
    CalledPosition,
    MarginCallEvent,
    OrderEvent,
    OrderRow,
    PositionState,
    TradeRow,
)
from trader_gui.simulated_exchange.wire_user import user_events

NOW_MS = 1_767_225_600_000
ORDER = OrderRow(
    9_100_000_000_000_001, "t-1", "BTCUSDT", "BUY", "LIMIT", "GTC", Decimal("0.030"), Decimal("60000.0"),
    "PARTIALLY_FILLED", False, NOW_MS, NOW_MS, Decimal("0.010"), Decimal("600.0"),
)  # fmt: skip
TRADE = TradeRow(
    300, ORDER.order_id, "t-1", "BTCUSDT", "BUY", Decimal("60000.0"), Decimal("0.010"), Decimal("0.12000000"), "USDT",
    Decimal(0), True, NOW_MS,
)  # fmt: skip
POSITION = PositionState(
    "BTCUSDT",
    Decimal("0.010"),
    Decimal("60000.0"),
    Decimal("60012.0"),
    Decimal(0),
    Decimal("1.5"),
    "CROSSED",
    Decimal(0),
)
ACCOUNT = AccountEvent(
    "ORDER", (BalanceState("USDT", Decimal("9999.88"), Decimal("9999.88"), Decimal(0)),), (POSITION,), NOW_MS
)
ALGO = AlgoRow(
    2_000, "sl-1", "BTCUSDT", "SELL", "STOP_MARKET", "GTC", Decimal(0), Decimal("59000.0"), Decimal(0),
    "CONTRACT_PRICE", True, False, True, "NEW", NOW_MS, NOW_MS,
)  # fmt: skip


def test_trade_lite_goes_before_the_account_and_the_account_before_the_order() -> None:
    new, fill = OrderEvent(ORDER, "NEW", None, NOW_MS), OrderEvent(ORDER, "TRADE", TRADE, NOW_MS)
    change = BookChange("BTCUSDT", (), NOW_MS)
    events = list(
        user_events([new, ACCOUNT, fill, change, ACCOUNT, fill, AlgoEvent(ALGO, NOW_MS), ACCOUNT], NOW_MS + 1)
    )
    assert [event["e"] for event in events] == [
        "ORDER_TRADE_UPDATE",
        *["TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"] * 2,
        "ALGO_UPDATE",
        "ACCOUNT_UPDATE",
    ]
    assert {event["E"] for event in events} == {NOW_MS + 1}


def test_a_funding_before_a_fill_stays_before_all_that_tells_of_the_fill() -> None:
    funding = msgspec.structs.replace(ACCOUNT, reason="FUNDING_FEE", positions=(), symbol="BTCUSDT")
    events = list(user_events([funding, ACCOUNT, OrderEvent(ORDER, "TRADE", TRADE, NOW_MS)], NOW_MS))
    told = [event["a"]["m"] if event["e"] == "ACCOUNT_UPDATE" else event["e"] for event in events]
    assert told == ["FUNDING_FEE", "TRADE_LITE", "ORDER", "ORDER_TRADE_UPDATE"]


def test_a_fill() -> None:
    lite, update = user_events([OrderEvent(ORDER, "TRADE", TRADE, NOW_MS)], NOW_MS)
    order = update["o"]
    assert (order["x"], order["X"], order["l"], order["z"], order["L"]) == (
        "TRADE",
        "PARTIALLY_FILLED",
        "0.010",
        "0.010",
        "60000.0",
    )
    assert (order["ap"], order["n"], order["N"], order["t"], order["m"]) == (
        "60000.00000000",
        "0.12000000",
        "USDT",
        300,
        True,
    )
    assert (lite["i"], lite["t"], lite["q"], lite["l"]) == (ORDER.order_id, 300, "0.030", "0.010")
    assert "X" not in lite


def test_an_order_without_a_fill_names_no_commission() -> None:
    (update,) = user_events([OrderEvent(ORDER, "CANCELED", None, NOW_MS, "0")], NOW_MS)
    assert not {"n", "N"} & set(update["o"])
    assert (update["o"]["t"], update["o"]["l"], update["o"]["er"]) == (0, "0", "0")


def test_amounts_of_the_account_are_cut_to_eight_decimals() -> None:
    third = Decimal(1) / 3
    state = msgspec.structs.replace(POSITION, entry_price=third, break_even_price=Decimal(5), unrealized_pnl=-third)
    (update,) = user_events(
        [AccountEvent("ORDER", (BalanceState("USDT", Decimal(1), third, Decimal(0)),), (state,), 1)], 1
    )
    row, balance = update["a"]["P"][0], update["a"]["B"][0]
    assert (row["ep"], row["bep"], row["up"], row["iw"]) == ("0.33333333", "5.0", "-0.33333333", "0")
    assert row["ma"] == "USDT"
    assert (balance["wb"], balance["cw"], balance["bc"]) == ("1.00000000", "0.33333333", "0")


def test_margin_words_differ_by_event() -> None:
    called = CalledPosition(POSITION, Decimal(61_000), Decimal(3))
    call = MarginCallEvent((called,), Decimal(5), NOW_MS)
    account, margin_call, isolated = user_events([ACCOUNT, call, MarginCallEvent((called,), None, NOW_MS)], NOW_MS)
    assert account["a"]["P"][0]["mt"] == "cross"
    assert (margin_call["p"][0]["mt"], margin_call["cw"]) == ("CROSSED", "5.00000000")
    assert "cw" not in isolated


def test_an_untriggered_algo_order_has_no_order_of_its_own() -> None:
    (update,) = user_events([AlgoEvent(ALGO, NOW_MS)], NOW_MS)
    assert (update["o"]["ai"], update["o"]["act"], update["o"]["tt"]) == ("", "0", 0)
    assert "rm" not in update["o"]


def test_an_order_event_tells_how_the_order_was_meant() -> None:
    order = msgspec.structs.replace(ORDER, stp_mode="EXPIRE_BOTH", price_match="QUEUE_5", price_protect=True)
    amended = OrderEvent(order, "AMENDMENT", None, NOW_MS, "0", Decimal("1200.0"), Decimal("0.0"), 41)
    (event,) = user_events([amended], NOW_MS)
    fields = event["o"]
    assert [fields[name] for name in ("V", "pm", "pP", "b", "a", "M")] == [
        "EXPIRE_BOTH",
        "QUEUE_5",
        True,
        "1200.0",
        "0",
        "41",
    ]
    assert {"AP", "cr"}.isdisjoint(fields)
    trailing = msgspec.structs.replace(ORDER, callback_rate=Decimal("1.0"), activate_price=Decimal("61000.0"))
    (event,) = user_events([OrderEvent(trailing, "NEW", None, NOW_MS)], NOW_MS)
    assert (event["o"]["AP"], event["o"]["cr"], "M" in event["o"]) == ("61000.0", "1.0", False)


def test_only_a_trailing_stop_tells_whether_it_is_activated() -> None:
    dated = msgspec.structs.replace(ALGO, good_till_date_ms=NOW_MS, price_match="OPPONENT", stp_mode="NONE")
    trailing = msgspec.structs.replace(ALGO, callback_rate=Decimal(1), is_activated=True)
    first, second = user_events([AlgoEvent(dated, NOW_MS), AlgoEvent(trailing, NOW_MS)], NOW_MS)
    assert [first["o"][name] for name in ("gtd", "pm", "V")] == [NOW_MS, "OPPONENT", "NONE"]
    assert ("ia" in first["o"], second["o"]["ia"]) == (False, True)
