"""Typed settings: defaults, validation, migration, atomic save; never a secret. And where files live.

Two files, JSON: `settings.json` in the data directory (appearance; common to all profiles) and one in each profile's
folder (limits, strategy, confirmations, the order ticket's presets and last choices). A save is whole or not at all:
written beside, flushed to disk, put in place, and the former file kept as `.bak`; at no instant is there no file. A
file that cannot be read is renamed aside, its backup takes its place, and the user is told once (`Settings.notices`); a
file of a newer program version is refused and left alone.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar

import msgspec

from trader_gui.domain.market import INTERVAL_MS
from trader_gui.domain.ticket import AskRules, TicketMemory, TicketPreset
from trader_gui.errors import UserError
from trader_gui.risk.protection import ProtectionAction
from trader_gui.risk.rules import RiskLimits

APPLICATION = "Trader GUI"
VERSION = 1
"""Version of both files; a change of their meaning adds a step to `_MIGRATIONS`."""

Migration: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
_MIGRATIONS: dict[int, Migration] = {}
"""From version n to n + 1, on the decoded JSON."""

Palette: TypeAlias = Literal["global", "east_asian", "korean", "colour_blind", "mono"]
DeadManMode: TypeAlias = Literal["off", "engine", "all"]
"""For whose entries the exchange's countdown is kept: nobody's, the engine's, or those by hand as well."""
T = TypeVar("T", bound="_Versioned")


class _Versioned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False):
    version: int = VERSION


class CommonSettings(_Versioned, frozen=True, kw_only=True):
    """What holds for every profile.

    Attributes:
        font_scale: On top of the system's scale, 1.0 is 100 %.
    """

    theme: Literal["system", "dark", "light"] = "system"
    palette: Palette = "global"
    language: Literal["en", "ko"] = "en"
    font_scale: Annotated[float, msgspec.Meta(ge=0.8, le=2.0)] = 1.0


class TradingSettings(_Versioned, frozen=True, kw_only=True):
    """What holds for one profile.

    Attributes:
        risk_limits: The gate's limits, for hand and engine alike.
        arm_duration_s: Offered when arming, seconds; None is without end.
        leverage: Offered for a symbol that has none set yet.
        strategy, strategy_parameters: Name in the registry, and values that differ from its defaults.
        protection_policy: When no stop of the engine's position, or of a bracket, is known at the exchange within two
            seconds: `close` it at market, or raise an `alarm` and go on trying.
        dead_man_switch: Whose entries the exchange cancels when this program is no longer heard of for two minutes:
            nobody's, the engine's, or those by hand too, on whatever symbol they rest. It cancels every order of the
            book of that symbol then, resting limit exits included; stops stay.
        ask: When an order by hand is asked about before it is sent; never carried over from one profile to another.
        presets: Of the order ticket, by name.
        tickets: What the order ticket remembers, by symbol.
        recent_symbols: Those shown last, the newest first.
    """

    symbol: Annotated[str, msgspec.Meta(pattern="^[A-Z0-9_]{2,24}$")] = "BTCUSDT"
    interval: str = "1m"
    risk_limits: RiskLimits = RiskLimits()
    arm_duration_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)] | None = 3600.0
    leverage: Annotated[int, msgspec.Meta(ge=1, le=125)] = 20
    strategy: str = "bb_rv"
    strategy_parameters: dict[str, float | int | str | bool] = {}
    protection_policy: ProtectionAction = "close"
    dead_man_switch: DeadManMode = "engine"
    ask: AskRules = AskRules()
    presets: dict[str, TicketPreset] = {}
    tickets: dict[str, TicketMemory] = {}
    recent_symbols: tuple[str, ...] = ()


_LIMITS_WITH_VENUE = RiskLimits(
    max_position_notional=Decimal(2000), max_daily_loss=Decimal(50), max_entries_per_hour=12
)
"""First limits where an account of the venue is used: about twice the strategy's own order, until the user decides."""

_WITHOUT_VENUE = frozenset({"demo", "replay", "paper"})
"""Profiles whose orders never leave this machine; any other starts with limits."""


def default_trading(profile: str) -> TradingSettings:
    """Return the settings that a profile starts with."""
    if profile in _WITHOUT_VENUE:
        return TradingSettings()
    return TradingSettings(risk_limits=_LIMITS_WITH_VENUE, leverage=5)


# ---- where files live -----------------------------------------------------------------------------------------------


class DataDirectory:
    """The folder of everything that this program keeps, and the folder of one profile in it.

    Attributes:
        root: Common to all profiles.
        profile: Name of the profile.
        folder: The profile's own.
    """

    def __init__(self, root: Path, profile: str) -> None:
        self.root = root
        self.profile = profile
        self.folder = root / profile

    @classmethod
    def open(cls, root: Path | None, profile: str) -> "DataDirectory":
        """Return the directory, made if need be and tried for writing.

        Args:
            root: None takes the place where this system keeps application data.
            profile: Name of a profile.

        Raises:
            UserError: The folder cannot be made or written.
        """
        directory = cls(default_root() if root is None else root.expanduser().absolute(), profile)
        try:
            directory.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=directory.folder):
                pass
        except OSError as error:
            raise UserError(
                f"cannot write to the data directory {directory.folder} ({error.strerror}): make it writable, or "
                "choose another with --data-dir"
            ) from error
        return directory

    @property
    def common_settings_path(self) -> Path:
        """Settings of all profiles."""
        return self.root / "settings.json"

    @property
    def trading_settings_path(self) -> Path:
        """Settings of this profile."""
        return self.folder / "settings.json"

    @property
    def journal_path(self) -> Path:
        """The journal's file."""
        return self.folder / "journal.sqlite"

    @property
    def log_path(self) -> Path:
        """The newest log file."""
        return self.folder / "trader-gui.log"

    @property
    def kline_cache_folder(self) -> Path:
        """Klines that charts have read, a folder for each host; may be deleted at any time."""
        return self.folder / "cache" / "klines"

    @property
    def layout_path(self) -> Path:
        """The window's saved layout."""
        return self.folder / "layout.ini"


