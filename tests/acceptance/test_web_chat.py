"""The web chat in a real browser, on the real services and the real model."""

from __future__ import annotations

import json
import os
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image, ImageDraw

from tests.acceptance.browser import Page, chromium_or_skip, open_page

CARDS = "document.querySelectorAll('.exchange:last-child .card')"
CAPTIONS = f"[...{CARDS}].map((card) => card.querySelector('.card-caption').textContent)"
SETTLED = "!document.querySelector('[aria-busy]')"
NO_SIDEWAYS_SCROLL = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def devtools() -> Iterator[str]:
    with chromium_or_skip() as address:
        yield address


@pytest.fixture
async def page(devtools: str, stack: Any) -> AsyncIterator[Page]:
    """A page at the chat; whatever a test does, the page must not complain or go elsewhere."""
    async with open_page(devtools) as opened:
        await opened.prefer_languages("en")
        await opened.open(stack.web_url)
        await opened.wait("document.querySelector('.service[data-mood=ready]')", timeout_s=60)
        yield opened
        assert opened.console_errors == []
        assert opened.requested_hosts == {urlsplit(stack.web_url).netloc}


async def ask(page: Page, question: str) -> list[str]:
    """Ask by keyboard; returns the captions of the answer."""
    count = await page.evaluate("document.querySelectorAll('.exchange').length")
    await page.evaluate("document.getElementById('question').focus()")
    await page.type(question)
    await page.press("Enter")
    await page.wait(
        f"document.querySelectorAll('.exchange').length === {count + 1} && {SETTLED}"
        " && document.querySelector('.exchange:last-child .answer').innerText"
    )
    captions: list[str] = await page.evaluate(CAPTIONS)
    return captions


async def keep_screenshot(page: Page, name: str) -> None:
    """Save what is seen if SCREENSHOT_DIR is set."""
    folder = os.environ.get("SCREENSHOT_DIR")
    if folder:
        await page.wait("[...document.images].every((image) => image.complete)")
        await page.wait("document.getAnimations().every((a) => a.playState !== 'running')")
        await page.screenshot(Path(folder) / f"{name}.png")


def unlike_any_other(path: Path) -> Path:
    """Draw a picture that no collection has."""
    generator = random.Random(path.name)  # noqa: S311
    picture = Image.new("RGB", (320, 240), "white")
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y = generator.randrange(320), generator.randrange(240)
        colour = tuple(generator.randrange(256) for _ in range(3))
        draw.rectangle((x, y, x + 60, y + 12), fill=colour)
    picture.save(path)
    return path


async def test_a_question_in_japanese_finds_the_black_cat(page: Page) -> None:
    captions = await ask(page, "黒猫")
    assert len(captions) == 10
    assert any("black cat" in caption for caption in captions)
    assert await page.evaluate("document.querySelector('.question p').dir") == "auto"
    await page.wait(
        "[...document.querySelectorAll('.tile img')]"
        ".every((image) => image.complete && image.naturalWidth > 0)"
    )
    assert await page.evaluate("[...document.images].every((image) => image.hasAttribute('alt'))")
    assert await page.evaluate(
        "[...document.querySelectorAll('.tile img')].every((image) => image.alt.trim() !== '')"
    )
    await keep_screenshot(page, "web_chat")


async def test_the_page_says_how_to_begin(page: Page) -> None:
    examples = await page.evaluate(
        "[...document.querySelectorAll('.example')].map((example) => example.textContent)"
    )
    assert len(examples) == 3
    await keep_screenshot(page, "web_chat_welcome")
    await page.click(".example")
    await page.wait(f"{CARDS}.length === 10")
    asked = await page.evaluate("document.querySelector('.question p').textContent")
    assert asked == examples[0]


async def test_more_appends_the_next_page_to_the_same_answer(page: Page) -> None:
    first = await ask(page, "birthday cake")
    await page.click(".choices .button")
    await page.wait(f"{CARDS}.length === 20 && {SETTLED}")
    ids = await page.evaluate(f"[...{CARDS}].map((card) => card.dataset.imageId)")
    assert len(set(ids)) == 20
    assert (await page.evaluate(CAPTIONS))[:10] == first
    assert await page.evaluate("document.querySelectorAll('.exchange').length") == 1


