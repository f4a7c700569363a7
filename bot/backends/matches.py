"""Pictures found, between the database's record and the core's."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter

from bot.core.ports import Match
from db.records import MatchRecord

# Both have the same fields. Taken one by one: dataclasses.asdict copies what is in them, too, and
# 60 of them cost milliseconds.
_of_match = attrgetter(*(field.name for field in fields(Match)))
_of_record = attrgetter(*(field.name for field in fields(MatchRecord)))


def match_of(record: MatchRecord) -> Match:
    """Return what the core makes of a record."""
    return Match(*_of_match(record))


def record_of(match: Match) -> MatchRecord:
    """Return what the database keeps of a picture found."""
    return MatchRecord(*_of_record(match))
