import json
from pathlib import Path
from typing import Any

from model_folders import HONEST, json_file
from ringfence.app.folder_of import folder_of
from ringfence.artifacts.folders.judge import judge_folder

_NAME = "manifests/registry.ollama.ai/library/chat/latest"


def _store(top: Path, *, layer: int = 0, **values: Any) -> set[tuple[str, str, str]]:
    HONEST["ollama"](top)
    manifest = json.loads((top / _NAME).read_text())
    manifest["layers"][layer] |= values
    json_file(top / _NAME, manifest)
    return {(name, each.check, each.severity) for name, each in judge_folder(folder_of(top))}


def test_a_layer_that_is_not_there_makes_the_model_inconclusive(tmp_path: Path) -> None:
    assert _store(tmp_path, digest=f"sha256:{'0' * 64}") == {(_NAME, "shard-missing", "medium")}


def test_a_layer_of_another_size_is_told(tmp_path: Path) -> None:
    assert _store(tmp_path, size=5) == {(_NAME, "manifest-differs", "medium")}


def test_a_digest_that_is_a_path_is_suspicious(tmp_path: Path) -> None:
    assert _store(tmp_path, digest="sha256:../../x") == {(_NAME, "manifest-differs", "high")}


def test_a_layer_of_an_unknown_kind_is_told(tmp_path: Path) -> None:
    kind = "application/vnd.ollama.image.hook"
    assert _store(tmp_path, mediaType=kind) == {(_NAME, "manifest-unknown-layer", "low")}


def test_a_template_among_the_blobs_is_judged_as_one(tmp_path: Path) -> None:
    HONEST["ollama"](tmp_path)
    data = b"{% for x in ''.__class__.__mro__[1].__subclasses__() %}{% endfor %}"
    (tmp_path / f"blobs/sha256-{'1' * 64}").write_bytes(data)
    found = _store(tmp_path / "again", layer=0)
    assert found == set()
    manifest = json.loads((tmp_path / _NAME).read_text())
    manifest["layers"][1] |= {"digest": f"sha256:{'1' * 64}", "size": len(data)}
    json_file(tmp_path / _NAME, manifest)
    told = {(name, each.check) for name, each in judge_folder(folder_of(tmp_path))}
    assert (f"blobs/sha256-{'1' * 64}", "template-reaches-python") in told
