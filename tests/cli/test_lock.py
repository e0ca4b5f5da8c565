"""`ringfence lock` as people run it: whole processes, what they write and how they end."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft4Validator, Draft202012Validator
from schemas import DOCUMENTS, schema_of

import forked
from imaging import layer, oci_layout
from ringfence.app.demo.entries import shipped
from ringfence.cli.options import USES
from ringfence.core.locks import Use

WEIGHTS = shipped("embedder.safetensors")


def lock(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd / "home"), "LANG": "C.UTF-8"}
    return forked.ringfence("lock", *arguments, env=environment, cwd=cwd)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "model.safetensors").write_bytes(WEIGHTS)
    (tmp_path / "run.sh").write_text("ollama pull llama3:8b\n")
    return tmp_path


def test_a_person_locks_and_checks_and_is_told_what_to_do(tree: Path) -> None:
    done = lock(cwd=tree)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:2] == [
        "Models  1",
        "model.safetensors  4.3 kB  clean  no license stated",
    ]
    assert done.stdout.splitlines()[-1] == "1 model and 1 reference locked; the lock is written"
    assert lock("--check", cwd=tree).returncode == 0
    assert lock("--check", "--fail-on", "low", cwd=tree).returncode == 1
    (tree / "model.safetensors").write_bytes(shipped("lora.safetensors"))
    done = lock("--check", cwd=tree)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "high lock-digest-differs  model.safetensors"
    assert "lock again if the change is meant" in " ".join(done.stdout.split())


def test_the_document_fits_its_schema(tree: Path) -> None:
    for arguments in ((), ("--check",)):
        document = json.loads(lock(*arguments, "--json", cwd=tree).stdout)
        Draft202012Validator(schema_of("ringfence.lock/1", DOCUMENTS["ringfence.lock/1"])).validate(document)


def test_a_missing_lock_or_tree_is_told_with_what_to_do(tree: Path) -> None:
    done = lock("--check", cwd=tree)
    assert done.returncode == 2
    assert done.stderr.splitlines()[1] == "ringfence: hint: write it with `ringfence lock`, and commit it"
    done = lock("nowhere", cwd=tree)
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        3,
        f"ringfence: error: {tree}/nowhere: there is no such file or folder",
    )
    assert not (tree / "models.lock").exists()


def test_the_lock_of_an_image_lies_outside_of_it(tmp_path: Path) -> None:
    image = oci_layout(tmp_path / "image", layer(("opt/model.safetensors", WEIGHTS)))
    assert lock("image", cwd=tmp_path).returncode == 0
    assert sorted(each.name for each in image.iterdir()) == ["blobs", "index.json", "oci-layout"]
    assert json.loads((tmp_path / "models.lock").read_text())["models"][0]["at"] == "opt/model.safetensors"


def test_what_is_not_readable_is_no_clean_check(tree: Path) -> None:
    lock(cwd=tree)
    (tree / "lost.safetensors").symlink_to("nowhere")
    done = lock("--check", cwd=tree)
    assert (done.returncode, "Not looked at  1" in done.stdout) == (3, True)


def test_a_lock_that_cannot_be_written_is_told(tree: Path) -> None:
    done = lock("--lock", "no/such/folder/models.lock", cwd=tree)
    assert (done.returncode, "no such file or directory" in done.stderr) == (2, True)


def test_the_parsers_words_are_those_of_the_uses() -> None:
    assert list(Use) == list(USES)


def test_findings_of_a_check_are_sarif_at_the_file_or_at_the_lock(tree: Path) -> None:
    lock(cwd=tree)
    (tree / "model.safetensors").unlink()
    (tree / "run.sh").write_text("ollama pull llama3:70b\n")

    done = lock("--check", "--format", "sarif", cwd=tree)

    assert done.returncode == 1
    document = json.loads(done.stdout)
    schema = Path(__file__).parents[1] / "app/reports/sarif-2.1.0.schema.json"
    Draft4Validator(json.loads(schema.read_text(encoding="utf-8"))).validate(document)
    places = {
        (each["ruleId"], each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
        for each in document["runs"][0]["results"]
    }
    assert ("reference-not-locked", "run.sh") in places
    assert {uri for _, uri in places} == {"run.sh", "models.lock"}
    helps = [rule["help"] for rule in document["runs"][0]["tool"]["driver"]["rules"]]
    assert all(each["markdown"].startswith("**") and each["text"] in each["markdown"] for each in helps)
