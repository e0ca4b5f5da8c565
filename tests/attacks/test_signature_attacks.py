"""Ways to have a model accepted that nobody signed, and ways to turn the commands against their user."""

import base64
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from ringfence.app.scan.request import NoProgress
from ringfence.app.signing import KeySigner, SignRequest, key_trust, sign
from ringfence.app.signing.trust import certificate_trust
from ringfence.artifacts.signing import BadSignature, read_bundle
from ringfence.core.errors import UnreadableScope, UsageError
from ringfence.endpoint import pieces
from signing_models import (
    FILES,
    NOW,
    certificate,
    certificate_pem,
    here,
    key,
    model,
    problems,
    public_pem,
    resigned,
    rewrapped,
    signed,
    statement_of,
    verified,
)

Problem = tuple[str, str, tuple[str, ...]]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    folder = model(tmp_path / "tiny")
    signed(folder)
    return folder


def refused(folder: Path, **options) -> str:
    """Why the signature is not accepted; nothing else may be said of the model."""
    result = verified(folder, **options)
    assert (result.verified, result.signer, result.signed_files) == (False, None, 0)
    ((check, _, (reason,)),) = problems(result)
    assert check == "signature-invalid"
    return reason


# What a signer's own mistake, or a stolen key, could do to readers


def resources(change: Callable[[list], object]) -> Callable[[dict], None]:
    """Changes the list of files, and the statement's own digest with it."""

    def changed(statement: dict) -> None:
        listed = statement["predicate"]["resources"]
        change(listed)
        whole = hashes.Hash(hashes.SHA256())
        for each in listed:
            whole.update(bytes.fromhex(each["digest"]))
        statement["subject"][0]["digest"]["sha256"] = whole.finalize().hex()

    return changed


PLAIN = "it lists a path that is not plain: absolute, or with empty or dotted parts"


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../config.json",
        "sub/../config.json",
        "./config.json",
        "sub//x",
        "",
        "sub/",
        "..",
        "a/.",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(tiny: Path, name: str) -> None:
    resigned(tiny / "model.sig", resources(lambda listed: listed[0].update(name=name)))
    assert refused(tiny) == PLAIN


def test_a_name_listed_twice_is_refused_though_the_last_would_match(tiny: Path) -> None:
    resigned(
        tiny / "model.sig",
        resources(lambda listed: listed.insert(0, {**listed[0], "digest": "0" * 64})),
    )
    assert refused(tiny) == "it lists a file twice"


def test_a_key_that_stands_twice_is_refused(tiny: Path) -> None:
    signature = tiny / "model.sig"
    bundle = json.loads(signature.read_bytes())
    signature.write_text(json.dumps(bundle)[:-1] + ', "mediaType": "other"}')
    assert refused(tiny) == "it is no sigstore bundle: a key stands twice in one object"


def test_names_that_some_file_systems_take_for_one_are_refused(tiny: Path) -> None:
    resigned(
        tiny / "model.sig", resources(lambda listed: listed.append({**listed[0], "name": "e\u0301.txt"}))
    )
    assert refused(tiny) == "two names differ only in how their letters are composed"


def test_a_name_composed_otherwise_on_disk_is_another_file(tiny: Path) -> None:
    (tiny / "é.txt").rename(tiny / "e\u0301.txt")
    assert [(check, name) for check, name, _ in problems(verified(tiny))] == [
        ("signature-file-missing", "é.txt"),
        ("signature-file-unsigned", "e\u0301.txt"),
    ]


def test_the_lists_own_digest_must_be_that_of_its_files(tiny: Path) -> None:
    resigned(tiny / "model.sig", lambda s: s["predicate"]["resources"].pop())
    assert refused(tiny) == "its digest over all files is not that of the files it lists"


@pytest.mark.parametrize("word", ["md5", "sha1", "blake2s", "", "SHA256"])
def test_a_weaker_digest_is_not_accepted(tiny: Path, word: str) -> None:
    def weaken(statement: dict) -> None:
        statement["predicate"]["serialization"]["hash_type"] = word
        for each in statement["predicate"]["resources"]:
            each["algorithm"] = word

    resigned(tiny / "model.sig", weaken)
    assert refused(tiny) == "it uses a digest that is not accepted"


