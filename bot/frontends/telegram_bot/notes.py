"""What the bot keeps in its notebook: all by its own number, all for a limited time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cachetools import LRUCache

from bot.core.ports import Notebook

DAY_S = 24 * 3600
ANSWERS_KEPT_S = 2 * DAY_S
"""As long as Telegram lets bots edit and delete what they have sent."""
FILES_KEPT_S = 30 * DAY_S
GROUPS_KEPT_S = 30 * DAY_S
CHOICES_KEPT_S = 400 * DAY_S
UPDATES_KEPT_S = 2 * DAY_S
"""Telegram itself keeps what it could not deliver for one."""
ADDING_KEPT_S = 600
LATE_WORD_S = 600
_FILES_AT_HAND = 20_000
"""Ids of files kept in this process, about 200 bytes each."""
_A_PIECE = 10
"""Photos of one album; their messages have numbers in a row."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer in a chat: the messages it consists of, and what it shows."""

    text_id: int
    photo_ids: tuple[int, ...] = ()
    image_ids: tuple[int, ...] = ()
    """The picture of each photo."""
    token: str = ""
    """Names the question in the paging store; empty if there is nothing to refine."""
    question_id: int = 0
    """The message that asked; 0 if it was a button."""
    owner_id: int = 0
    """Whose answer it is; 0 if that is not known."""

    @property
    def message_ids(self) -> tuple[int, ...]:
        """All messages of the answer."""
        return (*self.photo_ids, self.text_id)


