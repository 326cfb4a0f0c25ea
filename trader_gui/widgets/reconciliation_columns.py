"""How the table of the reconciliation looks, and its rows in words."""

from decimal import Decimal, InvalidOperation

from trader_gui.i18n import cause_words, number_words
from trader_gui.models.reconciliation import Row, RowKind, RowState
from trader_gui.widgets import format as fmt
from trader_gui.widgets.table_columns import ColumnLook

_TRUTH = {
    RowState.AGREES: ("agrees", "check", "ok"),
    RowState.DIFFERS: ("differs", "triangle", "warn"),
    RowState.ADOPTED: ("adopted", "clock", "warn"),
    RowState.EXPLAINED: ("explained", "info", "info"),
    RowState.UNEXPLAINED: ("unexplained", "octagon", "danger"),
}
_KINDS = {
    RowKind.POSITION: "Position",
    RowKind.ORDER: "Order",
    RowKind.CONDITIONAL_ORDER: "Stop or target",
    RowKind.WALLET: "Wallet",
    RowKind.EXECUTION: "Execution",
    RowKind.SETTINGS: "Settings",
}


def cause_code(row: Row) -> str:
    """Return the code of why a row is as it is; one without a cause of its own is told by its state."""
    return row.cause or ("" if row.state is RowState.AGREES else row.state.value)


def reconciliation_tip(row: Row) -> str:
    """Return a row of the reconciliation in full, as cells may be too narrow for it."""
    told = (("exchange", row.venue), ("journal", row.journal), ("here", row.memory))
    sides = ", ".join(f"{who} {_fact_text(text)}" for who, text in told if text is not None)
    return f"{_KINDS[row.kind]} {row.name}: {sides}. {cause_words(cause_code(row))}".strip()


def _fact_text(text: str | None) -> str:
    if text is None:
        return fmt.DASH
    try:
        return number_words(Decimal(text))
    except InvalidOperation:
        return text or "none"


def _truth_tone(row: Row) -> str:
    return "text3" if row.state.is_past else "text1"


RECONCILIATION = (
    ColumnLook("state", 122, lambda r: _TRUTH[r.state][0], lambda r: _TRUTH[r.state][2], lambda r: _TRUTH[r.state][1:]),
    ColumnLook("kind", 110, lambda r: _KINDS[r.kind], lambda r: "text2"),
    ColumnLook("name", 126, lambda r: r.name, is_strong=True),
    ColumnLook("venue", 146, lambda r: _fact_text(r.venue), _truth_tone),
    ColumnLook("journal", 128, lambda r: _fact_text(r.journal), _truth_tone, drop=1),
    ColumnLook("memory", 146, lambda r: _fact_text(r.memory), _truth_tone),
    ColumnLook("since", 84, lambda r: fmt.clock(r.since_ms or None), lambda r: "text2", drop=2),
    ColumnLook("cause", 150, lambda r: cause_words(cause_code(r)), lambda r: "text2", stretch=True),
)
