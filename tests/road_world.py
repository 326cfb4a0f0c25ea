"""A session's road on a core whose venue is spoken by the test: real callback, manager and journal, no socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.core_rig import Rig
from trader_gui.domain.step import Step
from trader_gui.journal.writer import open_journal
from trader_gui.rt_trader.parts import make_parts
from trader_gui.rt_trader.status import SessionStatus
from trader_gui.rt_trader.summary import Tally


class RoadWorld:
    """A road, and what it told its observers.

    Attributes:
        journal: Of the session.
        steps: Every step that the observers were told.
        observers: The list that the road reads.
    """

    def __init__(self, rig: Rig, journal: Any) -> None:
        self.rig = rig
        self.journal = journal
        self.status = SessionStatus(phase="running")
        self.tally = Tally("BTCUSDT")
        self.steps: list[Step] = []
        self.observers: list[Any] = [self.steps.append]
        unconnected: Any = SimpleNamespace(
            port=None,
            reader=None,
            market=None,
            lives={},
            is_local=True,
            is_paced=True,
            is_mirror_stale=lambda now_ns: False,
            replace_user_stream=lambda reason: None,
        )
        self.parts = make_parts(
            rig.callback,
            unconnected,  # nothing is sent
            journal,
            self.tally,
            self.status,
            self.observers,
            lambda item, received_ns: None,
            with_book=False,
            dead_man_switch="engine",
        )
        self.road = self.parts.road
        for route in self.status.routes.values():
            route.is_connected = route.is_fresh = True


@asynccontextmanager
async def road_world(folder: Path, rig: Rig) -> AsyncIterator[RoadWorld]:
    """Open a journal in `folder` and build a road to the rig's core."""
    async with open_journal(folder / "journal.sqlite", profile="demo", symbol="BTCUSDT", interval="1m") as journal:
        yield RoadWorld(rig, journal)
