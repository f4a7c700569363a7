"""Raw forward passes: texts and pictures a second by engine and batch size.

Towers of SigLIP's sizes with random weights. Beside each figure stands the share of what this very
device does in a plain matrix product of the same precision. On a machine with a CUDA GPU torch in
bfloat16 is measured there, otherwise OpenVINO beside torch on the CPU.

    python -m benchmarks.encode [--short] [--write]
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from benchmarks import _report, _shapes
from benchmarks._report import Bar, Report, Table
from benchmarks._shapes import Shape
from workers.encoders.engines.base import Engine, EngineOptions, Part
from workers.encoders.engines.choose import start

HAS_GPU = torch.cuda.is_available()
BATCHES = (1, 8, 32, 128, 512) if HAS_GPU else (1, 8, 32)
ENGINES = (
    (EngineOptions(engine="torch", precision="bfloat16"),)
    if HAS_GPU
    else (
        EngineOptions(engine="torch", precision="float32"),
        EngineOptions(engine="openvino", precision="float32"),
        EngineOptions(engine="openvino"),
    )
)
LEAST_COSINE = 0.999
LONGEST_S = 20.0
"""What takes so long once is timed once: a large tower takes a minute a batch on a CPU."""


def seconds(action: Callable[[], object], *, at_least: int, for_s: float) -> float:
    """Return the median time of an action done again and again."""
    action()
    times: list[float] = []
    while sum(times) < LONGEST_S and (len(times) < at_least or sum(times) < for_s):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def peak(dtype: torch.dtype, for_s: float) -> float:
    """Return the operations a second of one large matrix product on this device."""
    side = 8192 if HAS_GPU else 2048
    device = "cuda" if HAS_GPU else "cpu"
    one, other = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))

    def multiply() -> None:
        one @ other
        if HAS_GPU:
            torch.cuda.synchronize()

    with torch.inference_mode():
        return 2.0 * side**3 / seconds(multiply, at_least=3, for_s=for_s)


def measure(
    shape: Shape, part: Part, options: EngineOptions, for_s: float
) -> tuple[Engine, list[float], np.ndarray]:
    """Return an engine, its seconds by batch size and its unit vectors of eight inputs."""
    engine = start(_shapes.tower(shape, part), options)
    times = []
    for batch in BATCHES:
        given = _shapes.inputs(part, batch)
        times.append(seconds(lambda given=given: engine(given), at_least=3, for_s=for_s))  # type: ignore[misc]
    vectors = engine(_shapes.inputs(part, 8))
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return engine, times, vectors


def run(short: bool) -> Report:
    """Measure every engine on every tower."""
    for_s = 0.3 if short else 2.0
    peaks = {
        name: peak(dtype, for_s)
        for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16))
    }
    shapes = list(_shapes.SHAPES.values())
    if short and not HAS_GPU:
        shapes = shapes[:1]
    tables, bars = [], []
    for shape in shapes:
        for part in ("text", "image"):
            rows, first, lowest = [], None, 1.0
            base: list[float] = []
            for options in ENGINES:
                engine, times, vectors = measure(shape, part, options, for_s)
                precision = "bfloat16" if "bfloat16" in engine.name else "float32"
                base = base or times
                if first is None:
                    first = vectors
                lowest = min(lowest, float((vectors * first).sum(1).min()))
                for batch, taken, before in zip(BATCHES, times, base, strict=True):
                    speed = shape.operations(part) * batch / taken
                    rows.append(
                        (
                            engine.name,
                            str(batch),
                            f"{taken * 1000:.1f}",
                            f"{batch / taken:.0f}",
                            f"{speed / 1e12:.2f}",
                            f"{speed / peaks[precision]:.0%}",
                            f"{before / taken:.2f}",
                        )
                    )
                del engine
                gc.collect()
            columns = ("engine", "batch", "ms", f"{part}s a second", "Tflop/s")
            columns += ("of a matrix product", f"× {rows[0][0]}")
            tables.append(Table(f"{shape.name}, {part} tower", columns, tuple(rows)))
            if len(ENGINES) > 1:
                bars.append(
                    Bar(
                        f"{shape.name}, {part} tower: engines agree, least cosine",
                        f"≥ {LEAST_COSINE}",
                        f"{lowest:.5f}",
                        lowest >= LEAST_COSINE,
                    )
                )
    device = torch.cuda.get_device_name() if HAS_GPU else "CPU"
    said = ", ".join(f"{name} {value / 1e12:.2f} Tflop/s" for name, value in peaks.items())
    return Report(
        title=f"Forward passes on the {device}" if HAS_GPU else "Forward passes on the CPU",
        tables=tables,
        bars=bars,
        notes=[f"A plain matrix product in torch, for comparison: {said}."],
    )


if __name__ == "__main__":
    _report.main("encode", run)
