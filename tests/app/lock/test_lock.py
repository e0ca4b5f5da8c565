"""Locks of real trees and images: what is written, and what a check says after something changed."""

import io
import json
import pickle
import shutil
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiving import PAYLOAD
from doors import free_door
from imaging import layer, oci_layout, saved_image
from ringfence.app.demo.entries import shipped
from ringfence.app.lock import LockReport, check_lock, make_lock
from ringfence.app.scan.here import Here
from ringfence.app.scan.request import NoProgress
from ringfence.core.errors import UsageError
from ringfence.core.locks import Use
from ringfence.endpoint.explanations import parse_lock

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = shipped("embedder.safetensors")
OTHER = shipped("lora.safetensors")
CONFIG = '{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}'


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(
        environment={"HOME": str(tmp_path / "home")},
        platform=lambda: None,
        now=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        digest_cache=tmp_path / "cache" / "digests.sqlite",
        cores=2,
        door=free_door,
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with a model, a pickle of labels, a program, and old weights in its history."""
    root = tmp_path / "tree"
    chat = root / "models" / "chat"
    chat.mkdir(parents=True)
    (chat / "model.safetensors").write_bytes(WEIGHTS)
    (chat / "config.json").write_text(CONFIG)
    (chat / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    (root / "labels.pkl").write_bytes(pickle.dumps({"cat": 1}))
    (root / "app.py").write_text(f'Model.from_pretrained("acme/chat", revision="{COMMIT}")\n')
    (root / ".git").mkdir()
    (root / ".git" / "old.safetensors").write_bytes(OTHER)
    return root


def locked(root: Path, here: Here, use: Use | None = None) -> LockReport:
    return make_lock(root, root / "models.lock", here, NoProgress(), use=use, bad_digests=())


def checked(root: Path, here: Here, use: Use | None = None, bad: tuple[Path, ...] = ()) -> LockReport:
    return check_lock(root, root / "models.lock", here, NoProgress(), use=use, bad_digests=bad)


def said(report: LockReport) -> list[str]:
    return [f"{each.severity} {each.check} {each.subject}" for each in report.findings]


def test_a_lock_says_what_is_there_an_item_a_line_and_explains_it_to_a_scan(tree: Path, here: Here) -> None:
    report = locked(tree, here, Use.PRODUCTION)
    assert (said(report), report.complete, report.changed) == ([], True, True)
    text = (tree / "models.lock").read_text()
    document = json.loads(text)
    assert document["date"] == "2026-01-02T03:04:05Z"
    assert document["use"] == "production"
    labels, chat = document["models"]
    assert (labels["at"], labels["verdict"], [f["path"] for f in labels["files"]]) == (
        "labels.pkl",
        "clean",
        ["labels.pkl"],
    )
    assert {key: chat[key] for key in ("at", "verdict", "license", "license_source")} == {
        "at": "models/chat",
        "verdict": "clean",
        "license": "Apache-2.0",
        "license_source": "README.md license",
    }
    assert [f["path"] for f in chat["files"]] == ["README.md", "config.json", "model.safetensors"]
    assert document["references"] == [
        {"file": "app.py", "line": 1, "kind": "hugging-face", "name": "acme/chat", "revision": COMMIT}
    ]
    assert sum(line.startswith(' {"path"') for line in text.splitlines()) == 4
    assert len(parse_lock(text.encode())) == 2


def test_a_lock_of_the_same_tree_stays_as_it_is_byte_for_byte(tree: Path, here: Here) -> None:
    locked(tree, here)
    before = (tree / "models.lock").read_bytes()
    later = Here(
        environment={},
        platform=here.platform,
        now=lambda: datetime(2027, 1, 1, tzinfo=UTC),
        digest_cache=here.digest_cache,
        cores=1,
        door=free_door,
    )
    assert not locked(tree, later).changed
    assert (tree / "models.lock").read_bytes() == before
    assert said(checked(tree, later)) == []


def test_the_date_is_the_one_of_the_source(tree: Path, here: Here) -> None:
    fixed = Here(
        environment={"SOURCE_DATE_EPOCH": "1"},
        platform=here.platform,
        now=here.now,
        digest_cache=here.digest_cache,
        cores=1,
        door=free_door,
    )
    locked(tree, fixed)
    assert '"date": "1970-01-01T00:00:01Z"' in (tree / "models.lock").read_text()


def test_other_bytes_under_the_same_name_are_drift(tree: Path, here: Here) -> None:
    locked(tree, here)
    (tree / "models/chat/model.safetensors").write_bytes(OTHER)
    assert said(checked(tree, here)) == ["high lock-digest-differs models/chat/model.safetensors"]


def test_code_that_is_put_beside_the_weights_is_drift(tree: Path, here: Here) -> None:
    locked(tree, here)
    (tree / "models/chat/modeling_chat.py").write_text("import math\n")
    assert said(checked(tree, here)) == [
        "high lock-digest-differs models/chat/modeling_chat.py",
        "medium lock-verdict-worse models/chat",
    ]


def test_a_model_that_came_and_one_that_went_are_findings(tree: Path, here: Here) -> None:
    locked(tree, here)
    (tree / "labels.pkl").unlink()
    (tree / "new.safetensors").write_bytes(OTHER)
    assert said(checked(tree, here)) == [
        "high lock-model-unlisted new.safetensors",
        "medium lock-model-missing labels.pkl",
    ]


def test_a_worse_verdict_is_a_finding_and_a_malicious_one_cannot_be_locked_away(
    tree: Path, here: Here
) -> None:
    locked(tree, here)
    (tree / "labels.pkl").write_bytes(PAYLOAD)
    assert said(checked(tree, here)) == [
        "critical lock-verdict-worse labels.pkl",
        "high lock-digest-differs labels.pkl",
    ]
    assert said(locked(tree, here)) == ["critical lock-of-suspicious labels.pkl"]
    assert said(checked(tree, here)) == ["critical lock-verdict-worse labels.pkl"]


def test_a_license_must_allow_the_use_that_was_locked_or_is_asked_for(tree: Path, here: Here) -> None:
    locked(tree, here, Use.PRODUCTION)
    (tree / "models/chat/README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    report = checked(tree, here)
    assert said(report) == [
        "high license-not-for-use models/chat",
        "high lock-digest-differs models/chat/README.md",
        "medium lock-license-changed models/chat",
    ]
    assert report.findings[0].evidence == ("non-commercial weights in a production build", "CC-BY-NC-4.0")
    assert "license-not-for-use" not in " ".join(said(checked(tree, here, Use.EXPERIMENT)))


def test_a_file_on_the_list_of_bad_ones_is_found_whatever_the_lock_says(
    tree: Path, here: Here, tmp_path: Path
) -> None:
    report = locked(tree, here)
    feed = tmp_path / "bad.txt"
    feed.write_text(f"# ours\n{report.models[0].files[0].sha256} leaks data\n")
    assert said(checked(tree, here, bad=(feed,))) == ["critical digest-known-bad labels.pkl: labels.pkl"]
    feed.write_text("nonsense")
    with pytest.raises(UsageError):
        checked(tree, here, bad=(feed,))


def test_a_reference_that_is_new_or_changed_fails_and_one_without_a_commit_is_mentioned(
    tree: Path, here: Here
) -> None:
    locked(tree, here)
    (tree / "app.py").write_text('\nModel.from_pretrained("acme/chat", revision="main")\n')
    assert said(checked(tree, here)) == [
        "medium reference-not-locked app.py:2",
        "low reference-not-pinned app.py:2",
    ]
    locked(tree, here)
    assert said(checked(tree, here)) == ["low reference-not-pinned app.py:2"]


def test_what_people_approved_by_hand_stays_in_the_lock(tree: Path, here: Here) -> None:
    record = {"name": "acme/other", "explanation": "approval", "by": "dana"}
    files = [{"path": "a.gguf", "sha256": "a" * 64}]
    lock = {"schema": "ringfence.models.lock/1", "models": [{**record, "files": files}]}
    (tree / "models.lock").write_text(json.dumps(lock))
    locked(tree, here)
    kept = json.loads((tree / "models.lock").read_text())["models"][-1]
    assert kept == {
        "name": "acme/other",
        "revision": None,
        "explanation": "approval",
        "by": "dana",
        "files": files,
    }
    assert said(checked(tree, here)) == []


def test_a_lock_that_is_missing_broken_or_of_another_version_is_no_lock(tree: Path, here: Here) -> None:
    with pytest.raises(UsageError):
        checked(tree, here)
    for text in ("", "{}", '{"schema": "ringfence.models.lock/2", "models": []}'):
        (tree / "models.lock").write_text(text)
        with pytest.raises(UsageError):
            checked(tree, here)
        with pytest.raises(UsageError):
            locked(tree, here)
        assert (tree / "models.lock").read_text() == text


def test_what_cannot_be_read_leaves_the_check_incomplete(tree: Path, here: Here) -> None:
    locked(tree, here)
    (tree / "gone.safetensors").symlink_to("nowhere")
    report = checked(tree, here)
    assert not report.complete


def test_an_image_is_locked_tampered_with_and_checked(tmp_path: Path, here: Here) -> None:
    chat = layer(
        ("opt/chat/model.safetensors", WEIGHTS),
        ("opt/chat/config.json", CONFIG.encode()),
        ("tmp/secret.safetensors", OTHER),
    )
    image = oci_layout(
        tmp_path / "image", chat, layer(("tmp/.wh.secret.safetensors", b"")), env=("MODEL_ID=acme/x",)
    )
    lock = tmp_path / "models.lock"
    report = make_lock(image, lock, here, NoProgress(), use=None, bad_digests=())
    assert [model.at for model in report.models] == ["opt/chat", "(deleted)/layer-1/tmp/secret.safetensors"]
    assert said(report) == [
        "low model-in-deleted-layer (deleted)/layer-1/tmp/secret.safetensors",
        "low reference-not-pinned image-configuration.env:1",
    ]
    again = check_lock(image, lock, here, NoProgress(), use=None, bad_digests=())
    assert (said(again), again.complete) == (said(report), True)

    shutil.rmtree(image)
    oci_layout(image, layer(("opt/chat/model.safetensors", OTHER), ("opt/chat/config.json", CONFIG.encode())))
    worse = check_lock(image, lock, here, NoProgress(), use=None, bad_digests=())
    assert said(worse) == [
        "high lock-digest-differs opt/chat/model.safetensors",
        "medium lock-model-missing (deleted)/layer-1/tmp/secret.safetensors",
    ]


def test_stores_of_an_image_are_read_as_their_programs_do_and_what_they_record_must_be_true(
    tmp_path: Path, here: Here, demo_home: Path
) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(demo_home / ".cache/huggingface", "root/.cache/huggingface")
        archive.add(demo_home / ".ollama", "root/.ollama")
    image = saved_image(tmp_path / "image.tar.gz", packed.getvalue(), compressed=True)
    report = make_lock(image, tmp_path / "models.lock", here, NoProgress(), use=None, bad_digests=())
    assert [each.reason for each in report.skipped] == ["a download that has not finished"]
    names = [model.name for model in report.models]
    assert names[:3] == ["acme/research-only", "acme/tampered", "acme/tiny-chat"]
    assert names[-1] == "tiny:latest"
    (lie,) = (each for each in report.findings if "tampered" in each.subject)
    assert (lie.check, lie.evidence[1]) == ("lock-of-suspicious", "digest-mismatch in model.safetensors")
