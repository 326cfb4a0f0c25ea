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
* An own taker that gets as far as an own resting order is judged by its own mode of self-trade prevention: EXPIRE_MAKER
  takes the resting order away and goes on, EXPIRE_TAKER ends the taker, EXPIRE_BOTH both; NONE trades. It gets there
  only when the queue ahead of the resting order is eaten. The mode does not work for FOK orders, which trade.
* An RPI order is not shown in the book and met by no own taker (both come by the API); public trades fill it as they
  fill any other, since who they came from is not known.
"""

from bisect import bisect_left, bisect_right
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from trader_gui.simulated_exchange.margin import ZERO
from trader_gui.simulated_exchange.records import MarketTick, OrderRow, PriceLevel, Print, SymbolSpec

OPPOSITE = {"BUY": "SELL", "SELL": "BUY"}
_BY_RANK = attrgetter("rank")


class MakerFill(NamedTuple):
    """What a resting own order is to be filled with. `is_public`: the market's own prints already show the trade."""

    order: OrderRow
    quantity: Decimal
    is_public: bool


class TakerStep(NamedTuple):
    """One thing that a taker does at a price.

    With `own` None it takes `quantity` from the ladder; else it trades that much with the own order, or, `quantity`
    being 0, takes the own order out of the book (self-trade prevention).
    """

    price: Decimal
    quantity: Decimal
    own: OrderRow | None


class TakerPlan(NamedTuple):
    """What a taker would do now, step by step; `is_stopped`: self-trade prevention ends it with what is left."""

    steps: list[TakerStep]
    is_stopped: bool

    @property
    def quantity(self) -> Decimal:
        """How much it would get."""
        return sum((step.quantity for step in self.steps), ZERO)


class _Resting:
    """An own order in the book; `queue_ahead` in base asset, None while the ladder does not reach its price.

    `rank` puts the best price first: the price of an ask, the negative price of a bid.
    """

    __slots__ = ("order", "queue_ahead", "rank")

    def __init__(self, order: OrderRow, queue_ahead: Decimal | None) -> None:
        self.order = order
        self.queue_ahead = queue_ahead
        self.rank = -order.price if order.side == "BUY" else order.price

    @property
    def remaining(self) -> Decimal:
        return self.order.orig_qty - self.order.executed_qty


