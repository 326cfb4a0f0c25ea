"""When a difference is real: never while a consistent venue's events are merely on their way, always when one is lost.

A venue changes rows, tells each change after a while and in order, and shows its state in lists of which each row is
read at some moment between question and answer. A client knows what was told and looks twice, and twice again.
"""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from trader_gui.orders.reconcile import RowKey, RowKind
from trader_gui.orders.suspects import AGAIN_NS, Suspects

MS = 1_000_000
ROWS: list[RowKey] = [(RowKind.POSITION, "BTCUSDT"), (RowKind.WALLET, "USDT"), (RowKind.ORDER, "web-1")]
LONGEST_DELAY_MS = AGAIN_NS // MS - 1


@dataclass(frozen=True)
class Change:
    """A row of the venue gets another value; told `delay_ms` later unless lost."""

    at_ms: int
    row: RowKey
    value: int
    delay_ms: int
    is_lost: bool = False


@dataclass(frozen=True)
class LookPlan:
    """A look that begins `pause_ms` after it may and takes `length_ms`; each row is read at a share of it."""

    pause_ms: int
    length_ms: int
    shares: tuple[float, ...]


LOOKS = st.lists(
    st.builds(
        LookPlan,
        st.integers(0, 300),
        st.integers(0, 900),
        st.tuples(*[st.floats(0, 1) for _ in ROWS]),
    ),
    min_size=2,
    max_size=8,
)
CHANGES = st.lists(
    st.builds(
        Change,
        st.integers(0, 8_000),
        st.sampled_from(ROWS),
        st.integers(0, 3),
        st.integers(0, LONGEST_DELAY_MS),
    ),
    max_size=25,
)


class Play:
    """Plays changes and looks on a clock of milliseconds, and keeps what was judged real."""

    def __init__(self, changes: list[Change]) -> None:
        self.changes = sorted(changes, key=lambda c: c.at_ms)
        self.told: list[tuple[int, Change]] = []
        newest = 0
        for change in self.changes:  # in order: none is told before one that was made earlier
            newest = max(newest, change.at_ms + change.delay_ms)
            if not change.is_lost:
                self.told.append((newest, change))
        self.suspects = Suspects()
        self.real: set[RowKey] = set()
        self.now_ms = 0

    def value_at(self, row: RowKey, ms: float) -> int:
        return next((c.value for c in reversed(self.changes) if c.row == row and c.at_ms <= ms), 0)

    def known(self, row: RowKey) -> int:
        return next((c.value for ms, c in reversed(self.told) if c.row == row and ms <= self.now_ms), 0)

    def told_ns(self, row: RowKey) -> int:
        return next((ms * MS for ms, c in reversed(self.told) if c.row == row and ms <= self.now_ms), 0)

    def look(self, plan: LookPlan) -> set[RowKey]:
        asked_ms = self.now_ms + AGAIN_NS // MS + plan.pause_ms
        self.now_ms = asked_ms + plan.length_ms
        seen = {
            row: self.value_at(row, asked_ms + share * plan.length_ms)
            for row, share in zip(ROWS, plan.shares, strict=True)
        }
        differing = [row for row in ROWS if seen[row] != self.known(row)]
        real = self.suspects.judge(differing, asked_ms * MS, self.told_ns)
        self.real |= real
        return real


@settings(max_examples=500)
@given(CHANGES, LOOKS)
def test_a_consistent_venue_never_differs_for_real(changes: list[Change], looks: list[LookPlan]) -> None:
    play = Play(changes)
    for plan in looks:
        play.look(plan)
    assert play.real == set()


@given(CHANGES, LOOKS, st.sampled_from(ROWS), st.integers(0, 8_000))
def test_a_lost_event_that_nothing_puts_right_always_does(
    changes: list[Change], looks: list[LookPlan], row: RowKey, at_ms: int
) -> None:
    before = [c for c in changes if c.row != row or c.at_ms < at_ms]
    play = Play([*before, Change(at_ms, row, 9, 0, is_lost=True)])
    for plan in looks:
        play.look(plan)
    quiet = LookPlan(0, 10, (0.5,) * len(ROWS))
    play.now_ms = max(play.now_ms, 8_000 + LONGEST_DELAY_MS)
    play.look(quiet)
    play.look(quiet)
    assert row in play.look(quiet) and play.real == {row}


def test_a_row_that_was_found_as_it_is_known_begins_anew() -> None:
    suspects = Suspects()
    assert suspects.judge(ROWS, 10, lambda row: 0) == set()
    suspects.clear(ROWS[0])
    assert suspects.keys == set(ROWS[1:])
    assert suspects.judge(ROWS, 20, lambda row: 0) == set(ROWS[1:])
    assert suspects.judge([], 30, lambda row: 0) == set()
    assert not suspects
