"""A small, strict Bot API server on loopback: it refuses what Telegram would refuse.

It speaks as much of Bot API 10.1 as the front-end uses.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from tests.acceptance.telegram_chats import Chat, Json, Press, Sent, World
from tests.acceptance.telegram_limits import (
    ALBUM,
    MAX_GET_FILE_BYTES,
    MAX_POLL_S,
    MAX_TEXT,
    MAX_TOAST,
    RefusalError,
    buttons,
    length,
    photo,
)

TOKEN = "42:fake-token_of-the-tests"


class TelegramServer:
    """The server; its ``world`` is what people see."""

    def __init__(self, token: str = TOKEN, username: str = "BabelpixBot") -> None:
        self.token = token
        self.world = World(username)
        self.url = ""
        self.calls: list[str] = []
        self.floods: list[int] = []
        """Seconds to wait, for each of the next messages; each is refused once."""
        self.broken: set[str] = set()
        """Methods that fail."""
        self._port = 0
        self._runner: web.AppRunner | None = None
        self._polls = 0

    async def start(self) -> None:
        """Listen, after a stop on the same port as before."""
        application = web.Application(client_max_size=64 * 2**20)
        application.router.add_post("/bot{token}/{method}", self._serve)
        application.router.add_get("/file/bot{token}/{file_id}", self._file)
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = int(self._runner.addresses[0][1])
        self.url = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.Response:
        name = request.match_info["method"]
        self.calls.append(name)
        try:
            result = await self._method(request)(await _parameters(request))
        except RefusalError as refusal:
            return web.json_response(refusal.body, status=refusal.body["error_code"])
        return web.json_response({"ok": True, "result": result})

    def _method(self, request: web.Request) -> Callable[[Json], Awaitable[object]]:
        if request.match_info["token"] != self.token:
            raise RefusalError("Unauthorized", 401)
        methods: dict[str, Callable[[Json], Awaitable[object]]] = {
            "getMe": self._get_me,
            "deleteWebhook": self._delete_webhook,
            "getUpdates": self._get_updates,
            "getFile": self._get_file,
            "getChatAdministrators": self._get_chat_administrators,
            "sendChatAction": self._send_chat_action,
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "sendMediaGroup": self._send_media_group,
            "editMessageReplyMarkup": self._edit_message_reply_markup,
            "answerCallbackQuery": self._answer_callback_query,
        }
        name = request.match_info["method"]
        if name not in methods:
            raise RefusalError("Not Found", 404)
        if name in self.broken:
            raise RefusalError("Bad Gateway", 502)
        return methods[name]

    async def _file(self, request: web.Request) -> web.Response:
        content = self.world.files.get(request.match_info["file_id"])
        if request.match_info["token"] != self.token or content is None:
            raise web.HTTPNotFound
        return web.Response(body=content)

    async def _get_me(self, _call: Json) -> Json:
        return self.world.bot

    async def _delete_webhook(self, _call: Json) -> bool:
        return True

    async def _get_updates(self, call: Json) -> list[Json]:
        timeout_s, offset = float(call.get("timeout", 0)), int(call.get("offset", 0))
        if timeout_s > MAX_POLL_S:
            raise RefusalError("Bad Request: timeout is too long")
        world, wanted = self.world, set(json.loads(call["allowed_updates"]))
        self._polls += 1
        mine = self._polls

        def waiting() -> list[Json]:
            return [one for one in world.updates if set(one) & wanted]

        async with world.arrived:
            # What comes before the offset is confirmed and never sent again.
            world.updates = [one for one in world.updates if one["update_id"] >= offset]
            world.arrived.notify_all()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await world.arrived.wait_for(lambda: waiting() or self._polls != mine)
            if self._polls != mine:
                raise RefusalError("Conflict: terminated by other getUpdates request", 409)
            return waiting()[:100]

    async def _get_file(self, call: Json) -> Json:
        content = self.world.files.get(call["file_id"])
        if content is None:
            raise RefusalError("Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(content) > MAX_GET_FILE_BYTES:
            raise RefusalError("Bad Request: file is too big")
        file_id = call["file_id"]
        return {"file_id": file_id, "file_unique_id": file_id, "file_path": file_id}

    async def _get_chat_administrators(self, call: Json) -> list[Json]:
        chat = self._chat(call)
        if chat.title is None:
            raise RefusalError("Bad Request: there are no administrators in the private chat")
        return [
            {"status": "creator", "user": admin.as_json(), "is_anonymous": False}
            for admin in chat.admins
        ]

    async def _send_chat_action(self, call: Json) -> bool:
        self._chat(call).actions.append(call["action"])
        return True

    async def _send_message(self, call: Json) -> Json:
        if not call.get("text", "").strip():
            raise RefusalError("Bad Request: message text is empty")
        if length(call["text"]) > MAX_TEXT:
            raise RefusalError("Bad Request: message is too long")
        return await self._send(call, Sent(0, call["text"]))

    async def _send_photo(self, call: Json) -> Json:
        return await self._send(call, photo(call["photo"], call.get("caption", "")))

    async def _send_media_group(self, call: Json) -> list[Json]:
        media = json.loads(call["media"])
        if len(media) not in ALBUM:
            raise RefusalError("Bad Request: an album has 2 to 10 items")
        if {item["type"] for item in media} != {"photo"}:
            raise RefusalError("Bad Request: this server knows albums of photos only")
        sent = [
            photo(call[item["media"].removeprefix("attach://")], item.get("caption", ""))
            for item in media
        ]
        album = str(self.world.new_id())
        for one in sent:
            one.album = album
        return [await self._send(call, one) for one in sent]

    async def _edit_message_reply_markup(self, call: Json) -> Json:
        chat, message_id = self._chat(call), int(call["message_id"])
        sent = next((one for one in chat.sent if one.message_id == message_id), None)
        if sent is None:
            raise RefusalError("Bad Request: message to edit not found")
        before, sent.buttons = sent.buttons, buttons(call)
        if before == sent.buttons:
            raise RefusalError("Bad Request: message is not modified")
        return self.world.message_json(chat, message_id, self.world.bot) | {"text": sent.text}

    async def _answer_callback_query(self, call: Json) -> bool:
        press: Press | None = self.world.presses.pop(call["callback_query_id"], None)
        if press is None:
            raise RefusalError("Bad Request: query is too old and response timeout expired")
        if length(call.get("text", "")) > MAX_TOAST:
            raise RefusalError("Bad Request: MESSAGE_TOO_LONG")
        press.answered.set_result(call)
        return True

    async def _send(self, call: Json, sent: Sent) -> Json:
        chat = self._chat(call)
        if self.floods:
            seconds = self.floods.pop(0)
            raise RefusalError(
                f"Too Many Requests: retry after {seconds}", 429, retry_after=seconds
            )
        sent.message_id = self.world.new_id()
        sent.buttons = buttons(call)
        sent.thread_id = int(call["message_thread_id"]) if "message_thread_id" in call else None
        if "reply_parameters" in call:
            quoted = json.loads(call["reply_parameters"])
            if quoted["message_id"] in chat.messages:
                sent.quoted_id = quoted["message_id"]
            elif not quoted.get("allow_sending_without_reply"):
                raise RefusalError("Bad Request: message to be replied not found")
        message = self.world.message_json(chat, sent.message_id, self.world.bot)
        if sent.photo:
            file_id = self.world.keep(sent.photo)
            size = {"file_id": file_id, "file_unique_id": file_id, "width": 1, "height": 1}
            message |= {"photo": [size], "caption": sent.text}
        else:
            message["text"] = sent.text
        chat.messages[sent.message_id] = message
        await chat.receive(sent)
        return message

    def _chat(self, call: Json) -> Chat:
        chat = self.world.chats.get(int(call["chat_id"]))
        if chat is None:
            raise RefusalError("Bad Request: chat not found")
        if chat.has_blocked:
            raise RefusalError("Forbidden: bot was blocked by the user", 403)
        return chat


@asynccontextmanager
async def telegram_server(token: str = TOKEN) -> AsyncIterator[TelegramServer]:
    """Lend a running server."""
    server = TelegramServer(token)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def _parameters(request: web.Request) -> Json:
    fields = await request.post()
    return {
        name: value.file.read() if isinstance(value, web.FileField) else value
        for name, value in fields.items()
    }
