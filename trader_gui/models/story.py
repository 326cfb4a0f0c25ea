"""Story: why orders were sent, and which entries the engine considered and did not make (no Qt)."""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from trader_gui.domain.market import Kline
from trader_gui.domain.order import OrderIntent, Origin, Purpose, Side
from trader_gui.domain.step import ApprovedOrder, Evaluation, RuleGroup, Step

MOST = 2_000
"""Reasons and passed chances kept; the journal on disk has them all."""

_SIDES = {"enter_long": Side.BUY, "enter_short": Side.SELL}
_OFF = "armed"


@dataclass(frozen=True)
class Passed:
    """An entry that was considered and not made; one for each kline and side, the newest.

    Attributes:
        price: Last price then.
        code: Of the gate's refusal; "" when a condition was in the way.
        condition: Name of the first condition that did not hold; "" with `code`.
        detail: Numbers of the refusal.
    """

    time_ms: int
    side: Side
    price: Decimal
    code: str = ""
    condition: str = ""
    detail: str = ""


class Story:
    """What the steps of a session tell about its orders; `take` is called for every step."""

    def __init__(self) -> None:
        self._reasons: OrderedDict[str, str] = OrderedDict()
        self._passed: dict[tuple[int, Side], Passed] = {}
        self._times: list[int] = []
        self._ordered: list[Passed] = []
        self.revision = 0

    def take(self, step: Step) -> None:
        """Note a step; cheap for the many that say nothing."""
        for approved in step.approved:
            if isinstance(approved, ApprovedOrder):
                self._reasons[approved.client_order_id] = approved.intent.reason
                if len(self._reasons) > MOST:
                    self._reasons.popitem(last=False)
        if step.evaluation is not None and isinstance(step.message, Kline):
            passed = _refused(step, step.message) or _held_back(step.evaluation, step.message)
            if passed is not None:
                self._put((step.message.open_time_ms, passed.side), passed)

    def reason_of(self, client_order_id: str) -> str:
        """Return the code of why an order was sent, "" when it is of before the session, or not ours."""
        return self._reasons.get(client_order_id, "")

    def passed(self, first_ms: int, last_ms: int) -> Sequence[Passed]:
        """Return the entries that were not made within a time, oldest first."""
        if len(self._ordered) != len(self._passed):
            self._ordered = sorted(self._passed.values(), key=lambda p: p.time_ms)
            self._times = [p.time_ms for p in self._ordered]
        return self._ordered[bisect_left(self._times, first_ms) : bisect_right(self._times, last_ms)]

    def _put(self, key: tuple[int, Side], passed: Passed) -> None:
        """Keep the first moment of a kline: what is told later of the same chance adds nothing."""
        if key in self._passed:
            return
        self._passed[key] = passed
        self.revision += 1
        if len(self._passed) > MOST:
            del self._passed[next(iter(self._passed))]
            self._ordered = []


def _refused(step: Step, kline: Kline) -> Passed | None:
    """Return the entry that the rules wanted and the gate refused."""
    wanted = step.evaluation.wanted if step.evaluation is not None else None
    if not isinstance(wanted, OrderIntent) or wanted.purpose is not Purpose.ENTRY or not step.refusals:
        return None
    if any(isinstance(a, ApprovedOrder) and a.intent.purpose is Purpose.ENTRY for a in step.approved):
        return None
    refusal = step.refusals[-1]  # the rules' wish comes last in a step
    is_engines = wanted.origin is Origin.ENGINE
    return (
        Passed(kline.event_time_ms, wanted.side, kline.close, refusal.code, "", refusal.detail) if is_engines else None
    )


def _held_back(evaluation: Evaluation, kline: Kline) -> Passed | None:
    """Return the entry whose own conditions held while one that both sides share did not.

    While a position is open, or the engine is off, nothing is considered.
    """
    groups = [group for group in evaluation.groups if group.name in _SIDES]
    if len(groups) < 2:
        return None
    shared = set.intersection(*({c.name for c in group.conditions} for group in groups))
    for group in groups:
        first = _first_in_the_way(group, shared)
        if first:
            return Passed(kline.event_time_ms, _SIDES[group.name], kline.close, "", first)
    return None


def _first_in_the_way(group: RuleGroup, shared: set[str]) -> str:
    failing = [c.name for c in group.conditions if not c.value]
    if not failing or _OFF in failing or any(name not in shared for name in failing):
        return ""
    return failing[0]
