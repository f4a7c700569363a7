"""A hub on this machine with small models under the names of real ones."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import WordLevel
from transformers import CLIPConfig, CLIPModel, PreTrainedTokenizerFast

from tests.hub import LoopbackHub, Repository
from tests.tiny import torch_quiet
from workers.hub.catalogue import CATALOGUE

ROOT = Path(__file__).parents[3]
LARGE = CATALOGUE["clip-vit-large-patch14"]
"""One repository, safetensors."""
BASE = CATALOGUE["clip-vit-base-patch32"]
"""One repository, pickled weights."""


def _save(folder: Path, dim: int) -> None:
    words = {"<pad>": 0, "<|endoftext|>": 1, "<unk>": 2, "cat": 3, "猫": 4}
    small = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
    text = {**small, "num_hidden_layers": 1, "vocab_size": 5, "max_position_embeddings": 12}
    ids = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1}
    vision = {**small, "num_hidden_layers": 1, "image_size": 16, "patch_size": 8}
    torch.manual_seed(3)
    config = CLIPConfig(text_config={**text, **ids}, vision_config=vision, projection_dim=dim)
    CLIPModel(config).save_pretrained(folder)
    tokenizer = Tokenizer(WordLevel(words, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    kind: Any = PreTrainedTokenizerFast
    kind(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>").save_pretrained(folder)
    pictures = {"size": 16, "crop_size": 16, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(pictures))
    (folder / "README.md").write_text("Not for us.")
    (folder / "flax_model.msgpack").write_bytes(b"Not for us.")


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small CLIP that makes vectors as large as LARGE's, in the hub's format."""
    folder = tmp_path_factory.mktemp("hub") / "large"
    with torch_quiet():
        _save(folder, LARGE.dim)
    return folder


@pytest.fixture(scope="session")
def pickled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for BASE, with its weights as torch pickles them."""
    folder = tmp_path_factory.mktemp("hub") / "base"
    with torch_quiet():
        _save(folder, BASE.dim)
        torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    return folder


@pytest.fixture
async def hub(clip: Path, pickled: Path) -> AsyncIterator[LoopbackHub]:
    """The hub, with LARGE and BASE at the commits that the catalogue pins."""
    hub = LoopbackHub()
    for model, folder in ((LARGE, clip), (BASE, pickled)):
        (source,) = model.sources
        assert source.revision
        hub.repositories[source.repository] = Repository.of(source.revision, folder)
    await hub.start()
    yield hub
    await hub.close()


@dataclass(frozen=True)
class Operator:
    """Somebody who runs commands, with a DATA_DIR of their own."""

    data: Path
    url: str

    @property
    def models(self) -> Path:
        return self.data / "models"

    def finished(self) -> list[str]:
        """Return the names of models that could be used."""
        return [path.name for path in self.models.iterdir() if not path.name.startswith(".")]

    def partial(self, name: str, file: str) -> Path:
        """Return where a file lies while it is fetched."""
        return self.models / f".{name}.partial" / f"{file}.part"

    @asynccontextmanager
    async def running(
        self, *arguments: str, stderr: int = PIPE, **more: str
    ) -> AsyncIterator[Process]:
        """Run ``python -m workers …``; the block ends it."""
        kept = ("PATH", "LANG", "HOME")
        environment = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(self.data),
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(self.data / "hf"),
        }
        self.data.mkdir(exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "workers", *arguments),
            env={**environment, **more},
            cwd=self.data,  # no .env
            stdout=PIPE,
            stderr=stderr,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()

    async def run(self, *arguments: str, **more: str) -> tuple[int | None, str]:
        """Run it; returns its exit code and all that it wrote."""
        async with self.running(*arguments, **more) as process:
            out, err = await process.communicate()
        return process.returncode, (out + err).decode()


@pytest.fixture
def operator(tmp_path: Path, hub: LoopbackHub) -> Operator:
    return Operator(tmp_path / "data", hub.url)
