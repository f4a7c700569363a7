"""A strict Bot API server on loopback: it refuses what Telegram would refuse.

It speaks as much of Bot API 10.1 as the front-end uses. The methods are in ``telegram_sending``,
``telegram_editing``, ``telegram_lookups``, ``telegram_webhook`` and ``telegram_updates``, the
people in ``telegram_people``, the numbers in ``telegram_limits``.
"""

from __future__ import annotations

import hashlib
import json
import ssl
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from tests.acceptance.telegram_chats import Json, World
from tests.acceptance.telegram_editing import Editing
from tests.acceptance.telegram_faults import Fault, Floods
from tests.acceptance.telegram_limits import MAX_UPLOAD_BYTES, RefusalError
from tests.acceptance.telegram_lookups import Lookups
from tests.acceptance.telegram_sending import Method, Sending, UploadedFile
from tests.acceptance.telegram_webhook import Webhook

__all__ = ["TOKEN", "Fault", "TelegramServer", "telegram_server"]

TOKEN = "42:fake-token_of-the-tests"


@dataclass(frozen=True)
class Upload:
    """A file that came with a call, whatever became of the call."""

    method: str
    digest: str
    size: int
    is_done: bool


class TelegramServer:
    """The server; its ``world`` is what people see."""

    def __init__(
        self, token: str = TOKEN, username: str = "BabelpixBot", *, privacy: bool = False
    ) -> None:
        self.token = token
        self.world = World(username, privacy=privacy)
        self.url = ""
        self.calls: list[str] = []
        self.counts: Counter[str] = Counter()
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        """What goes wrong with the next calls of each method; "file" is a download."""
        self.flood = Floods()
        self.broken: set[str] = set()
        """Methods that fail."""
        self.refusals: list[str] = []
        """Everything that was refused without a test having asked for it."""
        self.misbehaviour: list[str] = []
        """Of that, what the bot could have known."""
        self.uploads: list[Upload] = []
        self.downloaded_bytes = 0
        self.webhook = Webhook(self.world.queue)
        self.port = 0
        self._runner: web.AppRunner | None = None
        sending = Sending(self.world, self.flood)
        self._methods: dict[str, Method] = {
            "getUpdates": self.world.queue.poll,
            **sending.methods,
            **Editing(self.world, sending).methods,
            **Lookups(self.world).methods,
            **self.webhook.methods,
        }

    @property
    def floods(self) -> list[int]:
        """Seconds to wait, for each of the next messages; each is refused once."""
        return self.flood.ordered

    @floods.setter
    def floods(self, seconds: list[int]) -> None:
        self.flood.ordered = seconds

    @property
    def uploaded_bytes(self) -> int:
        return sum(upload.size for upload in self.uploads)

    @property
    def uploaded_twice(self) -> list[str]:
        """Digests (SHA-256) of the files that have arrived more than once."""
        done = Counter(upload.digest for upload in self.uploads if upload.is_done)
        return [digest for digest, number in done.items() if number > 1]

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen, after a stop on the same port as before."""
        application = web.Application(client_max_size=2 * MAX_UPLOAD_BYTES)
        for path in ("/bot{token}/{method}", "/bot{token}/test/{method}"):
            application.router.add_route("*", path, self._serve)
        application.router.add_get("/file/bot{token}/{path:.+}", self._file)
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=tls)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        self.url = f"http://127.0.0.1:{self.port}" if tls is None else "https://api.telegram.org"

    async def stop(self) -> None:
        """Stop listening, and bringing updates."""
        await self.webhook.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        self.calls.append(name)
        self.counts[name] += 1
        try:
            call = await _parameters(request)
        except web.HTTPRequestEntityTooLarge:
            refusal = RefusalError("Request Entity Too Large", 413)
            self._note(name, refusal)
            return _refused(refusal)
        fault = self._fault(name, call)
        if fault is not None:
            self.world.arrived.ring()
            await fault.wait()
            if fault.loses_request:
                self._note_uploads(name, call, is_done=False)
                return _lose(request)
        response: web.StreamResponse | None = None
        if fault is None or not fault.status or fault.does_it:
            try:
                result = await self._method(request)(call)
                response = web.json_response({"ok": True, "result": result})
            except RefusalError as refusal:
                if fault is None and name not in self.broken:
                    self._note(name, refusal)
                response = _refused(refusal)
        self._note_uploads(name, call, is_done=response is not None and response.status == 200)
        self.world.arrived.ring()
        if fault is not None and fault.status:
            response = fault.response()
        assert response is not None
        if fault is not None and fault.holds_answer is not None:
            await fault.holds_answer.wait()
        return _lose(request) if fault is not None and fault.loses_answer else response

    def _fault(self, name: str, call: Json) -> Fault | None:
        waiting = self.faults.get(name, [])
        for fault in waiting:
            if fault.chat_id is None or str(fault.chat_id) == str(call.get("chat_id")):
                waiting.remove(fault)
                return fault
        return None

    def _method(self, request: web.Request) -> Method:
        token, name = request.match_info["token"], request.match_info["method"]
        if not token.partition(":")[0].isdecimal() or ":" not in token:
            raise RefusalError("Not Found", 404)
        if token != self.token:
            raise RefusalError("Unauthorized", 401)
        # The names of methods are not case-sensitive.
        method = self._methods.get(name)
        if method is None:
            raise RefusalError("Not Found", 404)
        if name in self.broken:
            raise RefusalError("Bad Gateway", 502)
        return method

    def _note(self, name: str, refusal: RefusalError) -> None:
        said = f"{name}: {refusal.description}"
        self.refusals.append(said)
        if not refusal.is_forgiven:
            self.misbehaviour.append(said)

    def _note_uploads(self, name: str, call: Json, *, is_done: bool) -> None:
        self.misbehaviour += self.world.queue.complaints
        self.world.queue.complaints.clear()
        for value in call.values():
            if isinstance(value, UploadedFile):
                digest = hashlib.sha256(value.content).hexdigest()
                self.uploads.append(Upload(name, digest, len(value.content), is_done))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        self.counts["file"] += 1
        fault = self._fault("file", {})
        if fault is not None:
            await fault.wait()
            if fault.loses_request or fault.loses_answer:
                return _lose(request)
            if fault.status:
                return fault.response()
        content = self.world.files.download(request.match_info["path"])
        if request.match_info["token"] != self.token or content is None:
            return _refused(RefusalError("Not Found", 404))
        self.downloaded_bytes += len(content)
        return web.Response(body=content)


@asynccontextmanager
async def telegram_server(
    token: str = TOKEN, *, privacy: bool = False
) -> AsyncIterator[TelegramServer]:
    """Lend a running server."""
    server = TelegramServer(token, privacy=privacy)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def _parameters(request: web.Request) -> Json:
    if request.content_type == "application/json":
        given: Json = json.loads(await request.text() or "{}")
        return dict(request.query) | given
    fields = await request.post()
    return dict(request.query) | {
        name: UploadedFile(value.filename, value.file.read(), value.content_type)
        if isinstance(value, web.FileField)
        else value
        for name, value in fields.items()
    }


def _refused(refusal: RefusalError) -> web.Response:
    return web.json_response(refusal.body, status=refusal.code)


def _lose(request: web.Request) -> web.Response:
    if request.transport is not None:
        assert hasattr(request.transport, "abort")
        request.transport.abort()
    return web.Response()
