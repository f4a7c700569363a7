"""The bot's settings, from the environment or ``.env``; built in ``__main__``, never at import."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Self

import limits
from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from bot.core.relevance import MIN_RELEVANCE
from workers.choice import EncoderChoice


class SettingsError(Exception):
    """A setting is missing or wrong; the message is for the operator and shows no value."""


class BotSettings(EncoderChoice):
    """Everything an operator can set. Each name in capitals is an environment variable."""

    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    blob_url: SecretStr | None = None

    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8080, ge=0, le=65535)
    web_password: SecretStr | None = None

    discord_token: SecretStr | None = None
    discord_proxy: str | None = None
    telegram_token: SecretStr | None = None
    telegram_api_url: str | None = None
    telegram_proxy: str | None = None
    telegram_webhook_url: str | None = None
    telegram_webhook_listen: str = "127.0.0.1:8081"
    telegram_messages_a_second: int = Field(default=30, ge=0)

    limit_per_person: str = "20/minute"
    limit_per_collection: str = "300/minute"
    page_size: int = Field(default=10, ge=1, le=50)
    min_relevance: float = Field(default=MIN_RELEVANCE, ge=0, le=1)
    max_upload_mb: float = Field(default=30, gt=0, le=200)
    samples: bool = True
    log_level: str = "INFO"

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("is one of DEBUG, INFO, WARNING, ERROR")
        return value.upper()

    @field_validator("limit_per_person", "limit_per_collection")
    @classmethod
    def _known_limit(cls, value: str) -> str:
        try:
            limits.parse(value)
        except ValueError:
            raise ValueError("is written like 20/minute") from None
        return value

    @model_validator(mode="after")
    def _password_beyond_this_machine(self) -> Self:
        if not is_loopback(self.web_host) and self.web_password is None:
            raise ValueError("WEB_HOST lets others in: set WEB_PASSWORD too")
        return self

    @property
    def encoder_environment(self) -> dict[str, str]:
        """What workers that this process starts are told of the encoder."""
        return {"ENCODER": self.encoder} if self.encoder_is_given else {}

    @property
    def frontends(self) -> list[str]:
        """The front-ends that are configured, by name."""
        tokens = {"discord": self.discord_token, "telegram": self.telegram_token}
        return ["web", *(name for name, token in tokens.items() if token is not None)]

    @property
    def embeds_database(self) -> bool:
        """Whether the bot runs a Postgres of its own."""
        return self.database_url is None

    @property
    def embeds_redis(self) -> bool:
        """Whether the bot runs a Redis, and with it a worker, of its own."""
        return self.redis_url is None


def read_settings() -> BotSettings:
    """Read and check all settings; raises SettingsError, which never shows a value."""
    try:
        return BotSettings()
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_input=False, include_url=False):
            name = "_".join(str(part) for part in problem["loc"]).upper()
            message = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{name}: {message}" if name else message)
        raise SettingsError("\n".join(lines)) from None


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
