"""Where the window's layout lives between runs: one small file, written whole or not at all, and the former one."""

import configparser
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trader_gui.settings import replace_file

VERSION = 1
_SECTION = "workspace"
_TABLES = "tables"
_PANELS = "panels"


@dataclass(frozen=True)
class SavedLayout:
    """What is kept: Qt's own bytes for the window and its docks, and whether the user made the layout.

    Attributes:
        panels: What panels keep of their own, one line each, by dock id.
        tables: Columns and sorting of each table, one line each, by the table's id.
    """

    geometry: bytes
    docks: bytes
    is_custom: bool
    panels: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)


class LayoutStore:
    """Reads and writes the layout file.

    Args:
        path: The file; its folder exists. None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._backup = path.with_name(path.name + ".bak") if path is not None else None

    def load(self) -> tuple[SavedLayout | None, str]:
        """Return the saved layout, and the new name of a file that was damaged and has been set aside ("" mostly).

        In the place of a damaged one comes the former layout. None: there is none, or a newer program wrote it.
        """
        if self._path is None or not self._path.exists():
            return None, ""
        try:
            return _read(self._path), ""
        except (configparser.Error, KeyError, ValueError, OSError):
            return self.former(), self.set_aside()

    def former(self) -> SavedLayout | None:
        """Return the layout of before the last save; None when there is none that can be read."""
        try:
            return _read(self._backup) if self._backup is not None and self._backup.exists() else None
        except (configparser.Error, KeyError, ValueError, OSError):
            return None

    def set_aside(self) -> str:
        """Rename a file that cannot be used, so that nothing is lost; return its new name."""
        if self._path is None:
            return ""
        number = 1
        while (target := self._path.with_name(f"{self._path.name}.broken-{number}")).exists():
            number += 1
        self._path.rename(target)
        return target.name

    def save(self, layout: SavedLayout) -> None:
        """Write the layout to a new file, then put it in place of the old one.

        Raises:
            OSError: It cannot be written; the old file stands.
        """
        if self._path is None:
            return
        parser = configparser.ConfigParser(interpolation=None)
        parser[_SECTION] = {
            "version": str(VERSION),
            "geometry": layout.geometry.hex(),
            "docks": layout.docks.hex(),
            "is_custom": "yes" if layout.is_custom else "no",
        }
        parser[_TABLES] = dict(layout.tables)
        parser[_PANELS] = layout.panels
        text = io.StringIO()
        parser.write(text)
        if self._backup is not None:
            replace_file(self._path, text.getvalue().encode("utf-8"), self._backup)

    def discard(self) -> None:
        """Forget the saved layout, and the former one."""
        for path in (self._path, self._backup):
            if path is not None:
                path.unlink(missing_ok=True)


def _read(path: Path) -> SavedLayout | None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(path.read_text(encoding="utf-8"))
    section = parser[_SECTION]
    if section.getint("version") != VERSION:
        return None
    return SavedLayout(
        geometry=bytes.fromhex(section["geometry"]),
        docks=bytes.fromhex(section["docks"]),
        is_custom=section.getboolean("is_custom", fallback=False),
        panels=dict(parser[_PANELS]) if parser.has_section(_PANELS) else {},
        tables=dict(parser[_TABLES]) if parser.has_section(_TABLES) else {},
    )
