"""Small models of two repositories, in the files that the hub has them in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram, WordPiece
from transformers import CLIPConfig, CLIPModel, PreTrainedTokenizerFast

from tests.golden import TEXTS

_LETTERS = sorted(set("".join(TEXTS)) - {" "})
LONGEST_TEXT = 24


def word_pieces() -> PreTrainedTokenizerFast:
    """Return a tokenizer of BERT's kind, cased, with a piece for every letter."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = [*special, "black", "cat", *_LETTERS, *(f"##{letter}" for letter in _LETTERS)]
    words = Tokenizer(WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    words.normalizer = normalizers.BertNormalizer(lowercase=False)
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return _fast(words, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")


def sentence_pieces() -> PreTrainedTokenizerFast:
    """Return a tokenizer of XLM-RoBERTa's kind, with a piece for every letter."""
    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    letters = [(piece, -3.0) for piece in ["▁", "▁black", "▁cat", *_LETTERS]]
    words = Tokenizer(Unigram([*special, *letters], unk_id=3, byte_fallback=False))
    words.normalizer = normalizers.NFKC()
    words.pre_tokenizer = pre_tokenizers.Metaspace()
    words.decoder = decoders.Metaspace()
    words.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return _fast(words, pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>")


def clip(dim: int) -> CLIPModel:
    """Return a CLIP model for pictures of 16 pixels; its text tower is for nobody."""
    small = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
    deep = {"num_hidden_layers": 2, "initializer_range": 0.2}
    nobody = {"vocab_size": 8, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    torch.manual_seed(5)
    return CLIPModel(
        CLIPConfig(
            text_config={**small, **deep, **nobody, "max_position_embeddings": LONGEST_TEXT},
            vision_config={**small, **deep, "image_size": 16, "patch_size": 8},
            projection_dim=dim,
        )
    )


def save_clip(folder: Path, dim: int) -> None:
    """Save it with the settings for pictures that OpenAI's models have on the hub."""
    clip(dim).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(
        """{
  "crop_size": 16,
  "do_center_crop": true,
  "do_normalize": true,
  "do_resize": true,
  "feature_extractor_type": "CLIPFeatureExtractor",
  "image_mean": [0.48145466, 0.4578275, 0.40821073],
  "image_std": [0.26862954, 0.26130258, 0.27577711],
  "resample": 3,
  "size": 16
}"""
    )


def _fast(words: Tokenizer, **special: str) -> PreTrainedTokenizerFast:
    kind: Any = PreTrainedTokenizerFast
    fast: PreTrainedTokenizerFast = kind(tokenizer_object=words, model_max_length=512, **special)
    return fast
