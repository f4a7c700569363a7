"""A calibrated encoder in a running service: what fits, on the terminal and on the page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from bot.core.relevance import MIN_RELEVANCE, least
from tests.acceptance.browser import chromium_or_skip, open_page
from tests.stack import Stack, running_stack
from workers.encoders.calibration import FILE
from workers.encoders.models import BUNDLED

CURVES = {"questions": [20, -10], "similar": [20, -14]}
"""With the bundled model, by eye: a black cat is one, and nothing is xyzzy."""


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("models") / "calibrated"
    shutil.copytree(BUNDLED / "mini", folder)
    (folder / FILE).write_text(json.dumps(CURVES))
    with running_stack(samples=True, encoder=folder) as running:
        yield running


def _asked(stack: Stack, *arguments: str) -> list[dict[str, Any]]:
    code, output, errors = stack.finish("ask", *arguments, "--json")
    assert code == 0, errors
    found: list[dict[str, Any]] = json.loads(output)
    return found


def test_ask_shows_what_fits(calibrated: Stack) -> None:
    fits = _asked(calibrated, "schwarze Katze", "--limit", "60")
    assert "🐈‍⬛ black cat" in [hit["caption"] for hit in fits]
    end = least(fits[0]["relevance"], MIN_RELEVANCE)
    assert all(hit["relevance"] >= end for hit in fits)
    everything = _asked(calibrated, "schwarze Katze", "--limit", "60", "--all")
    assert everything[: len(fits)] == fits
    assert len(everything) == 60
    assert all(hit["relevance"] < end for hit in everything[len(fits) :])
    code, output, _ = calibrated.finish("ask", "black", "cat")
    assert code == 0
    assert output.split()[:2] == ["rank", "relevance"]
    assert "%" in output


def test_ask_says_that_nothing_fits(calibrated: Stack) -> None:
    assert _asked(calibrated, "xyzzy") == []
    assert len(_asked(calibrated, "xyzzy", "--all", "--limit", "5")) == 5
    code, output, errors = calibrated.finish("ask", "xyzzy")
    assert code == 0
    assert output.startswith("Nothing here fits well.")
    assert "--all" in errors


def test_a_picture_is_like_itself(calibrated: Stack) -> None:
    (cat, *_) = _asked(calibrated, "black cat")
    similar = _asked(calibrated, "--image", cat["path"], "--limit", "60")
    assert similar[0]["id"] == cat["id"]
    assert similar[0]["relevance"] > 0.9
    assert len(similar) < 60


@pytest.fixture(scope="module")
def browser() -> Iterator[str]:
    with chromium_or_skip() as devtools:
        yield devtools


async def test_the_page_shows_the_closest_on_request(calibrated: Stack, browser: str) -> None:
    cards = "document.querySelectorAll('.exchange:last-child .card')"
    text = "document.querySelector('.exchange:last-child .answer-text').textContent"
    button = ".exchange:last-child .choices button"
    async with open_page(browser) as page:
        await page.open(calibrated.web_url)
        for number, question in enumerate(("xyzzy", "birthday cake"), 1):
            await page.wait("document.getElementById('question')")
            await page.evaluate("document.getElementById('question').focus()")
            await page.type(question)
            await page.press("Enter")
            await page.wait(f"document.querySelectorAll('.exchange').length === {number}")
            await page.wait(f"document.querySelector({button!r})?.textContent?.startsWith('Show')")
            if question == "xyzzy":
                assert await page.evaluate("!!document.querySelector('.answer.nothing')")
                assert await page.evaluate(f"{cards}.length") == 0
                await page.click(button)
                await page.wait(f"{cards}.length === 10")
                assert (await page.evaluate(text)).startswith("Nothing here fits well. Closest:")
            else:
                fitting = await page.evaluate(f"{cards}.length")
                said = await page.evaluate(text)
                assert f"{fitting} picture" in said
                assert await page.evaluate("!document.querySelector('.rule')")
                await page.click(button)
                await page.wait(f"{cards}.length > {fitting}")
                assert await page.evaluate("document.querySelectorAll('.rule').length") == 1
                assert await page.evaluate(text) == said
