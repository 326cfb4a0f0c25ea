"""Strip: a bar of fixed height in the window, whose figures come and go without laying out the window."""

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget


class Strip(QWidget):
    """Holds a bar at its height and gives it all of its own width.

    A label that changes its text asks all layouts above it to think anew, up to the window's: with some dozen figures
    a frame the docks were asked for their sizes 300 times a frame. What is placed by hand, as here, asks nobody.

    Args:
        bar: Of fixed height.
    """

    def __init__(self, bar: QWidget) -> None:
        super().__init__()
        self._bar = bar
        bar.setParent(self)
        self.setFixedHeight(bar.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._bar.setGeometry(self.rect())
