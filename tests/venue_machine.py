"""A core of the simulated exchange driven by drawn numbers, with independent books beside it that must agree.

Every act is a call with plain numbers, so that a test can play one back line by line. A refused act must leave the
whole core as it was.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.venue_ledger import Lives, Money, Replica, exact
from tests.venue_picture import picture_of
from trader_gui.simulated_exchange.core import VenueCore
from trader_gui.simulated_exchange.records import MarketTick, OrderEvent, Print, VenueEvent, VenueRefusal
from trader_gui.simulated_exchange.symbols import SPECS

SYMBOLS = ("BTCUSDT", "ETHUSDT")
START_MS = 1_795_305_600_000  # a multiple of eight hours
MIDDLES = {"BTCUSDT": 60_000, "ETHUSDT": 3_000}
UNITS = {"BTCUSDT": Decimal("0.001"), "ETHUSDT": Decimal("0.02")}
LIMIT_KINDS = ("GTC", "GTC", "GTC", "IOC", "FOK", "GTX", "GTD", "RPI")
ALGO_KINDS = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
_OPENING = ("place_order", "modify_order")


class VenueMachine:
    """A core on two symbols, and what is expected of it.

    Attributes:
        refused: Codes of the acts that were refused.
    """

    def __init__(self, wallet: str = "3000") -> None:
        self.core = VenueCore({symbol: SPECS[symbol] for symbol in SYMBOLS}, wallet_balance=Decimal(wallet))
        self.now_ms = START_MS
        self.refused: list[int] = []
        self.seen: list[VenueEvent] = []
        self._middle = {symbol: price / SPECS[symbol].tick_size for symbol, price in MIDDLES.items()}
        self.money, self.lives, self.replica = Money(self.core), Lives(self.core), Replica(self.core)
        for symbol in SYMBOLS:
            self.tick(symbol, 0, 200, 0, 0)

    # ---- the market --------------------------------------------------------------------------------------------------

    def tick(self, symbol: str, move_bps: int, thickness: int, prints: int, wait_ms: int, rate: int = 1) -> None:
        """Move the market: `prints` > 0 buyers through the new price, < 0 sellers; `wait_ms` -1 until the funding."""
        funding_ms = self.core.funding(symbol)[1]
        self.now_ms = max(self.now_ms, funding_ms) if wait_ms < 0 else self.now_ms + wait_ms
        spec = SPECS[symbol]
        moved = int(self._middle[symbol] * (10_000 + move_bps) / 10_000)
        first = MIDDLES[symbol] / spec.tick_size
        middle = self._middle[symbol] = Decimal(min(max(moved, int(first / 5)), int(first * 5)))
        size = thickness * UNITS[symbol] * 5
        trades = [Print((middle + i) * spec.tick_size, size, prints < 0) for i in range(abs(prints))]
        due = self.money.expect_funding(symbol, self.now_ms)
        paid = self.money.funding
        events = self.core.on_tick(
            MarketTick(
                symbol=symbol,
                time_ms=self.now_ms,
                prints=tuple(trades),
                bids=tuple(((middle - 1 - i) * spec.tick_size, size) for i in range(20)),
                asks=tuple(((middle + 1 + i) * spec.tick_size, size) for i in range(20)),
                mark_price=middle * spec.tick_size,
                index_price=middle * spec.tick_size,
                funding_rate=Decimal(rate) / 10_000,
            )
        )
        self._take(events)
        assert self.money.funding - paid == sum(due)
        self._check_solvent(symbol)

    def _check_solvent(self, symbol: str) -> None:
        """After a tick nothing of its symbol is left that should have been liquidated."""
        views = [view for view in self.core.position_risk() if view.position_amount]
        asset = self.core.account().asset
        assert views or asset.wallet_balance >= 0, "a debt is left behind"
        if any(view.symbol == symbol and view.margin_type == "CROSSED" for view in views):
            maintenance = sum((v.maint_margin for v in views if v.margin_type == "CROSSED"), Decimal(0))
            assert asset.cross_wallet_balance + asset.cross_unrealized + Decimal("0.000001") > maintenance
        for view in views:
            if view.symbol == symbol and view.margin_type == "ISOLATED":
                assert view.isolated_margin + Decimal("0.000001") > view.maint_margin

    def price(self, symbol: str, offset: int) -> str:
        """Return the price `offset` ticks above the middle, as text."""
        return str((self._middle[symbol] + offset) * SPECS[symbol].tick_size)

    # ---- orders ------------------------------------------------------------------------------------------------------

    def order(self, symbol: str, side: str, units: int, offset: int, kind: str, **more: str) -> None:
        """Place an order: `kind` MARKET or a time in force; `more` goes into the request as it is."""
        params = self._params(symbol, side, units, more)
        if kind == "MARKET":
            params["type"] = kind
        else:
            params |= {"type": "LIMIT", "timeInForce": kind}
            if "priceMatch" not in more:
                params["price"] = self.price(symbol, offset)
            if kind == "GTD":
                params["goodTillDate"] = str(self.now_ms + 1_200_000)
        self._ask("place_order", params | more, self.now_ms)

    def modify(self, index: int, units: int, offset: int, times: int = 1, **more: str) -> None:
        """Change one of the open orders, `times` times in one batch."""
        order = self._nth(self.core.open_orders(), index)
        if order is None:
            return
        params = {"symbol": order.symbol, "side": order.side, "orderId": str(order.order_id)}
        params["quantity"] = str(units * UNITS[order.symbol])
        pending: set[int] = set()
        for step in range(times):
            given = {} if "priceMatch" in more else {"price": self.price(order.symbol, offset + step)}
            if self._ask("modify_order", params | given | more, self.now_ms, pending):
                pending.add(order.order_id)

    def cancel(self, index: int, by_name: bool = False) -> None:
        """Cancel one of the open orders."""
        order = self._nth(self.core.open_orders(), index)
        if order is not None:
            ids = (None, order.client_order_id) if by_name else (order.order_id, None)
            self._ask("cancel_order", order.symbol, *ids, self.now_ms)

    def algo(self, symbol: str, side: str, units: int, offset: int, kind: str, limit: int, **more: str) -> None:
        """Place a conditional order; `offset` of its trigger (or activation), `limit` of its limit price from there."""
        params = self._params(symbol, side, units, more) | {"algoType": "CONDITIONAL", "type": kind}
        if more.get("closePosition") == "true":
            del params["quantity"]
        if kind == "TRAILING_STOP_MARKET":
            params |= {"callbackRate": str(Decimal(1 + abs(limit) % 30) / 10)}
            if limit % 2:
                params["activatePrice"] = self.price(symbol, offset)
        else:
            params["triggerPrice"] = self.price(symbol, offset)
        if kind in ("STOP", "TAKE_PROFIT") and "priceMatch" not in more:
            params["price"] = self.price(symbol, offset + limit)
        if more.get("timeInForce") == "GTD":
            params["goodTillDate"] = str(self.now_ms + 1_200_000)
        self._ask("place_algo", params | more, self.now_ms)

    def cancel_algo(self, index: int) -> None:
        """Cancel one of the waiting conditional orders."""
        algo = self._nth(self.core.open_algo_orders(), index)
        if algo is not None:
            self._ask("cancel_algo", algo.algo_id, None, self.now_ms)

    def cancel_all(self, symbol: str, algos: bool) -> None:
        """Cancel all orders of a symbol, or all conditional ones."""
        self._ask("cancel_all_algo" if algos else "cancel_all", symbol, self.now_ms)

    def close(self, symbol: str, units: int, leg: str) -> None:
        """Close a position by a market order that only reduces, `units` of it (0: all)."""
        self._reduce(symbol, leg, units, 0, "MARKET")

    def reduce(self, symbol: str, leg: str, units: int, offset: int) -> None:
        """Rest a limit order that reduces the position by `units` (0: all of it)."""
        self._reduce(symbol, leg, units, offset, "GTC")

    def _reduce(self, symbol: str, leg: str, units: int, offset: int, kind: str) -> None:
        amount = self.money.legs[symbol, leg if self.core.is_hedge else "BOTH"].amount
        if amount:
            size = abs(amount) if not units else min(abs(amount), Fraction(units * UNITS[symbol]))
            text = str(Decimal(size.numerator) / size.denominator)
            more = {"positionSide": leg} if self.core.is_hedge else {"reduceOnly": "true"}
            self.order(symbol, "SELL" if amount > 0 else "BUY", 1, offset, kind, quantity=text, **more)

    def flatten(self) -> None:
        """Cancel everything and close every position, as far as the books give it."""
        for symbol in SYMBOLS:
            self.cancel_all(symbol, False)
            self.cancel_all(symbol, True)
            for leg in ("LONG", "SHORT") if self.core.is_hedge else ("BOTH",):
                self.close(symbol, 0, leg)

    def protect(self, symbol: str, leg: str, distance: int, stops: bool, **more: str) -> None:
        """Place a closePosition order `distance` ticks away from the middle, on the side that the position has."""
        is_long = self.money.legs[symbol, leg if self.core.is_hedge else "BOTH"].amount > 0
        kind, offset = ("STOP_MARKET" if stops else "TAKE_PROFIT_MARKET"), (-distance if is_long == stops else distance)
        more |= {"closePosition": "true", "positionSide": leg}
        self.algo(symbol, "SELL" if is_long else "BUY", 1, offset, kind, 0, **more)

    # ---- the account -------------------------------------------------------------------------------------------------

    def settle(self, hedge: bool, *isolated: bool) -> None:
        """Close everything and choose the modes; `isolated` by symbol, and last whether in multi-assets mode."""
        self.flatten()
        self.try_modes(hedge, *isolated)

    def try_modes(self, hedge: bool, *isolated: bool) -> None:
        """Choose the modes, whatever is open."""
        self._ask("set_position_mode", hedge)
        for symbol, is_isolated in zip(SYMBOLS, isolated, strict=False):
            self._ask("set_margin_type", symbol, "ISOLATED" if is_isolated else "CROSSED", self.now_ms)
        self._ask("set_multi_assets_mode", isolated[-1], self.now_ms)

    def leverage(self, symbol: str, leverage: int) -> None:
        """Set a symbol's leverage."""
        self._ask("set_leverage", symbol, leverage, self.now_ms)

    def margin(self, symbol: str, leg: str, amount: str, adds: bool) -> None:
        """Add margin to an isolated position, or take some away."""
        side, before = leg if self.core.is_hedge else "BOTH", self.core.account().asset
        moved = self._ask("move_position_margin", symbol, side, Decimal(amount), adds=adds, now_ms=self.now_ms)
        if moved is not None:
            self.money.legs[symbol, side].wallet += exact(Decimal(amount)) * (1 if adds else -1)
            assert self.money.legs[symbol, side].wallet >= 0
            assert not adds or Decimal(amount) <= before.available_balance
            self._take(moved)

    def transfer(self, amount: str) -> None:
        """Bring money or take some away."""
        before = self.core.account().asset.available_balance
        if self._ask("transfer", "USDT", Decimal(amount), self.now_ms) is not None:
            assert -Decimal(amount) <= before

    def deleverage(self, symbol: str, leg: str, units: int) -> None:
        """Close a position, or some of it (units > 0), as auto-deleveraging does."""
        quantity = units * UNITS[symbol] if units else None
        self._ask("auto_deleverage", symbol, leg if self.core.is_hedge else "BOTH", quantity, self.now_ms)

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _params(self, symbol: str, side: str, units: int, more: dict[str, str]) -> dict[str, str]:
        params = {"symbol": symbol, "side": side, "quantity": str(units * UNITS[symbol])}
        if more.get("positionSide", "BOTH") != "BOTH" and not self.core.is_hedge:
            del more["positionSide"]
        if self.core.is_hedge:
            more.pop("reduceOnly", None)
        return params

    @staticmethod
    def _nth(rows: list[Any], index: int) -> Any:
        return rows[index % len(rows)] if rows else None

    def _ask(self, name: str, *args: Any, **options: Any) -> list[VenueEvent] | None:
        """Make one request; return its events, None when it is refused."""
        before, free = picture_of(self.core), self.money.free()
        try:
            answer = getattr(self.core, name)(*args, **options)
        except VenueRefusal as refusal:
            self.refused.append(refusal.code)
            assert picture_of(self.core) == before, f"{name} was refused with {refusal.code} and changed something"
            return None
        events: list[VenueEvent] = answer[1] if isinstance(answer, tuple) else answer or []
        if name == "move_position_margin":
            return events  # its event does not say how much: the caller knows
        self._take(events)
        if name in _OPENING and not answer[0].reduce_only:
            self._check_not_overspent(free, events)
        return events

    def _check_not_overspent(self, before: Fraction, events: list[VenueEvent]) -> None:
        """What an accepted order took was there, save for fees and for the distance of its fills to the mark price."""
        left, slack = self.money.free(), Fraction(0)
        for event in events:
            if isinstance(event, OrderEvent) and event.trade is not None:
                trade = event.trade
                away = trade.price - self.core.mark(trade.symbol)
                slack += exact(trade.commission) + exact(max(Decimal(0), away if trade.side == "BUY" else -away)) * (
                    exact(trade.qty)
                )
        assert left >= min(before, Fraction(0)) - slack, (float(before), float(left), float(slack))

    def _take(self, events: list[VenueEvent]) -> None:
        self.seen.extend(events)
        self.money.follow(events)
        self.lives.follow(events)
        self.replica.follow(events, self.now_ms)
        self.check()

    def check(self) -> None:
        """Assert that all books agree."""
        self.money.check()
        self.lives.check()
        self.replica.check()
        for symbol in SYMBOLS:
            bid, ask = self.core.best(symbol)
            assert bid is None or ask is None or bid[0] < ask[0]
            self._check_reducing(symbol)

    def _check_reducing(self, symbol: str) -> None:
        """Resting orders that only reduce never exceed the position that they reduce."""
        left: dict[tuple[str, str], Decimal] = {}
        for order in self.core.open_orders(symbol):
            if order.reduce_only:
                key = order.position_side, order.side
                left[key] = left.get(key, Decimal(0)) + order.orig_qty - order.executed_qty
        for (leg, side), quantity in left.items():
            amount = self.money.legs[symbol, leg].amount
            assert exact(quantity) <= (amount if side == "SELL" else -amount)
