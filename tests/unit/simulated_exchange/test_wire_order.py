"""Replies about own orders, in the shapes of today: what the venue took away is not there."""

from decimal import Decimal

import msgspec

from trader_gui.simulated_exchange.records import AlgoRow, OrderRow
from trader_gui.simulated_exchange.wire_order import acknowledged, algo_reply, algo_row, order_reply, order_row

NOW_MS = 1_767_225_600_000
ORDER = OrderRow(
    order_id=9_100_000_000_000_001,
    client_order_id="t-1",
    symbol="BTCUSDT",
    side="BUY",
    order_type="LIMIT",
    time_in_force="GTC",
    orig_qty=Decimal("0.030"),
    price=Decimal("60000.0"),
    status="PARTIALLY_FILLED",
    reduce_only=False,
    time_ms=NOW_MS,
    update_time_ms=NOW_MS,
    executed_qty=Decimal("0.010"),
    cum_quote=Decimal("600.0"),
)


def test_replies_lack_what_the_venue_took_away() -> None:
    assert {"avgPrice", "cumQuote", "cumBase"}.isdisjoint(order_reply(ORDER))
    assert (order_row(ORDER)["avgPrice"], order_row(ORDER)["cumQuote"]) == ("60000.00000000", "600.0")
    assert "cumQty" not in order_row(ORDER)
    told = acknowledged(ORDER)
    assert (told["status"], told["executedQty"]) == ("NEW", "0")
    assert set(told) == set(order_reply(ORDER))


def test_an_untriggered_algo_order_has_no_order_of_its_own() -> None:
    algo = AlgoRow(
        algo_id=2_000,
        client_algo_id="sl-1",
        symbol="BTCUSDT",
        side="SELL",
        order_type="STOP_MARKET",
        time_in_force="GTC",
        quantity=Decimal(0),
        trigger_price=Decimal("59000.0"),
        price=Decimal(0),
        working_type="CONTRACT_PRICE",
        close_position=True,
        price_protect=False,
        reduce_only=True,
        algo_status="NEW",
        create_time_ms=NOW_MS,
        update_time_ms=NOW_MS,
    )
    assert (algo_row(algo)["actualOrderId"], "actualType" in algo_row(algo)) == ("", False)


def test_an_average_price_is_cut_to_eight_decimals() -> None:
    third = msgspec.structs.replace(ORDER, executed_qty=Decimal("0.003"), cum_quote=Decimal("200.0"))
    assert order_row(third)["avgPrice"] == "66666.66666666"
    assert order_row(msgspec.structs.replace(third, executed_qty=Decimal(0)))["avgPrice"] == "0"


def test_a_trailing_order_tells_its_rate() -> None:
    trailing = msgspec.structs.replace(ORDER, callback_rate=Decimal("1.5"), activate_price=Decimal("61000.0"))
    assert (order_row(trailing)["activatePrice"], order_row(trailing)["priceRate"]) == ("61000.0", "1.5")
    assert {"activatePrice", "priceRate"}.isdisjoint(order_row(ORDER))


def test_only_a_trailing_order_has_its_own_fields_in_a_list() -> None:
    stop = AlgoRow(
        algo_id=1, client_algo_id="s-1", symbol="BTCUSDT", side="SELL", order_type="STOP_MARKET", time_in_force="GTC",
        quantity=Decimal("0.010"), trigger_price=Decimal(59000), price=Decimal(0), working_type="MARK_PRICE",
        close_position=False, price_protect=False, reduce_only=False, algo_status="NEW", create_time_ms=NOW_MS,
        update_time_ms=NOW_MS,
    )  # fmt: skip
    assert {"activatePrice", "callbackRate"}.isdisjoint(algo_row(stop))
    assert (algo_reply(stop)["activatePrice"], algo_reply(stop)["callbackRate"]) == ("", "")
    trailing = msgspec.structs.replace(stop, callback_rate=Decimal("1.5"), activate_price=Decimal("61000.0"))
    assert (algo_row(trailing)["activatePrice"], algo_row(trailing)["callbackRate"]) == ("61000.0", "1.5")
