"""Every setting is in .env.example, and the other way round; no secret ever shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.settings import BotSettings, SettingsError, read_settings
from workers.settings import WorkerSettings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
ONLY_COMPOSE = {"POSTGRES_PASSWORD"}
SECRET = "s3cret-v4lue"


def test_every_setting_stands_in_the_example_file_and_nothing_else() -> None:
    written = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", EXAMPLE.read_text("utf-8"), re.MULTILINE))
    fields = {*BotSettings.model_fields, *WorkerSettings.model_fields}
    assert written == {name.upper() for name in fields} | ONLY_COMPOSE


@pytest.mark.parametrize(
    "name",
    ["DATABASE_URL", "REDIS_URL", "BLOB_URL", "WEB_PASSWORD", "DISCORD_TOKEN", "TELEGRAM_TOKEN"],
)
def test_a_secret_shows_in_no_repr(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, SECRET)
    settings = BotSettings(_env_file=None)
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings.model_dump())


def test_a_wrong_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PORT", SECRET)
    monkeypatch.setenv("WEB_PASSWORD", SECRET)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert "WEB_PORT" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_an_open_web_chat_needs_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_HOST", "0.0.0.0")  # noqa: S104
    with pytest.raises(SettingsError, match="WEB_PASSWORD"):
        read_settings()
    monkeypatch.setenv("WEB_PASSWORD", SECRET)
    assert read_settings().web_password is not None
