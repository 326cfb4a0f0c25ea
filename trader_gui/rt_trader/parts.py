"""The parts of a session around its core, made and joined in one place."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from trader_gui.callback import Callback
from trader_gui.domain.order import CancelIntent, OrderIntent
from trader_gui.domain.step import Step
from trader_gui.exchange.port import Deliver
from trader_gui.journal.writer import JournalWriter
from trader_gui.orders.flatten import Flattener
from trader_gui.orders.manager import OrderManager
from trader_gui.rt_trader.account_watch import AccountWatch
from trader_gui.rt_trader.belief import JournalTruth
from trader_gui.rt_trader.claims import Claims
from trader_gui.rt_trader.connection import Connection
from trader_gui.rt_trader.engine import EngineSwitch
from trader_gui.rt_trader.freshness import Freshness
from trader_gui.rt_trader.reconciler import Reconciler
from trader_gui.rt_trader.repair import Repair
from trader_gui.rt_trader.road import Observer, Road
from trader_gui.rt_trader.status import SessionStatus
from trader_gui.rt_trader.summary import Tally


@dataclass(frozen=True)
class Parts:
    """What a session works with, once the core is there."""

    manager: OrderManager
    road: Road
    engine: EngineSwitch
    freshness: Freshness
    repair: Repair
    reconciler: Reconciler
    account: AccountWatch
    flattener: Flattener


def make_parts(
    callback: Callback,
    connection: Connection,
    journal: JournalWriter,
    tally: Tally,
    status: SessionStatus,
    observers: list[Observer],
    deliver: Deliver,
    *,
    with_book: bool,
) -> Parts:
    """Return the parts; none of them runs yet."""
    manager = OrderManager(
        connection.port,
        journal.write_intent,
        lambda outcome: deliver(outcome, time.monotonic_ns()),
        lambda: callback.now_ms,
        is_allowed=callback.gate.still_allows,
    )
    road = Road(callback, manager, journal, tally, status, observers)
    repair = Repair(callback, connection.reader, connection.port, manager, deliver, with_book=with_book)

    freshness = Freshness(road, status, connection.is_mirror_stale)
    truth = JournalTruth(journal)
    claims = Claims(callback, connection.port, repair.executions, truth, journal.note, road.halt)

    def doubt(reason: str) -> None:
        account.doubt(reason)

    reconciler = Reconciler(callback, connection.port, repair, truth, claims, status.reconciliation, doubt, road.halt)
    account = AccountWatch(callback, freshness, repair, reconciler, connection.replace_user_stream)

    async def request(wishes: Sequence[OrderIntent | CancelIntent]) -> Step:
        return (await road.ask(wishes)).step

    return Parts(
        manager=manager,
        road=road,
        engine=EngineSwitch(road, status),
        freshness=freshness,
        repair=repair,
        reconciler=reconciler,
        account=account,
        flattener=Flattener(
            callback.symbol, repair.snapshot, request, lambda: callback.now_ms, callback.rules.market_max_quantity
        ),
    )
