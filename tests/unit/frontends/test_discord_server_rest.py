"""Reading, editing and deleting over the fake Discord's REST."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from aiohttp import ClientSession

from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_calls import Caller, form
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_server import TOKEN, DiscordServer
from tests.acceptance.discord_world import Guild, Overwrite

PICTURE = UploadedFile("cat.png", b"\x89PNG cat")


@pytest.fixture
async def call(server: DiscordServer) -> AsyncIterator[Caller]:
    async with ClientSession() as http:
        yield Caller(http, server)
    server.misbehaviour.clear()


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


async def test_a_request_is_so_large(guild: Guild, call: Caller) -> None:
    url = f"channels/{guild.channel_id}/messages"
    headed = {"Content-Type": "application/json"}

    async def send(size: int) -> int:
        body = b'{"content": "x"}'.ljust(size)
        async with call.http.post(
            f"{call.server.url}/{url}", data=BytesIO(body), headers=headed
        ) as answer:
            return answer.status

    call.http.headers["Authorization"] = f"Bot {TOKEN}"
    assert await send(limits.REQUEST_BYTES) == 200
    assert await send(limits.REQUEST_BYTES + 1) == 413


async def test_whom_a_message_notifies(
    server: DiscordServer, guild: Guild, member: DiscordPerson, call: Caller
) -> None:
    url = f"channels/{guild.channel_id}/messages"
    asked = await member.post("x")
    reference = {"message_reference": {"message_id": str(asked.id)}}
    for said, pings in (
        ({"content": member.mention_text}, True),
        ({"content": member.mention_text, "allowed_mentions": {"parse": []}}, False),
        ({"content": member.mention_text, "allowed_mentions": {"parse": ["users"]}}, True),
        (
            {
                "content": member.mention_text,
                "allowed_mentions": {"parse": [], "users": [str(member.id)]},
            },
            True,
        ),
        ({"content": "x", **reference}, True),
        ({"content": "x", **reference, "allowed_mentions": {"parse": []}}, False),
        ({"content": "x", **reference, "allowed_mentions": {"replied_user": True}}, True),
    ):
        _, written = await call("POST", url, json=said)
        assert [user["id"] for user in written["mentions"]] == [str(member.id)] * pings


async def test_layouts_show_what_is_attached(
    server: DiscordServer, guild: Guild, call: Caller
) -> None:
    text = '{"type": 10, "content": "two"}'
    shown = '{"type": 12, "items": [{"media": {"url": "attachment://cat.png"}}]}'
    layout = f'{{"flags": 32768, "components": [{text}, {shown}]}}'
    url = f"channels/{guild.channel_id}/messages"
    _, written = await call("POST", url, data=form(layout, PICTURE))
    media = written["components"][1]["items"][0]["media"]
    assert media["url"] == written["attachments"][0]["url"]
    assert media["attachment_id"] == written["attachments"][0]["id"]
    assert server.messages[int(written["id"])].text == "two"
