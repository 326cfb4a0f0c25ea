from decimal import Decimal

from trader_gui.simulated_exchange.records import (
    AccountEvent,
    AlgoEvent,
    AlgoRow,
    BalanceState,
    BookChange,
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


def test_margin_words_differ_by_event() -> None:
    call = MarginCallEvent(POSITION, Decimal(5), Decimal(61_000), Decimal(3), NOW_MS)
    account, margin_call = user_events([ACCOUNT, call], NOW_MS)
    assert account["a"]["P"][0]["mt"] == "cross"
    assert (margin_call["p"][0]["mt"], margin_call["cw"]) == ("CROSSED", "5")


def test_an_untriggered_algo_order_has_no_order_of_its_own() -> None:
    (update,) = user_events([AlgoEvent(ALGO, NOW_MS)], NOW_MS)
    assert (update["o"]["ai"], update["o"]["act"], update["o"]["tt"]) == ("", "0", 0)
    assert "rm" not in update["o"]
