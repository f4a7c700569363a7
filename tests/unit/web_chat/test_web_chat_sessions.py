"""Passwords, sessions and the slowing down of guesses."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bot.frontends.web_chat.sessions import LIFETIME_S, MAX_SESSIONS, Sessions, SignInError
from bot.frontends.web_chat.throttle import FREE_ATTEMPTS, LONGEST_WAIT_S, MAX_ADDRESSES, Throttle


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_each_failure_past_the_free_ones_doubles_the_wait() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    waits = []
    for _ in range(FREE_ATTEMPTS + 10):
        throttle.fail("192.0.2.1")
        waits.append(throttle.wait_s("192.0.2.1"))
    assert waits[: FREE_ATTEMPTS + 3] == [0, 0, 2, 4, 8, 16]
    assert waits[-1] == LONGEST_WAIT_S
    assert throttle.wait_s("192.0.2.2") == 0
    clock.now += LONGEST_WAIT_S
    assert throttle.wait_s("192.0.2.1") == 0
    throttle.succeed("192.0.2.1")
    throttle.fail("192.0.2.1")
    assert throttle.wait_s("192.0.2.1") == 0


def test_a_house_full_of_ipv6_addresses_is_one_guesser() -> None:
    throttle = Throttle(Clock())
    for number in range(FREE_ATTEMPTS):
        throttle.fail(f"2001:db8::{number:x}")
    assert throttle.wait_s("2001:db8::ffff") > 0
    assert throttle.wait_s("2001:db8:0:1::1") == 0
    assert throttle.wait_s("fe80::1%eth0") == 0
    assert throttle.wait_s("") == 0


def test_the_memory_of_failures_is_bounded() -> None:
    throttle = Throttle(Clock())
    for number in range(MAX_ADDRESSES + 5):
        throttle.fail(str(number))
    assert len(throttle._failures) == MAX_ADDRESSES


def test_a_session_expires_and_others_do_not_pass() -> None:
    clock = Clock()
    sessions = Sessions("secret", clock)
    token = sessions.sign_in("192.0.2.1", "secret")
    assert sessions.admits(token)
    assert not sessions.admits("")
    assert not sessions.admits(token + "x")
    clock.now += LIFETIME_S
    assert not sessions.admits(token)


def test_csrf_tokens_belong_to_their_session() -> None:
    sessions = Sessions("secret", Clock())
    mine, theirs = sessions.sign_in("a", "secret"), sessions.sign_in("b", "secret")
    assert sessions.is_csrf_token(mine, sessions.csrf_token(mine))
    assert not sessions.is_csrf_token(mine, sessions.csrf_token(theirs))
    assert not sessions.is_csrf_token(mine, sessions.csrf_token(""))
    assert not sessions.is_csrf_token(mine, "")


@pytest.mark.parametrize("guess", ["", "Secret", "secret ", "secre", "secret\0", "\udc80"])
def test_only_the_password_is_the_password(guess: str) -> None:
    with pytest.raises(SignInError):
        Sessions("secret", Clock()).sign_in("a", guess)


def test_the_number_of_sessions_is_bounded() -> None:
    sessions = Sessions("secret", Clock())
    first = sessions.sign_in("a", "secret")
    for _ in range(MAX_SESSIONS):
        sessions.sign_in("a", "secret")
    assert not sessions.admits(first)


def test_without_a_password_everyone_is_in_but_nobody_signs_in() -> None:
    sessions = Sessions(None, Clock())
    assert sessions.admits("")
    with pytest.raises(SignInError):
        sessions.sign_in("a", "")
