"""How often a route usually speaks: what is a suspicious silence of one market is the everyday quiet of another."""

_WINDOW_NS = 60_000_000_000
_PATIENCE = 3


class Pulse:
    """The longest pause between two messages in the last minute or two.

    Nothing is known at first: then every silence is suspicious.
    """

    def __init__(self) -> None:
        self._last_ns = 0
        self._window_ns = 0
        self._longest_ns = 0
        self._former_ns = 0

    def note(self, now_ns: int) -> None:
        """Note a message, monotonic time."""
        if self._last_ns and now_ns - self._last_ns > self._longest_ns:
            self._longest_ns = now_ns - self._last_ns
        self._last_ns = now_ns
        if now_ns - self._window_ns > _WINDOW_NS:
            self._window_ns, self._former_ns, self._longest_ns = now_ns, self._longest_ns, 0

    def pause(self) -> None:
        """Forget the last message: the pause until the next one is not the market's."""
        self._last_ns = 0

    def longest_usual_ns(self, least_ns: int) -> int:
        """Return how long a silence may last: `least_ns`, or more where pauses were longer than that."""
        return max(least_ns, _PATIENCE * max(self._longest_ns, self._former_ns))
