"""Models small enough to be made for a single test, and the engine to hold them against."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from transformers import CLIPModel, PreTrainedTokenizerFast

from workers.encoders.engines.base import EngineOptions
from workers.training import towers

EXACT = EngineOptions(engine="torch", precision="float32")
"""Nothing converted, nothing rounded."""


@contextmanager
def torch_quiet() -> Iterator[None]:
    """Ignore what torch's own code is warned of on this Python; it is not ours."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"torch\..*")
        yield


def tiny_clip(tokenizer: PreTrainedTokenizerFast, seed: int) -> CLIPModel:
    """Return a model of one layer a tower, with random weights drawn from ``seed``."""
    shape = towers.config(
        len(tokenizer),
        eos=tokenizer.eos_token_id,
        pad=tokenizer.pad_token_id,
        text_width=32,
        text_layers=1,
        image_width=32,
        image_layers=1,
    )
    return towers.build(shape, seed=seed)
