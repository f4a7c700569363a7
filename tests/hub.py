"""A hub on this machine: real HTTP, the few addresses that a fetch uses, and some bad manners."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class Repository:
    """Files by commit; ``main`` is the last one."""

    commits: dict[str, Mapping[str, bytes]]
    claimed: dict[str, int] = field(default_factory=dict)
    """Sizes that it states instead of the true ones."""

    @classmethod
    def of(cls, commit: str, folder: Path) -> Repository:
        """Take what is in a folder."""
        paths = [path for path in folder.rglob("*") if path.is_file()]
        return cls({commit: {str(p.relative_to(folder)): p.read_bytes() for p in paths}})


class LoopbackHub:
    """The hub, its repositories, and what it was asked."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.sent: dict[str, int] = {}
        """Bytes of each file, by path."""
        self.fetched: list[tuple[str, str]] = []
        """Commit and path of each file asked for."""
        self.tokens: set[str] = set()
        self.stops_halfway: set[str] = set()
        """Paths of files that it sends half of, and then nothing until it is closed."""
        self.stopped = asyncio.Event()
        """Set when it has."""
        self.spoils: set[str] = set()
        """Paths of files of which it changes a byte."""
        self.hides_behind_terms = False
        app = web.Application()
        app.router.add_get("/api/models/{owner}/{name}", self._info)
        app.router.add_get("/api/models/{owner}/{name}/revision/{commit}", self._info)
        app.router.add_get("/{owner}/{name}/resolve/{commit}/{path:.+}", self._file)
        self._server = TestServer(app)
        self._closing = asyncio.Event()

    @property
    def url(self) -> str:
        """Its address, for HF_ENDPOINT."""
        return str(self._server.make_url("")).rstrip("/")

    async def start(self) -> None:
        await self._server.start_server()

    async def close(self) -> None:
        self._closing.set()
        await self._server.close()

    def _asked(self, request: web.Request) -> tuple[Repository, str]:
        self.tokens.add(request.headers.get("Authorization", ""))
        if self.hides_behind_terms:
            raise web.HTTPForbidden(headers={"X-Error-Code": "GatedRepo"})
        where = request.match_info
        repository = self.repositories.get(f"{where['owner']}/{where['name']}")
        if repository is None:
            raise web.HTTPNotFound(headers={"X-Error-Code": "RepoNotFound"})
        commit = where.get("commit", list(repository.commits)[-1])
        if commit not in repository.commits:
            raise web.HTTPNotFound(headers={"X-Error-Code": "RevisionNotFound"})
        return repository, commit

    async def _info(self, request: web.Request) -> web.Response:
        repository, commit = self._asked(request)
        assert request.query["blobs"].lower() == "true"
        siblings = []
        for path, content in repository.commits[commit].items():
            size = repository.claimed.get(path, len(content))
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
            about = {"rfilename": path, "size": size, "blobId": blob.hexdigest()}
            if path.endswith((".safetensors", ".bin")):
                digest = hashlib.sha256(content).hexdigest()
                about["lfs"] = {"sha256": digest, "size": size, "pointerSize": 134}
            siblings.append(about)
        where = request.match_info
        return web.json_response(
            {"id": f"{where['owner']}/{where['name']}", "sha": commit, "siblings": siblings}
        )

    async def _file(self, request: web.Request) -> web.StreamResponse:
        repository, commit = self._asked(request)
        path = request.match_info["path"]
        self.fetched.append((commit, path))
        content = repository.commits[commit][path]
        if path in self.spoils:
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        begin = request.http_range.start or 0
        response = web.StreamResponse(status=206 if begin else 200)
        response.content_length = len(content) - begin
        if begin:
            response.headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        await response.prepare(request)
        part = content[begin : len(content) // 2] if path in self.stops_halfway else content[begin:]
        await response.write(part)
        self.sent[path] = self.sent.get(path, 0) + len(part)
        if path in self.stops_halfway:
            self.stopped.set()
            await self._closing.wait()
        with contextlib.suppress(ConnectionError):
            await response.write_eof()
        return response
