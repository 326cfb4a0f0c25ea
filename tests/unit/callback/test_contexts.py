"""What decision and gate are told of a moment: what is in flight, what is untold, which routes are fresh."""

from decimal import Decimal

from tests.core_records import make_order
from tests.core_rig import Rig
from trader_gui.callback.contexts import decision_context, risk_context
from trader_gui.decision.engine_ledger import EngineLedger
from trader_gui.domain.order import OrderStatus, Origin, Purpose, Side
from trader_gui.domain.step import FeedStatus, Route


def test_an_open_order_and_an_untold_execution_are_in_flight():
    rig, ledger = Rig(), EngineLedger("BTCUSDT", "USDT")
    resting = make_order("TAAAAAAA-ep-1", origin=Origin.ENGINE, purpose=Purpose.PROTECTION)
    context = decision_context(rig.callback, ledger, (resting,))
    assert (context.in_flight, context.open_orders) == (frozenset({Purpose.PROTECTION}), (resting,))
    assert context.price == rig.callback.last_price
    filled = make_order(
        "TAAAAAAA-en-2",
        origin=Origin.ENGINE,
        purpose=Purpose.ENTRY,
        side=Side.BUY,
        status=OrderStatus.FILLED,
        executed_quantity=Decimal("0.010"),
    )
    ledger.note_order(None, filled, rig.now_ms)
    assert decision_context(rig.callback, ledger, ()).in_flight == {Purpose.ENTRY}
    assert risk_context(rig.callback, ledger, "BTCUSDT").untold == {Purpose.ENTRY}


def test_the_gate_hears_of_each_route():
    rig, ledger = Rig(), EngineLedger("BTCUSDT", "USDT")
    rig.send(FeedStatus(Route.PRIVATE, False, rig.now_ms))
    context = risk_context(rig.callback, ledger, "BTCUSDT")
    assert (context.is_market_fresh, context.is_private_fresh, context.is_account_known) == (True, False, True)
