import pytest

from ringfence.artifacts.archive_paths import escapes, leads_out, parts_of


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../x", "a/../b", "a/..", "..", "\\x", "C:\\x", "c:/x", "a\\..\\..\\x", "//server/x"],
)
def test_names_that_lead_outside_escape(name: str) -> None:
    assert escapes(name)


@pytest.mark.parametrize("name", ["", "a", "a/b", "./a", "a/./b", "..a", "a..", "...", "c:x", "a/"])
def test_other_names_do_not(name: str) -> None:
    assert not escapes(name)


def test_parts_that_mean_nothing_are_left_out() -> None:
    assert parts_of("./a//b\\c/.") == ["a", "b", "c"]


def test_a_link_may_go_up_within_its_folder_and_no_further() -> None:
    assert not leads_out("snapshots/main/model", "../../blobs/abc", ())
    assert leads_out("snapshots/main/model", "../../../blobs/abc", ())
    assert leads_out("model", "/etc", ())


def test_going_up_from_another_link_leads_nobody_knows_where() -> None:
    assert leads_out("a", "b/../x", {"b"})
    assert not leads_out("a", "b/../x", {"c"})
