"""The words of the venue for orders, and what follows from them."""

from trader_gui.domain.order import OrderStatus, OrderType, Side


def test_the_words_of_the_venue_sort_into_over_and_not_over():
    over = {s for s in OrderStatus if s.is_terminal}
    assert over == {"FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED", "FINISHED"}


def test_conditional_types_are_those_of_the_algo_service():
    plain = {t for t in OrderType if not t.is_conditional}
    assert plain == {"LIMIT", "MARKET", "LIQUIDATION"}


def test_sides_are_mirrors():
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert all(side.opposite.opposite is side and side.opposite.sign == -side.sign for side in Side)
