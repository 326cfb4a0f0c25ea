"""User data events to records."""

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from trader_gui.domain.account import AccountUpdate, LeverageUpdate, MarginCall, MarginType, Position
from trader_gui.domain.order import (
    Fill,
    OrderFamily,
    OrderStatus,
    OrderType,
    OrderUpdate,
    PositionSide,
    Side,
    TimeInForce,
    WorkingType,
)
from trader_gui.domain.step import Route
from trader_gui.exchange.wire import FrameItem, ListenKeyExpired, decode_frame

Payload = Callable[[str, str], bytes]


def one(frame: bytes) -> FrameItem:
    (item,) = decode_frame(frame, Route.PRIVATE)
    return item


def order_update(frame: bytes) -> OrderUpdate:
    item = one(frame)
    assert isinstance(item, OrderUpdate)
    return item


def test_new_order_has_no_fill(payload: Payload):
    update = order_update(payload("user_stream", "order_new"))
    order = update.order
    assert (update.fill, update.execution_type, update.expiry_reason) == (None, "NEW", "")
    assert (order.order_family, order.order_id, order.status) == (OrderFamily.BOOK, 9007199254740993, OrderStatus.NEW)
    assert (order.time_in_force, order.quantity, order.price) == (
        TimeInForce.GTX,
        Decimal("0.010"),
        Decimal("60000.0"),
    )
    assert (update.event_time_ms, update.transaction_time_ms) == (1795305600013, 1795305600010)


def test_partial_fill(payload: Payload):
    update = order_update(payload("user_stream", "order_part_fill"))
    assert update.order.status is OrderStatus.PARTIALLY_FILLED
    assert update.order.remaining_quantity == Decimal("0.006")
    assert update.fill == Fill(
        symbol="BTCUSDT",
        trade_id=300000017,
        order_id=9007199254740993,
        client_order_id="tg1-hn-1",
        side=Side.BUY,
        price=Decimal("60000.0"),
        quantity=Decimal("0.004"),
        commission=Decimal("0.048"),
        commission_asset="USDT",
        realized_pnl=Decimal(0),
        is_maker=True,
        trade_time_ms=1795305600018,
    )


def test_expiry_tells_its_reason(payload: Payload):
    update = order_update(payload("user_stream", "order_expired"))
    assert (update.order.status, update.expiry_reason, update.order.reduce_only) == (OrderStatus.EXPIRED, "9", True)


def test_deleveraging_has_an_unknown_status_and_no_fill_without_a_trade(payload: Payload):
    update = order_update(payload("user_stream", "order_adl"))
    assert update.order.status is OrderStatus.UNKNOWN
    # A fill without a trade id would be taken for any other such fill.
    assert update.fill is None


def test_triggered_conditional_order_names_its_child(payload: Payload):
    order = order_update(payload("user_stream", "algo_triggered")).order
    assert (order.order_family, order.order_id, order.triggered_order_id) == (
        OrderFamily.ALGO,
        1000000000007001,
        88000000551,
    )
    assert (order.order_type, order.status, order.close_position) == (
        OrderType.STOP_MARKET,
        OrderStatus.TRIGGERED,
        True,
    )
    assert (order.trigger_price, order.quantity, order.working_type) == (
        Decimal("59000.0"),
        Decimal(0),
        WorkingType.MARK_PRICE,
    )


def test_a_trailing_stop_tells_when_it_is_activated(payload: Payload):
    event = json.loads(payload("user_stream", "algo_triggered"))
    event["o"] |= {"o": "TRAILING_STOP_MARKET", "X": "NEW", "ai": "", "tp": "0"}
    assert not order_update(json.dumps(event).encode()).order.is_activated, "not told"
    for is_activated in (False, True):
        event["o"]["ia"] = is_activated
        assert order_update(json.dumps(event).encode()).order.is_activated is is_activated


def test_rejected_conditional_order_says_why(payload: Payload):
    update = order_update(payload("user_stream", "algo_rejected"))
    assert update.order.status is OrderStatus.REJECTED
    assert update.order.reject_reason == update.expiry_reason == "Margin is insufficient."
    assert update.order.triggered_order_id is None


def test_account_update_is_a_delta_of_balances_and_legs(payload: Payload):
    update = one(payload("user_stream", "account_order"))
    assert isinstance(update, AccountUpdate)
    assert [(b.asset, b.wallet_balance, b.available_balance) for b in update.balances] == [
        ("USDT", Decimal("9999.952"), None)
    ]
    one_way, leg = update.positions
    assert one_way == (
        Position(
            symbol="BTCUSDT",
            position_amount=Decimal("0.004"),
            entry_price=Decimal("60000.0"),
            unrealized_pnl=Decimal("0.00480"),
            break_even_price=Decimal("60012.0"),
            margin_type=MarginType.CROSSED,
            update_time_ms=1795305600018,
        )
    )
    assert (leg.symbol, leg.position_side) == ("ETHUSDT", PositionSide.LONG)


def test_funding_changes_the_balance_alone(payload: Payload):
    update = one(payload("user_stream", "account_funding"))
    assert isinstance(update, AccountUpdate)
    assert (update.reason, update.balance_changes, update.positions) == ("FUNDING_FEE", (Decimal("-3.05"),), ())


def test_the_rest(payload: Payload):
    assert one(payload("user_stream", "leverage")) == LeverageUpdate("BTCUSDT", 25, 1795305600001)
    assert one(payload("user_stream", "margin_call")) == MarginCall(("ETHUSDT",), 1795305600000)
    assert one(payload("user_stream", "listen_key_expired")) == ListenKeyExpired("Lk7exampleNotReal")
    assert decode_frame(payload("user_stream", "multi_assets"), Route.PRIVATE) == ()
    assert decode_frame(payload("user_stream", "trade_lite"), Route.PRIVATE) == ()


def _session(real_data: Path, name: str) -> list[tuple[str, FrameItem]]:
    path = real_data / "messages" / "user" / f"til_session-2023-02-24_{name}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [(row["local_time"], one(json.dumps(row["message"]).encode())) for row in rows]


def test_real_session_fills_add_up_to_their_orders(real_data: Path):
    updates = [item for _, item in _session(real_data, "order_trade_update")]
    assert len(updates) == 44
    filled: dict[int, Decimal] = {}
    for update in updates:
        assert isinstance(update, OrderUpdate)
        order_id = update.order.order_id
        assert order_id is not None
        assert order_id > 100_000_000_000
        if update.fill is not None:
            filled[order_id] = filled.get(order_id, Decimal(0)) + update.fill.quantity
        assert update.order.executed_quantity == filled.get(order_id, Decimal(0))


def test_real_session_wallet_moves_by_commission_and_profit(real_data: Path):
    """From 20:16:38 on the log has no hole: each balance is the last one less the fee plus the profit."""
    fills = [
        update.fill
        for at, update in _session(real_data, "order_trade_update")
        if isinstance(update, OrderUpdate) and update.fill is not None and at >= "20:16:38"
    ]
    wallets = [
        update.balances[0].wallet_balance
        for at, update in _session(real_data, "account_update")
        if isinstance(update, AccountUpdate) and at >= "20:16:38"
    ]
    assert len(fills) == len(wallets) >= 15
    for (before, after), fill in zip(pairwise(wallets), fills[1:], strict=True):
        assert after == before - fill.commission + fill.realized_pnl