class Notes:
    """The notes of one bot."""

    def __init__(self, notebook: Notebook, bot_id: int) -> None:
        self._notebook = notebook
        self._prefix = f"telegram:{bot_id}"
        self._file_ids: LRUCache[str, str] = LRUCache(_FILES_AT_HAND)

    # --- Updates ---

    async def is_new(self, update_id: int) -> bool:
        """Tell whether an update has not been here before; it has from now on."""
        return await self._notebook.claim(f"{self._prefix}:update:{update_id}", UPDATES_KEPT_S)

    async def is_new_album(self, album: str) -> bool:
        """Tell whether an album has not been here before; it has from now on."""
        return await self._notebook.claim(f"{self._prefix}:album:{album}", UPDATES_KEPT_S)

    async def may_say_late(self, chat_id: int) -> bool:
        """Tell whether a chat has not been told yet that the bot was away."""
        return await self._notebook.claim(f"{self._prefix}:late:{chat_id}", LATE_WORD_S)

    # --- Answers ---

    async def keep_answer(self, chat_id: int, answered: Answered) -> None:
        """Remember an answer by each of its messages, and by its question."""
        told = [
            answered.text_id,
            answered.photo_ids,
            answered.image_ids,
            answered.token,
            answered.question_id,
            answered.owner_id,
        ]
        written = json.dumps(told, separators=(",", ":"))
        numbers = {answered.text_id, *answered.photo_ids}
        first, last = min(answered.photo_ids, default=0), max(answered.photo_ids, default=0)
        if last - first < _A_PIECE:
            # In a row, as the messages of an album are: one of them leads to the others.
            numbers = {answered.text_id, first} - {0}
        if answered.question_id:
            numbers.add(answered.question_id)
        names = [self._answer(chat_id, number) for number in numbers]
        await self._notebook.put(dict.fromkeys(names, written), ANSWERS_KEPT_S)

    async def answer(self, chat_id: int, message_id: int) -> Answered | None:
        """Return the answer that a message belongs to, or that answers it."""
        nearby = [self._answer(chat_id, message_id - n) for n in range(_A_PIECE)]
        for written in await self._notebook.get(nearby):
            if written is None:
                continue
            text_id, photo_ids, image_ids, *rest = json.loads(written)
            answered = Answered(text_id, tuple(photo_ids), tuple(image_ids), *rest)
            if message_id in {*answered.message_ids, answered.question_id}:
                return answered
        return None

    async def forget_answer(self, chat_id: int, answered: Answered) -> None:
        """Forget the messages of an answer that are gone."""
        await self._notebook.forget([self._answer(chat_id, n) for n in answered.message_ids])

    async def forget_photo(self, chat_id: int, answered: Answered, photo_id: int) -> None:
        """Remember that a photo of an answer is gone."""
        left = [
            pair
            for pair in zip(answered.photo_ids, answered.image_ids, strict=True)
            if pair[0] != photo_id
        ]
        photo_ids, image_ids = tuple(one for one, _ in left), tuple(one for _, one in left)
        await self.keep_answer(chat_id, replace(answered, photo_ids=photo_ids, image_ids=image_ids))
        await self._notebook.forget([self._answer(chat_id, photo_id)])

    def _answer(self, chat_id: int, message_id: int) -> str:
        return f"{self._prefix}:answer:{chat_id}:{message_id}"

    # --- Files ---

    async def file_ids(self, sha256s: Sequence[str]) -> dict[str, str]:
        """Return the ids under which Telegram knows pictures already."""
        ids = {sha: known for sha in sha256s if (known := self._file_ids.get(sha)) is not None}
        others = [sha256 for sha256 in sha256s if sha256 not in ids]
        if others:
            found = await self._notebook.get([self._file(sha256) for sha256 in others])
            read = {sha: known for sha, known in zip(others, found, strict=True) if known}
            self._file_ids.update(read)
            ids |= read
        return ids

    async def keep_file_ids(self, file_ids: Mapping[str, str]) -> None:
        """Remember ids by the SHA-256 of the pictures."""
        if file_ids:
            self._file_ids.update(file_ids)
            notes = {self._file(sha256): file_id for sha256, file_id in file_ids.items()}
            await self._notebook.put(notes, FILES_KEPT_S)

    async def forget_file_ids(self, sha256s: Iterable[str]) -> None:
        """Forget ids that are worthless."""
        stale = list(sha256s)
        for sha256 in stale:
            self._file_ids.pop(sha256, None)
        await self._notebook.forget([self._file(sha256) for sha256 in stale])

    def _file(self, sha256: str) -> str:
        return f"{self._prefix}:file:{sha256}"

    # --- People ---

    async def language(self, user_id: int) -> str:
        """Return the language somebody has chosen; empty if none."""
        (chosen,) = await self._notebook.get([f"{self._prefix}:language:{user_id}"])
        return chosen or ""

    async def choose_language(self, user_id: int, tag: str) -> None:
        """Keep somebody's choice; empty takes it back."""
        name = f"{self._prefix}:language:{user_id}"
        if tag:
            await self._notebook.put({name: tag}, CHOICES_KEPT_S)
        else:
            await self._notebook.forget([name])

    async def groups_of(self, user_id: int) -> frozenset[int]:
        """Return the groups in which somebody has talked to the bot."""
        return frozenset(map(int, await self._notebook.members(self._groups(user_id))))

    async def seen(self, user_id: int, chat_id: int, username: str, name: str) -> None:
        """Remember that somebody has talked to the bot in a group."""
        await self._notebook.add(self._groups(user_id), str(chat_id), GROUPS_KEPT_S)
        if username:
            known = {self._named(chat_id, username): f"{user_id} {name}"}
            await self._notebook.put(known, GROUPS_KEPT_S)

    async def named(self, chat_id: int, username: str) -> tuple[int, str] | None:
        """Return the number and name of somebody who has talked to the bot in a group."""
        (known,) = await self._notebook.get([self._named(chat_id, username)])
        if known is None:
            return None
        number, _, name = known.partition(" ")
        return int(number), name

    def _named(self, chat_id: int, username: str) -> str:
        return f"{self._prefix}:user:{chat_id}:{username.lower()}"

    def _groups(self, user_id: int) -> str:
        return f"{self._prefix}:groups:{user_id}"

    async def name_person(self, person_id: str, name: str) -> None:
        """Keep the name of somebody whom an admin has given rights, to show it."""
        await self._notebook.put({f"{self._prefix}:name:{person_id}": name}, CHOICES_KEPT_S)

    async def names(self, person_ids: Sequence[str]) -> list[str]:
        """Return the names of people; the id for those without."""
        found = await self._notebook.get([f"{self._prefix}:name:{one}" for one in person_ids])
        return [name or one for one, name in zip(person_ids, found, strict=True)]

    async def forget_person(self, user_id: int, username: str) -> None:
        """Forget all that is kept about a person."""
        names = [
            f"{self._prefix}:language:{user_id}",
            f"{self._prefix}:name:telegram:{user_id}",
            self._groups(user_id),
            self._adding(user_id),
            f"{self._prefix}:asked:{user_id}",
            *(self._named(chat_id, username) for chat_id in await self.groups_of(user_id)),
        ]
        await self._notebook.forget(names)

    # --- What comes next ---

    async def expect_pictures(self, user_id: int) -> None:
        """Remember for a while that the next pictures of a private chat are to be added."""
        await self._notebook.put({self._adding(user_id): "1"}, ADDING_KEPT_S)

    async def expects_pictures(self, user_id: int) -> bool:
        """Tell whether the next pictures of a private chat are to be added."""
        (waiting,) = await self._notebook.get([self._adding(user_id)])
        return waiting is not None

    async def stop_expecting(self, user_id: int) -> None:
        """Take pictures as questions again."""
        await self._notebook.forget([self._adding(user_id)])

    def _adding(self, user_id: int) -> str:
        return f"{self._prefix}:adding:{user_id}"

    async def keep_question(self, user_id: int, question: str) -> None:
        """Remember for a while what somebody has asked in inline mode."""
        await self._notebook.put({f"{self._prefix}:asked:{user_id}": question}, ADDING_KEPT_S)

    async def question(self, user_id: int) -> str:
        """Return what somebody has just asked in inline mode; empty if nothing."""
        (asked,) = await self._notebook.get([f"{self._prefix}:asked:{user_id}"])
        return asked or ""

    # --- The menu ---

    async def menu(self) -> str:
        """Return which menu of commands Telegram was given."""
        (known,) = await self._notebook.get([f"{self._prefix}:menu"])
        return known or ""

    async def keep_menu(self, digest: str) -> None:
        """Remember which menu of commands Telegram was given."""
        await self._notebook.put({f"{self._prefix}:menu": digest}, FILES_KEPT_S)
