"""Which part of the time is seen: panning, zooming, and following the newest kline until the hand takes over."""

_MARGIN_FRACTION = 0.11
_DEFAULT_PITCH = 8.2
_LEAST_SEEN = 5.0
_EMPTY_SHARE, _LEAST_SPAN = 3.0, 200.0


class Navigation:
    """The horizontal view, in kline widths (x) over a width in pixels.

    Attributes:
        width: Pixels.
        pitch: Pixels from one kline to the next.
        right: x at the right edge.
        is_following: The newest kline stays where it is on the screen and the others move; panning by hand ends it.
    """

    SMALLEST_PITCH, LARGEST_PITCH = 0.0004, 80.0

    def __init__(self) -> None:
        self.width = 1.0
        self.pitch = _DEFAULT_PITCH
        self.right = 0.0
        self.is_following = True
        self._first_x, self._last_x = 0, 0
        self._margin = _MARGIN_FRACTION

    @property
    def left(self) -> float:
        """X at the left edge."""
        return self.right - self.width / self.pitch

    def resize(self, width: float) -> None:
        """Take another width; klines keep theirs, and the right edge stays."""
        self.width = max(1.0, width)
        self._settle()

    def set_extent(self, first_x: int, last_x: int) -> None:
        """Take x of the oldest and the newest kline; the view moves along when it is following."""
        self._first_x, self._last_x = first_x, last_x
        self._settle()

    def pan(self, pixels: float) -> None:
        """Move the klines by pixels, to the right when > 0."""
        self.is_following = False
        self.right -= pixels / self.pitch
        self._settle()

    def zoom(self, factor: float, at_px: float) -> None:
        """Make klines `factor` times as wide; the x under the pixel `at_px` stays there."""
        x = self.left + at_px / self.pitch
        self.pitch = min(max(self.pitch * factor, min(self._least_pitch, self.pitch)), self.LARGEST_PITCH)
        self.right = x + (self.width - at_px) / self.pitch
        if self.is_following:
            self._margin = (self.right - self._last_x) * self.pitch / self.width
            self.is_following = 0.0 <= self._margin <= 0.9
        self._settle()

    @property
    def _least_pitch(self) -> float:
        """Pitch at which all klines that are loaded take a third of the width: further out there is nothing to see."""
        count = self._last_x - self._first_x + 1
        return max(self.SMALLEST_PITCH, self.width / max(_EMPTY_SHARE * count, _LEAST_SPAN))

    def follow(self) -> None:
        """Go to the newest kline and stay with it."""
        self._margin = _MARGIN_FRACTION
        self.is_following = True
        self._settle()

    def show_oldest(self) -> None:
        """Go to the oldest kline that is loaded."""
        self.is_following = False
        self.right = self._first_x + self.width / self.pitch - 1
        self._settle()

    def show(self, x: float) -> None:
        """Move as little as is needed for an x to be seen, and stay where that was so already."""
        span = self.width / self.pitch
        left, right = self.left, self.right
        if left + 1 <= x <= right - 1:
            return
        self.is_following = False
        self.right = x + span - 1 if x < left + 1 else x + 1
        self._settle()

    def _settle(self) -> None:
        span = self.width / self.pitch
        if self.is_following:
            self.right = self._last_x + self._margin * span
            return
        seen = min(_LEAST_SEEN, span)
        self.right = min(max(self.right, self._first_x + seen), self._last_x + span - seen)
