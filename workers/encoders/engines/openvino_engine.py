"""Towers on OpenVINO: converted from torch once, kept on disk, run on the CPU.

Whoever finds a converted tower needs no torch: it starts in a moment and in little memory.
"""

from __future__ import annotations

import fcntl
import json
import logging
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from workers.encoders.base import EncoderError
from workers.encoders.engines.base import EngineError, EngineOptions, Features, Tower

_FILE = "tower.xml"
_TYPES = {"float32": openvino.Type.f32, "bfloat16": openvino.Type.bf16}
_TOKENS_A_PASS = 256
"""OpenVINO keeps about half a MiB for each number of tokens it has ever met in a forward pass.

So few numbers are few MiB, and a processor is busy with so many tokens: more of them at once are
no quicker.
"""

logger = logging.getLogger(__name__)


class OpenVinoEngine:
    """A converted tower on the CPU."""

    def __init__(self, tower: Tower, options: EngineOptions) -> None:
        core = openvino.Core()
        precision = _precision(core, options)
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _TYPES[precision],
        }
        if options.threads:
            settings["INFERENCE_NUM_THREADS"] = options.threads
        model = _converted(core, tower, options, precision)
        try:
            self._request = core.compile_model(model, "CPU", settings).create_infer_request()
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot compile {tower}: {error}") from error
        self._lock = threading.Lock()
        self._takes_texts = tower.part == "text"
        self.name = f"openvino {precision}"

    def __call__(self, *inputs: NDArray[Any]) -> Features:
        """Run the tower on arrays whose first axis is the batch."""
        if not self._takes_texts:
            return self._pass(inputs)
        count, length = inputs[0].shape
        rows = max(1, _TOKENS_A_PASS // length)
        parts = [[array[at : at + rows] for array in inputs] for at in range(0, count, rows)]
        return np.concatenate([self._pass(part) for part in parts])

    def _pass(self, inputs: Sequence[NDArray[Any]]) -> Features:
        with self._lock:
            outputs = self._request.infer(list(inputs), share_inputs=True)
            return np.array(outputs[0], np.float32)


def convert(tower: Tower, path: Path | None, *, half: bool) -> openvino.Model:
    """Convert a tower from torch, try it against torch, and write it down where to is given.

    ``half`` writes the weights in 16 bits. Raises EncoderError where the model is damaged and
    EngineError where OpenVINO makes something else of it than torch does.
    """
    import torch

    module = tower.module()
    shapes = [
        openvino.PartialShape(
            [length if axis in fixed else -1 for axis, length in enumerate(array.shape)]
        )
        for array, fixed in zip(tower.examples[0], tower.fixed, strict=True)
    ]
    try:
        example = tuple(torch.from_numpy(array) for array in tower.examples[0])
        with torch.inference_mode(), warnings.catch_warnings():
            # Of the libraries among themselves; whether the towers agree is looked at below.
            warnings.simplefilter("ignore")
            model = openvino.convert_model(module, example_input=example, input=shapes)
            wanted = [module(*map(torch.from_numpy, inputs)).numpy() for inputs in tower.examples]
        settings = {"INFERENCE_PRECISION_HINT": openvino.Type.f32}
        request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
        made = [request.infer(list(inputs))[0].copy() for inputs in tower.examples]
    except Exception as error:  # whatever either library makes of an unusual model
        raise EngineError(f"OpenVINO cannot convert {tower}: {error}") from error
    if not all(_agree(*pair) for pair in zip(made, wanted, strict=True)):
        raise EngineError(f"OpenVINO makes other vectors than torch of {tower}")
    if path is not None:
        openvino.save_model(model, path, compress_to_fp16=half)
    return model


def _converted(
    core: openvino.Core, tower: Tower, options: EngineOptions, precision: str
) -> openvino.Model:
    half = precision != "float32"
    if options.cache_dir is None:
        return convert(tower, None, half=half)
    version = metadata.version("openvino")
    place = options.cache_dir / f"{tower.part}-{tower.revision}-{precision}-{version}"
    with _locked(options.cache_dir, place.name):
        if (place / _FILE).is_file():
            try:
                return core.read_model(place / _FILE)
            except RuntimeError as error:
                logger.warning("converted_tower_is_damaged", extra={"reason": str(error)})
        _keep(tower, options, place, half=half)
    return core.read_model(place / _FILE)


def _keep(tower: Tower, options: EngineOptions, place: Path, *, half: bool) -> None:
    """Convert a tower into a folder of its own, which is there whole or not at all."""
    logger.info("tower_is_converted", extra={"tower": str(tower)})
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".new-") as scratch:
        whole = Path(scratch) / "whole"
        whole.mkdir()
        if options.isolated:
            _convert_elsewhere(tower, whole / _FILE, half=half)
        else:
            convert(tower, whole / _FILE, half=half)
        shutil.rmtree(place, ignore_errors=True)
        whole.rename(place)


def _convert_elsewhere(tower: Tower, path: Path, *, half: bool) -> None:
    """Convert in a process of its own; what goes wrong there is raised here."""
    command = [sys.executable, "-m", "workers.encoders.engines.convert"]
    order = {
        "family": tower.family,
        "folder": str(tower.folder.absolute()),
        "part": tower.part,
        "path": str(path.absolute()),
        "half": half,
    }
    done = subprocess.run(
        [*command, json.dumps(order)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False
    )
    try:
        answer = json.loads(done.stdout.decode().strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise EngineError(
            f"converting {tower} ended with status {done.returncode}; is there memory enough?"
        ) from None
    if "damaged" in answer:
        raise EncoderError(answer["damaged"])
    if "failed" in answer:
        raise EngineError(answer["failed"])


@contextmanager
def _locked(folder: Path, name: str) -> Iterator[None]:
    """Let one process convert a tower while the others wait for it; raises EngineError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / f".{name}.lock").open("a")
    except OSError as error:
        raise EngineError(f"cannot write to {folder}: {error.strerror}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _precision(core: openvino.Core, options: EngineOptions) -> str:
    if options.precision != "auto":
        return options.precision
    offered = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "bfloat16" if "BF16" in offered else "float32"


def _agree(made: NDArray[Any], wanted: NDArray[Any]) -> bool:
    """Tell whether all rows point the same way."""
    if made.shape != wanted.shape:
        return False
    lengths = np.linalg.norm(made, axis=1) * np.linalg.norm(wanted, axis=1)
    return bool((np.sum(made * wanted, axis=1) >= 0.9999 * lengths).all())
