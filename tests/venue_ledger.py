"""Independent books about a core of the simulated exchange, kept from what it says, in exact fractions.

`Money` follows every fill and every change of the wallet, `Lives` the states of orders, `Replica` is an account put
together from the JSON of the user stream alone. Each of them asserts as it goes.
"""

import math
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from trader_gui.simulated_exchange import wire_account, wire_order
from trader_gui.simulated_exchange.core import VenueCore
from trader_gui.simulated_exchange.records import AccountEvent, AlgoEvent, LeverageEvent, OrderEvent, VenueEvent
from trader_gui.simulated_exchange.wire import encode
from trader_gui.simulated_exchange.wire_user import user_events

PLACES = 10**8
OPEN_STATES = ("NEW", "PARTIALLY_FILLED")
FINAL_STATES = ("FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH")
ORDER_ROADS = {
    "": {"NEW"},
    "NEW": {"NEW", "PARTIALLY_FILLED", *FINAL_STATES},
    "PARTIALLY_FILLED": {"PARTIALLY_FILLED", *FINAL_STATES},
}
ALGO_ROADS = {
    "": {"NEW"},
    "NEW": {"NEW", "TRIGGERING", "CANCELED", "EXPIRED"},
    "TRIGGERING": {"TRIGGERED", "REJECTED"},
    "TRIGGERED": {"FINISHED"},
}
X_OF = {  # execution type -> states that it may come with
    "NEW": {"NEW"},
    "TRADE": {"PARTIALLY_FILLED", "FILLED"},
    "CALCULATED": {"PARTIALLY_FILLED", "FILLED"},
    "AMENDMENT": set(OPEN_STATES),
    "CANCELED": {"CANCELED"},
    "EXPIRED": {"EXPIRED", "EXPIRED_IN_MATCH"},
}


def cut(value: Fraction) -> Fraction:
    """Cut toward zero to 8 decimals, as the venue does with money."""
    return Fraction(math.trunc(value * PLACES), PLACES)


def exact(value: Decimal) -> Fraction:
    """Return the same number as a fraction."""
    return Fraction(value)


class Leg:
    """One position: signed amount, mean entry price, isolated wallet."""

    def __init__(self) -> None:
        self.amount = self.entry = self.wallet = Fraction(0)

    def close(self, buys: bool, price: Fraction, quantity: Fraction) -> tuple[Fraction, Fraction]:
        """Take a fill as far as it closes; return the realised profit, cut, and what is left to open."""
        if not self.amount or (self.amount < 0) is not buys:
            return Fraction(0), quantity
        held = abs(self.amount)
        closing = min(quantity, held)
        direction = 1 if self.amount > 0 else -1
        self.wallet = cut(self.wallet * (held - closing) / held)
        self.amount -= direction * closing
        realized = cut(direction * closing * (price - self.entry))
        if not self.amount:
            self.entry = Fraction(0)
        return realized, quantity - closing

    def open(self, buys: bool, price: Fraction, quantity: Fraction, margin: Fraction) -> None:
        """Take what a fill opens, with the margin that is set aside for it."""
        held = abs(self.amount)
        self.entry = (held * self.entry + quantity * price) / (held + quantity)
        self.amount += quantity if buys else -quantity
        self.wallet += margin


