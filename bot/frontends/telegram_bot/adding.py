"""Pictures that people add: one, an album, or those they send after ``/add``."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from cachetools import TTLCache
from telegram import Bot, Document, Message
from telegram.error import TelegramError

from bot.core.errors import CoreError, NotAllowedError, PictureRefusedError, UnavailableError
from bot.core.messages import Add, Reply, Tone, Upload
from bot.core.policy import may_add
from bot.core.replies import explain
from bot.core.texts import Texts
from bot.frontends.base import ConversationPort
from bot.frontends.telegram_bot.answers import Answers
from bot.frontends.telegram_bot.askers import Asker
from bot.frontends.telegram_bot.notes import ADDING_KEPT_S, Notes
from bot.frontends.telegram_bot.photos import FileTooLargeError, download
from bot.frontends.telegram_bot.reading import Addition, File, addition, picture_of
from bot.frontends.telegram_bot.sentences import SENTENCES

_MAX_EXPECTED = 10_000


class Adding:
    """Fetches pictures from Telegram and hands them to the core."""

    def __init__(
        self,
        bot: Bot,
        conversation: ConversationPort,
        answers: Answers,
        notes: Notes,
        max_bytes: int,
    ) -> None:
        self._bot = bot
        self._conversation = conversation
        self._answers = answers
        self._notes = notes
        self._max_bytes = max_bytes
        self._expected: TTLCache[int, bool] = TTLCache(_MAX_EXPECTED, ADDING_KEPT_S)

    async def download(self, file: File) -> bytes:
        """Fetch a file; raises CoreErrors."""
        try:
            return await download(self._bot, file, self._max_bytes)
        except TelegramError as error:
            raise UnavailableError(part="telegram_file") from error

    async def expect(self, asker: Asker) -> None:
        """Ask for pictures; what comes next in this private chat is added."""
        self._expected[asker.user_id] = True
        await self._notes.expect_pictures(asker.user_id)
        await self._answers.say(asker.place, asker.texts.say(SENTENCES["send_now"]))

    async def is_expecting(self, asker: Asker) -> bool:
        """Tell whether a picture is to be added without having to say so."""
        return not asker.place.is_group and await self._notes.expects_pictures(asker.user_id)

    async def turned_away(self, asker: Asker) -> None:
        """Note that somebody asks a question again: pictures are questions too from now on."""
        if self._expected.pop(asker.user_id, False):
            await self._notes.stop_expecting(asker.user_id)

    async def add(self, asker: Asker, wish: Addition, pieces: Sequence[Message]) -> Reply:
        """Add a picture, or all of an album; errors are replies."""
        try:
            await self._check(asker)
            uploads, refused = await self._uploads(wish, pieces)
        except CoreError as error:
            return explained(error, asker.texts)
        if refused and not uploads:
            return explained(refused[0], asker.texts)
        reply = await self._answers.ask(asker, Add(tuple(upload for upload, _ in uploads)))
        if reply.tone is Tone.DONE:
            await self._notes.keep_file_ids(
                {
                    hashlib.sha256(upload.content).hexdigest(): file_id
                    for upload, file_id in uploads
                    if file_id
                }
            )
        reasons = [explained(error, asker.texts).text for error in refused]
        return replace(reply, text="\n".join([reply.text, *reasons]))

    async def _check(self, asker: Asker) -> None:
        """Raise NotAllowedError before anything is fetched in vain."""
        if not asker.person.is_admin:
            policy = await self._conversation.communities.policy(asker.place.collection)
            if not may_add(asker.person, policy):
                raise NotAllowedError

    async def _uploads(
        self, wish: Addition, pieces: Sequence[Message]
    ) -> tuple[list[tuple[Upload, str]], list[CoreError]]:
        """Fetch pictures, each with the id of its file where it can be sent as a photo."""
        wanted = [(wish, pieces[0])] if len(pieces) == 1 else _of_album(wish, pieces)
        found = await asyncio.gather(
            *(
                self._upload(one, piece)
                for one, piece in wanted
                if one.file is not None or len(pieces) > 1
            ),
            return_exceptions=True,
        )
        uploads, refused = [], []
        for one in found:
            if isinstance(one, CoreError):
                refused.append(one)
            elif isinstance(one, BaseException):
                raise one
            else:
                uploads.append(one)
        return uploads, refused

    async def _upload(self, wish: Addition, piece: Message) -> tuple[Upload, str]:
        file = wish.file
        if file is None:
            raise PictureRefusedError("unsupported")
        content = await self.download(file)
        name = (file.file_name or "") if isinstance(file, Document) else ""
        upload = Upload(content, filename=name, caption=wish.caption, tags=wish.tags)
        answered = piece.reply_to_message
        photos = [*piece.photo, *(answered.photo if answered is not None else ())]
        return upload, file.file_id if file in photos else ""


def _of_album(wish: Addition, pieces: Sequence[Message]) -> list[tuple[Addition, Message]]:
    """Return what is to be added: what stands below one picture is said about all of them."""
    wanted = []
    for piece in pieces:
        own = addition(picture_of(piece), piece.caption or "")
        has_own = bool(piece.caption) and not (piece.caption or "").startswith("/")
        said = own if has_own else wish
        wanted.append((Addition(own.file, said.caption, said.tags), piece))
    return wanted


def explained(error: CoreError, texts: Texts) -> Reply:
    """Put an error into words, Telegram's own ones too."""
    if isinstance(error, FileTooLargeError):
        return Reply(texts.say(SENTENCES["too_large"]), Tone.ERROR, code="picture_too_large")
    return explain(error, texts)
