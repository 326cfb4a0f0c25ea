"""Regimes of a generated market: how it behaves for a while, and the schedule by which one follows another.

A schedule is text: `mixed`, `calm`, or `calm:10m,crash:2m,halt:1m` (lengths in s, m or h of market time). An entry
without a length holds for good, so it can only be the last one; a schedule whose entries all have a length begins
again when it is over.

* `mixed` is the market's usual self: quiet and lively stretches, now and then a jump.
* `calm`: half the volatility, fewer trades, no jumps, a deeper book.
* `trend`: the price drifts one way (up or down, chosen anew by the seed each time), takers lean the same way.
* `crash`: the price falls fast and violently, sellers take, the book is thin and the spread wide. The index follows
  late and stays above the contract, and the mark price with it. The agitation dies down over minutes afterwards.
* `halt`: trading stops. No trades, the book stands as it was, mark and index price too, orders are refused (-1122,
  an assumption: the venue does not document a halt); cancelling stays possible. Then trading goes on where it stopped.

The factors are invented, of an order of size seen in the market.
"""

import re
from collections.abc import Iterator
from itertools import cycle
from typing import NamedTuple

from trader_gui.errors import UserError


class Regime(NamedTuple):
    """What a regime changes about a generated market; the defaults are those of `mixed`.

    Attributes:
        volatility, activity, depth, jumps: Factors on the usual deviation of returns, trades a second, size of a
            level, jumps a second.
        drift: Of the log price in a minute, in usual deviations of a minute; `is_one_way` False: either way.
        lean: Added to the share of buying takers; in the direction of the drift when that is either way.
        tight: Chance that trades leave the spread one tick wide.
        narrowing: Chance that a quiet tick closes a wide spread.
        wide_bps: Mean width of a wide spread beyond the usual few ticks, bps of the price.
        basis: Where (contract / index - 1) tends to; `basis_seconds`: how fast.
        lag_seconds: How late the index follows.
        shock: Added to log volatility at the beginning, dies down over minutes.
    """

    name: str
    volatility: float = 1.0
    activity: float = 1.0
    depth: float = 1.0
    jumps: float = 1.0
    drift: float = 0.0
    is_one_way: bool = True
    lean: float = 0.0
    tight: float = 0.9
    narrowing: float = 0.6
    wide_bps: float = 0.0
    basis: float = 0.00015
    basis_seconds: float = 1800.0
    lag_seconds: float = 0.0
    shock: float = 0.0
    is_halted: bool = False


MIXED = Regime("mixed")
REGIMES: dict[str, Regime] = {
    regime.name: regime
    for regime in (
        MIXED,
        Regime("calm", volatility=0.5, activity=0.6, depth=1.4, jumps=0.0, tight=0.97),
        Regime("trend", activity=1.3, drift=1.0, is_one_way=False, lean=0.15),
        Regime(
            "crash",
            volatility=3.0,
            activity=4.0,
            depth=0.15,
            jumps=5.0,
            drift=-30.0,
            lean=-0.25,
            tight=0.3,
            narrowing=0.05,
            wide_bps=2.0,
            basis=-0.003,
            basis_seconds=45.0,
            lag_seconds=6.0,
            shock=0.8,
        ),
        Regime("halt", is_halted=True),
    )
}

_ENTRY = re.compile(r"([a-z]+)(?::(\d{1,6})([smh]))?")
_UNIT_MS = {"s": 1000, "m": 60_000, "h": 3_600_000}


class Stretch(NamedTuple):
    """One entry of a schedule; `length_ms` 0 holds for good."""

    regime: Regime
    length_ms: int


USUAL = (Stretch(MIXED, 0),)


def read_schedule(text: str) -> tuple[Stretch, ...]:
    """Return the schedule that a text tells.

    Raises:
        UserError: The text is none; the sentence says which entry and what is possible.
    """
    stretches = []
    entries = [entry.strip() for entry in text.lower().split(",")]
    for position, entry in enumerate(entries, start=1):
        found = _ENTRY.fullmatch(entry)
        regime = REGIMES.get(found[1]) if found else None
        if found is None or regime is None:
            raise UserError(
                f"regime {entry[:40]!r} is not possible: choose {', '.join(REGIMES)}, each with a length such as 90s, "
                "10m or 2h when another one follows (calm:10m,crash:2m,halt:1m)."
            )
        length_ms = int(found[2]) * _UNIT_MS[found[3]] if found[2] else 0
        if found[2] and not length_ms:
            raise UserError(f"regime {entry!r} is not possible: its length must be above 0.")
        if not length_ms and position < len(entries):
            raise UserError(f"regime {entry!r} has no length, so nothing can follow it: write {entry}:10m, say.")
        stretches.append(Stretch(regime, length_ms))
    return tuple(stretches)


def changes(schedule: tuple[Stretch, ...], start_ms: int) -> Iterator[tuple[int, Regime]]:
    """Yield (market time, regime from then on), endless when every stretch has a length."""
    time_ms = start_ms
    for stretch in cycle(schedule):
        yield time_ms, stretch.regime
        if not stretch.length_ms:
            return
        time_ms += stretch.length_ms
