"""Plans and reports of closing in words, what matters most first."""

from collections.abc import Iterable

from trader_gui.domain.account import Position
from trader_gui.domain.closing import ClosePlan, CloseReport, LegClose, Remainder, ReversePlan, ReverseReport
from trader_gui.domain.order import Order, OrderType, OutcomeKind, PositionSide, Side
from trader_gui.i18n import number_words, outcome_words, refusal_words, trouble_words

_LISTED_ORDERS = 6
_KINDS = {
    OrderType.TAKE_PROFIT: "target",
    OrderType.TAKE_PROFIT_MARKET: "target",
    OrderType.TRAILING_STOP_MARKET: "trailing stop",
}


def plan_lines(plan: ClosePlan) -> list[str]:
    """Return a line for each thing that will be closed or cancelled, or that cannot be."""
    lines = [_close_words(close) for close in plan.closes]
    lines += [_remainder_words(remainder) for remainder in plan.remainders]
    orders = [(_order_words(o, plan), "") for o in plan.cancels]
    orders += [(_order_words(o, plan), ", once flat") for o in plan.cancels_after]
    lines += [f"Cancel the {words}{when}" for words, when in orders[:_LISTED_ORDERS]]
    if len(orders) > _LISTED_ORDERS:
        lines.append(f"Cancel {len(orders) - _LISTED_ORDERS} orders more")
    lines += [f"The {_order_words(o, plan)} may still appear: the exchange is being asked" for o in plan.in_doubt]
    if plan.is_last_known:
        lines.append("This is what was last known: the exchange could not be asked")
    return lines


def reverse_lines(plan: ReversePlan) -> list[str]:
    """Return what turning a position round does, in its order."""
    opening = plan.openings[0]
    verb = "Buy" if opening.side is Side.BUY else "Sell"
    parts = f", in {len(plan.openings)} orders" if len(plan.openings) > 1 else ""
    size = number_words(plan.quantity)
    lines = ["Disarm the engine, and take back its entries"] if plan.disarms else []
    return [*lines, *plan_lines(plan.close), f"Once it is shown flat: {verb.lower()} {size} at market{parts}"]


def reverse_report_words(report: ReverseReport) -> tuple[str, str, str]:
    """Return (tone, head, detail) of how it ended; head "" when there is nothing to say, as the tables show it."""
    if report.is_done:
        return "ok", "", ""
    if report.close.changed_plan is not None:
        return "warn", "Not reversed", "The position changed at that moment. Nothing was sent. Press again."
    if not report.close.is_done:
        return "danger", "Not reversed: not closed", " ".join(report_lines(report.close))
    if report.refusal is not None:
        return "danger", "Closed, but the other side was not opened", refusal_words(report.refusal)
    open_one = next((o for o in report.outcomes if o.kind is not OutcomeKind.ACCEPTED), None)
    if open_one is not None and open_one.kind is OutcomeKind.UNKNOWN:
        return "warn", "Closed; it is not known yet whether the other side was opened", outcome_words(open_one)
    detail = outcome_words(open_one) if open_one is not None else ""
    return "danger", "Closed, but the other side was not opened", detail


def report_lines(report: CloseReport) -> list[str]:
    """Return what is still open, and why."""
    return [*remaining_lines(report.remaining), *(trouble_words(trouble) for trouble in report.troubles)]


def remaining_lines(plan: ClosePlan) -> list[str]:
    """Return what a snapshot still shows, as what it is and not as what is to be done."""
    lines = [f"{_position_words(c.position)} is open" for c in plan.closes]
    lines += [_remainder_words(remainder) for remainder in plan.remainders]
    orders: Iterable[Order] = (*plan.cancels, *plan.cancels_after, *plan.in_doubt)
    lines += [f"The {_order_words(o, plan)} is open" for o in orders]
    if plan.is_last_known:
        lines.append("This is what was last known: the exchange could not be asked")
    return lines


def _close_words(close: LegClose) -> str:
    position = close.position
    verb = "Sell" if position.position_amount > 0 else "Buy"
    held = abs(position.position_amount)
    whole = "" if close.quantity == held else f" of {number_words(held)}"
    parts = f", in {len(close.pieces)} orders" if len(close.pieces) > 1 else ""
    leg = "" if position.position_side is PositionSide.BOTH else f" {position.position_side.value.lower()} leg"
    size = number_words(close.quantity)
    return f"{verb} {size}{whole} {position.symbol}{leg} at market, reduce-only{parts}"


def _position_words(position: Position) -> str:
    side = "long" if position.position_amount > 0 else "short"
    return f"{position.symbol} {side} {number_words(abs(position.position_amount))}"


def _remainder_words(remainder: Remainder) -> str:
    position = remainder.position
    part = "" if remainder.quantity == abs(position.position_amount) else f"{number_words(remainder.quantity)} of "
    return f"{part}{_position_words(position)} stays: {refusal_words(remainder.why)}"


def _order_words(order: Order, plan: ClosePlan) -> str:
    side = "buy" if order.side is Side.BUY else "sell"
    size = "the position" if order.close_position else number_words(order.remaining_quantity)
    level = order.trigger_price or order.price
    kind = _KINDS.get(order.order_type, "stop" if order.order_type.is_conditional else "order")
    symbol = f"{order.symbol} " if plan.is_whole_account else ""
    return f"{symbol}{kind} to {side} {size}" + (f" at {number_words(level)}" if level else "")
