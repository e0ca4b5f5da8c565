"""A session's placeholders, found in text, kept and put back."""

import os

import pytest

from injected import Session, credential
from ringfence.vault.meanings import BadState, Meanings, Meant
from ringfence.vault.placeholders import Placeholders
from ringfence.vault.services import variables_of
from vaults import WHOLE


def test_they_are_found_within_text_in_their_order() -> None:
    session = Session(credential("bearer", name="b"), credential("query", name="q"))
    one, other = session.text("token", "b"), session.text("value", "q")
    told = [(text, meant.credential) for text, meant in session.meaning.within(f"a{other}{one}-{one}")]
    assert told == [(other, "q"), (one, "b"), (one, "b")]
    assert list(session.table.of("theirs").within(one)) == []
    assert session.meaning(one) == Meant(credential="b", part="token", kind="bearer")
    assert session.meaning(other).said("parameter") == "key"


def test_of_two_that_begin_alike_the_longer_one_is_found() -> None:
    short, long = (Meant(credential=each, part="token", kind="bearer") for each in ("short", "long"))
    found = Meanings({"abcdefgh": short, "abcdefghi": long})
    assert [meant.credential for _, meant in found.within("abcdefghi abcdefghx")] == ["long", "short"]


def test_what_is_given_later_is_found_too_and_after_the_end_nothing() -> None:
    session = Session(credential("bearer", name="b"))
    before = session.meaning
    later = session.table.give("mine", credential("query", name="q"))["value"]
    also = session.table.also("mine", "ya29.another-Token-1", Meant(credential="x", part="y", kind="oauth"))
    assert [before(later), session.meaning(later).credential] == [None, "q"]
    assert session.meaning(also).credential == "x" and also.startswith("ya29.")
    session.table.end("mine")
    assert session.meaning(later) is None


@pytest.mark.parametrize("kind", WHOLE)
def test_a_table_that_was_kept_means_the_same_and_holds_no_secret(kind: str) -> None:
    session = Session(credential(kind))
    state = session.table.to_state("mine")
    assert not [each for part, each in WHOLE[kind].items() if part in _SECRET and each in state]
    other = Placeholders(randomness=os.urandom)
    other.from_state("mine", state)
    assert other.to_state("mine") == state
    assert {text: other.meaning("mine", text).part for text in session.given["one"].values()} == {
        text: part for part, text in session.given["one"].items()
    }
    assert other.give("mine", credential(kind)) == session.given["one"]


_SECRET = {"token", "value", "password", "secret_key", "client_secret", "refresh_token", "private_key"}


@pytest.mark.parametrize(
    "state",
    ["", "{}", "[1]", '[["short","a","b","bearer",{}]]', '[["12345678","a","b","none",{}]]',
     '[["12345678","a","b","bearer",{"a":1}]]',
     '[["12345678","a","b","bearer",{}],["12345678","c","b","bearer",{}]]'],
)  # fmt: skip
def test_what_is_no_table_is_refused_and_changes_nothing(state: str) -> None:
    session = Session(credential("bearer"))
    before = session.table.to_state("mine")
    with pytest.raises(BadState):
        session.table.from_state("mine", state)
    assert session.table.to_state("mine") == before


@pytest.mark.parametrize(
    ("name", "kind", "host", "expected"),
    [
        ("gh", "bearer", "api.github.com", {"GH_TOKEN": "token", "GITHUB_TOKEN": "token"}),
        ("gh", "github-app", "api.github.com", {"GH_TOKEN": "access_token", "GITHUB_TOKEN": "access_token"}),
        ("a", "header", "api.anthropic.com", {"ANTHROPIC_API_KEY": "value"}),
        ("a", "oauth", "api.anthropic.com", {"CLAUDE_CODE_OAUTH_TOKEN": "access_token"}),
        (
            "x",
            "aws",
            "s3.amazonaws.com",
            {"AWS_ACCESS_KEY_ID": "key_id", "AWS_SECRET_ACCESS_KEY": "secret_key"},
        ),
        ("x", "postgresql", "db.example.com", {"PGPASSWORD": "password"}),
        ("OUR_TOKEN", "bearer", "a.example.com:8443", {"OUR_TOKEN": "token"}),
        ("x", "bearer", "a.example.com", {}),
    ],
)
def test_programs_find_a_credential_in_the_variables_that_they_read(
    name: str, kind: str, host: str, expected: dict[str, str]
) -> None:
    from ringfence.vault.kinds import public_parts

    one = credential(kind, name=name, host=host)
    assert variables_of(name, kind, public_parts(one.authentication), one.binding.hosts) == expected
