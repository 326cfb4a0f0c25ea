"""A picture of the whole state of the simulated exchange's core, to be compared with a later one."""

from typing import Any

import msgspec

from trader_gui.simulated_exchange.core import VenueCore


def picture_of(value: Any) -> Any:
    """Return a comparable copy of everything that a core (or a part of it) holds."""
    if isinstance(value, dict):
        return [(key, picture_of(item)) for key, item in value.items()]
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, list | tuple):
        return [picture_of(item) for item in value]
    if isinstance(value, msgspec.Struct):
        return [picture_of(getattr(value, name)) for name in value.__struct_fields__]
    if hasattr(value, "__slots__") and type(value).__module__.startswith("trader_gui"):
        return [picture_of(getattr(value, name)) for name in value.__slots__ if name != "holding"]
    if hasattr(value, "__dict__"):
        # The parts know each other: follow only what a part owns.
        shared = () if isinstance(value, VenueCore) else ("_books", "_account", "_desk", "_algos", "_specs")
        return [(key, picture_of(item)) for key, item in vars(value).items() if key not in shared]
    return value
