"""What the condition board says: headline, the first failing gate, and each condition's reading, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from trader_gui.domain.order import OrderIntent, OrderType, Origin, Side
from trader_gui.domain.step import Condition, EngineMode, RuleGroup
from trader_gui.i18n import reason_words
from trader_gui.models.conditions import ConditionsState
from trader_gui.models.decisions import DecisionRow, Verdict
from trader_gui.widgets import format as fmt
from trader_gui.widgets import session_words
from trader_gui.widgets.table_columns import decision_words, figures, verdict_words

Piece = tuple[str, str]
"""(text, tone)"""

_GROUP_TITLES = {
    "enter_long": "Enter long",
    "enter_short": "Enter short",
    "exit_long": "Exit long",
    "exit_short": "Exit short",
}
_EXIT_REASONS = frozenset({"stop_loss", "take_profit", "back_under_outer", "back_over_outer", "protection_refused"})


@dataclass(frozen=True)
class Headline:
    """The board's first lines: an icon, what the engine does now, and what is in the way."""

    icon: str
    tone: str
    text: str
    below: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class RowView:
    """One condition as drawn; `state` is `true`, `false`, `first` (the first failing gate) or `waiting`."""

    name: str
    reading: str
    state: str


@dataclass(frozen=True)
class GroupView:
    """One group as drawn."""

    title: str
    state: str
    rows: tuple[RowView, ...]


def headline(state: ConditionsState) -> Headline:
    """Return what the engine does now and what keeps it from doing more."""
    evaluation = state.evaluation
    if evaluation is None:
        return Headline("clock", "text2", "Waiting for the first kline.", (("Conditions appear with it.", "text2"),))
    if state.mode is EngineMode.HALTED:
        return _halted(state)
    if state.position is not None:
        return _holding(state, evaluation.reason)
    if evaluation.reason == "not_ready":
        needs = max((c.needs for c in state.conditions if not c.ready), default=0)
        return Headline("clock", "text2", "Not ready.", ((f"Needs {needs} more closed klines.", "text2"),))
    if evaluation.wanted is not None:
        return Headline("gear", "accent", f"{_sentence(evaluation.reason)}.", _blocked(evaluation.groups))
    if state.mode is EngineMode.REDUCING:
        return Headline("triangle", "warn", "Exits only. Nothing to close.", ())
    return Headline("info", "info", "Flat. Waiting for an entry.", _blocked(evaluation.groups))


def _halted(state: ConditionsState) -> Headline:
    kept = "Orders at the exchange stay there; conditions are computed only." if state.position else ""
    below: tuple[Piece, ...] = ((kept or "Conditions are computed, nothing is traded.", "text2"),)
    if state.halt_reason and state.halt_reason not in ("by_user", "expired"):
        words = session_words.halt_words(state.halt_reason)
        return Headline("octagon", "danger", f"Engine halted: {words}.", below)
    return Headline("triangle", "warn", "First failing gate: the engine is disarmed.", below)


def _holding(state: ConditionsState, reason: str) -> Headline:
    assert state.position is not None and state.evaluation is not None
    side = "long" if state.position.position_amount > 0 else "short"
    exits = next((g for g in state.evaluation.groups if g.name.startswith("exit_")), None)
    blocked = _blocked([g for g in state.evaluation.groups if g.needs_all])
    if exits is None:
        note = (("The engine leaves a position alone that was made or changed by hand. ", "text2"), *blocked)
        return Headline("hand", "text1", f"Position by hand: {side}.", note)
    if reason in _EXIT_REASONS or exits.value:
        return Headline("gear", "accent", f"Closing {side}: {_sentence(reason).lower()}.", _distances(exits, state))
    return Headline(
        "info", "info", f"Holding {side}. No exit condition is true.", (*_distances(exits, state), *blocked)
    )


def _distances(exits: RuleGroup, state: ConditionsState) -> tuple[Piece, ...]:
    """Return how far the stop and the target are from the price."""
    words = []
    for condition in exits.conditions:
        for name in ("stop", "target"):
            if condition.name.endswith(f" {name}") and condition.reading is not None and condition.limit is not None:
                distance = condition.limit - condition.reading
                where = "above" if distance > 0 else "below"
                words.append(f"{name} {fmt.price(abs(distance), state.price_decimals)} {where}")
    text = ", ".join(words)
    return ((f"{text[:1].upper()}{text[1:]}. ", "text2"),) if text else ()


def _blocked(groups: Sequence[RuleGroup]) -> tuple[Piece, ...]:
    """Name the first failing gate of each entry group, once if they share it."""
    pieces: list[Piece] = []
    told: list[str] = []
    for group in groups:
        gate = first_failing(group)
        if not group.needs_all or gate is None:
            continue
        words = _gate_words(gate)
        side = group.name.removeprefix("enter_")
        if words in told:
            continue
        told.append(words)
        is_shared = all(g.needs_all and _gate_words(first_failing(g)) == words for g in groups)
        pieces += [(f"No {'new ' if is_shared else side + ' '}entry: ", "text2"), (f"{words}. ", "warn")]
    return tuple(pieces)


