"""What journal and venue disagree on is named, in both directions; where they agree nothing is said."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.core_records import make_order
from trader_gui.domain.account import AccountSnapshot, Balance, Position
from trader_gui.domain.order import Order, OrderStatus, PositionSide
from trader_gui.journal.belief import Belief
from trader_gui.orders.reconcile import differences

AMOUNTS = st.dictionaries(
    st.sampled_from(["BTCUSDT", "ETHUSDT", "XRPUSDT"]), st.sampled_from([Decimal("0"), Decimal("0.010"), Decimal("-2")])
)


def snapshot(amounts: dict[str, Decimal], wallet: str = "10000") -> AccountSnapshot:
    return AccountSnapshot(
        balances=(Balance("USDT", Decimal(wallet), Decimal(wallet)),),
        positions=tuple(Position(s, a, Decimal(1), Decimal(0)) for s, a in amounts.items()),
        open_orders=(),
        taken_time_ms=0,
    )


def believed(positions: list[Position], orders: tuple[Order, ...] = (), wallet: str = "10000") -> Belief:
    return Belief(
        orders=orders,
        positions={(p.symbol, p.position_side): p for p in positions},
        balances={"USDT": Balance("USDT", Decimal(wallet), Decimal(wallet))},
        newest_trade_ids={},
        read_times_ms={},
        client_order_ids={},
    )


def test_legs_and_orders_that_were_never_heard_of_are_named_for_what_they_are():
    leg = Position("BTCUSDT", Decimal("-1"), Decimal(1), Decimal(0), position_side=PositionSide.SHORT)
    unknown = make_order("tg-en-4", status=OrderStatus.UNKNOWN)
    found = [str(d) for d in differences(believed([leg], orders=(unknown,)), snapshot({}), "USDT")]
    assert found == [
        "BTCUSDT SHORT position: journal -1, exchange none",
        "order tg-en-4: journal unknown, exchange none",
    ]


def test_a_position_the_venue_no_longer_has_is_shown():
    position = Position("BTCUSDT", Decimal("0.010"), Decimal(1), Decimal(0))
    order = make_order("tg-ep-4")
    belief = believed([position], orders=(order,), wallet="9999.5")
    found = [str(d) for d in differences(belief, snapshot({}), "USDT")]
    assert found == [
        "BTCUSDT position: journal 0.01, exchange none",
        "order tg-ep-4: journal open, exchange none",
        "USDT wallet: journal 9999.5, exchange 10000",
    ]


@given(AMOUNTS, AMOUNTS)
def test_a_position_is_named_exactly_when_the_amounts_differ(ours: dict[str, Decimal], venue: dict[str, Decimal]):
    positions = [Position(s, a, Decimal(1), Decimal(0)) for s, a in ours.items() if a]
    named = {d.name for d in differences(believed(positions), snapshot(venue), "USDT")}
    assert named == {s for s in {*ours, *venue} if ours.get(s, Decimal(0)) != venue.get(s, Decimal(0))}
