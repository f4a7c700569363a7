"""What travels between the bot and the workers."""

from __future__ import annotations

import contextlib
import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workers.contract import (
    Answer,
    celery_broker_url,
    celery_config,
    pack_answer,
    unpack_answer,
)

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    dim = draw(st.integers(1, 9))
    rows = draw(st.integers(1, 4))
    size = 2 * dim * rows
    vectors = draw(st.binary(min_size=size, max_size=size))
    curves = draw(st.binary(min_size=8 * rows, max_size=8 * rows) | st.just(b""))
    return Answer(draw(st.text()), "", dim, vectors, curves)


def _written(header: str, vectors: bytes = b"") -> bytes:
    header = header.replace('{"id"', '{"v": 2, "curves": 0, "id"')
    return struct.pack("<I", len(header.encode())) + header.encode() + vectors


@given(answers())
def test_an_answer_comes_back_as_it_was(answer: Answer) -> None:
    assert unpack_answer(pack_answer(answer)) == answer
    assert answer.ok
    rows = answer.rows()
    assert b"".join(row.vector for row in rows) == answer.vectors
    assert {len(row.vector) for row in rows} == {2 * answer.dim}
    if not answer.curves:
        assert {row.curve for row in rows} == {None}


@given(st.lists(st.tuples(FLOATS, FLOATS) | st.none(), min_size=1, max_size=9))
def test_each_question_gets_its_own_curve(curves: list[tuple[float, float] | None]) -> None:
    vectors = bytes(range(2 * len(curves)))
    written = b"".join(struct.pack("<2f", *(curve or (math.nan, 1.0))) for curve in curves)
    answer = unpack_answer(pack_answer(Answer("x", "", 1, vectors, written)))
    assert answer.rows() == [(vectors[2 * n : 2 * n + 2], curve) for n, curve in enumerate(curves)]


@pytest.mark.parametrize("size", [1, 7, 9, 24])
def test_curves_that_are_not_one_a_vector_are_no_answer(size: int) -> None:
    with pytest.raises(ValueError, match="curves"):
        unpack_answer(pack_answer(Answer("x", "", 1, b"1122", bytes(size))))


@given(st.text(), st.text(min_size=1), st.integers(0, 4000))
def test_a_failure_comes_back_as_it_was(request_id: str, code: str, dim: int) -> None:
    answer = Answer(request_id, code, dim)
    assert unpack_answer(pack_answer(answer)) == answer
    assert not answer.ok
    assert answer.rows() == []


@given(st.binary())
@example(b"")
@example(b"\xff\xff\xff\xff")
@example(_written("[]"))
@example(_written('"id"'))
@example(_written("[" * 100_000))
@example(_written('{"id": "x", "code": "", "dim": 1e999}'))
@example(_written('{"id": "x", "code": "", "dim": NaN}'))
@example(_written('{"id": "x", "code": "", "dim": -1}'))
@example(_written('{"id": "x", "code": "", "dim": null}'))
@example(_written('{"id": "x", "code": "", "dim": 2}', b"123"))
@example(_written('{"id": "x", "code": "", "dim": 0}', b"12"))
@example(_written('{"v": 1, "id": "x", "code": "", "dim": 1}', b"12"))
@example(_written('{"v": 2, "curves": 3, "id": "x", "code": "", "dim": 1}', b"12"))
@example(_written('{"v": 2, "curves": -2, "id": "x", "code": "", "dim": 1}', b"12"))
@example(_written("\udc00".encode("utf-8", "surrogatepass").decode("latin-1")))
def test_rubbish_is_a_value_error(written: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any will do
        unpack_answer(written)


@given(answers(), st.data())
def test_a_damaged_answer_is_read_or_a_value_error(answer: Answer, data: st.DataObject) -> None:
    written = bytearray(pack_answer(answer))
    at = data.draw(st.integers(0, len(written) - 1))
    written[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(ValueError):
        unpack_answer(bytes(written))
    with contextlib.suppress(ValueError):
        unpack_answer(pack_answer(answer)[:at])


@pytest.mark.parametrize("dim", [0, 4])
def test_success_without_vectors_is_no_answer(dim: int) -> None:
    with pytest.raises(ValueError, match="without vectors"):
        unpack_answer(pack_answer(Answer("x", "", dim)))


@pytest.mark.parametrize(
    "url", ["redis://:secret@host:6380/2", "rediss://host/0?ssl_cert_reqs=required"]
)
def test_addresses_of_machines_stay_as_they_are(url: str) -> None:
    assert celery_broker_url(url) == url


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        (
            "unix:///a%20b/what%3F/r.sock?db=3",
            "redis+socket:///a%20b/what%3F/r.sock?virtual_host=3",
        ),
    ],
)
def test_sockets_are_spelled_celerys_way(url: str, written: str) -> None:
    # That Celery reads it so is tested on a real Redis, in test_query_cache.
    assert celery_broker_url(url) == written
    assert celery_config(url)["broker_url"] == written
