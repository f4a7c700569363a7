"""Language packs: one more text tower in a space that exists, for languages its own tower lacks.

After arXiv 2004.09813: the base model's own text tower is the teacher. For every pair the new tower
learns to give the foreign phrase, and the English phrase itself, the vector that the base tower
gives the English. No picture is touched; the pack names the space that it was made for, by a digest
of the image tower, and is refused anywhere else.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
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

from workers.encoders.languages import own_words
from workers.encoders.space import digest
from workers.packs.manifest import FORMAT, WORDS, Gain, LanguageFigures, Manifest, Recall
from workers.training import towers
from workers.training.corpus import hash_pair
from workers.training.errors import ModelError
from workers.training.evaluation.metrics import Figures, figures, ranks
from workers.training.files import whole_folder
from workers.training.pairs import Pair, read
from workers.training.phrase_tower import PhraseTower
from workers.training.runs import Run, RunSettings, autocast
from workers.training.tokenizer import TokenTable, extend

TEST_SHARE = 0.1
MOST_MEASURED = 1000
"""Phrases a language is measured on, of those kept apart and of those trained on."""
SCALE = 30.0
KEEP_SHARE = 0.25  # of every batch is English, so that it stays where it was
PIECES_A_LANGUAGE = 2500
"""How many pieces of words the tokenizer may gain; one of another kind than Unigram gains none."""


@dataclass(frozen=True, slots=True)
class PackSettings:
    """How a pack is trained, and what it is called: by its languages unless told otherwise."""

    steps: int = 1500
    batch: int = 512
    learning_rate: float = 1e-3
    seed: int = 20
    device: str = "cpu"
    bf16: bool = True
    name: str = ""
    """Small letters, digits and hyphens."""
    title: str = ""


def space_of(model: CLIPModel) -> str:
    """Return the name of a model's embedding space: a digest of its image tower."""
    return digest(sorted(model.state_dict().items()))


def make_pack(base: Path, pairs: Path, folder: Path, settings: PackSettings) -> Path:
    """Train a pack from a file of pairs and return its folder, ``folder/pack``.

    A tenth of the pairs is kept apart. The manifest holds for every language the recall of its
    phrases among the English ones asked with them, by the base tower ("before") and by the new
    one ("after"): on pairs kept apart, and on a sample of those trained on.
    """
    found = read(pairs)
    languages = tuple(sorted({pair.language for pair in found}))
    name = settings.name or "-".join(languages).lower()[:64].rstrip("-")
    title = settings.title or ", ".join(languages)[:200]
    model = towers.load(base)
    model.set_attn_implementation("eager")
    tokenizer = _tokenizer(base)
    english = list(dict.fromkeys(pair.english for pair in found))
    trained = [pair for pair in found if hash_pair(pair.english, 0) >= TEST_SHARE]
    if not trained:
        raise ModelError(f"{pairs} holds too few pairs to train on")
    tested = [pair for pair in found if hash_pair(pair.english, 0) < TEST_SHARE]
    tower = PhraseTower(model, tokenizer, towers.pooling(base))
    vectors = tower.encode(english)
    measuring = _Measuring(
        dict(zip(english, vectors, strict=True)),
        kept_apart=_samples(tested),
        trained_on=_samples(trained),
    )
    # Now, so that a bad name is refused before the training and not after it.
    manifest = _manifest(name, title, space_of(model), languages)
    before = measuring.measure(tower)
    learnt = [pair.phrase for pair in trained]
    former, tokenizer = tokenizer, extend(tokenizer, learnt, PIECES_A_LANGUAGE * len(languages))
    _grow(model, former, tokenizer)
    place = {phrase: row for row, phrase in enumerate(english)}
    # What a continued run must have in common with the one that was begun.
    origin = {
        "pairs": hashlib.sha256(pairs.read_bytes()).hexdigest(),
        "base": towers.model_digest(base),
    }
    run = _run(folder, settings, manifest.space, origin)
    _train(model, trained, place, vectors, tokenizer=tokenizer, run=run, settings=settings)
    towers.place(model, "cpu")
    pooling = tower.pooling.knowing([*learnt, *english]) if tower.pooling else None
    tower = PhraseTower(model, tokenizer, pooling)
    after = measuring.measure(tower)
    cosine = float((tower.encode(english) * vectors).sum(1).mean())
    manifest = Manifest.model_validate(
        manifest.model_dump()
        | {
            "figures": {language: _gains(language, before, after) for language in languages},
            "english_cosine": round(max(-1.0, min(cosine, 1.0)), 4),
        }
    )
    with whole_folder(folder / "pack") as made:
        _save(model, made)
        tokenizer.save_pretrained(made)
        if pooling is not None:
            pooling.save(made)
        words = own_words((pair.phrase for pair in found), english)
        (made / WORDS).write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
        manifest.write(made)
    return folder / "pack"


