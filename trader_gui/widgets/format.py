"""Numbers, prices and times to text: the one place where a value becomes something a person reads.

Every function takes None (and a float NaN) for "unknown" and answers with `DASH`: a missing value is never shown as 0.
Negative numbers carry the true minus U+2212; thousands are separated by commas; decimals are fixed, never trimmed, so
that columns stand still. Nothing here is translated: the forms are the same in every language.
"""

import math
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias
from zoneinfo import ZoneInfo

Number: TypeAlias = Decimal | float | int

DASH = "—"
MINUS = "−"
ARROW_UP = "▲"
ARROW_DOWN = "▼"

_KST = timezone(timedelta(hours=9), "KST")


def is_unknown(value: Number | None) -> bool:
    """Tell whether a value is to be shown as unknown: None, or a number that is not finite."""
    return value is None or not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value))


def number(value: Number | None, decimals: int, *, sign: bool = False) -> str:
    """Return `value` with fixed decimals and thousands separators, rounded half up.

    Args:
        value: None or not finite gives `DASH`.
        decimals: >= 0.
        sign: Put + before what is above zero. Zero (after rounding) never has a sign.
    """
    if value is None or is_unknown(value):
        return DASH
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{abs(rounded):,f}"
    if rounded < 0:
        return MINUS + text
    return "+" + text if sign and rounded > 0 else text


def price(value: Number | None, decimals: int) -> str:
    """Return a price with the decimals of the tick: `108,451.2`."""
    return number(value, decimals)


def quantity(value: Number | None, decimals: int) -> str:
    """Return a size in base asset with the decimals of the step: `0.010`."""
    return number(value, decimals)


def money(value: Number | None, sign: bool = True) -> str:
    """Return an amount of quote asset: `+0.82`, `−15.80`, `0.00`; without `sign`, `9,985.02`."""
    return number(value, 2, sign=sign)


def percent(fraction: Number | None, decimals: int = 2, *, sign: bool = True) -> str:
    """Return a fraction in percent: 0.0016 is `+0.16 %`. Funding has four decimals and no sign: `0.0100 %`."""
    if fraction is None or is_unknown(fraction):
        return DASH
    return number(fraction * 100, decimals, sign=sign) + " %"


def basis_points(fraction: Number | None) -> str:
    """Return a fraction in basis points: 0.00062 is `6.2 bps`."""
    if fraction is None or is_unknown(fraction):
        return DASH
    return number(fraction * 10_000, 1) + " bps"


def r_multiple(value: Number | None) -> str:
    """Return a result in multiples of the risk taken: `+0.69 R`."""
    return DASH if is_unknown(value) else number(value, 2, sign=True) + " R"


def compact(value: Number | None) -> str:
    """Return a number for a narrow axis, about three digits: `513`, `16.9`, `1.2`, `12.4k`, `3.10M`."""
    if value is None or is_unknown(value):
        return DASH
    size = abs(float(value))
    for limit, unit in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            scale = 1e9 if unit == "B" else 1e6 if unit == "M" else 1e3
            return number(float(value) / scale, 1 if size / scale >= 10 else 2) + unit
    return number(value, 0 if size >= 100 else 1 if size >= 1 or size == 0 else 3)


def age(seconds: float | None) -> str:
    """Return how old something is: `0.2 s`, `31 s`, `5 min`, `3 h`; a negative age is 0."""
    if seconds is None or is_unknown(seconds):
        return DASH
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    for limit, size, unit in ((60.0, 1, "s"), (3600.0, 60, "min")):
        if seconds < limit:
            return f"{int(seconds) // size} {unit}"
    return f"{int(seconds) // 3600} h"


def latency(milliseconds: float | None) -> str:
    """Return a round trip: `42 ms`."""
    return DASH if milliseconds is None or is_unknown(milliseconds) else f"{number(milliseconds, 0)} ms"


def duration(seconds: float | None) -> str:
    """Return a remaining time: `0:17`, `41:12`, `4:02:17`; what is over is `0:00`."""
    if seconds is None or is_unknown(seconds):
        return DASH
    minutes, second = divmod(int(max(0.0, seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def clock(ms: int | None, tz: str = "UTC") -> str:
    """Return a time of day, `19:57:43`.

    Args:
        ms: Milliseconds, UTC epoch; None gives `DASH`.
        tz: `UTC`, `KST`, `local`, or a name of the IANA data base.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: No such zone.
    """
    return DASH if ms is None else _in_zone(ms, tz).isoformat(" ")[11:19]


def date_time(ms: int | None, tz: str = "UTC") -> str:
    """Return date and time, `2025-07-06 19:57:43`; arguments as for `clock`."""
    return DASH if ms is None else _in_zone(ms, tz).isoformat(" ")[:19]


def _in_zone(ms: int, tz: str) -> datetime:
    if tz == "UTC":
        return datetime.fromtimestamp(ms // 1000, UTC)
    zone: tzinfo | None = {"KST": _KST, "local": None}.get(tz, UTC)
    if tz not in ("KST", "local"):
        zone = ZoneInfo(tz)
    return datetime.fromtimestamp(ms // 1000, UTC).astimezone(zone)
