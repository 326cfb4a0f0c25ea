"""Where the window's layout lives between runs: one small file, written whole or not at all."""

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

VERSION = 1
_SECTION = "workspace"
_TABLES = "tables"


@dataclass(frozen=True)
class SavedLayout:
    """What is kept.

    Attributes:
        geometry, docks: Qt's own bytes for the window and its docks.
        is_custom: The user made the layout.
        tables: Columns and sorting of each table, one line each, by the table's id.
    """

    geometry: bytes
    docks: bytes
    is_custom: bool
    tables: Mapping[str, str] = field(default_factory=dict)


class BrokenLayoutError(Exception):
    """The file cannot be read; it has been renamed, and the text says to what."""


class LayoutStore:
    """Reads and writes the layout file.

    Args:
        path: The file; its folder exists. None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def load(self) -> SavedLayout | None:
        """Return the saved layout; None when there is none, or when a newer program wrote it.

        Raises:
            BrokenLayoutError: The file is damaged; it has been set aside.
        """
        if self._path is None or not self._path.exists():
            return None
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(self._path.read_text(encoding="utf-8"))
            section = parser[_SECTION]
            if section.getint("version") != VERSION:
                return None
            return SavedLayout(
                geometry=bytes.fromhex(section["geometry"]),
                docks=bytes.fromhex(section["docks"]),
                is_custom=section.getboolean("is_custom", fallback=False),
                tables=dict(parser[_TABLES]) if parser.has_section(_TABLES) else {},
            )
        except (configparser.Error, KeyError, ValueError, OSError) as error:
            raise BrokenLayoutError(self.set_aside()) from error

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
        temporary = self._path.with_name(self._path.name + ".new")
        with temporary.open("w", encoding="utf-8") as file:
            parser.write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)

    def discard(self) -> None:
        """Forget the saved layout."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
