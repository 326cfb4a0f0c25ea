"""Why the exchange differed is found in its own lists; what is not found there halts the engine, with the row."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core_records import PREFIX, START_MS, dec, make_fill, make_order, make_snapshot
from tests.core_rig import Rig
from trader_gui.domain.order import Fill, Order, OrderFamily, OrderStatus, OrderUpdate, Side
from trader_gui.exchange.port import IncomeRow
from trader_gui.orders.reconcile import Fact, Pair, RowKey, RowKind, RowState, order_key
from trader_gui.rt_trader import claims as module
from trader_gui.rt_trader.claims import Claims
from trader_gui.rt_trader.executions import Executions

Expect = Callable[[str], None]
POSITION, WALLET = (RowKind.POSITION, "BTCUSDT"), (RowKind.WALLET, "USDT")
OWN, WEB = f"{PREFIX}-hn-1", "web-1"
TOLD_MS = START_MS + 10


class World:
    """Claims around a core; venue and journal say what the test puts into `lists`, `income`, `orders` and `intents`."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.lists: list[Fill] = []
        self.income_rows: list[IncomeRow] = []
        self.orders: dict[str, Order] = {}
        self.executed_orders: dict[int, Order] = {}
        self.intents: set[str] = set()
        self.notes: list[str] = []
        self.halts: list[str] = []
        venue: Any = self
        self.claims = Claims(
            self.rig.callback,
            venue,
            Executions(self.rig.callback, venue),
            venue,
            lambda kind, text, time_ms: self.notes.append(text),
            self.halts.append,
        )

    async def fills(self, symbol: str, *, start_time_ms: int) -> tuple[Fill, ...]:
        return tuple(f for f in self.lists if f.symbol == symbol and f.trade_time_ms >= start_time_ms)

    async def income(self, *, start_time_ms: int) -> tuple[IncomeRow, ...]:
        return tuple(row for row in self.income_rows if row.time_ms >= start_time_ms)[: module.FULL_PAGE]

    async def order_by_id(self, symbol: str, order_id: int) -> Order | None:
        return self.executed_orders.get(order_id)

    async def query_order(self, symbol: str, client_order_id: str, family: OrderFamily) -> Order | None:
        return self.orders.get(client_order_id)

    async def has_intent(self, client_order_id: str) -> bool:
        return client_order_id in self.intents

    def executed(self, trade_id: int, signed: str, client_order_id: str, *, at_ms: int = TOLD_MS) -> Fill:
        """Let the venue list an execution of an order."""
        self.executed_orders[trade_id] = make_order(client_order_id, order_id=trade_id, status=OrderStatus.FILLED)
        side = Side.BUY if dec(signed) > 0 else Side.SELL
        fill = make_fill(trade_id, "", order_id=trade_id, side=side, quantity=abs(dec(signed)), trade_time_ms=at_ms)
        self.lists.append(fill)
        return fill

    def claim(self, key: RowKey, venue: Fact, former: Fact, *, is_of_start: bool = False) -> None:
        self.claims.add({key: Pair(venue, former, TOLD_MS, agrees=False)}, is_of_start=is_of_start)

    def explain(self, times: int = 1) -> None:
        async def body() -> None:
            for _ in range(times):
                await self.claims.explain()

        asyncio.run(body())

    @property
    def state(self) -> tuple[RowState, str]:
        (row,) = self.claims.rows()
        return row.state, row.cause


def explained(cause: str) -> tuple[RowState, str]:
    return RowState.EXPLAINED, cause


def test_a_position_is_explained_by_the_executions_since_it_was_told() -> None:
    for names, cause in (
        ((OWN, OWN), "own_executions"),
        ((OWN, WEB), "foreign_executions"),
        ((OWN, "adl_autoclose"), "auto_deleveraging"),
        (("autoclose-12", WEB), "liquidation"),
        (("settlement_autoclose-1", OWN), "settlement"),
    ):
        world = World()
        world.executed(1, "0.5", OWN, at_ms=START_MS)  # before: it is in the former amount
        for number, name in enumerate(names, 2):
            world.executed(number, "0.010", name)
        world.claim(POSITION, dec("0.030"), dec("0.010"))
        world.explain()
        assert world.state == explained(cause)
        assert world.halts == []
        assert cause in world.notes[0]


def test_only_the_leg_that_differs_is_added_up() -> None:
    world = World()
    world.executed(1, "0.010", OWN)
    world.claim((RowKind.POSITION, "BTCUSDT LONG"), dec("0.010"), None)
    world.explain()
    assert world.claims.is_open  # that execution was in one-way mode


def test_a_wallet_is_explained_by_its_ledger() -> None:
    for types, cause in (
        (("REALIZED_PNL", "COMMISSION"), "executions"),
        (("FUNDING_FEE",), "funding"),
        (("TRANSFER", "COMMISSION"), "transfer"),
        (("INSURANCE_CLEAR", "REALIZED_PNL"), "liquidation"),
        (("API_REBATE",), "income"),
    ):
        world = World()
        other = IncomeRow("", "TRANSFER", dec(5), "BNB", TOLD_MS, 1)
        rows = [IncomeRow("BTCUSDT", t, dec("-1.5"), "USDT", TOLD_MS + n, n) for n, t in enumerate(types)]
        world.income_rows = [other, *rows]
        world.claim(WALLET, dec(10_000) - dec("1.5") * len(types), dec(10_000))
        world.explain()
        assert world.state == explained(cause)


