"""What one session of the fault campaign is made of, drawn from a seed: market, fault plan, hand script, restart."""

import json
from dataclasses import dataclass, replace
from random import Random
from typing import Any, get_args

from trader_gui.simulated_exchange import fault_plan as plans

SYMBOLS = ("BTCUSDT", "ETHUSDT", "LTCUSDT")
REGIMES = ("mixed", "mixed", "calm", "trend", "crash:4m,mixed", "mixed:2m,halt:40s,mixed")
PATHS = (None, None, "/fapi/v1/order", "/fapi/v1/algoOrder", "/fapi/v1/*", "/fapi/v3/*", "/fapi/v1/listenKey")
USER_EVENTS = (None, None, "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ALGO_UPDATE")
HAND_ACTS = (
    ("market", 5),
    ("limit_far", 3),
    ("limit_near", 4),
    ("stop", 2),
    ("target", 2),
    ("bracket", 3),
    ("cancel_one", 4),
    ("replace_one", 3),
    ("cancel_entries", 1),
    ("close", 3),
    ("flatten", 1),
    ("leverage", 1),
    ("amend_elsewhere", 1),
    ("trade_elsewhere", 1),
    ("order_elsewhere", 1),
    ("transfer", 1),
)
CLASSES: dict[str, type[plans.Fault]] = {str(fault.__struct_config__.tag): fault for fault in get_args(plans.AnyFault)}


@dataclass(frozen=True)
class Act:
    """One thing that the hand does: `at_s` after the plan took effect; `lot` is its own dice, 0 to 1."""

    at_s: float
    name: str
    lot: float


@dataclass(frozen=True)
class Scenario:
    """One session.

    Attributes:
        faults: As a plan's JSON lists them; times count from when the session runs.
        restart: "" for none, `stop` in order, `crash` without a word; `restart_at_s` as `Act.at_s`.
        has_engine: The engine is armed, and asked for entries more often than its rules would.
    """

    seed: int
    symbol: str
    regime: str
    speed: float
    with_book: bool
    length_s: float
    faults: tuple[dict[str, Any], ...]
    acts: tuple[Act, ...]
    has_engine: bool
    restart: str
    restart_at_s: float

    @property
    def plan_json(self) -> str:
        """The plan as a fault file."""
        return json.dumps({"seed": self.seed, "faults": list(self.faults)})

    @property
    def plan(self) -> plans.FaultPlan:
        """The plan."""
        return plans.read_plan(self.plan_json.encode())

    def with_faults(self, faults: list[dict[str, Any]]) -> "Scenario":
        """Return the same session under other faults."""
        return replace(self, faults=tuple(faults))


def draw(seed: int, kinds: tuple[str, ...] = ()) -> Scenario:
    """Return the session of a seed; `kinds` names the only kinds of faults there may be, () for all."""
    market, hand = Random(f"{seed}:market"), Random(f"{seed}:hand")
    length_s = market.choice((2.0, 3.0, 4.0))
    driver = market.choice(("engine", "hand", "hand", "both"))
    return Scenario(
        seed=seed,
        symbol=market.choice(SYMBOLS),
        regime=market.choice(REGIMES),
        speed=float(market.randint(20, 50)),
        with_book=market.random() < 0.25,
        length_s=length_s,
        faults=tuple(_draw_faults(Random(f"{seed}:faults"), int(length_s * 1000), kinds)),
        acts=() if driver == "engine" else tuple(_draw_acts(hand, length_s)),
        has_engine=driver != "hand",
        restart=market.choice(("", "", "", "", "stop", "crash")),
        restart_at_s=market.uniform(0.3, 0.8) * length_s,
    )


def _draw_acts(random: Random, length_s: float) -> list[Act]:
    acts, at_s = [], 0.0
    names, weights = zip(*HAND_ACTS, strict=True)
    while (at_s := at_s + random.expovariate(4.0)) < length_s:
        acts.append(Act(round(at_s, 3), random.choices(names, weights)[0], random.random()))
    return acts


