"""The fake Discord's REST for interactions: acknowledgements, answers, followups."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from tests.acceptance import discord_limits as limits
from tests.acceptance import discord_rules as rules
from tests.acceptance.discord_channels import edit_message
from tests.acceptance.discord_commands import STRING
from tests.acceptance.discord_faults import rate_limited
from tests.acceptance.discord_interactions import AUTOCOMPLETE, MODAL, Interaction
from tests.acceptance.discord_limits import RefusedError, form
from tests.acceptance.discord_messages import COMMAND_ANSWER, MENU_ANSWER, PLAIN, Message
from tests.acceptance.discord_requests import check_attachments, read
from tests.acceptance.discord_state import State

# interactions/receiving-and-responding, interaction callback type
MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, DIALOG = 4, 5, 6, 7, 8, 9


class Webhooks:
    """Handlers, each for one route."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def acknowledge(self, request: web.Request) -> web.Response:
        """Take the first answer to an interaction."""
        payload, files = await read(request)
        interaction = self._state.interactions.get(int(request.match_info["id"]))
        if interaction is None or interaction.token != request.match_info["token"]:
            raise RefusedError(404, 10062, "Unknown interaction")
        if interaction.acknowledged_after_s is not None:
            raise RefusedError(400, 40060, "Interaction has already been acknowledged.")
        if interaction.age_s > limits.ACKNOWLEDGE_WITHIN_S:
            raise RefusedError(404, 10062, "Unknown interaction")
        kind, data = payload["type"], payload.get("data") or {}
        age_s = interaction.age_s
        if interaction.type == AUTOCOMPLETE or kind == CHOICES:
            form(
                interaction.type == AUTOCOMPLETE and kind == CHOICES, "type: 8 answers typing only"
            )
            rules.check_choices(data["choices"], _focused_kind(interaction))
            interaction.choices = data["choices"]
        elif kind in {MESSAGE, DEFERRED}:
            await self._show(interaction, kind, data, files)
        elif kind in {DEFERRED_UPDATE, UPDATE}:
            await self._update(interaction, kind, data, files)
        else:
            form(kind == DIALOG, f"type: {kind} is unknown")
            form(interaction.type != MODAL, "type: a dialog does not answer a dialog")
            rules.check_modal(data)
            interaction.modal = data
        interaction.acknowledged_after_s = age_s
        interaction.callback = kind
        if request.query.get("with_response") not in {"1", "true"}:
            return web.Response(status=204)
        return web.json_response(self._callback(interaction))

    async def _show(
        self, interaction: Interaction, kind: int, data: dict[str, Any], files: Sequence[Any]
    ) -> None:
        message = self._new_message(interaction)
        if kind == MESSAGE:
            rules.check_message(data, files, file_bytes=_file_bytes(interaction))
            check_attachments(data, files)
            message.set(data, files)
        else:
            rules.check_deferral(data)
            message.flags = data.get("flags", 0)
            message.is_loading = True
        # The same of a lost answer: the person sees the one message, whoever hears of it.
        interaction.message = message
        interaction.is_answered = True
        await self._keep(interaction, message)

    async def _update(
        self, interaction: Interaction, kind: int, data: dict[str, Any], files: Sequence[Any]
    ) -> None:
        form("message" in interaction.payload, "type: there is no message to update")
        number = int(interaction.payload["message"]["id"])
        message = self._state.messages.get(number)
        if message is None:
            raise RefusedError(404, 10008, "Unknown Message")
        if kind == UPDATE:
            await edit_message(self._state, message, data, files, _file_bytes(interaction))
            interaction.is_answered = True
        interaction.message = message

    async def follow_up(self, request: web.Request) -> web.Response:
        """Write one more message, or what a deferral has promised."""
        payload, files = await read(request)
        interaction = self._known(request)
        response = self._limit(interaction)
        if response is not None:
            return response
        original = interaction.message
        if original is not None and original.is_loading and interaction.callback == DEFERRED:
            await edit_message(self._state, original, payload, files, _file_bytes(interaction))
            return web.json_response(self._state.message_payload(original))
        rules.check_message(payload, files, file_bytes=_file_bytes(interaction))
        check_attachments(payload, files)
        message = self._new_message(interaction)
        message.type = PLAIN
        if original is not None and message.interaction_metadata is not None:
            message.interaction_metadata["original_response_message_id"] = str(original.id)
        message.set(payload, files)
        interaction.followups.append(message)
        await self._keep(interaction, message)
        return web.json_response(self._state.message_payload(message))

    async def get(self, request: web.Request) -> web.Response:
        """Return a message that came of an interaction."""
        _, message = self._message(request)
        return web.json_response(self._state.message_payload(message))

    async def edit(self, request: web.Request) -> web.Response:
        """Edit a message that came of an interaction."""
        payload, files = await read(request)
        interaction, message = self._message(request)
        response = self._limit(interaction)
        if response is not None:
            return response
        await edit_message(self._state, message, payload, files, _file_bytes(interaction))
        if message is interaction.message:
            interaction.is_answered = True
        return web.json_response(self._state.message_payload(message))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a message that came of an interaction."""
        _, message = self._message(request)
        await self._state.remove_message(message)
        return web.Response(status=204)

    def _known(self, request: web.Request) -> Interaction:
        interaction = self._state.interactions.of_token(request.match_info["token"])
        is_own = int(request.match_info["application"]) == self._state.application_id
        if interaction is None or not is_own or interaction.acknowledged_after_s is None:
            raise RefusedError(404, 10015, "Unknown Webhook")
        if interaction.age_s > limits.TOKEN_LIFE_S:
            raise RefusedError(401, 50027, "Invalid Webhook Token")
        return interaction

    def _message(self, request: web.Request) -> tuple[Interaction, Message]:
        interaction = self._known(request)
        wanted = request.match_info["message"]
        message = interaction.message
        if wanted != "@original" and (message is None or str(message.id) != wanted):
            matching = [item for item in interaction.followups if str(item.id) == wanted]
            message = matching[0] if matching else None
        if message is None or message.is_deleted:
            raise RefusedError(404, 10008, "Unknown Message")
        return interaction, message

    def _limit(self, interaction: Interaction) -> web.Response | None:
        now = time.monotonic()
        recent = [at for at in interaction.written_s if now - at < limits.FOLLOWUPS_WITHIN_S]
        if self._state.limits_followups and len(recent) >= limits.FOLLOWUPS:
            return rate_limited(round(recent[0] + limits.FOLLOWUPS_WITHIN_S - now, 3))
        interaction.written_s = [*recent, now]
        return None

    def _new_message(self, interaction: Interaction) -> Message:
        message = Message(int(interaction.payload["channel_id"]), self._state.bot)
        message.interaction_metadata = interaction.metadata()
        kind = interaction.payload.get("data", {}).get("type", 0)
        message.type = {1: COMMAND_ANSWER, 3: MENU_ANSWER}.get(kind, PLAIN)
        return message

    async def _keep(self, interaction: Interaction, message: Message) -> None:
        if message.is_ephemeral:
            message.seen_by = interaction.user_id
        self._state.messages[message.id] = message
        await self._state.tell_message("MESSAGE_CREATE", message)

    def _callback(self, interaction: Interaction) -> dict[str, Any]:
        told: dict[str, Any] = {"id": str(interaction.id), "type": interaction.type}
        resource: dict[str, Any] = {"type": interaction.callback}
        if interaction.message is not None:
            told["response_message_id"] = str(interaction.message.id)
            told["response_message_loading"] = interaction.message.is_loading
            told["response_message_ephemeral"] = interaction.message.is_ephemeral
            if interaction.callback in {MESSAGE, DEFERRED, UPDATE}:
                resource["message"] = self._state.message_payload(interaction.message)
        return {"interaction": told, "resource": resource}


def _file_bytes(interaction: Interaction) -> int:
    return int(interaction.payload.get("attachment_size_limit", limits.FILE_BYTES))


def _focused_kind(interaction: Interaction) -> int:
    left = list(interaction.payload["data"]["options"])
    while left:
        option = left.pop()
        if option.get("focused"):
            return int(option["type"])
        left += option.get("options", [])
    return STRING
