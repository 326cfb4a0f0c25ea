from itertools import islice

import pytest

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.regimes import MIXED, REGIMES, USUAL, changes, read_schedule


def test_a_schedule_is_read_and_begins_again_when_it_is_over() -> None:
    schedule = read_schedule(" Calm:10m, crash:90s,halt:1h")
    assert [(stretch.regime.name, stretch.length_ms) for stretch in schedule] == [
        ("calm", 600_000),
        ("crash", 90_000),
        ("halt", 3_600_000),
    ]
    times = [(time_ms, regime.name) for time_ms, regime in islice(changes(schedule, 1_000), 4)]
    assert times == [(1_000, "calm"), (601_000, "crash"), (691_000, "halt"), (4_291_000, "calm")]


def test_the_last_entry_may_hold_for_good() -> None:
    assert read_schedule("mixed") == USUAL
    assert [regime.name for _, regime in changes(read_schedule("calm:1s,crash"), 0)] == ["calm", "crash"]
    assert REGIMES["mixed"] is MIXED


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "regime '' is not possible: choose mixed, calm, trend, crash, halt"),
        ("panic", "regime 'panic' is not possible"),
        ("calm:10", "regime 'calm:10' is not possible"),
        ("calm:0m", "its length must be above 0"),
        ("calm,crash:2m", "'calm' has no length, so nothing can follow it"),
    ],
)
def test_what_is_no_schedule_is_said(text: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        read_schedule(text)
    assert sentence in str(caught.value)
