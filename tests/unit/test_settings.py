"""Settings: what is saved comes back, what is broken is kept aside and told, nothing is half written."""

import os
import stat
import sys
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui import settings as settings_module
from trader_gui.domain.ticket import (
    AskLimits,
    AskRules,
    AskWhen,
    ExitText,
    OrderKind,
    SizeUnit,
    TicketMemory,
    TicketPreset,
)
from trader_gui.errors import UserError
from trader_gui.profiles import PROFILES, Profile
from trader_gui.risk.rules import RiskLimits
from trader_gui.settings import CommonSettings, DataDirectory, TradingSettings, default_root, load_settings

replace = msgspec.structs.replace


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    return DataDirectory.open(tmp_path / "data", "demo")


def test_without_files_the_defaults_hold_and_nothing_is_written(directory: DataDirectory) -> None:
    settings = load_settings(directory)
    assert settings.common == CommonSettings()
    assert settings.risk_limits == RiskLimits()
    assert settings.notices == ()
    assert list(directory.folder.iterdir()) == []


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_limits_are_on_from_the_start_exactly_where_a_venue_executes(tmp_path: Path, profile: Profile) -> None:
    limits = load_settings(DataDirectory.open(tmp_path, profile.name)).risk_limits
    chosen = (limits.max_position_notional, limits.max_daily_loss, limits.max_entries_per_hour)
    assert all(chosen) if profile.orders == "venue" else not any(chosen)


def test_what_is_saved_comes_back_exactly(directory: DataDirectory) -> None:
    settings = load_settings(directory)
    limits = RiskLimits(max_order_quantity=Decimal("0.10"), max_daily_loss=Decimal("1E+2"), max_entries_per_hour=3)
    trading = TradingSettings(symbol="ETHUSDT", interval="5m", risk_limits=limits, arm_duration_s=None)
    preset = TicketPreset(OrderKind.TRAILING, SizeUnit.RISK, "50", stop=ExitText("202.7"), callback_text="1.2")
    memory = TicketMemory(preset, {SizeUnit.QUOTE: "2,500"}, (Decimal("0.010"),))
    asking = AskRules(market=AskWhen.NEVER, limits=AskLimits(usual_multiple=Decimal("2.5")))
    trading = replace(trading, strategy_parameters={"window": 30}, ask=asking)
    trading = replace(trading, presets={"Scalp": preset}, tickets={"BTCUSDT": memory})
    settings.save_trading(trading)
    settings.save_common(CommonSettings(theme="light", palette="korean", font_scale=1.25))
    again = load_settings(directory)
    assert again.trading == trading
    assert str(again.trading.tickets["BTCUSDT"].sent[0]) == "0.010"
    assert (again.common.theme, again.common.palette, again.common.font_scale) == ("light", "korean", 1.25)


def test_appearance_is_common_and_limits_are_the_profiles_own(tmp_path: Path) -> None:
    demo = load_settings(DataDirectory.open(tmp_path, "demo"))
    demo.save_common(CommonSettings(theme="light"))
    demo.save_trading(TradingSettings(leverage=3, ask=AskRules(market=AskWhen.NEVER)))
    paper = load_settings(DataDirectory.open(tmp_path, "paper"))
    assert paper.common.theme == "light"
    assert paper.trading.leverage == 20
    assert paper.trading.ask.market is AskWhen.ALWAYS, "what is not asked about in a demo is asked about with money"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe{}",
        b"{}",
        b'{"version": "1"}',
        b'{"version": 1, "leverage": 500}',
        b'{"version": 1, "interval": "7m"}',
        b'{"version": 1, "protection_policy": "hope"}',
        b'{"version": 1, "dead_man_switch": "on"}',
        b'{"version": 1, "risk_limits": {"max_daily_loss": "-1"}}',
        b'{"version": 1, "risk_limits": {"max_order_quantity": "NaN"}}',
        b'{"version": 1, "ask": {"limits": {"mark_fraction": "0"}}}',
    ],
)
def test_a_file_that_cannot_be_used_is_kept_aside_and_the_backup_loaded(
    directory: DataDirectory, content: bytes
) -> None:
    settings = load_settings(directory)
    settings.save_trading(TradingSettings(leverage=7))
    settings.save_trading(TradingSettings(leverage=8))  # the former one becomes the backup
    directory.trading_settings_path.write_bytes(content)
    loaded = load_settings(directory)
    assert loaded.trading.leverage == 7
    (notice,) = loaded.notices
    assert "settings.json" in notice and "former settings" in notice
    (aside,) = directory.folder.glob("settings.json.broken-*")
    assert aside.read_bytes() == content
    again = load_settings(directory)
    assert (again.trading.leverage, again.notices) == (7, ())  # told once


