"""A worker's settings, from the environment or ``.env``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path
from pydantic import Field, SecretStr

from workers.choice import EncoderChoice
from workers.encoders.engines.base import EngineOptions


class ModelSettings(EncoderChoice):
    """Which model, and where its language packs lie: all that ``python -m workers`` needs."""

    cache_dir: Path = Field(default_factory=lambda: user_cache_path("babelpix"))
    engine: Literal["auto", "openvino", "torch"] = "auto"
    encoder_threads: int = Field(default=0, ge=0)
    """Of one forward pass; 0 leaves it to the engine."""

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
