"""A bracket: an entry by hand, and the stop and target that are to rest at the venue once it has filled."""

from decimal import Decimal

import msgspec

from trader_gui.domain.account import PositionKey
from trader_gui.domain.exit_level import ExitLevel
from trader_gui.domain.order import OrderIntent, PositionSide, Side

_ZERO = Decimal(0)


class BracketWish(msgspec.Struct, frozen=True):
    """An entry by hand with the stop, the target or both that are to rest at the venue once it has filled."""

    entry: OrderIntent
    stop: ExitLevel | None
    target: ExitLevel | None

    @property
    def intent(self) -> OrderIntent:
        """The entry, with its exits in it, as it is put to the gate."""
        return msgspec.structs.replace(self.entry, stop=self.stop, target=self.target)


class Bracket(msgspec.Struct, frozen=True):
    """How far a bracket has come; the journal keeps it.

    Attributes:
        entry_id: Client order id of the entry; the bracket is known by it.
        side, position_side: Of the entry.
        stop, target: None where there is none, or none any more.
        orders: Client order ids of what was sent for it: stops, targets, closes; oldest first.
        executed: Base asset, by client order id, the entry's too.
        executed_ms: Time of the newest of these executions, as far as it is known; 0 for none.
        entry_price: Average fill price of the entry, 0 before the first fill.
        given_up: How much of it somebody else has closed, base asset.
        given_up_ms: Time of the position that told so; 0 for none.
        is_over: Nothing of it is left, and nothing will come.
    """

    entry_id: str
    symbol: str
    side: Side
    position_side: PositionSide
    stop: ExitLevel | None
    target: ExitLevel | None
    orders: tuple[str, ...] = ()
    executed: dict[str, Decimal] = {}
    executed_ms: int = 0
    entry_price: Decimal = _ZERO
    given_up: Decimal = _ZERO
    given_up_ms: int = 0
    is_over: bool = False

    @property
    def key(self) -> PositionKey:
        """The position that it is a part of."""
        return self.symbol, self.position_side

    @property
    def exited(self) -> Decimal:
        """What its exits have executed, base asset."""
        return sum((quantity for name, quantity in self.executed.items() if name != self.entry_id), _ZERO)

    @property
    def held(self) -> Decimal:
        """What its entry has opened and nobody has closed, base asset; the position may be smaller."""
        return max(self.executed.get(self.entry_id, _ZERO) - self.exited - self.given_up, _ZERO)


class BracketsLeft(msgspec.Struct, frozen=True):
    """Brackets of before this session that were not over, as the journal has them."""

    brackets: tuple[Bracket, ...]


def new_bracket(entry: OrderIntent, entry_id: str) -> Bracket:
    """Return the bracket that begins with an entry."""
    return Bracket(entry_id, entry.symbol, entry.side, entry.position_side, entry.stop, entry.target)
