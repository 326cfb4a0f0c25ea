"""One symbol's book: other people's ladder, the account's own resting orders, and who fills whom.

Pure: decides fills, books nothing. Assumptions, each on the cautious side unless said:

* Other people's book is the ladder of the last market tick. What the account takes from it stays gone until the next
  tick replaces the ladder; nobody answers in between. Only what the ladder shows can trade.
* A taker walks the opposite ladder from its best price; each level is one fill at that level's price.
* An own limit order joins behind the whole displayed quantity at its price (price-time priority). A level deeper than
  the ladder shows has an unknown queue: nothing fills there until the ladder reaches it, then all of it is ahead.
* The queue ahead shrinks by prints at the price, and is never longer than what the ladder shows (who cancels is taken
  to have stood ahead only as far as the display proves it).
* A print at the price by an aggressor from the other side eats the queue ahead, then the own order, as far as its
  quantity goes. A print through the price means that the order was reached: it fills whole, at its own price.
* A new ladder that crosses an own order trades with it, at the own order's price, as far as the crossing levels go.
* The account never trades with itself: an own resting order that an own taker reaches expires (EXPIRE_MAKER), for all
  times in force.
"""

from bisect import bisect_right
from decimal import Decimal
from typing import NamedTuple

from trader_gui.simulated_exchange.margin import ZERO
from trader_gui.simulated_exchange.records import MarketTick, OrderRow, PriceLevel, Print, SymbolSpec

OPPOSITE = {"BUY": "SELL", "SELL": "BUY"}


class MakerFill(NamedTuple):
    """What a resting own order is to be filled with. `is_public`: the market's own prints already show the trade."""

    order: OrderRow
    quantity: Decimal
    is_public: bool


class _Resting:
    """An own order in the book; `queue_ahead` in base asset, None while the ladder does not reach its price."""

    __slots__ = ("order", "queue_ahead")

    def __init__(self, order: OrderRow, queue_ahead: Decimal | None) -> None:
        self.order = order
        self.queue_ahead = queue_ahead

    @property
    def remaining(self) -> Decimal:
        return self.order.orig_qty - self.order.executed_qty


