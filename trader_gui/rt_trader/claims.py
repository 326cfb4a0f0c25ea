"""Differences in which the venue was believed, and the search for their causes in what the venue itself lists."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from trader_gui.callback import Callback
from trader_gui.collectors.order_merge import is_other_order
from trader_gui.domain.order import Fill, Order, OrderStatus, OrderUpdate, Origin, PositionSide
from trader_gui.exchange.port import IncomeRow, OrderPort
from trader_gui.orders.reconcile import (
    Fact,
    Pair,
    Row,
    RowKey,
    RowKind,
    RowState,
    execution_key,
    fact_text,
    find_sum,
    order_key,
)
from trader_gui.rt_trader.belief import JournalTruth
from trader_gui.rt_trader.execution_pages import FULL_PAGE
from trader_gui.rt_trader.executions import Executions

_log = logging.getLogger(__name__)

UNEXPLAINED = "unexplained_difference"
SECOND_PROGRAM = "second_program"
"""Codes of why the engine is halted."""

MOST_TRIES = 5
"""How often a cause is looked for: the venue's lists may lag."""

MOST_CLAIMS = 100
MOST_PAGES = 5
"""Of the wallet's history, each counted like thirty other questions."""

LONGEST_LIST_MS = 6 * 86_400_000
"""The venue lists executions of a week at most."""

WALLET_TOLERANCE = Decimal("0.000001")

_ORDER_KINDS = frozenset({RowKind.ORDER, RowKind.CONDITIONAL_ORDER})
_BY_PREFIX = (
    ("autoclose-", "liquidation"),
    ("adl_autoclose", "auto_deleveraging"),
    ("settlement_autoclose-", "settlement"),
    ("delivery_autoclose-", "settlement"),
)
_BY_INCOME = (
    ("INSURANCE_CLEAR", "liquidation"),
    ("TRANSFER", "transfer"),
    ("INTERNAL_TRANSFER", "transfer"),
    ("CROSS_COLLATERAL_TRANSFER", "transfer"),
    ("FUNDING_FEE", "funding"),
    ("REALIZED_PNL", "executions"),
    ("COMMISSION", "executions"),
)


@dataclass
class Claim:
    """One difference in which the venue was believed.

    Attributes:
        venue: What the venue said; of an order that had ended, how it ended once that is known.
        former: What was believed before: by the collectors, or at the start by the journal.
        former_ms: Market time since which that had been so.
        is_of_start: It is the journal that differed, at the start.
    """

    key: RowKey
    venue: Fact
    former: Fact
    former_ms: int
    since_ms: int
    is_of_start: bool
    state: RowState = RowState.ADOPTED
    cause: str = ""
    tries: int = 0

    @property
    def is_open(self) -> bool:
        """Whether its cause is still looked for."""
        return self.state is RowState.ADOPTED

    @property
    def row(self) -> Row:
        """The claim as the table shows it."""
        venue, former = fact_text(self.venue), fact_text(self.former)
        journal, memory = (former, None) if self.is_of_start else (None, former)
        return Row(*self.key, venue, journal, memory, self.state, self.since_ms, self.cause)


