"""``python -m workers fetch`` against a hub on this machine: real processes, real HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import pty
import shutil
import termios
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.hub import LoopbackHub, Repository
from tests.models.hub.conftest import BASE, LARGE, Operator
from tests.tiny import EXACT
from workers.encoders.models import load, model_folder
from workers.hub.catalogue import CATALOGUE

WEIGHTS = "model.safetensors"
(SOURCE,) = LARGE.sources


@pytest.fixture
def folder(operator: Operator) -> Path:
    return operator.models / LARGE.name


async def test_what_is_needed_is_fetched_once_and_used_without_the_hub(
    hub: LoopbackHub, operator: Operator, folder: Path, clip: Path
) -> None:
    code, said = await operator.run("fetch", LARGE.name)
    assert code == 0, said
    assert f"ENCODER={LARGE.name}" in said
    assert (folder / WEIGHTS).read_bytes() == (clip / WEIGHTS).read_bytes()
    assert not (folder / "README.md").exists()
    assert not (folder / "flax_model.msgpack").exists()
    record = json.loads((folder / "fetched.json").read_text())
    assert record["revisions"] == {SOURCE.repository: SOURCE.revision}
    assert record["sha256"][WEIGHTS] == hashlib.sha256((clip / WEIGHTS).read_bytes()).hexdigest()

    sent = dict(hub.sent)
    await hub.close()
    code, said = await operator.run("fetch", LARGE.name)
    assert (code, hub.sent) == (0, sent)
    assert "is there already" in said
    ours = load(str(model_folder(LARGE.name, operator.models)), options=EXACT)
    theirs = load(str(clip), options=EXACT)
    assert np.array_equal(ours.encode_texts(["cat"]), theirs.encode_texts(["cat"]))
    picture = Image.new("RGB", (40, 30), "red")
    assert np.array_equal(ours.encode_images([picture]), theirs.encode_images([picture]))
    assert ours.name == LARGE.name


async def test_killed_in_the_middle_it_leaves_nothing_and_goes_on_where_it_was(
    hub: LoopbackHub, operator: Operator, folder: Path
) -> None:
    # Large enough that half of it does not fit between the two: some must have been written.
    weights = os.urandom(64 * 2**20)
    repository = hub.repositories[SOURCE.repository]
    repository.commits = {
        commit: {**files, WEIGHTS: weights} for commit, files in repository.commits.items()
    }
    hub.stops_halfway.add(WEIGHTS)
    async with operator.running("fetch", LARGE.name), asyncio.timeout(180):
        await hub.stopped.wait()
    assert operator.finished() == []
    there = operator.partial(LARGE.name, WEIGHTS).stat().st_size
    assert 0 < there <= len(weights) // 2

    hub.stops_halfway.clear()
    hub.sent.clear()
    code, said = await operator.run("fetch", LARGE.name)
    assert code == 0, said
    assert hub.sent[WEIGHTS] == len(weights) - there
    assert (folder / WEIGHTS).read_bytes() == weights
    assert operator.finished() == [LARGE.name]


@pytest.mark.parametrize("name", [WEIGHTS, "tokenizer.json"])
async def test_a_byte_that_is_not_the_hubs_is_refused(
    hub: LoopbackHub, operator: Operator, name: str
) -> None:
    hub.spoils.add(name)
    code, said = await operator.run("fetch", LARGE.name)
    assert code == 1
    assert f"{name} of {SOURCE.repository} has arrived damaged" in said
    assert operator.finished() == []

    hub.spoils.clear()
    code, said = await operator.run("fetch", LARGE.name)
    assert code == 0, said


async def test_without_a_network_it_says_what_to_do(hub: LoopbackHub, operator: Operator) -> None:
    await hub.close()
    code, said = await operator.run("fetch", LARGE.name)
    assert code == 1
    assert f"{operator.url} does not answer" in said
    assert f"{operator.models / LARGE.name}: model.safetensors, config.json" in said
    assert f"{operator.url}/{SOURCE.repository}/tree/{SOURCE.revision}" in said
    assert "HF_ENDPOINT" in said
    code, said = await operator.run("fetch", LARGE.name, HF_HUB_OFFLINE="1")
    assert code == 1
    assert "HF_HUB_OFFLINE keeps it from asking the hub" in said


async def test_files_brought_by_hand_do(operator: Operator, folder: Path, clip: Path) -> None:
    shutil.copytree(clip, folder)
    assert model_folder(LARGE.name, operator.models) == folder
    _, said = await operator.run("models", "--json")
    states = {row["name"]: row["state"] for row in json.loads(said)}
    assert states[LARGE.name] == "brought by hand"
    assert states[BASE.name] == "not fetched"
    assert states["mini"] == "bundled"
    relevance = {row["name"]: row["relevance"] for row in json.loads(said)}
    assert relevance["mini"] == "uncalibrated"
    assert relevance[LARGE.name] == "by your pictures"
    code, said = await operator.run("fetch", LARGE.name)
    assert code == 1
    assert "was not fetched: move it away" in said


async def test_pickled_weights_become_safetensors(operator: Operator, pickled: Path) -> None:
    code, said = await operator.run("fetch", BASE.name)
    assert code == 0, said
    there = operator.models / BASE.name
    assert (there / WEIGHTS).is_file()
    assert not (there / "pytorch_model.bin").exists()
    encoder = load(str(there), options=EXACT)
    assert encoder.encode_texts(["cat"]).shape == (1, BASE.dim)


async def test_progress_is_shown_on_a_terminal(operator: Operator) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    async with operator.running("fetch", LARGE.name, stderr=theirs) as process:
        os.close(theirs)
        out, _ = await process.communicate()
    drawn = os.read(ours, 100_000).decode()
    os.close(ours)
    assert process.returncode == 0, out
    assert f"{WEIGHTS}: 100%" in drawn


async def test_two_at_once_do_not_disturb_each_other(hub: LoopbackHub, operator: Operator) -> None:
    hub.stops_halfway.add(WEIGHTS)
    async with operator.running("fetch", LARGE.name):
        async with asyncio.timeout(180):
            await hub.stopped.wait()
        code, said = await operator.run("fetch", LARGE.name)
    assert code == 1
    assert "is being fetched by another process already" in said


async def test_a_model_without_a_pinned_commit_stays_at_the_first_one(
    hub: LoopbackHub, operator: Operator, clip: Path
) -> None:
    model = CATALOGUE["mexma-siglip2"]
    (source,) = model.sources
    assert source.revision is None
    begun, later = "b" * 40, "c" * 40
    repository = hub.repositories[source.repository] = Repository.of(begun, clip)
    hub.spoils.add("config.json")
    _, said = await operator.run("fetch", model.name)
    assert f"{source.repository} is at commit {begun}" in said
    hub.spoils.clear()
    repository.commits[later] = repository.commits[begun]
    code, said = await operator.run("fetch", model.name)
    assert {commit for commit, _ in hub.fetched} == {begun}
    # It is no MEXMA at all.
    assert code == 1
    assert "has arrived, but cannot be used" in said or "has arrived, but makes vectors" in said
    assert operator.finished() == []


async def test_a_commit_may_be_named(hub: LoopbackHub, operator: Operator, clip: Path) -> None:
    wanted = "d" * 40
    repository = hub.repositories[SOURCE.repository]
    repository.commits[wanted] = next(iter(repository.commits.values()))
    code, said = await operator.run("fetch", LARGE.name, "--revision", wanted)
    assert code == 0, said
    assert {commit for commit, _ in hub.fetched} == {wanted}
    code, said = await operator.run("fetch", LARGE.name, "--revision", "e" * 40)
    assert code == 1
    assert "move it away to fetch another revision" in said


async def test_the_token_is_sent_and_never_shown(hub: LoopbackHub, operator: Operator) -> None:
    hub.hides_behind_terms = True
    code, said = await operator.run("fetch", LARGE.name, HF_TOKEN="hf_secret")
    assert code == 1
    assert "accepted its terms" in said
    assert hub.tokens == {"Bearer hf_secret"}
    assert "hf_secret" not in said


async def test_refusals_are_a_sentence(hub: LoopbackHub, operator: Operator, clip: Path) -> None:
    async def refused(*arguments: str) -> str:
        code, said = await operator.run("fetch", *arguments)
        assert code == 1
        assert len(said.splitlines()) == 1, said
        return said

    assert "Did you mean siglip2-base?" in await refused("siglip2-bas")
    assert "full hash of a commit" in await refused(LARGE.name, "--revision", "main")
    assert "is not made of x/y" in await refused(LARGE.name, "--revision", f"x/y={'a' * 40}")
    assert "has no revision" in await refused(LARGE.name, "--revision", "f" * 40)
    repository = hub.repositories[SOURCE.repository]
    ((commit, files),) = repository.commits.items()
    repository.claimed[WEIGHTS] = 10**18
    assert "set DATA_DIR to a folder on a larger disk" in await refused(LARGE.name)
    rest = {path: content for path, content in files.items() if path != WEIGHTS}
    repository.commits[commit] = {**rest, f"{WEIGHTS}.index.json": b"{}"}
    assert "has its weights in several files" in await refused(LARGE.name)
    repository.commits[commit] = rest
    assert f"has no {WEIGHTS}, only flax_model.msgpack" in await refused(LARGE.name)
    del hub.repositories[SOURCE.repository]
    assert "does not exist, or is not for everybody" in await refused(LARGE.name)
