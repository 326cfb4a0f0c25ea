"""The parts of a session around its core, made and joined in one place."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from trader_gui.callback import Callback
from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.order import OrderOutcome
from trader_gui.domain.step import Step, Wish
from trader_gui.exchange.port import Deliver
from trader_gui.journal.writer import JournalWriter
from trader_gui.orders.closing import Closer
from trader_gui.orders.leg_closer import Ask
from trader_gui.orders.manager import OrderManager
from trader_gui.orders.mover import Mover
from trader_gui.rt_trader.account_watch import AccountWatch
from trader_gui.rt_trader.belief import JournalTruth
from trader_gui.rt_trader.care import Care
from trader_gui.rt_trader.claims import Claims
from trader_gui.rt_trader.connection import Connection
from trader_gui.rt_trader.dead_man import DeadManSwitch
from trader_gui.rt_trader.disturbance import Disturbances, local_addresses
from trader_gui.rt_trader.engine import EngineSwitch
from trader_gui.rt_trader.errands import Errands
from trader_gui.rt_trader.freshness import Freshness
from trader_gui.rt_trader.held_marks import HeldMarks
from trader_gui.rt_trader.reconciler import Reconciler
from trader_gui.rt_trader.repair import Repair
from trader_gui.rt_trader.road import Observer, Road
from trader_gui.rt_trader.shown_market import ShownMarket
from trader_gui.rt_trader.status import SessionStatus
from trader_gui.rt_trader.summary import Tally
from trader_gui.rt_trader.symbol_terms import SymbolTerms
from trader_gui.rt_trader.venue_facts import VenueFacts
from trader_gui.rt_trader.venue_settings import VenueSettings
from trader_gui.settings import DeadManMode


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
    closer: Closer
    mover: Mover
    dead_man: DeadManSwitch
    facts: VenueFacts
    disturbances: Disturbances
    venue_settings: VenueSettings
    errands: Errands
    shown: ShownMarket
    held_marks: HeldMarks


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
    dead_man_switch: DeadManMode,
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
    observers.append(Care(journal, repair.account))
    # A paced exchange waits for the session, and no two runs would be the same with calls by the machine's time.
    dead_man_switch = "off" if connection.is_paced else dead_man_switch

    engine = EngineSwitch(road, status)
    freshness = Freshness(road, status, connection.is_mirror_stale, connection.lives)
    addresses = None if connection.is_local else local_addresses
    truth = JournalTruth(journal)
    claims = Claims(callback, connection.port, repair.executions, truth, journal.note, road.halt)

    def doubt(reason: str) -> None:
        account.doubt(reason)

    facts = VenueFacts(road, connection.port, status, deliver)
    reconciler = Reconciler(callback, connection.port, repair, truth, claims, status.reconciliation, doubt, road.halt)
    account = AccountWatch(callback, freshness, repair, reconciler, connection.replace_user_stream)
    errands = Errands()
    terms = SymbolTerms(connection.port, road, status.shown, errands)
    own = (callback.symbol, callback.interval)
    shown = ShownMarket(road, connection.market, deliver, status.shown, terms, errands, own=own, with_book=with_book)
    held_marks = HeldMarks(road, connection.market, deliver, status.shown, terms)

    def renew_others() -> None:
        shown.renew()
        held_marks.renew()

    return Parts(
        manager=manager,
        road=road,
        engine=engine,
        freshness=freshness,
        repair=repair,
        reconciler=reconciler,
        account=account,
        closer=_make_closer(road, repair, account, manager),
        mover=Mover(callback, _asker(road), manager.is_asking, lambda: status.phase != "running"),
        dead_man=DeadManSwitch(connection.port, callback, status, dead_man_switch),
        facts=facts,
        disturbances=Disturbances(connection, freshness, engine, road, journal, status, renew_others, addresses),
        venue_settings=VenueSettings(
            connection.port, repair, terms, lambda is_hedge: facts.take_mode(is_hedge=is_hedge)
        ),
        errands=errands,
        shown=shown,
        held_marks=held_marks,
    )


def _make_closer(road: Road, repair: Repair, account: AccountWatch, manager: OrderManager) -> Closer:
    async def read_account() -> AccountSnapshot:
        """Read the account and let the core take it in; what it then no longer knows, the venue is asked about."""
        snapshot = await repair.snapshot()
        newest = account.before_snapshot(snapshot, time.monotonic_ns())
        road.step(newest)
        account.after(snapshot)
        return newest

    return Closer(road.callback, read_account, _asker(road), manager.resolve, road.step)


def _asker(road: Road) -> Ask:
    async def ask(wishes: Sequence[Wish]) -> tuple[Step, Sequence[OrderOutcome]]:
        answer = await road.ask(wishes)
        return answer.step, answer.outcomes

    return ask
