"""kill -9 in the middle of questions: honest answers in time, recovery, nothing lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from bot.app import App, opened
from bot.core.messages import Tone
from tests import pictures
from tests.conversing import add, ask, captions
from tests.stack import Stack, running_stack, wait_for

HONEST_WITHIN_S = 10.0
RECOVERED_WITHIN_S = 60.0
KEEPS_PICTURES = ("worker-pictures", "redis-server", "postgres")


@pytest.fixture(scope="module")
def fragile(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A service of this module's own; every test has to leave it recovered."""
    with running_stack(samples=False) as running:
        yield running


async def _timed_ask(app: App, collection: str, question: str) -> tuple[float, bool]:
    """Ask; returns (seconds, whether pictures came), and insists on a sentence otherwise."""
    began = time.monotonic()
    reply = await ask(app, collection, question)
    if not reply.hits:
        assert reply.tone is Tone.ERROR, reply
        assert reply.retryable
        assert reply.text
    return time.monotonic() - began, bool(reply.hits)


async def _until_answered(app: App, collection: str) -> None:
    give_up = time.monotonic() + RECOVERED_WITHIN_S
    n = 0
    while not (await ask(app, collection, f"are you there {time.monotonic()} {n}")).hits:
        assert time.monotonic() < give_up, "it did not recover"
        n += 1


@pytest.mark.parametrize("victim", ["worker-text", *KEEPS_PICTURES])
async def test_a_kill_in_the_middle_of_questions(
    fragile: Stack, collection: str, victim: str
) -> None:
    async with opened(App(fragile.settings, fragile.urls)) as app:
        red = pictures.jpeg(colour=(250, 0, 0))
        assert (await add(app, collection, red, caption="before")).tone is Tone.DONE
        process = fragile.child(victim)
        questions = [
            asyncio.create_task(_timed_ask(app, collection, f"{victim} question {n}"))
            for n in range(40)
        ]
        await asyncio.wait(questions, return_when=asyncio.FIRST_COMPLETED)
        process.kill()
        questions += [
            asyncio.create_task(_timed_ask(app, collection, f"{victim} later question {n}"))
            for n in range(10)
        ]
        times = [seconds for seconds, _ in await asyncio.gather(*questions)]
        assert max(times) < HONEST_WITHIN_S
        await _until_answered(app, collection)
        # What was there is there, and new pictures are taken.
        assert captions(await ask(app, collection, "red")) == ["before"]
        blue = pictures.jpeg(colour=(0, 0, 250))
        assert (await add(app, collection, blue, caption="after")).tone is Tone.DONE
        assert fragile.child(victim).pid != process.pid
        assert set(captions(await ask(app, collection, "red"))) == {"before", "after"}


@pytest.mark.parametrize("victim", KEEPS_PICTURES)
async def test_no_accepted_picture_is_lost(fragile: Stack, collection: str, victim: str) -> None:
    uploads = [pictures.png(colour=(n, 255 - n, 30)) for n in range(60)]
    async with opened(App(fragile.settings, fragile.urls)) as app:
        adding = [
            asyncio.create_task(add(app, collection, *uploads[at : at + 6]))
            for at in range(0, 60, 6)
        ]
        await asyncio.wait(adding, return_when=asyncio.FIRST_COMPLETED)
        fragile.child(victim).kill()
        replies = await asyncio.gather(*adding)
        accepted = sum(reply.done for reply in replies)
        assert accepted or victim == "postgres"
        assert all(reply.tone in {Tone.DONE, Tone.ERROR} for reply in replies)
        give_up = time.monotonic() + RECOVERED_WITHIN_S
        while True:
            status = await app.conversation.status(collection)
            if status.ready and status.pending_count == 0 and status.image_count >= accepted:
                break
            assert time.monotonic() < give_up, status
            await asyncio.sleep(0.05)
        again = [await add(app, collection, *uploads[at : at + 6]) for at in range(0, 60, 6)]
        assert all(reply.tone is Tone.DONE for reply in again)
        await _until_answered(app, collection)
        assert (await app.conversation.status(collection)).image_count == 60


def test_killing_the_bot_itself_leaves_no_process_behind(fragile_stack: Stack) -> None:
    children = fragile_stack.descendants()
    assert children
    assert fragile_stack.process is not None
    fragile_stack.process.kill()
    fragile_stack.process.wait()
    wait_for(lambda: not any(child.is_running() for child in children), 60)
    # And it starts again on what was left.
    fragile_stack.start()
    assert fragile_stack.stop() < 15
