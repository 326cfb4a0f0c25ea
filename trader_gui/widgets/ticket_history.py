"""TicketHistory: what the ticket remembers of each symbol, and what of it makes an order unusual."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal

from trader_gui.domain.order import OrderIntent
from trader_gui.domain.ticket import SizeUnit, TicketMemory, TicketPreset
from trader_gui.models.ticket_asking import Circumstances
from trader_gui.models.ticket_records import TicketDraft, TicketFacts

_SAVE_AFTER_MS = 1000
_MOST_SENT = 20
_DAY_MS = 86_400_000


class TicketHistory(QObject):
    """Keeps the memory of one ticket.

    Attributes:
        memory: Of the symbol that is traded, as it stands.

    Signals:
        changed: (symbol, TicketMemory) to be kept; a second after the last change, or at once by `flush`.
    """

    changed = Signal(str, object)

    def __init__(self, current: Callable[[], TicketPreset], *, is_live: bool, parent: QObject) -> None:
        """Begin with nothing; `current` tells the ticket as it stands, `is_live` that orders are of real money."""
        super().__init__(parent)
        self.memory = TicketMemory()
        self._symbol = ""
        self._memories: dict[str, TicketMemory] = {}
        self._drafts: dict[str, TicketDraft] = {}
        self._current = current
        self._is_live = is_live
        self._leverage: int | None = None
        self._sent_day: int | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SAVE_AFTER_MS)
        self._timer.timeout.connect(self._save)

    def load(self, memories: Mapping[str, TicketMemory]) -> None:
        """Take what was kept of every symbol."""
        self._memories = dict(memories)

    def keep(self, symbol: str, draft: TicketDraft) -> None:
        """Keep a ticket as it is left, prices included, for when its symbol is shown again in this session."""
        self.flush()
        self._drafts[symbol] = draft

    def open(self, symbol: str) -> TicketDraft:
        """Go on with a symbol; return the ticket as it was left, an empty one for the first time."""
        self._symbol, self._leverage = symbol, None
        self.memory = self._memories.get(symbol, TicketMemory())
        return self._drafts.get(symbol) or draft_of(self.memory.last)

    def note_change(self) -> None:
        """The ticket was changed by hand."""
        self._timer.start()

    def flush(self) -> None:
        """Have a change kept now that still waits."""
        if self._timer.isActive():
            self._timer.stop()
            self._save()

    def size_in(self, unit: SizeUnit) -> str:
        """Return the last size that was typed in a unit, "" for none."""
        return self.memory.sizes.get(unit, "")

    def note_size(self, unit: SizeUnit, text: str) -> None:
        """A size was typed."""
        if text:
            self.memory = replace(self.memory, sizes={**self.memory.sizes, unit: text})

    def around(self, facts: TicketFacts) -> Circumstances:
        """Return what counts beside an order, when it is to be asked about."""
        if self._leverage is None:
            self._leverage = facts.leverage
        is_changed = self._leverage is not None and facts.leverage != self._leverage
        is_first = self._is_live and self._sent_day != facts.now_ms // _DAY_MS
        return Circumstances(self.memory.sent, is_changed, is_first)

    def note_facts(self, facts: TicketFacts) -> None:
        """Take the leverage that the session began with: a later one is a change."""
        if self._leverage is None:
            self._leverage = facts.leverage

    def note_sent(self, intent: OrderIntent, facts: TicketFacts) -> None:
        """An order was sent, after whatever was asked about it."""
        self._leverage = facts.leverage
        self._sent_day = facts.now_ms // _DAY_MS

    def note_taken(self, quantity: Decimal | None) -> None:
        """The exchange took an order of this size: from now on it counts among the usual ones."""
        if quantity is not None:
            self.memory = replace(self.memory, sent=(*self.memory.sent, quantity)[-_MOST_SENT:])
            self._timer.start()

    def _save(self) -> None:
        if not self._symbol:
            return
        self.memory = self._memories[self._symbol] = replace(self.memory, last=self._current())
        self.changed.emit(self._symbol, self.memory)


def draft_of(preset: TicketPreset) -> TicketDraft:
    """Return a ticket of which nothing but a preset is known."""
    return TicketDraft(
        kind=preset.kind,
        size_text=preset.size_text,
        size_unit=preset.size_unit,
        reduce_only=preset.reduce_only,
        post_only=preset.post_only,
        time_in_force=preset.time_in_force,
        working_type=preset.working_type,
        price_match=preset.price_match,
        callback_text=preset.callback_text,
        stop=preset.stop,
        target=preset.target,
        price_protect=preset.price_protect,
    )
