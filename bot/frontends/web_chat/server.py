"""Start and stop the web chat."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from bot.frontends.base import ConversationPort, Frontend, FrontendError, FrontendOptions
from bot.frontends.web_chat.channels import Channels
from bot.frontends.web_chat.gate import Gate, add_headers, bracketed, is_loopback
from bot.frontends.web_chat.pages import STATIC, Pages
from bot.frontends.web_chat.pictures import Pictures
from bot.frontends.web_chat.sessions import Sessions
from bot.frontends.web_chat.talk import Talk
from bot.frontends.web_chat.uploads import Uploads

ANSWER_GRACE_S = 1.0
"""How long a shutdown waits for what is being answered."""
HANDLER_GRACE_S = 0.3
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104
"""Addresses that mean every one of this machine, and what to open on the machine itself."""


def create(conversation: ConversationPort, options: FrontendOptions) -> Frontend:
    """Build the web chat; nothing is opened yet."""
    return WebChat(conversation, options)


class WebChat:
    """The chat in a browser."""

    def __init__(self, conversation: ConversationPort, options: FrontendOptions) -> None:
        self._conversation = conversation
        self._options = options
        self._runner: web.AppRunner | None = None
        self._talk = Talk(conversation, options)
        sessions = Sessions(options.web_password)
        self._gate = Gate(sessions, options.web_host)
        self._channels = Channels(
            conversation, options.collection, self._talk, sessions, self._gate
        )
        self._pages = Pages(sessions, self._gate, options)
        self.port = 0
        """The port that is listened on, once started."""
        self.url = ""
        """The address to open on this machine, once started."""

    async def start(self) -> str:
        """Listen; returns the address. Raises FrontendError."""
        options = self._options
        if not is_loopback(options.web_host) and not options.web_password:
            raise FrontendError(
                f"the web chat would be open to the network on {options.web_host!r} without a "
                "password: set WEB_PASSWORD, or WEB_HOST=127.0.0.1 for this machine only"
            )
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            handle_signals=False,
            shutdown_timeout=HANDLER_GRACE_S,
            # What is still coming in after a refusal is thrown away for this long.
            lingering_time=2.0,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, options.web_host or None, options.web_port).start()
        except OSError as error:
            await runner.cleanup()
            raise FrontendError(_explain(error, options)) from error
        self._runner = runner
        self.port = int(runner.addresses[0][1])
        self._gate.open(self.port)
        host = _EVERYWHERE.get(options.web_host, bracketed(options.web_host))
        self.url = f"http://{host}:{self.port}"
        if options.web_host in _EVERYWHERE:
            return f"{self.url} (and every other address of this machine)"
        return self.url

    async def stop(self) -> None:
        """Finish what is being answered, then close everything."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        for site in list(runner.sites):
            await site.stop()
        await self._talk.wait_idle(ANSWER_GRACE_S)
        await self._channels.close()
        await runner.cleanup()

    async def _health(self, _request: web.Request) -> web.Response:
        """Serve ``GET /healthz`` for supervisors: 503 when the database is out of reach."""
        status = await self._conversation.status(self._options.collection)
        if status.ready:
            return web.Response(text="ready\n")
        if status.warming_up:
            return web.Response(text="warming up\n")
        return web.Response(text="unavailable\n", status=503)

    def _application(self) -> web.Application:
        options = self._options
        pictures = Pictures(self._conversation, options.collection)
        uploads = Uploads(self._talk, options.max_upload_bytes)
        application = web.Application(middlewares=[self._gate.middleware])
        application.on_response_prepare.append(add_headers)
        application.router.add_routes(
            [
                web.get("/", self._pages.chat),
                web.get("/login", self._pages.login),
                web.get("/api/session", self._pages.session),
                web.post("/api/login", self._pages.sign_in),
                web.post("/api/logout", self._pages.sign_out),
                web.get("/api/strings/{language}", self._pages.strings),
                web.post("/api/upload", uploads.receive),
                web.get("/ws", self._channels.accept),
                web.get(r"/images/{id:\d{1,19}}/{kind:original|rendition}", pictures.serve),
                web.get("/static/{path:.+}", _static_files(STATIC)),
                web.get("/healthz", self._health),
            ]
        )
        return application


def _static_files(folder: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    # Listed once: a path from outside can only ever pick one of these.
    kept = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.*")}

    async def serve(request: web.Request) -> web.StreamResponse:
        path = kept.get(request.match_info["path"])
        if path is None or path.suffix == ".html":
            raise web.HTTPNotFound
        # Asked for again each time, so that an update never mixes with old parts.
        return web.FileResponse(path, headers={"Cache-Control": "no-cache"})

    return serve


def _explain(error: OSError, options: FrontendOptions) -> str:
    where = f"{options.web_host}:{options.web_port}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"the web chat cannot listen on {where}: the port is in use. "
            "Set WEB_PORT to another one, or stop the program that has it"
        )
    if error.errno == errno.EACCES:
        return f"the web chat may not listen on {where}: set WEB_PORT to 1024 or more"
    return f"the web chat cannot listen on {where}: {error.strerror or error}. See WEB_HOST"
