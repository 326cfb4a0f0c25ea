"""What is said of the stop of the engine's position or of a bracket, and of the dead man's switch."""

from trader_gui.domain.protection import ProtectionState
from trader_gui.domain.step import EngineMode
from trader_gui.i18n import no_stop_words
from trader_gui.models.session_state import DeadManState, SessionState
from trader_gui.widgets import format as fmt
from trader_gui.widgets.cell_view import CellView

DEAD_MAN_NOTE = (
    "The exchange cancels every limit order of this symbol, yours and closing ones too, when it has not heard from "
    "this program for two minutes; stops stay"
)
_LOW_S = 60


def watch_cell(state: SessionState) -> CellView | None:
    """Return the protection cell while the engine's position, or a bracket, has no live stop; None otherwise."""
    watch, age = state.watch, fmt.duration(state.watch.naked_s)
    if watch.state is ProtectionState.PLACING:
        return CellView("Stop being placed", "warn", "clock", ground="warn")
    if watch.state is ProtectionState.CLOSING:
        return CellView("NO STOP: closing", "danger", "octagon", ground="danger")
    if watch.state is ProtectionState.NAKED:
        return CellView(f"NOT PROTECTED {age}", "danger", "octagon", ground="danger")
    return None


def watch_what(state: SessionState) -> str:
    """Return what the banner says is wrong with the engine's position, or a bracket; "" for nothing to shout about."""
    whose = "The position of a bracket" if state.watch.is_bracket else "The engine's position"
    if state.watch.state is ProtectionState.CLOSING:
        return f"{whose} has no stop at the exchange: it is being closed."
    if state.watch.state is ProtectionState.NAKED:
        return f"{whose} has had no stop at the exchange for {fmt.duration(state.watch.naked_s)}."
    return ""


def watch_did(state: SessionState) -> str:
    """Return what is being done about it, and why there is no stop."""
    doing = ""
    if state.watch.state is ProtectionState.NAKED:
        is_disarmed = state.mode is EngineMode.HALTED and not state.watch.is_bracket
        doing = "The engine is disarmed and does nothing." if is_disarmed else "It is tried again and again."
    return f"{doing} {no_stop_words(state.watch.cause)}".strip()


def dead_man_cell(dead_man: DeadManState) -> CellView:
    """Return the status bar's cell of the dead man's switch."""
    left = "" if dead_man.left_s is None else f"{dead_man.left_s} s"
    if dead_man.failure:
        return CellView(f"failed, {left} left" if left else "failed", "danger", "octagon")
    if not left:
        return CellView("off", "text2")
    return CellView(left, "warn" if dead_man.left_s is not None and dead_man.left_s < _LOW_S else "text1")
