"""What models.lock documents explain, and what they do not."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.core.digests import Sha256
from ringfence.core.inventory import Skipped
from ringfence.core.models import Model, ModelFile
from ringfence.endpoint.explanations import (
    NO_EXPLANATIONS,
    SCHEMA,
    BadLock,
    Explained,
    Explanations,
    LockRecord,
    Reason,
    parse_lock,
    read_explanations,
)

A, B, C = (Sha256(letter * 64) for letter in "abc")


def entry(*digests: str, **more: object) -> dict[str, object]:
    files = [{"path": f"model-{i}.gguf", "sha256": digest} for i, digest in enumerate(digests)]
    return {
        "name": "acme/chat",
        "revision": "v1",
        "explanation": "approval",
        "by": "dana",
        "files": files,
        **more,
    }


def lock(*models: object, **more: object) -> bytes:
    return json.dumps({"schema": SCHEMA, "models": list(models), **more}).encode()


def record(*digests: Sha256) -> LockRecord:
    return LockRecord(
        name="acme/chat", revision="v1", reason=Reason.APPROVAL, by="dana", digests=frozenset(digests)
    )


def explanations(*digests: Sha256) -> Explanations:
    return Explanations(by_digest={digest: record(*digests) for digest in digests})


def weights(name: str, *, sha256: Sha256 | None = None, claimed: Sha256 | None = None) -> ModelFile:
    return ModelFile(
        path=Path("/models", name),
        name=name,
        format="gguf",
        size_bytes=10,
        sha256=sha256,
        sha256_claimed=claimed,
    )


def model(*files: ModelFile) -> Model:
    return Model(id=None, name="chat", revision=None, store=None, location=Path("/models"), files=files)


def test_a_document_gives_a_record_for_each_model() -> None:
    data = lock(entry(A, "sha256:" + B.upper()), entry(C, revision=None, by=None, explanation="pull"))
    assert parse_lock(data) == (
        record(A, B),
        LockRecord(name="acme/chat", revision=None, reason=Reason.PULL, by=None, digests=frozenset({C})),
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "the document is not an object"),
        (b'{"schema": "%b"}' % SCHEMA.encode(), "the document has no models"),
        (b'{"schema": "ringfence.models.lock/2", "models": []}', "another schema"),
        (b'{"schema": 1, "schema": 1, "models": []}', "a key stands twice in one object"),
        (lock(signed=True), "the document has a key that this version does not know"),
        (lock(entry(A, expires="2030")), "a model has a key that this version does not know"),
        (
            lock(entry(A, files=[{"path": "x", "sha256": A, "size": 1}])),
            "a file has a key that this version does not know",
        ),
        (lock(entry(A, files=[{"path": "x"}])), "a file has no sha256"),
        (lock(entry("a" * 63)), "a sha256 that is none"),
        (lock(entry(A, explanation="because")), "an explanation that does not exist"),
        (lock(entry(A, name=7)), "name is not a text"),
        (lock(entry(A, by="")), "by is not a text"),
        (lock(entry(A, files={})), "files is not a list"),
        (lock(7), "a model is not an object"),
    ],
)  # fmt: skip
def test_a_document_with_anything_else_in_it_is_refused_whole(data: bytes, why: str) -> None:
    with pytest.raises(BadLock, match=f"^{why}$"):
        parse_lock(data)


def test_documents_that_cannot_be_used_are_said(tmp_path: Path) -> None:
    good, bad, gone, folder = (tmp_path / name for name in ("good", "bad\x1b", "gone", "folder"))
    good.write_bytes(lock(entry(A)))
    bad.write_bytes(b"{}")
    folder.mkdir()
    read = read_explanations([bad, good, gone, folder])
    assert dict(read.by_digest) == {A: record(A)}
    assert read.skipped == (
        Skipped(
            kind="models.lock",
            subject=f"{tmp_path}/bad\\x1b",
            reason=f"no {SCHEMA}: the document has no models",
        ),
        Skipped(kind="models.lock", subject=str(gone), reason="there is no such file"),
        Skipped(kind="models.lock", subject=str(folder), reason="not a regular file"),
    )


def test_a_model_is_explained_when_every_weight_file_is() -> None:
    both = model(weights("1.gguf", sha256=A), weights("2.gguf", sha256=B))
    assert explanations(A, B).explain(both) == Explained(records=(record(A, B),), claimed=False)
    assert explanations(A).explain(both) is None


def test_a_digest_that_is_only_claimed_explains_and_is_said_to_be_claimed() -> None:
    claimed = model(weights("1.gguf", sha256=A), weights("2.gguf", claimed=B))
    assert explanations(A, B).explain(claimed) == Explained(records=(record(A, B),), claimed=True)


def test_a_name_that_lies_about_its_digest_explains_nothing() -> None:
    assert explanations(A).explain(model(weights("1.gguf", sha256=B, claimed=A))) is None


def test_files_without_digest_and_models_without_weights_are_not_explained() -> None:
    card = ModelFile(path=Path("/r"), name="README.md", format=None, size_bytes=1, sha256=A)
    assert explanations(A).explain(model(weights("1.gguf"))) is None
    assert explanations(A).explain(model(card)) is None
    assert explanations(A).explain(model()) is None
    assert NO_EXPLANATIONS.explain(model(weights("1.gguf", sha256=A))) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([A, "lock", SCHEMA]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["schema", "models", "name", "files", "sha256", "path", "explanation", "by"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.binary(max_size=100) | JSON.map(lambda value: json.dumps(value).encode()) | JSON.map(lock))
def test_all_bytes_are_a_lock_or_refused(data: bytes) -> None:
    try:
        parse_lock(data)
    except BadLock as refused:
        assert str(refused).isprintable()
