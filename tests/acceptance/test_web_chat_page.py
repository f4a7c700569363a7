"""The page in a real browser when things are not as usual: over a conversation in memory."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from PIL import Image

from bot.core.messages import ServiceStatus
from bot.frontends.base import FrontendOptions
from bot.frontends.web_chat import WebChat
from tests.acceptance.browser import Page, chromium_or_skip, open_page
from tests.unit.web_chat.memory_conversation import MemoryConversation

CARDS = "document.querySelectorAll('.exchange:last-child .card')"
UPLOAD_LIMIT = 20_000
BANNER = "document.getElementById('connection').textContent"


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", (128, 128), colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def devtools() -> Iterator[str]:
    with chromium_or_skip() as address:
        yield address


@pytest.fixture
def conversation() -> MemoryConversation:
    conversation = MemoryConversation()
    for number in range(12):
        conversation.add(png(f"hsl({number * 30}, 80%, 50%)"), f"colour {number}")
    return conversation


@pytest.fixture
async def chat(conversation: MemoryConversation) -> AsyncIterator[WebChat]:
    chat = WebChat(conversation, FrontendOptions(web_port=0, max_upload_bytes=UPLOAD_LIMIT))
    await chat.start()
    yield chat
    await chat.stop()


@pytest.fixture
async def page(devtools: str, chat: WebChat) -> AsyncIterator[Page]:
    async with open_page(devtools) as opened:
        await opened.prefer_languages("en")
        await opened.open(chat.url)
        await opened.wait("document.querySelector('.service[data-mood]').textContent")
        await opened.wait("document.querySelector('.service').dataset.mood !== 'waiting'")
        yield opened


async def ask(page: Page, question: str) -> None:
    await page.evaluate("document.getElementById('question').focus()")
    await page.type(question)
    await page.press("Enter")


async def test_a_lost_connection_is_shown_and_what_was_asked_meanwhile_is_answered(
    page: Page, chat: WebChat, conversation: MemoryConversation
) -> None:
    await chat.stop()
    await page.wait(f"{BANNER}.startsWith('Connection lost')")
    await ask(page, "colour 3")
    successor = WebChat(conversation, FrontendOptions(web_port=chat.port))
    await successor.start()
    try:
        await page.wait(f"{CARDS}.length === 1")
        await page.wait(f"{BANNER} === 'Connected again.' || {BANNER} === ''")
        await page.wait(f"{BANNER} === ''")
    finally:
        await successor.stop()


async def test_pictures_can_be_added_after_the_server_was_restarted(
    page: Page, chat: WebChat, conversation: MemoryConversation, tmp_path: Path
) -> None:
    await chat.stop()
    await page.wait(f"{BANNER}.startsWith('Connection lost')")
    picture = tmp_path / "new.png"
    picture.write_bytes(png("white"))
    await page.choose_files("#file-many", [picture])
    await page.wait("document.querySelector('dialog.adding[open]')")
    await page.type("while you were away")
    await page.press("Enter")
    await page.wait("document.querySelector('.exchange')")
    successor = WebChat(conversation, FrontendOptions(web_port=chat.port))
    await successor.start()
    try:
        await page.wait("document.querySelector('.answer-text').textContent === 'Added: 1'")
    finally:
        await successor.stop()
    captions = [stored.caption for stored in conversation.pictures.values()]
    assert captions.count("while you were away") == 1


async def test_warming_up_is_shown_and_passes(page: Page, conversation: MemoryConversation) -> None:
    conversation.status_now = ServiceStatus(
        ready=False, warming_up=True, image_count=0, pending_count=0
    )
    service = "document.getElementById('service').textContent"
    await page.wait(f"{BANNER}.startsWith('Warming up') && {service} === ''")
    conversation.status_now = ServiceStatus(
        ready=True, warming_up=False, image_count=0, pending_count=1234
    )
    await page.wait(f"{service} === 'Pictures: 12 · Being prepared: 1,234' && {BANNER} === ''")
    conversation.status_now = ServiceStatus(
        ready=True, warming_up=False, image_count=0, pending_count=0, preparing=(7, 1234)
    )
    coming = "The new encoder is being prepared: 7 of 1,234 pictures"
    await page.wait(f"{service} === 'Pictures: 12 · {coming}'")


async def test_a_question_asked_too_early_is_answered_by_itself_once_it_can_be(
    page: Page, conversation: MemoryConversation
) -> None:
    ready = conversation.status_now
    conversation.status_now = ServiceStatus(
        ready=False, warming_up=True, image_count=0, pending_count=0
    )
    await page.wait(f"{BANNER}.startsWith('Warming up')")
    await ask(page, "colour 3")
    await page.wait("document.querySelector('.error p').textContent === 'Not yet.'")
    conversation.status_now = ready
    await page.wait(f"{CARDS}.length === 1")


async def test_a_pasted_picture_is_taken_and_pasted_text_is_text(page: Page) -> None:
    paste = """(types) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(5)], "pasted.png", { type: "image/png" }));
        for (const type of types) data.setData(type, "words");
        document.getElementById("question").dispatchEvent(
            new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        return document.querySelectorAll("dialog.choice[open]").length;
    }"""
    assert await page.evaluate(f"({paste})(['text/plain'])") == 0
    assert await page.evaluate(f"({paste})([])") == 1


async def test_escape_takes_back_the_question_before_it_closes_the_picture(page: Page) -> None:
    await ask(page, "colour 3")
    await page.wait(f"{CARDS}.length === 1")
    await page.click(".tile")
    await page.click(".viewer .delete")
    await page.wait("document.querySelector('.viewer .delete.armed')")
    await page.press("Escape")
    assert await page.evaluate("document.querySelector('.viewer').open")
    assert not await page.evaluate("document.querySelector('.delete.armed')")
    await page.press("Escape")
    await page.wait("!document.querySelector('.viewer').open")


async def test_an_empty_collection_says_what_to_do(
    page: Page, conversation: MemoryConversation
) -> None:
    await page.wait("document.querySelector('.example').checkVisibility()")
    conversation.pictures.clear()
    await page.wait("document.getElementById('add-first').checkVisibility()")
    assert not await page.evaluate("document.querySelector('.example').checkVisibility()")


async def test_an_error_that_may_pass_can_be_tried_again(
    page: Page, conversation: MemoryConversation
) -> None:
    conversation.is_down = True
    await ask(page, "colour 5")
    await page.wait("document.querySelector('.error p').textContent === 'Not now.'")
    conversation.is_down = False
    await page.click(".error .button")
    await page.wait(f"{CARDS}.length === 1")
    assert await page.evaluate("document.querySelectorAll('.exchange, .error').length") == 1


async def test_questions_in_flight_keep_their_own_answers(
    page: Page, conversation: MemoryConversation
) -> None:
    gate = conversation.gates["colour 1"] = asyncio.Event()
    await ask(page, "colour 1")
    await page.wait("document.querySelector('.waiting')")
    await ask(page, "colour 2")
    await page.wait(f"{CARDS}.length === 1")
    assert await page.evaluate("document.querySelectorAll('.waiting').length") == 1
    gate.set()
    await page.wait("!document.querySelector('.waiting')")
    first = "document.querySelector('.exchange:first-child').querySelectorAll('.card').length"
    assert await page.evaluate(first) == 3  # colour 1, 10 and 11


async def test_a_caption_cannot_become_part_of_the_page(
    page: Page, conversation: MemoryConversation
) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\"><script>alert(1)</script>"
    conversation.add(png("black"), evil)
    await ask(page, evil)
    await page.wait(f"{CARDS}.length === 1")
    await page.click(".tile")
    await page.wait("document.querySelector('dialog.viewer[open]')")
    assert await page.evaluate("document.querySelector('.viewer-caption').textContent") == evil
    assert "owned" not in await page.evaluate("document.title")
    assert not await page.evaluate("document.querySelector('img[src=x]')")


async def test_what_is_too_large_or_no_picture_is_left_out_before_it_is_sent(
    page: Page, conversation: MemoryConversation, tmp_path: Path
) -> None:
    large, words, good = tmp_path / "large.png", tmp_path / "words.txt", tmp_path / "good.png"
    large.write_bytes(b"x" * (UPLOAD_LIMIT + 1))
    words.write_text("no picture")
    good.write_bytes(png("white"))
    await page.choose_files("#file-many", [large, words, good])
    await page.wait("document.querySelector('dialog.adding[open]')")
    toasts = await page.evaluate(
        "[...document.querySelectorAll('.toast')].map((toast) => toast.textContent).join('|')"
    )
    assert "large.png" in toasts
    assert "words.txt" in toasts
    assert await page.evaluate("document.querySelectorAll('.adding-list li').length") == 1


async def test_many_pictures_are_sent_in_parts_and_all_arrive(
    page: Page, conversation: MemoryConversation, tmp_path: Path
) -> None:
    before = len(conversation.pictures)
    files = []
    for number in range(60):
        files.append(tmp_path / f"{number}.png")
        files[-1].write_bytes(png(f"hsl({number * 6}, 50%, 30%)"))
    await page.choose_files("#file-many", files)
    await page.wait("document.querySelectorAll('.adding-list li').length === 60")
    await page.press("Enter")
    await page.wait("document.querySelector('.answer-text').textContent")
    assert len(conversation.pictures) == before + 60
    # 50 pictures a request: there were two, and the answer speaks of both.
    assert len(conversation.incoming) == 2
    text = await page.evaluate("document.querySelector('.answer-text').textContent")
    assert text == "Added: 50\nAdded: 10"


async def test_deleting_from_the_grid_takes_two_presses(
    page: Page, conversation: MemoryConversation
) -> None:
    await ask(page, "colour")
    await page.wait(f"{CARDS}.length === 10")
    await page.click(".card:nth-child(2) .delete")
    await page.wait("document.querySelector('.card:nth-child(2) .delete.armed')")
    assert 2 in conversation.pictures
    await page.press("Escape")
    await page.wait("!document.querySelector('.delete.armed')")
    await page.click(".card:nth-child(2) .delete")
    await page.press("Enter")
    await page.wait(f"{CARDS}.length === 9")
    assert 2 not in conversation.pictures


async def test_movement_is_switched_off_for_those_who_ask(page: Page) -> None:
    await page.prefer(prefers_reduced_motion="reduce")
    await ask(page, "colour")
    await page.wait(f"{CARDS}.length === 10")
    duration = "getComputedStyle(document.querySelector('.card')).animationDuration"
    assert float((await page.evaluate(duration)).rstrip("s")) < 0.001


async def test_the_password_page_lets_in_with_the_password_only(
    devtools: str, conversation: MemoryConversation
) -> None:
    options = FrontendOptions(web_port=0, web_password="open sesame")
    chat = WebChat(conversation, options)
    await chat.start()
    try:
        async with open_page(devtools) as page:
            await page.prefer_languages("he")
            await page.open(chat.url)
            await page.wait("location.pathname === '/login' && document.activeElement.id")
            assert await page.evaluate("document.documentElement.dir") == "rtl"
            await page.type("open barley")
            await page.press("Enter")
            await page.wait("document.getElementById('error').textContent")
            # The wrong one is selected: typing replaces it.
            await page.type("open sesame")
            await page.press("Enter")
            await page.wait("document.getElementById('composer')")
            await page.wait("document.querySelector('.service[data-mood=ready]')")
            await page.click("#sign-out")
            await page.wait("document.getElementById('login')")
    finally:
        await chat.stop()
