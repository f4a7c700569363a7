"""Who may do what in a collection, and how it answers there."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.messages import Person


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of one collection, made by its admins."""

    search_groups: frozenset[str] = frozenset()
    """Groups that may search; none named: everybody."""
    add_groups: frozenset[str] = frozenset()
    """Groups that may add pictures, besides the admins."""
    watched: frozenset[str] = frozenset()
    """Channels whose new pictures are added as they are posted."""
    page_size: int = 0
    """Pictures on one page of an answer; 0: as the operator has set it."""
    language: str = ""
    """BCP 47 tag for answers to people whose language is not known; empty: the platform's word."""


DEFAULT_POLICY = Policy()


def may_search(person: Person, policy: Policy) -> bool:
    """Tell whether a person may search: everybody, or the groups named and the admins."""
    if person.is_admin or not policy.search_groups:
        return True
    return not policy.search_groups.isdisjoint(person.groups)


def may_add(person: Person, policy: Policy) -> bool:
    """Tell whether a person may add pictures: admins and the groups named."""
    return person.is_admin or not policy.add_groups.isdisjoint(person.groups)


def may_delete(person: Person, uploader_id: str) -> bool:
    """Tell whether a person may delete a picture: admins, and whoever added it."""
    return person.is_admin or person.id == uploader_id
