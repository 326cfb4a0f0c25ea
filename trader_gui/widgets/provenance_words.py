"""Where a number of the account comes from, and how the account stands to the exchange: for tooltips and cells."""

from trader_gui.models.orders import OrderRow
from trader_gui.models.positions import PositionRow
from trader_gui.models.provenance import Source, Told, source_ages
from trader_gui.models.session_state import AccountKind, AccountState
from trader_gui.widgets import format as fmt
from trader_gui.widgets.cell_view import CellView

_SOURCES = {
    Source.STREAM: "user stream",
    Source.ANSWER: "answer to the request",
    Source.ASKED: "asked for",
}


def source_words(told: Told | None, now_ns: int) -> str:
    """Return `user stream · 0.4 s ago · confirmed by REST 12 s ago`; a dash for what nobody has told."""
    ages = source_ages(told, now_ns)
    if ages is None:
        return fmt.DASH
    confirmed = (
        "not confirmed yet" if ages.confirmed_s is None else f"confirmed by REST {fmt.age(ages.confirmed_s)} ago"
    )
    return f"{_SOURCES[ages.source]} · {fmt.age(ages.told_s)} ago · {confirmed}"


def position_source(row: PositionRow, now_ns: int) -> str:
    """Return where a position's size comes from."""
    sign = "" if row.is_long else fmt.MINUS
    size = f"{sign}{fmt.quantity(row.quantity, row.quantity_decimals)}"
    return f"position {size} {row.symbol} · {source_words(row.told, now_ns)}"


def order_source(row: OrderRow, now_ns: int) -> str:
    """Return where an order's state comes from."""
    told = f"order {row.order.client_order_id} · {source_words(row.told, now_ns)}"
    return f"Not changed: {row.refusal}\n{told}" if row.refusal else told


def _whole(seconds: int | None) -> str:
    """Return an age that is counted in whole seconds: `6 s`, `2 min`."""
    return f"{seconds} s" if seconds is not None and seconds < 60 else fmt.age(seconds)


def account(state: AccountState) -> CellView:
    """Return the account cell: confirmed by the exchange how long ago, or what is wrong."""
    age = _whole(state.age_s)
    rows = "1 row" if state.open_rows == 1 else f"{state.open_rows} rows"
    return {
        AccountKind.UNCHECKED: CellView(fmt.DASH, "text3"),
        AccountKind.CHECKING: CellView("checking", "text2", "clock"),
        AccountKind.CONFIRMED: CellView(f"confirmed {age} ago", "text1", "check"),
        AccountKind.OLD: CellView(f"confirmed {age} ago", "warn", "triangle"),
        AccountKind.DIFFERS: CellView(f"{rows} in doubt", "warn", "triangle"),
        AccountKind.UNEXPLAINED: CellView("not explained", "danger", "octagon"),
    }[state.kind]


def account_words(state: AccountState) -> str:
    """Return how the account stands to the exchange, as one sentence or two."""
    if state.kind is AccountKind.UNCHECKED:
        return "The account is not held against the exchange while the exchange waits for this program."
    said = {
        AccountKind.CHECKING: "The account is being held against the exchange.",
        AccountKind.DIFFERS: "Exchange, journal and this program do not agree yet.",
        AccountKind.UNEXPLAINED: "The exchange showed something that nothing it lists explains; it was believed.",
    }.get(state.kind, "Everything was found at the exchange as it is shown here.")
    age = "" if state.age_s is None else f" Last confirmed {_whole(state.age_s)} ago."
    problem = f" It cannot be asked now: {state.problem}." if state.problem else ""
    return f"{said}{age}{problem}"
