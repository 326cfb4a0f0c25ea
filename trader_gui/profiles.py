"""demo / replay / paper / testnet / live: one frozen table of feed, order port, keys needed, money at risk.

| profile | prices | orders | key | money |
| --- | --- | --- | --- | --- |
| demo | generated market, no network | simulated exchange | no | no |
| replay | recorded klines from a file | simulated exchange | no | no |
| paper | the venue's public feed | simulated exchange | no | no |
| testnet | the venue's test network | the venue's test network | yes | no |
| live | the venue | the venue | yes | yes |
"""

from typing import Literal

import msgspec

from trader_gui.errors import UserError


class Profile(msgspec.Struct, frozen=True):
    """What a session trades, where, and at whose risk.

    Attributes:
        title: As the window shows it, in full.
        feed: Where prices come from.
        orders: Who executes orders.
        endpoints_key: Row of `exchange.endpoints.ENDPOINTS` for the feed; `embedded` is the simulated exchange.
        needs_key: An API key of its own is needed before a session starts.
        money_at_risk: Real money.
        may_arm_at_start: The engine may be armed by the command line. Elsewhere a person arms it, at every start.
    """

    name: str
    title: str
    feed: Literal["generated", "file", "live"]
    orders: Literal["simulated", "venue"]
    endpoints_key: Literal["embedded", "testnet", "live"]
    needs_key: bool
    money_at_risk: bool
    may_arm_at_start: bool


PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("demo", "DEMO", "generated", "simulated", "embedded", False, False, True),
        Profile("replay", "REPLAY", "file", "simulated", "embedded", False, False, True),
        Profile("paper", "PAPER", "live", "simulated", "live", False, False, False),
        Profile("testnet", "TESTNET", "live", "venue", "testnet", True, False, False),
        Profile("live", "LIVE", "live", "venue", "live", True, True, False),
    )
}
"""Every profile by name, in the order of rising risk."""


def profile_named(name: str) -> Profile:
    """Return the profile called `name`.

    Raises:
        UserError: There is none.
    """
    try:
        return PROFILES[name]
    except KeyError:
        raise UserError(f"unknown profile {name}: use one of {', '.join(PROFILES)}") from None
