"""Pictures found, between the database's record and the core's."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter

from bot.core.ports import Match
from db.records import MatchRecord

# Both have the same fields. Taken one by one: dataclasses.asdict copies what is in them, too, and
# 60 of them cost milliseconds.
_NAMES = tuple(field.name for field in fields(Match))
_values = attrgetter(*_NAMES)


def match_of(record: MatchRecord) -> Match:
    """Return what the core makes of a record."""
    return Match(**dict(zip(_NAMES, _values(record), strict=True)))


def record_of(match: Match) -> MatchRecord:
    """Return what the database keeps of a picture found."""
    return MatchRecord(**dict(zip(_NAMES, _values(match), strict=True)))