class Book:
    """Book of one symbol. Sides are named by the orders that rest there: "BUY" holds the bids.

    Attributes:
        last_price: Price of the last trade, public or own; 0 before the first tick.
        mark_price, index_price, funding_rate: Of the last tick; 0 before the first.
        time_ms: Market time of the last tick.
        is_trading: Whether orders are taken: not before the first tick, and not while the market is halted.
        next_funding_ms: Market time of the next funding; 0 before the first tick.
    """

    def __init__(self, spec: SymbolSpec) -> None:
        self.spec = spec
        self.last_price = ZERO
        self.mark_price = ZERO
        self.index_price = ZERO
        self.funding_rate = ZERO
        self.time_ms = 0
        self.is_trading = False
        self.next_funding_ms = 0
        self._levels: dict[str, tuple[PriceLevel, ...]] = {"BUY": (), "SELL": ()}
        self._taken: dict[str, dict[Decimal, Decimal]] = {"BUY": {}, "SELL": {}}
        self._own: dict[str, list[_Resting]] = {"BUY": [], "SELL": []}

    # ---- reading ---------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether a tick has come: before it there is no market."""
        return self.time_ms > 0

    @property
    def has_own(self) -> bool:
        """Whether an own order rests here."""
        return bool(self._own["BUY"] or self._own["SELL"])

    def has_own_for(self, position_side: str) -> bool:
        """Whether an own order for that position rests here."""
        return any(r.order.position_side == position_side for own in self._own.values() for r in own)

    def own_orders(self, side: str) -> list[OrderRow]:
        """Return own resting orders of one side by priority: best price first, then the oldest."""
        return [resting.order for resting in self._own[side]]

    def market_bound(self, side: str) -> Decimal:
        """Return the worst price at which a MARKET order of `side` may trade."""
        bound = self.spec.market_take_bound
        return self.mark_price * (1 + bound if side == "BUY" else 1 - bound)

    def best(self, side: str) -> PriceLevel | None:
        """Return the best level of a side, own orders included, or None."""
        others = self._others(side)
        own = [resting for resting in self._own[side] if resting.order.time_in_force != "RPI"]
        if not own:
            return others[0] if others else None
        price = own[0].order.price
        if others and _is_better(side, others[0][0], price):
            return others[0]
        quantity = sum((resting.remaining for resting in own if resting.order.price == price), ZERO)
        return price, quantity + others[0][1] if others and others[0][0] == price else quantity

    def depth(self, limit: int) -> tuple[list[PriceLevel], list[PriceLevel]]:
        """Return (bids, asks), best first, at most `limit` each, own orders included."""
        return self._merged("BUY", limit), self._merged("SELL", limit)

    def price_at(self, side: str, rank: int) -> Decimal | None:
        """Return the price of the level that stands `rank`-th on a side (1 is the best), None if there is none."""
        levels = self._merged(side, rank)
        return levels[rank - 1][0] if len(levels) >= rank else None

    def depth_with_rpi(self, limit: int) -> tuple[list[PriceLevel], list[PriceLevel]]:
        """Return `depth` with own RPI orders in it."""
        return self._merged("BUY", limit, with_rpi=True), self._merged("SELL", limit, with_rpi=True)

    def _others(self, side: str) -> list[PriceLevel]:
        """Return other people's levels as far as they are not taken, best first."""
        taken = self._taken[side]
        if not taken:
            return list(self._levels[side])
        levels, left, unseen = self._levels[side], list[PriceLevel](), len(taken)
        for index, level in enumerate(levels):
            if not unseen:  # what is taken lies near the top: a deep ladder is not gone through for it
                return left + list(levels[index:])
            gone = taken.get(level[0])
            if gone is None:
                left.append(level)
                continue
            unseen -= 1
            if level[1] > gone:
                left.append((level[0], level[1] - gone))
        return left

    def _merged(self, side: str, limit: int, *, with_rpi: bool = False) -> list[PriceLevel]:
        own = self._own[side]
        if own and not with_rpi:
            own = [resting for resting in own if resting.order.time_in_force != "RPI"]
        if not own:
            return self._others(side)[:limit]
        by_price = dict(self._others(side))
        for resting in own:
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
        """Return the fills (price, quantity) that the ladder would give a taker of `side` now; changes nothing."""
        return [(step.price, step.quantity) for step in _Walk(self._others(OPPOSITE[side]), side, quantity).to(limit)]

    def plan(self, side: str, limit: Decimal, quantity: Decimal, mode: str) -> TakerPlan:
        """Return what a taker of `side` with that mode of self-trade prevention would do now; changes nothing."""
        resting_side = OPPOSITE[side]
        walk = _Walk(self._others(resting_side), side, quantity)
        for resting in self._own[resting_side]:
            order = resting.order
            if _is_better(resting_side, limit, order.price):
                break
            if order.time_in_force == "RPI":
                continue
            walk.to_queue(order.price, resting.queue_ahead or ZERO)
            if walk.left <= 0:
                break
            if mode == "NONE":
                walk.trade(order, resting.remaining)
                continue
            if mode != "EXPIRE_TAKER":
                walk.steps.append(TakerStep(order.price, ZERO, order))
            if mode != "EXPIRE_MAKER":
                return TakerPlan(walk.steps, is_stopped=True)
        return TakerPlan(walk.to(limit), is_stopped=False)

    def take(self, side: str, fills: list[PriceLevel]) -> None:
        """Remove what a taker of `side` gets from the ladder; it stood ahead of own orders at its price."""
        resting_side = OPPOSITE[side]
        taken = self._taken[resting_side]
        for price, quantity in fills:
            taken[price] = taken.get(price, ZERO) + quantity
            for resting in self._own[resting_side]:
                if resting.order.price == price and resting.queue_ahead:
                    resting.queue_ahead = max(ZERO, resting.queue_ahead - quantity)

    def crosses(self, side: str, limit: Decimal) -> bool:
        """Whether an order of `side` at `limit` would trade at once, own orders included."""
        best = self.best(OPPOSITE[side])
        return best is not None and not _is_better(OPPOSITE[side], limit, best[0])

    # ---- resting ---------------------------------------------------------------------------------------------------

    def rest(self, order: OrderRow) -> None:
        """Add an own order behind everything displayed at its price and behind own orders of the same price."""
        own = self._own[order.side]
        resting = _Resting(order, self._displayed(order.side, order.price))
        own.insert(bisect_right(own, resting.rank, key=_BY_RANK), resting)

    def remove(self, order: OrderRow) -> None:
        """Take an own order out; nothing happens if it does not rest here."""
        own = self._own[order.side]
        rank = -order.price if order.side == "BUY" else order.price
        for index in range(bisect_left(own, rank, key=_BY_RANK), len(own)):
            if own[index].order is order:
                del own[index]
                return
            if own[index].rank != rank:
                return

    def apply_print(self, trade: Print) -> list[MakerFill]:
        """Take in one public trade; return own orders that it fills, by priority."""
        self.last_price = trade.price
        resting_side = "BUY" if trade.is_buyer_maker else "SELL"
        fills: list[MakerFill] = []
        at_price: list[_Resting] = []
        for side, own in self._own.items():
            for resting in own:  # best price first
                price = resting.order.price
                if price == trade.price:
                    if side == resting_side:
                        at_price.append(resting)
                elif _is_better(side, price, trade.price):
                    fills.append(MakerFill(resting.order, resting.remaining, is_public=True))
                else:
                    break
        return fills + _share(at_price, trade.quantity) if at_price else fills

    def install(self, tick: MarketTick) -> list[MakerFill]:
        """Replace the ladder and the tick's figures; return own orders that the new ladder crosses."""
        self._levels = {"BUY": tick.bids, "SELL": tick.asks}
        self._taken = {"BUY": {}, "SELL": {}}
        self.mark_price, self.index_price = tick.mark_price, tick.index_price
        self.funding_rate, self.time_ms, self.is_trading = tick.funding_rate, tick.time_ms, tick.is_trading
        if not self.last_price and tick.bids:
            self.last_price = tick.bids[0][0]
        if not self.has_own:
            return []
        return self._meet("BUY") + self._meet("SELL")

    def _meet(self, side: str) -> list[MakerFill]:
        """Bring the queues of one side up to the new ladder, and fill from levels that cross own orders."""
        own = self._own[side]
        if not own:
            return []
        levels, opposite = self._levels[side], self._levels[OPPOSITE[side]]
        shown, taken = dict(levels), self._taken[side]
        fills: list[MakerFill] = []
        for resting in own:
            price = resting.order.price
            if levels and not _is_better(side, levels[-1][0], price):
                displayed = max(ZERO, shown.get(price, ZERO) - taken.get(price, ZERO))
                known = resting.queue_ahead
                resting.queue_ahead = displayed if known is None else min(known, displayed)
            if opposite and not _is_better(OPPOSITE[side], price, opposite[0][0]):
                crossing = self.plan_take(side, price, resting.remaining)
                if crossing:
                    self.take(side, crossing)
                    quantity = sum((level[1] for level in crossing), ZERO)
                    fills.append(MakerFill(resting.order, quantity, is_public=False))
        return fills


