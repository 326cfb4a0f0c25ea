"""What the ticket says: problems under its fields with the nearest right values as links, results, button lines."""

import html
from collections.abc import Sequence
from decimal import Decimal

from trader_gui.domain.order import OrderOutcome, OutcomeKind
from trader_gui.domain.step import Step
from trader_gui.domain.symbol import SymbolRules
from trader_gui.domain.ticket import ExitUnit, TicketPreset
from trader_gui.errors import OutcomeUnknownError, TraderError
from trader_gui.i18n import error_words, number_words, outcome_words, refusal_words, words
from trader_gui.models.ticket_asking import AskReason
from trader_gui.models.ticket_records import Assessment, Field, Problem
from trader_gui.widgets.fields import Message
from trader_gui.widgets.format import quantity
from trader_gui.widgets.order_words import end_words, short_words
from trader_gui.widgets.theme import theme

_PLACE = "\ue000"  # stands for the links while the sentence is made safe for HTML


def problem_messages(problems: Sequence[Problem], *fields: Field) -> list[Message]:
    """Return the messages of a field, or of several that share a place; silent problems have none."""
    return [_message(p) for p in problems if p.field in fields and not p.is_silent]


def ask_messages(reasons: Sequence[AskReason]) -> list[Message]:
    """Return what is out of the usual in an order; that its kind is always asked about is no news."""
    return [Message(html.escape(words("ask", r.code, dict(r.values))), "warn") for r in reasons if r.code != "always"]


def problem_text(problem: Problem) -> str:
    """Return a problem as plain text."""
    nearest = " or ".join(_nearest_words(problem, value) for value in problem.nearest) or "none"
    return words("problem", problem.code, {**dict(problem.values), "nearest": nearest})


def _message(problem: Problem) -> Message:
    tone = "warn" if problem.is_warning else "danger"
    colour = theme().color(tone).name()
    links = " or ".join(
        f'<a href="{value:f}" style="color: {colour}">{_nearest_words(problem, value)}</a>' for value in problem.nearest
    )
    sentence = words("problem", problem.code, {**dict(problem.values), "nearest": _PLACE})
    return Message(html.escape(sentence).replace(_PLACE, links or "none"), tone)


def _nearest_words(problem: Problem, value: Decimal) -> str:
    return end_words(int(value)) if problem.field is Field.END else number_words(value)


def result_messages(result: Step | TraderError | str, outcomes: Sequence[OrderOutcome] = ()) -> list[Message]:
    """Return what became of a request: refusals of the gate and of the exchange in words, doubt, or success."""
    if isinstance(result, str):
        return [Message(html.escape(result), "info")] if result else []
    if isinstance(result, TraderError):
        tone = "warn" if isinstance(result, OutcomeUnknownError) else "danger"
        return [Message(html.escape(error_words(result)), tone)]
    messages = [Message(html.escape(f"Not sent. {refusal_words(r)}"), "danger") for r in result.refusals]
    for outcome in outcomes:
        if outcome.kind is OutcomeKind.REFUSED:
            messages.append(Message(html.escape(f"Refused. {outcome_words(outcome)}"), "danger"))
        elif outcome.kind is OutcomeKind.UNKNOWN:
            messages.append(Message("No clear answer yet: asking the exchange. Nothing is sent twice.", "warn"))
        else:
            messages.append(Message("The exchange has taken the order.", "ok"))
    return messages


def about(symbol: str, messages: Sequence[Message]) -> list[Message]:
    """Return messages that say of which symbol they speak: the ticket shows another one by now."""
    return [Message(f"{html.escape(symbol)}: {message.html}", message.tone) for message in messages]


def preset_words(preset: TicketPreset) -> str:
    """Return in one line what a preset holds."""
    parts = [preset.kind.value.replace("_", " ")]
    if preset.size_text:
        parts.append(f"size {preset.size_text} in {preset.size_unit.value.replace('_', ' ')}")
    for name, typed in (("stop", preset.stop), ("target", preset.target)):
        if typed.text:
            parts.append(f"{name} {typed.text}{' away' if typed.unit is ExitUnit.DISTANCE else ''}")
    parts += [f"callback {preset.callback_text} %"] if preset.callback_text else []
    flags = {"reduce-only": preset.reduce_only, "post-only": preset.post_only, "price protect": preset.price_protect}
    parts += [flag for flag, is_on in flags.items() if is_on]
    return ", ".join(parts)


def button_line(judged: Assessment, rules: SymbolRules) -> str:
    """Return the second line of a side's button: what it sends, what it waits for, or what has to be fixed."""
    if judged.hold:
        return words("hold", judged.hold)
    errors = judged.errors
    if errors and all(p.is_silent for p in errors):
        return problem_text(errors[0]).rstrip(".").lower()
    if errors or judged.intent is None:
        count = len(judged.bad_fields)
        return f"fix {count} field" if count == 1 else f"fix {count} fields"
    return short_words(judged.intent, quantity(judged.intent.quantity, rules.quantity_decimals), rules)
