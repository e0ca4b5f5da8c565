"""What a credential of each kind needs, and what is refused."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ringfence.core.secrets import Secret
from ringfence.vault.credential import Binding, check_name, host_and_port
from ringfence.vault.errors import CredentialRefused
from ringfence.vault.kinds import KINDS, authentication, kind_named, kind_of, public_parts, secret_parts
from vaults import TOKEN, WHOLE

_PAGE = Path(__file__).parents[2] / "docs" / "vault.md"
_SECRETS = {(kind.name, part.name) for kind in KINDS for part in kind.secrets}


def test_every_kind_is_tried_here() -> None:
    assert {each.name for each in KINDS} == set(WHOLE)


def test_every_kind_and_part_stands_in_the_documentation() -> None:
    page = _PAGE.read_text()
    for kind in KINDS:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{kind.name}` |"))
        assert [f"`{part.name}`" in row for part in kind.parts] == [True] * len(kind.parts)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_credential_is_made_and_gives_its_parts_back(name: str) -> None:
    made = authentication(kind_named(name), WHOLE[name])
    secrets = {part: each.reveal().decode() for part, each in secret_parts(made).items()}
    assert kind_of(made).name == name
    assert {**public_parts(made), **secrets} == WHOLE[name]
    assert set(secrets) == {part for kind, part in _SECRETS if kind == name}


@pytest.mark.parametrize("name", WHOLE)
def test_no_secret_stands_in_what_is_printed_of_a_credential(name: str) -> None:
    made = authentication(kind_named(name), WHOLE[name])
    for text in (repr(made), str(made), f"{made}", repr([made])):
        assert not [part for part, each in secret_parts(made).items() if each.reveal().decode() in text]
        assert "[cut]" in text


@pytest.mark.parametrize("name", WHOLE)
def test_a_part_that_is_missing_is_named(name: str) -> None:
    for part in kind_named(name).parts:
        less = {key: value for key, value in WHOLE[name].items() if key != part.name}
        if not part.is_needed:
            authentication(kind_named(name), less)
            continue
        with pytest.raises(CredentialRefused, match=f"{part.name} .*it is missing"):
            authentication(kind_named(name), less)


@pytest.mark.parametrize("kind_and_part", sorted(_SECRETS))
@pytest.mark.parametrize(
    "bad", ["", "short", "x" * 16_385, "new\nline12345", "esc\x1b[2Jape12", "nul\0nul12345"]
)
def test_a_secret_out_of_bounds_is_refused_and_not_repeated(kind_and_part: tuple[str, str], bad: str) -> None:
    name, part = kind_and_part
    with pytest.raises(CredentialRefused) as refused:
        authentication(kind_named(name), {**WHOLE[name], part: bad})
    assert not bad or bad not in refused.value.what + refused.value.hint


@pytest.mark.parametrize(
    ("name", "part", "bad"),
    [
        ("bearer", "token", "blank in it"),
        ("bearer", "token", "täglich-neu"),
        ("header", "header", "x api key"),
        ("header", "header", "Host"),
        ("header", "header", "Content-Length"),
        ("path", "template", "/bot/"),
        ("path", "template", "/{}/{}/"),
        ("path", "template", "/../{}"),
        ("path", "template", "bot{}"),
        ("body", "pointer", "token"),
        ("body", "pointer", "/a~2"),
        ("oauth", "token_url", "http://auth.example.com/"),
        ("oauth", "token_url", "https://ann:pw@auth.example.com/"),
        ("oauth", "token_url", "https://"),
        ("basic", "user", ""),
        ("basic", "user", TOKEN),
        ("github-app", "private_key", "-----BEGIN PRIVATE KEY-----\nnothing\n-----END PRIVATE KEY-----"),
    ],
)
def test_a_part_that_is_none_is_refused_and_not_repeated(name: str, part: str, bad: str) -> None:
    with pytest.raises(CredentialRefused) as refused:
        authentication(kind_named(name), {**WHOLE[name], part: bad})
    assert len(bad) < 12 or bad not in refused.value.what


def _pem(key: object, passphrase: bytes | None = None) -> str:
    how = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, how).decode()


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (_pem(ec.generate_private_key(ec.SECP256R1())), "no RSA key"),
        (_pem(rsa.generate_private_key(65537, 1024)), "no RSA key"),
        (_pem(rsa.generate_private_key(65537, 2048), b"secret"), "a passphrase of its own"),
    ],
)
def test_an_app_takes_an_open_rsa_key_of_good_length(key: str, why: str) -> None:
    with pytest.raises(CredentialRefused, match=why):
        authentication(kind_named("github-app"), {**WHOLE["github-app"], "private_key": key})


def test_ssh_is_refused_with_a_way_to_go() -> None:
    for make in (
        lambda: kind_named("ssh"),
        lambda: authentication(
            kind_named("github-app"),
            {**WHOLE["github-app"], "private_key": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl"},
        ),
    ):
        with pytest.raises(CredentialRefused) as refused:
            make()
        assert "HTTPS" in refused.value.hint


def test_a_part_that_a_kind_does_not_have_is_refused_and_a_value_in_its_place_is_not_repeated() -> None:
    with pytest.raises(CredentialRefused) as refused:
        authentication(kind_named("bearer"), {"token": TOKEN, TOKEN: ""})
    assert TOKEN not in refused.value.what + refused.value.hint


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        ("*",),
        ("*.com",),
        ("example.*",),
        ("api.example.c*m",),
        ("https://example.com",),
        ("example.com:99999",),
        ("example.com:0",),
        ("[2001:db8::1]:",),
        ("Example.com",),
        ("exa mple.com",),
        (".example.com",),
        ("example.com/path",),
        tuple(f"h{i}.example.com" for i in range(65)),
    ],
)
def test_what_binds_to_nothing_is_refused(hosts: tuple[str, ...]) -> None:
    with pytest.raises(CredentialRefused):
        Binding(hosts=hosts)


def test_what_binds_is_taken_as_it_is() -> None:
    hosts = (
        "api.example.com",
        "*.example.com",
        "localhost",
        "127.0.0.1",
        "::1",
        "2001:db8::17",
        "ci-*.example.org",
    )
    made = Binding(hosts=hosts, methods=("GET", "POST"), paths=("/repos/our-org/**",))
    assert (made.hosts, made.methods, made.paths) == (hosts, ("GET", "POST"), ("/repos/our-org/**",))
    for wrong in (
        {"methods": ("get",)},
        {"methods": ("GET POST",)},
        {"paths": ("repos",)},
        {"paths": ("/a b",)},
    ):
        with pytest.raises(CredentialRefused):
            Binding(hosts=hosts, **wrong)


@pytest.mark.parametrize(
    "name", ["", ".", "a/", "/a", "a//b", "a b", "ä", "a" * 101, "-a", "a\n", TOKEN, "*"]
)
def test_what_is_no_name_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(CredentialRefused) as refused:
        check_name(name)
    assert len(name) < 2 or name not in refused.value.what + refused.value.hint


def test_names_are_taken_as_people_write_them() -> None:
    for name in ("github", "OPENAI_API_KEY", "github/ci-2", "git.example.com"):
        check_name(name)


def test_a_secret_is_equal_to_its_like_alone_and_is_not_written_down() -> None:
    assert Secret(b"a") == Secret(b"a")
    assert Secret(b"a") != Secret(b"b")
    assert repr(Secret(b"hush")) == str(Secret(b"hush")) == f"{Secret(b'hush')}" == "[cut]"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("api.example.com", ("api.example.com", None)),
        ("*.example.com:8443", ("*.example.com", 8443)),
        ("127.0.0.1:5432", ("127.0.0.1", 5432)),
        ("2001:db8::443", ("2001:db8::443", None)),
        ("[2001:db8::1]:443", ("2001:db8::1", 443)),
    ],
)
def test_a_pattern_of_hosts_may_end_in_a_port(pattern: str, expected: tuple[str, int | None]) -> None:
    (kept,) = Binding(hosts=(pattern,)).hosts
    assert host_and_port(kept) == expected


def test_a_star_before_a_port_still_owns_nothing() -> None:
    with pytest.raises(CredentialRefused):
        Binding(hosts=("*.com:443",))
