"""The file: whole, or refused; and nothing of it in another's place."""

import dataclasses
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.secrets import Secret
from ringfence.vault import sealing
from ringfence.vault.credential import Binding, Credential
from ringfence.vault.file_format import (
    BadFile,
    Entry,
    Header,
    KeyPlace,
    KeyUse,
    State,
    closed,
    header_of,
    kept,
    opened,
)
from ringfence.vault.kinds import authentication, kind_named
from ringfence.vault.sealing import NotSealed, sealed, unsealed
from vaults import AT, WHOLE

_KEY = Secret(b"k" * 32)
_USE = KeyUse(place=KeyPlace.FILE, id="00112233aabbccdd")


def credential(kind: str, name: str | None = None, **binding: tuple[str, ...]) -> Credential:
    return Credential(
        name=name or kind,
        authentication=authentication(kind_named(kind), WHOLE[kind]),
        binding=Binding(hosts=("api.example.com",), **binding),
        made_at=AT,
    )


def entry(each: Credential) -> Entry:
    return kept(each, key=_KEY, randomness=os.urandom)


def state(*credentials: Credential, use: KeyUse = _USE) -> State:
    entries = sorted(map(entry, credentials), key=lambda each: each.name)
    return State(header=Header(generation=7, key=use), entries=tuple(entries))


def file(of: State) -> bytes:
    return closed(of, key=_KEY, randomness=os.urandom)


_EVERY = [credential(each, methods=("GET",), paths=("/x/**",)) for each in sorted(WHOLE)]
_FILE = file(state(*_EVERY))


def test_what_is_written_is_read_back() -> None:
    rotated = dataclasses.replace(credential("bearer", "two"), rotated_at=AT)
    written = state(*_EVERY, rotated)
    read = opened(file(written), key=_KEY)
    assert read == written
    assert [each.whole(_KEY) for each in read.entries] == sorted(
        [*_EVERY, rotated], key=lambda each: each.name
    )


_NAMES = st.text("abcXYZ019._-", min_size=1, max_size=20).map(lambda name: "a" + name)
_SECRETS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.~+/=", min_size=8, max_size=200)
_PATHS = st.lists(st.text("abc/*", max_size=20).map(lambda path: "/" + path), max_size=3).map(tuple)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(_NAMES, st.tuples(_SECRETS, _PATHS), max_size=5), st.integers(1, 2**53 - 2))
def test_any_vault_is_read_back(found: dict[str, tuple[str, tuple[str, ...]]], generation: int) -> None:
    credentials = [
        Credential(
            name=name,
            authentication=authentication(kind_named("bearer"), {"token": secret}),
            binding=Binding(hosts=("example.com",), paths=paths),
            made_at=AT,
        )
        for name, (secret, paths) in sorted(found.items())
    ]
    written = dataclasses.replace(state(*credentials), header=Header(generation=generation, key=_USE))
    read = opened(file(written), key=_KEY)
    assert read == written
    assert [each.whole(_KEY) for each in read.entries] == credentials


def test_neither_a_name_nor_a_host_nor_a_secret_can_be_read_in_the_file() -> None:
    texts = [each.name for each in _EVERY] + [text for each in WHOLE.values() for text in each.values()]
    assert not [text for text in [*texts, "example.com"] if len(text) > 5 and text.encode() in _FILE]


def test_a_file_is_never_the_same_twice_though_it_says_the_same() -> None:
    of = state(credential("bearer"))
    files = [file(of) for _ in range(200)]
    head = len(files[0].partition(b"}}\n")[0]) + 3
    salts, nonces = ({each[head + a : head + b] for each in files} for a, b in ((0, 32), (32, 44)))
    assert (len(salts), len(nonces)) == (200, 200)


def test_the_key_of_each_sealing_is_another() -> None:
    """Though the nonce came again."""
    drawn = iter([b"a" * 32, b"n" * 12, b"b" * 32, b"n" * 12])
    one, two = (
        sealed(b"x" * 64, key=_KEY, place=b"", randomness=lambda _count: next(drawn)) for _ in range(2)
    )
    assert one[44:] != two[44:]


@pytest.mark.parametrize("place", [b"", b"here"])
def test_what_is_sealed_opens_with_its_key_in_its_place_alone(place: bytes) -> None:
    data = sealed(b"hush", key=_KEY, place=place, randomness=os.urandom)
    assert unsealed(data, key=_KEY, place=place) == b"hush"
    for key, where in ((Secret(b"l" * 32), place), (_KEY, place + b"x")):
        with pytest.raises(NotSealed):
            unsealed(data, key=key, place=where)


def test_every_cut_is_refused() -> None:
    for size in range(len(_FILE)):
        with pytest.raises((BadFile, NotSealed)):
            opened(_FILE[:size], key=_KEY)


