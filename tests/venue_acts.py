"""Sessions of a `VenueMachine`: drawn from a seed, played, and cut down to the few acts that a failure needs."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.venue_machine import ALGO_KINDS, LIMIT_KINDS, SYMBOLS, VenueMachine

Act = tuple[str, tuple[Any, ...], dict[str, str]]

_EXTRAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "stp": ("selfTradePreventionMode", ("NONE", "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH")),
    "match": ("priceMatch", ("OPPONENT", "OPPONENT_5", "QUEUE", "QUEUE_20")),
    "reduce": ("reduceOnly", ("true", "true", "false")),
    "name": ("newClientOrderId", ("a", "b")),
    "algo name": ("clientAlgoId", ("a", "b")),
    "working": ("workingType", ("MARK_PRICE",)),
    "protect": ("priceProtect", ("true",)),
    "force": ("timeInForce", ("IOC", "FOK", "GTX", "GTD", "GTE_GTC")),
}


class _Drawer:
    """Draws acts; each seed has a temper of its own: how large orders are, how wild the market."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._largest = self._random.choice((20, 150, 900, 7000))
        self._farthest = self._random.choice((8, 60, 400))
        self._wildness = self._random.choice((0.02, 0.1, 0.3))
        self._kinds: dict[str, tuple[int, Callable[[], tuple[Any, ...]]]] = {
            "tick": (30, self._tick),
            "order": (30, self._order),
            "algo": (12, self._algo),
            "protect": (4, lambda: (self._symbol(), self._leg(), self._random.randint(1, 90), self._coin())),
            "modify": (9, lambda: (self._index(), self._units(), self._offset(), self._random.choice((1, 1, 1, 2)))),
            "cancel": (3, lambda: (self._index(), self._coin())),
            "cancel_algo": (1, lambda: (self._index(),)),
            "cancel_all": (1, lambda: (self._symbol(), self._coin())),
            "close": (5, lambda: (self._symbol(), self._random.choice((0, 0, 1, 7, 30)), self._leg())),
            "reduce": (5, lambda: (self._symbol(), self._leg(), self._random.choice((0, 0, 1, 60)), self._offset())),
            "leverage": (2, lambda: (self._symbol(), self._random.choice((1, 3, 7, 20, 50, 125)))),
            "settle": (1, lambda: (self._coin(), self._coin(), self._coin(), self._random.random() < 0.2)),
            "try_modes": (1, lambda: (self._coin(), self._coin(), self._coin(), self._coin())),
            "margin": (3, lambda: (self._symbol(), self._leg(), self._money(500), self._coin())),
            "transfer": (2, lambda: (self._random.choice(("", "", "-")) + self._money(3000),)),
            "deleverage": (1, lambda: (self._symbol(), self._leg(), self._random.choice((0, 3, 40)))),
        }

    def acts(self, count: int) -> list[Act]:
        names = list(self._kinds)
        weights = [self._kinds[name][0] for name in names]
        drawn = self._random.choices(names, weights, k=count)
        first: Act = ("settle", (self._coin(), self._random.random() < 0.4, self._random.random() < 0.4, False), {})
        return [first, *((name, self._kinds[name][1](), self._extras(name)) for name in drawn)]

    def _extras(self, name: str) -> dict[str, str]:
        extras = {
            "order": ("stp", "match", "reduce", "name"),
            "algo": ("stp", "match", "reduce", "algo name", "working", "protect", "force"),
            "protect": ("working", "protect"),
            "modify": ("match", "reduce"),
        }.get(name, ())
        wanted = [_EXTRAS[extra] for extra in extras if self._random.random() < 0.2]
        more = {parameter: self._random.choice(values) for parameter, values in wanted}
        if name in ("order", "algo"):
            more["positionSide"] = self._leg()
        return more

    def _tick(self) -> tuple[Any, ...]:
        draw = self._random
        move = draw.randint(-6, 6)
        if draw.random() < self._wildness:
            move = draw.choice((draw.randint(-200, 200), draw.randint(-4500, 6000)))
        wait_ms = draw.choice((0, 1, 1000, 60_000, 1_300_000, -1))
        return self._symbol(), move, draw.choice((1, 3, 20, 200)), draw.randint(-2, 2), wait_ms, draw.randint(-40, 40)

    def _order(self) -> tuple[Any, ...]:
        kind = self._random.choice((*LIMIT_KINDS, "MARKET", "MARKET", "MARKET"))
        return self._symbol(), self._side(), self._units(), self._offset(), kind

    def _algo(self) -> tuple[Any, ...]:
        kind = self._random.choice(ALGO_KINDS)
        return self._symbol(), self._side(), self._units(), self._offset(), kind, self._random.randint(-20, 20)

    def _symbol(self) -> str:
        return self._random.choice(SYMBOLS)

    def _side(self) -> str:
        return self._random.choice(("BUY", "SELL"))

    def _leg(self) -> str:
        return self._random.choice(("LONG", "SHORT"))

    def _coin(self) -> bool:
        return self._random.random() < 0.5

    def _index(self) -> int:
        return self._random.randrange(6)

    def _units(self) -> int:
        return self._random.randint(1, self._random.choice((20, self._largest)))

    def _offset(self) -> int:
        return self._random.randint(-self._farthest, self._farthest)

    def _money(self, most: int) -> str:
        return f"{self._random.randint(1, most * 100) / 100:.2f}"


def draw_acts(seed: int, count: int) -> list[Act]:
    """Return the session of a seed."""
    return _Drawer(seed).acts(count)


def play(acts: Sequence[Act]) -> VenueMachine:
    """Play a session; the first thing that does not hold raises."""
    machine = VenueMachine()
    for name, args, more in acts:
        getattr(machine, name)(*args, **more)
    return machine


def shortest(acts: Sequence[Act]) -> str:
    """Return the lines of a session that fails as this one does, with every act left out that it does not need."""

    def failure(some: Sequence[Act]) -> str:
        try:
            play(some)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            return f"{type(error).__name__} in line {trace.tb_lineno if trace else 0}"
        return ""

    kept, wanted = list(acts), failure(acts)
    size = len(kept)
    while size:
        start = 0
        while start < len(kept):
            fewer = kept[:start] + kept[start + size :]
            if failure(fewer) == wanted:
                kept = fewer
            else:
                start += size
        size //= 2
    lines = [f"machine.{name}(*{args!r}, **{more!r})" for name, args, more in kept]
    return "\n".join([wanted, *lines])