class Book:
    """Book of one symbol. Sides are named by the orders that rest there: "BUY" holds the bids.

    Attributes:
        last_price: Price of the last trade, public or own; 0 before the first tick.
        mark_price, index_price, funding_rate: Of the last tick; 0 before the first.
        time_ms: Market time of the last tick.
        next_funding_ms: Market time of the next funding; 0 before the first tick.
    """

    def __init__(self, spec: SymbolSpec) -> None:
        self.spec = spec
        self.last_price = ZERO
        self.mark_price = ZERO
        self.index_price = ZERO
        self.funding_rate = ZERO
        self.time_ms = 0
        self.next_funding_ms = 0
        self._levels: dict[str, tuple[PriceLevel, ...]] = {"BUY": (), "SELL": ()}
        self._taken: dict[str, dict[Decimal, Decimal]] = {"BUY": {}, "SELL": {}}
        self._own: dict[str, list[_Resting]] = {"BUY": [], "SELL": []}

    # ---- reading ---------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether a tick has come: before it nothing can be ordered."""
        return self.time_ms > 0

    @property
    def has_own(self) -> bool:
        """Whether an own order rests here."""
        return bool(self._own["BUY"] or self._own["SELL"])

    def own_orders(self, side: str) -> list[OrderRow]:
        """Return own resting orders of one side by priority: best price first, then the oldest."""
        return [resting.order for resting in self._own[side]]

    def market_bound(self, side: str) -> Decimal:
        """Return the worst price at which a MARKET order of `side` may trade."""
        bound = self.spec.market_take_bound
        return self.mark_price * (1 + bound if side == "BUY" else 1 - bound)

    def best(self, side: str) -> PriceLevel | None:
        """Return the best level of a side, own orders included, or None."""
        levels = self._merged(side, 1)
        return levels[0] if levels else None

    def depth(self, limit: int) -> tuple[list[PriceLevel], list[PriceLevel]]:
        """Return (bids, asks), best first, at most `limit` each, own orders included."""
        return self._merged("BUY", limit), self._merged("SELL", limit)

    def _others(self, side: str) -> list[PriceLevel]:
        """Return other people's levels as far as they are not taken, best first."""
        taken = self._taken[side]
        if not taken:
            return list(self._levels[side])
        left = ((price, quantity - taken.get(price, ZERO)) for price, quantity in self._levels[side])
        return [level for level in left if level[1] > 0]

    def _merged(self, side: str, limit: int) -> list[PriceLevel]:
        if not self._own[side]:
            return self._others(side)[:limit]
        by_price = dict(self._others(side))
        for resting in self._own[side]:
            by_price[resting.order.price] = by_price.get(resting.order.price, ZERO) + resting.remaining
        return sorted(by_price.items(), reverse=side == "BUY")[:limit]

    def _displayed(self, side: str, price: Decimal) -> Decimal | None:
        """Return other people's quantity at a price; None if the price lies deeper than the ladder shows."""
        levels = self._levels[side]
        if not levels or _is_better(side, levels[-1][0], price):
            return None
        for level_price, quantity in levels:
            if level_price == price:
                return max(ZERO, quantity - self._taken[side].get(price, ZERO))
        return ZERO

    # ---- taking ----------------------------------------------------------------------------------------------------

    def plan_take(self, side: str, limit: Decimal, quantity: Decimal) -> list[PriceLevel]:
        """Return the fills (price, quantity) that a taker of `side` would get now; changes nothing."""
        fills: list[PriceLevel] = []
        resting_side = OPPOSITE[side]
        for price, available in self._others(resting_side):
            if quantity <= 0 or _is_better(resting_side, limit, price):
                break
            fill = min(quantity, available)
            fills.append((price, fill))
            quantity -= fill
        return fills

    def take(self, side: str, fills: list[PriceLevel]) -> None:
        """Remove what a taker of `side` gets from the ladder."""
        taken = self._taken[OPPOSITE[side]]
        for price, quantity in fills:
            taken[price] = taken.get(price, ZERO) + quantity

    def reached_own(self, side: str, price: Decimal) -> list[OrderRow]:
        """Return own resting orders that a taker of `side` reaching `price` would meet."""
        resting_side = OPPOSITE[side]
        return [order for order in self.own_orders(resting_side) if not _is_better(resting_side, price, order.price)]

    def crosses(self, side: str, limit: Decimal) -> bool:
        """Whether an order of `side` at `limit` would trade at once, own orders included."""
        best = self.best(OPPOSITE[side])
        return best is not None and not _is_better(OPPOSITE[side], limit, best[0])

    # ---- resting ---------------------------------------------------------------------------------------------------

    def rest(self, order: OrderRow) -> None:
        """Add an own order behind everything displayed at its price and behind own orders of the same price."""
        own = self._own[order.side]
        resting = _Resting(order, self._displayed(order.side, order.price))
        sign = -1 if order.side == "BUY" else 1
        own.insert(bisect_right(own, sign * order.price, key=lambda other: sign * other.order.price), resting)

    def remove(self, order: OrderRow) -> None:
        """Take an own order out; nothing happens if it does not rest here."""
        own = self._own[order.side]
        own[:] = [resting for resting in own if resting.order.order_id != order.order_id]

    def apply_print(self, trade: Print) -> list[MakerFill]:
        """Take in one public trade; return own orders that it fills, by priority."""
        self.last_price = trade.price
        resting_side = "BUY" if trade.is_buyer_maker else "SELL"
        fills: list[MakerFill] = []
        for side in ("BUY", "SELL"):
            through = [r for r in self._own[side] if _is_better(side, r.order.price, trade.price)]
            fills += [MakerFill(resting.order, resting.remaining, is_public=True) for resting in through]
        at_price = [r for r in self._own[resting_side] if r.order.price == trade.price]
        return fills + _share(at_price, trade.quantity)

    def install(self, tick: MarketTick) -> list[MakerFill]:
        """Replace the ladder and the tick's figures; return own orders that the new ladder crosses."""
        self._levels = {"BUY": tick.bids, "SELL": tick.asks}
        self._taken = {"BUY": {}, "SELL": {}}
        self.mark_price, self.index_price = tick.mark_price, tick.index_price
        self.funding_rate, self.time_ms = tick.funding_rate, tick.time_ms
        if not self.last_price and tick.bids:
            self.last_price = tick.bids[0][0]
        if not self.has_own:
            return []
        return self._meet("BUY") + self._meet("SELL")

    def _meet(self, side: str) -> list[MakerFill]:
        """Bring the queues of one side up to the new ladder, and fill from levels that cross own orders."""
        fills: list[MakerFill] = []
        for resting in self._own[side]:
            displayed = self._displayed(side, resting.order.price)
            if displayed is not None:
                known = resting.queue_ahead
                resting.queue_ahead = displayed if known is None else min(known, displayed)
            crossing = self.plan_take(side, resting.order.price, resting.remaining)
            if crossing:
                self.take(side, crossing)
                quantity = sum((level[1] for level in crossing), ZERO)
                fills.append(MakerFill(resting.order, quantity, is_public=False))
        return fills


def _is_better(side: str, price: Decimal, other: Decimal) -> bool:
    """Whether resting at `price` comes before resting at `other`: higher for bids, lower for asks."""
    return price > other if side == "BUY" else price < other


def _share(at_price: list[_Resting], quantity: Decimal) -> list[MakerFill]:
    """Share a print's quantity among the queue and own orders of one price, oldest first."""
    fills: list[MakerFill] = []
    eaten = ZERO  # of other people's queue, by this print
    for resting in at_price:
        if resting.queue_ahead is None:
            continue
        bite = min(quantity, max(ZERO, resting.queue_ahead - eaten))
        eaten += bite
        quantity -= bite
        resting.queue_ahead = max(ZERO, resting.queue_ahead - eaten)
        fill = min(quantity, resting.remaining)
        if fill > 0:
            fills.append(MakerFill(resting.order, fill, is_public=True))
            quantity -= fill
    return fills
