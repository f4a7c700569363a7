"""Pictures of an answer as an album or a photo: sent, sent again, changed in place."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from telegram import Bot, InputMediaPhoto, Message
from telegram.error import BadRequest, TelegramError

from bot.core.messages import Hit
from bot.frontends.telegram_bot.limits import MAX_ALBUM, MAX_CAPTION, shorten
from bot.frontends.telegram_bot.notes import Answered, Notes
from bot.frontends.telegram_bot.pacing import Pace
from bot.frontends.telegram_bot.photos import Photos
from bot.frontends.telegram_bot.places import Place

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Photo:
    """A picture ready to be sent: as the id of a file Telegram has, or as its bytes."""

    hit: Hit
    media: str | bytes

    @property
    def caption(self) -> str:
        """The line below it."""
        hit = self.hit
        return shorten(f"{hit.rank} · {hit.caption}" if hit.caption else f"{hit.rank}", MAX_CAPTION)

    def as_media(self) -> InputMediaPhoto:
        """Return it for an album."""
        return InputMediaPhoto(self.media, caption=self.caption)


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that was sent, and the message it is."""

    hit: Hit
    message_id: int


class MayNotSendPhotosError(Exception):
    """The group does not let the bot send photos."""


class Gallery:
    """Shows pictures."""

    def __init__(self, bot: Bot, pace: Pace, photos: Photos, notes: Notes) -> None:
        self._bot = bot
        self._pace = pace
        self._photos = photos
        self._notes = notes

    async def show(self, place: Place, hits: Sequence[Hit]) -> list[Shown]:
        """Send pictures; returns those that could be sent.

        Raises TelegramError, MayNotSendPhotosError.
        """
        photos = await self._ready(place.collection, hits[:MAX_ALBUM])
        if not photos:
            return []
        try:
            sent = await self._send(place, photos)
        except BadRequest as error:
            if _is_about_photos(error):
                raise MayNotSendPhotosError from error
            photos = await self._uploads_instead(place.collection, photos, error)
            if not photos:
                return []
            sent = await self._send(place, photos)
        await self._learn(photos, sent)
        return [
            Shown(photo.hit, message.message_id)
            for photo, message in zip(photos, sent, strict=True)
        ]

    async def change(
        self, place: Place, before: Answered, hits: Sequence[Hit]
    ) -> list[Shown] | None:
        """Put other pictures into photos that were sent; None if that cannot be done.

        An album cannot grow or shrink, and of an old message Telegram leaves nothing to change.
        """
        photos = await self._ready(place.collection, hits[:MAX_ALBUM])
        if not photos or len(photos) != len(before.photo_ids):
            return None
        try:
            for message_id, image_id, photo in zip(
                before.photo_ids, before.image_ids, photos, strict=True
            ):
                # Telegram refuses what changes nothing.
                if photo.hit.image_id != image_id:
                    await self._put(place, message_id, photo)
        except BadRequest as error:
            logger.info("telegram_not_changed", extra={"error": type(error).__name__})
            return None
        return [
            Shown(photo.hit, message_id)
            for photo, message_id in zip(photos, before.photo_ids, strict=True)
        ]

    async def take_away(self, chat_id: int, message_ids: Sequence[int]) -> None:
        """Delete messages of the bot, as far as Telegram lets it."""
        if message_ids:
            with contextlib.suppress(TelegramError):
                await self._pace.send(
                    chat_id, lambda chat: self._bot.delete_messages(chat, list(message_ids))
                )

    async def _put(self, place: Place, message_id: int, photo: _Photo) -> None:
        try:
            await self._edit(place, message_id, photo)
        except BadRequest as error:
            (photo,) = await self._uploads_instead(place.collection, [photo], error)
            await self._edit(place, message_id, photo)

    async def _edit(self, place: Place, message_id: int, photo: _Photo) -> None:
        try:
            changed = await self._pace.send(
                place.chat_id,
                lambda chat: self._bot.edit_message_media(
                    photo.as_media(), chat_id=chat, message_id=message_id
                ),
            )
        except BadRequest as error:
            if "not modified" not in error.message:
                raise
            return
        if isinstance(changed, Message):
            await self._learn([photo], [changed])

    async def _ready(self, collection: str, hits: Sequence[Hit]) -> list[_Photo]:
        """Return pictures by the ids of their files, or made to be uploaded."""
        known = await self._notes.file_ids([hit.sha256 for hit in hits])

        unknown = [hit for hit in hits if hit.sha256 not in known]
        photos = await asyncio.gather(*(self._photos.photo(collection, hit) for hit in unknown))
        made = {hit.image_id: photo for hit, photo in zip(unknown, photos, strict=True)}
        media = ((hit, known.get(hit.sha256) or made.get(hit.image_id)) for hit in hits)
        return [_Photo(hit, one) for hit, one in media if one is not None]

    async def _uploads_instead(
        self, collection: str, photos: Sequence[_Photo], error: BadRequest
    ) -> list[_Photo]:
        """Return pictures without the ids that Telegram did not take; raises other errors."""
        stale = [photo.hit.sha256 for photo in photos if isinstance(photo.media, str)]
        if not stale or not is_stale(error):
            raise error
        logger.info("telegram_files_stale", extra={"count": len(stale)})
        await self._notes.forget_file_ids(stale)
        return await self._ready(collection, [photo.hit for photo in photos])

    async def _send(self, place: Place, photos: Sequence[_Photo]) -> Sequence[Message]:
        target = place.target()
        if len(photos) == 1:
            (photo,) = photos
            return [
                await self._pace.send(
                    place.chat_id,
                    lambda chat: self._bot.send_photo(
                        chat, photo.media, caption=photo.caption, **target
                    ),
                )
            ]
        return await self._pace.send(
            place.chat_id,
            lambda chat: self._bot.send_media_group(
                chat, [photo.as_media() for photo in photos], **target
            ),
        )

    async def _learn(self, photos: Sequence[_Photo], sent: Sequence[Message]) -> None:
        """Remember the ids of what was uploaded."""
        await self._notes.keep_file_ids(
            {
                photo.hit.sha256: message.photo[-1].file_id
                for photo, message in zip(photos, sent, strict=True)
                if message.photo and isinstance(photo.media, bytes)
            }
        )


def _is_about_photos(error: BadRequest) -> bool:
    """Tell whether only photos are what may not be sent."""
    said = error.message.lower()
    return "not enough rights to send photos" in said or "chat_send_photos_forbidden" in said


def is_stale(error: BadRequest) -> bool:
    """Tell whether Telegram does not know a file's id any more."""
    said = error.message.lower()
    return any(
        word in said
        for word in ("file identifier", "file_id", "file id", "file_reference", "media_empty")
    )
