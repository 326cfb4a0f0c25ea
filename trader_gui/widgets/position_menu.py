"""What can be done with a position: the menu of its row, by mouse and by key."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtWidgets import QMenu

from trader_gui.domain.account import MarginType, PositionKey
from trader_gui.models.positions import PositionRow

PARTS = (25, 50, 75, 100)


class PositionAct(StrEnum):
    """What is wanted of a position."""

    CLOSE = "close"
    CLOSE_BY_LIMIT = "close_by_limit"
    REVERSE = "reverse"
    STOP = "stop"
    TARGET = "target"
    TRAILING = "trailing"
    MARGIN = "margin"


@dataclass(frozen=True)
class PositionWish:
    """One of these for one position; `part` is percent, None where the user is still to say it."""

    key: PositionKey
    act: PositionAct
    part: int | None = None


_EXITS = (
    (PositionAct.STOP, "Add &stop…"),
    (PositionAct.TARGET, "Add &target…"),
    (PositionAct.TRAILING, "Add t&railing stop…"),
)


def fill_position_menu(menu: QMenu, row: PositionRow, want: Callable[[PositionWish], None]) -> None:
    """Add what can be done with a position; `want` is told what was chosen."""

    def add(text: str, act: PositionAct, part: int | None = None, *, is_enabled: bool = True) -> None:
        action = menu.addAction(text)
        action.setEnabled(is_enabled)
        action.triggered.connect(lambda _checked=False: want(PositionWish(row.key, act, part)))

    for number, part in enumerate(PARTS, 1):
        add(f"&{number}  Close {part} % at market", PositionAct.CLOSE, part)
    add("Close by &limit…", PositionAct.CLOSE_BY_LIMIT)
    add("Re&verse…", PositionAct.REVERSE)
    menu.addSeparator()
    for act, text in _EXITS:
        add(text, act)
    menu.addSeparator()
    add("Change isolated &margin…", PositionAct.MARGIN, is_enabled=row.margin_type is MarginType.ISOLATED)
