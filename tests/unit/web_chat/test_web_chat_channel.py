"""Requests and replies over the WebSocket."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import WSCloseCode, WSMsgType

from bot.core.messages import Ask, Delete, More, MoreLikeThis, ServiceStatus
from bot.frontends.web_chat.channel import MAX_IN_FLIGHT, MAX_MESSAGE_BYTES
from tests.unit.web_chat.memory_conversation import MemoryConversation
from tests.unit.web_chat.visitor import Visitor, receive, until


async def test_a_question_is_answered_for_the_local_admin_in_the_persons_language(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    conversation.add(b"cat", "🐈‍⬛ black cat")
    socket = await visitor.connect()
    await socket.send_json({"type": "ask", "id": "1", "text": "black cat", "language": "zh-Hans"})

    answer = await receive(socket, "reply")
    assert answer["id"] == "1"
    assert answer["reply"]["tone"] == "answer"
    (hit,) = answer["reply"]["hits"]
    assert hit["caption"] == "🐈‍⬛ black cat"
    assert hit["rank"] == 1
    assert hit["can_delete"] is True
    assert (await receive(socket, "end"))["id"] == "1"

    (incoming,) = conversation.incoming
    assert incoming.request == Ask("black cat")
    assert incoming.language == "zh-Hans"
    assert incoming.collection == "local"
    assert incoming.page_size == 10
    assert (incoming.person.id, incoming.person.is_admin) == ("web:local", True)


async def test_the_next_page_follows_from_the_choice_of_the_answer(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    for number in range(13):
        conversation.add(bytes([number]), f"cat {number}")
    socket = await visitor.connect()
    await socket.send_json({"type": "ask", "id": "1", "text": "cat"})
    (choice,) = (await receive(socket, "reply"))["reply"]["choices"]
    assert choice["label"] == "More"
    await socket.send_json({**choice["request"], "id": "2"})
    reply = (await receive(socket, "reply"))["reply"]
    assert [hit["rank"] for hit in reply["hits"]] == [11, 12, 13]
    assert reply["choices"] == []


async def test_all_requests_reach_the_core(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    socket = await visitor.connect()
    messages: list[dict[str, Any]] = [
        {"type": "more", "token": "abc", "offset": 10},
        {"type": "more_like_this", "image_id": 7},
        {"type": "delete", "image_id": 7},
    ]
    for number, message in enumerate(messages):
        await socket.send_json({**message, "id": str(number)})
        await receive(socket, "end")
    assert [incoming.request for incoming in conversation.incoming] == [
        More("abc", 10),
        MoreLikeThis(7),
        Delete(7),
    ]


async def test_questions_in_flight_do_not_wait_for_each_other(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    conversation.gates = {"slow": asyncio.Event(), "slower": asyncio.Event()}
    socket = await visitor.connect()
    for name in ("slower", "slow", "quick"):
        await socket.send_json({"type": "ask", "id": name, "text": name})
    assert (await receive(socket, "end"))["id"] == "quick"
    conversation.gates["slow"].set()
    assert (await receive(socket, "end"))["id"] == "slow"
    conversation.gates["slower"].set()
    assert (await receive(socket, "end"))["id"] == "slower"


async def test_progress_comes_before_the_answer(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    conversation.gates = {"slow": asyncio.Event()}
    socket = await visitor.connect()
    await socket.send_json({"type": "ask", "id": "1", "text": "slow"})
    assert (await receive(socket, "reply"))["reply"]["tone"] == "progress"
    conversation.gates["slow"].set()
    assert (await receive(socket, "reply"))["reply"]["tone"] == "answer"


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a JSON object"),
        ('"ask"', "not a JSON object"),
        ('{"type": "ask", "text": "cat"}', "id must be"),
        ('{"type": "ask", "id": 1, "text": "cat"}', "id must be"),
        ('{"type": "ask", "id": ""}', "id must be"),
        ('{"type": "ask", "id": "1"}', "text must be"),
        ('{"type": "ask", "id": "1", "text": 5}', "text must be"),
        ('{"type": "destroy", "id": "1"}', "unknown type"),
        ('{"type": ["ask"], "id": "1"}', "unknown type"),
        ('{"type": "delete", "id": "1", "image_id": "1; DROP"}', "image_id must be"),
        ('{"type": "delete", "id": "1", "image_id": true}', "image_id must be"),
        ('{"type": "delete", "id": "1", "image_id": -1}', "image_id must be"),
        ('{"type": "delete", "id": "1", "image_id": 9223372036854775808}', "image_id must be"),
        ('{"type": "more", "id": "1", "token": "x", "offset": 1.5}', "offset must be"),
        (json.dumps({"type": "more", "id": "1", "token": "x" * 65, "offset": 0}), "token"),
    ],
)
async def test_nonsense_is_refused_and_the_channel_lives_on(
    visitor: Visitor, conversation: MemoryConversation, frame: str, reason: str
) -> None:
    socket = await visitor.connect()
    await socket.send_str(frame)
    assert (await receive(socket, "refused"))["reason"].startswith(reason)
    assert conversation.incoming == []
    await socket.send_json({"type": "ask", "id": "2", "text": "cat"})
    assert (await receive(socket, "end"))["id"] == "2"


async def test_an_id_cannot_be_used_twice_at_a_time(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    conversation.gates = {"slow": asyncio.Event()}
    socket = await visitor.connect()
    for _ in range(2):
        await socket.send_json({"type": "ask", "id": "1", "text": "slow"})
    assert (await receive(socket, "refused"))["reason"] == "id in use"


@pytest.mark.parametrize("text", ["", " \n\t", "😀😀", "x" * 10_000, "שלום hello مرحبا", "\0"])
async def test_unusual_questions_go_to_the_core_as_they_are(
    visitor: Visitor, conversation: MemoryConversation, text: str
) -> None:
    socket = await visitor.connect()
    await socket.send_json({"type": "ask", "id": "1", "text": text})
    await receive(socket, "end")
    assert conversation.incoming[0].request == Ask(text)


async def test_half_a_surrogate_pair_is_made_harmless(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    socket = await visitor.connect()
    await socket.send_str('{"type": "ask", "id": "1", "text": "cat \\ud83d"}')
    await receive(socket, "end")
    assert conversation.incoming[0].request == Ask("cat \N{REPLACEMENT CHARACTER}")


async def test_a_language_that_is_none_becomes_english(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    socket = await visitor.connect()
    await socket.send_json({"type": "ask", "id": "1", "text": "x", "language": "<script>"})
    await receive(socket, "end")
    assert conversation.incoming[0].language == "en"


async def test_an_error_reply_keeps_its_code(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    conversation.is_down = True
    socket = await visitor.connect()
    await socket.send_json({"type": "ask", "id": "1", "text": "cat"})
    reply = (await receive(socket, "reply"))["reply"]
    assert (reply["tone"], reply["code"], reply["retryable"]) == ("error", "unavailable", True)


async def test_a_core_that_raises_is_answered_for(
    visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    socket = await visitor.connect()
    await socket.send_json({"type": "ask", "id": "1", "text": "explode", "language": "de"})
    reply = (await receive(socket, "reply"))["reply"]
    assert reply["text"].startswith("Etwas ist schiefgegangen")
    assert reply["retryable"] is True
    assert (await receive(socket, "end"))["id"] == "1"
    assert "web_chat.answer_failed" in caplog.text
    assert "explode" not in caplog.text


async def test_too_many_questions_at_once_are_turned_away_kindly(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    conversation.gates = {"slow": asyncio.Event()}
    socket = await visitor.connect()
    for number in range(MAX_IN_FLIGHT):
        await socket.send_json({"type": "ask", "id": str(number), "text": "slow"})
    await socket.send_json({"type": "ask", "id": "last", "text": "quick", "language": "fr"})
    while (message := await receive(socket, "reply"))["id"] != "last":
        pass
    assert message["reply"]["code"] == "busy"
    assert message["reply"]["text"].startswith("Trop de questions")
    conversation.gates["slow"].set()
    ended = {(await receive(socket, "end"))["id"] for _ in range(MAX_IN_FLIGHT)}
    assert "last" in ended or (await receive(socket, "end"))["id"] == "last"


async def test_a_message_over_the_limit_ends_the_channel_only(visitor: Visitor) -> None:
    socket = await visitor.connect()
    await socket.send_str("x" * (MAX_MESSAGE_BYTES + 1))
    while (message := await socket.receive(timeout=60)).type is WSMsgType.TEXT:
        pass
    assert message.type is WSMsgType.CLOSE
    assert message.data == WSCloseCode.MESSAGE_TOO_BIG
    await (await visitor.connect()).close()


async def test_questions_of_a_page_that_went_are_not_answered_on(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    conversation.gates = {"slow": asyncio.Event()}
    leaving, staying = await visitor.connect(), await visitor.connect()
    await leaving.send_json({"type": "ask", "id": "1", "text": "slow"})
    await receive(leaving, "reply")
    await leaving.close()
    await until(lambda: conversation.cancelled == ["slow"], staying)


async def test_status_is_pushed_when_it_changes(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    conversation.status_now = ServiceStatus(
        ready=False, warming_up=True, image_count=0, pending_count=0
    )
    socket = await visitor.connect()
    status = await receive(socket, "status")
    assert (status["ready"], status["warming_up"]) == (False, True)
    conversation.status_now = ServiceStatus(
        ready=True, warming_up=False, image_count=0, pending_count=3
    )
    status = await receive(socket, "status")
    assert (status["ready"], status["pending_count"]) == (True, 3)
    assert status["preparing"] is None
    conversation.status_now = replace(conversation.status_now, preparing=(2, 9))
    assert (await receive(socket, "status"))["preparing"] == [2, 9]


async def test_a_second_page_learns_the_status_at_once_and_nobody_asks_once_all_left(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    assert conversation.status_asked == 0
    first = await visitor.connect()
    await receive(first, "status")
    second = await visitor.connect()
    asked = conversation.status_asked
    await receive(second, "status")
    assert conversation.status_asked == asked
    await first.close()
    await second.close()
    third = await visitor.connect()
    await receive(third, "status")
    assert conversation.status_asked > asked