class _Walk:
    """A taker's way along the opposite ladder, best level first.

    Attributes:
        steps: What it took so far.
        left: What it still wants.
    """

    def __init__(self, levels: list[PriceLevel], side: str, quantity: Decimal) -> None:
        self.steps: list[TakerStep] = []
        self.left = quantity
        self._levels = levels
        self._resting_side = OPPOSITE[side]
        self._index = 0
        self._eaten = ZERO  # of the level that `_index` stands at

    def to(self, limit: Decimal) -> list[TakerStep]:
        """Take all levels up to a price, that one too; return the steps."""
        while self.left > 0 and self._index < len(self._levels):
            price, available = self._levels[self._index]
            if _is_better(self._resting_side, limit, price):
                break
            self._take(price, available - self._eaten)
            self._index += 1
            self._eaten = ZERO
        return self.steps

    def to_queue(self, price: Decimal, queue_ahead: Decimal) -> None:
        """Take what comes before an own order: all better levels, and the queue ahead of it at its price."""
        while self._index < len(self._levels) and _is_better(self._resting_side, self._levels[self._index][0], price):
            self._take(self._levels[self._index][0], self._levels[self._index][1] - self._eaten)
            self._index += 1
            self._eaten = ZERO
        if self._index < len(self._levels) and self._levels[self._index][0] == price:
            ahead = min(queue_ahead, self._levels[self._index][1]) - self._eaten
            self._take(price, ahead)
            self._eaten += max(ZERO, ahead)

    def trade(self, order: OrderRow, remaining: Decimal) -> None:
        """Trade with an own order."""
        quantity = min(self.left, remaining)
        self.steps.append(TakerStep(order.price, quantity, order))
        self.left -= quantity

    def _take(self, price: Decimal, available: Decimal) -> None:
        quantity = min(self.left, available)
        if quantity > 0:
            self.steps.append(TakerStep(price, quantity, None))
            self.left -= quantity


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
