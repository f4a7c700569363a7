"""Which encoder is wanted: ENCODER, else what the operator has chosen, else the bundled one.

The choice lies beside the models and packs it goes with, ``DATA_DIR/encoder``, and is followed by
workers at work. No dependencies: the bot reads it, too.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

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