def test_a_single_file_with_others_beside_it_is_refused(tiny: Path) -> None:
    resigned(tiny / "model.sig", resources(lambda listed: listed[0].update(name=".")))
    assert refused(tiny / "config.json", signature=tiny / "model.sig") == (
        "it lists a single file and others beside it"
    )


def test_one_files_digest_of_another_kind_is_refused(tiny: Path) -> None:
    resigned(tiny / "model.sig", lambda s: s["predicate"]["resources"][1].update(algorithm="blake3"))
    assert refused(tiny) == "a file's digest is of another kind than the statement announces"


@pytest.mark.parametrize("digest", ["", "e3", "zz" * 32, "E3" * 32, " e3" * 21 + "e", "e3" * 64])
def test_a_digest_cut_short_or_spelled_otherwise_is_refused(tiny: Path, digest: str) -> None:
    resigned(tiny / "model.sig", lambda s: s["predicate"]["resources"][0].update(digest=digest))
    assert refused(tiny) == "a file's digest is no digest"


@pytest.mark.parametrize("ignored", ["", ".", "./", "/", "././."])
def test_a_signer_cannot_leave_everything_out(tiny: Path, ignored: str) -> None:
    resigned(tiny / "model.sig", lambda s: s["predicate"]["serialization"].update(ignore_paths=[ignored]))
    assert refused(tiny) == "it leaves everything out"


def test_what_is_both_signed_and_left_out_is_still_checked(tiny: Path) -> None:
    resigned(tiny / "model.sig", lambda s: s["predicate"]["serialization"].update(ignore_paths=["sub"]))
    (tiny / "sub/weights.bin").write_bytes(b"poisoned")
    (tiny / "sub/added.bin").write_bytes(b"left out")
    result = verified(tiny)
    assert [(check, name) for check, name, _ in problems(result)] == [
        ("signature-file-changed", "sub/weights.bin")
    ]
    assert [each.evidence for each in result.findings if each.check == "signature-leaves-out"] == [
        ("sub/added.bin",)
    ]


def test_a_user_who_ignores_a_signed_file_is_told_of_its_change_all_the_same(tiny: Path) -> None:
    (tiny / "config.json").write_bytes(b"[]")
    result = verified(tiny, ignore_paths=(tiny / "config.json",), ignore_unsigned_files=True)
    assert [name for _, name, _ in problems(result)] == ["config.json"]


def test_what_was_left_out_is_never_left_untold(tiny: Path) -> None:
    (tiny / ".git").mkdir()
    (tiny / ".gitattributes").write_bytes(b"")
    (tiny / "more.py").write_bytes(b"import os")
    result = verified(tiny, ignore_unsigned_files=True)
    assert result.verified
    assert [(each.check, each.evidence) for each in result.findings] == [
        ("signature-leaves-out", (".git", ".gitattributes", "more.py"))
    ]


SHARDS: list[tuple[str, str]] = [
    ("sub/weights.bin:0:1000", "sub/weights.bin:0:999"),  # overlaps nothing, leaves a gap
    ("sub/weights.bin:1000:2000", "sub/weights.bin:0:1000"),  # the same bytes twice
    ("sub/weights.bin:2000:3000", "sub/weights.bin:2000:4000"),  # larger than a shard
    ("sub/weights.bin:1000:2000", "sub/weights.bin:1000:1000"),  # of no bytes
    ("sub/weights.bin:0:1000", "sub/weights.bin:-1:1000"),
    ("sub/weights.bin:0:1000", "sub/weights.bin:00:1000"),
    ("sub/weights.bin:0:1000", "sub/weights.bin:0:1_000"),
    ("sub/weights.bin:0:1000", "sub/weights.bin"),
]


@pytest.mark.parametrize(("old", "new"), SHARDS)
def test_shards_that_do_not_make_up_one_file_are_refused(tmp_path: Path, old: str, new: str) -> None:
    folder = model(tmp_path / "tiny")
    signature = signed(folder, shard_bytes=1000)

    def change(statement: dict) -> None:
        next(each for each in statement["predicate"]["resources"] if each["name"] == old)["name"] = new

    resigned(signature, change)
    assert refused(folder).startswith(("a file's shards do not", "a shard does not say"))


