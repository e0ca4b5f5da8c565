import pytest

from ringfence.artifacts.member_names import escapes, folded


@pytest.mark.parametrize(("name", "link_to"), [("a/b", None), ("a..b", None), ("a/b", "../c"), ("C:", None)])
def test_an_everyday_name_is_nothing_odd(name: str, link_to: str | None) -> None:
    assert list(escapes(name, at=0, link_to=link_to)) == []


@pytest.mark.parametrize(
    ("name", "link_to", "why"),
    [
        ("/a", None, "a name that leads out of the folder"),
        ("C:\\a", None, "a name that leads out of the folder"),
        ("../a", None, "a name that leads out of the folder"),
        ("a/../../b/c", None, "a name that leads out of the folder"),
        ("a\0b", None, "a name that goes on behind its end"),
        ("a/b", "../../c", "a link out of the folder, to ../../c"),
        ("a", "/etc/passwd", "a link out of the folder, to /etc/passwd"),
    ],
)
def test_a_name_that_leads_out_is_told(name: str, link_to: str | None, why: str) -> None:
    (found,) = escapes(name, at=7, link_to=link_to)
    assert (found.evidence, found.at) == ((name, why), 7)


@pytest.mark.parametrize("name", ["a/b", "./a/b", "a//b", "a\\b", "a/b\0.txt", "a/./b"])
def test_names_of_one_file_are_folded_into_one(name: str) -> None:
    assert folded(name) == "a/b"
