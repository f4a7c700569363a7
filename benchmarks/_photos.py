"""JPEG files like people's: smooth areas, edges and grain, in the sizes of phones and of chats."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

SIZES = ((4032, 3024), (1600, 1200), (1280, 960), (640, 480))
"""Of a phone, and of what is left of it in chats, in px."""


def photos(count: int, *, seed: int = 7) -> Sequence[bytes]:
    """Return so many different files; every size is met equally often."""
    random = np.random.default_rng(seed)
    grain = random.normal(0, 6, (1024, 1024, 3))
    made = []
    for number in range(count):
        width, height = SIZES[number % len(SIZES)]
        coarse = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        shapes = coarse.resize((width, height), Image.Resampling.BICUBIC)
        edges = coarse.resize((width, height), Image.Resampling.NEAREST)
        mixed = Image.blend(shapes, edges.filter(ImageFilter.BoxBlur(2)), 0.4)
        repeats = (height // 1024 + 1, width // 1024 + 1, 1)
        noise = np.tile(grain, repeats)[:height, :width]
        pixels = np.clip(np.asarray(mixed, dtype=np.float32) + noise, 0, 255).astype(np.uint8)
        written = io.BytesIO()
        Image.fromarray(pixels).save(written, "JPEG", quality=88)
        made.append(written.getvalue())
    return made