def _draw_faults(random: Random, length_ms: int, kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    chosen = sorted(kinds or plans.KINDS)
    return [_draw_fault(random, random.choice(chosen), length_ms) for _ in range(random.choice((1, 1, 2, 3, 4)))]


def _draw_fault(random: Random, kind: str, length_ms: int) -> dict[str, Any]:
    family = CLASSES[kind]
    from_ms = random.randint(0, int(length_ms * 0.6))
    fault: dict[str, Any] = {"kind": kind, "from_ms": from_ms}
    if issubclass(family, plans.TimedFault):
        _draw_timed(random, family, fault)
    else:
        fault["until_ms"] = random.randint(from_ms + 300, length_ms)
        fault["probability"] = random.choice((1.0, 1.0, 0.5, 0.2))
        if random.random() < 0.5:
            fault["count"] = random.randint(1, 6)
        if random.random() < 0.3:
            fault["duration_ms"] = random.randint(100, 1200)
    if issubclass(family, plans.RequestFault):
        _draw_request(random, family, fault)
    if issubclass(family, plans.QueryLag):
        fault["ms"] = random.randint(200, 3000)
    if issubclass(family, plans.PositionLag):
        fault["ms"] = random.randint(200, 1900)
    if issubclass(family, plans.FrameFault):
        _draw_frame(random, family, fault)
    return fault


def _draw_timed(random: Random, family: type[plans.Fault], fault: dict[str, Any]) -> None:
    if random.random() < 0.3:
        fault["repeat_ms"] = random.randint(300, 1500)
        fault["count"] = random.randint(1, 3)
    if issubclass(family, plans.SocketFault):
        fault["route"] = random.choice((None, "private", "private", "market", "public"))
        if random.random() < 0.3:
            fault["on"], fault["count"] = random.choice(("frame", "open")), random.randint(1, 3)
            fault.pop("repeat_ms", None)
    elif issubclass(family, plans.ListenKeyLost):
        fault["announced"] = random.random() < 0.5
    elif issubclass(family, plans.ClockJump):
        fault["jump_ms"] = random.choice((-1, 1)) * random.choice((400, 2_000, 7_000, 3_600_000))
        fault["duration_ms"] = random.randint(300, 2000)
    elif issubclass(family, plans.Maintenance):
        fault["duration_ms"] = random.randint(200, 1200)


def _draw_request(random: Random, family: type[plans.Fault], fault: dict[str, Any]) -> None:
    path = random.choice(PATHS)
    if path is not None:
        fault["path"] = path
    if random.random() < 0.4:
        fault["method"] = random.choice(("GET", "POST", "POST", "DELETE"))
    if issubclass(family, plans.ExecutedFault):
        fault["executed"] = random.random() < 0.6
    elif issubclass(family, plans.DelayFault):
        fault["ms"] = random.randint(50, 2500)
    elif issubclass(family, plans.RateLimit429):
        fault["retry_after_s"], fault["orders"] = 1, random.random() < 0.4
    elif issubclass(family, plans.Ban418):
        fault["duration_ms"] = random.randint(300, 1500)


def _draw_frame(random: Random, family: type[plans.Fault], fault: dict[str, Any]) -> None:
    if issubclass(family, plans.EventFault) and random.random() < 0.85:
        fault["event"] = random.choice(USER_EVENTS)
    elif not issubclass(family, plans.DepthGap):
        fault["route"] = random.choice(("market", "public", "private"))
    if issubclass(family, plans.EventDuplicated):
        fault["copies"] = random.randint(1, 3)
    elif issubclass(family, plans.EventDelayed):
        fault["ms"], fault["in_order"] = random.randint(50, 2500), random.random() < 0.5
    elif issubclass(family, plans.EventReordered):
        fault["by"], fault["longest_ms"] = random.randint(1, 4), random.randint(100, 1500)
