"""What one cell of a bar shows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CellView:
    """What one cell shows.

    Attributes:
        text, tone: The value and its tone (see the theme's labels).
        icon: Icon name in the same tone, "" for none.
        extra, extra_tone: A smaller second value.
        ground: Tone of the cell's ground: `accent`, `warn`, `danger` or "".
        label: Replaces the cell's label when not "".
    """

    text: str
    tone: str = "text1"
    icon: str = ""
    extra: str = ""
    extra_tone: str = "text1"
    ground: str = ""
    label: str = ""