def test_bytes_behind_the_last_shard_are_a_change(tmp_path: Path) -> None:
    folder = model(tmp_path / "tiny")
    signed(folder, shard_bytes=1000)
    with (folder / "sub/weights.bin").open("ab") as file:
        file.write(b"behind")
    assert problems(verified(folder)) == [
        ("signature-file-changed", "sub/weights.bin", ("signed 3000 bytes", "is 3006 bytes"))
    ]


def test_an_empty_file_that_shards_cannot_name_is_told(tmp_path: Path) -> None:
    folder = model(tmp_path / "tiny")
    signed(folder, shard_bytes=1000)
    (folder / "__init__.py").write_bytes(b"")
    result = verified(folder)
    assert (result.verified, [each.evidence for each in result.findings]) == (
        True,
        [("__init__.py", "empty")],
    )


def test_a_statement_about_one_file_says_nothing_about_a_folder(tiny: Path) -> None:
    file_signature = signed(tiny / "config.json", output=tiny.parent / "one.sig")
    assert refused(tiny, signature=file_signature) == "what was signed is one file, and this is not"
    assert refused(tiny / "config.json", signature=tiny / "model.sig") == (
        "what was signed is a folder, and this is not"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(predicateType="https://slsa.dev/provenance/v1"),
        lambda s: s.update(predicateType="https://model_signing/Digests/v0.1"),
        lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"),
        lambda s: s.update(subject=s["subject"] * 2),
        lambda s: s.update(subject=[]),
        lambda s: s.update(predicate=[]),
        lambda s: s["predicate"].update(resources=[]),
        lambda s: s["predicate"].update(resources={}),
        lambda s: s["predicate"]["serialization"].update(method="tensors"),
        lambda s: s["predicate"]["serialization"].update(method="shards", shard_size=0),
        lambda s: s["predicate"]["serialization"].update(method="shards", shard_size=1e308),
        lambda s: s["predicate"]["serialization"].update(allow_symlinks="false"),
        lambda s: s["predicate"]["serialization"].pop("hash_type"),
        lambda s: s["predicate"]["resources"].append(None),
    ],
)
def test_a_statement_of_another_form_is_not_accepted(tiny: Path, change: Callable[[dict], object]) -> None:
    resigned(tiny / "model.sig", change)
    assert refused(tiny)


# What somebody without the key could do


def test_a_changed_statement_does_not_verify(tiny: Path) -> None:
    def change(bundle: dict) -> None:
        payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b"config.json", b"konfig.json")
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()

    rewrapped(tiny / "model.sig", change)
    assert refused(tiny) == "it was not made with this key over these contents"


def test_a_second_signature_in_the_envelope_is_refused_wherever_it_stands(tiny: Path) -> None:
    for place in (0, 1):
        (tiny / "model.sig").unlink()
        signed(tiny)
        rewrapped(
            tiny / "model.sig",
            lambda b, at=place: b["dsseEnvelope"]["signatures"].insert(at, {"sig": "AAAA", "keyid": ""}),
        )
        assert refused(tiny) == "it holds 2 signatures where there must be one"


def test_an_envelope_without_a_signature_is_refused(tiny: Path) -> None:
    rewrapped(tiny / "model.sig", lambda b: b["dsseEnvelope"].update(signatures=[]))
    assert refused(tiny) == "it holds 0 signatures where there must be one"


def test_a_signature_over_the_bare_payload_or_over_another_type_does_not_verify(tiny: Path) -> None:
    payload = base64.b64decode(json.loads((tiny / "model.sig").read_bytes())["dsseEnvelope"]["payload"])
    kind = b"application/vnd.in-toto+json"
    for over in (
        payload,
        b"DSSEv1 %d %b %d %b" % (len(kind) + 1, kind, len(payload), payload),
        b"DSSEV1 %d %b %d %b" % (len(kind), kind, len(payload), repr(payload).encode()),  # before 1.0
        b"DSSEv1 4 text %d %b" % (len(payload), payload),
    ):
        raw = key().sign(over, ec.ECDSA(hashes.SHA256()))
        rewrapped(
            tiny / "model.sig",
            lambda b, raw=raw: b["dsseEnvelope"]["signatures"][0].update(sig=base64.b64encode(raw).decode()),
        )
        assert refused(tiny) == "it was not made with this key over these contents"


