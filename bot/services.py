"""The services behind the bot on one machine: Postgres, Redis, migrations, two workers."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.settings import BotSettings
from bot.supervisor import Child, Command
from db.embedded import EmbeddedPaths, EmbeddedPostgres, EmbeddedRedis, ends_with_parent
from db.errors import EmbeddedError
from workers import contract

TEXT_WORKER = "worker-text"
PICTURE_WORKER = "worker-pictures"
WORKERS = (TEXT_WORKER, PICTURE_WORKER)
"""The children that are workers: one answers questions, one takes pictures in."""
READY_TIMEOUT_S = 60.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class ServiceUrls:
    """Where the services are. They may hold passwords and are not for printing."""

    database: str
    redis: str
    blobs: str

    def __repr__(self) -> str:
        return "ServiceUrls(…)"


def service_urls(settings: BotSettings) -> ServiceUrls:
    """Return the services' addresses, given or embedded."""
    paths = EmbeddedPaths(settings.data_dir)
    database, redis, blobs = settings.database_url, settings.redis_url, settings.blob_url
    return ServiceUrls(
        database=database.get_secret_value() if database else EmbeddedPostgres(paths).url,
        redis=redis.get_secret_value() if redis else EmbeddedRedis(paths).url,
        blobs=blobs.get_secret_value() if blobs else (settings.data_dir / "blobs").as_uri(),
    )


class LocalServices:
    """Starts what the settings do not name elsewhere, and keeps it running until stopped."""

    def __init__(self, settings: BotSettings) -> None:
        self._settings = settings
        self._paths = EmbeddedPaths(settings.data_dir)
        self.urls = service_urls(settings)
        self.children: dict[str, Child] = {}

    async def start(self) -> None:
        """Bring everything up; returns when the database is migrated. Raises EmbeddedError.

        The workers go on loading their towers; they announce themselves in Redis when warm.
        """
        self._paths.make()
        (self._settings.data_dir / "logs").mkdir(exist_ok=True)
        starting = []
        if self._settings.embeds_redis:
            starting.append(self._start_redis())
        if self._settings.embeds_database:
            starting.append(self._start_postgres())
        await asyncio.gather(*starting)
        if self._settings.embeds_redis:
            # They load their towers while the migrations run; a question needs the first one.
            await self._start(self._worker(TEXT_WORKER, [contract.QUEUE_TEXT], threads=2))
            await self._start(
                self._worker(PICTURE_WORKER, contract.PICTURE_QUEUES, threads=4, nice=10)
            )
        await self._migrate()

    async def stop(self) -> None:
        """End the workers first, then the servers they need."""
        workers = [self.children.pop(name) for name in WORKERS if name in self.children]
        await asyncio.gather(*(worker.stop() for worker in workers))
        await asyncio.gather(*(child.stop() for child in self.children.values()))
        self.children.clear()

    def why_no_worker(self) -> str | None:
        """Return the last words of a worker that has died, None when none ever has."""
        dead = [
            worker
            for name in WORKERS
            if (worker := self.children.get(name)) is not None and worker.last_code is not None
        ]
        # The one that has given up says why; another one may have been killed.
        dead.sort(key=lambda worker: worker.last_code != os.EX_CONFIG)
        for worker in dead:
            told = "worker_cannot_start" if worker.last_code == os.EX_CONFIG else ""
            words = worker.last_words(told)
            reason = re.search(r'reason="((?:[^"\\]|\\.)*)"', words)
            return reason[1] if reason else words
        return None

    @property
    def worker_gave_up(self) -> bool:
        """Whether a worker has said that starting it again is of no use."""
        workers = (self.children.get(name) for name in WORKERS)
        return any(worker is not None and worker.gave_up for worker in workers)

    async def _start_postgres(self) -> None:
        server = EmbeddedPostgres(self._paths)
        await asyncio.to_thread(server.initialise)
        child = await self._start(
            Command(
                "postgres",
                server.command(),
                self._log("postgres"),
                stop_signal=signal.SIGINT,  # ends sessions at once, then a checkpoint
            )
        )
        await _until_ready(server.is_ready, child)

    async def _start_redis(self) -> None:
        server = EmbeddedRedis(self._paths)
        child = await self._start(Command("redis", server.command(), self._log("redis")))
        await _until_ready(server.is_ready, child)
        # What the workers of the last run have announced outlives them in Redis' file.
        await asyncio.to_thread(server.forget, [contract.heartbeat_key(q) for q in contract.QUEUES])

    async def _migrate(self) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "db", "migrate"),
            env={**os.environ, "DATABASE_URL": self.urls.database},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise EmbeddedError(output.decode("utf-8", "replace").strip())

    def _worker(self, name: str, queues: Sequence[str], *, threads: int, nice: int = 0) -> Command:
        # Bulk must not take the processor from a question.
        polite = [found, "-n", str(nice)] if nice and (found := shutil.which("nice")) else []
        return Command(
            name,
            [
                *ends_with_parent("TERM"),
                *polite,
                *(sys.executable, "-m", "workers.celery_worker", "-Q", ",".join(queues)),
                *("--concurrency", str(threads), "--hostname", f"{name}@local"),
            ],
            self._log(name),
            environment={
                "DATABASE_URL": self.urls.database,
                "REDIS_URL": self.urls.redis,
                "BLOB_URL": self.urls.blobs,
                "DATA_DIR": str(self._settings.data_dir),
                "LOG_LEVEL": self._settings.log_level,
                **self._settings.encoder_environment,
            },
        )

    async def _start(self, command: Command) -> Child:
        child = Child(command)
        self.children[command.name] = child
        await child.start()
        return child

    def _log(self, name: str) -> Path:
        return self._settings.data_dir / "logs" / f"{name}.log"


async def _until_ready(is_ready: Callable[[], bool], child: Child) -> None:
    """Wait until a server answers; raises EmbeddedError with its last words."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + READY_TIMEOUT_S
    while not await asyncio.to_thread(is_ready):
        if loop.time() > give_up or child.restarts > 20:
            raise EmbeddedError(f"{child.command.name} does not start: {child.last_words()}")
        await asyncio.sleep(_POLL_S)
