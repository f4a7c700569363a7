"""Language packs: one more text tower in a space that exists, for languages its own tower lacks.

After arXiv 2004.09813: the base model's own text tower is the teacher. For every pair the new tower
learns to give the foreign phrase, and the English phrase itself, the vector that the base tower
gives the English. No picture is touched; the pack names the space that it was made for, by a digest
of the image tower, and is refused anywhere else.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import (
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    PreTrainedTokenizerFast,
)

from workers.training import towers
from workers.training.corpus import hash_pair
from workers.training.errors import ModelError
from workers.training.evaluation.metrics import Figures, figures, ranks
from workers.training.pairs import Pair, read
from workers.training.runs import Run, RunSettings, autocast
from workers.training.tokenizer import TokenTable

MANIFEST = "pack.json"
TEST_SHARE = 0.1
SCALE = 30.0
KEEP_SHARE = 0.25  # of every batch is English, so that it stays where it was


@dataclass(frozen=True, slots=True)
class PackSettings:
    """How a pack is trained."""

    steps: int = 1500
    batch: int = 512
    learning_rate: float = 1e-3
    seed: int = 20
    device: str = "cpu"
    bf16: bool = True


def space_of(model: CLIPModel) -> str:
    """Return the name of a model's embedding space: a digest of its image tower."""
    digest = hashlib.sha256()
    for name, values in sorted(model.state_dict().items()):
        if name.startswith(("vision_model.", "visual_projection.")):
            digest.update(name.encode())
            digest.update(values.half().contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()


def check(pack: Path, base: Path) -> dict[str, object]:
    """Return a pack's manifest; ModelError when it is damaged or of another space than ``base``."""
    try:
        manifest: dict[str, object] = json.loads((pack / MANIFEST).read_text("utf-8"))
        space, languages = manifest["space"], manifest["languages"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{pack} is not a language pack: {error!r}") from error
    if not isinstance(languages, list) or not languages:
        raise ModelError(f"{pack} names no languages")
    if space != space_of(towers.load(base)):
        raise ModelError(f"{pack} was made for another embedding space than that of {base}")
    return manifest


def _encode(model: CLIPModel, table: TokenTable, pad: int) -> torch.Tensor:
    model.train(False)
    parts = []
    with torch.no_grad():
        for start in range(0, len(table), 512):
            rows = np.arange(start, min(start + 512, len(table)))
            parts.append(towers.text_vectors(model, torch.from_numpy(table.padded(rows, pad))))
    return torch.cat(parts)


def _measure(model: CLIPModel, foreign: TokenTable, gallery: torch.Tensor, pad: int) -> Figures:
    found = ranks(
        _encode(model, foreign, pad), gallery, [frozenset({row}) for row in range(len(foreign))]
    )
    return figures(found)


def make_pack(base: Path, pairs: Path, folder: Path, settings: PackSettings) -> Path:
    """Train a pack from a file of pairs and return its folder, ``folder/pack``.

    A tenth of the pairs is kept apart; the manifest holds their recall, foreign phrase against all
    English phrases kept apart, with the base tower ("before") and the new one ("after").
    """
    found = read(pairs)
    model = towers.load(base)
    model.set_attn_implementation("eager")
    tokenizer = PreTrainedTokenizerFast.from_pretrained(base, local_files_only=True)
    pad = int(tokenizer.pad_token_id)
    space = space_of(model)
    english = list(dict.fromkeys(pair.english for pair in found))
    vectors = _encode(model, TokenTable(tokenizer, english), pad)
    place = {phrase: row for row, phrase in enumerate(english)}
    tested = [pair for pair in found if hash_pair(pair.english, 0) < TEST_SHARE]
    trained = [pair for pair in found if hash_pair(pair.english, 0) >= TEST_SHARE]
    if not trained:
        raise ModelError(f"{pairs} holds too few pairs to train on")
    tested = list({pair.english: pair for pair in tested or trained}.values())
    foreign = TokenTable(tokenizer, [pair.phrase for pair in tested])
    gallery = vectors[[place[pair.english] for pair in tested]]
    before = _measure(model, foreign, gallery, pad)
    _train(model, trained, place, vectors, tokenizer=tokenizer, folder=folder, settings=settings)
    towers.place(model, "cpu")
    after = _measure(model, foreign, gallery, pad)
    made = folder / "pack"
    partial = folder / "pack.partial"
    shutil.rmtree(partial, ignore_errors=True)
    _save(model, partial)
    tokenizer.save_pretrained(partial)
    (partial / MANIFEST).write_text(
        json.dumps(
            {
                "space": space,
                "languages": sorted({pair.language for pair in found}),
                "before": before.as_dict(),
                "after": after.as_dict(),
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )
    shutil.rmtree(made, ignore_errors=True)
    partial.rename(made)
    return made


def _train(
    model: CLIPModel,
    trained: list[Pair],
    place: dict[str, int],
    vectors: torch.Tensor,
    *,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    settings: PackSettings,
) -> None:
    english = list(place)
    phrases = [pair.phrase for pair in trained] + english
    wanted = torch.tensor([place[pair.english] for pair in trained] + list(place.values()))
    table = TokenTable(tokenizer, phrases)
    kept = int(settings.batch * KEEP_SHARE)
    run = Run(
        folder,
        RunSettings(
            "pack",
            steps=settings.steps,
            batch=settings.batch,
            learning_rate=settings.learning_rate,
            weight_decay=0.0,
            warmup_steps=min(100, settings.steps // 10 + 1),
            seed=settings.seed,
            device=settings.device,
            bf16=settings.bf16,
            extra={"pairs": len(trained)},
        ),
    )
    towers.place(model, settings.device)
    model.requires_grad_(False)
    model.text_model.requires_grad_(True)
    model.text_projection.requires_grad_(True)

    def step_loss(step: int, generator: torch.Generator) -> torch.Tensor:
        model.train()
        random = np.random.default_rng([settings.seed, step])
        new = random.integers(0, len(trained), settings.batch - kept)
        old = random.integers(len(trained), len(phrases), kept)
        rows = np.concatenate([new, old])
        tokens = torch.from_numpy(table.padded(rows, int(tokenizer.pad_token_id)))
        right = wanted[rows]
        unique, own = torch.unique(right, return_inverse=True)
        targets = vectors[unique].to(settings.device)
        own = own.to(settings.device)
        with autocast(run.settings):
            found = towers.text_vectors(model, tokens.to(settings.device))
        cosine = 1 - (found * targets[own]).sum(1).mean()
        return cosine + 0.2 * cross_entropy(SCALE * found @ targets.T, own)

    run.train(model, step_loss)


def _save(model: CLIPModel, folder: Path) -> None:
    shape = model.config.text_config
    if not isinstance(shape, CLIPTextConfig):
        raise ModelError("the base model has no text tower to start from")
    tower = CLIPTextModelWithProjection(shape)
    tower.load_state_dict(
        {
            name: values
            for name, values in model.state_dict().items()
            if name.startswith(("text_model.", "text_projection."))
        },
        strict=False,
    )
    torch.nn.Module.to(tower, torch.float16)
    tower.save_pretrained(folder)
