"""One command from a fresh checkout to the running program, the tests, a build: `python packaging/dev.py COMMAND`.

    run [ARGUMENTS]    start the program from the source tree
    test [ARGUMENTS]   format, lint, types, import contracts, all tests (arguments go to pytest)
    build              the program for people without Python, in dist/
    lock               packaging/requirements.lock anew from pyproject.toml

Needs only a supported Python. It makes `.venv`, installs what `pyproject.toml` asks for in the versions of the lock
file, and, on Debian and Ubuntu as root, the system packages that Qt and the tests need. Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "packaging" / "requirements.lock"
STAMP = VENV / "dev-stamp.json"
SUPPORTED = ((3, 11), (3, 12), (3, 13), (3, 14))
IS_WINDOWS = os.name == "nt"

# Alternatives of one entry: the first that is there, or that the system can install, is taken.
QT_PACKAGES = (
    ("ca-certificates",),
    ("libegl1",),
    ("libgl1",),
    ("libglib2.0-0t64", "libglib2.0-0"),
    ("libdbus-1-3",),
    ("libfontconfig1",),
    ("libxkbcommon-x11-0",),
    ("libxcb-cursor0",),
    ("libxcb-icccm4",),
    ("libxcb-keysyms1",),
    ("libxcb-shape0",),
    ("fonts-nanum",),  # Korean is empty boxes without it
)
TEST_PACKAGES = (
    ("xvfb",),
    ("xauth",),
    ("xdotool",),
    ("openbox",),
    ("wmctrl",),
    ("gnome-keyring",),
    ("dbus-daemon", "dbus"),
    ("dbus-bin", "dbus"),
    ("libsecret-tools",),
)
BUILD_PACKAGES = (("binutils",),)

ALL_TESTS = (
    ["-n", "auto", "tests/unit", "tests/architecture", "tests/gui"],
    # Half of their time is waiting: a processor each, file by file, for what a file's tests share is costly to make.
    ["-n", "auto", "--dist", "loadfile", "tests/venue"],
    ["tests/e2e"],  # one at a time: they watch the clock, and start programs and screens of their own
)


class StopError(Exception):
    """Nothing more can be done; the text says what to do, in one line."""


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    commands = {"run": run, "test": test, "build": build, "lock": lock}
    command = commands.get(arguments[0]) if arguments else None
    if command is None:
        print(__doc__)
        return 2
    try:
        return command(arguments[1:])
    except StopError as stop:
        print(f"dev.py: {stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


# ---- commands -------------------------------------------------------------------------------------------------------


def run(arguments: list[str]) -> int:
    """Start the program; it replaces this process where the system can do that."""
    opens_window = not arguments or arguments[0].startswith("-")
    asks_only = bool({"-h", "--help", "--version"} & set(arguments))
    if opens_window and not asks_only and not has_screen():
        raise StopError(
            "there is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set): start it on a desktop, or use "
            "`dev.py run run` for a session without a window"
        )
    prepare((), QT_PACKAGES)
    command = [str(venv_python()), "-m", "trader_gui", *arguments]
    if IS_WINDOWS:
        return subprocess.call(command)
    os.execv(command[0], command)  # so that signals reach the program itself
    return 1  # not reached: execv does not come back


def test(arguments: list[str]) -> int:
    """Run every check, pytest last, and return the exit code of the first that failed."""
    prepare(("test",), QT_PACKAGES, TEST_PACKAGES)
    python = str(venv_python())
    checks = {
        "ruff format": [python, "-m", "ruff", "format", "--check", "."],
        "ruff check": [python, "-m", "ruff", "check", "."],
        "mypy": [python, "-m", "mypy"],
        "import contracts": [str(venv_script("lint-imports"))],
    }
    failed: dict[str, int] = {}
    for name, command in checks.items():
        print(f"== {name}", flush=True)
        code = subprocess.call(command, cwd=ROOT)
        if code:
            failed[name] = code
    if failed:
        print(f"== FAILED so far: {', '.join(failed)}", flush=True)
    for words in [arguments] if arguments else ALL_TESTS:
        print(f"== pytest {' '.join(words)}", flush=True)
        code = subprocess.call([python, "-m", "pytest", *words], cwd=ROOT)
        if code:
            failed[f"pytest {' '.join(words)}"] = code
    if failed:
        print(f"== FAILED: {', '.join(failed)}", flush=True)
    return next(iter(failed.values()), 0)


def build(_: list[str]) -> int:
    """Build the one-folder program, let it test itself, and pack it."""
    prepare(("build",), QT_PACKAGES, BUILD_PACKAGES)
    dist = ROOT / "dist"
    spec = ROOT / "packaging" / "trader_gui.spec"
    pyinstaller = [str(venv_python()), "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN"]
    must(*pyinstaller, "--distpath", str(dist), "--workpath", str(ROOT / "build"), str(spec))
    program = built_program(dist)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    code = subprocess.call([str(program), "self-test"], env=environment)
    if code:
        raise StopError(f"the built program {program} failed its self-test with exit code {code}")
    print(f"built {program}\npacked {pack(dist)}")
    return 0


def lock(_: list[str]) -> int:
    """Resolve `pyproject.toml` for every supported system and Python, with hashes."""
    prepare(())  # not the extras: they may not fit the versions that are about to be replaced
    must(str(venv_python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv")
    environment = dict(os.environ)
    index = pip_index()
    if index:
        environment["UV_DEFAULT_INDEX"] = index
    options = ["--universal", "--all-extras", "--generate-hashes", "--python-version", "3.11", "--quiet", "--upgrade"]
    shown = ["--custom-compile-command", "python packaging/dev.py lock", "--no-emit-index-url"]
    output = ["--output-file", str(LOCK)]
    command = [str(venv_python()), "-m", "uv", "pip", "compile", "pyproject.toml", *options, *shown, *output]
    if subprocess.call(command, cwd=ROOT, env=environment):
        raise StopError("the dependencies could not be resolved; see above")
    return 0


# ---- Python and its packages ----------------------------------------------------------------------------------------


def prepare(extras: tuple[str, ...], *packages: tuple[tuple[str, ...], ...]) -> None:
    """Make sure of the system's packages, of `.venv`, and of what is installed in it."""
    if packages and shutil.which("apt-get"):
        ensure_system_packages(packages)
    ensure_venv()
    ensure_installed(extras)


