"""Encoding, on the workers."""

from __future__ import annotations

from bot.core.errors import PictureRefusedError, UnavailableError, WarmingUpError
from bot.core.ports import EmbeddingSpace, Probe, Vector
from bot.core.relevance import curve_of
from workers import contract
from workers.client import ClientError, WorkerClient


class WorkerEncoder:
    """Encodes on the workers."""

    def __init__(self, client: WorkerClient) -> None:
        self._client = client

    @property
    def is_idle(self) -> bool:
        """Whether no question is being encoded."""
        return self._client.is_idle

    async def encode_text(self, text: str, space: EmbeddingSpace) -> Probe:
        """Encode one question."""
        try:
            row = await self._client.encode_text(text, space.text_revision)
        except ClientError as error:
            raise await self._explained(error, contract.QUEUE_TEXT) from error
        return Probe(row.vector, curve_of(row.curve))

    async def encode_image(self, content: bytes, space: EmbeddingSpace) -> Vector:
        """Encode one picture."""
        try:
            return await self._client.encode_image(content, space.id)
        except ClientError as error:
            raise await self._explained(error, contract.QUEUE_IMAGE) from error

    async def ready(self) -> bool:
        """Tell whether a warm worker takes questions."""
        return await self._client.ready()

    async def _explained(
        self, error: ClientError, queue: str
    ) -> UnavailableError | WarmingUpError | PictureRefusedError:
        if error.code in contract.PICTURE_CODES:
            return PictureRefusedError(error.code)
        if error.code == contract.CODE_STALE_SPACE:
            return WarmingUpError()
        if error.code == "timeout" and not await self._client.ready(queue):
            return WarmingUpError()
        return UnavailableError(part=error.code)
