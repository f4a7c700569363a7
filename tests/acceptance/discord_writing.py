"""People on the fake Discord who write, edit and delete messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_account import Account, NotShownError
from tests.acceptance.discord_attachments import PictureEmbed, Sticker
from tests.acceptance.discord_limits import UploadedFile
from tests.acceptance.discord_messages import MENTION, Message


class Writing(Account):
    """Writes messages, to the bot in a direct conversation, else into the channel."""

    async def post(
        self,
        text: str,
        *files: UploadedFile,
        stickers: Sequence[Sticker] = (),
        embeds: Sequence[PictureEmbed | dict[str, Any]] = (),
    ) -> Message:
        """Write a message."""
        return await self._write(text, files, stickers, embeds)

    async def mention(self, text: str, *files: UploadedFile, **more: Any) -> Message:
        """Write a message that mentions the bot."""
        return await self.post(f"<@{self.server.application_id}> {text}".strip(), *files, **more)

    async def reply(
        self,
        message: Message,
        text: str,
        *files: UploadedFile,
        ping: bool = True,
        stickers: Sequence[Sticker] = (),
        embeds: Sequence[PictureEmbed | dict[str, Any]] = (),
    ) -> Message:
        """Write a reply, which mentions the author unless that is turned off."""
        return await self._write(text, files, stickers, embeds, to=message, ping=ping)

    async def edit(self, message: Message, text: str) -> None:
        """Change the text of a message of one's own."""
        if message.author["id"] != str(self.id) or message.is_deleted:
            raise NotShownError("not one's own message")
        before = set(MENTION.findall(message.content))
        pinged = [user for user in message.mentions if user["id"] not in before]
        message.content = text
        message.mentions = [*self._mentioned(text), *pinged]
        message.touch()
        await self.server.tell_message("MESSAGE_UPDATE", message)

    async def delete(self, message: Message) -> None:
        """Delete a message of one's own, or with the right to somebody else's."""
        is_own = message.author["id"] == str(self.id)
        if message.is_ephemeral and message.seen_by != self.id:
            raise NotShownError("only somebody else sees the message")
        if not is_own and not message.is_ephemeral:
            place = self.server.find_place(message.channel_id)
            if place is None or place.guild is None or place.guild is not self.guild:
                raise NotShownError("not one's own message")
            granted = place.guild.permissions_of(self.id, place.channel)
            if not granted & limits.MANAGE_MESSAGES:
                raise NotShownError("not one's own message")
        await self.server.remove_message(message)

    async def wait_for_answer(self, to: Message) -> Message:
        """Wait for what the bot writes below a message, as a reply or not."""

        def answers() -> list[Message]:
            return [
                message
                for message in self.server.messages.values()
                if message.author["id"] == self.server.bot["id"]
                and (message.nonce == str(to.id) or message.reply_to == to.id)
            ]

        await self.server.wait_for(lambda: bool(answers()))
        (answer,) = answers()
        return answer

    async def _write(
        self,
        text: str,
        files: Sequence[UploadedFile],
        stickers: Sequence[Sticker],
        embeds: Sequence[PictureEmbed | dict[str, Any]],
        *,
        to: Message | None = None,
        ping: bool = False,
    ) -> Message:
        self.enter()
        if self.guild is not None:
            in_thread = self.channel is not None and self.channel.is_thread
            needed = limits.SEND_MESSAGES_IN_THREADS if in_thread else limits.SEND_MESSAGES
            needed |= limits.ATTACH_FILES if files else 0
            if self.permissions & needed != needed:
                raise NotShownError(f"{self.name} may not write here")
        message = Message(self.channel_id, self.user, text, tuple(files), embeds=embeds)
        message.stickers = stickers
        message.mentions = self._mentioned(text)
        if to is not None:
            if to.channel_id != self.channel_id or to.is_deleted or to.is_ephemeral:
                raise NotShownError("the message is elsewhere")
            message.reply_to = to.id
            is_new = to.author not in message.mentions
            message.mentions = [*message.mentions, *([to.author] if ping and is_new else [])]
        self._serve(stickers, embeds)
        self.server.messages[message.id] = message
        await self.server.tell_message("MESSAGE_CREATE", message)
        return message

    def _mentioned(self, text: str) -> list[dict[str, Any]]:
        users = self.server.users
        ids = dict.fromkeys(int(number) for number in MENTION.findall(text))
        return [users[number] for number in ids if number in users]

    def _serve(
        self, stickers: Sequence[Sticker], embeds: Sequence[PictureEmbed | dict[str, Any]]
    ) -> None:
        kept = self.server.pictures
        for sticker in stickers:
            kept[sticker.path] = UploadedFile(sticker.path, sticker.content)
        for embed in embeds:
            if isinstance(embed, PictureEmbed):
                name = embed.picture.filename
                kept[f"/external/{embed.id}/https/pictures.invalid/{name}"] = embed.picture
