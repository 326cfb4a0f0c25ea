import random
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest

from trader_gui.simulated_exchange.core import VenueCore
from trader_gui.simulated_exchange.records import AccountEvent, AlgoEvent, MarketTick, OrderEvent, Print, VenueRefusal
from trader_gui.simulated_exchange.symbols import SPECS

EIGHT_HOURS_MS = 28_800_000


def test_funding_is_paid_at_its_time_with_what_was_known_before(bench) -> None:
    bench.tick(bid="59999.9", ask="60000.0")
    bench.order("BUY", "0.500")
    bench.tick(bid="61000.0", ask="61000.1", rate="0.0001")
    at_ms = bench.core.funding("BTCUSDT")[1]
    bench.tick(bid="50000.0", ask="50000.1", rate="0.0009", after_ms=at_ms - bench.now_ms)
    event = bench.events[0]
    assert isinstance(event, AccountEvent)
    assert (event.reason, event.positions, event.time_ms) == ("FUNDING_FEE", (), at_ms)
    assert event.balances[0].balance_change == D("-3.05")
    assert bench.core.income(income_type="FUNDING_FEE")[0].income == D("-3.05")
    assert bench.wallet() == D("9981.95")
    assert bench.core.funding("BTCUSDT")[1] == at_ms + EIGHT_HOURS_MS


def test_every_missed_funding_is_paid_and_an_isolated_one_names_its_position(bench) -> None:
    bench.core.set_margin_type("BTCUSDT", "ISOLATED", 1)
    bench.tick(bid="60000.0", ask="60000.1", rate="-0.0001")
    bench.order("BUY", "0.1")
    events = bench.tick(after_ms=3 * EIGHT_HOURS_MS, rate="-0.0001")
    funded = [event for event in events if isinstance(event, AccountEvent)]
    assert [event.balances[0].balance_change for event in funded] == [D("0.6")] * 3
    assert [event.positions[0].symbol for event in funded] == ["BTCUSDT"] * 3
    assert bench.core.funding("BTCUSDT")[1] > bench.now_ms


def test_events_of_one_call_in_the_venues_order(bench) -> None:
    bench.order("BUY", "0.1")
    assert bench.kinds() == ["NEW/NEW", "ORDER", "TRADE/FILLED", "BookChange"]
    account, trade = bench.events[1], bench.events[2]
    assert isinstance(account, AccountEvent) and isinstance(trade, OrderEvent)
    assert account.positions[0].position_amount == D("0.1")
    assert trade.trade is not None and trade.trade.client_order_id == trade.order.client_order_id
    bench.order("BUY", "0.1", "59000")
    assert bench.kinds() == ["NEW/NEW", "BookChange"]  # resting moves no balance


def test_a_quiet_tick_says_nothing(bench) -> None:
    assert bench.tick(prints=[("BUY", "60000.1", "3")]) == []
    assert bench.core.last_price("BTCUSDT") == D("60000.1")
    bench.order("BUY", "0.01", "59000")
    assert bench.tick() == []


# ---- random sessions ------------------------------------------------------------------------------------------------

Action = tuple[Any, ...]


