"""Base of all collectors: apply a message, count revisions, hand out a copy as a frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from trader_gui.domain.step import Message

if TYPE_CHECKING:
    import pandas as pd


class Collector(ABC):
    """Keeps one kind of data up to date.

    Attributes:
        revision: Rises with every change; equal revisions mean equal contents.

    Owner: `Callback` makes it and is the only one to call `apply`; others only read.
    """

    def __init__(self) -> None:
        self.revision = 0

    @abstractmethod
    def apply(self, message: Message) -> bool:
        """Take in one message; return whether anything changed. Messages of no concern are passed over."""

    @abstractmethod
    def frame(self) -> pd.DataFrame:
        """Return a copy of what is held, one row each, for people and files."""
