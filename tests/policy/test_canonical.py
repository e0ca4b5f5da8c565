"""Every spelling of a path is read as its parts say, however quickly the usual ones are let through."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from often import examples
from ringfence.core.actions import FieldKind
from ringfence.policy.canonical import canonical

paths = st.text(alphabet="/.ab;", max_size=9)


def form(kind: FieldKind, value: str, *, name: str = "name") -> str | None:
    of_value = canonical(name, kind)
    assert of_value is not None
    return of_value(value)


@settings(deadline=None, max_examples=examples(2_000))
@given(path=paths)
def test_a_file_is_known_by_a_path_without_empty_parts_and_dots(path: str) -> None:
    parts = path.removeprefix("/").split("/")
    plain = path == "/" or not any(each in {"", ".", ".."} for each in parts)
    assert form(FieldKind.PATH, path) == (path if plain else None)


@settings(deadline=None, max_examples=examples(2_000))
@given(name=paths)
def test_a_name_may_have_every_part_but_dots(name: str) -> None:
    plain = not any(each in {".", ".."} for each in name.split("/"))
    assert form(FieldKind.NAME, name) == (name if plain else None)


@settings(deadline=None, max_examples=examples(2_000))
@given(path=paths)
def test_a_request_has_no_part_that_a_server_takes_for_dots(path: str) -> None:
    plain = "//" not in path and not any(each.split(";")[0] in {".", ".."} for each in path.split("/"))
    assert form(FieldKind.NAME, path, name="path") == (path if plain else None)


@pytest.mark.parametrize(
    ("host", "compared"),
    [
        ("API.Example.com.", "api.example.com"),
        ("api.example.com", "api.example.com"),
        ("2001:DB8::1", "2001:db8::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", None),
        ("0x7f000001", None),
        ("2001:db8:0::1", None),
        ("::ffff:127.0.0.1", None),
        ("fe80::1%eth0", None),
        ("api..example.com", None),
        ("api.example.com..", None),
        ("api.example.com/", None),
        ("\uff45xample.com", None),
        (".", None),
        ("", None),
        ("a" * 301, None),
    ],
)
def test_a_host_comes_back_folded_if_it_is_the_one_that_is_looked_up(host: str, compared: str | None) -> None:
    assert form(FieldKind.HOST, host) == compared


def test_other_values_are_compared_as_they_stand() -> None:
    assert canonical("license", FieldKind.TEXT) is None
    assert canonical("port", FieldKind.NUMBER) is None
