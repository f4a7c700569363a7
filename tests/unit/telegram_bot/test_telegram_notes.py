"""What outlives a restart, and texts cut to Telegram's limits."""

from __future__ import annotations

import pytest

from bot.frontends.telegram_bot.limits import MAX_CAPTION, MAX_TEXT, MAX_TOAST, shorten
from bot.frontends.telegram_bot.notes import Answered, Notes
from tests.unit.core.memory import MemoryNotebook

CHAT = -100


@pytest.fixture
def notebook() -> MemoryNotebook:
    return MemoryNotebook()


@pytest.fixture
def notes(notebook: MemoryNotebook) -> Notes:
    return Notes(notebook, 42)


@pytest.mark.parametrize("photo_ids", [(), (7,), tuple(range(7, 17)), (7, 9, 40)])
async def test_every_message_of_an_answer_leads_to_it(
    notes: Notes, photo_ids: tuple[int, ...]
) -> None:
    answered = Answered(50, photo_ids, tuple(range(len(photo_ids))), "token", 6, 3)
    await notes.keep_answer(CHAT, answered)
    for number in (6, *photo_ids, 50):
        assert await notes.answer(CHAT, number) == answered
    for number in (5, 8 if photo_ids == (7,) else 41, 49, 51):
        assert await notes.answer(CHAT, number) is None
    assert await notes.answer(CHAT - 1, 50) is None
    await notes.forget_answer(CHAT, answered)
    assert await notes.answer(CHAT, 50) is None


async def test_an_album_takes_few_notes(notes: Notes, notebook: MemoryNotebook) -> None:
    answered = Answered(17, tuple(range(7, 17)), tuple(range(10)), "token", 6)
    await notes.keep_answer(CHAT, answered)
    assert len(notebook.notes) == 3


async def test_a_photo_that_is_gone_is_left_out(notes: Notes) -> None:
    await notes.keep_answer(CHAT, Answered(10, (7, 8, 9), (1, 2, 3), "token", 6))
    for gone, left in ((7, (8, 9)), (9, (8,)), (8, ())):
        answered = await notes.answer(CHAT, 10)
        assert answered is not None
        await notes.forget_photo(CHAT, answered, gone)
        answered = await notes.answer(CHAT, 10)
        assert answered is not None
        assert answered.photo_ids == left
        assert await notes.answer(CHAT, gone) is None
        assert len(answered.image_ids) == len(left)


async def test_two_bots_share_no_ids_of_files(notes: Notes, notebook: MemoryNotebook) -> None:
    await notes.keep_file_ids({"aa": "file"})
    assert await Notes(notebook, 42).file_ids(["aa", "bb"]) == {"aa": "file"}
    assert await Notes(notebook, 43).file_ids(["aa"]) == {}
    await notes.forget_file_ids(["aa"])
    assert await notes.file_ids(["aa"]) == {}


@pytest.mark.parametrize("limit", [MAX_TOAST, MAX_CAPTION, MAX_TEXT])
def test_texts_are_cut_where_telegram_would_refuse_them(limit: int) -> None:
    assert shorten("x" * limit, limit) == "x" * limit
    assert shorten("x" * (limit + 1), limit) == "x" * (limit - 1) + "…"
    # An emoji counts as two, and is not cut in half.
    assert shorten("🐈" * (limit // 2), limit) == "🐈" * (limit // 2)
    assert shorten("🐈" * (limit // 2) + "x", limit) == "🐈" * (limit // 2 - 1) + "…"
