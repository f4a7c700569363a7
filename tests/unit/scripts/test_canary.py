"""Which of the moved packages broke it."""

from __future__ import annotations

from types import ModuleType

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MOVED = st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=1, max_size=40, unique=True)
once = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@once
@given(MOVED, st.data())
def test_the_one_that_broke_it_is_found(
    canary: ModuleType, moved: list[str], data: st.DataObject
) -> None:
    guilty = data.draw(st.sampled_from(moved))
    tries = []

    def works(held: list[str]) -> bool:
        tries.append(held)
        return guilty in held

    assert canary.culprits(moved, works) == [guilty]
    assert len(tries) <= 1 + 2 * len(moved).bit_length()


@once
@given(MOVED, st.data())
def test_where_it_takes_several_all_of_them_are_named(
    canary: ModuleType, moved: list[str], data: st.DataObject
) -> None:
    guilty = set(data.draw(st.lists(st.sampled_from(moved), min_size=1)))
    found = canary.culprits(moved, lambda held: guilty <= set(held))
    assert guilty <= set(found)


@once
@given(MOVED)
def test_what_fails_with_the_lock_as_well_is_blamed_on_nobody(
    canary: ModuleType, moved: list[str]
) -> None:
    assert canary.culprits(moved, lambda held: False) == []
    assert canary.culprits([], lambda held: True) == []