def test_a_long_ledger_is_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FULL_PAGE", 4)
    world = World()
    world.income_rows = [IncomeRow("", "COMMISSION", dec("-1"), "USDT", TOLD_MS + n // 2, n) for n in range(10)]
    world.claim(WALLET, dec(9_990), dec(10_000))
    world.explain()
    assert world.state == explained("executions")


def test_what_the_venue_cannot_explain_after_some_tries_halts_the_engine(expect_log: Expect) -> None:
    expect_log("the exchange differs: BTCUSDT position: memory none, exchange 0.01")
    world = World()
    world.claim(POSITION, dec("0.010"), None)
    world.explain(module.MOST_TRIES - 1)
    assert (world.halts, world.claims.is_open) == ([], True)
    world.explain()
    assert world.state == (RowState.UNEXPLAINED, "")
    assert world.halts == ["unexplained_difference"]


def test_at_the_start_nothing_is_armed_that_could_be_halted(expect_log: Expect) -> None:
    expect_log("the exchange differs: BTCUSDT position: journal 0.01, exchange none")
    world = World()
    world.claim(POSITION, None, dec("0.010"), is_of_start=True)
    world.explain(module.MOST_TRIES)
    assert (world.state, world.halts) == ((RowState.UNEXPLAINED, ""), [])


# ---- orders ----------------------------------------------------------------------------------------------------------


def order_state(venue: Order | None, former: Order | None, world: World | None = None, times: int = 1) -> Any:
    world = world or World()
    named = venue or former
    assert named is not None
    world.claim(order_key(named.client_order_id, named.order_family), venue, former)
    world.explain(times)
    return world.state


def test_an_order_that_was_found_is_named_by_whose_it_is(expect_log: Expect) -> None:
    expect_log("second_program")
    assert order_state(make_order(WEB), None) == explained("foreign_order")
    assert order_state(make_order(WEB), make_order(WEB, price=dec(1))) == explained("order_changed")
    known = World()
    known.intents.add(OWN)
    assert order_state(make_order(OWN), None, known) == explained("order_untold")
    given_up = make_order(OWN, order_id=None, status=OrderStatus.REJECTED)
    assert order_state(make_order(OWN), given_up) == explained("order_untold")
    for world, former in ((World(), None), (World(), make_order(OWN, order_id=5))):
        assert order_state(make_order(OWN), former, world) == (RowState.UNEXPLAINED, "second_program")
        assert world.halts == ["second_program"]


def test_an_order_that_is_gone_is_explained_by_its_end_once_that_is_told() -> None:
    world = World()
    order = make_order(WEB)
    world.rig.send(OrderUpdate(order, "NEW", None, START_MS, START_MS))
    world.rig.send(make_snapshot())
    assert order_state(None, order, world, times=module.MOST_TRIES + 1)[0] is RowState.ADOPTED  # it is being asked for
    ended = replace(order, status=OrderStatus.FILLED, executed_quantity=order.quantity, update_time_ms=START_MS + 1)
    world.rig.send(OrderUpdate(ended, "TRADE", None, START_MS + 1, START_MS + 1))
    world.explain()
    assert world.state == explained("order_ended")
    assert world.claims.rows()[0].venue == "FILLED BUY 0.01/0.01 @ 100000"


def test_an_order_of_the_last_session_that_is_gone_is_asked_for() -> None:
    world = World()
    world.orders[OWN] = make_order(OWN, status=OrderStatus.CANCELED)
    world.claim(order_key(OWN, OrderFamily.BOOK), None, make_order(OWN), is_of_start=True)
    world.explain()
    assert world.state == explained("order_ended")


def test_an_order_under_our_name_is_a_second_programs_unless_the_journal_knows_it(expect_log: Expect) -> None:
    expect_log("second_program")
    world = World()
    world.intents.add(OWN)
    world.claims.ask_whose(make_order(OWN))
    assert world.claims.is_open
    world.explain()
    assert (world.claims.rows(), world.claims.is_open) == ([], False)
    world.claims.ask_whose(make_order(f"{PREFIX}-hn-2"))
    world.explain()
    assert world.state == (RowState.UNEXPLAINED, "second_program")
    assert world.halts == ["second_program"]


# ---- the rest --------------------------------------------------------------------------------------------------------


def test_an_execution_that_was_asked_for_is_a_row_by_itself_once() -> None:
    world = World()
    update = OrderUpdate(make_order(WEB), "TRADE", make_fill(4, WEB), 0, 0, is_asked=True)
    world.claims.add_execution(update)
    (row,) = world.claims.rows()
    assert (row.name, row.venue, row.cause) == ("BTCUSDT 4", "0.01", "foreign_executions")
    world.rig.send(update)
    world.claims.add_execution(update)
    assert len(world.claims.rows()) == 1


def test_what_stays_although_it_was_read_anew_is_given_up_once(expect_log: Expect) -> None:
    expect_log("the exchange differs")
    world = World()
    for _ in range(2):
        world.claims.give_up(WALLET, Pair(dec(1), dec(2), 0, agrees=False))
    assert world.halts == ["unexplained_difference"]


def test_what_was_seen_is_forgotten_and_old_claims_make_room() -> None:
    world = World()
    shown: list[int] = []
    world.claims.changed = lambda: shown.append(len(world.claims.rows()))
    for number in range(module.MOST_CLAIMS + 5):
        world.claims.add({(RowKind.WALLET, f"A{number}"): Pair(Decimal(1), None, 0, agrees=False)})
    world.claim((RowKind.SETTINGS, "BTCUSDT"), None, None)
    assert len(world.claims.rows()) == module.MOST_CLAIMS == shown[-1]
    world.claims.forget_settled()
    assert len(world.claims.rows()) == module.MOST_CLAIMS  # their causes are still looked for
    fresh = World()
    fresh.claim((RowKind.SETTINGS, "BTCUSDT"), None, None)
    fresh.explain()
    assert fresh.state == explained("settings_changed")
    fresh.claims.forget_settled()
    assert fresh.claims.rows() == []
