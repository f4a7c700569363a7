"""What the bot asks the fake Telegram about chats, people and files, and says about itself."""

from __future__ import annotations

from tests.acceptance import telegram_limits as limits
from tests.acceptance import telegram_targets as targets
from tests.acceptance.telegram_limits import Json, gone, length, refuse
from tests.acceptance.telegram_places import ADMINISTRATOR, INSIDE, LEFT, Chat, Member
from tests.acceptance.telegram_rules import check_commands, language, number, structure
from tests.acceptance.telegram_sending import Method
from tests.acceptance.telegram_world import World

_TEXTS = {
    "Description": ("description", limits.MAX_DESCRIPTION),
    "ShortDescription": ("short_description", limits.MAX_SHORT_DESCRIPTION),
    "Name": ("name", limits.MAX_NAME),
}
_FULL: Json = {
    "accent_color_id": 1,
    "max_reaction_count": 11,
    "accepted_gift_types": {
        "unlimited_gifts": True,
        "limited_gifts": True,
        "unique_gifts": True,
        "premium_subscription": True,
        "gifts_from_channels": True,
    },
}


class Lookups:
    """Methods that send nothing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.methods: dict[str, Method] = {
            "getMe": self._get_me,
            "getFile": self._get_file,
            "getChat": self._get_chat,
            "getChatAdministrators": self._get_chat_administrators,
            "getChatMember": self._get_chat_member,
            "getChatMemberCount": self._get_chat_member_count,
            "leaveChat": self._leave_chat,
            "setMyCommands": self._set_my_commands,
            "getMyCommands": self._get_my_commands,
            "deleteMyCommands": self._delete_my_commands,
        }
        for name in _TEXTS:
            self.methods[f"setMy{name}"] = self._setter(name)
            self.methods[f"getMy{name}"] = self._getter(name)

    async def _get_me(self, _call: Json) -> Json:
        abilities = {"can_join_groups": True, "supports_inline_queries": True}
        abilities |= {"can_read_all_group_messages": not self._world.privacy}
        abilities |= dict.fromkeys(("can_connect_to_business", "has_main_web_app"), False)
        return self._world.bot | abilities

    async def _get_file(self, call: Json) -> Json:
        return self._world.files.link(call.get("file_id", ""))

    async def _get_chat(self, call: Json) -> Json:
        return targets.entered(self._world, call).as_json() | _FULL

    async def _get_chat_administrators(self, call: Json) -> list[Json]:
        chat = self._group(call)
        admins = [member.as_json() for member in chat.admins]
        if chat.bot_status == ADMINISTRATOR:
            admins.append(Member(self._world.bot, ADMINISTRATOR).as_json())
        return admins

    async def _get_chat_member(self, call: Json) -> Json:
        chat, user_id = targets.entered(self._world, call), number(call, "user_id")
        if user_id == self._world.bot["id"]:
            return Member(self._world.bot, chat.bot_status).as_json()
        if chat.is_private:
            refuse(chat.person is None or user_id != chat.id, "PARTICIPANT_ID_INVALID")
            assert chat.person is not None
            return Member(chat.person.as_json()).as_json()
        member = chat.members.get(user_id)
        is_hidden = chat.hides_members and (member is None or not member.is_admin)
        if is_hidden and chat.bot_status != ADMINISTRATOR:
            raise gone("CHAT_ADMIN_REQUIRED")
        if member is None:
            person = self._world.people.get(user_id)
            refuse(person is None, "PARTICIPANT_ID_INVALID")
            assert person is not None
            return Member(person.as_json(), LEFT).as_json()
        return member.as_json()

    async def _get_chat_member_count(self, call: Json) -> int:
        members = targets.entered(self._world, call).members.values()
        return 1 + sum(member.status in INSIDE for member in members)

    async def _leave_chat(self, call: Json) -> bool:
        chat = self._group(call)
        before, chat.bot_status = chat.bot_status, LEFT
        self._world.tell_status(chat, self._world.bot, before, LEFT)
        return True

    async def _set_my_commands(self, call: Json) -> bool:
        commands = structure(call, "commands", [])
        check_commands(commands)
        self._world.commands[self._scope(call), language(call)] = commands
        self._world.arrived.ring()
        return True

    async def _get_my_commands(self, call: Json) -> list[Json]:
        return self._world.commands.get((self._scope(call), language(call)), [])

    async def _delete_my_commands(self, call: Json) -> bool:
        self._world.commands.pop((self._scope(call), language(call)), None)
        return True

    def _scope(self, call: Json) -> str:
        """Return whom commands are for, as one word."""
        scope = structure(call, "scope", {"type": "default"})
        kind = str(scope["type"])
        if "chat_id" not in scope:
            return kind
        chat = targets.entered(self._world, scope)
        refuse(chat.is_private and kind != "chat", "can't change commands in private chats")
        user = f":{scope['user_id']}" if "user_id" in scope else ""
        return f"{kind}:{chat.id}{user}"

    def _setter(self, name: str) -> Method:
        parameter, most = _TEXTS[name]

        async def set_it(call: Json) -> bool:
            text = call.get(parameter) or ""
            refuse(length(text) > most, f"{name} is too long")
            self._world.descriptions[name, language(call)] = text
            return True

        return set_it

    def _getter(self, name: str) -> Method:
        async def get_it(call: Json) -> Json:
            return {_TEXTS[name][0]: self._world.descriptions.get((name, language(call)), "")}

        return get_it

    def _group(self, call: Json) -> Chat:
        chat = targets.entered(self._world, call)
        refuse(chat.is_private, "there are no administrators in the private chat")
        return chat
