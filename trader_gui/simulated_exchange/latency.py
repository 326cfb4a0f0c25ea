"""How long the venue takes: delays of orders, cancels and user events, each drawn from a distribution with a seed.

Written as `order=lognormal:20:0.5,cancel=5,event=uniform:1:10`: a number (or `fixed:N`) is that many milliseconds,
`uniform:A:B` lies between A and B, `lognormal:MEDIAN:SIGMA` has its median and the deviation of its logarithm.

Assumption: the whole delay of an order lies before its execution, and all that places, changes or cancels orders of
the account shares one queue, so that nothing overtakes what arrived before it. Queries are never delayed.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import msgspec

LONGEST_MS = 600_000.0
"""No draw is longer."""

_ARGUMENTS = {"fixed": 1, "uniform": 2, "lognormal": 2}
_FORMS = "use milliseconds, fixed:N, uniform:A:B or lognormal:MEDIAN:SIGMA"


class Distribution(msgspec.Struct, frozen=True):
    """Milliseconds drawn at random.

    Attributes:
        shape: fixed, uniform or lognormal.
        first: The fixed value, the least, or the median; milliseconds.
        second: The most (milliseconds) of a uniform one, sigma of a lognormal one.
    """

    shape: str
    first: float
    second: float = 0.0

    def draw(self, random: Random) -> float:
        """Return a delay in milliseconds, 0 to `LONGEST_MS`."""
        if self.shape == "fixed":
            return self.first
        if self.shape == "uniform":
            return random.uniform(self.first, self.second)
        return min(self.first * math.exp(self.second * random.gauss(0.0, 1.0)), LONGEST_MS)


def read_distribution(text: float | str) -> Distribution:
    """Read a distribution as the module describes it.

    Raises:
        ValueError: It is none; the text says what is wrong.
    """
    shape, _, rest = f"fixed:{text}".partition(":")
    if isinstance(text, str) and text.partition(":")[0] in _ARGUMENTS:
        shape, _, rest = text.partition(":")
    words = rest.split(":")
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        raise ValueError(f"{text!r} is no delay: {_FORMS}") from None
    if len(numbers) != _ARGUMENTS[shape] or not all(0 <= number <= LONGEST_MS for number in numbers):
        raise ValueError(f"{text!r} is no delay: {_FORMS}, each from 0 to {LONGEST_MS:.0f}")
    if shape == "uniform" and numbers[0] > numbers[1]:
        raise ValueError(f"{text!r} is no delay: the least is above the most")
    return Distribution(shape, *numbers)


class Latency(msgspec.Struct, frozen=True):
    """Delays of the venue; None: none at all."""

    order: Distribution | None = None
    cancel: Distribution | None = None
    event: Distribution | None = None

    @property
    def delays_actions(self) -> bool:
        """Whether orders or cancels are delayed."""
        return self.order is not None or self.cancel is not None


NO_LATENCY = Latency()


def read_latency(text: str) -> Latency:
    """Read `order=...,cancel=...,event=...`, each of them once at most; empty is none.

    Raises:
        ValueError: It is not of that form; the text says what is wrong.
    """
    found: dict[str, Distribution] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name not in Latency.__struct_fields__:
            raise ValueError(f"{part!r}: name order, cancel or event, as in order=20")
        if name in found:
            raise ValueError(f"{name} is given twice")
        found[name] = read_distribution(value)
    return Latency(**found)


class ActionQueue:
    """Lets what acts on orders through after its delay, in order of arrival.

    Owner: the exchange; each request waits in its own task.
    """

    def __init__(self, latency: Latency, random: Random) -> None:
        self._latency = latency
        self._random = random
        self._lock = asyncio.Lock()
        self._last_due_s = 0.0

    @asynccontextmanager
    async def turn(self, *, is_cancel: bool) -> AsyncIterator[None]:
        """Wait for the action's time; inside, it is its turn."""
        loop = asyncio.get_running_loop()
        distribution = self._latency.cancel if is_cancel else self._latency.order
        delay_s = distribution.draw(self._random) / 1000 if distribution is not None else 0.0
        due_s = self._last_due_s = max(self._last_due_s, loop.time() + delay_s)
        async with self._lock:  # first come, first served
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            yield
