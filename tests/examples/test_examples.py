"""The examples do what they say: their own lines are run, over real trees."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from imaging import layer, saved_image
from ringfence.app.demo.entries import shipped
from ringfence.cli.parser import make_parser

TOP = Path(__file__).parents[2]
ACTION = yaml.safe_load((TOP / "examples/github-action/action.yml").read_text())
WEIGHTS, OTHER = shipped("embedder.safetensors"), shipped("lora.safetensors")
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "model.safetensors").write_bytes(WEIGHTS)
    run(["ringfence", "lock"], root)
    return root


def run(command: list[str], cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": PATH, "HOME": str(cwd.parent), "LANG": "C.UTF-8", **more}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def action(cwd: Path, **inputs: str) -> tuple[int, str]:
    """Runs the action's steps as the runner does; the exit status and the summary."""
    values = {
        key: inputs.get(key.replace("-", "_"), each["default"]) for key, each in ACTION["inputs"].items()
    }
    summary = cwd.parent / "summary.md"
    for step in ACTION["runs"]["steps"]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
        named = {
            key: text.removeprefix("${{ inputs.").removesuffix(" }}") for key, text in step["env"].items()
        }
        env = {key: values[name] for key, name in named.items()}
        script = cwd.parent / "step.sh"
        script.write_text(step["run"])
        bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        done = run(bash, cwd, GITHUB_STEP_SUMMARY=str(summary), **env)
        if done.returncode:
            return done.returncode, summary.read_text()
    return 0, summary.read_text()


def test_the_action_passes_what_is_as_locked_and_fails_on_what_is_not(tree: Path) -> None:
    status, summary = action(tree)
    assert (status, summary.splitlines()[-1]) == (0, "    1 model, 0 references: as locked")
    (tree / "model.safetensors").write_bytes(OTHER)
    status, summary = action(tree)
    assert status == 1
    assert "high lock-digest-differs  model.safetensors" in summary


def test_the_action_takes_a_use_a_list_of_bad_digests_and_a_severity(tree: Path, tmp_path: Path) -> None:
    assert action(tree, use="production")[0] == 1  # no license is stated
    assert action(tree, use="production", fail_on="high")[0] == 0
    feed = tmp_path / "bad.txt"
    feed.write_text("a" * 64)
    assert action(tree, bad_digests=str(feed))[0] == 0


def test_the_action_checks_an_image_that_docker_saved(tree: Path, tmp_path: Path) -> None:
    image = saved_image(tmp_path / "app.tar", layer(("opt/model.safetensors", WEIGHTS)))
    assert run(["ringfence", "lock", str(image), "--lock", "image.lock"], tree).returncode == 0
    assert action(tree, path=str(image), lock="image.lock")[0] == 0
    saved_image(image, layer(("opt/model.safetensors", OTHER)))
    assert action(tree, path=str(image), lock="image.lock")[0] == 1


def test_what_an_input_says_is_never_run(tree: Path) -> None:
    assert action(tree, path="$(touch owned); `touch owned`; --help")[0] == 3
    assert not (tree / "owned").exists()


def test_the_workflow_uses_inputs_that_the_action_has() -> None:
    workflow = yaml.safe_load((TOP / "examples/github-action/workflow.yml").read_text())
    steps = [each for each in workflow["jobs"]["lock"]["steps"] if "ringfence" in each.get("uses", "")]
    assert steps
    assert all(step["with"].keys() <= ACTION["inputs"].keys() for step in steps)


def test_the_hooks_check_and_write_the_lock(tree: Path) -> None:
    hooks = {each["id"]: each for each in yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text())}
    example = yaml.safe_load((TOP / "examples/pre-commit/.pre-commit-config.yaml").read_text())
    (used,) = example["repos"][0]["hooks"]
    make_parser().parse_args([*shlex.split(hooks[used["id"]]["entry"])[1:], *used["args"]])
    check = shlex.split(hooks["ringfence-lock"]["entry"])
    assert run(check, tree).returncode == 0
    (tree / "model.safetensors").write_bytes(OTHER)
    assert run(check, tree).returncode == 1
    before = (tree / "models.lock").read_text()
    assert run(shlex.split(hooks["ringfence-lock-update"]["entry"]), tree).returncode == 0
    assert (tree / "models.lock").read_text() != before
    assert run(check, tree).returncode == 0


def test_pre_commit_takes_the_hooks_for_valid() -> None:
    done = run(
        [
            str(Path(sys.executable).parent / "pre-commit"),
            "validate-manifest",
            str(TOP / ".pre-commit-hooks.yaml"),
        ],
        TOP,
    )
    assert done.returncode == 0, done.stdout
