"""Closing the account ends flat, or says exactly what remains and why; and never makes anything worse on the way."""

import asyncio

import pytest
from msgspec.structs import replace

from tests.closing_world import BTC, ClosingWorld, answer_at_once
from tests.core_records import RULES, dec, make_intent, make_order
from trader_gui.domain.order import OrderFamily, OrderStatus, OrderType, PositionSide, Side
from trader_gui.domain.step import FeedStatus, Refusal, Route
from trader_gui.errors import UserError, VenueError
from trader_gui.orders import closing, leg_closer

ETH = replace(RULES, symbol="ETHUSDT", market_max_quantity=dec(2))
ETH_KEY = ("ETHUSDT", PositionSide.BOTH)
LONG, SHORT = ("BTCUSDT", PositionSide.LONG), ("BTCUSDT", PositionSide.SHORT)
ENTRY = make_order("entry")
TARGET = make_order("target", side=Side.SELL, reduce_only=True)
STOP = make_order(
    "stop", side=Side.SELL, order_type=OrderType.STOP_MARKET, order_family=OrderFamily.ALGO, close_position=True
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    answer_at_once(monkeypatch)


def test_entries_and_targets_go_first_the_position_then_and_the_stop_last():
    world = ClosingWorld(amounts={BTC: "0.030"}, orders=(ENTRY, TARGET, STOP))
    report = world.flatten()
    assert report.is_done and report.remaining.is_empty and report.troubles == ()
    assert world.asked == [
        "block",
        "cancel entry",
        "cancel target",
        "SELL 0.030 BTCUSDT BOTH",
        "cancel stop",
        "unblock",
    ]
    assert not world.was_naked


def test_every_symbol_and_leg_is_closed_in_pieces_that_the_venue_takes():
    world = ClosingWorld(
        ETH, amounts={LONG: "0.020", SHORT: "-0.010", ("ETHUSDT", PositionSide.LONG): "5"}, is_hedge=True
    )
    assert world.flatten().is_done
    assert {line for line in world.asked if "ETH" in line} == {"SELL 2.000 ETHUSDT LONG", "SELL 1.000 ETHUSDT LONG"}
    assert {"SELL 0.020 BTCUSDT LONG", "BUY 0.010 BTCUSDT SHORT"} < set(world.asked)
    assert world.held == {}


def test_nothing_is_opened_meanwhile_and_afterwards_again():
    world = ClosingWorld(amounts={BTC: "0.010"})
    refused = []

    def start():
        world.during = lambda: refused.append(world.core.request([make_intent()]).refusals)

    assert world.flatten(meanwhile=start).is_done
    assert set(refused) == {(Refusal("flattening"),)}
    assert world.core.request([make_intent()]).refusals == ()


def test_a_plan_that_no_longer_holds_is_not_carried_out():
    world = ClosingWorld(amounts={BTC: "0.010"})
    report = world.flatten(meanwhile=lambda: world.amounts.update({BTC: dec("0.020")}))
    assert not report.is_done and report.changed_plan is not None
    assert report.changed_plan.closes[0].quantity == dec("0.020")
    assert world.asked == ["block", "unblock"]
    assert world.core.request([make_intent()]).refusals == ()


def test_the_end_of_the_session_in_mid_close_is_told_for_what_it_is():
    """Not as a bug in a group of errors, which nobody shows: and entries are let in again."""
    world = ClosingWorld(ETH, amounts={BTC: "0.030", ETH_KEY: "1"})
    world.is_over = True
    with pytest.raises(UserError, match="has ended"):
        world.flatten()
    assert world.asked == ["block", "unblock"]


def test_an_unknown_close_is_waited_for_and_never_doubled():
    world = ClosingWorld(ETH, amounts={ETH_KEY: "5"})
    world.answers = ["filled", leg_closer.OutcomeKind.UNKNOWN]
    report = world.flatten()
    assert not report.is_done, "nobody ever said what became of the second piece"
    assert [line for line in world.asked if "ETHUSDT" in line] == ["SELL 2.000 ETHUSDT BOTH"] * 2
    assert "unknown_outcome" in {t.code for t in report.troubles}
    assert report.remaining.closes[0].quantity == 1


def test_an_unknown_close_that_becomes_known_goes_on_from_a_fresh_snapshot():
    world = ClosingWorld(ETH, amounts={ETH_KEY: "5"})
    world.answers = [leg_closer.OutcomeKind.UNKNOWN]
    resolve = world.resolve
    loop_calls = []

    async def body():
        plan = await world.closer.plan()
        running = asyncio.create_task(world.closer.execute(plan), name="close")
        await asyncio.sleep(0.1)
        loop_calls.append(list(world.asked))
        resolve("ETHUSDT", world._last.client_order_id, OrderFamily.BOOK)  # what the order manager does by itself
        return await running

    report = asyncio.run(body())
    assert loop_calls == [["block", "SELL 2.000 ETHUSDT BOTH"]], "no second close while the first is not known"
    assert report.is_done and world.held == {}


def test_a_fill_that_is_never_told_is_asked_for():
    world = ClosingWorld(amounts={BTC: "0.010"})
    world.answers = ["lost"]
    assert world.flatten().is_done
    assert sum(line.startswith("resolve") for line in world.asked) == 1


def test_a_market_order_that_stays_open_is_not_joined_by_another():
    world = ClosingWorld(amounts={BTC: "0.010"})
    world.answers = ["never"]
    report = world.flatten()
    assert not report.is_done
    assert sum(line.startswith("SELL") for line in world.asked) == 1
    assert {t.code for t in report.troubles} >= {"unknown_outcome"}
    assert report.remaining.closes[0].quantity == dec("0.010")


@pytest.mark.parametrize("code", [-2022, -4118])
def test_what_stands_in_the_way_is_cancelled_but_never_a_stop(code):
    late = make_order("late", side=Side.SELL, reduce_only=True, order_id=7)
    profit = make_order(
        "profit",
        side=Side.SELL,
        order_type=OrderType.TAKE_PROFIT_MARKET,
        order_family=OrderFamily.ALGO,
        reduce_only=True,
    )
    world = ClosingWorld(amounts={BTC: "0.010"}, orders=(STOP, profit))
    world.answers = [code, code]

    async def body():
        plan = await world.closer.plan_close([BTC])
        world.orders["late"] = late  # placed by somebody else in the meantime
        world.core.routes_fresh[Route.PRIVATE] = False
        return await world.closer.execute(replace(plan, cancels=(late,)))

    report = asyncio.run(body())
    assert report.is_done
    assert not world.was_naked
    assert [line for line in world.asked if "resolve" not in line] == [
        "cancel late",
        "SELL 0.010 BTCUSDT BOTH",
        "cancel profit",
        "SELL 0.010 BTCUSDT BOTH",
        "SELL 0.010 BTCUSDT BOTH",
        "cancel stop",
    ]


def test_a_book_too_thin_for_a_market_order_gets_a_limit_just_inside_the_band():
    world = ClosingWorld(amounts={BTC: "-0.010"})
    world.answers = [-4131]
    assert world.flatten().is_done
    (limit,) = (line for line in world.asked if "limit" in line)
    price = dec(limit.rpartition(" ")[2])
    assert limit.startswith("BUY 0.010") and dec(104_000) < price < dec(100_000) * RULES.percent_up


@pytest.mark.parametrize("code", [-1008, -1001, -1015])
def test_a_venue_in_trouble_gets_a_pause_and_another_try(code):
    world = ClosingWorld(amounts={BTC: "0.010"})
    world.answers = [code] * 6
    assert world.flatten().is_done
    assert sum(line.startswith("SELL") for line in world.asked) == 7


def test_what_does_not_pass_by_itself_is_not_tried_for_ever_and_is_told():
    world = ClosingWorld(ETH, amounts={BTC: "0.010", ETH_KEY: "1"}, orders=(STOP, ENTRY))
    refuse = [-1122] * 50
    place = world._place

    def halted(approved):
        world.answers = [refuse.pop()] if approved.intent.symbol == "BTCUSDT" else []
        return place(approved)

    world._place = halted
    report = world.flatten()
    assert not report.is_done and world.held == {BTC: dec("0.010")}
    assert [(t.code, t.symbol) for t in report.troubles] == [("-1122", "BTCUSDT")]
    assert [c.position.symbol for c in report.remaining.closes] == ["BTCUSDT"]
    assert "stop" in world.orders and not world.was_naked
    assert sum(line.startswith("SELL 0.010") for line in world.asked) <= closing.HOPELESS_ROUNDS + 1


def test_an_account_that_cannot_be_read_is_waited_for():
    world = ClosingWorld(amounts={BTC: "0.010"})
    busy = VenueError(-1003, "too many", retryable=True, wait_s=0.05)
    assert world.flatten(meanwhile=lambda: world.reads.extend([busy, busy])).is_done


def test_without_a_fresh_account_nothing_is_done_and_nothing_is_proven():
    world = ClosingWorld(amounts={BTC: "0.010"})
    banned = VenueError(-1003, "the exchange has banned this address", retryable=True, wait_s=600)
    report = world.flatten(meanwhile=lambda: world.reads.extend([banned] * 9))
    assert world.asked == ["block", "unblock"]
    assert not report.is_done and report.remaining.is_last_known
    assert [(t.code, t.detail) for t in report.troubles] == [
        ("account_unread", "-1003: the exchange has banned this address")
    ]


def test_by_the_last_known_sizes_everything_is_closed_and_called_unproven():
    world = ClosingWorld(amounts={BTC: "0.010"}, orders=(STOP,))
    world.reads = [VenueError(-1003, "pause", retryable=True, wait_s=600) for _ in range(99)]
    report = world.flatten(last_known=True)
    assert world.asked == ["block", "SELL 0.010 BTCUSDT BOTH", "cancel stop", "unblock"]
    assert not report.is_done and report.remaining.is_last_known
    assert "account_unread" in {t.code for t in report.troubles}


def test_an_entry_that_nobody_knows_of_is_no_proof_of_being_flat():
    world = ClosingWorld(amounts={})
    step = world.core.request([make_intent()])
    world.core.step(leg_closer.OrderOutcome(step.approved[0].client_order_id, leg_closer.OutcomeKind.UNKNOWN, False, 0))
    report = world.flatten()
    assert not report.is_done
    assert [(t.code, t.symbol) for t in report.troubles] == [("unknown_outcome", "BTCUSDT")]
    assert [o.status for o in report.remaining.in_doubt] == [OrderStatus.UNKNOWN]


def test_dust_is_told_and_the_rest_is_closed():
    world = ClosingWorld(amounts={BTC: "0.0104"})
    report = world.flatten()
    assert not report.is_done and world.held == {BTC: dec("0.0004")}
    (rest,) = report.remaining.remainders
    assert (rest.quantity, rest.why.code) == (dec("0.0004"), "below_min_quantity")


def test_a_part_of_one_position_is_closed_at_once_and_all_else_stays():
    world = ClosingWorld(ETH, amounts={BTC: "0.010", ETH_KEY: "1"}, orders=(ENTRY, TARGET, STOP))
    world.during = lambda: world.asked.append("read")
    plan, report = world.close(part=dec("0.25"))
    assert plan.closes[0].pieces == (dec("0.003"),)
    assert report.is_done and world.held == {BTC: dec("0.007"), ETH_KEY: dec(1)}
    assert world.asked == ["SELL 0.003 BTCUSDT BOTH", "read"], "a fresh stream is as good as a snapshot, and sooner"
    assert set(world.orders) == {"entry", "target", "stop"}


def test_a_position_is_read_before_it_is_closed_when_its_stream_is_not_fresh():
    world = ClosingWorld(ETH, amounts={ETH_KEY: "2"})
    world.rig.send(FeedStatus(Route.PRIVATE, False, 0))
    world.amounts[ETH_KEY] = dec(1)  # which no event has told
    world.during = lambda: world.asked.append("read")
    plan, report = world.close(ETH_KEY)
    assert plan.closes[0].quantity == 1 and report.is_done
    assert world.asked == ["read", "read", "SELL 1.000 ETHUSDT BOTH", "read"]


def test_so_much_and_no_more_of_a_leg_is_closed():
    world = ClosingWorld(amounts={LONG: "0.020", SHORT: "-0.010"}, is_hedge=True)
    _, report = world.close(SHORT, quantity=dec("0.004"))
    assert report.is_done and world.held == {LONG: dec("0.020"), SHORT: dec("-0.006")}


def test_what_an_entry_adds_meanwhile_is_not_part_of_the_part_that_is_closed():
    world = ClosingWorld(amounts={BTC: "0.010"})

    def fill_an_entry():
        world.during = lambda: None
        world.amounts[BTC] += dec("0.020")

    world.during = fill_an_entry
    _, report = world.close(quantity=dec("0.005"))
    assert report.is_done and world.asked == ["SELL 0.005 BTCUSDT BOTH"]
    assert world.amounts[BTC] == dec("0.025")


def test_a_list_that_is_behind_does_not_close_a_part_twice():
    world = ClosingWorld(amounts={BTC: "0.010"})
    put_snapshot, late = world._put_snapshot, [1, 2]

    def read_late():
        """Show the position as it was before the close."""
        if not late:
            return put_snapshot()
        late.pop()
        amounts, world.amounts = world.amounts, {BTC: dec("0.010")}
        try:
            return put_snapshot()
        finally:
            world.amounts = amounts

    world._put_snapshot = read_late
    _, report = world.close(quantity=dec("0.002"))
    assert report.is_done and world.asked == ["SELL 0.002 BTCUSDT BOTH"]
    assert world.amounts[BTC] == dec("0.008")
