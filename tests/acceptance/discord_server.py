"""A small, strict Discord on loopback: what discord.py talks to in tests.

REST is here, the gateway in ``discord_gateway``, the people in ``discord_people``, and what is
refused in ``discord_rules``. It covers what the bot uses.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from tests.acceptance import discord_rules as rules
from tests.acceptance.discord_gateway import Gateway
from tests.acceptance.discord_rules import RefusedError, UploadedFile
from tests.acceptance.discord_world import (
    Guild,
    Interaction,
    Message,
    snowflake,
    user_payload,
)

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAwMA.fake.token-of-the-bot"
_MESSAGE, _DEFERRED, _DEFERRED_UPDATE = 4, 5, 6

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next request of a kind."""

    status: int = 0
    code: int = 0
    does_it: bool = False
    """Do as asked all the same."""
    loses_answer: bool = False
    """Do as asked, but break the connection instead of saying so."""


class DiscordServer:
    """Discord, as far as a bot can see it."""

    def __init__(self) -> None:
        self.application_id = snowflake()
        self.bot = user_payload(self.application_id, "Babelpix", bot=True)
        self.gateway = Gateway(TOKEN, self.bot, self.application_id, self.notify)
        self.commands: list[dict[str, Any]] = []
        self.interactions: dict[int, Interaction] = {}
        self.messages: dict[int, Message] = {}
        self.faults: dict[str, list[Fault]] = {}
        """By kind of request: login, commands, callback, edit, message."""
        self.misbehaviour: list[str] = []
        """What the bot has done that Discord refuses, without a test having asked for it."""
        self.counts: Counter[str] = Counter()
        """How many requests of each kind have come in."""
        self.port = 0
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Address of the REST interface, for ``Route.BASE``."""
        return f"http://127.0.0.1:{self.port}/api/v10"

    @property
    def cdn_url(self) -> str:
        """Address of the files."""
        return f"http://127.0.0.1:{self.port}/cdn"

    def new_guild(self, name: str, **more: Any) -> Guild:
        """Found a server with the bot in it; before the bot connects."""
        guild = Guild(name, **more)
        self.gateway.guilds.append(guild)
        return guild

    async def start(self, port: int = 0) -> None:
        """Listen."""
        application = web.Application(client_max_size=2 * rules.REQUEST_BYTES)
        hook = r"/api/v10/webhooks/{application:\d+}/{token}"
        application.router.add_routes(
            [
                web.get("/gateway", self.gateway.accept),
                web.get(r"/cdn/{message:\d+}/{number:\d+}", self._file),
                web.get("/api/v10/users/@me", self._rest("login", self._me)),
                web.get("/api/v10/oauth2/applications/@me", self._rest("login", self._application)),
                web.get("/api/v10/gateway/bot", self._rest("gateway", self._gateway_bot)),
                web.put(
                    r"/api/v10/applications/{id:\d+}/commands",
                    self._rest("commands", self._put_commands),
                ),
                web.post(
                    r"/api/v10/channels/{id:\d+}/messages",
                    self._rest("message", self._post_message),
                ),
                web.post(
                    r"/api/v10/interactions/{id:\d+}/{token}/callback",
                    self._rest("callback", self._callback, with_token=False),
                ),
                web.patch(
                    f"{hook}/messages/@original", self._rest("edit", self._edit, with_token=False)
                ),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.port = int(self._runner.addresses[0][1])
        self.gateway.url = f"ws://127.0.0.1:{self.port}/gateway"

    async def stop(self) -> None:
        """Go away."""
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def wait_for(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(condition)

    async def notify(self) -> None:
        """Have everybody who waits look again."""
        async with self._changed:
            self._changed.notify_all()

    # --- REST ---------------------------------------------------------------------------------

    def _rest(self, kind: str, answer: Handler, *, with_token: bool = True) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.counts[kind] += 1
            sent = request.headers.get("Authorization")
            fault = self.faults[kind].pop(0) if self.faults.get(kind) else Fault()
            try:
                _check_caller(sent, with_token)
                if not fault.status or fault.does_it:
                    response = await answer(request)
                _check_luck(fault)
            except RefusedError as refused:
                if not fault.status and refused.status != 403:
                    self.misbehaviour.append(f"{kind}: {refused.message}")
                body = {"code": refused.code, "message": refused.message}
                response = web.json_response(body, status=refused.status)
            # discord.py takes a body for JSON only if the type is exactly this.
            if isinstance(response, web.Response) and response.body:
                response.headers["Content-Type"] = "application/json"
            await self.notify()
            if fault.loses_answer and request.transport is not None:
                request.transport.abort()
            return response

        return handle

    async def _me(self, _request: web.Request) -> web.Response:
        return web.json_response(self.bot)

    async def _application(self, _request: web.Request) -> web.Response:
        team = {"id": str(self.application_id), "name": "Babelpix", "icon": None, "flags": 0}
        more = {"description": "", "bot_public": True, "bot_require_code_grant": False}
        owner = user_payload(1, "Owner")
        return web.json_response({**team, **more, "verify_key": "0" * 64, "owner": owner})

    async def _gateway_bot(self, _request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        told = {"url": self.gateway.url, "shards": self.gateway.shards}
        return web.json_response({**told, "session_start_limit": limit})

    async def _put_commands(self, request: web.Request) -> web.Response:
        commands = await request.json()
        rules.check_commands(commands)
        self.commands = [
            {
                "id": str(snowflake()),
                "version": "1",
                "default_member_permissions": None,
                "application_id": str(self.application_id),
                "description": "",
                **command,
            }
            for command in commands
        ]
        return web.json_response(self.commands)

    async def _callback(self, request: web.Request) -> web.Response:
        payload, files = await _read(request)
        interaction = self.interactions.get(int(request.match_info["id"]))
        if interaction is None or interaction.token != request.match_info["token"]:
            raise RefusedError(404, 10062, "Unknown interaction")
        if interaction.age_s > rules.ACKNOWLEDGE_WITHIN_S:
            raise RefusedError(404, 10062, "Unknown interaction")
        if interaction.acknowledged_after_s is not None:
            raise RefusedError(400, 40060, "Interaction has already been acknowledged.")
        kind, data = payload["type"], payload.get("data") or {}
        message = Message(int(interaction.payload["channel_id"]), self.bot)
        message.flags = data.get("flags", 0)
        if kind == _MESSAGE:
            rules.check_message(data, files)
            message.set(data, files)
        elif kind == _DEFERRED:
            rules.check_deferral(data)
            message.is_loading = True
        else:
            raise RefusedError(400, 50035, f"type {kind} is not covered by this fake")
        interaction.acknowledged_after_s = interaction.age_s
        interaction.message = self.messages[message.id] = message
        told = {
            "id": str(interaction.id),
            "type": interaction.type,
            "response_message_id": str(message.id),
            "response_message_loading": kind == 5,
        }
        return web.json_response({"interaction": told})

    async def _edit(self, request: web.Request) -> web.Response:
        payload, files = await _read(request)
        token = request.match_info["token"]
        known = [item for item in self.interactions.values() if item.token == token]
        if not known or known[0].message is None:
            raise RefusedError(404, 10015, "Unknown Webhook")
        if known[0].age_s > rules.TOKEN_LIFE_S:
            raise RefusedError(401, 50027, "Invalid Webhook Token")
        message = known[0].message
        rules.check_message(payload, files)
        message.set(payload, files)
        return web.json_response(message.payload(self.cdn_url))

    async def _post_message(self, request: web.Request) -> web.Response:
        payload, files = await _read(request)
        channel_id = int(request.match_info["id"])
        reply_to = (payload.get("message_reference") or {}).get("message_id")
        for guild in self.gateway.guilds:
            if guild.channel_id == channel_id:
                rules.check_permissions(guild.bot_permissions, bool(files), bool(reply_to))
        nonce = payload.get("nonce")
        if payload.get("enforce_nonce"):
            for known in self.messages.values():
                if known.channel_id == channel_id and known.nonce == nonce:
                    return web.json_response(known.payload(self.cdn_url))
        rules.check_message(payload, files)
        message = Message(channel_id, self.bot, nonce=nonce)
        message.reply_to = int(reply_to) if reply_to else None
        message.set({**payload, "attachments": []}, files)
        self.messages[message.id] = message
        return web.json_response(message.payload(self.cdn_url))

    async def _file(self, request: web.Request) -> web.Response:
        message = self.messages.get(int(request.match_info["message"]))
        number = int(request.match_info["number"])
        if message is None or number >= len(message.files):
            raise web.HTTPNotFound
        return web.Response(body=message.files[number].content)


def _check_caller(sent: str | None, with_token: bool) -> None:
    if with_token and sent != f"Bot {TOKEN}":
        raise RefusedError(401, 0, "401: Unauthorized")
    if not with_token and sent is not None:
        raise RefusedError(400, 0, "this request carries no bot token")


def _check_luck(fault: Fault) -> None:
    if fault.status:
        raise RefusedError(fault.status, fault.code, "as the test demands")


async def _read(request: web.Request) -> tuple[dict[str, Any], Sequence[UploadedFile]]:
    """Return what was sent, as JSON or as a form with files."""
    if (request.content_length or 0) > rules.REQUEST_BYTES:
        raise RefusedError(413, 40005, "Request entity too large")
    if request.content_type == "application/json":
        return await request.json(), ()
    form = await request.post()
    payload: dict[str, Any] = json.loads(str(form["payload_json"]))
    files: dict[str, UploadedFile] = {}
    for name, value in form.items():
        if isinstance(value, web.FileField):
            number = name.removeprefix("files[").removesuffix("]")
            files[number] = UploadedFile(value.filename, value.file.read())
    described = {str(item["id"]): item for item in payload.get("attachments", [])}
    if described.keys() != files.keys():
        raise RefusedError(400, 50035, "Invalid Form Body: attachments and files differ")
    return payload, [
        replace(file, description=described[number].get("description"))
        for number, file in files.items()
    ]
