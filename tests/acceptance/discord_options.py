"""What Discord's client lets somebody fill into a command's options."""

from __future__ import annotations

from typing import Any

from tests.acceptance.discord_account import Account, NotShownError
from tests.acceptance.discord_attachments import attachment_payload
from tests.acceptance.discord_commands import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    USER,
)
from tests.acceptance.discord_limits import (
    LARGEST_INTEGER,
    STRING_OPTION_CHARACTERS,
    UploadedFile,
)
from tests.acceptance.discord_places import Channel, Role, snowflake


def is_named(item: dict[str, Any], name: str, locale: str) -> bool:
    """Tell whether somebody sees a command, an option or a choice under a name."""
    translated = (item.get("name_localizations") or {}).get(locale)
    return name in {item["name"], translated}


class Options:
    """Fills in options, and describes whom and what they name."""

    def __init__(self, person: Account) -> None:
        self._person = person
        self.resolved: dict[str, dict[str, Any]] = {}

    def fill(
        self, known: list[dict[str, Any]], given: dict[str, Any], *, partly: bool = False
    ) -> list[dict[str, Any]]:
        """Return the options as an interaction has them. Raises NotShownError."""
        filled: list[dict[str, Any]] = []
        locale = self._person.locale
        for name, value in given.items():
            option = next((item for item in known if is_named(item, name, locale)), None)
            if option is None:
                raise NotShownError(f"{name}: there is no such option")
            written = self._value(option, value)
            filled.append({"name": option["name"], "type": option["type"], "value": written})
        names = {option["name"] for option in filled}
        missing = {option["name"] for option in known if option.get("required")} - names
        if missing and not partly:
            raise NotShownError(f"missing {missing}, given {names}")
        return filled

    def _value(self, option: dict[str, Any], value: Any) -> Any:
        kind = option["type"]
        if kind in {STRING, INTEGER, NUMBER}:
            return self._typed(option, value)
        match value:
            case bool():
                return _need(kind == BOOLEAN, option, value)
            case UploadedFile():
                _need(kind == ATTACHMENT, option, value)
                return self._attachment(value)
            case Role():
                _need(kind in {ROLE, MENTIONABLE}, option, value)
                return self.role(value)
            case Channel():
                types = option.get("channel_types") or [value.kind]
                _need(kind == CHANNEL and value.kind in types, option, value)
                return self.channel(value)
        user_id = value.id if isinstance(value, Account) else value
        _need(kind in {USER, MENTIONABLE} and isinstance(user_id, int), option, value)
        return self.user(user_id)

    def _typed(self, option: dict[str, Any], value: Any) -> Any:
        kind, choices = option["type"], option.get("choices") or []
        for choice in choices:
            if choice["value"] == value or is_named(choice, str(value), self._person.locale):
                return choice["value"]
        _need(not choices, option, value)
        if kind == STRING:
            _need(isinstance(value, str), option, value)
            most = option.get("max_length") or STRING_OPTION_CHARACTERS
            # An option that is there cannot be left empty.
            least = option.get("min_length") or 1
            return _need(least <= len(value) <= most, option, value)
        is_number = isinstance(value, int) or (kind == NUMBER and isinstance(value, float))
        _need(is_number and not isinstance(value, bool), option, value)
        least, most = option.get("min_value"), option.get("max_value")
        least, most = (
            bound if bound is not None else sign * LARGEST_INTEGER
            for bound, sign in ((least, -1), (most, 1))
        )
        return _need(least <= value <= most, option, value)

    def _attachment(self, file: UploadedFile) -> str:
        server = self._person.server
        kept = UploadedFile(file.filename, file.content, file.description, snowflake())
        server.uploads[kept.id] = kept
        folder = "ephemeral-attachments"
        addresses = server.links.attachment(folder, server.application_id, kept)
        payload = {**attachment_payload(kept, addresses), "ephemeral": True}
        self.resolved.setdefault("attachments", {})[str(kept.id)] = payload
        return str(kept.id)

    def user(self, user_id: int) -> str:
        """Describe somebody."""
        guild, server = self._person.guild, self._person.server
        if user_id not in server.users:
            raise NotShownError(f"nobody is {user_id}")
        self.resolved.setdefault("users", {})[str(user_id)] = server.users[user_id]
        if guild is not None and user_id in guild.members:
            written = guild.members[user_id].payload()
            granted = guild.permissions_of(user_id, self._person.channel)
            hidden = ("user", "deaf", "mute")
            member = {key: written[key] for key in written if key not in hidden}
            self.resolved.setdefault("members", {})[str(user_id)] = {
                **member,
                "permissions": str(granted),
            }
        return str(user_id)

    def role(self, role: Role) -> str:
        """Describe a role."""
        if self._person.guild is None or role.id not in self._person.guild.roles:
            raise NotShownError(f"{role.name} is not here")
        self.resolved.setdefault("roles", {})[str(role.id)] = role.payload()
        return str(role.id)

    def channel(self, channel: Channel) -> str:
        """Describe a channel that the person sees."""
        guild = self._person.guild
        if guild is None or channel.id not in guild.channels:
            raise NotShownError(f"{channel.name} is not here")
        if not guild.sees(self._person.id, channel):
            raise NotShownError(f"{channel.name} is not seen")
        payload = self._person.channel_payload(channel)
        self.resolved.setdefault("channels", {})[str(channel.id)] = payload
        return str(channel.id)


def _need(is_right: object, option: dict[str, Any], value: Any) -> Any:
    if not is_right:
        raise NotShownError(f"{option['name']} does not take {value!r}")
    return value
