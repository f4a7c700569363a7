"""Towers on torch: on a GPU in half precision, and wherever OpenVINO cannot go."""

from __future__ import annotations

import threading
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.encoders.engines.base import EngineOptions, Features, Tower

_GPU_DEVICES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
"""Of Nvidia's and AMD's drivers, and of Windows' under WSL."""


def can_use_gpu() -> bool:
    """Tell whether torch has a GPU, without loading torch where there cannot be one."""
    if metadata.version("torch").endswith("+cpu"):
        return False
    if not any(Path(device).exists() for device in _GPU_DEVICES):
        return False
    import torch

    return torch.cuda.is_available()


class TorchEngine:
    """A tower in torch. Out of memory, a batch is halved until it fits."""

    def __init__(self, tower: Tower, options: EngineOptions) -> None:
        import torch

        if options.threads:
            torch.set_num_threads(options.threads)
        self._torch = torch
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._dtype = _dtype(options, self._device)
        self._module = tower.module().to(self._device, self._dtype)
        # On a GPU, the stream is not for several threads at once.
        self._lock = threading.Lock()
        self.name = f"torch {str(self._dtype).removeprefix('torch.')} {self._device.type}"

    def __call__(self, *inputs: NDArray[Any]) -> Features:
        """Run the tower on arrays whose first axis is the batch."""
        with self._lock, self._torch.inference_mode():
            return self._run(inputs)

    def _run(self, inputs: tuple[NDArray[Any], ...]) -> Features:
        try:
            tensors = [self._torch.from_numpy(array).to(self._device) for array in inputs]
            whole = [t.to(self._dtype) if t.is_floating_point() else t for t in tensors]
            features: Features = self._module(*whole).float().cpu().numpy()
        except self._torch.OutOfMemoryError:
            if len(inputs[0]) == 1:
                raise
        else:
            return features
        # Outside the handler: the error holds on to what there was no room for.
        self._torch.cuda.empty_cache()
        half = len(inputs[0]) // 2
        first, second = (tuple(a[:half] for a in inputs), tuple(a[half:] for a in inputs))
        return np.concatenate([self._run(first), self._run(second)])


def _dtype(options: EngineOptions, device: Any) -> Any:
    import torch

    if options.precision != "auto":
        return getattr(torch, options.precision)
    if device.type == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
