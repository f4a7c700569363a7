"""Presses that change the message they are on."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.core.errors import CoreError
from bot.core.replies import explain
from bot.core.sentences import SENTENCES as CORE_SENTENCES
from bot.core.texts import Texts, texts_for
from bot.frontends.discord_bot.askers import Asker
from bot.frontends.discord_bot.library.parts import RefusedError, client_of, shown
from bot.frontends.discord_bot.library.patience import NETWORK_ERRORS
from bot.frontends.discord_bot.limits import ACKNOWLEDGE_WITHIN_S, LOST
from bot.frontends.discord_bot.outlets import PageOutlet

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Press:
    """A press that is acknowledged."""

    asker: Asker
    outlet: PageOutlet

    @property
    def texts(self) -> Texts:
        """What to tell them, in their language."""
        return texts_for(self.asker.language)

    async def redraw(self, text: str, view: ui.View | None) -> None:
        """Change the message; pictures that it has are taken away."""
        await self.outlet.show(text, [], view)

    async def whisper(self, text: str) -> None:
        """Tell something to nobody but them."""
        await self.outlet.refuse(text)


async def press(
    interaction: discord.Interaction[Any], work: Callable[[Press], Awaitable[None]]
) -> None:
    """Acknowledge a press in a server and do what it takes; what goes wrong is whispered."""
    outlet = PageOutlet(interaction)
    if interaction.guild_id is None or not await _acknowledge(outlet):
        return
    asker = client_of(interaction).answers.asker(interaction, is_private=True)
    pressed = Press(asker, outlet)
    try:
        why = await _done(pressed, work)
        if why:
            await pressed.whisper(why)
    except (discord.HTTPException, *NETWORK_ERRORS) as error:
        code = error.code if isinstance(error, discord.HTTPException) else 0
        if code not in LOST:
            details = {"error": type(error).__name__, "code": code}
            logger.warning("discord_press_not_answered", extra=details)


async def _done(pressed: Press, work: Callable[[Press], Awaitable[None]]) -> str:
    """Do the work; returns why it could not be done, if so."""
    texts = pressed.texts
    try:
        await work(pressed)
    except RefusedError as refused:
        return refused.told(texts)
    except CoreError as error:
        return shown(explain(error, texts).text)
    except (discord.HTTPException, *NETWORK_ERRORS):
        raise
    except Exception:
        incident = secrets.token_hex(4)
        logger.exception("discord_press_failed", extra={"incident": incident})
        return texts.say(CORE_SENTENCES["unexpected"], incident=incident)
    return ""


async def _acknowledge(outlet: PageOutlet) -> bool:
    """Tell Discord in time that something will happen; False if it is too late for that."""
    try:
        async with asyncio.timeout(ACKNOWLEDGE_WITHIN_S):
            await outlet.acknowledge()
    except discord.HTTPException as error:
        logger.info("discord_acknowledgement_refused", extra={"code": error.code})
        return error.code not in LOST
    except NETWORK_ERRORS as error:
        logger.info("discord_acknowledgement_lost", extra={"error": type(error).__name__})
    return True