async def test_more_like_this_shows_its_neighbours(page: Page) -> None:
    first = (await ask(page, "black cat"))[0]
    await page.click(".card .card-foot .icon-button")
    await page.wait("document.querySelectorAll('.exchange').length === 2")
    await page.wait(f"{CARDS}.length === 10")
    assert first not in await page.evaluate(CAPTIONS)


async def test_a_picture_is_added_found_at_once_and_deleted(page: Page, tmp_path: Path) -> None:
    picture = unlike_any_other(tmp_path / "stripes.png")
    await page.choose_files("#file-many", [picture])
    await page.wait("document.querySelector('dialog.adding[open]')")
    await page.type("unlike any other 🦖")
    await page.press("Enter")
    await page.wait(
        f"{SETTLED} && document.querySelector('.exchange:last-child .answer-text').innerText",
        timeout_s=60,
    )

    await page.choose_files("#file-one", [picture])
    await page.wait("document.querySelector('dialog.choice[open]')")
    await page.click("dialog.choice .primary")
    await page.wait(f"{CARDS}.length > 0", timeout_s=60)
    assert (await page.evaluate(CAPTIONS))[0] == "unlike any other 🦖"

    await page.click(".exchange:last-child .card:first-child .tile")
    await page.wait("document.querySelector('dialog.viewer[open]')")
    facts = await page.evaluate("document.querySelector('.facts').innerText")
    assert "Web" in facts
    assert "320 × 240" in facts
    # What is still on its way when it is deleted is rightly not found.
    await page.wait(
        "[...document.querySelectorAll('.viewer img, .exchange:last-child .card:first-child img')]"
        ".every((image) => image.complete && image.naturalWidth > 0)"
    )
    await page.click(".viewer .delete")
    await page.wait("document.querySelector('.viewer .delete.armed')")
    await page.click(".viewer .delete")
    await page.wait("document.querySelector('.toast')")
    assert "unlike any other 🦖" not in await page.evaluate(CAPTIONS)
    await page.press("Escape")
    await page.wait("!document.querySelector('dialog.viewer[open]')")

    await page.choose_files("#file-one", [picture])
    await page.wait("document.querySelector('dialog.choice[open]')")
    await page.click("dialog.choice .primary")
    await page.wait("document.querySelectorAll('.exchange').length === 3", timeout_s=60)
    await page.wait(f"{CARDS}.length > 0", timeout_s=60)
    assert "unlike any other 🦖" not in await page.evaluate(CAPTIONS)


async def test_a_dropped_picture_finds_similar_ones(page: Page, tmp_path: Path) -> None:
    picture = unlike_any_other(tmp_path / "dropped.png")
    await page.drop_files([picture])
    await page.wait("document.querySelector('dialog.choice[open]')")
    # The focus is on "find similar" already.
    await page.press("Enter")
    await page.wait(f"{CARDS}.length === 10", timeout_s=60)
    assert await page.evaluate("document.querySelector('.question img').alt") == "dropped.png"


async def test_a_picture_that_is_none_is_refused_kindly(page: Page, tmp_path: Path) -> None:
    fake = tmp_path / "fake.jpg"
    fake.write_bytes(b"%PDF-1.7 not a picture")
    await page.choose_files("#file-one", [fake])
    await page.click("dialog.choice .primary")
    await page.wait("document.querySelector('.error p').innerText", timeout_s=60)


@pytest.mark.parametrize("question", ["   ", "x" * 10_000])
async def test_a_question_that_cannot_be_answered_gets_a_sentence(
    page: Page, question: str
) -> None:
    await ask(page, question)
    assert await page.evaluate("document.querySelector('.error p').innerText")
    assert await page.evaluate(NO_SIDEWAYS_SCROLL)


