"""A scan that judges: every model gets the worst verdict of its files, and of what is known of its bytes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path


def scanned(home: Path, *more: str) -> dict[str, str | None]:
    program = (sys.executable, "-m", "ringfence.cli.main", "scan", "--home", str(home), "--json", *more)
    document = json.loads(subprocess.run(program, capture_output=True, check=True).stdout)
    return {model["name"]: model["verdict"] for model in document["models"]}


def test_a_scan_judges_models_only_when_it_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    assert scanned(tmp_path, "--judge") == {"model.pkl": "malicious"}
    assert scanned(tmp_path) == {"model.pkl": None}


def test_a_model_whose_bytes_are_not_those_that_its_store_claims_is_suspicious(
    demo_home: Path, tmp_path: Path
) -> None:
    shutil.copytree(demo_home / ".cache/huggingface", tmp_path / "home/.cache/huggingface", symlinks=True)
    assert scanned(tmp_path / "home", "--judge") == {
        "acme/research-only": "clean",
        "acme/tampered": "suspicious",
        "acme/tiny-chat": "clean",
    }
