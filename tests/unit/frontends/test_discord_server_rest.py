"""Reading, editing and deleting over the fake Discord's REST."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, FormData

from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_server import TOKEN, DiscordServer
from tests.acceptance.discord_world import Guild, Message, Overwrite

PICTURE = UploadedFile("cat.png", b"\x89PNG cat")


class Caller:
    """Sends requests with the bot's token, or without."""

    def __init__(self, http: ClientSession, server: DiscordServer) -> None:
        self._http = http
        self._server = server

    async def __call__(
        self, method: str, path: str, *, has_token: bool = True, **more: Any
    ) -> tuple[int, Any]:
        """Return the status and the body, of a refusal the code."""
        headers = {"Authorization": f"Bot {TOKEN}"} if has_token else {}
        url = f"{self._server.url}/{path}"
        async with self._http.request(method, url, headers=headers, **more) as response:
            if response.status == 204:
                return 204, None
            body = await response.json()
            return response.status, body if response.status == 200 else body["code"]


@pytest.fixture
async def call(server: DiscordServer) -> AsyncIterator[Caller]:
    async with ClientSession() as http:
        yield Caller(http, server)
    server.misbehaviour.clear()


def form(payload: str, *files: UploadedFile) -> FormData:
    data = FormData()
    data.add_field("payload_json", payload)
    for number, file in enumerate(files):
        data.add_field(f"files[{number}]", file.content, filename=file.filename)
    return data


async def test_history_comes_in_pages_newest_first(
    server: DiscordServer, guild: Guild, member: DiscordPerson, call: Caller
) -> None:
    server.message_content = True
    posted = [await member.post(str(number)) for number in range(101)]
    url = f"channels/{guild.channel_id}/messages"

    async def texts(query: str) -> list[str]:
        _, page = await call("GET", f"{url}?{query}")
        return [message["content"] for message in page]

    assert await texts("limit=3") == ["100", "99", "98"]
    assert len(await texts("")) == 50
    assert len(await texts("limit=100")) == 100
    assert await call("GET", f"{url}?limit=101") == (400, 50035)
    assert await call("GET", f"{url}?limit=0") == (400, 50035)
    assert await texts(f"before={posted[2].id}&limit=100") == ["1", "0"]
    assert await texts(f"after={posted[3].id}&limit=2") == ["5", "4"]
    assert await texts(f"around={posted[50].id}&limit=3") == ["51", "50", "49"]
    server.message_content = False
    assert set(await texts("limit=100")) == {""}


async def test_reading_takes_permissions(
    server: DiscordServer, guild: Guild, member: DiscordPerson, call: Caller
) -> None:
    channel = guild.channels[guild.channel_id]
    url = f"channels/{channel.id}/messages"
    message = await member.post("x")
    assert await call("GET", f"{url}/1") == (404, 10008)
    assert await call("GET", "channels/1/messages") == (404, 10003)
    guild.bot_permissions &= ~limits.READ_MESSAGE_HISTORY
    # resources/message: without it, no messages are returned, which is no error.
    assert await call("GET", url) == (200, [])
    assert await call("GET", f"{url}/{message.id}") == (403, 50013)
    channel.overwrites = (Overwrite(guild.id, 0, deny=limits.VIEW_CHANNEL),)
    for path in (url, f"{url}/{message.id}", f"channels/{channel.id}"):
        assert await call("GET", path) == (403, 50001)
    assert await call("POST", url, json={"content": "x"}) == (403, 50001)


