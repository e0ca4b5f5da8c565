"""The hooks in a git repository: pre-commit itself runs them when somebody commits."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ringfence.app.demo.entries import shipped

TOP = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
WEIGHTS, OTHER = shipped("embedder.safetensors"), shipped("lora.safetensors")


class Repository:
    """A git repository whose commits pre-commit looks at, as the example sets it up."""

    def __init__(self, top: Path, environment: dict[str, str]) -> None:
        self.top, self.environment = top, environment
        top.mkdir()
        self.must("git", "init", "--quiet", "--initial-branch=main")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.top, env=self.environment, capture_output=True, text=True, check=False
        )

    def must(self, *command: str) -> str:
        done = self.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def commit(self, message: str) -> subprocess.CompletedProcess[str]:
        self.must("git", "add", "--all")
        return self.run("git", "commit", "--quiet", "--message", message)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    names = {
        f"GIT_{role}_{what}": "a@example.com"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    return {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "PRE_COMMIT_HOME": str(tmp_path / "pre-commit"),
        **names,
    }


@pytest.fixture
def repository(tmp_path: Path, environment: dict[str, str]) -> Repository:
    """The example's configuration, with the hooks of this tree in the place of a released one's."""
    hooks = Repository(tmp_path / "hooks", environment)
    (hooks.top / ".pre-commit-hooks.yaml").write_bytes((TOP / ".pre-commit-hooks.yaml").read_bytes())
    hooks.commit("hooks")
    example = yaml.safe_load((TOP / "examples/pre-commit/.pre-commit-config.yaml").read_text())
    (used,) = example["repos"]
    used |= {"repo": str(hooks.top), "rev": hooks.must("git", "rev-parse", "HEAD")}
    for each in used["hooks"]:
        each |= {"language": "unsupported", "args": []}  # installed here already; no license is stated
    made = Repository(tmp_path / "tree", environment)
    (made.top / ".pre-commit-config.yaml").write_text(yaml.safe_dump(example))
    (made.top / "model.safetensors").write_bytes(WEIGHTS)
    made.must("ringfence", "lock")
    made.must("pre-commit", "install")
    return made


def test_a_commit_of_models_that_are_as_locked_goes_through(repository: Repository) -> None:
    done = repository.commit("the model, locked")
    assert done.returncode == 0, done.stdout + done.stderr
    assert repository.must("git", "log", "--format=%s") == "the model, locked"


def test_a_commit_of_another_model_stops_until_it_is_locked(repository: Repository) -> None:
    assert repository.commit("one").returncode == 0
    (repository.top / "model.safetensors").write_bytes(OTHER)
    stopped = repository.commit("two")
    assert stopped.returncode == 1
    assert "models are as locked" in stopped.stdout + stopped.stderr
    assert "lock-digest-differs" in stopped.stdout + stopped.stderr
    assert repository.must("git", "log", "--format=%s") == "one"
    repository.must("ringfence", "lock")
    assert repository.commit("two").returncode == 0


def test_the_hook_that_locks_stops_the_commit_once_so_that_the_lock_is_looked_at(
    repository: Repository,
) -> None:
    configuration = repository.top / ".pre-commit-config.yaml"
    stated = yaml.safe_load(configuration.read_text())
    stated["repos"][0]["hooks"] = [{"id": "ringfence-lock-update", "language": "unsupported"}]
    configuration.write_text(yaml.safe_dump(stated))
    (repository.top / "model.safetensors").write_bytes(OTHER)
    before = (repository.top / "models.lock").read_text()
    assert repository.commit("one").returncode == 1
    assert (repository.top / "models.lock").read_text() != before
    assert repository.commit("one").returncode == 0
