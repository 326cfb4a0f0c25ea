"""The venue's words and number texts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.domain.account import MarginType
from trader_gui.domain.order import OrderStatus, TimeInForce, WorkingType
from trader_gui.errors import ProtocolError
from trader_gui.exchange.wire import words


def test_status_that_is_not_known_means_ask_the_venue():
    assert words.status("FILLED") is OrderStatus.FILLED
    assert words.status("NEW_ADL") is OrderStatus.UNKNOWN
    # SENT is our own word: the venue cannot put an order back on its way.
    assert words.status("SENT") is OrderStatus.UNKNOWN


def test_words_of_foreign_orders_do_not_stop_us():
    assert words.time_in_force("GTE_GTC") is None
    assert words.time_in_force(None) is None
    assert words.time_in_force("GTX") is TimeInForce.GTX
    assert words.working_type("MARK_PRICE") is WorkingType.MARK_PRICE
    assert words.working_type(None) is WorkingType.CONTRACT_PRICE


@pytest.mark.parametrize("word", ["cross", "CROSSED", "crossed"])
def test_margin_type_is_spelt_in_several_ways(word: str):
    assert words.margin_type(word) is MarginType.CROSSED
    assert words.margin_type("isolated") is words.margin_type("ISOLATED") is MarginType.ISOLATED
    assert words.margin_type("portfolio") is None


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_number_reads_what_it_is_given(value: Decimal):
    assert words.number(str(value)) == value


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-inf", "1,5", "0x10", "sNaN", "1.2.3"])
def test_number_refuses_what_is_none(text: str):
    with pytest.raises(ProtocolError):
        words.number(text)


def test_number_takes_nothing_for_zero():
    assert words.number("") == words.number(None) == 0


def test_order_id_keeps_every_digit():
    assert words.order_id("9007199254740993") == 9007199254740993
    assert words.order_id("") is words.order_id("0") is words.order_id(None) is None
    with pytest.raises(ProtocolError):
        words.order_id("12e3")
