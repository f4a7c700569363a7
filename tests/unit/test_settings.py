"""What an operator sets, and what they are told when it makes no sense."""

from __future__ import annotations

import pytest

from bot.settings import SettingsError, read_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep out of reach of a ``.env`` in the working folder."""
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))


@pytest.mark.parametrize("name", ["LIMIT_PER_PERSON", "LIMIT_PER_COLLECTION"])
def test_limits_are_read_and_checked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    field = name.lower()
    usual = getattr(read_settings(), field)
    for written in ("7/second", "100 per 5 minutes", "1/day"):
        monkeypatch.setenv(name, written)
        assert getattr(read_settings(), field) == written
    monkeypatch.setenv(name, "")
    assert getattr(read_settings(), field) == usual
    for nonsense in ("7", "secret/eternity", "-1/minute"):
        monkeypatch.setenv(name, nonsense)
        with pytest.raises(SettingsError) as caught:
            read_settings()
        assert str(caught.value) == f"{name}: is written like 20/minute"
