"""Fine-tune any CLIP contrastively on a folder of one's own captioned pictures."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from PIL import Image, UnidentifiedImageError
from torch.nn.functional import cross_entropy, normalize
from transformers import AutoTokenizer, CLIPImageProcessorPil, CLIPModel

from workers.training import towers
from workers.training.errors import DataError, ModelError
from workers.training.evaluation.metrics import figures, ranks
from workers.training.runs import LARGEST_SCALE, Run, RunSettings, autocast

CAPTIONS = "captions.tsv"


class Saved(Protocol):
    """What a tokenizer and an image processor have in common."""

    def save_pretrained(self, save_directory: Path, /) -> object:
        """Write the files to a folder."""


@dataclass(frozen=True, slots=True)
class FinetuneSettings:
    """How a fine-tuning goes; small rates keep what the base model knows."""

    epochs: int = 10
    batch: int = 32
    learning_rate: float = 2e-5
    seed: int = 20
    device: str = "cpu"
    bf16: bool = True


@dataclass(frozen=True, slots=True)
class Captioned:
    """A picture's path with one caption."""

    path: Path
    caption: str


Encode = Callable[[list[Captioned]], tuple[torch.Tensor, torch.Tensor]]


def read_captions(folder: Path) -> list[Captioned]:
    """Return the pictures of ``folder/captions.tsv`` (file name, caption; tab-separated, UTF-8).

    Raises DataError that lists every bad line with its number: columns missing, a file that is
    not there or no picture.
    """
    path = folder / CAPTIONS
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    found: list[Captioned] = []
    wrong: list[str] = []
    for number, line in enumerate(lines, start=1):
        columns = [column.strip() for column in line.split("\t")]
        if len(columns) != 2 or not all(columns):
            wrong.append(f"line {number}: expected file name and caption")
            continue
        picture = folder / columns[0]
        try:
            with Image.open(picture) as opened:
                opened.verify()
        except (OSError, UnidentifiedImageError, SyntaxError) as error:
            wrong.append(f"line {number}: {columns[0]}: {type(error).__name__}")
            continue
        found.append(Captioned(picture, columns[1]))
    if wrong:
        raise DataError(f"{path}: " + "; ".join(wrong))
    if len(found) < 2:
        raise DataError(f"{path}: two pictures are the least that can be told apart")
    return found


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        flat = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(flat, picture.convert("RGBA")).convert("RGB")


def finetune(base: Path, pictures: Path, folder: Path, settings: FinetuneSettings) -> str:
    """Train ``base`` on the captions in ``pictures``; the result is ``folder/model``.

    Returns a sentence with the captions' recall@1 before and after (on what it was trained on).
    """
    examples = read_captions(pictures)
    model = towers.load(base)
    try:
        tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
        processor = CLIPImageProcessorPil.from_pretrained(base, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelError(f"{base} lacks a tokenizer or image processor: {error}") from error
    batch = min(settings.batch, len(examples))
    steps_an_epoch = math.ceil(len(examples) / batch)
    run = Run(
        folder,
        RunSettings(
            "finetune",
            steps=settings.epochs * steps_an_epoch,
            batch=batch,
            learning_rate=settings.learning_rate,
            warmup_steps=min(20, steps_an_epoch),
            seed=settings.seed,
            device=settings.device,
            bf16=settings.bf16,
            extra={"base": base.name, "captions": len(examples)},
        ),
    )

    def encode(chosen: list[Captioned]) -> tuple[torch.Tensor, torch.Tensor]:
        texts = tokenizer(
            [one.caption for one in chosen], padding=True, truncation=True, return_tensors="pt"
        ).to(settings.device)
        pixels = processor([_opened(one.path) for one in chosen], return_tensors="pt")
        with autocast(run.settings):
            text = model.text_projection(model.text_model(**texts).pooler_output)
            image = model.visual_projection(
                model.vision_model(pixels["pixel_values"].to(settings.device)).pooler_output
            )
        return normalize(text.float(), dim=-1), normalize(image.float(), dim=-1)

    def step_loss(step: int, generator: torch.Generator) -> torch.Tensor:
        model.train()
        epoch, place = divmod(step, steps_an_epoch)
        order = torch.randperm(
            len(examples), generator=torch.Generator().manual_seed(settings.seed + epoch)
        ).tolist()
        chosen = [examples[row] for row in order[place * batch : (place + 1) * batch]]
        text, image = encode(chosen)
        scores = model.logit_scale.clamp(max=LARGEST_SCALE).exp() * text @ image.T
        right = torch.arange(len(chosen), device=scores.device)
        return (cross_entropy(scores, right) + cross_entropy(scores.T, right)) / 2

    def recall() -> float:
        return _recall_at_1(model, examples, encode)

    towers.place(model, settings.device)
    before = recall()
    run.train(model, step_loss)
    after = recall()
    _save(model, tokenizer, processor, folder / "model")
    return f"recall@1 on {len(examples)} captions: {before:.3f} before, {after:.3f} after"


def _recall_at_1(model: CLIPModel, examples: list[Captioned], encode: Encode) -> float:
    model.train(False)
    with torch.no_grad():
        parts = [encode(examples[start : start + 64]) for start in range(0, len(examples), 64)]
    text = torch.cat([part[0] for part in parts]).cpu()
    image = torch.cat([part[1] for part in parts]).cpu()
    found = ranks(text, image, [frozenset({row}) for row in range(len(examples))])
    return figures(found).recall_at_1


def _save(model: CLIPModel, tokenizer: Saved, processor: Saved, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    processor.save_pretrained(folder)
