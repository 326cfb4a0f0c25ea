"""The program is killed again and again while it trades: the short form of `kill_campaign.py`."""

import sys
from pathlib import Path

import pytest

from tests.venue.kill_campaign import TROUBLE, Campaign

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there, a process is ended in another way")


@pytest.mark.timeout(240)
def test_a_program_that_is_killed_at_any_instant_forgets_nothing_and_sends_nothing_twice(tmp_path: Path) -> None:
    late_or_doubled = ("delay_answer", "event_duplicated", "event_reordered")  # what costs no patience
    campaign = Campaign(seed=4, trouble=tuple(fault for fault in TROUBLE if fault["kind"] in late_or_doubled))
    campaign.run(5, tmp_path)
    assert campaign.failures == []
    assert campaign.orders and campaign.trades