def test_a_signature_with_a_hash_of_another_size_does_not_verify(tiny: Path) -> None:
    payload = base64.b64decode(json.loads((tiny / "model.sig").read_bytes())["dsseEnvelope"]["payload"])
    kind = b"application/vnd.in-toto+json"
    raw = key().sign(
        b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload), ec.ECDSA(hashes.SHA1())
    )
    rewrapped(
        tiny / "model.sig",
        lambda b: b["dsseEnvelope"]["signatures"][0].update(sig=base64.b64encode(raw).decode()),
    )
    assert refused(tiny) == "it was not made with this key over these contents"


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.1"),
        lambda b: b.update(messageSignature={}),
        lambda b: b["dsseEnvelope"].update(payloadType="text/plain"),
        lambda b: b["verificationMaterial"].update(certificate={"rawBytes": "AAAA"}),
        lambda b: b["verificationMaterial"].pop("publicKey"),
        lambda b: b["dsseEnvelope"].update(payload=b["dsseEnvelope"]["payload"] + "\n"),
        lambda b: b["dsseEnvelope"].update(payload=None),
        lambda b: b.pop("dsseEnvelope"),
        lambda b: b.update(dsseEnvelope=[]),
    ],
)
def test_a_bundle_of_another_form_is_not_accepted(tiny: Path, change: Callable[[dict], object]) -> None:
    rewrapped(tiny / "model.sig", change)
    assert refused(tiny)


def test_another_key_is_refused_whatever_the_bundle_says_of_it(tiny: Path) -> None:
    mine = json.loads((tiny / "model.sig").read_bytes())["verificationMaterial"]["publicKey"]
    signed(tiny, by="mallory")
    assert refused(tiny) == "it was made with another key"
    rewrapped(tiny / "model.sig", lambda b: b["verificationMaterial"].update(publicKey=mine))
    assert refused(tiny) == "it was not made with this key over these contents"