def ensure_venv() -> None:
    """Make `.venv` with a supported Python, or see that the one there has one."""
    if venv_python().exists():
        version = subprocess.check_output([str(venv_python()), "-c", "import sys; print(*sys.version_info[:2])"])
        major, minor = map(int, version.split())
        if (major, minor) not in SUPPORTED:
            raise StopError(
                f".venv has Python {major}.{minor}; needed is {supported_text()}: remove .venv and try again"
            )
        return
    python = find_python()
    print(f"making .venv with {python}", flush=True)
    if not can_make_venv(python):
        install_venv_package(python)
    must(python, "-m", "venv", str(VENV))


def find_python() -> str:
    """Return a supported Python: this one, else the newest on the path."""
    if sys.version_info[:2] in SUPPORTED:
        return sys.executable
    for major, minor in reversed(SUPPORTED):
        found = shutil.which(f"python{major}.{minor}")
        if found:
            return found
    raise StopError(
        f"Python {supported_text()} is needed, this is {sys.version_info[0]}.{sys.version_info[1]}: install one, and "
        "start dev.py with it"
    )


def supported_text() -> str:
    """Return the supported versions in words."""
    return f"{SUPPORTED[0][0]}.{SUPPORTED[0][1]} to {SUPPORTED[-1][0]}.{SUPPORTED[-1][1]}"


def can_make_venv(python: str) -> bool:
    """Tell whether `python` can make an environment with pip in it (Debian keeps that in a package of its own)."""
    return subprocess.call([python, "-c", "import ensurepip, venv"], stderr=subprocess.DEVNULL) == 0


def install_venv_package(python: str) -> None:
    """Install Debian's package for `python -m venv`, or say how."""
    version = subprocess.check_output([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], text=True)
    package = f"python{version.strip()}-venv"
    if not shutil.which("apt-get"):
        raise StopError(f"{python} cannot make virtual environments: install its venv and ensurepip modules")
    if not is_root():
        raise StopError(f"{python} cannot make virtual environments: run `sudo apt-get install {package}` first")
    apt_install([package])


def ensure_installed(extras: tuple[str, ...]) -> None:
    """Install the project with `extras`, unless that was done since `pyproject.toml` last changed."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + LOCK.read_bytes()).hexdigest()
    installed = read_stamp()
    if installed.get("digest") == [digest] and set(extras) <= set(installed.get("extras", [])):
        return
    wanted = sorted({*installed.get("extras", []), *extras})
    target = f".[{','.join(wanted)}]" if wanted else "."
    constraints = VENV / "constraints.txt"
    constraints.write_text("\n".join(locked_versions()) + "\n", encoding="utf-8")
    pip = [str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    must(*pip, "--constraint", str(constraints), "--editable", target)
    STAMP.write_text(json.dumps({"digest": [digest], "extras": wanted}), encoding="utf-8")


def locked_versions() -> list[str]:
    """Return the lock's `name==version ; marker` lines: pip takes no hashes beside an editable install."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    return [line.rstrip("\\ ").strip() for line in lines if re.match(r"[A-Za-z0-9]", line)]


