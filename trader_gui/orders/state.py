"""What a venue's answer says about a request, and how an unknown outcome is resolved: by asking, with patience.

::

    sent ──answer──► ACCEPTED | REFUSED
      └──no word──► UNKNOWN ──found──► ACCEPTED
                       ├──not found, patience left──► ask again
                       └──not found, patience over──► REFUSED (`not_at_venue`)

An amendment is found when the order shows its terms; an order that does not, or is over, answers REFUSED.

The first questions follow at once, because a position may be waiting for the answer. A query may lag behind the
matching engine for seconds, so one "unknown order" proves nothing.
"""

from trader_gui.domain.order import OutcomeKind
from trader_gui.errors import OutcomeUnknownError, VenueError

RESOLVE_DELAYS_S = (0.2, 0.3, 0.5, 0.5, 0.5, 1.0, 2.0, 3.0, 3.0)
"""Pauses before each query for an order whose fate is unknown; eleven seconds in all before absence is concluded."""

LATE_ANSWER_S = 0.5
"""A stop whose answer has not come by then is asked about while the answer is waited for, so often."""

ONE_EXISTS_CODE = -4130
"""A stop that closes the whole position was refused because there is one already: the list tells which."""

POSITION_DOUBT_CODES = frozenset({-2022, -4129, -4509})
"""The venue sees no position, or another one, where an order of ours was to close it: the account must be read."""

ALREADY_GONE_CODES = frozenset({-2011, -2013})
"""A cancel answered with these: the order is filled, cancelled or expired already, or never was."""

NOTHING_CHANGED_CODE = -5027
"""An amendment was answered with this: the order has those terms already."""

ORDER_DOUBT_CODES = frozenset({*ALREADY_GONE_CODES, NOTHING_CHANGED_CODE, -4116, -5043})
"""An amendment answered with these: the order is not as we know it, or somebody else is changing it."""

AMEND_NOT_SEEN = "amend_not_seen"
"""Reason of an amendment whose terms the order still did not show when patience was over, or when it ended."""

NOT_AT_VENUE = "not_at_venue"
"""Reason of an order that the venue still did not know when patience was over."""

NO_LONGER_ALLOWED = "no_longer_allowed"
"""Reason of an order that was barred between its approval and its sending: the engine was disarmed meanwhile."""

SESSION_OVER = "session_over"
"""Reason of a request that came when nothing is sent any more."""


def classify(error: VenueError) -> OutcomeKind:
    """Tell whether an error means "certainly not done" (REFUSED) or "nobody knows" (UNKNOWN)."""
    return OutcomeKind.UNKNOWN if isinstance(error, OutcomeUnknownError) else OutcomeKind.REFUSED
