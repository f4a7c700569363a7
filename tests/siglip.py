"""Small SigLIP models, in the files that the hub has them in."""

from __future__ import annotations

import io
import json
from pathlib import Path

import torch
from sentencepiece import SentencePieceTrainer
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE
from transformers import SiglipConfig, SiglipModel

from tests.golden import TEXTS

LENGTH = 16
"""Ids of a text."""
_SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
}
_LETTERS = sorted(set("".join(TEXTS).lower()) - {" "})


def save(folder: Path, *, pieces: int, resample: int, projection: int | None = None) -> None:
    """Save a model for pictures of 16 pixels, all but its tokenizer."""
    torch.manual_seed(5)
    vision = {**_SMALL, "hidden_size": projection or 32, "image_size": 16, "patch_size": 8}
    config = SiglipConfig(
        text_config={
            **_SMALL,
            "vocab_size": pieces,
            "max_position_embeddings": LENGTH,
            "projection_size": projection,
        },
        vision_config=vision,
    )
    model = SiglipModel(config)
    for parameter in model.parameters():  # as they come, all texts lie close together
        torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(folder)
    save_settings(folder, resample=resample)


def save_settings(folder: Path, *, resample: int) -> None:
    """Save the hub's settings for pictures, of 16 pixels here."""
    write(
        folder / "preprocessor_config.json",
        {
            "do_normalize": True,
            "do_rescale": True,
            "do_resize": True,
            "image_mean": [0.5, 0.5, 0.5],
            "image_processor_type": "SiglipImageProcessor",
            "image_std": [0.5, 0.5, 0.5],
            "processor_class": "SiglipProcessor",
            "resample": resample,
            "rescale_factor": 0.00392156862745098,
            "size": {"height": 16, "width": 16},
        },
    )


def save_sentence_pieces(folder: Path) -> int:
    """Save a tokenizer of SigLIP's kind and return how many pieces it has."""
    lines = [*(text.lower() for text in TEXTS if text.strip()), "a black cat", "ein kater"] * 9
    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        vocab_size=100,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spiece.model").write_bytes(model.getvalue())
    details = {
        "do_lower_case": True,
        "eos_token": "</s>",
        "model_input_names": ["input_ids"],
        "model_max_length": LENGTH,
        "pad_token": "</s>",
        "processor_class": "SiglipProcessor",
        "tokenizer_class": "SiglipTokenizer",
        "unk_token": "<unk>",
    }
    write(folder / "tokenizer_config.json", details)
    return 100


def save_gemma_pieces(folder: Path) -> int:
    """Save a tokenizer of SigLIP 2's kind and return how many pieces it has."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    merged = ["ca", "cat", "bl", "bla", "er"]
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    pieces = [*special, *bytes_, "▁", *_LETTERS, *(p for p in merged if p not in _LETTERS)]
    merges = [("c", "a"), ("ca", "t"), ("b", "l"), ("bl", "a"), ("e", "r")]
    numbers = {piece: number for number, piece in enumerate(pieces)}
    words = Tokenizer(BPE(numbers, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    words.add_special_tokens(special)
    words.normalizer = normalizers.Replace(" ", "▁")
    words.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    words.post_processor = processors.TemplateProcessing(
        single="$A <eos>", special_tokens=[("<eos>", 1)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    words.save(str(folder / "tokenizer.json"))
    details = {
        "add_bos_token": False,
        "add_eos_token": True,
        "model_input_names": ["input_ids"],
        "bos_token": "<bos>",
        "eos_token": "<eos>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "padding_side": "right",
        "tokenizer_class": "GemmaTokenizer",
    }
    write(folder / "tokenizer_config.json", details)
    return len(pieces)


def write(path: Path, content: object) -> None:
    """Write JSON."""
    path.write_text(json.dumps(content))
