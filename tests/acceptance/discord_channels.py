"""The fake Discord's REST for channels: reading, writing, editing and deleting messages."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.acceptance import discord_limits as limits
from tests.acceptance import discord_rules as rules
from tests.acceptance.discord_guilds import Guild
from tests.acceptance.discord_limits import RefusedError, form
from tests.acceptance.discord_messages import Message
from tests.acceptance.discord_requests import check_attachments, read
from tests.acceptance.discord_state import Place, State


class Channels:
    """Handlers, each for one route."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def channel(self, request: web.Request) -> web.Response:
        """Return a channel."""
        place = self._place(request)
        if place.guild is None or place.channel is None:
            return web.json_response(self._state.direct_payload(place.id))
        return web.json_response(place.guild.channel_payload(place.channel))

    async def history(self, request: web.Request) -> web.Response:
        """Return a page of messages, newest first."""
        place = self._place(request)
        asked = request.query
        size = int(asked.get("limit", 50))
        form(1 <= size <= limits.HISTORY_PAGE, "limit: int value should be between 1 and 100.")
        if not place.permissions & limits.READ_MESSAGE_HISTORY:
            # resources/message: "no messages will be returned", which is no error.
            return web.json_response([])
        known = sorted(
            (
                message
                for message in self._state.messages.values()
                if message.channel_id == place.id and not message.is_ephemeral
            ),
            key=lambda message: message.id,
            reverse=True,
        )
        if "before" in asked:
            page = [message for message in known if message.id < int(asked["before"])][:size]
        elif "after" in asked:
            page = [message for message in known if message.id > int(asked["after"])][-size:]
        elif "around" in asked:
            middle = int(asked["around"])
            older = [message for message in known if message.id < middle][: size // 2]
            newer = [message for message in known if message.id >= middle][-(size - size // 2) :]
            page = newer + older
        else:
            page = known[:size]
        return web.json_response([self._state.message_for_bot(message) for message in page])

    async def message(self, request: web.Request) -> web.Response:
        """Return a message."""
        place = self._place(request)
        if not place.permissions & limits.READ_MESSAGE_HISTORY:
            raise RefusedError(403, 50013, "Missing Permissions")
        return web.json_response(self._state.message_for_bot(self._message(request, place)))

    async def write(self, request: web.Request) -> web.Response:
        """Write a message."""
        payload, files = await read(request)
        place = self._place(request)
        reply_to = (payload.get("message_reference") or {}).get("message_id")
        rules.check_permissions(
            place.permissions,
            bool(files),
            bool(reply_to),
            has_embeds=bool(payload.get("embeds")),
            in_thread=place.channel is not None and place.channel.is_thread,
        )
        nonce = payload.get("nonce")
        form(len(str(nonce or "")) <= 25, "nonce: Must be 25 or fewer in length.")
        if payload.get("enforce_nonce"):
            for known in self._state.messages.values():
                if known.channel_id == place.id and known.nonce == nonce and nonce is not None:
                    return web.json_response(self._state.message_payload(known))
        if reply_to:
            self._check_reference(payload["message_reference"], place)
        flags = payload.get("flags") or 0
        form(not flags & limits.EPHEMERAL, "flags: EPHEMERAL is for interactions only")
        rules.check_message(payload, files, file_bytes=place.file_bytes)
        check_attachments(payload, files)
        message = Message(place.id, self._state.bot, nonce=nonce)
        message.reply_to = self._existing(reply_to)
        message.set(payload, files)
        self._state.messages[message.id] = message
        await self._state.tell_message("MESSAGE_CREATE", message)
        return web.json_response(self._state.message_payload(message))

    async def edit(self, request: web.Request) -> web.Response:
        """Edit a message of the bot's own."""
        payload, files = await read(request)
        place = self._place(request)
        message = self._message(request, place)
        if message.author["id"] != self._state.bot["id"]:
            raise RefusedError(403, 50005, "Cannot edit a message authored by another user")
        await edit_message(self._state, message, payload, files, place.file_bytes)
        return web.json_response(self._state.message_payload(message))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a message, somebody else's only with the right to."""
        place = self._place(request)
        message = self._message(request, place)
        if message.author["id"] != self._state.bot["id"]:
            if place.guild is None:
                raise RefusedError(403, 50003, "Cannot execute action on a DM channel")
            if not place.permissions & limits.MANAGE_MESSAGES:
                raise RefusedError(403, 50013, "Missing Permissions")
        await self._state.remove_message(message)
        return web.Response(status=204)

    async def type(self, request: web.Request) -> web.Response:
        """Show that the bot is typing."""
        place = self._place(request)
        rules.check_permissions(place.permissions | limits.SEND_MESSAGES_IN_THREADS, False, False)
        return web.Response(status=204)

    async def react(self, request: web.Request) -> web.Response:
        """Put an emoji below a message."""
        place = self._place(request)
        self._message(request, place)
        needed = limits.READ_MESSAGE_HISTORY | limits.ADD_REACTIONS
        if place.permissions & needed != needed:
            raise RefusedError(403, 50013, "Missing Permissions")
        return web.Response(status=204)

    async def direct(self, request: web.Request) -> web.Response:
        """Open a direct conversation."""
        user_id = int((await request.json())["recipient_id"])
        if user_id not in self._state.users:
            raise RefusedError(400, 50033, "Invalid Recipient(s)")
        channel_id = self._state.direct_channel(user_id)
        return web.json_response(self._state.direct_payload(channel_id))

    async def guild(self, request: web.Request) -> web.Response:
        """Return a server, without its channels and members."""
        payload = self._guild(request).payload()
        hidden = ("channels", "threads", "members", "presences", "voice_states")
        return web.json_response({key: payload[key] for key in payload if key not in hidden})

    async def member(self, request: web.Request) -> web.Response:
        """Return somebody in a server."""
        member = self._guild(request).members.get(int(request.match_info["user"]))
        if member is None:
            raise RefusedError(404, 10007, "Unknown Member")
        return web.json_response(member.payload())

    async def user(self, request: web.Request) -> web.Response:
        """Return a user."""
        user = self._state.users.get(int(request.match_info["user"]))
        if user is None:
            raise RefusedError(404, 10013, "Unknown User")
        return web.json_response(user)

    def _guild(self, request: web.Request) -> Guild:
        for guild in self._state.gateway.guilds:
            if guild.id == int(request.match_info["id"]):
                return guild
        raise RefusedError(404, 10004, "Unknown Guild")

    def _place(self, request: web.Request) -> Place:
        return self._state.place(int(request.match_info["id"]))

    def _message(self, request: web.Request, place: Place) -> Message:
        message = self._state.messages.get(int(request.match_info["message"]))
        if message is None or message.channel_id != place.id or message.is_ephemeral:
            raise RefusedError(404, 10008, "Unknown Message")
        return message

    def _existing(self, message_id: str | None) -> int | None:
        return int(message_id) if message_id and int(message_id) in self._state.messages else None

    def _check_reference(self, reference: dict[str, Any], place: Place) -> None:
        known = self._state.messages.get(int(reference["message_id"]))
        is_here = known is not None and known.channel_id == place.id and not known.is_ephemeral
        is_lenient = reference.get("fail_if_not_exists", True) is False
        form(is_here or is_lenient, "message_reference: Unknown message")


async def edit_message(
    state: State, message: Message, payload: dict[str, Any], files: Any, file_bytes: int
) -> None:
    """Edit a message and tell of it, if what comes of it keeps the rules."""
    check_attachments(payload, files, message)
    kept = [file for file in message.kept(payload, files) if file not in files]
    rules.check_message(message.after(payload), files, kept=kept, file_bytes=file_bytes)
    message.set(payload, files)
    message.touch()
    await state.tell_message("MESSAGE_UPDATE", message)
