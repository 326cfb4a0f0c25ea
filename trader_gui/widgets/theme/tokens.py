"""Colour tokens of one theme, read from `resources/themes/<name>.json` and checked whole."""

import json
from dataclasses import dataclass

from trader_gui.resources import read_text

THEME_NAMES = ("dark", "light")
PALETTE_NAMES = ("global", "east_asian", "korean", "colour_blind", "mono")
PROFILE_NAMES = ("DEMO", "REPLAY", "PAPER", "TESTNET", "LIVE")
DIRECTION_ROLES = ("line", "text", "button")


@dataclass(frozen=True)
class ThemeTokens:
    """One theme's colours as `#RRGGBB` text.

    Attributes:
        colors: token -> colour.
        profiles: profile name in capitals -> (fill, text).
        directions: palette -> (is_up, role) -> colour.
    """

    name: str
    colors: dict[str, str]
    profiles: dict[str, tuple[str, str]]
    directions: dict[str, dict[tuple[bool, str], str]]


def load_tokens(name: str) -> ThemeTokens:
    """Read a theme.

    Raises:
        ValueError: No such theme.
        KeyError: The file lacks a profile, a palette or a role; the installation is damaged.
    """
    if name not in THEME_NAMES:
        raise ValueError(f"no theme {name!r}: one of {', '.join(THEME_NAMES)}")
    raw = json.loads(read_text("themes", f"{name}.json"))
    return ThemeTokens(
        name=name,
        colors=dict(raw["colors"]),
        profiles={p: (raw["profiles"][p]["fill"], raw["profiles"][p]["text"]) for p in PROFILE_NAMES},
        directions={
            palette: {
                (is_up, role): raw["directions"][palette]["up" if is_up else "down"][role]
                for is_up in (True, False)
                for role in DIRECTION_ROLES
            }
            for palette in PALETTE_NAMES
        },
    )