def test_without_a_usable_backup_the_defaults_are_used_and_told(directory: DataDirectory) -> None:
    directory.trading_settings_path.write_text("{")
    directory.trading_settings_path.with_name("settings.json.bak").write_text("{")
    loaded = load_settings(directory)
    assert loaded.trading == TradingSettings()
    assert "defaults are used" in loaded.notices[0]
    assert load_settings(directory).notices == ()
    assert len(list(directory.folder.glob("*.broken-*"))) == 2


def test_a_file_from_before_a_setting_gets_its_safe_default(directory: DataDirectory) -> None:
    directory.trading_settings_path.write_text('{"version": 1, "leverage": 3}')
    trading = load_settings(directory).trading
    assert (trading.leverage, trading.protection_policy, trading.dead_man_switch) == (3, "close", "engine")


def test_a_newer_file_is_refused_and_left_alone(directory: DataDirectory) -> None:
    directory.common_settings_path.write_text('{"version": 99, "theme": "sepia"}')
    with pytest.raises(UserError, match="newer version"):
        load_settings(directory)
    assert "sepia" in directory.common_settings_path.read_text()


@pytest.mark.parametrize(
    ("trading", "words"),
    [
        (TradingSettings(risk_limits=RiskLimits(max_daily_loss=Decimal(0))), "max daily loss must be above 0"),
        (TradingSettings(risk_limits=RiskLimits(max_entries_per_hour=-1)), "max entries per hour"),
        (TradingSettings(interval="7m"), "unknown interval 7m"),
        (TradingSettings(leverage=126), "leverage"),
        (TradingSettings(symbol="btc usdt"), "symbol"),
    ],
)
def test_invalid_settings_are_refused_and_the_former_stay(
    directory: DataDirectory, trading: TradingSettings, words: str
) -> None:
    settings = load_settings(directory)
    settings.save_trading(TradingSettings(leverage=9))
    with pytest.raises(UserError, match=words):
        settings.save_trading(trading)
    assert settings.trading.leverage == load_settings(directory).trading.leverage == 9


@pytest.mark.parametrize("step", ["fsync", "replace_old", "replace_new"])
def test_a_crash_at_any_moment_of_a_save_leaves_the_former_or_the_new(
    directory: DataDirectory, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    settings = load_settings(directory)
    settings.save_trading(TradingSettings(leverage=2))
    renames = iter(["replace_old", "replace_new"])
    former_replace = Path.replace

    class CrashError(BaseException):
        """The power goes: not even the clean-up for OSError runs."""

    def crash_at(name: str) -> None:
        if name == step:
            raise CrashError

    def replace_path(self: Path, target: Path) -> Path:
        crash_at(next(renames))
        return former_replace(self, target)

    monkeypatch.setattr(Path, "replace", replace_path)
    monkeypatch.setattr(settings_module.os, "fsync", lambda _: crash_at("fsync"))
    with pytest.raises(CrashError):
        settings.save_trading(TradingSettings(leverage=3))
    monkeypatch.undo()
    after = load_settings(directory)
    assert after.trading.leverage in (2, 3) and after.notices == ()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root and Windows ignore these permissions")
def test_a_read_only_folder_is_named_with_its_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(UserError, match=r"cannot write to the data directory .*--data-dir"):
        DataDirectory.open(tmp_path / "data", "demo")


def test_a_data_directory_that_is_a_file_is_named_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(UserError, match=r"cannot write to the data directory .*data.*--data-dir"):
        DataDirectory.open(tmp_path / "data", "demo")


def test_each_profile_has_its_own_files_below_the_root(tmp_path: Path) -> None:
    directory = DataDirectory.open(tmp_path, "live")
    for path in (directory.journal_path, directory.log_path, directory.layout_path, directory.trading_settings_path):
        assert path.parent == tmp_path / "live"
    assert directory.common_settings_path.parent == tmp_path
    assert default_root().is_absolute() and "Trader GUI" in default_root().name


@given(
    st.builds(
        TradingSettings,
        risk_limits=st.builds(
            RiskLimits,
            max_order_quantity=st.none() | st.decimals("0.00000001", "1e12", allow_nan=False, allow_infinity=False),
            max_entries_per_hour=st.none() | st.integers(1, 10**6),
        ),
        arm_duration_s=st.none() | st.floats(0.001, 86_400),
        leverage=st.integers(1, 125),
    )
)
def test_any_valid_settings_survive_a_round_trip(
    tmp_path_factory: pytest.TempPathFactory, trading: TradingSettings
) -> None:
    directory = DataDirectory.open(tmp_path_factory.mktemp("data"), "demo")
    load_settings(directory).save_trading(trading)
    assert load_settings(directory).trading == trading