@pytest.mark.parametrize(
    "other",
    [
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.SECP224R1()),
    ],
    ids=["rsa", "ed25519", "secp256k1", "p-224"],
)
def test_keys_of_other_kinds_and_curves_are_refused_before_anything_is_read(tmp_path: Path, other) -> None:
    path = tmp_path / "key.pub"
    path.write_bytes(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(UsageError, match=r"P-256, P-384 or P-521"):
        key_trust(path)


# Certificates

AUTHORITY = {"authority": True, "usage": ("key_cert_sign",)}
SIGNS = {"usage": ("digital_signature",)}


def certified(folder: Path, *chain, trusted, identity: str | None = None, accept_expired: bool = False):
    """What comes of verifying a signature by `chain`, of which the first is the signer's."""
    signer = KeySigner(key=key("leaf"), certificates=tuple(each.public_bytes(Encoding.DER) for each in chain))
    sign(SignRequest(path=folder), signer, here(folder.parent), NoProgress())
    trust = certificate_trust(
        (certificate_pem(folder.parent / "trusted.pem", *trusted),),
        identity=identity,
        accept_expired=accept_expired,
        now=lambda: NOW,
    )
    result = verified(folder, trust=trust)
    return result.signer if result.verified else problems(result)[0][2][0]


UNTRUSTED = "its certificate does not lead to one that you trust, or an authority on the way is not valid"


def test_a_certificate_must_lead_to_a_trusted_one(tiny: Path) -> None:
    root, other = certificate("root", **AUTHORITY), certificate("other", **AUTHORITY)
    leaf = certificate("leaf", by=root, by_key="root", **SIGNS)
    assert certified(tiny, leaf, trusted=[root]) == "leaf"
    assert certified(tiny, leaf, root, trusted=[other]) == UNTRUSTED
    assert certified(tiny, certificate("leaf", **SIGNS), trusted=[root]) == UNTRUSTED
    forged = certificate("leaf", by=root, by_key="mallory", **SIGNS)
    assert certified(tiny, forged, trusted=[root]) == UNTRUSTED


def test_a_certificate_that_is_no_authoritys_certifies_nobody(tiny: Path) -> None:
    root = certificate("root", **AUTHORITY)
    friend = certificate("friend", by=root, by_key="root", **SIGNS)
    leaf = certificate("leaf", by=friend, by_key="friend", **SIGNS)
    assert certified(tiny, leaf, friend, trusted=[root]) == UNTRUSTED
    silent = certificate("friend", by=root, by_key="root")
    assert certified(tiny, leaf, silent, trusted=[root]) == UNTRUSTED
    lax = certificate("friend", by=root, by_key="root", authority=True, **SIGNS)
    assert certified(tiny, leaf, lax, trusted=[root]) == UNTRUSTED


def test_a_path_longer_than_its_authority_allows_is_refused(tiny: Path) -> None:
    root = certificate("root", path_length=0, **AUTHORITY)
    team = certificate("team", by=root, by_key="root", **AUTHORITY)
    leaf = certificate("leaf", by=team, by_key="team", **SIGNS)
    assert certified(tiny, leaf, team, trusted=[root]) == UNTRUSTED


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"usage": ("key_agreement",)}, "its certificate may not be used to sign"),
        ({}, "its certificate may not be used to sign"),
        (
            {**SIGNS, "purposes": (ExtendedKeyUsageOID.SERVER_AUTH,)},
            "its certificate is for another purpose than signing code",
        ),
        ({**SIGNS, "days": (-300, -1)}, "its certificate has expired"),
        ({**SIGNS, "days": (1, 300)}, "its certificate is not valid yet"),
    ],
)
def test_a_certificate_for_something_else_or_another_time_is_refused(
    tiny: Path, options: dict, reason: str
) -> None:
    root = certificate("root", **AUTHORITY, days=(-400, 400))
    leaf = certificate("leaf", by=root, by_key="root", **options)
    assert certified(tiny, leaf, trusted=[root]) == reason


def test_a_certificate_for_signing_code_may_sign_without_saying_more(tiny: Path) -> None:
    root = certificate("root", **AUTHORITY)
    leaf = certificate("leaf", by=root, by_key="root", purposes=(ExtendedKeyUsageOID.CODE_SIGNING,))
    assert certified(tiny, leaf, trusted=[root]) == "leaf"


def test_only_a_root_is_trusted_among_certificates_that_hold_one(tiny: Path) -> None:
    root, other = certificate("root", **AUTHORITY), certificate("other", **AUTHORITY)
    foreign = certificate("team", by=other, by_key="other", **AUTHORITY)
    leaf = certificate("leaf", by=foreign, by_key="team", **SIGNS)
    assert certified(tiny, leaf, trusted=[root, foreign]) == UNTRUSTED
    assert certified(tiny, leaf, trusted=[foreign]) == "leaf"


def test_a_signer_who_leaves_out_a_million_paths_costs_no_more_than_their_length(tiny: Path) -> None:
    many = [f"path-{number}" for number in range(1_000_000)]
    resigned(tiny / "model.sig", lambda s: s["predicate"]["serialization"].update(ignore_paths=many))
    for number in range(2000):
        (tiny / f"path-{number}").touch()
    assert verified(tiny).verified


def test_an_expired_certificate_is_accepted_only_on_request_and_only_if_it_once_held(tiny: Path) -> None:
    root = certificate("root", **AUTHORITY, days=(-400, 400))
    leaf = certificate("leaf", by=root, by_key="root", **SIGNS, days=(-300, -1))
    assert certified(tiny, leaf, trusted=[root], accept_expired=True) == "leaf"
    late = certificate("root", **AUTHORITY, days=(-10, 400))
    assert certified(tiny, leaf, trusted=[late], accept_expired=True) == UNTRUSTED


