"""Where a number of the account comes from, with its ages as they are shown."""

from dataclasses import dataclass

from trader_gui.rt_trader.provenance import Source, Told

__all__ = ["Source", "SourceAges", "Told", "source_ages"]

_NS = 1_000_000_000


@dataclass(frozen=True)
class SourceAges:
    """Who told a number, how many seconds ago, and how long ago the exchange's lists last showed the same."""

    source: Source
    told_s: float
    confirmed_s: float | None


def source_ages(told: Told | None, now_ns: int) -> SourceAges | None:
    """Return a number's source with its ages now; None when nothing was told."""
    if told is None:
        return None
    confirmed_s = None if told.confirmed_ns is None else (now_ns - told.confirmed_ns) / _NS
    return SourceAges(told.source, (now_ns - told.told_ns) / _NS, confirmed_s)
