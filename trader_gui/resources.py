"""A resource's path in the source tree, an installed wheel's project folder, or a frozen program."""

import sys
from pathlib import Path


def resource_path(*parts: str) -> Path:
    """Return the path of a file under `resources/`.

    Raises:
        FileNotFoundError: There is no such resource; the installation is incomplete.
    """
    base = Path(getattr(sys, "_MEIPASS", Path(__file__).resolve().parent.parent))
    path = base.joinpath("resources", *parts)
    if not path.exists():
        raise FileNotFoundError(f"resource missing: {'/'.join(parts)}")
    return path


def read_text(*parts: str) -> str:
    """Return the text of a resource, UTF-8."""
    return resource_path(*parts).read_text(encoding="utf-8")
