"""The models known by name: where on the hub they lie, at which commit, and which of their files.

A commit stands here only where it was seen pinned for that repository elsewhere; ``seen`` says
where. Without one the first fetch takes the commit that the hub's ``main`` has at that moment and
stays with it. Sizes are those of the weights as published, rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

_MTEB = "embeddings-benchmark/mteb, mteb/models/model_implementations/"
_CACHES = "snapshot folders and pins in public repositories, by code search"

_TOKENIZER = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "spiece.model",
    "sentencepiece.bpe.model",
    "vocab.json",
    "merges.txt",
)
_MODEL = ("model.safetensors", "pytorch_model.bin")
_OPEN_CLIP = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


@dataclass(frozen=True, slots=True)
class Source:
    """A repository on the hub, and what is taken of it."""

    repository: str
    revision: str | None = None
    """Full hash of a commit; None: the hub's ``main`` at the first fetch."""
    seen: str = ""
    """Where the revision was seen."""
    files: tuple[str, ...] = ("config.json", "preprocessor_config.json")
    """Must be there."""
    optional: tuple[str, ...] = _TOKENIZER
    """Taken where they are there."""
    weights: tuple[tuple[str, ...], ...] = (_MODEL[:1],)
    """Of each file of weights its names, the preferred one first; others are converted to it."""
    within: str = ""
    """Folder in the repository that they are taken from."""
    into: str = ""
    """Folder in the model's own folder that they go into."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that ENCODER may name."""

    name: str
    purpose: str
    dim: int
    size_bytes: int
    licence: str
    sources: tuple[Source, ...]
    family: str = ""
    """Of encoders of two repositories; the others say it in their ``config.json``."""


_OPENAI_B32 = Source(
    "openai/clip-vit-base-patch32",
    "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
    _MTEB + "clip_models.py",
    weights=(_MODEL,),
)

_MODELS = (
    KnownModel(
        "siglip-base-multilingual",
        "photographs in many languages on a small server without a GPU",
        dim=768,
        size_bytes=1_480_000_000,
        licence="Apache-2.0",
        sources=(
            Source(
                "google/siglip-base-patch16-256-multilingual",
                "8952a4eafcde3cb7ab46b1dd629b33f8784ca9c6",
                _MTEB + "siglip_models.py",
            ),
        ),
    ),
    KnownModel(
        "siglip-so400m-i18n",
        "many languages on a GPU, many pictures a second",
        dim=1152,
        size_bytes=4_520_000_000,
        licence="Apache-2.0",
        sources=(
            Source(
                "google/siglip-so400m-patch16-256-i18n",
                "365d321c0cfdea96bc28e3a29787a11a062681a1",
                _MTEB + "siglip_models.py",
            ),
        ),
    ),
    KnownModel(
        "siglip2-base",
        "newest SigLIP, the smallest; best in English",
        dim=768,
        size_bytes=1_500_000_000,
        licence="Apache-2.0",
        sources=(
            Source(
                "google/siglip2-base-patch16-256",
                "3f9f96cb90da5dbc758b01813f2f6f1aee24c1ab",
                _MTEB + "siglip_models.py",
            ),
        ),
    ),
    KnownModel(
        "siglip2-so400m",
        "newest SigLIP on a GPU; best in English",
        dim=1152,
        size_bytes=4_540_000_000,
        licence="Apache-2.0",
        sources=(
            Source(
                "google/siglip2-so400m-patch16-256",
                "e8708ab72d125807e45b36fb7d4e0aacbb59f379",
                _MTEB + "siglip_models.py",
            ),
        ),
    ),
    KnownModel(
        "mexma-siglip2",
        "the best in many languages, on one consumer GPU",
        dim=1152,
        size_bytes=2_000_000_000,
        licence="MIT",
        sources=(
            Source(
                "visheratin/mexma-siglip2",
                files=("config.json", "preprocessor_config.json", "tokenizer.json"),
            ),
        ),
    ),
    KnownModel(
        "mclip-vit-b-16-plus",
        "many languages, a text tower distilled into LAION's CLIP",
        dim=640,
        size_bytes=3_080_000_000,
        licence="MIT",
        family="mclip",
        sources=(
            Source(
                "M-CLIP/XLM-Roberta-Large-Vit-B-16Plus",
                files=("config.json", "tokenizer.json"),
                weights=(_MODEL,),
                into="text",
            ),
            Source(
                "timm/vit_base_patch16_plus_clip_240.laion400m_e32",
                files=("open_clip_config.json",),
                optional=(),
                weights=(_OPEN_CLIP,),
                into="image",
            ),
        ),
    ),
    KnownModel(
        "mclip-vit-b-32",
        "many languages, a text tower distilled into OpenAI's CLIP",
        dim=512,
        size_bytes=2_850_000_000,
        licence="MIT",
        family="mclip",
        sources=(
            Source(
                "M-CLIP/XLM-Roberta-Large-Vit-B-32",
                "85949a3ac1415027bdf7a5d0994bba8d992fe494",
                _CACHES,
                files=("config.json", "tokenizer.json"),
                weights=(_MODEL,),
                into="text",
            ),
            replace(_OPENAI_B32, into="image"),
        ),
    ),
    KnownModel(
        "sbert-clip-vit-b-32",
        "many languages, small: a text tower distilled into OpenAI's CLIP",
        dim=512,
        size_bytes=1_150_000_000,
        licence="Apache-2.0",
        family="sbert",
        sources=(
            Source(
                "sentence-transformers/clip-ViT-B-32-multilingual-v1",
                "58edf8cada9e398793dca955574a48cbb7f18be2",
                _CACHES,
                files=(
                    *("config.json", "modules.json", "tokenizer.json"),
                    *("1_Pooling/config.json", "2_Dense/config.json"),
                ),
                optional=("sentence_bert_config.json", *_TOKENIZER),
                weights=(_MODEL, tuple(f"2_Dense/{name}" for name in _MODEL)),
                into="text",
            ),
            Source(
                "sentence-transformers/clip-ViT-B-32",
                "327ab6726d33c0e22f920c83f2ff9e4bd38ca37f",
                _CACHES,
                weights=(_MODEL,),
                within="0_CLIPModel",
                into="image",
            ),
        ),
    ),
    KnownModel(
        "clip-vit-base-patch32",
        "English only, small",
        dim=512,
        size_bytes=605_000_000,
        licence="MIT",
        sources=(_OPENAI_B32,),
    ),
    KnownModel(
        "clip-vit-large-patch14",
        "English only, better",
        dim=768,
        size_bytes=1_710_000_000,
        licence="MIT",
        sources=(
            Source(
                "openai/clip-vit-large-patch14",
                "32bd64288804d66eefd0ccbe215aa642df71cc41",
                _MTEB + "clip_models.py",
            ),
        ),
    ),
    KnownModel(
        "clip-vit-b-32-laion2b",
        "English only, small, trained on open data",
        dim=512,
        size_bytes=605_000_000,
        licence="MIT",
        sources=(
            Source(
                "laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
                "1a25a446712ba5ee05982a381eed697ef9b435cf",
                _CACHES,
                weights=(_MODEL,),
            ),
        ),
    ),
)

CATALOGUE: Mapping[str, KnownModel] = MappingProxyType({model.name: model for model in _MODELS})
"""By name, those for many languages first."""