class Money:
    """Wallet and positions as they follow from fills, funding, transfers and moved margin."""

    def __init__(self, core: VenueCore) -> None:
        self._core = core
        self._start = exact(core.balances()[0].wallet_balance)
        self.legs = {(symbol, side): Leg() for symbol in core.specs for side in ("BOTH", "LONG", "SHORT")}
        self.realized = self.fees = self.funding = self.transfers = self.cleared = Fraction(0)
        self.leverage = {row.symbol: row.leverage for row in core.symbol_config()}
        self.isolated: set[str] = set()

    def expect_funding(self, symbol: str, now_ms: int) -> list[Fraction]:
        """Return what fell due up to now, at the mark price and rate known before; 0 is not told."""
        rate, at_ms = self._core.funding(symbol)
        mark, due = exact(self._core.mark(symbol)), []
        if not mark:
            return []
        while at_ms <= now_ms:
            due += [cut(-self.legs[symbol, side].amount * mark * exact(rate)) for side in self._sides()]
            at_ms += self._core.specs[symbol].funding_interval_ms
        return [amount for amount in due if amount]

    def _sides(self) -> tuple[str, ...]:
        return ("LONG", "SHORT") if self._core.is_hedge else ("BOTH",)

    def follow(self, events: Iterable[VenueEvent]) -> None:
        """Book what the events tell."""
        for event in events:
            if isinstance(event, OrderEvent) and event.trade is not None:
                self._fill(event)
            elif isinstance(event, LeverageEvent):
                self.leverage[event.symbol] = event.leverage
            elif isinstance(event, AccountEvent):
                self._account(event)

    def _fill(self, event: OrderEvent) -> None:
        trade, order = event.trade, event.order
        assert trade is not None
        assert (trade.order_id, trade.side, trade.position_side) == (order.order_id, order.side, order.position_side)
        leg = self.legs[trade.symbol, trade.position_side]
        if order.reduce_only or order.close_position:
            room = leg.amount if trade.side == "SELL" else -leg.amount
            assert exact(trade.qty) <= room, "a reducing order opened"
        buys, price, quantity = trade.side == "BUY", exact(trade.price), exact(trade.qty)
        rates = self._core.commission_rate(trade.symbol)
        fee = cut(price * quantity * exact(rates.maker if trade.is_maker else rates.taker))
        realized, opening = leg.close(buys, price, quantity)
        self.realized += realized
        if opening:
            wanted = cut(price * opening / self.leverage[trade.symbol])
            left = max(Fraction(0), cut(self._cross_equity() - fee))
            leg.open(buys, price, opening, min(wanted, left) if trade.symbol in self.isolated else Fraction(0))
        self.fees += fee
        assert (exact(trade.realized_pnl), exact(trade.commission)) == (realized, fee), (trade, realized, fee)
        assert trade.position_side != "LONG" or leg.amount >= 0
        assert trade.position_side != "SHORT" or leg.amount <= 0

    def _account(self, event: AccountEvent) -> None:
        change = exact(event.balances[0].balance_change)
        if event.reason == "FUNDING_FEE":
            self.funding += change
            for row in event.positions:
                if row.margin_type == "ISOLATED" and row.symbol == event.symbol and row.position_amount:
                    self.legs[row.symbol, row.position_side].wallet += change
        elif event.reason == "INSURANCE_CLEAR":
            self.cleared += change
        elif event.reason in ("DEPOSIT", "WITHDRAW"):
            self.transfers += change
        elif event.reason == "MARGIN_TYPE_CHANGE":
            for row in event.positions:
                (self.isolated.add if row.margin_type == "ISOLATED" else self.isolated.discard)(row.symbol)
        else:
            assert not change, event

    def _cross_equity(self) -> Fraction:
        crossed = [(symbol, leg) for (symbol, _), leg in self.legs.items() if symbol not in self.isolated]
        unrealized = sum(leg.amount * (exact(self._core.mark(symbol)) - leg.entry) for symbol, leg in crossed)
        return self.wallet() - sum(leg.wallet for leg in self.legs.values()) + unrealized

    # ---- what must hold ----------------------------------------------------------------------------------------------

    def free(self) -> Fraction:
        """Return the available balance before it is held at 0."""
        free = self.wallet() - sum(leg.wallet for leg in self.legs.values())
        reserved: dict[tuple[str, str], list[Fraction]] = {}
        for order in self._core.open_orders():
            if not order.reduce_only:
                both = reserved.setdefault((order.symbol, order.position_side), [Fraction(0), Fraction(0)])
                both[order.side == "SELL"] += exact(order.price * (order.orig_qty - order.executed_qty))
        for (symbol, side), leg in self.legs.items():
            mark, leverage = exact(self._core.mark(symbol)), self.leverage[symbol]
            notional = leg.amount * mark
            if symbol not in self.isolated:
                free += leg.amount * (mark - leg.entry) - abs(notional) / leverage
            bids, asks = reserved.get((symbol, side), (Fraction(0), Fraction(0)))
            worst = max(abs(notional + bids), abs(notional - asks), abs(notional))
            free -= (worst - abs(notional)) / leverage
        return free

    def wallet(self) -> Fraction:
        """Return the wallet that must be there."""
        return self._start + self.realized - self.fees + self.funding + self.transfers + self.cleared

    def check(self) -> None:
        """Assert that the core's account says the same."""
        core = self._core
        view = core.account(lists_all=True)
        asset, wallet = view.asset, self.wallet()
        assert exact(asset.wallet_balance) == wallet
        rows = core.income(limit=1_000_000, start_ms=0)
        assert wallet == self._start + sum(exact(row.income) for row in rows)
        assert all(row.income and row.income == row.income.quantize(Decimal("0.00000001")) for row in rows)
        assert len({(row.income_type, row.tran_id) for row in rows}) == len(rows)
        by_type: dict[str, Fraction] = {}
        for row in rows:
            by_type[row.income_type] = by_type.get(row.income_type, Fraction(0)) + exact(row.income)
        sums = (self.realized, -self.fees, self.funding, self.transfers, self.cleared)
        kinds = ("REALIZED_PNL", "COMMISSION", "FUNDING_FEE", "TRANSFER", "INSURANCE_CLEAR")
        assert tuple(by_type.get(kind, 0) for kind in kinds) == sums
        for position in view.positions:
            leg = self.legs[position.symbol, position.position_side]
            assert exact(position.position_amount) == leg.amount
            assert exact(position.entry_price) == cut(leg.entry)
            assert exact(position.isolated_wallet) == leg.wallet
            assert bool(leg.amount) or not leg.wallet
        assert exact(asset.cross_wallet_balance) == wallet - sum(leg.wallet for leg in self.legs.values())
        assert exact(asset.available_balance) == cut(max(Fraction(0), self.free()))


