"""Pickled weights become safetensors, and run nothing on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from workers.encoders.base import EncoderError
from workers.encoders.pickles import to_safetensors


class _Trap:
    """An object whose pickle makes a folder when it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def _weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return {"a.weight": torch.randn(3, 4), "b": torch.arange(5), "c": torch.randn(2).half()}


@pytest.mark.parametrize("zipped", [True, False])
def test_the_command_writes_the_same_weights(tmp_path: Path, zipped: bool) -> None:
    source, target = tmp_path / "pytorch_model.bin", tmp_path / "model.safetensors"
    torch.save(_weights(), source, _use_new_zipfile_serialization=zipped)
    command = [sys.executable, "-m", "workers.encoders.pickles", str(source), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    written = load_file(target)
    assert written.keys() == _weights().keys()
    for name, value in _weights().items():
        assert torch.equal(written[name], value)
        assert written[name].dtype == value.dtype


def test_what_training_put_around_them_is_taken_off(tmp_path: Path) -> None:
    source, target = tmp_path / "epoch_32.pt", tmp_path / "open_clip_model.safetensors"
    state = {f"module.{name}": value for name, value in _weights().items()}
    torch.save({"epoch": 32, "state_dict": state}, source)
    to_safetensors(source, target)
    assert load_file(target).keys() == _weights().keys()


def test_one_tensor_may_have_two_names_and_lie_across(tmp_path: Path) -> None:
    source, target = tmp_path / "pytorch_model.bin", tmp_path / "model.safetensors"
    shared = torch.arange(12.0).reshape(3, 4)
    torch.save({"a": shared, "b": shared, "c": shared.T, "d": shared[1]}, source)
    to_safetensors(source, target)
    written = load_file(target)
    assert torch.equal(written["a"], shared)
    assert torch.equal(written["b"], shared)
    assert torch.equal(written["c"], shared.T)
    assert torch.equal(written["d"], shared[1])


def test_code_in_a_pickle_is_not_run(tmp_path: Path) -> None:
    source, target = tmp_path / "pytorch_model.bin", tmp_path / "model.safetensors"
    torch.save({**_weights(), "trap": _Trap(tmp_path / "sprung")}, source)
    with pytest.raises(EncoderError, match="holds no weights that can be read safely"):
        to_safetensors(source, target)
    assert [path.name for path in tmp_path.iterdir()] == ["pytorch_model.bin"]
    torch.load(source, weights_only=False)
    assert (tmp_path / "sprung").is_dir()


@pytest.mark.parametrize("content", [b"", b"no pickle", b"PK\x03\x04 cut off"])
def test_what_is_no_pickle_is_named_in_one_line(tmp_path: Path, content: bytes) -> None:
    source, target = tmp_path / "pytorch_model.bin", tmp_path / "model.safetensors"
    source.write_bytes(content)
    command = [sys.executable, "-m", "workers.encoders.pickles", str(source), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{source} holds no weights that can be read safely: ")
    assert len(done.stderr.splitlines()) == 1
    assert not target.exists()


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    source, target = tmp_path / "pytorch_model.bin", tmp_path / "none" / "model.safetensors"
    torch.save(_weights(), source)
    with pytest.raises(EncoderError, match=r"cannot write \S+/none/model\.safetensors"):
        to_safetensors(source, target)
