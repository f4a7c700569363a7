"""Calls of the fake Discord's REST, without discord.py."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientSession, FormData

from tests.acceptance.discord_limits import UploadedFile
from tests.acceptance.discord_server import TOKEN, DiscordServer


class Caller:
    """Sends requests with the bot's token, or without."""

    def __init__(self, http: ClientSession, server: DiscordServer) -> None:
        self.http = http
        self.server = server

    async def __call__(
        self, method: str, path: str, *, has_token: bool = True, **more: Any
    ) -> tuple[int, Any]:
        """Return the status and the body, of a refusal the code."""
        headers = {"Authorization": f"Bot {TOKEN}"} if has_token else {}
        url = f"{self.server.url}/{path}"
        async with self.http.request(method, url, headers=headers, **more) as response:
            if response.status == 204:
                return 204, None
            body = await response.json()
            return response.status, body if response.status == 200 else body["code"]


def form(payload: str, *files: UploadedFile) -> FormData:
    """Make the form in which files are sent."""
    data = FormData()
    data.add_field("payload_json", payload)
    for number, file in enumerate(files):
        data.add_field(f"files[{number}]", file.content, filename=file.filename)
    return data