def _tokenizer(base: Path) -> PreTrainedTokenizerFast:
    try:
        tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(
            base, local_files_only=True
        )
    except (OSError, ValueError) as error:
        raise ModelError(f"{base} lacks a tokenizer: {error}") from error
    return tokenizer


def _run(folder: Path, settings: PackSettings, space: str, origin: dict[str, str]) -> Run:
    return Run(
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
            extra={"space": space, **origin},
        ),
    )


def _manifest(name: str, title: str, space: str, languages: tuple[str, ...]) -> Manifest:
    """Return the manifest of a pack that nobody has measured yet; raises ModelError."""
    try:
        return Manifest(
            format=FORMAT,
            name=name,
            title=title,
            space=space,
            languages=languages,
            figures=dict.fromkeys(languages, LanguageFigures()),
            english_cosine=1.0,
        )
    except ValueError as error:
        raise ModelError(f"no pack can be made of that: {error}") from error


def _samples(pairs: Iterable[Pair]) -> dict[str, list[Pair]]:
    """Return up to MOST_MEASURED pairs by language, every English phrase once, always the same."""
    found: dict[str, dict[str, Pair]] = defaultdict(dict)
    for pair in pairs:
        found[pair.language].setdefault(pair.english, pair)
    return {
        language: sorted(own.values(), key=lambda pair: hash_pair(pair.english, 1))[:MOST_MEASURED]
        for language, own in found.items()
    }


class _Measuring:
    """Which phrases a tower is asked, and the English vectors among which the answer is."""

    def __init__(
        self,
        english: dict[str, torch.Tensor],
        **samples: dict[str, list[Pair]],
    ) -> None:
        self._english = english
        self._samples = samples

    def measure(self, tower: PhraseTower) -> dict[str, dict[str, Figures]]:
        """Return figures by kind of sample and language."""
        return {
            kind: {language: self._figures(tower, pairs) for language, pairs in sample.items()}
            for kind, sample in self._samples.items()
        }

    def _figures(self, tower: PhraseTower, pairs: list[Pair]) -> Figures:
        asked = tower.encode([pair.phrase for pair in pairs])
        gallery = torch.stack([self._english[pair.english] for pair in pairs])
        return figures(ranks(asked, gallery, [frozenset({row}) for row in range(len(pairs))]))


def _gains(
    language: str, before: dict[str, dict[str, Figures]], after: dict[str, dict[str, Figures]]
) -> LanguageFigures:
    return LanguageFigures(
        **{
            kind: Gain(
                count=sample[language].count,
                before=_recall(sample[language]),
                after=_recall(after[kind][language]),
            )
            for kind, sample in before.items()
            if language in sample
        }
    )


def _recall(found: Figures) -> Recall:
    return Recall(
        recall_at_1=round(found.recall_at_1, 4),
        recall_at_5=round(found.recall_at_5, 4),
        recall_at_10=round(found.recall_at_10, 4),
    )


@torch.no_grad()
def _grow(
    model: CLIPModel, former: PreTrainedTokenizerFast, tokenizer: PreTrainedTokenizerFast
) -> None:
    """Give the text tower a vector for every piece that ``tokenizer`` has more than ``former``.

    A new piece starts as the mean of the old pieces that its letters were cut into before.
    """
    embedding = model.text_model.embeddings.token_embedding
    more = range(embedding.num_embeddings, len(tokenizer))
    if not more:
        return
    grown = torch.nn.Embedding(len(tokenizer), embedding.embedding_dim)
    grown.weight[: embedding.num_embeddings] = embedding.weight
    for number in more:
        piece = str(tokenizer.convert_ids_to_tokens(number))
        cut = former.backend_tokenizer.model.tokenize(piece)
        grown.weight[number] = embedding.weight[[part.id for part in cut]].mean(0)
    model.text_model.embeddings.token_embedding = grown
    _text_config(model).vocab_size = len(tokenizer)


def _train(
    model: CLIPModel,
    trained: list[Pair],
    place: dict[str, int],
    vectors: torch.Tensor,
    *,
    tokenizer: PreTrainedTokenizerFast,
    run: Run,
    settings: PackSettings,
) -> None:
    english = list(place)
    phrases = [pair.phrase for pair in trained] + english
    wanted = torch.tensor([place[pair.english] for pair in trained] + list(place.values()))
    table = TokenTable(tokenizer, phrases)
    kept = int(settings.batch * KEEP_SHARE)
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


def _text_config(model: CLIPModel) -> CLIPTextConfig:
    shape = model.config.text_config
    if not isinstance(shape, CLIPTextConfig):
        raise ModelError("the base model has no text tower to start from")
    return shape


def _save(model: CLIPModel, folder: Path) -> None:
    shape = _text_config(model)
    # Many a model states it for the whole only.
    shape.projection_dim = model.config.projection_dim
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
