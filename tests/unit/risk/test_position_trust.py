"""A position that is too small is believed step by step: at once by nobody, for good when it cannot be old news."""

import pytest

from tests.core_records import START_MS, make_account_update, make_position, make_snapshot
from trader_gui.collectors.account_update import AccountUpdateCollector
from trader_gui.domain.order import PositionSide
from trader_gui.risk.position_trust import NEWS_MS, QUIET_MS, PositionTrust, Trust

KEY = ("BTCUSDT", PositionSide.BOTH)
EXECUTED_MS = START_MS + 100


def told(source, after_ms):
    """Return what is known once the stream, or only a list, has said that the position is flat."""
    account = AccountUpdateCollector()
    account.apply(make_snapshot())
    time_ms = EXECUTED_MS + after_ms
    if source == "stream":
        account.apply(make_account_update(make_position(0), time_ms=time_ms))
    else:
        account.apply(make_snapshot(taken_time_ms=time_ms))
    return account


@pytest.mark.parametrize(
    ("source", "after_ms", "at_first", "soon", "late"),
    [
        ("stream", 1, Trust.NONE, Trust.LASTING, Trust.LASTING),
        ("stream", 0, Trust.NONE, Trust.FOR_NOW, Trust.LASTING),
        ("stream", -1, Trust.NONE, Trust.NONE, Trust.NONE),
        ("list", 1, Trust.NONE, Trust.NONE, Trust.LASTING),
        ("list", -1, Trust.NONE, Trust.NONE, Trust.NONE),
    ],
)
def test_how_soon_depends_on_who_said_it_and_when(source, after_ms, at_first, soon, late):
    trust = PositionTrust(told(source, after_ms))
    assert [trust.of(KEY, EXECUTED_MS, 50 + ms) for ms in (0, NEWS_MS, QUIET_MS)] == [at_first, soon, late]


def test_each_news_and_another_clock_begin_it_anew():
    account = told("stream", 1)
    trust = PositionTrust(account)
    assert trust.of(KEY, EXECUTED_MS, 0) is Trust.NONE
    account.apply(make_account_update(make_position("0.001"), time_ms=EXECUTED_MS + 2))
    assert trust.of(KEY, EXECUTED_MS, NEWS_MS) is Trust.NONE
    assert trust.of(KEY, EXECUTED_MS, 2 * NEWS_MS) is Trust.LASTING
    assert trust.told_ms(KEY) == EXECUTED_MS + 2
    trust.restart_clock()
    assert trust.of(KEY, EXECUTED_MS, 0) is Trust.NONE
