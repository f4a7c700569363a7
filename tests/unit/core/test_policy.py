"""Who may search, add and delete."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.core.messages import Person
from bot.core.policy import DEFAULT_POLICY, Policy, may_add, may_delete, may_search

GROUPS = st.frozensets(st.sampled_from(["role:1", "role:2", "role:3"]))
PEOPLE = st.builds(Person, st.sampled_from(["u:1", "u:2"]), st.just("Ada"), st.booleans(), GROUPS)
POLICIES = st.builds(Policy, GROUPS, GROUPS, GROUPS)


@given(PEOPLE, POLICIES, st.sampled_from(["u:1", "u:2", ""]))
def test_admins_may_everything_and_others_what_is_said(
    person: Person, policy: Policy, uploader_id: str
) -> None:
    in_search, in_add = person.groups & policy.search_groups, person.groups & policy.add_groups
    assert may_search(person, policy) == (
        person.is_admin or bool(in_search) or not policy.search_groups
    )
    assert may_add(person, policy) == (person.is_admin or bool(in_add))
    assert may_delete(person, uploader_id) == (person.is_admin or person.id == uploader_id)


def test_without_settings_everybody_searches_and_admins_add() -> None:
    member = Person("u:1", "Max", groups=frozenset({"role:1"}))
    assert may_search(member, DEFAULT_POLICY)
    assert not may_add(member, DEFAULT_POLICY)


def test_who_was_forgotten_is_nobody() -> None:
    # Their pictures stay without a name; nobody else gets them that way.
    assert not may_delete(Person("u:1", "Max"), "")
