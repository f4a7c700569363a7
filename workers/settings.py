"""A worker's settings, from the environment or ``.env``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from platformdirs import user_cache_path, user_data_path
from pydantic import Field, PrivateAttr, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workers.choice import chosen_encoder
from workers.encoders.engines.base import EngineOptions


class ModelSettings(BaseSettings):
    """Which model, and where its language packs lie: all that ``python -m workers`` needs."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    data_dir: Path = Field(default_factory=lambda: user_data_path("babelpix"))
    cache_dir: Path = Field(default_factory=lambda: user_cache_path("babelpix"))
    encoder: str = ""
    """ENCODER; without it what the operator has chosen."""
    engine: Literal["auto", "openvino", "torch"] = "auto"
    encoder_threads: int = Field(default=0, ge=0)
    """Of one forward pass; 0 leaves it to the engine."""
    _given: bool = PrivateAttr(default=False)

    @model_validator(mode="after")
    def _choice(self) -> Self:
        self._given = bool(self.encoder)
        if not self._given:
            self.encoder = chosen_encoder(self.data_dir)
        return self

    @property
    def encoder_is_given(self) -> bool:
        """Whether ENCODER names it, so that a choice made elsewhere is not followed."""
        return self._given

    @property
    def models_folder(self) -> Path:
        """Where fetched models are kept, by name."""
        return self.data_dir.expanduser().absolute() / "models"

    @property
    def packs_folder(self) -> Path:
        """Where installed language packs are kept, by embedding space."""
        return self.data_dir.expanduser().absolute() / "packs"


class WorkerSettings(ModelSettings):
    """Read once when the worker starts."""

    database_url: SecretStr
    redis_url: SecretStr
    blob_url: SecretStr
    log_level: str = "INFO"
    max_megapixels: float = Field(default=100, gt=0)
    """Pictures with more are refused before they are decoded."""

    @property
    def engine_options(self) -> EngineOptions:
        """How the towers are run in a worker."""
        return EngineOptions(
            engine=self.engine,
            threads=self.encoder_threads,
            cache_dir=self.cache_dir.expanduser().absolute() / "towers",
            isolated=True,
        )
