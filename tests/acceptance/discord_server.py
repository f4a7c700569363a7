"""A small, strict Discord on loopback: what discord.py talks to in tests.

The routes are here; what answers them is in ``discord_channels`` and ``discord_webhooks``, the
gateway in ``discord_gateway``, the people in ``discord_people``, and what is refused in
``discord_rules``. It covers what the bot uses.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.acceptance import discord_rules as rules
from tests.acceptance.discord_attachments import media_type
from tests.acceptance.discord_channels import Channels
from tests.acceptance.discord_events import Events
from tests.acceptance.discord_faults import Fault
from tests.acceptance.discord_limits import REQUEST_BYTES, RefusedError
from tests.acceptance.discord_places import snowflake, user_payload
from tests.acceptance.discord_state import TOKEN
from tests.acceptance.discord_webhooks import Webhooks

__all__ = ["TOKEN", "DiscordServer", "Fault"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
# What a bot may try without having done anything wrong: it cannot know what is gone.
_NO_MISBEHAVIOUR = {10003, 10004, 10007, 10008, 10013}


class DiscordServer(Events):
    """Discord, as far as a bot can see it."""

    def __init__(self) -> None:
        super().__init__()
        self.port = 0
        self._api = ""
        self._channels = Channels(self)
        self._webhooks = Webhooks(self)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Address of the REST interface, for ``Route.BASE``."""
        return f"{self._api}/api/v10"

    @property
    def cdn_url(self) -> str:
        """Address of the files, for ``Asset.BASE``."""
        return self.links.cdn

    async def start(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        """Listen, in the open or as the real addresses are."""
        application = web.Application(client_max_size=2 * REQUEST_BYTES)
        application.router.add_routes(self._routes())
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=tls).start()
        self.port = int(self._runner.addresses[0][1])
        if tls is None:
            self._api = self.links.cdn = self.links.media = f"http://127.0.0.1:{self.port}"
            self.gateway.url = f"ws://127.0.0.1:{self.port}/gateway"
        else:
            self._api = "https://discord.com"
            self.links.cdn = "https://cdn.discordapp.com"
            self.links.media = "https://media.discordapp.net"
            self.gateway.url = "wss://gateway.discord.gg"

    async def stop(self) -> None:
        """Go away."""
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _routes(self) -> list[web.RouteDef]:
        api, channels, webhooks = "/api/v10", self._channels, self._webhooks
        commands = f"{api}/applications/{{id:\\d+}}/commands"
        channel = f"{api}/channels/{{id:\\d+}}"
        messages = f"{channel}/messages"
        message = f"{messages}/{{message:\\d+}}"
        hook = f"{api}/webhooks/{{application:\\d+}}/{{token}}"
        written = f"{hook}/messages/{{message:@original|\\d+}}"
        with_bot = [
            ("GET", f"{api}/users/@me", "login", self._me),
            ("GET", f"{api}/oauth2/applications/@me", "login", self._application),
            ("GET", f"{api}/applications/@me", "login", self._application),
            ("GET", f"{api}/gateway/bot", "gateway", self._gateway_bot),
            ("PUT", commands, "commands", self._put_commands),
            ("GET", commands, "commands", self._get_commands),
            ("GET", channel, "channel", channels.channel),
            ("GET", messages, "history", channels.history),
            ("POST", messages, "message", channels.write),
            ("GET", message, "fetch", channels.message),
            ("PATCH", message, "change", channels.edit),
            ("DELETE", message, "delete", channels.delete),
            ("POST", f"{channel}/typing", "typing", channels.type),
            ("PUT", f"{message}/reactions/{{emoji}}/@me", "react", channels.react),
            ("POST", f"{api}/users/@me/channels", "direct", channels.direct),
            ("GET", f"{api}/users/{{user:\\d+}}", "user", channels.user),
            ("GET", f"{api}/guilds/{{id:\\d+}}", "guild", channels.guild),
            ("GET", f"{api}/guilds/{{id:\\d+}}/members/{{user:\\d+}}", "member", channels.member),
        ]
        callback = f"{api}/interactions/{{id:\\d+}}/{{token}}/callback"
        with_token = [
            ("POST", callback, "callback", webhooks.acknowledge),
            ("POST", hook, "followup", webhooks.follow_up),
            ("GET", written, "original", webhooks.get),
            ("PATCH", written, "edit", webhooks.edit),
            ("DELETE", written, "remove", webhooks.delete),
        ]
        routes = [web.get("/gateway", self.gateway.accept), web.get("/", self.gateway.accept)]
        for folder in ("attachments", "ephemeral-attachments"):
            path = rf"/{folder}/{{place:\d+}}/{{number:\d+}}/{{name}}"
            routes.append(web.get(path, self._guard("file", self._file)))
        for folder in ("emojis", "stickers", "external"):
            routes.append(web.get(f"/{folder}/{{path:.+}}", self._guard("file", self._picture)))
        for given, needs_token in ((with_bot, True), (with_token, False)):
            for method, path, kind, handler in given:
                guarded = self._guard(kind, handler, needs_token=needs_token)
                routes.append(web.route(method, path, guarded))
        return routes

    def _guard(self, kind: str, answer: Handler, *, needs_token: bool | None = None) -> Handler:
        """Wrap a handler in what may go wrong; without ``needs_token`` nobody is asked for one."""

        async def handle(request: web.Request) -> web.StreamResponse:
            self.counts[kind] += 1
            sent = request.headers.get("Authorization")
            fault = self.faults[kind].pop(0) if self.faults.get(kind) else None
            response: web.StreamResponse | None = None
            if fault is not None:
                await self.notify()
                await fault.wait()
                if fault.loses_request:
                    return _lose(request)
            try:
                if needs_token is not None:
                    _check_caller(sent, needs_token)
                if fault is None or not fault.status or fault.does_it:
                    response = await answer(request)
            except RefusedError as refused:
                if fault is None and not self._is_forgiven(refused, request):
                    self.misbehaviour.append(f"{kind}: {refused.message}")
                body = {"code": refused.code, "message": refused.message}
                response = web.json_response(body, status=refused.status)
            await self.notify()
            if fault is not None and fault.status:
                response = fault.response()
            assert response is not None
            if fault is not None and fault.holds_answer is not None:
                await fault.holds_answer.wait()
            if fault is not None and fault.loses_answer:
                return _lose(request)
            if fault is None or fault.via:
                # Without it, discord.py takes a 429 for a ban by Cloudflare.
                response.headers["Via"] = "1.1 google"
            # discord.py takes a body for JSON only if the type is exactly this.
            if response.content_type == "application/json":
                response.headers["Content-Type"] = "application/json"
            return response

        return handle

    def _is_forgiven(self, refused: RefusedError, request: web.Request) -> bool:
        if refused.status == 403 or refused.code in _NO_MISBEHAVIOUR:
            return True
        interaction = self.interactions.of_token(request.match_info.get("token"))
        return interaction is not None and interaction.is_aged

    async def _me(self, _request: web.Request) -> web.Response:
        return web.json_response(self.bot)

    async def _application(self, _request: web.Request) -> web.Response:
        flags = self.gateway.flags()
        team = {"id": str(self.application_id), "name": "Babelpix", "icon": None, "flags": flags}
        more = {"description": "", "bot_public": True, "bot_require_code_grant": False}
        owner = user_payload(1, "Owner")
        return web.json_response({**team, **more, "verify_key": "0" * 64, "owner": owner})

    async def _gateway_bot(self, _request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        told = {"url": self.gateway.url, "shards": self.gateway.shards}
        return web.json_response({**told, "session_start_limit": limit})

    async def _put_commands(self, request: web.Request) -> web.Response:
        commands: list[dict[str, Any]] = await request.json()
        rules.check_commands(commands)
        known = {(item["type"], item["name"]): item["id"] for item in self.commands}
        self.commands = [
            {
                "id": known.get((command.get("type", 1), command["name"])) or str(snowflake()),
                "version": "1",
                "type": 1,
                "default_member_permissions": None,
                "application_id": str(self.application_id),
                "description": "",
                **command,
            }
            for command in commands
        ]
        return web.json_response(self.commands)

    async def _get_commands(self, _request: web.Request) -> web.Response:
        return web.json_response(self.commands)

    async def _file(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        file = self.uploads.get(number)
        for message in self.messages.values() if file is None else ():
            file = next((item for item in message.files if item.id == number), file)
        is_fresh = request.query.get("hm") == f"{self.links.generation:064x}"
        if file is None or not is_fresh or request.match_info["name"] != file.filename:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=file.content, content_type=media_type(file.filename))

    async def _picture(self, request: web.Request) -> web.Response:
        file = self.pictures.get(request.path)
        if file is None:
            return web.Response(status=404)
        return web.Response(body=file.content, content_type=media_type(file.filename))


def _lose(request: web.Request) -> web.Response:
    if request.transport is not None:
        assert hasattr(request.transport, "abort")
        request.transport.abort()
    return web.Response()


def _check_caller(sent: str | None, with_token: bool) -> None:
    if with_token and sent != f"Bot {TOKEN}":
        raise RefusedError(401, 0, "401: Unauthorized")
    if not with_token and sent is not None:
        raise RefusedError(400, 0, "this request carries no bot token")