class Lives:
    """States of orders and conditional orders, from the events; what is final stays as it was."""

    def __init__(self, core: VenueCore) -> None:
        self._core = core
        self._orders: dict[int, Any] = {}
        self._algos: dict[int, Any] = {}

    def follow(self, events: Iterable[VenueEvent]) -> None:
        """Take the next states."""
        for event in events:
            if isinstance(event, OrderEvent):
                self._order(event)
            elif isinstance(event, AlgoEvent):
                self._algo(event)

    def _order(self, event: OrderEvent) -> None:
        order, before = event.order, self._orders.get(event.order.order_id)
        assert order.status in ORDER_ROADS.get(before.status if before else "", ()), (before, order)
        assert order.status in X_OF[event.execution_type]
        filled = before.executed_qty if before else Decimal(0)
        grown = event.trade.qty if event.trade else Decimal(0)
        assert order.executed_qty == filled + grown <= order.orig_qty
        assert (order.status == "FILLED") == (order.executed_qty == order.orig_qty)
        if before and event.execution_type != "AMENDMENT":
            assert (order.orig_qty, order.price) == (before.orig_qty, before.price)
        self._orders[order.order_id] = order

    def _algo(self, event: AlgoEvent) -> None:
        algo, before = event.algo, self._algos.get(event.algo.algo_id)
        assert algo.algo_status in ALGO_ROADS.get(before.algo_status if before else "", ()), (before, algo)
        assert (algo.actual_order_id is not None) == (algo.algo_status in ("TRIGGERED", "FINISHED"))
        if algo.algo_status in ("TRIGGERED", "FINISHED"):
            child = self._orders[algo.actual_order_id or 0]
            assert child.client_order_id == algo.client_algo_id
            assert algo.algo_status == "TRIGGERED" or child.status in FINAL_STATES
            assert algo.actual_qty == child.executed_qty
        assert bool(algo.reason) == (algo.algo_status == "REJECTED")
        self._algos[algo.algo_id] = algo

    def check(self) -> None:
        """Assert that what the queries list is what the events told last."""
        rows = self._core.all_orders(None, start_ms=0, limit=1_000_000)
        for row in rows:
            assert row == self._orders[row.order_id]
        known = {order_id for order_id, order in self._orders.items() if order.status in OPEN_STATES}
        assert {row.order_id for row in self._core.open_orders()} == known
        waiting = {algo_id for algo_id, algo in self._algos.items() if algo.algo_status == "NEW"}
        assert {row.algo_id for row in self._core.open_algo_orders()} == waiting
        assert all(algo.algo_status != "TRIGGERING" for algo in self._algos.values())


