"""An error is a refusal only when the venue certainly did nothing."""

from trader_gui.domain.order import OutcomeKind
from trader_gui.errors import OutcomeUnknownError, VenueError
from trader_gui.orders.state import RESOLVE_DELAYS_S, classify


def test_only_a_certain_no_is_a_refusal():
    assert classify(VenueError(-2019, "Margin is insufficient.")) is OutcomeKind.REFUSED
    assert classify(OutcomeUnknownError(-1007, "Timeout")) is OutcomeKind.UNKNOWN


def test_patience_outlasts_the_lag_of_the_query_replicas():
    assert sum(RESOLVE_DELAYS_S) > 10