def read_stamp() -> dict[str, list[str]]:
    """Return what was installed last; empty when that is not known."""
    try:
        stamp: dict[str, list[str]] = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp


def pip_index() -> str:
    """Return the package index that pip is set up with; "" for its own default."""
    if os.environ.get("PIP_INDEX_URL"):
        return os.environ["PIP_INDEX_URL"]
    command = [str(venv_python()), "-m", "pip", "config", "get", "global.index-url"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def venv_python() -> Path:
    """Return the Python of `.venv`."""
    return venv_script("python")


def venv_script(name: str) -> Path:
    """Return a program of `.venv`."""
    return VENV / "Scripts" / f"{name}.exe" if IS_WINDOWS else VENV / "bin" / name


# ---- system packages (Debian, Ubuntu) -------------------------------------------------------------------------------


def ensure_system_packages(groups: tuple[tuple[tuple[str, ...], ...], ...]) -> None:
    """Install what is missing, as root; otherwise say in one line how, and stop only when Qt itself would not start."""
    entries = [entry for group in groups for entry in group]
    missing = [entry for entry in entries if not any(map(is_installed, entry))]
    if not missing:
        return
    if is_root():
        apt_install([], missing)
        return
    names = " ".join(sorted({entry[-1] for entry in missing}))
    text = f"system packages are missing: run `sudo apt-get install --no-install-recommends {names}` first"
    if set(missing) & set(QT_PACKAGES) - {("fonts-nanum",), ("ca-certificates",)}:
        raise StopError(text)
    print(f"dev.py: {text}; tests that need them are skipped", flush=True)


def apt_install(names: list[str], entries: list[tuple[str, ...]] | None = None) -> None:
    """Install packages, of each of `entries` the first alternative that this system knows."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    must("apt-get", "update", "-qq", environment=environment)
    chosen = [next((n for n in entry if is_known(n)), entry[-1]) for entry in entries or []]
    wanted = sorted({*names, *chosen})
    print(f"installing {' '.join(wanted)}", flush=True)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        fail(f"apt-get could not install the system packages: {done.stderr.strip() or done.stdout.strip()}")


def is_installed(name: str) -> bool:
    """Tell whether a package is installed."""
    command = ["dpkg-query", "-W", "-f=${db:Status-Status}", name]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout == "installed"


def is_known(name: str) -> bool:
    """Tell whether this system's sources have a package that can be installed under that name."""
    text = subprocess.run(["apt-cache", "policy", name], capture_output=True, text=True, check=False).stdout
    return "Candidate:" in text and "Candidate: (none)" not in text


def is_root() -> bool:
    """Tell whether this process may install system packages."""
    return sys.platform != "win32" and os.geteuid() == 0


def has_screen() -> bool:
    """Tell whether a window can be opened; only Linux and its kin can be without."""
    if IS_WINDOWS or sys.platform == "darwin" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


# ---- the built program ----------------------------------------------------------------------------------------------


def built_program(dist: Path) -> Path:
    """Return the console program of a finished build."""
    if sys.platform == "darwin":
        return dist / "TraderGUI.app" / "Contents" / "MacOS" / "trader-gui"
    return dist / "TraderGUI" / ("trader-gui.exe" if IS_WINDOWS else "trader-gui")


def pack(dist: Path) -> Path:
    """Pack the build into one archive that carries version, system and processor in its name."""
    system = {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux")
    name = f"trader-gui-{project_version()}-{system}-{platform.machine().lower()}"
    folder = "TraderGUI.app" if system == "macos" else "TraderGUI"
    if IS_WINDOWS:
        archive = dist / f"{name}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
            for path in sorted((dist / folder).rglob("*")):
                target.write(path, path.relative_to(dist))
    else:
        archive = dist / f"{name}.tar.gz"  # keeps symbolic links and the right to execute
        with tarfile.open(archive, "w:gz") as target_tar:
            target_tar.add(dist / folder, folder)
    return archive


def project_version() -> str:
    """Return the version that the package declares."""
    text = (ROOT / "trader_gui" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'__version__ = "([^"]+)"', text)
    if found is None:
        raise StopError("trader_gui/__init__.py declares no __version__")
    return found.group(1)


def must(*command: str, environment: dict[str, str] | None = None) -> None:
    """Run a command that has to succeed."""
    code = subprocess.call(command, cwd=ROOT, env=environment)
    if code:
        fail(f"`{' '.join(command[:6])} ...` ended with exit code {code}; see above")


def fail(text: str) -> NoReturn:
    """Stop with one line."""
    raise StopError(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
