"""What has to hold of the container files; no Docker engine is needed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.services import WORKERS
from bot.settings import BotSettings
from workers import contract
from workers.settings import WorkerSettings

ROOT = Path(__file__).parents[2]
FILES = ("docker-compose.yml", "docker-compose.gpu.yml")
ONE_SHOT = {"migrate"}
SET_BY_IMAGE = {"DATA_DIR", "CACHE_DIR"}
MIN_PGVECTOR = (0, 8, 4)
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)[^}]*\}")


def read(name: str) -> dict[str, Any]:
    return YAML(typ="safe").load((ROOT / name).read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return read("docker-compose.yml")["services"]  # type: ignore[no-any-return]


def test_services_are_these(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", "redis", "migrate", "bot", *WORKERS}
    assert set(read("docker-compose.gpu.yml")["services"]) <= set(services)


def test_pgvector_is_new_enough(services: dict[str, Any]) -> None:
    tag = re.fullmatch(r"pgvector/pgvector:(\d+)\.(\d+)\.(\d+)-pg18", services["postgres"]["image"])
    assert tag is not None
    assert tuple(map(int, tag.groups())) >= MIN_PGVECTOR


def test_long_running_services_are_watched_and_restarted(services: dict[str, Any]) -> None:
    for name in services.keys() - ONE_SHOT:
        assert services[name]["healthcheck"]["test"], name
        assert services[name]["restart"] == "unless-stopped", name
        assert services[name]["stop_grace_period"], name
    for name in ONE_SHOT:
        assert services[name]["restart"] == "no"


def test_migrations_come_before_bot_and_worker(services: dict[str, Any]) -> None:
    assert services["migrate"]["command"] == ["python", "-m", "db", "migrate"]
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for name in ("bot", *WORKERS):
        conditions = {of: how["condition"] for of, how in services[name]["depends_on"].items()}
        assert conditions == {
            "migrate": "service_completed_successfully",
            "postgres": "service_healthy",
            "redis": "service_healthy",
        }


def test_published_on_loopback_only(services: dict[str, Any]) -> None:
    published = {name: list(service.get("ports", [])) for name, service in services.items()}
    assert {name for name, ports in published.items() if ports} == {"bot"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_no_secret_is_written_down(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|SECRET|KEY", key):
                assert value is None or re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), (name, key)
            if "://" in str(value):
                user = re.match(r"\w+://[^/@]*:([^/@]*)@", VARIABLE.sub("$", value))
                assert user is None or user[1] == "$", (name, key)


def test_only_the_bot_gets_tokens_and_the_web_password(services: dict[str, Any]) -> None:
    secrets = {"DISCORD_TOKEN", "TELEGRAM_TOKEN", "WEB_PASSWORD"}
    holders = {name for name, s in services.items() if secrets & set(s.get("environment", {}))}
    assert holders == {"bot"}


@pytest.mark.parametrize(
    ("service", "settings"),
    [("bot", BotSettings), *((name, WorkerSettings) for name in WORKERS)],
)
def test_every_setting_reaches_its_container(
    services: dict[str, Any], service: str, settings: type[BotSettings | WorkerSettings]
) -> None:
    names = {name.upper() for name in settings.model_fields}
    assert names - SET_BY_IMAGE == set(services[service]["environment"])


def test_every_variable_is_explained_in_the_example(services: dict[str, Any]) -> None:
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in FILES)
    used = set(VARIABLE.findall(text)) | {
        key
        for service in services.values()
        for key, value in service.get("environment", {}).items()
        if value is None
    }
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    explained = set(re.findall(r"^#? ?(\w+)=", example, flags=re.MULTILINE))
    assert used <= explained


def test_queue_is_durable(services: dict[str, Any]) -> None:
    command = " ".join(services["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_data_outlives_its_containers(services: dict[str, Any]) -> None:
    mounts = {name: list(service.get("volumes", [])) for name, service in services.items()}
    # Postgres 18 images keep their data in a folder below this one.
    assert mounts["postgres"] == ["postgres:/var/lib/postgresql"]
    assert mounts["redis"] == ["redis:/data"]
    for name in ("bot", *WORKERS):
        assert mounts[name] == [
            *("blobs:/blobs", "packs:/data/packs", "models:/data/models", "cache:/cache")
        ]
    volumes = {"postgres", "redis", "blobs", "packs", "models", "cache"}
    assert set(read("docker-compose.yml")["volumes"]) == volumes


def test_workers_can_be_multiplied(services: dict[str, Any]) -> None:
    for name in WORKERS:
        assert not services[name].keys() & {"container_name", "ports", "hostname"}


def test_every_queue_has_a_worker(services: dict[str, Any]) -> None:
    served: list[str] = []
    for name in WORKERS:
        command = services[name]["command"]
        served += command[command.index("-Q") + 1].split(",")
    assert sorted(served) == sorted(contract.QUEUES)


def test_image_gets_every_package_and_nothing_private() -> None:
    packaging = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = packaging["tool"]["setuptools"]["packages"]["find"]["include"]
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    packages = {pattern.removesuffix("*") for pattern in patterns}
    build = {"pyproject.toml", "README.md", "LICENSE", "requirements", "scripts"}
    assert let_in == packages | build


def test_image_is_installed_by_the_lock() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    installs = re.findall(r"pip install ([^;\n]+)", text)
    by_hash = [line for line in installs if line.startswith("--require-hashes -r requirements/")]
    others = [line for line in installs if line not in by_hash]
    assert len(by_hash) == 3
    # torch without CUDA has other files than the lock, but its version; then the project itself.
    assert len(others) == 2
    assert "--index-url" in others[0]
    assert "torch==" in others[0]
    assert others[1].startswith("--no-build-isolation .")
    assert "PIP_NO_DEPS=1" in text
    for service in read("docker-compose.gpu.yml")["services"].values():
        assert service["build"]["args"] == {"TORCH": "cuda"}


def test_image_runs_as_an_ordinary_user() -> None:
    last_stage = (ROOT / "Dockerfile").read_text(encoding="utf-8").split("\nFROM ")[-1]
    assert re.search(r"^USER (?!root)\w+$", last_stage, flags=re.MULTILINE)
    assert "fonts-noto-color-emoji libfribidi0" in last_stage
