"""The theme on real widgets: style sheet, icons, fonts, and the change from one theme to another."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QFontMetricsF, QIcon, QImage
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton

from trader_gui.resources import resource_path
from trader_gui.widgets.theme import Theme, set_style_property, theme

ICONS = [
    *("check", "cross", "dash", "triangle", "octagon", "info"),
    *("shield", "gear", "hand", "globe", "target"),
    *("feed", "clock", "power", "flatten", "cancel-entries", "lock", "bell"),
    *("search", "chevron", "plus", "minus", "expand", "wave", "camera", "latest"),
]


@pytest.fixture
def styled(qapp: QApplication) -> Iterator[Theme]:
    """Give the installed theme, dark; and leave it dark."""
    theme().set("dark")
    theme().install(qapp)
    yield theme()
    theme().set("dark")


def has_color(image: QImage, color: QColor) -> bool:
    return any(image.pixelColor(x, y).rgb() == color.rgb() for x in range(image.width()) for y in range(image.height()))


def test_the_style_sheet_names_colours_and_files_that_are_there(styled: Theme) -> None:
    for name in ("dark", "light"):
        styled.set(name)
        sheet = styled.style_sheet()
        assert "@" not in sheet
        urls = re.findall(r'url\("([^"]+)"\)', sheet)
        assert len(urls) >= 4
        for url in urls:
            assert "currentColor" not in Path(url).read_text(encoding="utf-8")


def test_kinds_of_buttons_and_roles_of_labels_look_as_told(styled: Theme, qtbot: object) -> None:
    button = QPushButton("Buy")
    button.setProperty("kind", "buy")
    button.resize(120, 36)
    assert has_color(button.grab().toImage(), styled.direction(True, "button"))
    set_style_property(button, "kind", "sell")
    assert has_color(button.grab().toImage(), styled.direction(False, "button"))
    button.setEnabled(False)
    image = button.grab().toImage()
    assert not has_color(image, styled.direction(False, "button"))
    label = QLabel("■■■■")
    label.setProperty("role", "small")
    label.setProperty("tone", "danger")
    assert has_color(label.grab().toImage(), styled.color("danger"))
    assert label.font().pixelSize() == 11 or abs(label.font().pointSizeF() - 8.25) < 0.01


def test_a_ticked_box_shows_a_tick(styled: Theme) -> None:
    box = QCheckBox("Post-only")
    box.setChecked(True)
    image = box.grab().toImage()
    assert has_color(image, styled.color("accent_fill"))
    corner = image.copy(0, 0, 16, image.height())
    lightest = max(corner.pixelColor(x, y).lightness() for x in range(corner.width()) for y in range(corner.height()))
    assert lightest > 200


def test_widgets_follow_a_change_of_theme(styled: Theme, qtbot: object) -> None:
    button = QPushButton("Buy")
    button.setProperty("kind", "buy")
    button.resize(120, 36)
    button.grab()
    styled.set("light", "korean")
    assert has_color(button.grab().toImage(), styled.direction(True, "button"))


def test_changed_comes_once_for_a_change_and_never_for_none(styled: Theme) -> None:
    calls: list[None] = []
    styled.changed.connect(lambda: calls.append(None))
    styled.set("dark", "global")
    assert not calls
    styled.set("dark", "mono")
    assert len(calls) == 1
    with pytest.raises(ValueError, match="no palette"):
        styled.set("dark", "rainbow")
    assert styled.palette_name == "mono"


@pytest.mark.parametrize("name", ICONS)
def test_every_icon_is_drawn_in_the_colour_that_is_asked_for(styled: Theme, name: str) -> None:
    source = resource_path("icons", f"{name}.svg").read_text(encoding="utf-8")
    assert source.count("currentColor") == 1
    assert 'viewBox="0 0 16 16"' in source
    for token in ("danger", "ok"):
        image = styled.pixmap(name, token, 16, 2.0).toImage()
        assert image.width() == 32
        solid = [image.pixelColor(x, y) for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() == 255]
        assert len(solid) >= 10
        assert {color.rgb() for color in solid} == {styled.color(token).rgb()}
        edge = [image.pixelColor(i, j).alpha() for i in range(32) for j in (0, 31)]
        assert max(edge) < 128, "cut off at the edge"


def test_a_disabled_icon_is_weak(styled: Theme) -> None:
    image = styled.icon("power", "danger").pixmap(16, mode=QIcon.Mode.Disabled).toImage()
    assert has_color(image, styled.color("text3"))


def test_digits_stand_in_columns_in_every_role(styled: Theme) -> None:
    for role in ("price_large", "value", "body", "figure", "small", "mini", "mono"):
        metrics = QFontMetricsF(styled.font(role))
        widths = {round(metrics.horizontalAdvance(digit * 20), 3) for digit in "0123456789"}
        assert len(widths) == 1, role


def test_a_blend_is_opaque_and_between_its_ends(styled: Theme) -> None:
    band, ground = styled.color("band"), styled.color("bg0")
    assert styled.blend(band, 1.0) == band
    assert styled.blend(band, 0.0) == ground
    made = styled.blend(band, 0.07)
    assert made.alpha() == 255
    assert ground.blue() < made.blue() < band.blue()


def test_profiles_are_told_by_any_spelling(styled: Theme) -> None:
    fill, text = styled.profile("live")
    assert (fill.name(), text.name()) == tuple(c.name() for c in styled.profile("LIVE"))
    with pytest.raises(KeyError):
        styled.profile("production")
