"""The core's values and the database's rows say the same things."""

from __future__ import annotations

from dataclasses import fields

import pytest

from bot.backends.errors import core_errors
from bot.core.community_ports import Import, Statistics
from bot.core.errors import UnavailableError
from bot.core.ports import Match
from db.errors import DatabaseError, DatabaseUnavailableError, SchemaMissingError
from db.records import ImportRecord, MatchRecord, StatisticsRecord


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(Match, MatchRecord), (Import, ImportRecord), (Statistics, StatisticsRecord)],
)
def test_every_field_has_its_counterpart(ours: type, theirs: type) -> None:
    assert [(field.name, field.type) for field in fields(ours)] == [
        (field.name, field.type) for field in fields(theirs)
    ]


@pytest.mark.parametrize("kind", [DatabaseUnavailableError, SchemaMissingError])
def test_a_database_that_is_down_is_a_service_that_is_down(kind: type[DatabaseError]) -> None:
    with pytest.raises(UnavailableError) as caught, core_errors():
        raise kind("it sleeps")
    assert caught.value.params == {"part": "it sleeps"}
    assert caught.value.retryable


def test_what_no_waiting_mends_stays_what_it_is() -> None:
    for error in (DatabaseError("a bug"), ZeroDivisionError()):
        with pytest.raises(type(error)), core_errors():
            raise error
