"""Records of closing positions: what will be done, what cannot be done and why, and how it ended."""

from decimal import Decimal

import msgspec

from trader_gui.domain.account import Position, PositionKey
from trader_gui.domain.order import Order, OrderIntent, OrderOutcome, OutcomeKind
from trader_gui.domain.step import Refusal


class LegClose(msgspec.Struct, frozen=True):
    """One position, or one leg of it, that will be closed or made smaller, at market.

    Attributes:
        position: As the venue told it.
        pieces: Sizes of the orders, one after the other, base asset; no more than the venue takes in one order.
    """

    position: Position
    pieces: tuple[Decimal, ...]

    @property
    def quantity(self) -> Decimal:
        """What is closed in all, base asset."""
        return sum(self.pieces, Decimal(0))


class Remainder(msgspec.Struct, frozen=True):
    """What of a position stays though it was to be closed; `why` tells the reason as the gate would."""

    position: Position
    quantity: Decimal
    why: Refusal


class ClosePlan(msgspec.Struct, frozen=True):
    """What closing would do now.

    Attributes:
        keep: Which positions are to be closed, and how much of each stays, base asset; None is the whole account:
            every position and every open order.
        cancels: Orders that will be cancelled first: what could open something, what would stand in the way of a close,
            and what no position needs any more.
        closes: In the order in which they begin; legs are closed side by side.
        cancels_after: Stops and targets, which rest until the venue has told that their position is gone.
        remainders: What cannot be closed; its stops stay with it.
        in_doubt: Own orders that could open something and of which nobody knows yet what became.
        is_last_known: Made of what this program knew, because the venue could not be asked.
    """

    keep: tuple[tuple[PositionKey, Decimal], ...] | None
    cancels: tuple[Order, ...] = ()
    closes: tuple[LegClose, ...] = ()
    cancels_after: tuple[Order, ...] = ()
    remainders: tuple[Remainder, ...] = ()
    in_doubt: tuple[Order, ...] = ()
    is_last_known: bool = False

    @property
    def is_whole_account(self) -> bool:
        """Whether nothing at all is to stay open."""
        return self.keep is None

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to do, and nothing left that was to be closed."""
        return not (self.cancels or self.closes or self.cancels_after or self.remainders or self.in_doubt)

    @property
    def has_work(self) -> bool:
        """True when there is something that can be done now."""
        return bool(self.cancels or self.closes)

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """What must not have changed between showing a plan and doing it."""
        return (
            tuple(sorted((c.position.key, c.position.position_amount, c.pieces) for c in self.closes)),
            tuple(sorted((o.symbol, o.client_order_id, o.order_family) for o in (*self.cancels, *self.cancels_after))),
            tuple(sorted((r.position.key, r.quantity, r.why.code) for r in self.remainders)),
        )


class Trouble(msgspec.Struct, frozen=True):
    """Why something could not be done.

    Attributes:
        code: Of the gate, the venue's number as text, or one of `unknown_outcome`, `account_unread`, `time_over`.
        detail: Numbers or the venue's words.
        symbol: "" when it concerns the whole account.
    """

    code: str
    detail: str = ""
    symbol: str = ""


class CloseReport(msgspec.Struct, frozen=True):
    """How it ended.

    Attributes:
        is_done: All that was to be closed is closed, as the venue told it afterwards.
        remaining: What a snapshot taken afterwards still shows; made of what was last known when none could be had.
        troubles: Why it is not done, each once.
        changed_plan: Set, and nothing was done, when the account had changed since the plan was shown.
    """

    is_done: bool
    remaining: ClosePlan
    troubles: tuple[Trouble, ...] = ()
    changed_plan: ClosePlan | None = None


class ReversePlan(msgspec.Struct, frozen=True):
    """What turning a position round would do: close all of it, then open as much on the other side.

    Attributes:
        close: The close of the one position; it leaves nothing of it.
        openings: The orders that open the other side, one after the other, at market. They go out only once a snapshot
            has shown the position gone.
        objection: Why the gate would not let them through as things stand; None when it would.
        disarms: The engine is armed: it is disarmed first, or it might open something of its own in between.
    """

    close: ClosePlan
    openings: tuple[OrderIntent, ...]
    objection: Refusal | None = None
    disarms: bool = False

    @property
    def quantity(self) -> Decimal:
        """What is opened in all, base asset."""
        return sum((opening.quantity or Decimal(0) for opening in self.openings), Decimal(0))


class ReverseReport(msgspec.Struct, frozen=True):
    """How it ended.

    Attributes:
        close: How the close ended; nothing is opened unless it is done.
        refusal: Why the gate let no (further) opening order through, None when it did.
        outcomes: What the venue answered to each that was sent; the last one may be no acceptance.
    """

    close: CloseReport
    refusal: Refusal | None = None
    outcomes: tuple[OrderOutcome, ...] = ()

    @property
    def is_done(self) -> bool:
        """Closed, and every opening order taken by the venue."""
        is_taken = all(outcome.kind is OutcomeKind.ACCEPTED for outcome in self.outcomes)
        return self.close.is_done and self.refusal is None and is_taken and bool(self.outcomes)
