"""A check that fails says so, does not stop the others, and makes the whole fail."""

import pytest

from trader_gui import self_test


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the session and the chart to the end-to-end test."""
    monkeypatch.setattr(self_test, "_check_session", lambda sessions: "skipped here")
    monkeypatch.setattr(self_test, "_check_chart", lambda sessions: "skipped here")


def test_every_check_has_a_line_and_a_missing_key_store_is_told_not_failed(short, capsys):
    assert self_test.run_self_test() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["libraries", "resources", "key store", "session", "chart"]
    assert "not available on this system" in lines[2]


def test_a_library_that_is_missing_fails_the_whole(short, monkeypatch, capsys):
    monkeypatch.setattr(self_test, "LIBRARIES", ("numpy", "no_such_library_here"))
    assert self_test.run_self_test() == 1
    lines = capsys.readouterr().out.splitlines()
    assert "FAILED" in lines[0]
    assert "no_such_library_here" in lines[0]
    assert "ok" in lines[1]


def test_a_chart_without_a_session_is_no_success(capsys):
    with pytest.raises(Exception, match="no session to draw"):
        self_test._check_chart([])


def test_a_key_store_that_works_makes_the_round_trip(memory_keyring):
    assert self_test._check_key_store().startswith("round trip through")