def test_a_trusted_certificate_of_the_signers_own_expires_too(tiny: Path) -> None:
    own = certificate("leaf", **SIGNS)
    assert certified(tiny, own, trusted=[own]) == "leaf"
    old = certificate("leaf", **SIGNS, days=(-300, -1))
    assert certified(tiny, old, trusted=[old]) == "its certificate has expired"


def test_another_identity_of_the_same_authority_is_refused(tiny: Path) -> None:
    root = certificate("root", **AUTHORITY)
    leaf = certificate("leaf", by=root, by_key="root", email="mallory@acme.test", **SIGNS)
    assert certified(tiny, leaf, trusted=[root], identity="mallory@acme.test") == "mallory@acme.test"
    for wanted in ("alice@acme.test", "leaf", "", "MALLORY@acme.test", "acme.test"):
        assert certified(tiny, leaf, trusted=[root], identity=wanted) == "its certificate is somebody else's"


def test_a_good_certificate_around_another_statement_is_refused(tiny: Path) -> None:
    root = certificate("root", **AUTHORITY)
    leaf = certificate("leaf", by=root, by_key="root", **SIGNS)
    assert certified(tiny, leaf, trusted=[root]) == "leaf"
    (tiny / "config.json").write_bytes(b"[]")
    mine = json.loads(signed(tiny, by="mallory", output=tiny.parent / "mine.sig").read_bytes())
    rewrapped(tiny / "model.sig", lambda b: b.update(dsseEnvelope=mine["dsseEnvelope"]))
    trust = certificate_trust(
        (tiny.parent / "trusted.pem",), identity=None, accept_expired=False, now=lambda: NOW
    )
    assert refused(tiny, trust=trust, ignore_paths=()) == "it was not made with this key over these contents"


def test_a_bare_key_is_nobody_for_an_authority(tiny: Path) -> None:
    root = certificate("root", **AUTHORITY)
    assert certified(tiny, trusted=[root]) == "it was made with a bare key: verify it with --key"


# The disk


def test_links_are_followed_only_on_request_and_only_within_the_models_own_store(tmp_path: Path) -> None:
    folder = model(tmp_path / "tiny")
    signed(folder)
    (tmp_path / "outside.json").write_bytes(b"{}")
    for target, reason in (
        ("sub/weights.bin", "it is a symbolic link"),
        (tmp_path / "outside.json", "it is a symbolic link"),
    ):
        (folder / "config.json").unlink()
        (folder / "config.json").symlink_to(target)
        assert problems(verified(folder)) == [("signature-file-link", "config.json", (reason,))]
    assert problems(verified(folder, allow_symlinks=True)) == [
        ("signature-file-link", "config.json", ("it is a symbolic link out of the model's own store",))
    ]


@pytest.mark.parametrize("allow_symlinks", [False, True])
def test_a_linked_folder_is_never_taken_for_its_contents(tmp_path: Path, allow_symlinks: bool) -> None:
    folder = model(tmp_path / "tiny", {"config.json": b"{}", "code/model.py": b"1"})
    signed(folder)
    (folder / "plugin").symlink_to("code")
    result = verified(folder, allow_symlinks=allow_symlinks)
    assert [(check, name) for check, name, _ in problems(result)] == [("signature-file-unsigned", "plugin")]
    with pytest.raises(UnreadableScope, match="symbolic link"):
        signed(folder, allow_symlinks=allow_symlinks)


def test_pipes_and_links_in_circles_block_nothing(tmp_path: Path) -> None:
    folder = model(tmp_path / "tiny")
    signed(folder)
    os.mkfifo(folder / "pipe")
    (folder / "round").symlink_to("round")
    result = verified(folder, allow_symlinks=True)
    assert [(check, name) for check, name, _ in problems(result)] == [
        ("signature-file-unsigned", "pipe"),
        ("signature-file-unsigned", "round"),
    ]