class Claims:
    """Keeps the claims of a session and finds their causes.

    Args:
        callback: The core; it is read.
        port: Where the venue is asked.
        executions: Names the orders of executions.
        journal: Tells whose an order of our own name is.
        note: Writes (kind, text, event time) into the journal.
        halt: Stops the engine; takes a code.

    Attributes:
        changed: Called when a claim came or was settled.
    """

    def __init__(
        self,
        callback: Callback,
        port: OrderPort,
        executions: Executions,
        journal: JournalTruth,
        note: Callable[[str, str, int], None],
        halt: Callable[[str], None],
    ) -> None:
        self._callback = callback
        self._port = port
        self._executions = executions
        self._journal = journal
        self._note = note
        self._halt = halt
        self.changed: Callable[[], None] = lambda: None
        self._claims: list[Claim] = []
        self._unknown: dict[RowKey, Order] = {}

    @property
    def is_open(self) -> bool:
        """Whether a cause is still looked for."""
        return bool(self._unknown) or any(claim.is_open for claim in self._claims)

    def rows(self) -> list[Row]:
        """Return all claims as rows, newest first."""
        return [claim.row for claim in reversed(self._claims)]

    def forget_settled(self) -> None:
        """The user has seen them."""
        self._claims = [claim for claim in self._claims if claim.is_open]
        self.changed()

    def add(self, pairs: Mapping[RowKey, Pair], *, is_of_start: bool = False) -> None:
        """Claim what the venue says instead of what was believed."""
        now_ms = self._callback.now_ms
        for key, pair in pairs.items():
            self._keep(Claim(key, pair.venue, pair.memory, pair.memory_ms, now_ms, is_of_start))

    def add_execution(self, update: OrderUpdate) -> None:
        """Take down an execution that the session had to ask for; it needs no other cause than its own order."""
        fill = update.fill
        if fill is not None and not self._callback.orders.has_fill(fill):
            key = execution_key(fill.symbol, fill.trade_id)
            signed = fill.quantity * fill.side.sign
            claim = Claim(key, signed, None, 0, self._callback.now_ms, is_of_start=False)
            self._keep(claim)
            self._settle(claim, RowState.EXPLAINED, self._cause_of_fill(fill))

    def add_stranger(self, key: RowKey, told: Order, known: Order | None) -> None:
        """Take down an order under a name of ours that is not ours for certain."""
        if not any(claim.key == key and claim.cause == SECOND_PROGRAM for claim in self._claims):
            claim = Claim(key, told, known, 0, self._callback.now_ms, is_of_start=False)
            self._keep(claim)
            self._settle(claim, RowState.UNEXPLAINED, SECOND_PROGRAM)

    def ask_whose(self, order: Order) -> None:
        """Have the journal asked about an order under a name of ours that this session did not send."""
        self._unknown[order_key(order.client_order_id, order.order_family)] = order

    def give_up(self, key: RowKey, pair: Pair) -> None:
        """Take down a difference that stays although the account was read anew."""
        if not any(claim.key == key and claim.state is RowState.UNEXPLAINED for claim in self._claims):
            claim = Claim(key, pair.venue, pair.memory, pair.memory_ms, self._callback.now_ms, is_of_start=False)
            self._keep(claim)
            self._settle(claim, RowState.UNEXPLAINED, "")

    def _keep(self, claim: Claim) -> None:
        self._claims = [c for c in self._claims if c.key != claim.key or not c.is_open][-MOST_CLAIMS + 1 :]
        self._claims.append(claim)
        self.changed()

    # ---- causes ------------------------------------------------------------------------------------------------------

    async def explain(self) -> None:
        """Look for the cause of every open claim; one that is not found after some tries stands unexplained.

        Raises:
            VenueError: The venue cannot be asked.
            UserError: The journal cannot be read.
        """
        for key, order in tuple(self._unknown.items()):
            if not await self._journal.has_intent(order.client_order_id):
                self.add_stranger(key, order, None)
            del self._unknown[key]
        for claim in [c for c in self._claims if c.is_open]:
            cause = await self._cause(claim)
            if cause:
                state = RowState.UNEXPLAINED if cause == SECOND_PROGRAM else RowState.EXPLAINED
                self._settle(claim, state, cause)
            elif not self._is_being_asked(claim):
                claim.tries += 1
                if claim.tries >= MOST_TRIES:
                    self._settle(claim, RowState.UNEXPLAINED, "")

    def _settle(self, claim: Claim, state: RowState, cause: str) -> None:
        claim.state, claim.cause = state, cause
        self.changed()
        text = f"{claim.row} ({cause or 'unexplained'})"
        self._note("difference", text, self._callback.now_ms)
        if state is RowState.EXPLAINED:
            _log.info("the exchange differed: %s", text)
            return
        _log.warning("the exchange differs: %s", text)
        if cause == SECOND_PROGRAM or not claim.is_of_start:
            self._halt(cause or UNEXPLAINED)

    async def _cause(self, claim: Claim) -> str:
        kind = claim.key[0]
        if kind in _ORDER_KINDS:
            return await self._cause_of_order(claim)
        if kind is RowKind.POSITION:
            return await self._cause_of_position(claim)
        if kind is RowKind.WALLET:
            return await self._cause_of_wallet(claim)
        return "settings_changed"

    async def _cause_of_position(self, claim: Claim) -> str:
        """Executions since the former amount was told must lead to the one of now."""
        symbol, _, leg = claim.key[1].partition(" ")
        side = PositionSide(leg) if leg else PositionSide.BOTH
        listed = await self._executions.since(symbol, self._earliest_ms(claim))
        fills = [f for f in listed if f.position_side is side and f.trade_time_ms >= claim.former_ms]
        run = find_sum([f.quantity * f.side.sign for f in fills], _difference(claim))
        if run is None:
            return ""
        return self._worst_cause(update.fill for update in await self._executions.as_told(fills[run.start : run.stop]))

    async def _cause_of_wallet(self, claim: Claim) -> str:
        listed = await self._income_since(self._earliest_ms(claim))
        rows = [row for row in listed if row.asset == claim.key[1] and row.time_ms >= claim.former_ms]
        run = find_sum([row.income for row in rows], _difference(claim), WALLET_TOLERANCE)
        return "" if run is None else _cause_of_income(rows[run.start : run.stop])

    async def _income_since(self, time_ms: int) -> list[IncomeRow]:
        """Return changes of the wallet, oldest first; a full page is followed by the next, within limits."""
        found: dict[tuple[str, int], IncomeRow] = {}
        for _ in range(MOST_PAGES):
            page = await self._port.income(start_time_ms=time_ms)
            found |= {(row.income_type, row.transaction_id): row for row in page}
            if len(page) < FULL_PAGE:
                break
            time_ms = page[-1].time_ms
        return list(found.values())

    async def _cause_of_order(self, claim: Claim) -> str:
        told, former = claim.venue, claim.former
        if not isinstance(told, Order):
            return await self._cause_of_end(claim)
        origin = self._callback.orders.origin_of(told.client_order_id)[0]
        if origin is Origin.OTHER:
            return "foreign_order" if former is None else "order_changed"
        if isinstance(former, Order) and is_other_order(former, told):
            return SECOND_PROGRAM
        if former is None and not await self._journal.has_intent(told.client_order_id):
            return SECOND_PROGRAM
        is_new = former is None or (isinstance(former, Order) and former.order_id is None)
        return "order_untold" if is_new else "order_changed"

    async def _cause_of_end(self, claim: Claim) -> str:
        """An order that the venue lists no more: how it ended is told by asking for it."""
        former = claim.former
        assert isinstance(former, Order)  # of neither side there would be no claim
        if claim.is_of_start:
            ended = await self._port.query_order(former.symbol, former.client_order_id, former.order_family)
        else:
            ended = self._callback.orders.get(former.client_order_id, former.order_family)
        if ended is None or ended.status is OrderStatus.UNKNOWN:
            return ""
        claim.venue = ended
        return "order_ended" if ended.status.is_terminal else "list_late"

    def _is_being_asked(self, claim: Claim) -> bool:
        former = claim.former
        if claim.is_of_start or not isinstance(former, Order) or claim.venue is not None:
            return False
        known = self._callback.orders.get(former.client_order_id, former.order_family)
        return known is not None and known.status is OrderStatus.UNKNOWN

    def _earliest_ms(self, claim: Claim) -> int:
        return max(claim.former_ms, self._callback.now_ms - LONGEST_LIST_MS, 1)

    def _worst_cause(self, fills: Iterable[Fill | None]) -> str:
        causes = {self._cause_of_fill(fill) for fill in fills if fill is not None}
        ranked = [*(cause for _, cause in _BY_PREFIX), "foreign_executions", "own_executions"]
        return next(cause for cause in ranked if cause in causes)

    def _cause_of_fill(self, fill: Fill) -> str:
        for prefix, cause in _BY_PREFIX:
            if fill.client_order_id.startswith(prefix):
                return cause
        is_own = self._callback.orders.origin_of(fill.client_order_id)[0] is not Origin.OTHER
        return "own_executions" if is_own else "foreign_executions"


def _difference(claim: Claim) -> Decimal:
    venue, former = (fact if isinstance(fact, Decimal) else Decimal(0) for fact in (claim.venue, claim.former))
    return venue - former


def _cause_of_income(rows: Sequence[IncomeRow]) -> str:
    types = {row.income_type for row in rows}
    return next((cause for income_type, cause in _BY_INCOME if income_type in types), "income")