async def test_writing_takes_permissions(server: DiscordServer, guild: Guild, call: Caller) -> None:
    thread = guild.add_thread(guild.channels[guild.channel_id], "talk")
    url = f"channels/{guild.channel_id}/messages"
    for denied, place, said in (
        (limits.SEND_MESSAGES, guild.channel_id, {"content": "x"}),
        (limits.SEND_MESSAGES_IN_THREADS, thread.id, {"content": "x"}),
        (limits.EMBED_LINKS, guild.channel_id, {"embeds": [{"title": "x"}]}),
    ):
        before = guild.bot_permissions
        assert (await call("POST", f"channels/{place}/messages", json=said))[0] == 200
        guild.bot_permissions &= ~denied
        assert await call("POST", f"channels/{place}/messages", json=said) == (403, 50013)
        guild.bot_permissions = before
    for more, expected in (({}, 400), ({"fail_if_not_exists": False}, 200)):
        reference = {"message_id": "1", **more}
        answer = {"content": "x", "message_reference": reference}
        assert (await call("POST", url, json=answer))[0] == expected
    assert await call("POST", url, json={"content": "x", "flags": 64}) == (400, 50035)


async def test_only_its_own_messages_are_edited_and_deleted(
    server: DiscordServer, guild: Guild, member: DiscordPerson, call: Caller
) -> None:
    url = f"channels/{guild.channel_id}/messages"
    theirs = await member.post("x")
    _, mine = await call("POST", url, json={"content": "x"})
    assert (await call("PATCH", f"{url}/{mine['id']}", json={"content": "y"}))[0] == 200
    assert server.messages[int(mine["id"])].edits == ["x", "y"]
    assert await call("PATCH", f"{url}/{theirs.id}", json={"content": "y"}) == (403, 50005)
    assert await call("DELETE", f"{url}/{theirs.id}") == (403, 50013)
    direct = member.in_direct()
    written = await direct.post("x")
    path = f"channels/{direct.channel_id}/messages/{written.id}"
    assert await call("DELETE", path) == (403, 50003)
    guild.bot_permissions |= limits.MANAGE_MESSAGES
    for number in (mine["id"], theirs.id):
        assert await call("DELETE", f"{url}/{number}") == (204, None)
        assert await call("DELETE", f"{url}/{number}") == (404, 10008)


async def test_edits_keep_the_attachments_that_they_name(
    server: DiscordServer, guild: Guild, call: Caller
) -> None:
    url = f"channels/{guild.channel_id}/messages"
    two = '{"attachments": [{"id": 0, "description": "a"}, {"id": 1}]}'
    _, written = await call("POST", url, data=form(two, PICTURE, PICTURE))
    first, second = written["attachments"]
    message = server.messages[int(written["id"])]
    path = f"{url}/{written['id']}"
    _, edited = await call("PATCH", path, json={"content": "x"})
    assert [item["id"] for item in edited["attachments"]] == [first["id"], second["id"]]
    kept = f'{{"attachments": [{{"id": "{first["id"]}"}}, {{"id": 0, "description": "new"}}]}}'
    _, edited = await call("PATCH", path, data=form(kept, PICTURE))
    assert [item.get("description") for item in edited["attachments"]] == ["a", "new"]
    assert message.files[0].id == int(first["id"])
    assert await call("PATCH", path, json={"attachments": [{"id": "7"}]}) == (400, 50035)
    assert await call("PATCH", path, json={"attachments": [], "content": ""}) == (400, 50006)
    nine = "".join(f'{{"id": {number}}},' for number in range(9)).rstrip(",")
    too_many = f'{{"attachments": [{{"id": "{first["id"]}"}}, {{"id": 9}}, {nine}]}}'
    files = [PICTURE] * 10
    assert await call("PATCH", path, data=form(too_many, *files)) == (400, 30015)
    assert len(message.files) == 2


