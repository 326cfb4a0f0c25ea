"""LogModel: the newest log lines, handed on once a frame."""

import logging

from PySide6.QtCore import QObject, Signal

from trader_gui.log import LogLine, LogTail

LEVELS = {"Everything": logging.INFO, "Warnings": logging.WARNING, "Errors": logging.ERROR}


class LogModel(QObject):
    """Follows a tail of the log.

    Signals:
        lines_added: (tuple of LogLine) what came since the last frame, oldest first.
    """

    lines_added = Signal(object)

    def __init__(self, tail: LogTail | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tail = tail
        self._revision = 0

    def refresh(self) -> None:
        """Hand on what is new; a burst longer than the tail loses its oldest lines here, never on disk."""
        if self._tail is None or self._tail.revision == self._revision:
            return
        new = self._tail.revision - self._revision
        self._revision = self._tail.revision
        self.lines_added.emit(self._tail.lines(new))

    def lines(self) -> tuple[LogLine, ...]:
        """Return all lines kept, oldest first."""
        return () if self._tail is None else self._tail.lines()
