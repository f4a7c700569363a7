"""A run: a folder with its configuration, the last whole checkpoint and a log of its figures.

A run that was killed continues from its last checkpoint when the same command is given again; the
random generators are part of the checkpoint, so it goes on as if nothing had happened.
"""

import fcntl
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from torch import nn

from workers.training.errors import RunError
from workers.training.files import write_whole

LARGEST_SCALE = 4.6  # exp(4.6) ≈ 100, as in CLIP

Step = Callable[[int, torch.Generator], torch.Tensor]
Watch = Callable[[int], dict[str, float]]


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How long and how hard a stage trains; written beside its result."""

    stage: str
    steps: int
    batch: int
    learning_rate: float
    weight_decay: float = 0.01
    warmup_steps: int = 200
    final_rate: float = 0.02
    seed: int = 20
    device: str = "cpu"
    bf16: bool = True
    checkpoint_s: float = 120.0
    report_steps: int = 500
    extra: dict[str, Any] = field(default_factory=dict)


def autocast(settings: RunSettings) -> AbstractContextManager[Any]:
    """Return the precision that the stage's forward passes run in."""
    if not settings.bf16:
        return nullcontext()
    return torch.autocast(settings.device.split(":")[0], torch.bfloat16)


def rate(settings: RunSettings, step: int) -> float:
    """Return the learning rate at ``step``: a linear warm-up, then half a cosine."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    span = max(1, settings.steps - settings.warmup_steps)
    done = min(1.0, (step - settings.warmup_steps) / span)
    low = settings.final_rate
    return settings.learning_rate * (low + (1 - low) * 0.5 * (1 + math.cos(math.pi * done)))


def optimizer_for(model: nn.Module, settings: RunSettings) -> torch.optim.AdamW:
    """Return AdamW over the parameters that want gradients; norms and biases do not decay."""
    wanted = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": [p for p in wanted if p.ndim > 1], "weight_decay": settings.weight_decay},
            {"params": [p for p in wanted if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=settings.learning_rate,
        betas=(0.9, 0.98),
        fused=True,
    )


class Run:
    """The folder of one stage: ``settings.json``, ``last.pt``, ``log.jsonl``, ``done.json``."""

    def __init__(self, folder: Path, settings: RunSettings) -> None:
        self.folder = folder
        self.settings = settings
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "settings.json"
        wanted = json.loads(json.dumps(asdict(settings)))
        if path.exists():
            refuse_other(folder, read_settings(path), wanted)
        else:
            write_whole(path, json.dumps(wanted, indent=2) + "\n")

    @property
    def finished(self) -> bool:
        """Whether the stage ran to its end."""
        return (self.folder / "done.json").exists()

    def _store(self, state: dict[str, Any]) -> None:
        partial = self.folder / "last.partial"
        torch.save(state, partial)
        partial.rename(self.folder / "last.pt")  # a kill leaves the old one or the new one

    def _log(self, entry: dict[str, float]) -> None:
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({key: round(value, 5) for key, value in entry.items()}) + "\n")

    def train(self, model: nn.Module, step_loss: Step, watch: Watch | None = None) -> None:
        """Run the stage to its end, from the last checkpoint if there is one.

        ``step_loss(step, generator)`` returns the loss of one batch; ``watch(step)`` returns
        figures for the log, every ``report_steps``. ``model`` holds the result afterwards.
        Raises RunError when another process trains here, or when the loss is no number any more.
        """
        with (self.folder / ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunError(f"another process is training in {self.folder}") from None
            self._train(model, step_loss, watch)

    def _train(self, model: nn.Module, step_loss: Step, watch: Watch | None) -> None:
        settings = self.settings
        optimizer = optimizer_for(model, settings)
        generator = torch.Generator().manual_seed(settings.seed)
        torch.manual_seed(settings.seed)
        first, spent = 0, 0.0
        checkpoint = self.folder / "last.pt"
        if checkpoint.exists():
            state = torch.load(checkpoint, weights_only=True, map_location=settings.device)
            model.load_state_dict(state["model"])
            if int(state["step"]) >= settings.steps:
                self._finish(float(state["seconds"]))  # a kill may have come just before it
                return
            optimizer.load_state_dict(state["optimizer"])
            generator.set_state(state["generator"].cpu())
            torch.set_rng_state(state["torch"].cpu())
            first, spent = int(state["step"]), float(state["seconds"])
        began = saved = time.monotonic()
        running: float | None = None
        with _progress() as progress:
            task = progress.add_task(settings.stage, total=settings.steps, completed=first, loss="")
            for step in range(first, settings.steps):
                for group in optimizer.param_groups:
                    group["lr"] = rate(settings, step)
                optimizer.zero_grad(set_to_none=True)
                loss = step_loss(step, generator)
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                value = float(loss.detach())
                if not math.isfinite(value):
                    raise RunError(
                        f"the loss of step {step + 1} is {value}: the run has come apart. The"
                        f" checkpoint in {self.folder} is from before; try a lower learning rate"
                    )
                running = value if running is None else 0.98 * running + 0.02 * value
                progress.update(task, advance=1, loss=f"{running:.3f}")
                now = time.monotonic()
                done = step + 1 == settings.steps
                if done or (step + 1) % settings.report_steps == 0:
                    entry = {"step": step + 1, "loss": running, "seconds": spent + now - began}
                    self._log(entry | (watch(step + 1) if watch else {}))
                if done or now - saved > settings.checkpoint_s:
                    saved = now
                    self._store(
                        {
                            "model": model.state_dict(),
                            "optimizer": {} if done else optimizer.state_dict(),
                            "generator": generator.get_state(),
                            "torch": torch.get_rng_state(),
                            "step": step + 1,
                            "seconds": spent + now - began,
                        }
                    )
        self._finish(spent + time.monotonic() - began)

    def _finish(self, seconds: float) -> None:
        if not self.finished:
            write_whole(self.folder / "done.json", f'{{"seconds": {seconds:.1f}}}\n')


def read_settings(path: Path) -> dict[str, Any]:
    """Return what a run was begun with; RunError when the file is damaged."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise RunError(f"{path} is damaged ({error}); remove it or the run's folder") from error


def refuse_other(folder: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise RunError that names the settings in which a run's folder differs from ``wanted``."""
    one, other = ({**values, **values.get("extra", {})} for values in (found, wanted))
    changed = sorted(key for key in {*one, *other} - {"extra"} if one.get(key) != other.get(key))
    if changed:
        raise RunError(
            f"{folder} was begun with other settings ({', '.join(changed)}); "
            "give another folder, or remove this one"
        )


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )


def log_entries(folder: Path) -> Iterator[dict[str, float]]:
    """Yield what a run logged, oldest first."""
    path = folder / "log.jsonl"
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)
