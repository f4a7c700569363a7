"""Fine-tune any CLIP contrastively on a folder of one's own captioned pictures."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, UnidentifiedImageError
from torch.nn.functional import cross_entropy, normalize
from transformers import AutoTokenizer, CLIPImageProcessorPil, CLIPModel

from workers.images import flatten
from workers.training import towers
from workers.training.errors import DataError, ModelError
from workers.training.evaluation.metrics import figures, ranks
from workers.training.files import whole_folder
from workers.training.runs import LARGEST_SCALE, Run, RunSettings, autocast
from workers.training.table import read_table

CAPTIONS = "captions.tsv"


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

    Raises DataError that lists the bad lines with their numbers, pictures that are not there or
    cannot be read among them: see :mod:`workers.training.table`.
    """
    path = folder / CAPTIONS

    def complaint(row: list[str]) -> str:
        try:
            _opened(folder / row[0])
        except FileNotFoundError:
            return f"there is no file {row[0]}"
        except UnidentifiedImageError:
            return f"{row[0]} is not a picture"
        except Image.DecompressionBombError:
            return f"{row[0]} is too large"
        except (OSError, ValueError, SyntaxError) as error:  # whatever Pillow makes of damage
            return f"{row[0]} is damaged ({error})"
        return ""

    found = [Captioned(folder / name, caption) for name, caption in read_table(path, 2, complaint)]
    if len(found) < 2:
        raise DataError(f"{path}: two pictures are the least that can be told apart")
    return found


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return flatten(picture.convert("RGBA"))


def finetune(base: Path, pictures: Path, folder: Path, settings: FinetuneSettings) -> str:
    """Train ``base`` on the captions in ``pictures``; the result is ``folder/model``.

    Returns a sentence with the captions' recall@1 before and after (on what it was trained on).
    Raises DataError, ModelError and RunError before anything is trained.
    """
    examples = read_captions(pictures)
    model = towers.load(base)
    try:
        tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
        processor = CLIPImageProcessorPil.from_pretrained(base, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelError(f"{base} lacks a tokenizer or image processor: {error}") from error
    pooling = towers.pooling(base)
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
            extra={
                "base": towers.model_digest(base),
                "captions": hashlib.sha256((pictures / CAPTIONS).read_bytes()).hexdigest(),
            },
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
    with whole_folder(folder / "model") as made:
        model.save_pretrained(made)
        tokenizer.save_pretrained(made)
        processor.save_pretrained(made)
        if pooling is not None:
            pooling.knowing((one.caption for one in examples), as_well=True).save(made)
    return (
        f"{folder / 'model'}: recall@1 on the {len(examples)} captions it was trained on"
        f" {before:.3f} before, {after:.3f} after"
    )


def _recall_at_1(model: CLIPModel, examples: list[Captioned], encode: Encode) -> float:
    model.train(False)
    with torch.no_grad():
        parts = [encode(examples[start : start + 64]) for start in range(0, len(examples), 64)]
    text = torch.cat([part[0] for part in parts]).cpu()
    image = torch.cat([part[1] for part in parts]).cpu()
    found = ranks(text, image, [frozenset({row}) for row in range(len(examples))])
    return figures(found).recall_at_1
