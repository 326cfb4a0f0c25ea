from decimal import Decimal

from tests.core_records import START_MS, dec, make_account_update, make_position, make_snapshot
from trader_gui.collectors.account_update import AccountUpdateCollector
from trader_gui.domain.account import AccountUpdate, Balance, LeverageUpdate, MarginCall, MarginType


def known(*positions):
    collector = AccountUpdateCollector()
    assert not collector.is_known
    collector.apply(make_snapshot(*positions))
    assert collector.is_known
    return collector


def test_a_delta_changes_only_what_it_names():
    collector = known(make_position("0.010"), make_position("2", symbol="ETHUSDT"))
    bnb = Balance("BNB", dec(1), dec(1))
    collector.apply(AccountUpdate("ORDER", (bnb,), (dec(0),), (make_position(0),), START_MS, START_MS))
    assert collector.position("BTCUSDT") is None
    assert collector.position("ETHUSDT").position_amount == 2
    assert {p.symbol for p in collector.positions.values()} == {"ETHUSDT"}
    assert collector.balances["USDT"].wallet_balance == 10000
    assert set(collector.balances) == {"USDT", "BNB"}
    assert collector.frame()["symbol"].tolist() == ["ETHUSDT"]
    assert collector.balance_frame()["asset"].tolist() == ["USDT", "BNB"]


def test_a_streamed_row_keeps_what_only_rest_tells():
    collector = known(make_position("0.010", leverage=20, margin_type=MarginType.ISOLATED))
    collector.apply(make_account_update(make_position("0.020"), wallet=9999))
    position = collector.position("BTCUSDT")
    assert (position.leverage, position.margin_type) == (20, MarginType.ISOLATED)
    assert position.update_time_ms == START_MS
    assert collector.balances["USDT"].available_balance == 9000
    collector.apply(make_account_update(make_position(0, margin_type=MarginType.CROSSED)))
    assert (collector.leverage("BTCUSDT"), collector.margin_type("BTCUSDT")) == (20, MarginType.CROSSED)
    assert collector.leverage("X") is None and collector.margin_type("X") is None


def test_an_older_event_does_not_undo_a_newer_row():
    collector = known(make_position("0.010", update_time_ms=START_MS + 10))
    revision = collector.revision
    assert not collector.apply(AccountUpdate("ORDER", (), (), (make_position("0.007"),), START_MS, START_MS + 9))
    assert collector.revision == revision
    assert collector.position("BTCUSDT").position_amount == Decimal("0.010")


def test_an_older_event_does_not_undo_a_newer_balance():
    collector = known()
    collector.apply(make_account_update(time_ms=START_MS + 10, wallet=9998))
    assert not collector.apply(make_account_update(time_ms=START_MS + 9, wallet=9999))
    assert collector.balances["USDT"].wallet_balance == 9998
    collector.apply(make_snapshot(taken_time_ms=START_MS + 20))
    assert not collector.apply(make_account_update(time_ms=START_MS + 19, wallet=9997))
    assert collector.balances["USDT"].wallet_balance == 10000
    assert collector.apply(make_account_update(time_ms=START_MS + 20, wallet=9996))


def test_a_snapshot_replaces_everything_and_what_it_leaves_out_is_flat():
    collector = known(make_position("0.010", leverage=7), make_position("2", symbol="ETHUSDT"))
    collector.apply(make_snapshot(make_position("3", symbol="ETHUSDT")))
    assert collector.position("BTCUSDT") is None and collector.position("ETHUSDT").position_amount == 3
    assert collector.leverage("BTCUSDT") == 7


def test_an_older_snapshot_does_not_undo_a_newer_one():
    """Two were asked for at the same time, and the answer to the first comes last."""
    collector = known()
    collector.apply(make_snapshot(taken_time_ms=START_MS + 20))
    held = make_position("0.010", update_time_ms=START_MS + 5, leverage=7)
    assert not collector.apply(make_snapshot(held, taken_time_ms=START_MS + 10))
    assert collector.position("BTCUSDT") is None and collector.leverage("BTCUSDT") is None
    assert collector.apply(make_snapshot(held, taken_time_ms=START_MS + 20))
    assert collector.position("BTCUSDT").position_amount == Decimal("0.010")


def test_leverage_changes_by_event_also_while_flat_and_a_margin_call_changes_nothing():
    collector = known()
    assert collector.apply(LeverageUpdate("BTCUSDT", 25, START_MS))
    assert collector.leverage("BTCUSDT") == 25 and collector.position("BTCUSDT") is None
    assert not collector.apply(MarginCall(("BTCUSDT",), START_MS))


def test_a_snapshot_does_not_undo_what_was_streamed_after_it_was_asked_for():
    """Asked for while flat; before the answer comes, an entry fills and the stream tells it."""
    collector = known()
    collector.apply(make_account_update(make_position("0.010"), time_ms=START_MS + 10, wallet=9999))
    flat = make_position(0, leverage=7, margin_type=MarginType.ISOLATED)
    for asked in (make_snapshot(taken_time_ms=START_MS + 9), make_snapshot(flat, taken_time_ms=START_MS + 9)):
        collector.apply(asked)
        assert collector.position("BTCUSDT").position_amount == Decimal("0.010")
        assert collector.balances["USDT"].wallet_balance == 9999
    assert (collector.leverage("BTCUSDT"), collector.margin_type("BTCUSDT")) == (7, MarginType.ISOLATED)
    newer = make_position("0.020", update_time_ms=START_MS + 11)
    collector.apply(make_snapshot(newer, taken_time_ms=START_MS + 9))
    assert collector.position("BTCUSDT").position_amount == Decimal("0.020")
    collector.apply(make_snapshot(taken_time_ms=START_MS + 12))
    assert collector.position("BTCUSDT") is None
    assert collector.balances["USDT"].wallet_balance == 10000


def test_an_older_leverage_does_not_undo_a_newer_one():
    collector = AccountUpdateCollector()
    assert collector.apply(LeverageUpdate("BTCUSDT", 20, 2000))
    assert not collector.apply(LeverageUpdate("BTCUSDT", 5, 1000))
    assert collector.leverage("BTCUSDT") == 20


def test_who_said_last_that_a_position_is_as_it_is_the_stream_or_only_a_list():
    collector = known()
    assert (collector.changed_time_ms("BTCUSDT"), collector.listed_time_ms) == (0, START_MS)
    collector.apply(make_account_update(make_position("0.010"), time_ms=START_MS + 5))
    assert collector.changed_time_ms("BTCUSDT") == START_MS + 5
    collector.apply(make_account_update(make_position(0), time_ms=START_MS + 9))
    assert collector.changed_time_ms("BTCUSDT") == START_MS + 9
    collector.apply(make_snapshot(taken_time_ms=START_MS + 20))
    assert (collector.changed_time_ms("BTCUSDT"), collector.listed_time_ms) == (0, START_MS + 20)
