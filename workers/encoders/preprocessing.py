"""Pictures to pixel tensors, as ``preprocessor_config.json`` asks."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workers.images import flatten


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Resize the shorter side, crop the middle, scale to 0..1, normalise the channels."""

    resize_to: int
    """Shorter side after resizing, in px."""
    crop_to: tuple[int, int]
    """(height, width) in px."""
    resample: int
    rescale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def read(cls, path: Path) -> Preprocessing:
        """Read Hugging Face's file; raises OSError, ValueError."""
        config = json.loads(path.read_text("utf-8"))
        try:
            size = config["size"]
            crop = config.get("crop_size", size)
            edge = size if isinstance(size, int) else size.get("shortest_edge") or size["height"]
            if isinstance(crop, int):
                crop = {"height": crop, "width": crop}
            elif "shortest_edge" in crop:
                crop = {"height": crop["shortest_edge"], "width": crop["shortest_edge"]}
            return cls(
                resize_to=int(edge),
                crop_to=(int(crop["height"]), int(crop["width"])),
                resample=int(config.get("resample", Image.Resampling.BICUBIC)),
                rescale=float(config.get("rescale_factor", 1 / 255)),
                mean=tuple(config["image_mean"]),
                std=tuple(config["image_std"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path.name} lacks what CLIP needs: {error}") from error

    def __call__(self, image: Image.Image) -> NDArray[np.float32]:
        """Return float32 pixels of shape (3, height, width); transparency lies on white."""
        rgb = flatten(image)
        scale = self.resize_to / min(rgb.size)
        # As transformers does it: the longer side is cut off, not rounded.
        target = (
            max(self.resize_to, int(rgb.width * scale)),
            max(self.resize_to, int(rgb.height * scale)),
        )
        rgb = rgb.resize(target, Image.Resampling(self.resample))
        height, width = self.crop_to
        left, top = (rgb.width - width) // 2, (rgb.height - height) // 2
        rgb = rgb.crop((left, top, left + width, top + height))
        pixels = np.asarray(rgb, dtype=np.float32) * np.float32(self.rescale)
        pixels = (pixels - np.float32(self.mean)) / np.float32(self.std)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)

    def as_dict(self) -> dict[str, object]:
        """Return the settings for the record of the embedding space."""
        return asdict(self)
