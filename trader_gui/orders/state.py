"""What a venue's answer says about a request, and how an unknown outcome is resolved: by asking, with patience.

::

    sent ──answer──► ACCEPTED | REFUSED
      └──no word──► UNKNOWN ──found──► ACCEPTED
                       ├──not found, patience left──► ask again
                       └──not found, patience over──► REFUSED (`not_at_venue`)

A query may lag behind the matching engine for seconds, so one "unknown order" proves nothing.
"""

from trader_gui.domain.order import OutcomeKind
from trader_gui.errors import OutcomeUnknownError, VenueError

RESOLVE_DELAYS_S = (0.5, 0.5, 1.0, 1.0, 2.0, 2.0, 4.0)
"""Pauses before each query for an order whose fate is unknown; about eleven seconds in all."""

ALREADY_GONE_CODES = frozenset({-2011, -2013})
"""A cancel answered with these: the order is filled, cancelled or expired already, or never was."""

NOT_AT_VENUE = "not_at_venue"
"""Reason of an order that the venue still did not know when patience was over."""

NO_LONGER_ALLOWED = "no_longer_allowed"
"""Reason of an order that was barred between its approval and its sending: the engine was disarmed meanwhile."""

SESSION_OVER = "session_over"
"""Reason of a request that came when nothing is sent any more."""


def classify(error: VenueError) -> OutcomeKind:
    """Tell whether an error means "certainly not done" (REFUSED) or "nobody knows" (UNKNOWN)."""
    return OutcomeKind.UNKNOWN if isinstance(error, OutcomeUnknownError) else OutcomeKind.REFUSED
