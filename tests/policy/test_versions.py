import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from often import examples
from ringfence.policy.versions import is_older

numbers = st.integers(min_value=0, max_value=30).map(str)
versions = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "v", "1!"]),
        st.lists(numbers, min_size=1, max_size=4).map(".".join),
        st.one_of(
            st.just(""),
            st.tuples(st.sampled_from(["a", "-beta.", "rc", ".pre", "_c-", "preview"]), numbers).map("".join),
        ),
        st.one_of(st.just(""), st.tuples(st.sampled_from([".post", "-", "-r", "rev"]), numbers).map("".join)),
        st.one_of(st.just(""), st.tuples(st.sampled_from([".dev", "dev", "-dev"]), numbers).map("".join)),
        st.sampled_from(["", "+local.1"]),
    ),
)


@settings(max_examples=examples(1000), deadline=None)
@given(versions, versions)
def test_versions_are_ordered_as_pep_440_says(one: str, other: str) -> None:
    expected = Version(Version(one).public) < Version(Version(other).public)
    assert is_older(one, other) is expected


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("b100", "b4321"),
        ("2024.1-nightly", "2024.1"),
        ("1.2.3-foo.1", "1.2.3"),
        ("r9", "r10"),
        ("0.6.x", "0.7.0"),
    ],
)
def test_what_is_no_such_version_is_compared_piece_by_piece(older: str, newer: str) -> None:
    assert (is_older(older, newer), is_older(newer, older), is_older(newer, newer)) == (True, False, False)


@pytest.mark.parametrize("unreadable", ["", "unknown", "nightly", "१.२", "1." * 60 + "1"])
def test_what_cannot_be_read_is_unknown(unreadable: str) -> None:
    assert is_older(unreadable, "1.0") is None
    assert is_older("1.0", unreadable) is None
