"""When a difference between two looks is real, and when it may be on its way: the rule, without a clock of its own."""

from collections.abc import Callable, Iterable

from trader_gui.orders.reconcile import RowKey

AGAIN_NS = 1_000_000_000
"""Between the answer to one look and the next: longer than an event of the venue is on its way."""

_NEVER = -1


class Suspects:
    """Keeps what differed at the last look.

    A look takes its time, and each of its parts shows the venue at another moment. So one in whose course something was
    told of a row proves nothing of that row. Otherwise the venue was ahead: what it had done is told within `AGAIN_NS`,
    or as good as lost. A row that differs at two such looks, with nothing told of it from before the first one on,
    differs for real.

    Attributes:
        keys: What is looked at once more.
    """

    def __init__(self) -> None:
        self._since_ns: dict[RowKey, int] = {}

    def __bool__(self) -> bool:
        return bool(self._since_ns)

    @property
    def keys(self) -> frozenset[RowKey]:
        """The rows that are looked at once more."""
        return frozenset(self._since_ns)

    def judge(self, differing: Iterable[RowKey], asked_ns: int, told_ns: Callable[[RowKey], int]) -> set[RowKey]:
        """Take what differs at a look; return what differs for real.

        Args:
            differing: Compared when the look was answered, at least `AGAIN_NS` after the one before was.
            asked_ns: When the look began.
            told_ns: When something was last told of a row, 0 for never.
        """
        former, self._since_ns = self._since_ns, {}
        real = set()
        for key in differing:
            told, since = told_ns(key), former.get(key, _NEVER)
            if told <= since:
                real.add(key)
            else:
                since = asked_ns if told <= asked_ns else _NEVER
            self._since_ns[key] = since
        return real

    def clear(self, key: RowKey) -> None:
        """A row turned out to be as it is known."""
        self._since_ns.pop(key, None)