async def test_everything_works_by_keyboard(page: Page) -> None:
    await page.wait("document.activeElement.id === 'question'")
    await page.type("cat")
    await page.press("Enter")
    await page.wait(f"{CARDS}.length === 10 && {SETTLED}")
    for _ in range(5):
        await page.press("Tab", shift=True)
        if await page.evaluate("document.activeElement.matches('.choices .button')"):
            break
    assert await page.evaluate("document.activeElement.matches('.choices .button:focus-visible')")
    await page.press("Enter")
    # The keyboard goes on at the first of the new pictures.
    await page.wait(f"document.activeElement === {CARDS}[10]?.querySelector('.tile')")
    assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    await page.press("ArrowRight")
    await page.wait(f"document.activeElement === {CARDS}[11].querySelector('.tile')")
    await page.press("Enter")
    await page.wait("document.querySelector('dialog.viewer[open]')")
    caption = "document.querySelector('.viewer-caption').textContent"
    assert await page.evaluate(caption) == (await page.evaluate(CAPTIONS))[11]
    await page.press("ArrowRight")
    assert await page.evaluate(caption) == (await page.evaluate(CAPTIONS))[12]
    await page.press("ArrowLeft")
    await page.press("ArrowLeft")
    assert await page.evaluate(caption) == (await page.evaluate(CAPTIONS))[10]
    for _ in range(12):
        await page.press("Tab")
        assert await page.evaluate(
            "['DIALOG', 'BODY'].includes(document.activeElement.tagName)"
            " || document.querySelector('dialog').contains(document.activeElement)"
        )
    await page.press("Escape")
    await page.wait("!document.querySelector('dialog[open]')")
    # The focus comes back with the dialog's close event, a moment after the dialog is gone.
    await page.wait(f"document.activeElement === {CARDS}[10].querySelector('.tile')")


async def test_arabic_is_right_to_left(page: Page, stack: Any) -> None:
    await page.prefer_languages("ar")
    await page.open(f"{stack.web_url}/")
    await page.wait("document.documentElement.dir === 'rtl'")
    await page.wait("document.querySelector('.service[data-mood=ready]')")
    placeholder = await page.evaluate("document.getElementById('question').placeholder")
    assert placeholder == "صِف صورة…"
    assert len(await ask(page, "قلب مكسور")) == 10
    left = f"[...{CARDS}].slice(0, 2).map((card) => card.getBoundingClientRect().left)"
    first, second = await page.evaluate(left)
    assert first > second
    assert await page.evaluate(NO_SIDEWAYS_SCROLL)
    await keep_screenshot(page, "web_chat_arabic")


async def test_the_language_can_be_changed_in_place(page: Page) -> None:
    await ask(page, "cat")
    await page.evaluate(
        """(() => {
            const select = document.getElementById("language");
            select.value = "de";
            select.dispatchEvent(new Event("change"));
        })()"""
    )
    await page.wait("document.documentElement.lang === 'de'")
    button = "document.querySelector('.card .card-foot .icon-button').ariaLabel"
    assert await page.evaluate(button) == "Mehr davon"
    assert len(await page.evaluate(CAPTIONS)) == 10


@pytest.mark.parametrize("width", [320, 390])
async def test_a_phone_needs_no_sideways_scrolling(page: Page, width: int) -> None:
    await page.resize(width, 844, phone=True)
    assert await page.evaluate(NO_SIDEWAYS_SCROLL)
    await ask(page, "торт ко дню рождения")
    assert await page.evaluate(NO_SIDEWAYS_SCROLL)
    await keep_screenshot(page, f"web_chat_phone_{width}")
    await page.click(".card .tile")
    await page.wait("document.querySelector('dialog.viewer[open]')")
    assert await page.evaluate(NO_SIDEWAYS_SCROLL)
    too_small = await page.evaluate(
        """[...document.querySelectorAll("dialog[open] button, .card-foot button")]
            .filter((button) => button.checkVisibility())
            .map((button) => button.getBoundingClientRect())
            .filter((box) => box.width < 32 || box.height < 32).length"""
    )
    assert too_small == 0


async def test_dark_mode_is_readable(page: Page) -> None:
    await page.prefer(prefers_color_scheme="dark")
    await ask(page, "moon")
    colours = await page.evaluate(
        """[".card-caption", ".answer-text", ".question p", ".choices .button", ".service"].map(
            (selector) => getComputedStyle(document.querySelector(selector)).color)"""
    )
    ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    for colour in colours:
        assert contrast(colour, ground) >= 4.5, (colour, ground)
    await keep_screenshot(page, "web_chat_dark")


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two CSS colours as WCAG 2 defines it."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of ``rgb(r, g, b)`` as WCAG 2 defines it."""
    channels = json.loads("[" + colour[colour.index("(") + 1 : -1] + "]")[:3]
    red, green, blue = (
        c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4
        for c in channels
    )
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)
