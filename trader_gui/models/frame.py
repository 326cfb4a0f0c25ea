"""FrameModel: base of the models that the bridge refreshes, at most once a frame and only while somebody looks."""

from PySide6.QtCore import QObject, Signal

from trader_gui.callback import Callback
from trader_gui.models.trader_view import StatusView


class FrameModel(QObject):
    """A model that takes its state from the collectors when the bridge asks it to.

    Attributes:
        is_watched: False while its widget is hidden; the bridge then leaves the model alone.

    Signals:
        changed: What is to be shown differs from what was; widgets repaint on nothing else.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_watched = True

    def refresh(self, callback: Callback, status: StatusView, now_ns: int) -> None:
        """Bring the model up to date; emits `changed` when something is different.

        Args:
            callback: The session's collectors, read only.
            status: The session's status, read only.
            now_ns: Monotonic time of this frame.
        """
        raise NotImplementedError
