"""What gate and exchange said to a wish, in words."""

from trader_gui.domain.order import OutcomeKind
from trader_gui.i18n import outcome_words, refusal_words
from trader_gui.rt_trader import Answer


def refusal_of(answer: Answer) -> str:
    """Return why gate or exchange did not take an order, in words; "" when it was taken."""
    told = [refusal_words(refusal) for refusal in answer.step.refusals]
    told += [outcome_words(o) for o in answer.outcomes if o.kind is not OutcomeKind.ACCEPTED]
    return " ".join(told)