def first_failing(group: RuleGroup) -> Condition | None:
    """Return the first condition of an AND group that does not hold, in evaluation order."""
    return next((c for c in group.conditions if not c.value), None) if group.needs_all else None


def _gate_words(gate: Condition | None) -> str:
    if gate is None:
        return ""
    if not gate.ready:
        return f"{display_name(gate.name)} needs {gate.needs} more klines" if gate.needs else f"{gate.name} is unknown"
    return {
        "armed": "the engine is not armed",
        "flat": f"a position is open ({gate.text})",
        "RV in former range": "volatility is outside its former range",
        "pause over": "the pause after a trade is not over",
        "no order in flight": "an order is in flight",
    }.get(gate.name, f"{display_name(gate.name)} is false")


def display_name(name: str) -> str:
    """Return a condition's name with typographic signs."""
    return name.replace("<=", "≤").replace(">=", "≥")


def _sentence(reason: str) -> str:
    return reason_words(reason).rstrip(".")


def group_views(state: ConditionsState) -> tuple[GroupView, ...]:
    """Return the groups as drawn."""
    evaluation = state.evaluation
    return tuple(_group_view(group, state) for group in evaluation.groups) if evaluation else ()


def _group_view(group: RuleGroup, state: ConditionsState) -> GroupView:
    first = first_failing(group)
    rows = tuple(
        RowView(display_name(c.name), reading_words(c, state), _state_word(c, is_first=c is first))
        for c in group.conditions
    )
    if group.needs_all:
        return GroupView(f"{_GROUP_TITLES[group.name]} · all", "all true" if group.value else "blocked", rows)
    return GroupView(f"{_GROUP_TITLES[group.name]} · any one", "true" if group.value else "evaluated now", rows)


def _state_word(condition: Condition, *, is_first: bool) -> str:
    if not condition.ready:
        return "waiting"
    if condition.value:
        return "true"
    return "first" if is_first else "false"


def reading_words(condition: Condition, state: ConditionsState) -> str:
    """Return what was compared with what."""
    name, reading, limit = condition.name, condition.reading, condition.limit
    if not condition.ready:
        return f"needs {condition.needs} more klines" if condition.needs else "unknown"
    if name == "armed":
        return _armed_words(state)
    if name == "pause over" and reading is not None and limit is not None:
        return f"{fmt.duration(reading)} of {fmt.duration(limit)}"
    if name == "no order in flight" and reading is not None:
        return f"{int(reading)} open"
    if name.startswith("RV ") and reading is not None:
        return f"{fmt.number(reading * 10_000, 1)} in {condition.text} bps"
    if reading is None:
        return condition.text
    return _comparison(name, reading, limit, state.price_decimals)


def _comparison(name: str, reading: float, limit: float | None, decimals: int) -> str:
    """Return the numbers with the sign of their comparison, or a stroke where the name already has it."""
    if limit is None:
        return fmt.price(reading, decimals)
    sign = next((s for s in ("≤", "≥") if f" {s} " in display_name(name) and name.endswith(("stop", "target"))), "/")
    return f"{fmt.price(reading, decimals)} {sign} {fmt.price(limit, decimals)}"


def _armed_words(state: ConditionsState) -> str:
    if state.mode is EngineMode.ACTIVE:
        return "no end" if state.armed_left_s is None else f"{fmt.duration(state.armed_left_s)} left"
    return "exits only" if state.mode is EngineMode.REDUCING else "disarmed"


MATRIX_ROWS = (("upper_outer", ">"), ("upper_inner", ">"), ("lower_inner", "<"), ("lower_outer", "<"))
MATRIX_COLUMNS = ("close[5]", "close[4]", "close[3]", "close[2]", "close[1]", "price")


def matrix(state: ConditionsState) -> tuple[tuple[bool | None, ...], ...]:
    """Return rows of bands by columns of closes (oldest left) and price; None where not known."""
    by_name = {c.name: c for c in state.conditions}
    rows = []
    for band, relation in MATRIX_ROWS:
        cells = [by_name.get(f"{subject} {relation} {band}") for subject in MATRIX_COLUMNS]
        rows.append(tuple(c.value if c is not None and c.ready else None for c in cells))
    return tuple(rows)


def decision_line(row: DecisionRow) -> tuple[str, str, str, str]:
    """Return (time, verdict, words, tone) of one decision."""
    verdict, tone = verdict_words(row)
    count = f" ×{row.count}" if row.count > 1 else ""
    text = decision_words(row)
    if row.fill is not None:
        text = f"{row.fill.quantity:f} @ {row.fill.price:,f}"
    elif row.verdict is Verdict.SENT and isinstance(row.intent, OrderIntent) and row.intent.origin is Origin.HAND:
        verdict, text = ("buy" if row.intent.side is Side.BUY else "sell"), figures(row.intent)
        text += " at market" if row.intent.order_type is OrderType.MARKET else ""
    return fmt.clock(row.time_ms), verdict + count, text, tone
