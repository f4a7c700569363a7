"""A worker's settings, from the environment or ``.env``."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class WorkerSettings(BaseSettings):
    """Read once when the worker starts."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    database_url: SecretStr
    redis_url: SecretStr
    blob_url: SecretStr
    encoder: str = "mini"
    log_level: str = "INFO"
    max_megapixels: float = Field(default=100, gt=0)
    """Pictures with more are refused before they are decoded."""
    torch_threads: int = Field(default=0, ge=0)
    """Threads of one forward pass; 0 leaves it to torch."""
