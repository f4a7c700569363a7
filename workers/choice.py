"""Which encoder is wanted: ENCODER, else what the operator has chosen, else the bundled one.

The choice lies beside the models and packs it goes with, ``DATA_DIR/encoder``, and is followed by
workers at work. The bot reads it, too.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Self

from platformdirs import user_data_path
from pydantic import Field, PrivateAttr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_ENCODER = "mosaic"
_FILE = "encoder"
_MODELS = Path(__file__).parent / "models"


def is_bundled(name: str) -> bool:
    """Tell whether a model comes with the project."""
    found = (_MODELS / name / file for file in ("config.json", "babelpix.json"))
    return bool(name) and any(path.is_file() for path in found)


def chosen_encoder(data_dir: Path) -> str:
    """Return the operator's choice; the default one where there is none or it cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        if chosen := (data_dir.expanduser() / _FILE).read_text("utf-8").strip():
            return chosen
    return DEFAULT_ENCODER


def choose_encoder(data_dir: Path, name: str) -> None:
    """Keep the operator's choice; raises OSError."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = data_dir / f"{_FILE}.new"
    scratch.write_text(f"{name}\n", "utf-8")
    scratch.replace(data_dir / _FILE)


class EncoderChoice(BaseSettings):
    """The settings of bot and workers that say which encoder is wanted."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    data_dir: Path = Field(default_factory=lambda: user_data_path("babelpix"))
    encoder: str = ""
    """ENCODER; without it what the operator has chosen."""
    _given: bool = PrivateAttr(default=False)

    @model_validator(mode="after")
    def _choice(self) -> Self:
        self._given = bool(self.encoder)
        if not self._given:
            self.encoder = chosen_encoder(self.data_dir)
        return self

    @property
    def encoder_is_given(self) -> bool:
        """Whether ENCODER names it: then no choice is kept or followed."""
        return self._given
