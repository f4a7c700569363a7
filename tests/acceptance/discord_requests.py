"""Reading requests to the fake Discord: JSON, and forms with files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web

from tests.acceptance.discord_limits import REQUEST_BYTES, RefusedError, UploadedFile
from tests.acceptance.discord_messages import Message


async def read(request: web.Request) -> tuple[dict[str, Any], Sequence[UploadedFile]]:
    """Return what was sent, as JSON or as a form with files."""
    if (request.content_length or 0) > REQUEST_BYTES:
        raise RefusedError(413, 40005, "Request entity too large")
    if request.content_type == "application/json":
        return await request.json(), ()
    fields = await request.post()
    payload: dict[str, Any] = json.loads(str(fields["payload_json"]))
    files: dict[str, UploadedFile] = {}
    for name, value in fields.items():
        if isinstance(value, web.FileField):
            number = name.removeprefix("files[").removesuffix("]")
            files[number] = UploadedFile(value.filename, value.file.read())
    # Of a callback, the message is one level further down.
    inner = payload.get("data") if "data" in payload else payload
    described = {str(item["id"]): item for item in (inner or {}).get("attachments") or []}
    if "attachments" in (inner or {}) and not files.keys() <= described.keys():
        raise RefusedError(400, 50035, "Invalid Form Body: attachments and files differ")
    return payload, [
        replace(file, description=described.get(number, {}).get("description"))
        for number, file in files.items()
    ]


def check_attachments(
    payload: dict[str, Any], files: Sequence[UploadedFile], message: Message | None = None
) -> None:
    """Refuse attachments that are neither sent now nor there already."""
    described = payload.get("attachments") or []
    known = {str(file.id) for file in message.files} if message is not None else set()
    new = [item for item in described if str(item["id"]) not in known]
    if len(new) != len(files) and (new or "attachments" in payload):
        raise RefusedError(400, 50035, "Invalid Form Body: attachments: unknown attachment id")