class Replica:
    """The account as a client knows it that started flat and heard every event: JSON only."""

    def __init__(self, core: VenueCore) -> None:
        self._core = core
        account = self._json(wire_account.account_reply(core.account()))
        self._wallet, self._cross = account["totalWalletBalance"], account["totalCrossWalletBalance"]
        self._positions: dict[tuple[str, str], Any] = {}
        self._orders: dict[int, Any] = {}
        self._algos: dict[int, Any] = {}
        self._leverage: dict[str, int] = {}
        self.frames: list[bytes] = []

    @staticmethod
    def _json(value: Any) -> Any:
        return msgspec.json.decode(encode(value))

    def follow(self, events: Iterable[VenueEvent], now_ms: int) -> None:
        """Hear the events as the user stream tells them."""
        for event in user_events(events, now_ms):
            frame = encode(event)
            self.frames.append(frame)
            told = msgspec.json.decode(frame)
            kind = told["e"]
            if kind == "ORDER_TRADE_UPDATE":
                self._orders[told["o"]["i"]] = told["o"]
            elif kind == "ALGO_UPDATE":
                self._algos[told["o"]["aid"]] = told["o"]
            elif kind == "ACCOUNT_UPDATE":
                (balance,) = told["a"]["B"]
                self._wallet, self._cross = balance["wb"], balance["cw"]
                for row in told["a"]["P"]:
                    self._positions[row["s"], row["ps"]] = row
            elif kind == "ACCOUNT_CONFIG_UPDATE" and "ac" in told:
                self._leverage[told["ac"]["s"]] = told["ac"]["l"]

    def check(self) -> None:
        """Assert that the REST answers say the same."""
        core = self._core
        account = self._json(wire_account.account_reply(core.account()))
        assert (account["totalWalletBalance"], account["totalCrossWalletBalance"]) == (self._wallet, self._cross)
        for view in core.position_risk(lists_all=True):
            row = self._json(wire_account.position_row(view))
            told = self._positions.get((row["symbol"], row["positionSide"]))
            if told is None:
                assert not Decimal(row["positionAmt"])
                continue
            assert Decimal(told["pa"]) == Decimal(row["positionAmt"])
            shown = (row["entryPrice"], row["breakEvenPrice"], row["isolatedWallet"])
            assert (told["ep"], told["bep"], told["iw"]) == shown, (told, row)
        for config in core.symbol_config():
            assert self._leverage.get(config.symbol, config.leverage) == config.leverage
        rows = [self._json(wire_order.order_row(row)) for row in core.open_orders()]
        assert [row["orderId"] for row in rows] == sorted(i for i, o in self._orders.items() if o["X"] in OPEN_STATES)
        for row in [self._json(wire_order.order_row(row)) for row in core.all_orders(start_ms=0, limit=1_000_000)]:
            self._check_order(row)
        algos = [self._json(wire_order.algo_row(row)) for row in core.open_algo_orders()]
        assert [row["algoId"] for row in algos] == sorted(i for i, o in self._algos.items() if o["X"] == "NEW")
        for symbol in core.specs:
            for algo in core.all_algo_orders(symbol, start_ms=0, limit=1_000_000):
                self._check_algo(self._json(wire_order.algo_row(algo)))

    def _check_order(self, row: Any) -> None:
        told = self._orders[row["orderId"]]
        names = {
            "clientOrderId": "c", "side": "S", "type": "o", "timeInForce": "f", "origQty": "q", "price": "p",
            "avgPrice": "ap", "stopPrice": "sp", "status": "X", "executedQty": "z", "reduceOnly": "R",
            "workingType": "wt", "origType": "ot", "positionSide": "ps", "closePosition": "cp", "priceProtect": "pP",
            "selfTradePreventionMode": "V", "priceMatch": "pm", "goodTillDate": "gtd", "updateTime": "T",
        }  # fmt: skip
        assert {name: row[name] for name in names} == {name: told[letter] for name, letter in names.items()}

    def _check_algo(self, row: Any) -> None:
        told = self._algos[row["algoId"]]
        names = {
            "clientAlgoId": "caid", "orderType": "o", "side": "S", "positionSide": "ps", "timeInForce": "f",
            "quantity": "q", "algoStatus": "X", "actualOrderId": "ai", "actualPrice": "ap", "triggerPrice": "tp",
            "price": "p", "selfTradePreventionMode": "V", "workingType": "wt", "priceMatch": "pm",
            "closePosition": "cp", "priceProtect": "pP", "reduceOnly": "R", "triggerTime": "tt", "goodTillDate": "gtd",
        }  # fmt: skip
        assert {name: row[name] for name in names} == {name: told[letter] for name, letter in names.items()}
