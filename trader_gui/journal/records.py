"""What goes into the journal's payloads, and back: msgpack of typed records, steps compressed as well."""

import zlib
from typing import TypeAlias

import msgspec

from trader_gui.domain.account import AccountSnapshot, AccountUpdate, LeverageUpdate, MarginCall, PositionMode
from trader_gui.domain.bracket import Bracket
from trader_gui.domain.order import (
    AmendIntent,
    CancelIntent,
    Fill,
    FillHistory,
    OrderFamily,
    OrderIntent,
    OrderOutcome,
    OrderUpdate,
    OutcomeKind,
)
from trader_gui.domain.step import (
    ApprovedOrder,
    Condition,
    EntryBlock,
    FeedStatus,
    ModeChange,
    Refusal,
    RuleGroup,
    Step,
    SymbolStatus,
    Wish,
)
from trader_gui.domain.symbol import RulesUpdate

OrderMessage: TypeAlias = OrderUpdate | OrderOutcome | CancelIntent | AmendIntent
AccountMessage: TypeAlias = AccountUpdate | AccountSnapshot | LeverageUpdate | MarginCall

ORDER_KINDS: dict[type[OrderMessage], str] = {
    OrderUpdate: "update",
    OrderOutcome: "outcome",
    CancelIntent: "cancel",
    AmendIntent: "amend",
}
"""What a row of `order_event` may hold; a cancel was sent about when its row was written, an amendment after it."""
ACCOUNT_KINDS: dict[type[AccountMessage], str] = {
    AccountUpdate: "update",
    AccountSnapshot: "snapshot",
    LeverageUpdate: "leverage",
    MarginCall: "margin_call",
}
NOTE_KINDS: dict[type[ModeChange | EntryBlock | FeedStatus | SymbolStatus | PositionMode | RulesUpdate], str] = {
    ModeChange: "mode",
    EntryBlock: "entry_block",
    FeedStatus: "feed",
    SymbolStatus: "symbol_feed",
    PositionMode: "position_mode",
    RulesUpdate: "rules",
}
KEPT_MESSAGES = frozenset({*ORDER_KINDS, *ACCOUNT_KINDS, *NOTE_KINDS, FillHistory})
"""Messages that are stored whole. Market data is not: it can be had again."""

_ORDER_TYPES = {kind: type_ for type_, kind in ORDER_KINDS.items()}
_ACCOUNT_TYPES = {kind: type_ for type_, kind in ACCOUNT_KINDS.items()}
_COMPRESSION_LEVEL = 1
_RULES_TOLD = 5
"""Of so many symbols at once the rules are written out; more are those of a start."""
_encode = msgspec.msgpack.Encoder().encode


class WishRecord(msgspec.Struct, frozen=True):
    """What was wished for; exactly one of the three is set."""

    order: OrderIntent | None
    cancel: CancelIntent | None
    amend: AmendIntent | None = None


class StepRecord(msgspec.Struct, frozen=True):
    """One stored step.

    Attributes:
        sequence: Of the session.
        reason: Of the evaluation; "" when there was none.
        groups, conditions: As evaluated; for a step "as before", those of the last step stored in full.
        approved: Client order ids of the orders that passed the gate.
        is_full: False for a step "as before".
    """

    sequence: int
    event_time_ms: int
    reason: str
    conditions: tuple[Condition, ...]
    groups: tuple[RuleGroup, ...]
    wished: tuple[WishRecord, ...]
    approved: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    is_full: bool = True


class _StepPayload(msgspec.Struct, array_like=True):
    conditions: tuple[Condition, ...]
    groups: tuple[RuleGroup, ...]
    wished: tuple[WishRecord, ...]
    approved: tuple[str, ...]
    refusals: tuple[Refusal, ...]


_step_decoder = msgspec.msgpack.Decoder(_StepPayload)
_intent_decoder = msgspec.msgpack.Decoder(OrderIntent)
_bracket_decoder = msgspec.msgpack.Decoder(Bracket)
_fill_decoder = msgspec.msgpack.Decoder(Fill)


def encode(record: msgspec.Struct) -> bytes:
    """Return the payload of a record that is stored as it is."""
    return _encode(record)


