"""``python -m bot packs``: language packs, looked after by the workers' own command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from bot.settings import BotSettings


def packs(settings: BotSettings, arguments: Sequence[str]) -> int:
    """Run ``python -m workers packs`` with the bot's settings; returns its exit code.

    In a process of its own: trying a pack needs the model, which the bot never loads.
    """
    done = subprocess.run(
        [sys.executable, "-m", "workers", "packs", *arguments],
        env={
            **os.environ,
            "DATA_DIR": str(settings.data_dir),
            **settings.encoder_environment,
        },
        check=False,
    )
    return done.returncode
