"""People on the fake Telegram who press buttons, use inline mode and open the list of commands."""

from __future__ import annotations

from tests.acceptance import telegram_limits as limits
from tests.acceptance.telegram_bell import WAIT_S
from tests.acceptance.telegram_inline import InlineAnswer, InlineQuery, InlineResult
from tests.acceptance.telegram_limits import Json, length
from tests.acceptance.telegram_messages import NotShownError, Press, Sent
from tests.acceptance.telegram_places import Chat
from tests.acceptance.telegram_writing import Writing


class Clicks(Writing):
    """Uses what the bot offers."""

    async def press(self, message: Sent, label: str) -> Press:
        """Press the button with a label, or the only one whose label begins so."""
        button = message.button(label)
        if "callback_data" not in button:
            raise NotShownError(f"{label!r} leads elsewhere")
        if message.chat.is_private:
            if message.chat.id != self.id:
                raise NotShownError("the message is somebody else's")
        else:
            self.member(message.chat)
        return await self.world.press_data(self, message.chat, message, button["callback_data"])

    async def press_data(self, message: Sent, data: str) -> Press:
        """Press a button as it once was, on a phone that still shows it."""
        return await self.world.press_data(self, message.chat, message, data)

    async def ask_inline(
        self, query: str, offset: str = "", *, chat_type: str | None = "sender"
    ) -> InlineQuery:
        """Type behind the bot's name, or scroll down; nothing waits for the answer."""
        if length(query) > limits.MAX_QUERY:
            raise NotShownError("the app asks bots no such long queries")
        asked = self.world.inline.ask(self.id, query, offset)
        told = {"id": asked.id, "from": self.as_json(), "query": query, "offset": offset}
        told |= {} if chat_type is None else {"chat_type": chat_type}
        self.world.queue.add({"inline_query": told}, self.id)
        return asked

    async def inline(
        self,
        query: str,
        offset: str = "",
        *,
        chat_type: str | None = "sender",
        timeout_s: float = WAIT_S,
    ) -> InlineAnswer:
        """Type behind the bot's name, and wait for what is shown."""
        kept = self.world.inline.cached(self.id, query, offset)
        if kept is not None:
            return kept
        return await (await self.ask_inline(query, offset, chat_type=chat_type)).answer(timeout_s)

    async def choose(
        self, answer: InlineAnswer, result: InlineResult, *, chat: Chat | None = None
    ) -> Sent:
        """Send a result into a chat, by default the one with the bot."""
        if result not in answer.results:
            raise NotShownError("the result is not shown")
        chat = self.private if chat is None else chat
        self.check_may_write(chat)
        message = Sent(0, result.text, result.file, buttons=result.buttons)
        message.entities, message.author_id = result.entities, self.id
        message.sender = {"from": self.as_json()}
        message.more = {"via_bot": self.world.bot}
        if result.file is not None:
            message.media = self.world.files.describe(result.file)
        if result.buttons:
            # Only what has buttons can be edited later.
            message.inline_id = f"AgAAA{self.world.new_id()}"
            self.world.inline.messages[message.inline_id] = message
        self.world.put(chat, message)
        if self.world.inline.feedback:
            chosen = {"result_id": result.id, "from": self.as_json(), "query": answer.query}
            chosen |= {"inline_message_id": message.inline_id} if message.inline_id else {}
            self.world.queue.add({"chosen_inline_result": chosen}, self.id)
        return message

    async def press_inline_button(self, answer: InlineAnswer) -> Sent:
        """Press the button above the results, which opens the chat with the bot."""
        if answer.button is None or "start_parameter" not in answer.button:
            raise NotShownError("there is no such button")
        return await self.start(answer.button["start_parameter"])

    def shown_commands(self, chat: Chat | None = None) -> list[Json]:
        """Return the commands that the app offers (core.telegram.org/bots/api, BotCommandScope)."""
        chat = self.private if chat is None else chat
        one = [f"chat_member:{chat.id}:{self.id}"]
        admins, all_admins = [f"chat_administrators:{chat.id}"], ["all_chat_administrators"]
        if chat.is_private:
            scopes = [f"chat:{chat.id}", "all_private_chats"]
        else:
            is_admin = self.member(chat).is_admin
            scopes = [*one, *admins * is_admin, f"chat:{chat.id}", *all_admins * is_admin]
            scopes.append("all_group_chats")
        for scope in (*scopes, "default"):
            for language in ((self.language or "")[:2], ""):
                if found := self.world.commands.get((scope, language)):
                    return found
        return []