def test_a_planted_link_is_replaced_by_the_signature_and_not_written_through(tmp_path: Path) -> None:
    folder, mine = model(tmp_path / "tiny"), tmp_path / "precious"
    mine.write_bytes(b"mine")
    (folder / "model.sig").symlink_to(mine)
    with pytest.raises(UsageError, match="something that is no signature"):
        signed(folder)
    (folder / "model.sig").unlink()
    signed(folder, output=mine.with_name("other.sig"))
    (folder / "model.sig").symlink_to(tmp_path / "other.sig")
    before = (tmp_path / "other.sig").read_bytes()
    (folder / "config.json").write_bytes(b"[]")
    signed(folder)
    assert ((tmp_path / "other.sig").read_bytes(), mine.read_bytes()) == (before, b"mine")
    assert not (folder / "model.sig").is_symlink()
    assert verified(folder).verified


def test_a_file_of_the_model_is_never_overwritten_by_its_signature(tmp_path: Path) -> None:
    folder = model(tmp_path / "tiny")
    with pytest.raises(UsageError, match="something that is no signature"):
        signed(folder, output=folder / "config.json")
    assert (folder / "config.json").read_bytes() == FILES["config.json"]


def test_a_signature_that_is_a_link_is_left_out_where_it_stands_not_where_it_leads(tmp_path: Path) -> None:
    folder = model(tmp_path / "tiny")
    signed(folder)
    (folder / "model.sig").rename(folder / "aside")
    (folder / "model.sig").symlink_to("aside")
    assert [(check, name) for check, name, _ in problems(verified(folder))] == [
        ("signature-file-unsigned", "aside")
    ]


def test_a_file_that_changes_while_it_is_read_is_not_verified(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pieces._Crew._read

    def slow(self, fd: int, piece, buffer: memoryview) -> str | None:
        digest = whole(self, fd, piece, buffer)
        os.utime(piece.file.path, ns=(1, 1))
        return digest

    monkeypatch.setattr(pieces._Crew, "_read", slow)
    result = verified(tiny)
    assert (result.verified, result.complete, problems(result)) == (False, False, [])
    assert {each.reason for each in result.skipped} >= {"it changed while it was read"}


def test_a_file_swapped_after_it_was_read_is_not_verified(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, done = pieces._Crew._digest, threading.Event()

    def swapping(self, piece, buffer: memoryview):
        digest = whole(self, piece, buffer)
        if piece.file.path.name == "config.json":
            (tiny / "new").write_bytes(b"{}")
            (tiny / "new").replace(piece.file.path)
            done.set()
        return digest

    monkeypatch.setattr(pieces._Crew, "_digest", swapping)
    result = verified(tiny)
    assert done.is_set()
    assert (result.verified, [(each.subject, each.reason) for each in result.skipped]) == (
        False,
        [("config.json", "it changed while the model was verified")],
    )


def test_a_signature_larger_than_allowed_is_not_read(tiny: Path) -> None:
    with (tiny / "model.sig").open("ab") as file:
        file.truncate(65 << 20)
    result = verified(tiny)
    assert (result.verified, result.complete, result.findings) == (False, False, ())
    assert [each.reason for each in result.skipped] == ["larger than 67108864 bytes"]


def test_a_deeply_nested_bundle_is_refused() -> None:
    with pytest.raises(BadSignature):
        read_bundle(b"[" * 1_000_000 + b"]" * 1_000_000)


def test_a_name_that_would_move_the_cursor_is_spelled_out(tiny: Path) -> None:
    (tiny / "\x1b[2Jx").write_bytes(b"")
    assert problems(verified(tiny)) == [("signature-file-unsigned", "\\x1b[2Jx", ())]


def test_a_name_that_is_no_utf8_cannot_be_signed_and_is_told_when_it_appears(tiny: Path) -> None:
    (tiny / os.fsdecode(b"caf\xe9")).write_bytes(b"")
    assert problems(verified(tiny)) == [("signature-file-unsigned", "caf\\xe9", ())]
    with pytest.raises(UnreadableScope, match="a name is not UTF-8"):
        signed(tiny)


def test_without_a_signature_nothing_is_verified(tmp_path: Path) -> None:
    folder = model(tmp_path / "tiny")
    result = verified(folder)
    assert (result.verified, [check for check, _, _ in problems(result)]) == (False, ["signature-missing"])
    assert statement_of(signed(folder))["subject"][0]["name"] == "tiny"
    assert verified(folder, trust=key_trust(public_pem(tmp_path / "k.pub", key("mallory")))).verified is False
