"""People on the fake Discord who use commands, with their options, and fill in dialogs."""

from __future__ import annotations

from typing import Any

from tests.acceptance.discord_account import Account, Exchange, NotShownError
from tests.acceptance.discord_commands import CHAT, GROUP, MESSAGE_MENU, SUBCOMMAND, USER_MENU
from tests.acceptance.discord_interactions import AUTOCOMPLETE, COMMAND, MODAL
from tests.acceptance.discord_layouts import FILE_UPLOAD, TEXT_INPUT
from tests.acceptance.discord_limits import (
    ACKNOWLEDGE_WITHIN_S,
    ADMINISTRATOR,
    USE_APPLICATION_COMMANDS,
)
from tests.acceptance.discord_messages import Message, all_parts
from tests.acceptance.discord_options import Options, is_named


class Usage(Account):
    """Uses commands."""

    async def slash(self, name: str, *, even_if_hidden: bool = False, **options: Any) -> Exchange:
        """Use a command, as "library add"; values as Discord's client has them.

        Pictures are UploadedFile, users DiscordPerson, channels Channel, roles Role. Names are the
        given ones or those in the person's language. Raises NotShownError.
        """
        command, path, known = await self._find(name, even_if_hidden)
        filling = Options(self)
        filled = filling.fill(known, options)
        return await self.interact(COMMAND, _data(command, path, filled, filling))

    async def autocomplete(
        self, name: str, option: str, typed: str, **others: Any
    ) -> list[dict[str, Any]]:
        """Type into an option and return what is offered. Raises NotShownError."""
        command, path, known = await self._find(name, False)
        focused = next((item for item in known if is_named(item, option, self.locale)), None)
        if focused is None or not focused.get("autocomplete"):
            raise NotShownError(f"{option} offers nothing")
        filling = Options(self)
        filled = filling.fill(known, others, partly=True)
        kind = focused["type"]
        filled.append({"name": focused["name"], "type": kind, "value": typed, "focused": True})
        exchange = await self.interact(AUTOCOMPLETE, _data(command, path, filled, filling))
        interaction = exchange.interaction
        try:
            in_time = ACKNOWLEDGE_WITHIN_S
            await self.server.wait_for(lambda: interaction.choices is not None, in_time)
        except TimeoutError as error:
            raise NotShownError("loading options failed") from error
        assert interaction.choices is not None
        return interaction.choices

    async def context_menu(self, name: str, message: Message) -> Exchange:
        """Use a command from the menu of a message."""
        here = self.at(message)
        command = await here._command(name, MESSAGE_MENU, False)
        written = {str(message.id): self.server.message_payload(message)}
        data = {"id": command["id"], "name": command["name"], "type": MESSAGE_MENU}
        target = {"target_id": str(message.id), "resolved": {"messages": written}}
        return await here.interact(COMMAND, data | target)

    async def user_menu(self, name: str, person: Account) -> Exchange:
        """Use a command from the menu of a person."""
        command = await self._command(name, USER_MENU, False)
        filling = Options(self)
        target = {"target_id": filling.user(person.id), "resolved": filling.resolved}
        data = {"id": command["id"], "name": command["name"], "type": USER_MENU}
        return await self.interact(COMMAND, data | target)

    async def submit(self, exchange: Exchange, **values: Any) -> Exchange:
        """Fill in the dialog that a use has opened; by ``custom_id``."""
        modal = await exchange.modal()
        filling = Options(self)

        def filled(part: dict[str, Any]) -> dict[str, Any]:
            kept = {"type": part["type"], "id": part.get("id", 0)}
            if "components" in part:
                return kept | {"components": [filled(inner) for inner in part["components"]]}
            if "component" in part:
                return kept | {"component": filled(part["component"])}
            kept["custom_id"] = part.get("custom_id", "")
            if part["type"] == TEXT_INPUT:
                return kept | {"value": values.get(part["custom_id"], part.get("value") or "")}
            given = values.get(part.get("custom_id", ""), [])
            if part["type"] == FILE_UPLOAD:
                option = {"name": "file", "type": 11}
                names = [filling.fill([option], {"file": file})[0]["value"] for file in given]
                return kept | {"values": names}
            return kept | {"values": list(given)}

        for part in all_parts(modal["components"]):
            if part["type"] == TEXT_INPUT and part.get("required", True):
                text = values.get(part["custom_id"], part.get("value") or "")
                if not text or len(text) > (part.get("max_length") or 4000):
                    raise NotShownError(f"{part['custom_id']} does not take {text!r}")
        shown = [filled(part) for part in modal["components"]]
        data = {"custom_id": modal["custom_id"], "components": shown, "resolved": filling.resolved}
        before = exchange.interaction.payload
        more = {"message": before["message"]} if "message" in before else {}
        return await self.interact(MODAL, data, **more)

    async def shown_commands(self) -> list[str]:
        """Return the names of the slash commands that the person is offered, as they read."""
        await self.server.wait_for(lambda: bool(self.server.commands))
        self.enter()
        return [
            (command.get("name_localizations") or {}).get(self.locale) or command["name"]
            for command in self.server.commands
            if command["type"] == CHAT and self._is_shown(command)
        ]

    async def _find(
        self, name: str, even_if_hidden: bool
    ) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
        first, *rest = name.split(" ")
        command = await self._command(first, CHAT, even_if_hidden)
        known: list[dict[str, Any]] = command.get("options") or []
        path: list[dict[str, Any]] = []
        for part in rest:
            nested = (item for item in known if item["type"] in {SUBCOMMAND, GROUP})
            found = next((item for item in nested if is_named(item, part, self.locale)), None)
            if found is None:
                raise NotShownError(name)
            path.append(found)
            known = found.get("options") or []
        if any(item["type"] in {SUBCOMMAND, GROUP} for item in known):
            raise NotShownError(f"{name} is not whole")
        return command, path, known

    async def _command(self, name: str, kind: int, even_if_hidden: bool) -> dict[str, Any]:
        await self.server.wait_for(lambda: bool(self.server.commands))
        self.enter()
        for command in self.server.commands:
            is_it = command["type"] == kind and is_named(command, name, self.locale)
            if is_it and (even_if_hidden or self._is_shown(command)):
                return command
        raise NotShownError(name)

    def _is_shown(self, command: dict[str, Any]) -> bool:
        contexts = command.get("contexts")
        if self.guild is None:
            is_direct = command.get("dm_permission") is not False
            return 1 in contexts if contexts is not None else is_direct
        if contexts is not None and 0 not in contexts:
            return False
        granted = self.permissions
        if not granted & USE_APPLICATION_COMMANDS:
            return False
        if command.get("nsfw") and not self._is_nsfw():
            return False
        if command["default_member_permissions"] is None:
            return True
        # Of 0, Discord makes: administrators only.
        needed = int(command["default_member_permissions"]) or ADMINISTRATOR
        return granted & needed == needed

    def _is_nsfw(self) -> bool:
        assert self.guild is not None
        assert self.channel is not None
        if self.channel.is_thread and self.channel.parent_id is not None:
            return self.guild.channels[self.channel.parent_id].nsfw
        return self.channel.nsfw


def _data(
    command: dict[str, Any],
    path: list[dict[str, Any]],
    filled: list[dict[str, Any]],
    filling: Options,
) -> dict[str, Any]:
    """Nest options as Discord does: a group holds a subcommand, which holds them."""
    for item in reversed(path):
        filled = [{"name": item["name"], "type": item["type"], "options": filled}]
    data = {"id": command["id"], "name": command["name"], "type": CHAT, "options": filled}
    return data | ({"resolved": filling.resolved} if filling.resolved else {})