def default_root() -> Path:
    """Return the place where this system keeps application data."""
    import platformdirs

    return Path(platformdirs.user_data_dir(APPLICATION, appauthor=False, roaming=False))


# ---- one file -------------------------------------------------------------------------------------------------------


class _StoredRecord(Generic[T]):
    """One record in one JSON file, with its backup beside it."""

    def __init__(self, path: Path, default: T, check: Callable[[T], None]) -> None:
        self._path = path
        self._backup = path.with_name(path.name + ".bak")
        self._default = default
        self._check = check

    def load(self) -> tuple[T, str]:
        """Return (record, notice); the notice is "" unless something was wrong."""
        if not self._path.exists() and not self._backup.exists():
            return self._default, ""
        try:
            return self._read(self._path), ""
        except FileNotFoundError:
            problem = "is missing"
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            problem = f"cannot be read ({error}); it is kept as {_move_aside(self._path).name}"
        except OSError as error:
            raise UserError(f"cannot read the settings {self._path} ({error.strerror}): make it readable") from error
        try:
            record = self._read(self._backup)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            with contextlib.suppress(OSError):
                _move_aside(self._backup)
            return self._default, f"{self._path} {problem}: the defaults are used"
        with contextlib.suppress(OSError):
            _write_whole(self._path, self._backup.read_bytes())
        return record, f"{self._path} {problem}: the former settings are used"

    def save(self, record: T) -> None:
        """Replace the file by `record`, whole or not at all.

        Raises:
            UserError: `record` is not valid, or the disk refuses.
        """
        self._check(record)
        text = msgspec.json.format(msgspec.json.encode(record), indent=2)
        try:
            msgspec.json.decode(text, type=type(self._default))
        except msgspec.ValidationError as error:
            raise UserError(f"these settings cannot be used: {error}") from error
        try:
            replace_file(self._path, text, self._backup)
        except OSError as error:
            raise UserError(
                f"cannot save the settings {self._path} ({error.strerror}): free space or make the folder writable"
            ) from error

    def _read(self, path: Path) -> T:
        raw = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        version = raw.get("version", 0)
        if not isinstance(version, int) or version < 1:
            raise msgspec.ValidationError("no version")
        if version > VERSION:
            raise UserError(
                f"{path} was written by a newer version of this program: use that version, or another --data-dir"
            )
        for step in range(version, VERSION):
            raw = _MIGRATIONS[step](raw)
        record = msgspec.convert({**raw, "version": VERSION}, type(self._default), strict=True)
        try:
            self._check(record)
        except UserError as error:
            raise msgspec.ValidationError(str(error)) from error
        return record


def replace_file(path: Path, content: bytes, backup: Path) -> None:
    """Put `content` in the place of a file, whole or not at all, and keep what was there as `backup`.

    Raises:
        OSError: The disk refuses; the file is what it was.
    """
    if path.exists():
        _write_whole(backup, path.read_bytes())
    _write_whole(path, content)


def _write_whole(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".", suffix=".new")
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable too; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    return path.rename(aside)


# ---- both together --------------------------------------------------------------------------------------------------


class Settings:
    """The settings in use: of all profiles and of this one.

    Attributes:
        common, trading: Replaced by the two `save_` methods.
        notices: What the user must be told about how they were loaded, one line each.
    """

    def __init__(self, directory: DataDirectory) -> None:
        """Load both files; use `load_settings`."""
        self._common_file = _StoredRecord(directory.common_settings_path, CommonSettings(), lambda _: None)
        self._trading_file = _StoredRecord(
            directory.trading_settings_path, default_trading(directory.profile), check_trading
        )
        self.common, common_notice = self._common_file.load()
        self.trading, trading_notice = self._trading_file.load()
        self.notices = tuple(notice for notice in (common_notice, trading_notice) if notice)

    @property
    def risk_limits(self) -> RiskLimits:
        """The gate's limits for this profile."""
        return self.trading.risk_limits

    def save_common(self, common: CommonSettings) -> None:
        """Store and use `common`.

        Raises:
            UserError: It is not valid, or cannot be stored; the former settings stay in use.
        """
        self._common_file.save(common)
        self.common = common

    def save_trading(self, trading: TradingSettings) -> None:
        """Store and use `trading`.

        Raises:
            UserError: It is not valid, or cannot be stored; the former settings stay in use.
        """
        self._trading_file.save(trading)
        self.trading = trading


def check_trading(trading: TradingSettings) -> None:
    """Refuse limits that are no limits, and an interval that does not exist.

    Raises:
        UserError: A limit is 0, negative or no finite number; or the interval is unknown.
    """
    limits = msgspec.structs.asdict(trading.risk_limits) | msgspec.structs.asdict(trading.ask.limits)
    for name, value in limits.items():
        if value is not None and not (Decimal(value).is_finite() and value > 0):
            raise UserError(f"the limit {name.replace('_', ' ')} must be above 0, or empty for none: {value} is not")
    if trading.interval not in INTERVAL_MS:
        raise UserError(f"unknown interval {trading.interval}: use one of {', '.join(INTERVAL_MS)}")


def load_settings(directory: DataDirectory) -> Settings:
    """Load the settings of a data directory.

    Raises:
        UserError: A file cannot be opened, or was written by a newer version.
    """
    return Settings(directory)
