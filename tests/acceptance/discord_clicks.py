"""People on the fake Discord who press buttons and choose from lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.acceptance.discord_account import Account, Exchange, NotShownError
from tests.acceptance.discord_interactions import COMPONENT
from tests.acceptance.discord_layouts import (
    BUTTON,
    CHANNEL_SELECT,
    LINK,
    ROLE_SELECT,
    STRING_SELECT,
    USER_SELECT,
)
from tests.acceptance.discord_messages import Message
from tests.acceptance.discord_options import Options
from tests.acceptance.discord_places import Channel, Role


class Clicks(Account):
    """Uses what is below a message."""

    async def click(self, message: Message, label: str) -> Exchange:
        """Press a button; one without a label by its emoji. Raises NotShownError."""
        here = self.at(message)
        for part in message.parts:
            if part["type"] == BUTTON and label == _label(part):
                if part.get("disabled") or part["style"] >= LINK:
                    raise NotShownError(f"{label} cannot be pressed")
                return await here._use(message, part)
        raise NotShownError(f"{label}; there are {[_label(part) for part in message.parts]}")

    async def choose(self, message: Message, *labels: str, select: str | None = None) -> Exchange:
        """Choose options from a list, each whose label begins so; ``select`` is a placeholder."""
        here = self.at(message)
        for part in message.parts:
            if part["type"] != STRING_SELECT or select not in {None, part.get("placeholder")}:
                continue
            chosen = [
                next((o["value"] for o in part["options"] if o["label"].startswith(label)), None)
                for label in labels
            ]
            if None not in chosen:
                return await here._use(message, part, values=chosen)
        raise NotShownError(str(labels))

    async def choose_roles(
        self, message: Message, placeholder: str | None, roles: Sequence[Role]
    ) -> Exchange:
        """Choose roles from a list of them."""
        filling = Options(self)
        values = [filling.role(role) for role in roles]
        return await self._choose_from(message, ROLE_SELECT, placeholder, values, filling)

    async def choose_channels(
        self, message: Message, placeholder: str | None, channels: Sequence[Channel]
    ) -> Exchange:
        """Choose channels from a list of them."""
        part = _select(message, CHANNEL_SELECT, placeholder)
        types = part.get("channel_types") or []
        if types and any(channel.kind not in types for channel in channels):
            raise NotShownError(f"only channels of {types}")
        filling = Options(self)
        values = [filling.channel(channel) for channel in channels]
        return await self._choose_from(message, CHANNEL_SELECT, placeholder, values, filling)

    async def choose_users(
        self, message: Message, placeholder: str | None, people: Sequence[Account]
    ) -> Exchange:
        """Choose people from a list of them."""
        filling = Options(self)
        values = [filling.user(person.id) for person in people]
        return await self._choose_from(message, USER_SELECT, placeholder, values, filling)

    async def _choose_from(
        self,
        message: Message,
        kind: int,
        placeholder: str | None,
        values: Sequence[str],
        filling: Options,
    ) -> Exchange:
        part = _select(message, kind, placeholder)
        resolved = {"resolved": filling.resolved} if filling.resolved else {}
        return await self.at(message)._use(message, part, values=list(values), **resolved)

    async def _use(self, message: Message, part: dict[str, Any], **more: Any) -> Exchange:
        if part.get("disabled"):
            raise NotShownError("the list is disabled")
        values = more.get("values")
        if values is not None:
            least, most = part.get("min_values", 1), part.get("max_values", 1)
            if not least <= len(set(values)) == len(values) <= most:
                raise NotShownError(f"{least} to {most} can be chosen")
        self.server.messages.setdefault(message.id, message)
        data = {"custom_id": part["custom_id"], "component_type": part["type"], **more}
        return await self.interact(COMPONENT, data, message=self.server.message_payload(message))


def _select(message: Message, kind: int, placeholder: str | None) -> dict[str, Any]:
    for part in message.parts:
        if part["type"] == kind and placeholder in {None, part.get("placeholder")}:
            return part
    raise NotShownError(f"list {placeholder}")


def _label(part: dict[str, Any]) -> str | None:
    label = part.get("label")
    if label:
        return str(label)
    emoji = part.get("emoji") or {}
    if emoji.get("id"):
        return f"<{'a' if emoji.get('animated') else ''}:{emoji['name']}:{emoji['id']}>"
    return emoji.get("name")
