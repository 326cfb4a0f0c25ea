"""Leverage brackets read from a file: an answer of the venue's leverageBracket, for one symbol or for all."""

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import msgspec

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.data_file import read_lines
from trader_gui.simulated_exchange.records import Bracket


class _Bracket(msgspec.Struct, rename="camel"):
    bracket: int
    initial_leverage: int
    notional_cap: Decimal
    notional_floor: Decimal
    maint_margin_ratio: Decimal
    cum: Decimal


class _Symbol(msgspec.Struct):
    symbol: str
    brackets: tuple[_Bracket, ...]


def read_brackets_file(path: Path) -> dict[str, tuple[Bracket, ...]]:
    """Return the brackets of every symbol that a file (plain or packed JSON) has; numbers may be texts.

    Raises:
        UserError: The file cannot be read, is no answer of leverageBracket, or has brackets that leave a gap.
    """
    text = "\n".join(read_lines(path))
    try:
        # Not strict: copies of the answer exist with every number as text.
        found = msgspec.json.decode(text, type=_Symbol | list[_Symbol], strict=False)
    except msgspec.DecodeError as error:
        raise UserError(f"{path.name} is no answer of leverageBracket ({error}): choose another file.") from None
    rows = found if isinstance(found, list) else [found]
    return {row.symbol: _brackets(path, row) for row in rows}


def _brackets(path: Path, row: _Symbol) -> tuple[Bracket, ...]:
    ordered = sorted(row.brackets, key=lambda bracket: bracket.notional_floor)
    is_whole = bool(ordered) and ordered[0].notional_floor == 0
    if not is_whole or any(low.notional_cap != high.notional_floor for low, high in pairwise(ordered)):
        raise UserError(f"{path.name}: the brackets of {row.symbol} leave a gap: take the answer whole from the venue.")
    return tuple(
        Bracket(
            bracket.bracket,
            bracket.initial_leverage,
            _plain(bracket.notional_floor),
            _plain(bracket.notional_cap),
            bracket.maint_margin_ratio,
            _plain(bracket.cum),
        )
        for bracket in ordered
    )


def _plain(value: Decimal) -> Decimal:
    """Return 300 for 300.0: never with trailing zeros, never with an exponent."""
    return value.normalize() + 0