async def test_followups(
    server: DiscordServer, guild: Guild, member: DiscordPerson, call: Caller
) -> None:
    exchange = await member.interact(2, {"type": 1})
    interaction = exchange.interaction
    callback = f"interactions/{interaction.id}/{interaction.token}/callback"
    hook = f"webhooks/{server.application_id}/{interaction.token}"

    async def ask(method: str, path: str, **more: Any) -> tuple[int, Any]:
        return await call(method, path, has_token=False, **more)

    assert await ask("POST", hook, json={"content": "x"}) == (404, 10015)
    deferral = {"type": 5, "data": {"flags": 64}}
    assert await ask("POST", callback, json=deferral) == (204, None)
    # receiving-and-responding: the first one after a deferral edits the original.
    _, first = await ask("POST", hook, json={"content": "first", "flags": 0})
    assert interaction.message is not None
    assert int(first["id"]) == interaction.message.id
    assert first["flags"] == limits.EPHEMERAL
    _, second = await ask("POST", hook, json={"content": "second", "flags": 64})
    _, third = await ask("POST", hook, json={"content": "third"})
    assert [message.content for message in interaction.followups] == ["second", "third"]
    _, original = await ask("GET", f"{hook}/messages/@original")
    assert original["content"] == "first"
    edit = f"{hook}/messages/{second['id']}"
    _, edited = await ask("PATCH", edit, json={"content": "2", "flags": 0})
    assert (edited["content"], edited["flags"]) == ("2", limits.EPHEMERAL)
    url = f"channels/{guild.channel_id}/messages"
    assert await call("GET", f"{url}/{second['id']}") == (404, 10008)
    assert (await call("GET", f"{url}/{third['id']}"))[0] == 200
    assert [item["id"] for item in (await call("GET", url))[1]] == [third["id"]]
    assert await ask("DELETE", edit) == (204, None)
    assert await ask("GET", edit) == (404, 10008)
    assert await ask("GET", f"{hook}/messages/1") == (404, 10008)
    exchange.age(limits.TOKEN_LIFE_S)
    assert await ask("POST", hook, json={"content": "x"}) == (401, 50027)


async def test_components_are_acknowledged_without_a_message_of_their_own(
    server: DiscordServer, member: DiscordPerson, call: Caller
) -> None:
    button = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
    row = {"type": 1, "components": [button]}
    message = Message(member.channel_id, server.bot, "old", components=[row])
    server.messages[message.id] = message
    for kind, data in ((6, None), (7, {"content": "new", "components": [row]})):
        interaction = (await member.click(message, "Go")).interaction
        callback = f"interactions/{interaction.id}/{interaction.token}/callback"
        said = {"type": kind, "data": data}
        answer = await call("POST", callback, has_token=False, json=said)
        assert answer == (204, None)
        assert interaction.message is message
    assert message.content == "new"
    assert len(server.messages) == 1
    plain = (await member.interact(2, {"type": 1})).interaction
    callback = f"interactions/{plain.id}/{plain.token}/callback"
    for kind in (6, 7, 8, 99):
        said = {"type": kind, "data": {"content": "x", "choices": []}}
        assert await call("POST", callback, has_token=False, json=said) == (400, 50035)


async def test_people_and_servers_are_looked_up(
    server: DiscordServer, guild: Guild, member: DiscordPerson, call: Caller
) -> None:
    _, told = await call("GET", f"guilds/{guild.id}/members/{member.id}")
    assert told["user"]["global_name"] == "Max"
    assert await call("GET", f"guilds/{guild.id}/members/1") == (404, 10007)
    assert await call("GET", "guilds/1") == (404, 10004)
    assert (await call("GET", f"guilds/{guild.id}"))[1]["name"] == "Cats"
    assert (await call("GET", f"users/{member.id}"))[1]["username"] == "max"
    assert await call("GET", "users/1") == (404, 10013)
    said = {"recipient_id": str(member.id)}
    _, direct = await call("POST", "users/@me/channels", json=said)
    assert int(direct["id"]) == member.in_direct().channel_id
    url = f"channels/{guild.channel_id}"
    assert await call("POST", f"{url}/typing") == (204, None)
    message = await member.post("x")
    reaction = f"{url}/messages/{message.id}/reactions/%F0%9F%91%8D/@me"
    assert await call("PUT", reaction) == (204, None)
    guild.bot_permissions &= ~limits.ADD_REACTIONS
    assert await call("PUT", reaction) == (403, 50013)
