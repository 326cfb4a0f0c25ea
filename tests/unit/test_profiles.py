"""The table of profiles: what each may do is decided here and nowhere else."""

import pytest

from trader_gui.errors import UserError
from trader_gui.profiles import PROFILES, profile_named


def test_only_live_risks_money_and_nothing_at_a_venue_arms_by_itself() -> None:
    assert list(PROFILES) == ["demo", "replay", "paper", "testnet", "live"]
    assert [p.name for p in PROFILES.values() if p.money_at_risk] == ["live"]
    assert [p.name for p in PROFILES.values() if p.may_arm_at_start] == ["demo", "replay"]
    for profile in PROFILES.values():
        assert profile.needs_key == (profile.orders == "venue")
        assert (profile.endpoints_key == "embedded") == (profile.feed != "live")
        assert profile.title == profile.name.upper()


def test_money_is_at_risk_only_where_a_venue_executes() -> None:
    assert all(p.orders == "venue" for p in PROFILES.values() if p.money_at_risk)


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="unknown profile prod: use one of demo, replay, paper, testnet, live"):
        profile_named("prod")
