"""A SigLIP of real size with random weights, for figures of models that cannot be had here.

The architecture of ``google/siglip-base-patch16-256-multilingual``: a forward pass costs what it
costs with trained weights. It is made once, from a fixed seed, in the hub's own format.

    python -m benchmarks._real_size    # makes it and prints its folder
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import product
from pathlib import Path

from platformdirs import user_cache_path

PIECES = 250_000
LENGTH = 64
SEED = 20
_PAD, _END, _UNKNOWN = "<pad>", "</s>", "<unk>"
_MADE_UP_SCORE = -100.0
"""No text is cut so: trained pieces are worth more."""
_MINI = Path(__file__).parent.parent / "workers" / "models" / "mini"


def real_size_model() -> Path:
    """Return the model's folder; made in a process of its own the first time."""
    folder = user_cache_path("babelpix") / "benchmarks" / f"siglip-base-256-random-{SEED}"
    if not (folder / "config.json").is_file():
        subprocess.run([sys.executable, "-m", "benchmarks._real_size", str(folder)], check=True)
    return folder


def make(folder: Path) -> None:
    """Write the model: 370 million weights, 1.4 GiB."""
    import torch
    from transformers import SiglipConfig, SiglipModel

    scratch = folder.with_name(f"{folder.name}.new")
    scratch.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    text = {
        "vocab_size": PIECES,
        "max_position_embeddings": LENGTH,
        "pad_token_id": 1,
        "bos_token_id": 1,
        "eos_token_id": 1,
    }
    vision = {"image_size": 256, "patch_size": 16}
    model = SiglipModel(SiglipConfig(text_config=text, vision_config=vision))
    # Without a config.json, a model that was not finished is none.
    model.save_pretrained(scratch, max_shard_size="100GB")
    _write_tokenizer(scratch)
    half = [0.5, 0.5, 0.5]
    _write(
        scratch / "preprocessor_config.json",
        image_processor_type="SiglipImageProcessor",
        processor_class="SiglipProcessor",
        do_normalize=True,
        do_rescale=True,
        do_resize=True,
        image_mean=half,
        image_std=half,
        resample=3,
        rescale_factor=1 / 255,
        size={"height": 256, "width": 256},
    )
    scratch.rename(folder)


def _write_tokenizer(folder: Path) -> None:
    """Write a SentencePiece vocabulary: mini's pieces, and made-up ones up to the number."""
    from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from tokenizers.models import Unigram

    trained = json.loads((_MINI / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    scores = dict.fromkeys((_PAD, _END, _UNKNOWN), 0.0)
    scores |= {piece: score for piece, score in trained if not piece.startswith("<")}
    longer = [piece for piece in scores if len(piece) > 3]
    for first, second in product(longer, repeat=2):
        if len(scores) == PIECES:
            break
        scores.setdefault(first + second, _MADE_UP_SCORE)
    tokenizer = Tokenizer(Unigram(list(scores.items()), unk_id=2, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {_END}", special_tokens=[(_END, 1)]
    )
    tokenizer.add_special_tokens([_PAD, _END, _UNKNOWN])
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(
        folder / "tokenizer_config.json",
        tokenizer_class="PreTrainedTokenizerFast",
        do_lower_case=True,
        model_max_length=LENGTH,
        pad_token=_END,
        eos_token=_END,
        unk_token=_UNKNOWN,
    )


def _write(path: Path, **content: object) -> None:
    path.write_text(json.dumps(content, indent=1), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        make(Path(sys.argv[1]))
    else:
        print(real_size_model())
