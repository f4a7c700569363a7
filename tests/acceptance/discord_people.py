"""People on the fake Discord: they use commands, press buttons and write messages."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from tests.acceptance.discord_rules import MANAGE_GUILD, UploadedFile
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import (
    EVERYONE,
    Guild,
    Interaction,
    Message,
    attachment_payload,
    interaction_limits,
    snowflake,
    user_payload,
)

_COMMAND, _COMPONENT = 2, 3
_MESSAGE_MENU = 3
_STRING_OPTION, _ATTACHMENT_OPTION = 3, 11


class NotShownError(Exception):
    """Discord does not offer this to the person."""


class Exchange:
    """A use of the bot, and what came of it."""

    def __init__(self, server: DiscordServer, interaction: Interaction) -> None:
        self._server = server
        self.interaction = interaction

    async def answer(self, until: Callable[[Message], bool] | None = None) -> Message:
        """Wait for the answer that stays."""

        def is_there() -> bool:
            message = self.interaction.message
            if message is None or message.is_loading:
                return False
            return until is None or until(message)

        await self._server.wait_for(is_there)
        assert self.interaction.message is not None
        return self.interaction.message


class DiscordPerson:
    """Somebody with an account, in a server or in a direct conversation with the bot."""

    def __init__(
        self,
        server: DiscordServer,
        name: str,
        guild: Guild | None,
        *,
        locale: str = "en-US",
        is_admin: bool = False,
    ) -> None:
        self._server = server
        self._guild = guild
        self._is_admin = is_admin
        self._locale = locale
        self.id = snowflake()
        self._user = user_payload(self.id, name)
        self._channel_id = guild.channel_id if guild is not None else snowflake()

    async def slash(self, name: str, *, even_if_hidden: bool = False, **options: Any) -> Exchange:
        """Use a command; pictures as UploadedFile. Raises NotShownError."""
        command = await self._command(name, 1, even_if_hidden)
        given: list[dict[str, Any]] = []
        resolved: dict[str, Any] = {}
        known = {option["name"]: option for option in command.get("options", [])}
        missing = {name for name, option in known.items() if option.get("required")} - set(options)
        if missing or not set(options) <= set(known):
            raise NotShownError(f"missing {missing}, given {set(options)}")
        for key, value in options.items():
            kind = known[key]["type"]
            if kind == _ATTACHMENT_OPTION:
                attachment = self._upload(value)
                resolved.setdefault("attachments", {})[attachment["id"]] = attachment
                value = attachment["id"]  # noqa: PLW2901
            elif kind != _STRING_OPTION:
                raise ValueError(f"option type {kind} is not covered by this fake")
            given.append({"name": key, "type": kind, "value": value})
        data = {"id": command["id"], "name": name, "type": 1, "options": given}
        return await self._interact(_COMMAND, {**data, "resolved": resolved})

    async def context_menu(self, name: str, message: Message) -> Exchange:
        """Use a command from the menu of a message."""
        command = await self._command(name, _MESSAGE_MENU, False)
        written = {str(message.id): message.payload(self._server.cdn_url)}
        return await self._interact(
            _COMMAND,
            {
                "id": command["id"],
                "name": name,
                "type": _MESSAGE_MENU,
                "target_id": str(message.id),
                "resolved": {"messages": written},
            },
        )

    async def click(self, message: Message, label: str) -> Exchange:
        """Press a button."""
        for part in message.parts:
            if part["type"] == 2 and part.get("label") == label:
                return await self._use(message, part, {})
        raise NotShownError(label)

    async def choose(self, message: Message, label: str) -> Exchange:
        """Choose from a list the option whose label begins so."""
        for part in message.parts:
            for option in part.get("options", []):
                if option["label"].startswith(label):
                    return await self._use(message, part, {"values": [option["value"]]})
        raise NotShownError(label)

    async def post(self, text: str, *files: UploadedFile) -> Message:
        """Write a message, to the bot in a direct conversation, else into the channel."""
        message = Message(self._channel_id, self._user, text, files)
        self._server.messages[message.id] = message
        payload = message.payload(self._server.cdn_url)
        bot_id = str(self._server.application_id)
        is_mentioned = f"<@{bot_id}>" in text
        payload["mentions"] = [self._server.bot] if is_mentioned else []
        guild_id: int | None = None
        if self._guild is not None:
            guild_id = self._guild.id
            payload["guild_id"] = str(guild_id)
            member = self._guild.member_payload(self._user, is_admin=self._is_admin)
            payload["member"] = {key: value for key, value in member.items() if key != "user"}
            if not is_mentioned:
                # Without the privileged intent the bot is not told what was said.
                payload |= {"content": "", "attachments": [], "components": []}
        await self._server.gateway.tell("MESSAGE_CREATE", payload, guild_id)
        return message

    async def mention(self, text: str, *files: UploadedFile) -> Message:
        """Write a message that mentions the bot."""
        return await self.post(f"<@{self._server.application_id}> {text}".strip(), *files)

    async def wait_for_answer(self, to: Message) -> Message:
        """Wait for what the bot writes below a message, as a reply or not."""

        def answers() -> list[Message]:
            return [
                message
                for message in self._server.messages.values()
                if message.nonce == str(to.id) or message.reply_to == to.id
            ]

        await self._server.wait_for(lambda: bool(answers()))
        (answer,) = answers()
        return answer

    async def _command(self, name: str, kind: int, even_if_hidden: bool) -> dict[str, Any]:
        await self._server.wait_for(lambda: bool(self._server.commands))
        for command in self._server.commands:
            if command["name"] == name and command.get("type", 1) == kind:
                needed = int(command["default_member_permissions"] or 0)
                is_shown = self._guild is None or self._permissions & needed == needed
                if is_shown or even_if_hidden:
                    return command
        raise NotShownError(name)

    @property
    def _permissions(self) -> int:
        return EVERYONE | (MANAGE_GUILD if self._is_admin else 0)

    def _upload(self, file: UploadedFile) -> dict[str, Any]:
        kept = Message(self._channel_id, self._user, files=(file,))
        self._server.messages[kept.id] = kept
        payload = attachment_payload(0, file, f"{self._server.cdn_url}/{kept.id}/0")
        return {**payload, "id": str(kept.id)}

    async def _use(self, message: Message, part: dict[str, Any], more: dict[str, Any]) -> Exchange:
        data = {"custom_id": part["custom_id"], "component_type": part["type"], **more}
        written = message.payload(self._server.cdn_url)
        return await self._interact(_COMPONENT, data, message=written)

    async def _interact(self, kind: int, data: dict[str, Any], **more: Any) -> Exchange:
        interaction_id, token = snowflake(), secrets.token_urlsafe(32)
        channel_id = str(self._channel_id)
        payload: dict[str, Any] = {
            "id": str(interaction_id),
            "token": token,
            "type": kind,
            "data": data,
            "application_id": str(self._server.application_id),
            "locale": self._locale,
            "channel_id": channel_id,
            "app_permissions": str(EVERYONE),
            **interaction_limits(),
        }
        if self._guild is None:
            channel = {"id": channel_id, "type": 1, "recipients": [self._user]}
            payload |= {"channel": channel, "user": self._user, "context": 1}
            payload["authorizing_integration_owners"] = {"0": "0"}
        else:
            guild, owner = self._guild, str(self._guild.id)
            member = guild.member_payload(self._user, is_admin=self._is_admin)
            payload |= {"channel": guild.channel_payload(), "guild_id": owner, "context": 0}
            payload["guild"] = {"id": owner, "features": [], "locale": guild.preferred_locale}
            payload["member"] = {**member, "permissions": str(self._permissions)}
            payload["guild_locale"] = guild.preferred_locale
            payload["authorizing_integration_owners"] = {"0": owner}
        interaction = Interaction(kind, payload | more, interaction_id, token)
        self._server.interactions[interaction_id] = interaction
        guild_id = self._guild.id if self._guild is not None else None
        await self._server.gateway.tell("INTERACTION_CREATE", interaction.payload, guild_id)
        return Exchange(self._server, interaction)
