"""Presses that change the message they are on."""

from __future__ import annotations

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
from bot.frontends.discord_bot.limits import ALREADY_ACKNOWLEDGED, LOST

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Press:
    """A press that is acknowledged."""

    asker: Asker
    interaction: discord.Interaction[Any]

    @property
    def texts(self) -> Texts:
        """What to tell them, in their language."""
        return texts_for(self.asker.language)

    async def redraw(self, text: str, view: ui.View | None, **more: Any) -> None:
        """Change the message."""
        await self.interaction.edit_original_response(content=text, view=view, **more)

    async def whisper(self, text: str) -> None:
        """Tell something to nobody but them."""
        await self.interaction.followup.send(text, ephemeral=True)


async def press(
    interaction: discord.Interaction[Any], work: Callable[[Press], Awaitable[None]]
) -> None:
    """Acknowledge a press in a server and do what it takes; what goes wrong is whispered."""
    if interaction.guild_id is None:
        return
    pressed = Press(client_of(interaction).answers.asker(interaction, is_private=True), interaction)
    try:
        await _acknowledge(interaction)
        try:
            await work(pressed)
        except RefusedError as refused:
            await pressed.whisper(refused.told(pressed.texts))
        except CoreError as error:
            await pressed.whisper(shown(explain(error, pressed.texts).text))
        except discord.HTTPException:
            raise
        except Exception:
            incident = secrets.token_hex(4)
            logger.exception("discord_press_failed", extra={"incident": incident})
            sorry = pressed.texts.say(CORE_SENTENCES["unexpected"], incident=incident)
            await pressed.whisper(sorry)
    except discord.HTTPException as error:
        if error.code not in LOST:
            logger.warning("discord_press_not_answered", extra={"code": error.code})
    except NETWORK_ERRORS as error:
        logger.warning("discord_press_not_answered", extra={"error": type(error).__name__})


async def _acknowledge(interaction: discord.Interaction[Any]) -> None:
    try:
        await interaction.response.defer()
    except discord.HTTPException as error:
        # It can be our own word whose receipt was lost.
        if error.code != ALREADY_ACKNOWLEDGED:
            raise
    except NETWORK_ERRORS as error:
        logger.info("discord_acknowledgement_lost", extra={"error": type(error).__name__})
