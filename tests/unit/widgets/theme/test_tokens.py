"""Colour tokens: complete, legible, and nowhere else."""

import re
from pathlib import Path

import pytest

from trader_gui.widgets.theme.tokens import PALETTE_NAMES, PROFILE_NAMES, THEME_NAMES, load_tokens

SOURCES = Path(__file__).resolve().parents[4]
TEXT_TOKENS = ("text1", "text2", "text3", "accent", "ok", "warn", "danger", "info")


def luminance(color: str) -> float:
    """Return the relative luminance of WCAG 2.1."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", THEME_NAMES)
@pytest.mark.parametrize("ground", ["bg0", "bg1", "bg2"])
def test_text_is_legible_on_every_ground(name: str, ground: str) -> None:
    tokens = load_tokens(name)
    for token in TEXT_TOKENS:
        assert contrast(tokens.colors[token], tokens.colors[ground]) >= 4.5, token
    for palette in PALETTE_NAMES:
        for is_up in (True, False):
            assert contrast(tokens.directions[palette][is_up, "text"], tokens.colors[ground]) >= 4.5, palette


@pytest.mark.parametrize("name", THEME_NAMES)
def test_filled_surfaces_carry_their_text(name: str) -> None:
    tokens = load_tokens(name)
    white = tokens.colors["on_fill"]
    for palette in PALETTE_NAMES:
        for is_up in (True, False):
            assert contrast(tokens.directions[palette][is_up, "button"], white) >= 4.5, palette
    for token in ("accent_fill", "danger_fill"):
        assert contrast(tokens.colors[token], white) >= 4.5, token
    for profile in PROFILE_NAMES:
        assert contrast(*tokens.profiles[profile]) >= 4.5, profile


@pytest.mark.parametrize("name", THEME_NAMES)
def test_borders_of_inputs_and_lines_of_candles_are_seen(name: str) -> None:
    tokens = load_tokens(name)
    assert contrast(tokens.colors["border_strong"], tokens.colors["bg0"]) >= 3.0
    for is_up in (True, False):
        assert contrast(tokens.directions["global"][is_up, "line"], tokens.colors["bg0"]) >= 3.0
    for token in ("band", "rv", *(f"line{number}" for number in range(1, 7))):
        assert contrast(tokens.colors[token], tokens.colors["bg0"]) >= 4.5, token  # legends are written in them


def test_both_themes_know_the_same_tokens() -> None:
    dark, light = load_tokens("dark"), load_tokens("light")
    assert dark.colors.keys() == light.colors.keys()
    assert dark.profiles == light.profiles


def test_east_asian_is_global_turned_round() -> None:
    for name in THEME_NAMES:
        directions = load_tokens(name).directions
        for (is_up, role), color in directions["global"].items():
            assert directions["east_asian"][not is_up, role] == color


def test_status_hues_are_no_direction_colours() -> None:
    for name in THEME_NAMES:
        tokens = load_tokens(name)
        status = {tokens.colors[t] for t in ("ok", "warn", "danger", "info")}
        assert not status & {color for palette in tokens.directions.values() for color in palette.values()}


def test_colours_stand_in_the_themes_alone() -> None:
    found = [
        f"{path.relative_to(SOURCES)}: {match}"
        for path in [*(SOURCES / "trader_gui").rglob("*.py"), *(SOURCES / "resources").rglob("*.qss")]
        for match in re.findall(r"[\"'( ]#(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})\b", path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(ValueError, match="no theme 'sepia'"):
        load_tokens("sepia")
