"""Requests behind buttons."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.commands import MAX_COMMAND_BYTES, Command, decode, encode
from bot.core.messages import Delete, More, MoreLikeThis, NotThis
from bot.core.questions import digest

IDS = st.integers(1, 2**63 - 1)
OFFSETS = st.integers(0, 10**9 - 1)
REQUESTS: st.SearchStrategy[Command] = st.one_of(
    IDS.map(MoreLikeThis),
    IDS.map(Delete),
    st.builds(More, st.text().map(digest), OFFSETS),
    st.builds(NotThis, st.text().map(digest), OFFSETS, IDS),
)


@given(REQUESTS)
def test_a_request_is_read_back_and_fits_behind_a_button(request_: Command) -> None:
    written = encode(request_)
    assert decode(written) == request_
    assert len(written.encode("ascii")) <= MAX_COMMAND_BYTES


@given(st.text() | st.from_regex(r"[mnld]:.*", fullmatch=True))
def test_anything_else_is_no_request(written: str) -> None:
    request = decode(written)
    if request is not None:
        assert decode(encode(request)) == request


@pytest.mark.parametrize(
    "written",
    [
        *("", "m", "m:", "m::1", "m:token", "m:token:", "m:token:-1", "m:token:1:2", "m:to ken:1"),
        *("l:", "l:x", "l:-1", "l:1.5", "l:٣", "l:1\n", " l:1", "L:1", "x:1", "d:" + "9" * 20),
        *("n:token:1", "n:token:1:", "n:token::1", "n::1:2", "n:token:-1:2", "n:token:1:2:3"),
        *("n:token:1:" + "9" * 20, "n:" + "a" * 25 + ":1:2", "n:token:١:2", "n:token:1:2\n"),
        *("m:" + "a" * 25 + ":1", "m:token:" + "1" * 10, "m:tökén:1"),
    ],
)
def test_rubbish_is_no_request(written: str) -> None:
    assert decode(written) is None
