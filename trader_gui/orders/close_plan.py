"""Makes the plan of a close from a snapshot of the account and the symbols' rules; pure, it asks nobody.

What would be refused is not planned: a symbol that does not trade, one without rules, and a rest smaller than the
venue's smallest order stay, and are named with the reason. A position above the largest market order is closed in
pieces.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from trader_gui.domain.account import AccountSnapshot, Position, PositionKey
from trader_gui.domain.closing import ClosePlan, LegClose, Remainder
from trader_gui.domain.order import Order, OrderStatus
from trader_gui.domain.step import Refusal
from trader_gui.domain.symbol import SymbolRules, snap

_ZERO = Decimal(0)
_UNSURE = frozenset({OrderStatus.SENT, OrderStatus.UNKNOWN})

RulesOf = Callable[[str], SymbolRules]


def make_plan(
    snapshot: AccountSnapshot,
    rules_of: RulesOf,
    own_orders: Iterable[Order],
    keep: Mapping[PositionKey, Decimal] | None = None,
    *,
    is_last_known: bool = False,
) -> ClosePlan:
    """Return what has to be cancelled and closed.

    Args:
        snapshot: The account, fresh.
        rules_of: Rules of a symbol.
        own_orders: Orders of this program as it knows them; those of which the outcome is not known matter.
        keep: How much of each position stays; None closes the whole account.
        is_last_known: The snapshot was not had from the venue.
    """
    held = {p.key: p for p in snapshot.positions if p.position_amount and (keep is None or p.key in keep)}
    closes, remainders = [], []
    for key, position in sorted(held.items()):
        wanted = abs(position.position_amount) - (keep[key] if keep is not None else _ZERO)
        close, remainder = _close(position, wanted, rules_of(position.symbol))
        closes += [close] if close is not None else []
        remainders += [remainder] if remainder is not None else []
    in_doubt = tuple(o for o in own_orders if o.status in _UNSURE and not o.is_reducing) if keep is None else ()
    now, later = _cancels(snapshot.open_orders, held, {c.position.key for c in closes}, in_doubt, keep)
    return ClosePlan(
        keep=None if keep is None else tuple(sorted(keep.items())),
        cancels=now,
        closes=tuple(closes),
        cancels_after=later,
        remainders=tuple(remainders),
        in_doubt=in_doubt,
        is_last_known=is_last_known,
    )


def part_to_keep(position: Position, part: Decimal, rules: SymbolRules) -> Decimal:
    """Return what stays of a position when a part of it is closed, base asset.

    The part is rounded up to the step, so that nothing too small to be sold stays behind.

    Args:
        position: As the venue told it.
        part: Fraction to close, above 0 to 1.
        rules: Of its symbol.
    """
    size = abs(position.position_amount)
    return max(size - snap(size * part, _market_step(rules), ROUND_UP), _ZERO)


def split(quantity: Decimal, rules: SymbolRules) -> tuple[tuple[Decimal, ...], Decimal]:
    """Return the sizes of the market orders that make up a quantity, and the rest that no order can carry."""
    step, smallest = _market_step(rules), rules.market_min_quantity or rules.min_quantity
    largest = rules.market_max_quantity or rules.max_quantity
    left = snap(quantity, step, ROUND_DOWN)
    rest = quantity - left
    most = snap(largest, step, ROUND_DOWN) if largest else left
    pieces = []
    while most and left >= max(smallest, step):
        piece = min(left, most)
        if _ZERO < left - piece < smallest <= left - smallest:
            piece = snap(left - smallest, step, ROUND_DOWN)  # or the last one would be too small
        pieces.append(piece)
        left -= piece
    return tuple(pieces), rest + left


def _close(position: Position, wanted: Decimal, rules: SymbolRules) -> tuple[LegClose | None, Remainder | None]:
    if wanted <= 0:
        return None, None
    if rules.is_unknown:
        return None, Remainder(position, wanted, Refusal("unknown_rules", position.symbol))
    if rules.status != "TRADING":
        return None, Remainder(position, wanted, Refusal("not_trading", rules.status))
    pieces, rest = split(wanted, rules)
    close = LegClose(position, pieces) if pieces else None
    smallest = rules.market_min_quantity or rules.min_quantity
    why = Refusal("below_min_quantity", f"{max(smallest, _market_step(rules)):f}")
    return close, Remainder(position, rest, why) if rest else None


def _cancels(
    orders: Iterable[Order],
    held: Mapping[PositionKey, Position],
    closing: set[PositionKey],
    in_doubt: Iterable[Order],
    keep: Mapping[PositionKey, Decimal] | None,
) -> tuple[tuple[Order, ...], tuple[Order, ...]]:
    """Return what is cancelled first, and what is cancelled once its position is gone.

    A position that stays keeps its stops and targets, and so does one that an order in doubt may open.
    """
    first: list[Order] = []
    after: list[Order] = []
    needed = {(o.symbol, o.position_side) for o in in_doubt}
    for order in orders:
        key = (order.symbol, order.position_side)
        if keep is not None and (keep.get(key) != 0 or not order.is_reducing):
            continue  # of a position that is made smaller every order stays, and entries are nobody's business
        if not order.is_reducing or (key not in held and key not in needed):
            first.append(order)
        elif key in closing:
            (after if order.order_type.is_conditional else first).append(order)
    return tuple(sorted(first, key=lambda o: (o.symbol, o.position_side) not in closing)), tuple(after)


def _market_step(rules: SymbolRules) -> Decimal:
    return rules.market_step_size or rules.step_size
