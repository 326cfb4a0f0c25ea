"""A bracket goes to the gate as one order with its exits: one answer for all of it."""

import asyncio
from pathlib import Path

from tests.core_records import dec, make_intent
from tests.core_rig import Rig
from tests.road_world import road_world
from tests.session_world import codes
from trader_gui.domain.bracket import BracketWish
from trader_gui.domain.exit_level import ExitLevel
from trader_gui.rt_trader.sending_by_hand import SendingByHand


def test_a_bracket_of_which_one_exit_is_wrong_is_refused_as_a_whole(tmp_path: Path) -> None:
    wish = BracketWish(make_intent(), ExitLevel(dec("99000.0")), ExitLevel(dec("99500.0")))

    async def body() -> None:
        async with road_world(tmp_path, Rig()) as world:
            hand = SendingByHand()
            hand._road = world.road
            answer = await hand.submit_bracket(wish)
            assert (codes(answer.step.refusals), answer.outcomes) == (["target_wrong_side"], ())
            assert answer.step.wished == (wish.intent,)
            assert world.rig.callback.orders.open_orders() == []

    asyncio.run(body())
