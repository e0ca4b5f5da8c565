"""`ringfence bom` as people run it: whole processes over the demo home, what they write and how they end."""

import json
import os
import subprocess
from pathlib import Path

import pytest

import forked
from ringfence.cli.options import BILL_FORMATS
from validating import valid_cyclonedx, valid_spdx

TIME = {"SOURCE_DATE_EPOCH": "1767323045"}
COMMIT = "3f8b5c0e9d4a7126c3b1e0f5a8d92746e1c0b7f3"


def bom(
    *arguments: str | Path, home: Path, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **environment}
    return forked.ringfence("bom", *arguments, env=variables, cwd=cwd)


def test_the_hubs_cache_becomes_a_cyclonedx_bill_with_hashes_and_package_urls(
    demo_home: Path, tmp_path: Path
) -> None:
    hub = demo_home / ".cache" / "huggingface"
    done = bom(hub, home=tmp_path, HF_HOME=str(hub))
    assert (done.returncode, done.stderr) == (0, "")
    document = valid_cyclonedx(done.stdout)
    assert document["specVersion"] == "1.6"
    chat = next(each for each in document["components"] if each["name"] == "acme/tiny-chat")
    assert chat["purl"] == f"pkg:huggingface/acme/tiny-chat@{COMMIT}"
    assert all(len(each["hashes"][0]["content"]) == 64 for each in chat["components"])
    assert {each["id"] for each in document["vulnerabilities"]} == {"digest-mismatch"}


def test_a_snapshot_folder_named_on_its_own_is_the_model_with_its_package_url(
    demo_home: Path, tmp_path: Path
) -> None:
    snapshot = demo_home / ".cache/huggingface/hub/models--acme--tiny-chat/snapshots" / COMMIT
    done = bom(snapshot, "--format", "cyclonedx-1.7", home=tmp_path)
    (model,) = valid_cyclonedx(done.stdout)["components"]
    assert (done.returncode, model["purl"]) == (0, f"pkg:huggingface/acme/tiny-chat@{COMMIT}")


def test_one_loose_file_becomes_an_spdx_bill_in_a_file(demo_home: Path, tmp_path: Path) -> None:
    out = tmp_path / "bill.json"
    done = bom(
        "helpful-8b-Q4_0.gguf",
        "--format",
        "spdx-3.0",
        "-o",
        out,
        home=tmp_path,
        cwd=demo_home / "Downloads",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found = valid_spdx(out.read_text())
    assert found["model-1"]["name"] == "helpful-8b-Q4_0.gguf"
    assert found["model-1-base-1"]["name"] == "meta-llama/Llama-3.1-8B"
    assert found["model-1-file-1"]["verifiedUsing"][0]["algorithm"] == "sha256"


@pytest.mark.parametrize("format_", BILL_FORMATS)
def test_all_models_of_the_demo_home_make_a_valid_bill_twice_the_same(
    demo_home: Path, tmp_path: Path, format_: str
) -> None:
    one, other = (
        bom(demo_home, "--no-hash", "--format", format_, home=tmp_path, **TIME).stdout for _ in range(2)
    )
    assert one == other
    if format_ == "spdx-3.0":
        found = valid_spdx(one)
        assert sum(each["type"] == "ai_AIPackage" for each in found.values()) == 33
        assert found["model-1"]["releaseTime"] == "2026-01-02T03:04:05Z"
    else:
        document = valid_cyclonedx(one)
        kinds = [each["type"] for each in document["components"]]
        assert kinds.count("machine-learning-model") == 33
        assert document["metadata"]["timestamp"] == "2026-01-02T03:04:05Z"
    assert str(demo_home) not in one


def test_a_part_that_cannot_be_examined_ends_with_three_and_an_incomplete_bill(
    demo_home: Path, tmp_path: Path
) -> None:
    done = bom(demo_home, "--no-hash", home=tmp_path)
    assert done.returncode == 3
    assert json.loads(done.stdout)["compositions"][0]["aggregate"] == "incomplete"


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "error"),
    [
        (["nowhere"], {}, 3, "there is no such file or folder"),
        (["notes.txt"], {}, 3, "notes.txt: there is no model here"),
        (["notes.txt"], {"SOURCE_DATE_EPOCH": "yesterday"}, 2, "SOURCE_DATE_EPOCH is no time"),
        (["notes.txt"], {"SOURCE_DATE_EPOCH": "9" * 12}, 2, "SOURCE_DATE_EPOCH is no time"),
        (["tiny.gguf", "-o", "no/such/folder"], {}, 2, "no/such/folder: no such file or directory"),
    ],
)
def test_what_cannot_be_done_is_told_in_two_lines(
    demo_home: Path,
    tmp_path: Path,
    arguments: list[str],
    environment: dict[str, str],
    status: int,
    error: str,
) -> None:
    (tmp_path / "notes.txt").write_text("nothing to see")
    (tmp_path / "tiny.gguf").write_bytes((demo_home / "Downloads" / "helpful-8b-Q4_0.gguf").read_bytes())
    done = bom(*arguments, home=tmp_path, cwd=tmp_path, **environment)
    assert (done.returncode, done.stdout) == (status, "")
    told = done.stderr.splitlines()
    assert told[0].startswith("ringfence: error: ")
    assert told[0].endswith(error)
    assert told[1].startswith("ringfence: hint: ")
    assert len(told) == 2