def encode_step(step: Step) -> bytes:
    """Return the payload of a step stored in full."""
    wished = tuple(map(_wish_record, step.wished))
    approved = tuple(a.client_order_id for a in step.approved if isinstance(a, ApprovedOrder))
    groups = step.evaluation.groups if step.evaluation is not None else ()
    payload = _encode(_StepPayload(step.conditions, groups, wished, approved, step.refusals))
    return zlib.compress(payload, _COMPRESSION_LEVEL)


def _wish_record(wish: Wish) -> WishRecord:
    if isinstance(wish, OrderIntent):
        return WishRecord(wish, None)
    return WishRecord(None, wish) if isinstance(wish, CancelIntent) else WishRecord(None, None, wish)


def decode_step(sequence: int, event_time_ms: int, reason: str, payload: bytes) -> StepRecord:
    """Return the step of a row stored in full."""
    content = _step_decoder.decode(zlib.decompress(payload))
    return StepRecord(
        sequence=sequence,
        event_time_ms=event_time_ms,
        reason=reason,
        conditions=content.conditions,
        groups=content.groups,
        wished=content.wished,
        approved=content.approved,
        refusals=content.refusals,
    )


def decode_order_message(kind: str, payload: bytes) -> OrderMessage:
    """Return the message of a row of `order_event`."""
    message: OrderMessage = msgspec.msgpack.decode(payload, type=_ORDER_TYPES[kind])
    return message


def decode_account_message(kind: str, payload: bytes) -> AccountMessage:
    """Return the message of a row of `account`."""
    message: AccountMessage = msgspec.msgpack.decode(payload, type=_ACCOUNT_TYPES[kind])
    return message


def decode_intent(payload: bytes) -> OrderIntent:
    """Return the intent of a row of `intent`."""
    return _intent_decoder.decode(payload)


def decode_bracket(payload: bytes) -> Bracket:
    """Return the bracket of a row of `open_bracket`."""
    return _bracket_decoder.decode(payload)


def decode_fill(payload: bytes) -> Fill:
    """Return the fill of a row of `fill`."""
    return _fill_decoder.decode(payload)


def note_text(message: object) -> str:
    """Return the line of a message that is kept as a note."""
    if isinstance(message, ModeChange):
        return f"{message.mode} {message.reason}"
    if isinstance(message, EntryBlock):
        return "on" if message.is_on else "off"
    if isinstance(message, FeedStatus):
        return f"{message.route} {'fresh' if message.is_fresh else 'stale'}"
    if isinstance(message, SymbolStatus):
        return f"{message.symbol} {message.state.lower()}"
    if isinstance(message, PositionMode):
        return "hedge" if message.is_hedge else "one_way"
    assert isinstance(message, RulesUpdate)  # the last of NOTE_KINDS
    if len(message.rules) > _RULES_TOLD:
        return f"{len(message.rules)} symbols"
    return "; ".join(
        f"{r.symbol} {r.status} tick {r.tick_size:f} step {r.step_size:f} market {r.market_step_size:f} "
        f"{r.market_min_quantity:f}..{r.market_max_quantity:f} notional {r.min_notional:f}"
        for r in message.rules
    )


def end_told_by(message: OrderMessage) -> tuple[str, OrderFamily | None] | None:
    """Return which order a message tells to be over: (client order id, family), None when it tells of no end.

    The family is None when an order was refused: then it is over unless something else was heard of it.
    """
    if isinstance(message, CancelIntent | AmendIntent):
        return None
    order = message.order
    if order is not None:
        return (order.client_order_id, order.order_family) if order.status.is_terminal else None
    if not isinstance(message, OrderOutcome) or message.is_amend:
        return None
    if message.is_cancel:  # only the Algo service says yes without naming the order
        return (message.client_order_id, OrderFamily.ALGO) if message.kind is OutcomeKind.ACCEPTED else None
    return (message.client_order_id, None) if message.kind is OutcomeKind.REFUSED else None


def truth_of(step: Step) -> object:
    """Return what must change for a step to be stored in full: outcome and truth values, not readings."""
    evaluation = step.evaluation
    if evaluation is None:
        return None
    return (
        evaluation.reason,
        tuple((c.value, c.ready) for c in step.conditions),
        tuple((c.value, c.ready) for group in evaluation.groups for c in group.conditions),
    )