def draw_actions(seed: int, count: int) -> list[Action]:
    """A wild session: small and large moves, every kind of order, cancels and changes."""
    source = random.Random(seed)

    def side() -> str:
        return source.choice(["BUY", "SELL"])

    def size() -> str:
        return f"{source.randint(1, 300) / 1000:.3f}"

    def draw() -> Action:
        kind = source.choices(["tick", "order", "algo", "cancel", "modify", "cross"], [10, 8, 4, 1, 2, 3])[0]
        if kind == "tick":
            move = source.randint(-60, 60) if source.random() < 0.7 else source.randint(-25_000, 25_000)
            return kind, move, source.randint(1, 60), side()
        if kind == "order":
            in_force = source.choice(["GTC", "GTC", "GTC", "IOC", "FOK", "GTX", "RPI", "MATCH", "MARKET"])
            mode = source.choice(["EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "NONE"])
            return kind, side(), size(), source.randint(-120, 120), in_force, source.random() < 0.5, mode
        if kind == "algo":
            type_ = source.choice(["STOP_MARKET", "TAKE_PROFIT_MARKET", "close", "TRAILING_STOP_MARKET"])
            return kind, side(), size(), source.randint(-120, 120), type_, source.random() < 0.5
        if kind == "cross":
            return kind, source.randrange(6), source.choice(["EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "NONE"])
        return (kind, source.randrange(6)) + ((size(), source.randint(-120, 120)) if kind == "modify" else ())

    return [draw() for _ in range(count)]


class Session:
    """Drives a core by drawn actions, and checks after each that money and quantities add up."""

    def __init__(self, picture: Callable[[VenueCore], Any]) -> None:
        self.core = VenueCore(SPECS, wallet_balance=D(1000))
        self.picture = picture
        self.middle = 600_000  # in ticks of 0.1
        self.now_ms = 0
        self.log: list[Any] = []
        self.tick(0, 60, "BUY")
        self.run(("order", "SELL", "0.300", 0, "MARKET", False, "EXPIRE_MAKER"))

    def price(self, offset: int) -> str:
        return str(D(self.middle + offset) / 10)

    def run(self, action: Action) -> None:
        kind, *rest = action
        self.now_ms += 600_000
        held = self.amount()
        before = None if kind == "tick" else self.picture(self.core)
        try:
            events = getattr(self, kind)(*rest)
        except VenueRefusal as refusal:
            assert self.picture(self.core) == before
            self.log.append(refusal.code)
        else:
            self.log.append(events)
            self.check_reduce_only(events, held)
        self.check()

    def tick(self, move: int, thickness: int, aggressor: str) -> Any:
        prices = [self.middle, self.middle + move]
        self.middle += move
        size = D(thickness) / 100
        return self.core.on_tick(
            MarketTick(
                "BTCUSDT",
                max(self.now_ms, 1),
                tuple(Print(D(p) / 10, size, aggressor == "SELL") for p in prices),
                tuple((D(self.middle - 1 - i) / 10, size) for i in range(20)),
                tuple((D(self.middle + 1 + i) / 10, size) for i in range(20)),
                D(self.middle) / 10,
                D(self.middle) / 10,
                D("0.0001"),
            )
        )

    def order(self, side: str, quantity: str, offset: int, kind: str, reduce_only: bool, mode: str) -> Any:
        amount = self.amount()
        if reduce_only and amount:  # aimed, or nearly all would be refused
            side, quantity = ("SELL" if amount > 0 else "BUY"), str(min(abs(amount), D(quantity)))
        params = {"symbol": "BTCUSDT", "side": side, "quantity": quantity, "reduceOnly": str(reduce_only).lower()}
        params["selfTradePreventionMode"] = mode
        if kind == "MARKET":
            params["type"] = kind
        elif kind == "MATCH":
            match = ("OPPONENT", "OPPONENT_5", "QUEUE", "QUEUE_10")[offset % 4]
            params |= {"type": "LIMIT", "timeInForce": "GTC", "priceMatch": match}
        else:
            params |= {"type": "LIMIT", "timeInForce": kind, "price": self.price(offset)}
        return self.core.place_order(params, self.now_ms)[1]

    def algo(self, side: str, quantity: str, offset: int, kind: str, reduce_only: bool) -> Any:
        params = {"symbol": "BTCUSDT", "side": side, "algoType": "CONDITIONAL", "triggerPrice": self.price(offset)}
        if kind == "close":
            params |= {"type": "STOP_MARKET", "closePosition": "true", "side": "SELL" if self.amount() > 0 else "BUY"}
        else:
            params |= {"type": kind, "quantity": quantity, "reduceOnly": str(reduce_only).lower()}
        if kind == "TRAILING_STOP_MARKET":
            del params["triggerPrice"]
            params["callbackRate"] = str(D(abs(offset) % 20 + 1) / 10)
        return self.core.place_algo(params, self.now_ms)[1]

    def cancel(self, index: int) -> Any:
        return self.core.cancel_order("BTCUSDT", self.nth_open(index), None, self.now_ms)[1]

    def modify(self, index: int, quantity: str, offset: int) -> Any:
        order_id = self.nth_open(index)
        side = self.core.query_order("BTCUSDT", order_id).side
        params = {"symbol": "BTCUSDT", "side": side, "quantity": quantity, "price": self.price(offset)}
        return self.core.modify_order(params | {"orderId": str(order_id)}, self.now_ms)[1]

    def cross(self, index: int, mode: str) -> Any:
        """Come for an own resting order."""
        resting = self.core.query_order("BTCUSDT", self.nth_open(index))
        params = {"symbol": "BTCUSDT", "type": "LIMIT", "timeInForce": "IOC", "price": str(resting.price)}
        params |= {"side": "SELL" if resting.side == "BUY" else "BUY", "quantity": str(resting.orig_qty)}
        return self.core.place_order(params | {"selfTradePreventionMode": mode}, self.now_ms)[1]

    def nth_open(self, index: int) -> int:
        orders = self.core.open_orders()
        if not orders:
            raise VenueRefusal(-2011, "none")
        return orders[index % len(orders)].order_id

    def amount(self) -> D:
        return sum((view.position_amount for view in self.core.position_risk("BTCUSDT")), D(0))

    def check_reduce_only(self, events: Any, amount: D) -> None:
        """Follow the position fill by fill: a reduce-only fill brings it nearer to zero and never across."""
        for event in events:
            if isinstance(event, OrderEvent) and event.trade is not None:
                signed = event.trade.qty if event.trade.side == "BUY" else -event.trade.qty
                if event.order.reduce_only:
                    assert signed * amount < 0 and abs(signed) <= abs(amount)
                amount += signed

    def check(self) -> None:
        core = self.core
        asset = core.account().asset
        assert asset.wallet_balance == 1000 + sum(entry.income for entry in core.income(limit=10_000, start_ms=0))
        assert asset.wallet_balance >= 0 and asset.available_balance >= 0
        trades = core.trades("BTCUSDT", start_ms=0, limit=10_000)
        assert self.amount() == sum((t.qty if t.side == "BUY" else -t.qty for t in trades), D(0))
        orders = core.all_orders("BTCUSDT", start_ms=0, limit=10_000)
        for order in orders:
            filled = [trade.qty for trade in trades if trade.order_id == order.order_id]
            assert order.executed_qty == sum(filled, D(0)) <= order.orig_qty
            is_open = order.status in ("NEW", "PARTIALLY_FILLED")
            assert is_open == (order in core.open_orders())
            assert (order.status == "FILLED") == (order.executed_qty == order.orig_qty)
        (bid, ask) = core.best("BTCUSDT")
        assert bid is None or ask is None or bid[0] < ask[0]
        assert asset.open_order_initial_margin >= 0
        opening = [o for o in core.open_orders() if not o.reduce_only]
        for view in core.position_risk("BTCUSDT"):
            for side, notional in (("BUY", view.bid_notional), ("SELL", view.ask_notional)):
                assert notional == sum(
                    (o.price * (o.orig_qty - o.executed_qty) for o in opening if o.side == side), D(0)
                )
        closing = [o for o in core.open_orders() if o.reduce_only]
        assert sum((o.orig_qty - o.executed_qty for o in closing), D(0)) <= abs(self.amount())


def _has_twin(event: OrderEvent, events: Any) -> bool:
    """Whether a fill as taker comes with one as maker at the same price and quantity."""
    fills = [e.trade for e in events if isinstance(e, OrderEvent) and e.trade is not None]
    mine = event.trade
    assert mine is not None
    return any(
        (fill.price, fill.qty, fill.is_maker) == (mine.price, mine.qty, True) and fill.side != mine.side
        for fill in fills
        if not mine.is_maker
    )


@pytest.mark.parametrize("seed", range(8))
def test_books_balance_through_a_wild_session_and_it_repeats(picture, seed: int) -> None:
    first, second = Session(picture), Session(picture)
    for action in draw_actions(seed, 120):
        first.run(action)
        second.run(action)
    assert first.log == second.log
    assert picture(first.core) == picture(second.core)


def test_the_wild_sessions_meet_what_they_are_meant_to_meet(picture) -> None:
    seen: set[object] = set()
    for seed in range(8):
        session = Session(picture)
        for action in draw_actions(seed, 120):
            session.run(action)
        for entry in session.log:
            if isinstance(entry, int):
                seen.add(entry)
                continue
            for event in entry:
                if isinstance(event, OrderEvent):
                    seen |= {event.execution_type, event.order.status, f"er {event.expiry_reason}"}
                    seen.add("maker" if event.trade and event.trade.is_maker else "")
                    seen.add(event.order.order_type)
                    seen.add("self-trade" if event.trade and _has_twin(event, entry) else "")
                elif isinstance(event, AlgoEvent):
                    seen.add(f"algo {event.algo.algo_status}")
                elif isinstance(event, AccountEvent):
                    seen.add(event.reason)
    assert {"AMENDMENT", "CANCELED", "PARTIALLY_FILLED", "maker", "LIQUIDATION"} <= seen
    assert {"er 1", "er 2", "er 3", "er 4", "EXPIRED_IN_MATCH", "FUNDING_FEE", "INSURANCE_CLEAR"} <= seen
    assert "self-trade" in seen
    assert {f"algo {status}" for status in ("FINISHED", "EXPIRED", "REJECTED", "TRIGGERED")} <= seen
    assert {-2019, -2021, -2022, -4130, -4509, -5021, -5022} <= seen
