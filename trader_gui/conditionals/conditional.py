"""Base of all conditionals: closes in, named conditions out."""

from abc import ABC, abstractmethod

from trader_gui.collectors.ring import FloatArray
from trader_gui.domain.step import Condition


class Conditional(ABC):
    """Turns the closes of closed klines, and the price of now, into named conditions.

    The names and their order never change, ready or not.
    """

    @abstractmethod
    def reset(self, close: FloatArray) -> None:
        """Start anew from a series of closes, oldest first; an empty one makes everything not ready."""

    @abstractmethod
    def extend(self, close: float) -> None:
        """Take in the close of one more closed kline."""

    @abstractmethod
    def evaluate(self, price: float) -> tuple[Condition, ...]:
        """Return the conditions at `price`, the close of the open kline; cheap, called for every message."""
