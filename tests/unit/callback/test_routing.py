"""Which messages move market time."""

from typing import get_args

from trader_gui.callback.routing import STREAMED
from trader_gui.domain.step import LocalMessage


def test_what_moves_market_time_says_what_time_it_is_and_comes_from_the_venue():
    assert all("event_time_ms" in message.__struct_fields__ for message in STREAMED)
    assert not STREAMED & set(get_args(LocalMessage))
