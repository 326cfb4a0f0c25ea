"""The program as a person starts it: its command line, in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 60.0


class Ended:
    """A run that is over: exit code and what it wrote."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def summary(self) -> dict[str, Any]:
        """The JSON object that `--json` prints, alone on its line."""
        (line,) = self.out.splitlines()
        figures: dict[str, Any] = json.loads(line)
        return figures


def command(*words: object, prelude: str = "") -> list[str]:
    """Return the words that start the program; `prelude` is Python that runs before it in the same process."""
    arguments = [str(word) for word in words]
    if not prelude:
        return [sys.executable, "-m", "trader_gui", *arguments]
    code = f"import sys\n{prelude}\nfrom trader_gui.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    return [sys.executable, "-c", code, *arguments]


@contextmanager
def started(*words: object, prelude: str = "") -> Iterator["subprocess.Popen[str]"]:
    """Start the program; it is killed when the block ends, if it still runs."""
    process = subprocess.Popen(
        command(*words, prelude=prelude),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def finish(process: "subprocess.Popen[str]") -> Ended:
    """Wait until the program ends by itself."""
    out, err = process.communicate(timeout=LIMIT_S)
    return Ended(process.returncode, out, err)


def ran(*words: object, prelude: str = "") -> Ended:
    """Run the program to its end."""
    with started(*words, prelude=prelude) as process:
        return finish(process)
