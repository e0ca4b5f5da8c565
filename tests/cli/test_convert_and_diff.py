"""`ringfence convert` and `ringfence diff` as people run them: what they print and how they end."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import forked
from checkpoints import checkpoint, tensor
from ringfence.app.documents import SCHEMA_FOLDER


def ringfence(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LANG": "C.UTF-8"}
    return forked.ringfence(*arguments, env=environment, cwd=cwd)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for name, template, code in (("v1", "{{ x }}", "x = 1\n"), ("v2", "{{ y }}", "x = 2\n")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "chat_template.jinja").write_text(template)
        (folder / "modeling.py").write_text(code)
        (folder / "same.txt").write_text("same\n")
    return tmp_path


def test_a_converted_checkpoint_is_told_in_a_line_and_what_was_left_out_beside_it(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(checkpoint({"w": tensor((6,), (1,)), "epoch": b"I3\n"}))
    done = ringfence("convert", "model.pt", "-o", "model.safetensors", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "left out, no tensors: epoch\n")
    assert done.stdout.startswith("model.safetensors  1 tensor  120 B  sha256 ")
    again = ringfence("convert", "model.pt", "-o", "model.safetensors", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == (
        "ringfence: error: model.safetensors: is there already\n"
        "ringfence: hint: name another file, or use --force\n"
    )


@pytest.mark.parametrize(
    "arguments", [("convert", "-", "-o", "x"), ("convert", "x.pt", "-o", "-"), ("diff", "-", "-")]
)
def test_standard_streams_are_no_models(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = ringfence(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")


def test_a_refused_checkpoint_fails_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(checkpoint({"w": b"cposix\nsystem\n(S'true'\ntR"}))
    done = ringfence("convert", "model.pt", "-o", "model.safetensors", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ringfence: error: model.pt: its verdict is malicious: pickle-dangerous-")
    assert os.listdir(tmp_path) == ["model.pt"]


def test_a_comparison_reads_from_the_dangerous_to_the_harmless(models: Path) -> None:
    done = ringfence("diff", "v1", "v2", cwd=models)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "v1  →  v2\n"
        "changed: 1 chat template, 1 code file, 2 files\n"
        "\n"
        "Files  2\n"
        "  ~  clean  chat_template.jinja  7 B\n"
        "  ~  clean  modeling.py  6 B\n"
        "\n"
        "chat_template.jinja  chat template\n"
        "  @@ -1 +1 @@\n"
        "  -{{ x }} (no line feed at the end)\n"
        "  +{{ y }} (no line feed at the end)\n"
        "\n"
        "modeling.py  code\n"
        "  @@ -1 +1 @@\n"
        "  -x = 1\n"
        "  +x = 2\n"
    )


def test_nothing_changed_is_told_and_is_no_failure(models: Path) -> None:
    done = ringfence("diff", "v1", "v1", cwd=models)
    assert (done.returncode, done.stdout) == (0, "v1  →  v1\nnothing changed\n")


def test_what_could_not_be_read_is_no_silence(models: Path) -> None:
    for name in ("v1", "v2"):
        (models / name / "broken").symlink_to("nowhere")
    for name in ("chat_template.jinja", "modeling.py"):
        (models / "v2" / name).write_bytes((models / "v1" / name).read_bytes())
    done = ringfence("diff", "v1", "v2", cwd=models)
    assert done.returncode == 3
    assert "nothing that could be examined changed" in done.stdout
    assert "a link that leads nowhere" in done.stdout


def test_the_document_follows_its_schema(models: Path) -> None:
    done = ringfence("diff", "v1", "v2", "--json", cwd=models)
    document = json.loads(done.stdout)
    schema = json.loads((SCHEMA_FOLDER / "diff-1.json").read_text())
    Draft202012Validator(schema).validate(document)
    assert (document["schema"], document["same"]) == ("ringfence.diff/1", False)


def test_files_of_two_formats_are_each_judged_under_their_own_name(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(checkpoint({"w": tensor((6,), (1,))}))
    ringfence("convert", "a.pt", "-o", "a.safetensors", cwd=tmp_path)
    done = ringfence("diff", "a.pt", "a.safetensors", "--json", cwd=tmp_path)
    document = json.loads(done.stdout)
    (file,) = document["files"]
    formats_and_verdicts = [
        file[f"{side}_{what}"] for what in ("format", "verdict") for side in ("old", "new")
    ]
    assert formats_and_verdicts == ["pytorch", "safetensors", "clean", "clean"]
    assert (document["skipped"], done.returncode) == ([], 1)