@settings(deadline=None, max_examples=300)
@given(st.integers(0, len(_FILE) - 1), st.integers(1, 255))
def test_every_changed_byte_is_refused(at: int, by: int) -> None:
    changed = bytearray(_FILE)
    changed[at] ^= by
    with pytest.raises((BadFile, NotSealed)):
        opened(bytes(changed), key=_KEY)


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda rest: b"ringfence vault 1\n" + rest))
def test_anything_else_is_refused_too(data: bytes) -> None:
    with pytest.raises((BadFile, NotSealed)):
        opened(data, key=_KEY)


@pytest.mark.parametrize(
    "head",
    [
        "[]",
        "{}",
        '{"generation":0,"key":{"id":"00112233aabbccdd","place":"file"}}',
        '{"generation":true,"key":{"id":"00112233aabbccdd","place":"file"}}',
        '{"generation":1,"key":{"id":"../../etc/passwd0","place":"file"}}',
        '{"generation":1,"key":{"id":"00112233AABBCCDD","place":"file"}}',
        '{"generation":1,"key":{"id":"00112233aabbccdd","place":"elsewhere"}}',
        '{"generation":1,"key":{"id":"00112233aabbccdd","place":["file"]}}',
        '{"generation":1,"key":{"id":"00112233aabbccdd","place":"file"},"more":1}',
        '{"generation":1,"generation":2,"key":{"id":"00112233aabbccdd","place":"file"}}',
        '{"generation":1,"key":{"id":"00112233aabbccdd","place":"passphrase"}}',
        '{"generation":1,"key":{"cost":30,"id":"00112233aabbccdd","place":"passphrase","salt":"%s"}}'
        % ("00" * 32),
        '{"generation":1,"key":{"cost":17,"id":"00112233aabbccdd","place":"passphrase","salt":"00"}}',
    ],
)
def test_a_header_that_nobody_writes_is_refused(head: str) -> None:
    with pytest.raises(BadFile):
        header_of(b"ringfence vault 1\n" + head.encode() + b"\n" + b"x" * 60)


def test_a_file_of_another_version_is_refused() -> None:
    with pytest.raises(BadFile, match="version"):
        header_of(_FILE.replace(b"ringfence vault 1", b"ringfence vault 2", 1))


def test_the_header_says_how_a_key_is_made_of_a_passphrase() -> None:
    use = KeyUse(place=KeyPlace.PASSPHRASE, id="00112233aabbccdd", salt=b"s" * 32, cost=17)
    assert header_of(file(state(use=use))) == Header(generation=7, key=use)


def _with_body(body: object) -> bytes:
    head = _FILE.partition(b"}}\n")[0] + b"}}\n"
    return head + sealing.sealed(json.dumps(body).encode(), key=_KEY, place=head, randomness=os.urandom)


def _body() -> dict[str, list[dict[str, object]]]:
    head = _FILE.partition(b"}}\n")[0] + b"}}\n"
    return json.loads(unsealed(_FILE[len(head) :], key=_KEY, place=head))


@pytest.mark.parametrize(
    "field", ["name", "kind", "public", "hosts", "methods", "paths", "made_at", "rotated_at"]
)
def test_secrets_open_with_their_own_name_kind_and_binding_alone(field: str) -> None:
    """Even for somebody who could seal the body: an entry's secrets are bound to the rest of it."""
    other = {
        "name": "bearer2",
        "kind": "query",
        "public": {"user": "eve"},
        "hosts": ["evil.example.com"],
        "methods": [],
        "paths": [],
        "made_at": 5,
        "rotated_at": 5,
    }
    body = _body()
    (changed,) = (each for each in body["entries"] if each["name"] == "bearer")
    changed[field] = other[field]
    read = opened(_with_body({"entries": [changed]}), key=_KEY).entries[0]
    with pytest.raises(BadFile):
        read.whole(_KEY)


def test_secrets_swapped_between_two_entries_open_neither() -> None:
    one, two = entry(credential("bearer", "one")), entry(credential("bearer", "two"))
    for each in (dataclasses.replace(one, closed=two.closed), dataclasses.replace(two, closed=one.closed)):
        with pytest.raises(BadFile):
            each.whole(_KEY)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"entries": {}},
        {"entries": [1]},
        {"entries": [{}]},
        {"entries": [], "more": []},
    ],
)
def test_a_body_that_nobody_writes_is_refused(body: object) -> None:
    with pytest.raises(BadFile):
        opened(_with_body(body), key=_KEY)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 1),
        ("kind", "ssh"),
        ("public", []),
        ("public", {"a": 1}),
        ("hosts", "api.example.com"),
        ("hosts", [1]),
        ("hosts", []),
        ("hosts", ["*"]),
        ("made_at", -1),
        ("made_at", 1.5),
        ("made_at", 10**18),
        ("closed", "?"),
    ],
)
def test_an_entry_that_nobody_writes_is_refused(field: str, value: object) -> None:
    body = _body()
    body["entries"][0][field] = value
    with pytest.raises(BadFile):
        opened(_with_body(body), key=_KEY)


def test_one_name_twice_is_refused() -> None:
    first = _body()["entries"][0]
    with pytest.raises(BadFile):
        opened(_with_body({"entries": [first, first]}), key=_KEY)
