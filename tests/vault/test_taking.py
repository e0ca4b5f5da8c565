"""Files in which people keep secrets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.vault.credential import Binding
from ringfence.vault.errors import CredentialRefused
from ringfence.vault.kinds import authentication, kind_named
from ringfence.vault.services import SERVICES, completed
from ringfence.vault.taking import Found, taken


def values(text: str, name: str = ".env") -> dict[str, str]:
    return {each.name: each.values["value"] for each in taken(text.encode(), name)}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=plain", "plain"),
        ("export A=plain", "plain"),
        ("  A = spaced out  ", "spaced out"),
        ("A=plain # why", "plain"),
        ("A=has#no-blank", "has#no-blank"),
        ("A='single # $B \\n'", "single # $B \\n"),
        ('A="double \\"quoted\\" \\n"', 'double "quoted" \n'),
        ('A="-----BEGIN\nline\n-----END" # end', "-----BEGIN\nline\n-----END"),
        ("A=windows\r", "windows"),
        ("A=one\nA=two", "two"),
        ("A=$OTHER", "$OTHER"),
    ],
)
def test_an_assignment_is_read_as_shells_and_dotenv_read_it(line: str, value: str) -> None:
    assert values(line) == {"A": value}


def test_what_is_no_assignment_is_left_out() -> None:
    assert values("# A=1\n\nA\n=B\nA=\n1A=2\nif x; then\n") == {}


def test_lines_are_counted_from_one() -> None:
    found = taken(b"# first\nA=1\nB='x\ny'\nC=3\n", ".env")
    assert [(each.name, each.line) for each in found] == [("A", 2), ("B", 3), ("C", 5)]


def test_a_netrc_gives_a_credential_for_each_machine_with_a_password() -> None:
    text = """# comment machine no login no password no
machine Git.Example.com login ann password "a \\"b\\" c"
machine two.example.com
  login bob
  account x
  password p2
macdef init
cd /pub
machine in-macro login m password m

machine git.example.com login eve password p3
machine without.example.com login eve
default login anonymous password guest
"""
    assert taken(text.encode(), "_netrc") == tuple(
        Found(name=name, line=line, kind="basic", hosts=(host,), values={"user": user, "password": password})
        for name, host, line, user, password in (
            ("Git.Example.com", "git.example.com", 2, "ann", 'a "b" c'),
            ("two.example.com", "two.example.com", 3, "bob", "p2"),
            ("git.example.com", "git.example.com", 11, "eve", "p3"),
        )
    )


def test_json_gives_values_and_whole_credentials() -> None:
    data = b'{"A": "1", "ci": {"kind": "basic", "hosts": ["h.example"], "user": "u", "password": "p"}}'
    assert taken(data, "x") == (
        Found(name="A", line=0, values={"value": "1"}),
        Found(name="ci", line=0, kind="basic", hosts=("h.example",), values={"user": "u", "password": "p"}),
    )


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b'{"a": 1}',
        b'{"a": {}}',
        b'{"a": {"kind": "basic", "hosts": "h"}}',
        b'{"a": {"kind": "b", "x": 1}}',
    ],
)
def test_other_json_is_refused_and_not_repeated(data: bytes) -> None:
    with pytest.raises(CredentialRefused) as refused:
        taken(data, "secrets.json")
    assert data.decode() not in refused.value.what


def test_what_is_no_text_or_too_long_is_refused() -> None:
    for data in (b"A=\xff\xfe", b"A=1\n" * 300_000):
        with pytest.raises(CredentialRefused):
            taken(data, ".env")


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.sampled_from([".env", ".netrc", "a.json", "x"]))
def test_any_file_is_read_or_refused(data: bytes, name: str) -> None:
    try:
        found = taken(data, name)
    except CredentialRefused:
        return
    assert all(each.values for each in found)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=300), st.sampled_from([".env", ".netrc"]))
def test_no_value_stands_in_what_is_printed_of_it(text: str, name: str) -> None:
    secret = "Hush" + "".join(each for each in text if each.isalnum() and each.isascii())
    for each in taken(f"A={secret}\nmachine h password {secret}\n".encode(), name):
        assert each.values.get("value", secret) == secret
        assert secret not in repr(each)


def test_an_open_quote_costs_no_more_than_some_lines() -> None:
    found = taken(b'A="' + b"\n" * 500_000 + b"B=1\n", ".env")
    assert [each.name for each in found] == ["A", "B"]
    assert len(found[0].values["value"]) <= 200


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_s_variable_becomes_a_credential_of_its_hosts(name: str) -> None:
    found = completed(Found(name=name, line=1, values={"value": "abcdefgh12345678"}), hosts=())
    assert found is not None
    assert Binding(hosts=found.hosts).hosts == SERVICES[name].hosts
    assert authentication(kind_named(found.kind), found.values)


def test_another_variable_is_a_bearer_of_the_hosts_that_are_named_and_nothing_without() -> None:
    found = Found(name="OUR_TOKEN", line=1, values={"value": "abcdefgh12345678"})
    assert completed(found, hosts=()) is None
    made = completed(found, hosts=("our.example.com",))
    assert made is not None
    assert (made.kind, made.hosts, dict(made.values)) == (
        "bearer",
        ("our.example.com",),
        {"token": "abcdefgh12345678"},
    )
