"""What stands for a secret in a box: of its shape, and nothing of it."""

import base64
import json
import os
import re
import string

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ringfence.vault.credential import Binding, Credential
from ringfence.vault.kinds import authentication, kind_named
from ringfence.vault.meanings import Meant
from ringfence.vault.placeholders import Placeholders, TooMany, placeholder, stand_ins
from vaults import AT, TOKEN, WHOLE

_SEPARATORS = "-_.:=/+"
_TEXTS = (
    st.text(string.ascii_letters + string.digits + _SEPARATORS, min_size=8, max_size=80)
    | st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=8, max_size=40)
    | st.text("0123456789abcdef", min_size=8, max_size=64)
    | st.sampled_from(
        [value for parts in WHOLE.values() for value in parts.values() if 8 <= len(value) < 200]
    )
)


def classes(text: str) -> set[str]:
    """Upper and lower case, digits, and all else."""
    kinds = {"lower": string.ascii_lowercase, "upper": string.ascii_uppercase, "digit": string.digits}
    return {next((kind for kind, chars in kinds.items() if each in chars), "other") for each in text}


@settings(deadline=None, max_examples=400)
@given(_TEXTS)
@example("aaaaaaaa")
@example("--------")
@example("0000000000000000")
@example("abcdefabcdefabcdef")
@example("sk-aaaaa")
@example("ghp_ghp_ghp_")
@example("AKIAAKIA")
def test_a_placeholder_has_the_length_and_the_kinds_of_characters_and_is_never_the_secret(
    secret: str,
) -> None:
    made = placeholder(secret, os.urandom)
    assert len(made) == len(secret)
    assert classes(made) == classes(secret)
    assert secret not in made
    assert made.isascii() and made.isprintable()


def test_random_bytes_that_would_give_the_secret_itself_are_not_taken() -> None:
    drawn = iter([bytes(8), b"\1" * 8])
    assert placeholder("aaaaaaaa", lambda _count: next(drawn)) == "bbbbbbbb"


@settings(deadline=None, max_examples=200)
@given(_TEXTS)
def test_every_session_has_another(secret: str) -> None:
    assume(sum(each.isalnum() for each in secret) >= 14)
    assert len({placeholder(secret, os.urandom) for _ in range(20)}) == 20


@settings(deadline=None, max_examples=100)
@given(
    st.text(string.ascii_letters + string.digits, min_size=30, max_size=30),
    st.text(string.ascii_letters + string.digits, min_size=30, max_size=30),
    st.binary(min_size=4096, max_size=4096),
)
def test_of_two_secrets_of_one_shape_nobody_can_say_whose_a_placeholder_is(
    one: str, other: str, drawn: bytes
) -> None:
    """The same random bytes give the same placeholder: nothing else goes into it."""
    assume(classes(one) == classes(other) == {"lower", "upper", "digit"})

    def made(secret: str) -> str:
        left = iter(drawn)
        return placeholder("ghp_" + secret, lambda count: bytes(next(left) for _ in range(count)))

    try:
        assert made(one) == made(other) or {one, other} & {made(one)[4:], made(other)[4:]}
    except RuntimeError:  # too few bytes were drawn, of both alike
        assume(False)


@pytest.mark.parametrize(
    ("secret", "shape"),
    [
        (TOKEN, r"ghp_[A-Za-z0-9]{36}"),
        ("sk-ant-api03-AbCdEfGh12345678xyz", r"sk-ant-api03-[A-Za-z0-9]{19}"),
        ("AKIAIOSFODNN7EXAMPLE", r"AKIA[A-Z0-9]{16}"),
        ("xoxb-2048-4096-aBcDeF123", r"xoxb-[A-Za-z0-9]{4}-[A-Za-z0-9]{4}-[A-Za-z0-9]{9}"),
        ("7c9e6679-7425-40de-944b-e07fc1f90ae7", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        ("hf_AbCdEfGhIjKlMnOp12", r"hf_[A-Za-z0-9]{18}"),
    ],
)
def test_known_shapes_are_kept(secret: str, shape: str) -> None:
    assert re.fullmatch(shape, placeholder(secret, os.urandom))


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_a_web_token_becomes_one_that_can_be_read_and_says_nothing_of_the_real_one() -> None:
    head = _part({"alg": "RS256", "kid": "our-key-17", "typ": "JWT"})
    real = f"{head}.{_part({'sub': 'ann', 'iss': 'https://a', 'exp': 1})}.c2lnbmF0dXJl"
    made = placeholder(real, os.urandom)
    head, body, signature = made.split(".")
    assert list(map(len, made.split("."))) == list(map(len, real.split(".")))
    read = [json.loads(base64.urlsafe_b64decode(each + "=" * (-len(each) % 4))) for each in (head, body)]
    assert [sorted(each) for each in read] == [["alg", "jti", "typ"], ["exp", "jti"]]
    assert read[1]["exp"] == 4_102_444_800
    assert signature != "c2lnbmF0dXJl"
    assert "our-key-17" not in str(read) and "ann" not in str(read)


def _credential(kind: str, name: str = "one") -> Credential:
    return Credential(
        name=name,
        authentication=authentication(kind_named(kind), WHOLE[kind]),
        binding=Binding(hosts=("example.com",)),
        made_at=AT,
    )


@pytest.mark.parametrize("kind", WHOLE)
def test_what_a_box_gets_for_a_credential_holds_no_secret_of_it(kind: str) -> None:
    given_ = stand_ins(_credential(kind).authentication, os.urandom)
    secrets = [WHOLE[kind][part.name] for part in kind_named(kind).secrets]
    assert given_
    assert not [each for each in secrets for made in given_.values() if each in made]
    expected = {
        "github-app": {"access_token"},
        "oauth": {"refresh_token", "access_token"},
        "aws": {"key_id", "secret_key"},
    }
    assert set(given_) == expected.get(kind, {part.name for part in kind_named(kind).secrets})


def test_a_placeholder_means_something_in_its_own_session_alone_and_not_after_its_end() -> None:
    table = Placeholders(randomness=os.urandom)
    mine, theirs = (table.give(each, _credential("bearer"))["token"] for each in ("mine", "theirs"))
    assert mine != theirs
    assert table.give("mine", _credential("bearer")) == {"token": mine}
    meanings = [table.meaning(session, text) for session in ("mine", "theirs") for text in (mine, theirs)]
    meant = Meant(credential="one", part="token", kind="bearer")
    assert meanings == [meant, None, None, meant]
    table.end("mine")
    assert [table.meaning("mine", mine), table.meaning("theirs", theirs)] == [None, meant]
    assert mine not in repr(table) and theirs not in repr(table)


def test_two_credentials_of_one_session_are_told_apart() -> None:
    table = Placeholders(randomness=os.urandom)
    texts = [table.give("mine", _credential("bearer", name))["token"] for name in ("one", "two")]
    assert [table.meaning("mine", each).credential for each in texts] == ["one", "two"]


def test_no_more_placeholders_are_kept_than_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    from ringfence.vault import placeholders

    monkeypatch.setattr(
        placeholders, "LIMITS", dataclasses.replace(placeholders.LIMITS, vault_placeholders=2)
    )
    table = Placeholders(randomness=os.urandom)
    table.give("a", _credential("bearer"))
    table.give("b", _credential("bearer"))
    with pytest.raises(TooMany):
        table.give("c", _credential("bearer"))
    table.end("a")
    assert table.give("c", _credential("bearer"))
