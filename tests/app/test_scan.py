"""A scan of the demo home, from request to inventory, with this machine left out."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from doors import free_door
from ringfence.app.demo import build
from ringfence.app.scan.here import Here
from ringfence.app.scan.request import NoProgress, ScanRequest
from ringfence.app.scan.scan import Scan
from ringfence.core.errors import UnreadableScope
from ringfence.core.facts import FactName
from ringfence.core.findings import Severity
from ringfence.core.inventory import Inventory, SignalId, Skipped
from ringfence.core.models import Model
from ringfence.endpoint.this_platform import this_platform

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def here(tmp_path: Path, home: Path | None = None) -> Here:
    return Here(
        environment={"HOME": str(home or tmp_path)},
        platform=this_platform,
        now=lambda: NOW,
        digest_cache=tmp_path / "cache" / "digests.sqlite",
        cores=1,
        door=free_door,
    )


@pytest.fixture(scope="module")
def looked(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    scan = Scan(ScanRequest(home=demo_home), here(tmp_path_factory.mktemp("machine")))
    return scan.look(NoProgress())


@pytest.fixture
def small_home(tmp_path: Path) -> Iterator[Path]:
    """A demo home without its large file, so that everything can be hashed."""
    home = build(tmp_path / "home").path
    (home / "Downloads/large-1.1b-F16.gguf").unlink()
    yield home
    shutil.rmtree(home)


def verified(home: Path, tmp_path: Path) -> Inventory:
    scan = Scan(ScanRequest(home=home), here(tmp_path))
    scan.look(NoProgress())
    return scan.verify(NoProgress())


def named(inventory: Inventory, name: str) -> Model:
    return next(model for model in inventory.models if model.name == name)


def test_every_store_of_the_demo_is_found(looked: Inventory) -> None:
    assert {model.store for model in looked.models} == {
        *("comfyui", "docker-model-runner", "gpt4all", "huggingface", "jan", "llamacpp", "llamafile"),
        *("lmstudio", "mlx", "ollama", "ramalama", "vllm", None),
    }


def test_a_snapshot_is_one_model_with_its_commit_and_the_claims_of_its_blobs(looked: Inventory) -> None:
    model = named(looked, "acme/tiny-chat")
    assert model.revision is not None
    assert len(model.revision) == 40
    assert {file.format for file in model.files} == {"safetensors", None}
    weights = [file for file in model.files if file.format]
    assert all(file.sha256 is None and file.sha256_claimed for file in weights)
    assert model.id is None
    assert model.effective_license == "Apache-2.0"


def test_shards_that_lie_about_are_one_model(looked: Inventory) -> None:
    model = named(looked, "big.gguf")
    assert [file.name for file in model.files] == ["big-00001-of-00002.gguf", "big-00002-of-00002.gguf"]
    assert model.files[0].facts[FactName.SHARDS] == 2


def test_a_gguf_that_is_called_a_photograph_is_found_and_said_to_be_disguised(looked: Inventory) -> None:
    model = named(looked, "holiday.jpg")
    assert model.files[0].format == "gguf"
    assert ("suffix-lies", Severity.MEDIUM) in {(each.check, each.severity) for each in model.findings}


def test_a_cloud_model_is_told_apart_and_owes_no_license(looked: Inventory) -> None:
    model = named(looked, "gpt-oss:120b-cloud")
    assert model.remote
    assert {file.format for file in model.files} == {None}
    assert (model.effective_license, model.findings) == (None, ())


def test_a_model_made_from_another_takes_the_stricter_license(looked: Inventory) -> None:
    model = named(looked, "helpful-8b-Q4_0.gguf")
    assert model.effective_license == "LicenseRef-scancode-llama-3.1-license-2024"
    assert {claim.expression for claim in model.licenses} == {"Apache-2.0", model.effective_license}
    assert "license-conflict" in {each.check for each in model.findings}


def test_a_download_into_a_folder_of_choice_keeps_the_commit_that_its_records_name(looked: Inventory) -> None:
    model = named(looked, "tiny-embedder")
    assert (model.store, len(model.revision or "")) == ("huggingface", 40)


def test_arrays_and_pickles_without_a_license_raise_no_doubt_about_it(looked: Inventory) -> None:
    assert named(looked, "embeddings.npy").findings == ()
    doubts = {
        each.subject
        for signal in looked.signals
        if signal.id is SignalId.LICENSE_AMBIGUITY
        for each in signal.evidence
    }
    assert "checkpoint.pt" in doubts
    assert doubts.isdisjoint({"embeddings.npy", "model.pkl", "model.joblib"})


def test_of_another_home_the_running_machine_is_left_out_and_said_to_be(looked: Inventory) -> None:
    reason = "another home is looked at, not the running machine"
    assert {each.kind for each in looked.skipped if each.reason == reason} == {
        "process",
        "listener",
        "accelerator",
    }
    raised = {signal.id: signal.raised for signal in looked.signals}
    assert raised == {
        SignalId.LARGE_ARTIFACTS: True,
        SignalId.LOCAL_SERVERS: None,
        SignalId.OFFLINE_ACCELERATOR: None,
        SignalId.UNRECORDED_CODE: True,
        SignalId.LICENSE_AMBIGUITY: True,
    }
    assert (looked.complete, looked.started_at) == (True, NOW)


def test_hashing_turns_claims_into_digests_ids_and_one_lie(small_home: Path, tmp_path: Path) -> None:
    inventory = verified(small_home, tmp_path)
    local = [model for model in inventory.models if not model.remote]
    assert all(file.sha256 for model in local for file in model.files)
    assert all(model.id for model in local)
    lies = {model.name for model in local for each in model.findings if each.check == "digest-mismatch"}
    assert lies == {"acme/tampered"}


def test_the_same_files_are_the_same_model_wherever_they_lie(small_home: Path, tmp_path: Path) -> None:
    inventory = verified(small_home, tmp_path)
    twins = {
        (model.store, model.id) for model in inventory.models if model.name == "mlx-community/tiny-chat-4bit"
    }
    assert len(twins) == 2
    assert len({model_id for _, model_id in twins}) == 1


def test_a_lock_that_lists_the_digests_explains_a_large_model(small_home: Path, tmp_path: Path) -> None:
    request = ScanRequest(home=small_home, large_bytes=1_000_000)
    scan = Scan(request, here(tmp_path))
    scan.look(NoProgress())
    before = scan.verify(NoProgress())
    photo = named(before, "holiday.jpg").files[0]
    (small_home / "models.lock").write_text(
        '{"schema": "ringfence.models.lock/1", "models": [{"name": "holiday", "explanation": "approval",'
        f' "files": [{{"path": "holiday.jpg", "sha256": "{photo.sha256}"}}]}}]}}'
    )
    again = Scan(request, here(tmp_path))
    again.look(NoProgress())
    after = again.verify(NoProgress())
    raised = [
        [each.subject for each in signal.evidence]
        for inventory in (before, after)
        for signal in inventory.signals
        if signal.id is SignalId.LARGE_ARTIFACTS
    ]
    assert raised == [["holiday.jpg"], []]


def test_paths_limit_the_files_and_stores_that_are_looked_at(demo_home: Path, tmp_path: Path) -> None:
    request = ScanRequest(paths=(demo_home / ".ollama",), processes=False, listeners=False)
    inventory = Scan(request, here(tmp_path, home=demo_home)).look(NoProgress())
    assert {model.store for model in inventory.models} <= {"ollama", None}
    assert "tiny:latest" in {model.name for model in inventory.models}


@pytest.mark.parametrize("part", [".cache", ".cache/huggingface", ".cache/huggingface/hub"])
def test_a_store_in_a_home_of_somebody_else_is_read_as_that_store(
    demo_home: Path, tmp_path: Path, part: str
) -> None:
    request = ScanRequest(paths=(demo_home / part,), processes=False, listeners=False)
    inventory = Scan(request, here(tmp_path)).look(NoProgress())
    found = {
        (model.name, model.effective_license) for model in inventory.models if model.store == "huggingface"
    }
    assert found >= {("acme/tiny-chat", "Apache-2.0"), ("acme/research-only", "CC-BY-NC-4.0")}


def test_one_missing_path_leaves_the_rest_and_makes_the_scan_incomplete(
    demo_home: Path, tmp_path: Path
) -> None:
    missing = tmp_path / "nowhere"
    request = ScanRequest(paths=(demo_home / "models", missing), processes=False, listeners=False)
    inventory = Scan(request, here(tmp_path)).look(NoProgress())
    assert not inventory.complete
    assert "big.gguf" in {model.name for model in inventory.models}
    said = [each for each in inventory.skipped if each.subject == str(missing)]
    assert said == [Skipped(kind="scope", subject=str(missing), reason="there is no such file or folder")]


def test_when_nothing_asked_for_can_be_read_the_scan_says_so_at_once(tmp_path: Path) -> None:
    with pytest.raises(UnreadableScope, match="there is no such file or folder"):
        Scan(ScanRequest(paths=(tmp_path / "nowhere",)), here(tmp_path)).look(NoProgress())


def test_small_files_of_unknown_suffix_are_looked_into_only_from_the_asked_size_on(
    tmp_path: Path, demo_home: Path
) -> None:
    model = tmp_path / "there" / "innocent.txt"
    model.parent.mkdir()
    model.write_bytes((demo_home / "Downloads/helpful-8b-Q4_0.gguf").read_bytes())

    def found(min_size_bytes: int) -> set[str]:
        request = ScanRequest(
            paths=(model.parent,), min_size_bytes=min_size_bytes, processes=False, listeners=False
        )
        return {each.name for each in Scan(request, here(tmp_path)).look(NoProgress()).models}

    assert (found(1 << 20), found(1000)) == (set(), {"innocent.txt"})


@pytest.mark.parametrize("part", ["", "snapshots", "snapshots/3f8b5c0e9d4a7126c3b1e0f5a8d92746e1c0b7f3"])
def test_a_part_of_a_hub_cache_anywhere_is_the_model_that_the_cache_says(
    demo_home: Path, tmp_path: Path, part: str
) -> None:
    path = demo_home / ".cache/huggingface/hub/models--acme--tiny-chat" / part
    found = Scan(ScanRequest(paths=(path,), processes=False, listeners=False), here(tmp_path))
    (model,) = found.look(NoProgress()).models
    assert (model.name, model.revision, len(model.files), model.effective_license) == (
        "acme/tiny-chat",
        "3f8b5c0e9d4a7126c3b1e0f5a8d92746e1c0b7f3",
        5,
        "Apache-2.0",
    )


def test_of_a_repository_only_the_snapshot_that_was_named_is_looked_at(
    demo_home: Path, tmp_path: Path
) -> None:
    repository = tmp_path / "hub/models--acme--tiny-chat"
    shutil.copytree(demo_home / ".cache/huggingface/hub/models--acme--tiny-chat", repository, symlinks=True)
    (first,) = (repository / "snapshots").iterdir()
    shutil.copytree(first, first.with_name("0" * 40), symlinks=True)

    def revisions(path: Path) -> list[str | None]:
        request = ScanRequest(paths=(path,), processes=False, listeners=False)
        return [model.revision for model in Scan(request, here(tmp_path)).look(NoProgress()).models]

    assert revisions(first) == [first.name]
    assert revisions(repository) == ["0" * 40, first.name]
