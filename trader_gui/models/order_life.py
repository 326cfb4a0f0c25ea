"""An order's life as rows: what was wanted, what was answered, what the exchange told, with times between them."""

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject

from trader_gui.domain.order import AmendIntent, CancelIntent, OrderIntent, OrderOutcome, OrderUpdate
from trader_gui.journal.history import OrderLife
from trader_gui.journal.records import OrderMessage
from trader_gui.models.table import Column, KeyedTableModel


@dataclass(frozen=True)
class LifeRow:
    """One message.

    Attributes:
        number: 1, 2, 3, ... as they were written.
        time_ms: Of the exchange where it told one (the matching engine's); else of the market, when it was written.
        after_ms: Since the first message; None for that one.
        what: The message itself.
    """

    number: int
    time_ms: int
    after_ms: int | None
    what: OrderIntent | OrderMessage


COLUMNS: tuple[Column[LifeRow], ...] = (
    Column("time", "Time (UTC)", lambda r: r.time_ms, is_time=True),
    Column("after", "After, ms", lambda r: r.after_ms, is_number=True),
    Column("what", "What", lambda r: kind_of(r.what)),
    Column("state", "State", lambda r: r.what.order.status.value if isinstance(r.what, OrderUpdate) else None),
    Column("detail", "Detail", lambda r: r.what.error_message if isinstance(r.what, OrderOutcome) else None),
)


_WISHES: dict[type, str] = {OrderIntent: "wanted", CancelIntent: "cancel_wanted", AmendIntent: "amend_wanted"}


def kind_of(what: OrderIntent | OrderMessage) -> str:
    """Return what a message is, as a code: `wanted` or `answer`, with `cancel_` or `amend_`; `fill`, `event`."""
    if isinstance(what, OrderOutcome):
        return "cancel_answer" if what.is_cancel else "amend_answer" if what.is_amend else "answer"
    if isinstance(what, OrderUpdate):
        return "fill" if what.fill is not None else "event"
    return _WISHES[type(what)]


class OrderLifeModel(KeyedTableModel[LifeRow]):
    """The messages of one order, as they were written."""

    def __init__(self, life: OrderLife, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self.set_rows([(row.number, row) for row in life_rows(life)])


def life_rows(life: OrderLife) -> Iterator[LifeRow]:
    """Yield an order's messages with their times, as they were written."""
    first_ms: int | None = None
    messages = life.messages if life.intent is None else (life.intent, *life.messages)
    for number, what in enumerate(messages, 1):
        time_ms = _time_of(what)
        yield LifeRow(number, time_ms, None if first_ms is None else time_ms - first_ms, what)
        first_ms = time_ms if first_ms is None else first_ms


def _time_of(what: OrderIntent | OrderMessage) -> int:
    if isinstance(what, OrderIntent | CancelIntent | AmendIntent):
        return what.wanted_time_ms
    if isinstance(what, OrderOutcome):
        return what.event_time_ms
    return what.transaction_time_ms or what.event_time_ms
