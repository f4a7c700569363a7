"""Groups of the fake Telegram: who is in, what a bot is told, where it may write."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telegram import Bot, MessageOriginChannel
from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import BadRequest, ChatMigrated, Forbidden

from tests.acceptance.telegram_bare import bare_bot, hear, hear_messages
from tests.acceptance.telegram_chats import Chat, NotShownError, TelegramPerson, World
from tests.acceptance.telegram_server import TelegramServer
from tests.pictures.good import jpeg


@pytest.fixture
async def api(server: TelegramServer) -> AsyncIterator[Bot]:
    async with bare_bot(server) as bot:
        yield bot


@pytest.fixture
def ada(world: World) -> TelegramPerson:
    return world.person("Ada")


@pytest.fixture
def ben(world: World) -> TelegramPerson:
    return world.person("Ben", None)


@pytest.fixture
def group(world: World, ada: TelegramPerson, ben: TelegramPerson) -> Chat:
    return world.group(ada, members=[ben])


async def test_with_privacy_a_bot_is_told_of_little(
    api: Bot, world: World, group: Chat, ben: TelegramPerson
) -> None:
    world.privacy = True
    assert not (await api.get_me()).can_read_all_group_messages
    await ben.send("nice weather", chat=group)
    await ben.send("/search cat", chat=group)
    await ben.send("/search@OtherBot cat", chat=group)
    mention = await ben.send("say @babelpixbot cat", chat=group)
    await ben.send("and a dog", chat=group, reply_to=mention)
    answer = await api.send_message(group.id, "a cat")
    await ben.send("a dog", chat=group, reply_to=group.messages[answer.message_id])
    await ben.send(album=[jpeg(), jpeg()], caption="/add@BabelpixBot two", chat=group)
    group.last_bot = "OtherBot"
    await ben.send("/search bird", chat=group)
    await ben.send("/search@BabelpixBot bird", chat=group)
    messages = await hear_messages(api, 6)
    assert [message.text or message.caption for message in messages] == [
        "/search cat",
        "say @babelpixbot cat",
        "and a dog",
        "a dog",
        # Of an album, only what has the caption comes.
        "/add@BabelpixBot two",
        "/search@BabelpixBot bird",
    ]


async def test_admins_are_told_of_everything(
    api: Bot, world: World, group: Chat, ada: TelegramPerson, ben: TelegramPerson
) -> None:
    world.privacy = True
    await ada.promote(group)
    await ben.send("nice weather", chat=group)
    promoted, message = await hear(api, 2)
    assert promoted.my_chat_member is not None
    assert promoted.my_chat_member.new_chat_member.status == ChatMemberStatus.ADMINISTRATOR
    assert message.message is not None


async def test_the_bot_is_removed_and_added(
    api: Bot, world: World, group: Chat, ada: TelegramPerson, ben: TelegramPerson
) -> None:
    await ada.remove_bot(group)
    with pytest.raises(Forbidden, match="kicked from the supergroup"):
        await api.send_message(group.id, "x")
    await ben.send("nobody hears", chat=group)
    await ada.add_bot(group)
    removed, added, service = await hear(api, 3)
    assert removed.my_chat_member is not None
    assert removed.my_chat_member.new_chat_member.status == ChatMemberStatus.BANNED
    assert added.my_chat_member is not None
    assert service.message is not None
    assert service.message.new_chat_members[0].id == api.id
    assert await api.leave_chat(group.id)
    with pytest.raises(Forbidden, match="not a member"):
        await api.get_chat(group.id)
    with pytest.raises(NotShownError):
        await ben.remove_bot(world.group(ada))


async def test_who_is_what(
    api: Bot, world: World, group: Chat, ada: TelegramPerson, ben: TelegramPerson
) -> None:
    cleo, stranger = world.person("Cleo"), world.person("Sam")
    await ada.promote(group, cleo)
    await cleo.be_anonymous(group)
    admins = await api.get_chat_administrators(group.id)
    assert [(one.user.id, one.status) for one in admins] == [
        (ada.id, ChatMemberStatus.OWNER),
        (cleo.id, ChatMemberStatus.ADMINISTRATOR),
    ]
    for person, status in {
        ben: ChatMemberStatus.MEMBER,
        stranger: ChatMemberStatus.LEFT,
        ada: ChatMemberStatus.OWNER,
    }.items():
        assert (await api.get_chat_member(group.id, person.id)).status == status
    await ada.restrict(group, ben)
    assert (await api.get_chat_member(group.id, ben.id)).status == ChatMemberStatus.RESTRICTED
    with pytest.raises(NotShownError):
        await ben.send("x", chat=group)
    await ada.ban(group, ben)
    assert (await api.get_chat_member(group.id, ben.id)).status == ChatMemberStatus.BANNED
    assert await api.get_chat_member_count(group.id) == 3
    with pytest.raises(BadRequest, match="Participant_id_invalid"):
        await api.get_chat_member(group.id, 1)
    group.hides_members = True
    with pytest.raises(BadRequest, match="Chat_admin_required"):
        await api.get_chat_member(group.id, ben.id)
    with pytest.raises(BadRequest, match="private chat"):
        await api.get_chat_administrators(ada.private.id)


async def test_masks(api: Bot, world: World, group: Chat, ada: TelegramPerson) -> None:
    channel = world.channel(ada, title="News")
    await ada.send("/search", chat=group, anonymous=True)
    await ada.send("/search", chat=group, as_channel=channel)
    anonymous, masked = await hear_messages(api, 2)
    assert anonymous.sender_chat is not None
    assert anonymous.from_user is not None
    assert (anonymous.sender_chat.id, anonymous.from_user.id) == (group.id, 1087968824)
    assert anonymous.from_user.is_bot
    assert masked.sender_chat is not None
    assert masked.sender_chat.type == ChatType.CHANNEL


async def test_channels(api: Bot, world: World, ada: TelegramPerson, ben: TelegramPerson) -> None:
    channel = world.channel(ada)
    post = await ada.send(photo=jpeg(), caption="a cat", chat=channel)
    await ben.send(photo=jpeg(), forward_from=post)
    told, forwarded = await hear(api, 2)
    assert told.channel_post is not None
    assert told.channel_post.from_user is None
    assert forwarded.message is not None
    assert isinstance(forwarded.message.forward_origin, MessageOriginChannel)
    with pytest.raises(NotShownError):
        await ben.send("x", chat=channel)
    channel.bot_status = "member"
    with pytest.raises(BadRequest, match="administrator rights"):
        await api.send_message(channel.id, "x")


async def test_a_group_becomes_a_supergroup(
    api: Bot, world: World, ada: TelegramPerson, server: TelegramServer
) -> None:
    small = world.group(ada, kind="group")
    large = await ada.migrate(small)
    old, new = await hear_messages(api, 2)
    assert (old.chat.id, old.migrate_to_chat_id) == (small.id, large.id)
    assert (new.chat.id, new.migrate_from_chat_id) == (large.id, small.id)
    with pytest.raises(ChatMigrated) as caught:
        await api.send_message(small.id, "x")
    assert caught.value.new_chat_id == large.id
    await api.send_message(large.id, "x")
    assert server.misbehaviour == []


async def test_topics(
    api: Bot, world: World, ada: TelegramPerson, ben: TelegramPerson, server: TelegramServer
) -> None:
    forum = world.group(ada, members=[ben], is_forum=True)
    thread = await ben.open_topic(forum, "Cats")
    await ben.send("/search", chat=forum, thread=thread)
    created, message = await hear_messages(api, 2)
    assert created.forum_topic_created is not None
    assert (message.message_thread_id, message.is_topic_message) == (thread, True)
    # In a topic everything replies to what opened it.
    assert message.reply_to_message is not None
    assert message.reply_to_message.forum_topic_created is not None
    await api.send_chat_action(forum.id, "typing", message_thread_id=thread)
    assert forum.action_threads == [thread]
    await ada.close_topic(forum, thread)
    with pytest.raises(BadRequest, match="Topic_closed"):
        await api.send_message(forum.id, "x", message_thread_id=thread)
    with pytest.raises(NotShownError):
        await ben.send("x", chat=forum, thread=thread)
    await ada.reopen_topic(forum, thread)
    sent = await api.send_message(forum.id, "x", message_thread_id=thread)
    await ada.delete_topic(forum, thread)
    assert forum.messages[sent.message_id].is_deleted
    assert server.misbehaviour == []
    with pytest.raises(BadRequest, match="thread not found"):
        await api.send_message(forum.id, "x", message_thread_id=4711)
    assert server.misbehaviour == ["sendMessage: Bad Request: message thread not found"]


async def test_threads_of_replies_are_no_topics(api: Bot, group: Chat, ben: TelegramPerson) -> None:
    first = await ben.send("x", chat=group)
    await ben.send("y", chat=group, reply_to=first)
    _, reply = await hear_messages(api, 2)
    assert (reply.message_thread_id, reply.is_topic_message) == (first.message_id, None)
    with pytest.raises(BadRequest, match="thread not found"):
        await api.send_message(group.id, "x", message_thread_id=first.message_id)


async def test_what_people_delete_is_gone(
    api: Bot, group: Chat, ada: TelegramPerson, ben: TelegramPerson, server: TelegramServer
) -> None:
    asked = await ben.send("x", chat=group)
    await hear(api, 1)
    answer = await api.send_message(group.id, "y")
    await ben.delete(asked)
    await ada.delete(group.messages[answer.message_id])
    with pytest.raises(BadRequest, match="to be replied not found"):
        await api.send_message(group.id, "z", reply_to_message_id=asked.message_id)
    await api.send_message(
        group.id, "z", reply_to_message_id=asked.message_id, allow_sending_without_reply=True
    )
    with pytest.raises(BadRequest, match="to edit not found"):
        await api.edit_message_text("z", group.id, answer.message_id)
    with pytest.raises(BadRequest, match="to delete not found"):
        await api.delete_message(group.id, answer.message_id)
    assert server.misbehaviour == []
    with pytest.raises(NotShownError):
        await ben.delete(group.sent[-1])


async def test_rights_that_are_taken(api: Bot, group: Chat) -> None:
    group.bot_may_not = {"photos"}
    with pytest.raises(BadRequest, match="enough rights to send photos"):
        await api.send_photo(group.id, jpeg())
    await api.send_message(group.id, "x")
