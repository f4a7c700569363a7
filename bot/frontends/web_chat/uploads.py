"""Pictures on their way in: to be added, or to find similar ones."""

from __future__ import annotations

import logging
from contextlib import aclosing
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web

from bot.core.messages import Add, FindSimilar, Request, Upload
from bot.frontends.web_chat import strings, wire
from bot.frontends.web_chat.talk import Talk

log = logging.getLogger(__name__)

MAX_PICTURES = 50
"""Pictures of one request; the page sends more in several."""
MAX_FIELD_BYTES = 8 * 2**10
_OVERHEAD_BYTES = MAX_PICTURES * 10 * 2**10


class _TooLargeError(Exception):
    """The pictures hold more bytes than one request may carry."""


@dataclass(slots=True)
class _Form:
    """What has been read of a form so far."""

    kind: str = ""
    captions: list[str] = field(default_factory=list)
    pictures: list[tuple[str, bytes]] = field(default_factory=list)
    size_bytes: int = 0


class Uploads:
    """Reads a form of pictures without ever holding more than the limit, and streams replies."""

    def __init__(self, talk: Talk, max_bytes: int) -> None:
        self._talk = talk
        self._max_bytes = max_bytes

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Answer ``POST /api/upload`` with one JSON reply a line."""
        language = wire.parse_language(request.query.get("language"))
        try:
            form = await self._read(request)
            wanted = _request(form)
        except _TooLargeError:
            return self._too_large(language)
        except (wire.MalformedError, ValueError) as error:
            log.info("web_chat.upload_malformed", extra={"reason": str(error)})
            return _refusal(400, strings.say(language, "failed"), "malformed")
        return await self._stream(request, wanted, language)

    async def _read(self, request: web.Request) -> _Form:
        if request.content_type != "multipart/form-data":
            raise wire.MalformedError("not a form")
        if (request.content_length or 0) > self._max_bytes + _OVERHEAD_BYTES:
            raise _TooLargeError
        form = _Form()
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise wire.MalformedError("a form within a form")
            await self._read_part(part, form)
        return form

    async def _read_part(self, part: BodyPartReader, form: _Form) -> None:
        match part.name:
            case "kind":
                form.kind = await _read_field(part)
            case "caption" if len(form.captions) < MAX_PICTURES:
                form.captions.append(await _read_field(part))
            case "picture" if len(form.pictures) < MAX_PICTURES:
                room = self._max_bytes - form.size_bytes
                content = await _read_bytes(part, room)
                form.size_bytes += len(content)
                form.pictures.append((_basename(part.filename or ""), content))
            case _:
                raise wire.MalformedError("an unknown field, or too many")

    async def _stream(
        self, request: web.Request, wanted: Request, language: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        try:
            async with aclosing(self._talk.replies(wanted, language)) as replies:
                async for reply in replies:
                    line = wire.dump(wire.reply_message(reply)) + "\n"
                    await response.write(line.encode())
            await response.write_eof()
        except ConnectionError:
            # The page went away or will ask again; what the core has stored stays stored.
            log.info("web_chat.upload_abandoned")
        return response

    def _too_large(self, language: str) -> web.Response:
        limit = strings.size(self._max_bytes)
        response = _refusal(413, strings.say(language, "too_large", limit=limit), "too_large")
        # The rest of the body is not wanted, so the connection cannot be used again.
        response.force_close()
        return response


def _request(form: _Form) -> Request:
    match form.kind:
        case "similar" if len(form.pictures) == 1:
            return FindSimilar(form.pictures[0][1])
        case "add" if form.pictures and len(form.captions) <= len(form.pictures):
            missing = len(form.pictures) - len(form.captions)
            captions = [*form.captions, *[""] * missing]
            return Add(
                tuple(
                    Upload(content=content, filename=filename, caption=caption)
                    for (filename, content), caption in zip(form.pictures, captions, strict=True)
                )
            )
        case _:
            raise wire.MalformedError("kind and number of pictures do not fit")


async def _read_field(part: BodyPartReader) -> str:
    try:
        return (await _read_bytes(part, MAX_FIELD_BYTES)).decode()
    except _TooLargeError as error:
        raise wire.MalformedError("a field is too long") from error


async def _read_bytes(part: BodyPartReader, room: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(2**16):
        content += chunk
        if len(content) > room:
            raise _TooLargeError
    return bytes(content)


def _basename(filename: str) -> str:
    # Headers come with bytes that are not UTF-8 smuggled in as half surrogate pairs.
    clean = filename.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return clean.replace("\\", "/").rsplit("/", 1)[-1][:255]


def _refusal(status: int, text: str, code: str) -> web.Response:
    body = wire.dump(wire.error_message(text, code)) + "\n"
    return web.Response(status=status, text=body, content_type="application/json")
