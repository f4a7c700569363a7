"""Settings between their JSON and the core's policy."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.backends import policies
from bot.core.policy import DEFAULT_POLICY, Policy

GROUPS = st.frozensets(st.text(max_size=5), max_size=4)
POLICIES = st.builds(Policy, GROUPS, GROUPS, GROUPS, st.integers(0, 50), st.text(max_size=5))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)
NAMES = ("search_groups", "add_groups", "watched", "page_size", "language")


@given(POLICIES)
def test_settings_are_read_back_as_they_were_written(policy: Policy) -> None:
    assert policies.read(json.loads(json.dumps(policies.write(policy)))) == policy


def test_a_collection_without_settings_is_as_usual() -> None:
    assert policies.read({}) == DEFAULT_POLICY


@given(st.dictionaries(st.sampled_from([*NAMES, "unknown"]), JSON))
def test_settings_that_make_no_sense_are_as_usual(settings: dict[str, object]) -> None:
    policy = policies.read(settings)
    for name in NAMES[:3]:
        groups = getattr(policy, name)
        assert isinstance(groups, frozenset)
        assert all(isinstance(group, str) for group in groups)
        assert bool(groups) == bool(isinstance(settings.get(name), list) and settings[name])
    assert policy.page_size >= 0
    assert type(policy.page_size) is int
    assert isinstance(policy.language, str)


@pytest.mark.parametrize("size", [True, -1, 0, "5", 2.5, None])
def test_an_odd_page_size_is_none(size: object) -> None:
    assert policies.read({"page_size": size}) == DEFAULT_POLICY
