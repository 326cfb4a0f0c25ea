"""The self-test as an installed program runs it."""

import re
import subprocess
import sys


def test_the_installation_proves_itself():
    done = subprocess.run(
        [sys.executable, "-m", "trader_gui", "self-test"], capture_output=True, text=True, timeout=100, check=False
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(lines) == 5
    assert all(" ok " in line for line in lines)
    fills = re.search(r"(\d+) fills.*flat again", lines[3])  # an order may fill in parts
    assert fills is not None
    assert int(fills[1]) >= 2
