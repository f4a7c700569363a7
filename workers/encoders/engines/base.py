"""What an engine is, which tower it runs, and how the operator chooses one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Part = Literal["text", "image"]
Features = NDArray[np.float32]
"""Shape (n, dim), as the tower makes them: not normalised."""


class EngineError(Exception):
    """An engine cannot run a tower that is sound in itself; another one may."""


class Engine(Protocol):
    """One tower, ready to work. Thread-safe: one forward pass at a time."""

    name: str
    """Of the library and the precision it computes in: ``openvino bf16``."""

    def __call__(self, *inputs: NDArray[Any]) -> Features:
        """Run the tower on arrays whose first axis is the batch."""
        ...


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """The operator's choices."""

    engine: Literal["auto", "openvino", "torch"] = "auto"
    """``auto``: torch on a GPU that it can use, OpenVINO on a CPU."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """``auto``: bfloat16 where the hardware multiplies such matrices itself, else float32."""
    threads: int = 0
    """Of one forward pass; 0 leaves it to the engine."""
    cache_dir: Path | None = None
    """Where converted towers are kept; None converts them anew each time."""
    isolated: bool = False
    """Convert in a process of its own, so that this one never holds torch."""


@dataclass(frozen=True, slots=True)
class Tower:
    """One tower of a model on disk: all that an engine must know to build it."""

    family: str
    """The module that builds it."""
    folder: Path
    part: Part
    revision: str
    """Changes with every file the tower is made of: names its converted form."""
    examples: Sequence[tuple[NDArray[Any], ...]] = field(compare=False)
    """Inputs of different shapes, to convert the tower with and to try it on."""
    fixed: Sequence[tuple[int, ...]] = field(compare=False)
    """Of each input the axes whose length never changes."""

    def module(self) -> torch.nn.Module:
        """Build it in torch, float32; raises EncoderError where the files are damaged."""
        build: Callable[[Path], torch.nn.Module]
        build = getattr(import_module(self.family), f"{self.part}_module")
        return build(self.folder).eval()

    def __str__(self) -> str:
        """Name it for people."""
        return f"the {self.part} tower of the model in {self.folder}"
