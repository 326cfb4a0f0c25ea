"""What is said of the streams: each one's state in a word, a shape and a tone, its ages, reasons and trouble."""

from collections.abc import Sequence

from trader_gui.domain.step import Route
from trader_gui.i18n import stream_words
from trader_gui.models.session_state import FeedKind, RouteState, SessionState
from trader_gui.widgets import format as fmt
from trader_gui.widgets.cell_view import CellView

STREAM_NAMES = {Route.MARKET: "Prices", Route.PUBLIC: "Order book", Route.PRIVATE: "Account"}

FLAPPING = 3
"""Losses after which a stream is called unstable."""

_SETTLE_S = 1
"""What is over within a second is not worth a banner."""


def stream_cell(route: RouteState) -> CellView:
    """Return a stream's state."""
    return {
        FeedKind.WAITING: CellView("connecting", "text2", "clock"),
        FeedKind.FRESH: CellView("fresh", "text1", "check"),
        FeedKind.STALE: CellView("stale", "warn", "triangle"),
        FeedKind.OFFLINE: CellView("lost", "danger", "octagon"),
    }[route.kind]


def stream_lines(route: RouteState) -> list[tuple[str, str]]:
    """Return the particulars of a stream: label and value."""
    lines = [("Last message", fmt.age(route.age_s)), ("Last sign of life", fmt.age(route.alive_s))]
    if route.since_s is not None:
        lines.insert(0, ("In this state for", fmt.age(float(route.since_s))))
    if route.kind is not FeedKind.FRESH and route.detail:
        lines.append(("Now", stream_words(route.detail)))
    if route.replaced:
        times = "once" if route.replaced == 1 else f"{route.replaced} times"
        lines.append(("Reconnected", f"{times}; last: {stream_words(route.reason)}"))
    return lines


def stream_tip(name: str, route: RouteState) -> str:
    """Return a stream's particulars as a tooltip."""
    head = f"{name}: {stream_cell(route).text}"
    return "\n".join([head, *(f"{label}: {value}" for label, value in stream_lines(route))])


def stream_details(state: SessionState) -> Sequence[tuple[str, str | CellView]]:
    """Return the rows of a popover on all streams."""
    rows: list[tuple[str, str | CellView]] = []
    for route, stream in state.streams:
        rows.append((STREAM_NAMES[route], stream_cell(stream)))
        rows += stream_lines(stream)
    return rows


def feed_trouble(route: RouteState) -> str:
    """Return what is wrong with the price feed, "" while it can be trusted."""
    if route.kind is FeedKind.OFFLINE:
        return f"No connection to the price feed{_times(route)}."
    if route.kind is FeedKind.STALE:
        return f"Price feed stale for {fmt.age(route.age_s)}{_times(route)}."
    return f"The price feed is unstable{_times(route)}." if route.losses >= FLAPPING else ""


def user_stream_trouble(route: RouteState) -> str:
    """Return what is wrong with the stream of the own orders, "" while it can be trusted."""
    if route.kind is FeedKind.OFFLINE:
        return f"The stream of your account is lost{_times(route)}."
    if route.kind is FeedKind.STALE and route.detail == "mirror_stale":
        return stream_words(route.detail)
    if route.kind is FeedKind.STALE and (route.since_s is None or route.since_s >= _SETTLE_S):
        return f"The stream of your account is in doubt{_times(route)}: the account is read anew."
    return f"The stream of your account is unstable{_times(route)}." if route.losses >= FLAPPING else ""


def why_down(route: RouteState) -> str:
    """Return why a stream is not there, in a sentence; "" while it is, or where the banner says it already."""
    is_said = route.detail in ("", "connected", "mirror_stale")
    return "" if is_said or route.kind is not FeedKind.OFFLINE else stream_words(route.detail)


def _times(route: RouteState) -> str:
    if route.losses < FLAPPING:
        return ""
    lost = "" if route.kind is FeedKind.OFFLINE else "lost "
    return f" ({lost}{route.losses} times lately)"
