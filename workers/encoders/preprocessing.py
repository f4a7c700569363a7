"""Pictures to pixel tensors, as ``preprocessor_config.json`` asks.

Pillow is loaded with the first picture: a worker for questions does without its 4 MiB.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

_BICUBIC = 3
"""In Pillow's numbers, which are those of the files."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Resize, crop the middle, scale to 0..1, normalise the channels."""

    resize: int | tuple[int, int]
    """Shorter side after resizing, in px, the shape kept; or (height, width) outright."""
    size: tuple[int, int]
    """(height, width) in px of what the tower gets, cut out of the middle."""
    resample: int
    rescale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def read(cls, path: Path) -> Preprocessing:
        """Read Hugging Face's file; raises OSError, ValueError."""
        config = json.loads(path.read_text("utf-8"))
        try:
            config = config.get("image_processor", config)
            size = config["size"]
            shortest_edge = size if isinstance(size, int) else size.get("shortest_edge")
            crops = config.get("do_center_crop", "crop_size" in config)
            return cls(
                resize=int(shortest_edge) if shortest_edge else _height_and_width(size),
                size=_height_and_width(config["crop_size"] if crops else size),
                resample=int(config.get("resample", _BICUBIC)),
                rescale=float(config.get("rescale_factor", 1 / 255)),
                mean=tuple(config["image_mean"]),
                std=tuple(config["image_std"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path.name} lacks what an image tower needs: {error}") from error

    def __call__(self, image: Image) -> NDArray[np.float32]:
        """Return float32 pixels of shape (3, height, width); transparency lies on white."""
        from PIL.Image import Resampling

        from workers.images import flatten

        rgb = flatten(image)
        height, width = self.size
        filter_ = Resampling(self.resample)
        if isinstance(self.resize, int):
            rgb = rgb.resize(_scaled(rgb.size, self.resize), filter_)
        else:
            rgb = rgb.resize(self.resize[::-1], filter_)
        left, top = self.margin(rgb.width - width), self.margin(rgb.height - height)
        rgb = rgb.crop((left, top, left + width, top + height))
        pixels = np.asarray(rgb, dtype=np.float32) * np.float32(self.rescale)
        pixels -= np.array(self.mean, np.float32)
        pixels /= np.array(self.std, np.float32)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)

    @staticmethod
    def margin(rest: int) -> int:
        """Return how much of ``rest`` px is cut off at the left or at the top."""
        return rest // 2

    def as_dict(self) -> dict[str, object]:
        """Return the settings for the record of the embedding space."""
        return asdict(self)


def _scaled(size: tuple[int, int], shortest_edge: int) -> tuple[int, int]:
    """Return the size with the shorter side as wanted; the longer is cut off, not rounded."""
    width, height = size
    if width < height:
        return shortest_edge, int(height * shortest_edge / width)
    return int(width * shortest_edge / height), shortest_edge


def _height_and_width(size: object) -> tuple[int, int]:
    if isinstance(size, int):
        return size, size
    if isinstance(size, dict):
        if "shortest_edge" in size:
            return int(size["shortest_edge"]), int(size["shortest_edge"])
        return int(size["height"]), int(size["width"])
    raise TypeError("size is neither a number nor a pair")
