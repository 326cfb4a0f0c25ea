"""The lock of a folder: one holder, named; free again when it is released or its holder is gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trader_gui.errors import UserError
from trader_gui.journal.lock import FolderLock

HOLDER = """
import sys
from pathlib import Path
from trader_gui.journal.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_the_holder_is_named_and_its_death_frees_the_folder(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=rf"already in use by PID {holder.pid}\b.*--data-dir"):
            FolderLock(tmp_path)
        holder.kill()
        holder.wait()
        FolderLock(tmp_path).release()


def test_two_locks_in_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    first = FolderLock(tmp_path / "new" / "folder")
    with pytest.raises(UserError, match=rf"PID {os.getpid()}\b"):
        FolderLock(tmp_path / "new" / "folder")
    first.release()
    first.release()
    second = FolderLock(tmp_path / "new" / "folder")
    second.release()


def test_a_shorter_pid_does_not_keep_digits_of_the_former(tmp_path: Path) -> None:
    (tmp_path / "in-use.lock").write_text("123456789012\n")
    lock = FolderLock(tmp_path)
    try:
        assert (tmp_path / "in-use.lock").read_text() == f"{os.getpid()}\n"
    finally:
        lock.release()
