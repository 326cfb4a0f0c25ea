"""A client order id tells whose order it is and what for; a foreign one tells nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.domain.client_order_id import make_client_order_id, parse_client_order_id
from trader_gui.domain.order import Origin, Purpose

VENUE_PATTERN = re.compile(r"^[.A-Z:/a-z0-9_-]{1,36}$")
PREFIXES = st.from_regex(r"\A[A-Za-z0-9_]{1,16}\Z")


@given(PREFIXES, st.sampled_from([Origin.ENGINE, Origin.HAND]), st.sampled_from(Purpose), st.integers(1, 10**12))
def test_what_is_put_in_comes_out_and_the_venue_takes_it(prefix: str, origin: Origin, purpose: Purpose, number: int):
    made = make_client_order_id(prefix, origin, purpose, number)
    assert VENUE_PATTERN.match(made)
    assert parse_client_order_id(prefix, made) == (origin, purpose)
    assert parse_client_order_id(prefix + "x", made) == (Origin.OTHER, None)


@pytest.mark.parametrize("foreign", ["", "web_abc", "tg-en", "tg-en-x", "tg-zz-1", "autoclose-12", "a-b-c-d"])
def test_what_we_did_not_make_is_foreign(foreign: str):
    assert parse_client_order_id("tg", foreign) == (Origin.OTHER, None)
