"""Pictures out."""

from __future__ import annotations

import pytest

from tests.unit.web_chat.memory_conversation import MemoryConversation
from tests.unit.web_chat.visitor import Visitor

PNG = b"\x89PNG\r\n\x1a\n not really"


async def test_a_picture_is_kept_for_ever_under_its_content_address(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    image_id = conversation.add(PNG, "cat", filename='ca"t\r\n猫.png')
    url = f"{visitor.chat.url}/images/{image_id}/rendition"
    async with visitor.http.get(f"{url}?v=abc") as response:
        assert await response.read() == PNG
        assert response.headers["Content-Type"] == "image/png"
        assert "immutable" in response.headers["Cache-Control"]
        assert "private" in response.headers["Cache-Control"]
        assert response.headers["Content-Disposition"] == (
            "inline; filename*=UTF-8''ca%22t%0D%0A%E7%8C%AB.png"
        )
        assert "sandbox" in response.headers["Content-Security-Policy"]
        etag = response.headers["ETag"]
    async with visitor.http.get(url, headers={"If-None-Match": etag}) as response:
        assert response.status == 304
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert await response.read() == b""


@pytest.mark.parametrize(
    "media_type", ["image/svg+xml", "text/html", "application/pdf", "image/tiff"]
)
async def test_what_is_not_surely_a_picture_is_a_download(
    visitor: Visitor, conversation: MemoryConversation, media_type: str
) -> None:
    image_id = conversation.add(b"<script>alert(1)</script>", "x", media_type=media_type)
    async with visitor.http.get(f"{visitor.chat.url}/images/{image_id}/original") as response:
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "1/original",
        "1/thumbnail",
        "-1/original",
        "x/original",
        "9223372036854775808/original",
        "99999999999999999999999/original",
        "%31%2F..%2F1/original",
    ],
)
async def test_a_picture_that_is_not_there(visitor: Visitor, path: str) -> None:
    async with visitor.http.get(f"{visitor.chat.url}/images/{path}") as response:
        assert response.status == 404


async def test_a_store_that_is_down_is_no_missing_picture(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    image_id = conversation.add(PNG, "cat")
    conversation.is_down = True
    async with visitor.http.get(f"{visitor.chat.url}/images/{image_id}/original") as response:
        assert response.status == 503
