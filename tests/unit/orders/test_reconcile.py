"""What journal and venue disagree on is named, in both directions; where they agree nothing is said."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trader_gui.domain.account import AccountSnapshot, Balance, Position
from trader_gui.orders.reconcile import Belief, differences

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


def test_a_position_the_venue_no_longer_has_is_shown():
    belief = Belief({"BTCUSDT": Decimal("0.010")}, frozenset({"tg-ep-4"}), {"USDT": Decimal("9999.5")})
    found = [str(d) for d in differences(belief, snapshot({}), "USDT")]
    assert found == [
        "BTCUSDT position: journal 0.01, exchange none",
        "order tg-ep-4: journal open, exchange none",
        "USDT wallet: journal 9999.5, exchange 10000",
    ]


@given(AMOUNTS, AMOUNTS)
def test_a_position_is_named_exactly_when_the_amounts_differ(ours: dict[str, Decimal], venue: dict[str, Decimal]):
    named = {d.name for d in differences(Belief(ours, frozenset(), {}), snapshot(venue), "USDT")}
    assert named == {s for s in {*ours, *venue} if ours.get(s, Decimal(0)) != venue.get(s, Decimal(0))}
