"""What is remembered of a working tree, forged or outrun: nothing is hidden by it."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.sandbox.tree.look import look
from ringfence.sandbox.tree.tree import Tree
from working_trees import Run, start


def _look(run: Run, cache: Path) -> Tree:
    return look(run.tree, cache=cache, now_ns=time.time_ns() + 3_000_000_000)


def _tree(tmp_path: Path) -> tuple[Run, Path, Path]:
    """A tree that was looked at once, the cache's folder, and its file."""
    run, cache = start(tmp_path, repository=False), tmp_path / "cache" / "ringfence"
    for number in range(40):
        (run.tree / f"d{number}").mkdir()
    (run.tree / ".env").write_text("A=1")
    _look(run, cache)
    return run, cache, next(cache.iterdir())


def test_times_that_are_set_back_hide_nothing(tmp_path: Path) -> None:
    run, cache, _ = _tree(tmp_path)
    before = (run.tree / "d5").stat()
    (run.tree / "d5/.env").write_text("A=1")
    os.utime(run.tree / "d5", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [each.path for each in _look(run, cache).secrets] == [f"{run.tree}/.env", f"{run.tree}/d5/.env"]


def test_a_folder_that_takes_another_s_place_is_looked_at(tmp_path: Path) -> None:
    run, cache, _ = _tree(tmp_path)
    (run.tree / "d5/.env").write_text("A=1")
    (run.tree / "d6").rename(run.tree / "gone")
    (run.tree / "d5").rename(run.tree / "d6")
    assert f"{run.tree}/d6/.env" in [each.path for each in _look(run, cache).secrets]


def _others_may_write(file: Path) -> None:
    file.chmod(0o666)


def _a_link(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


def _somebody_else_s(file: Path) -> None:
    os.chown(file, 65534, 65534)


@pytest.mark.parametrize("spoil", [_others_may_write, _a_link, _somebody_else_s])
def test_a_file_that_others_could_have_written_is_not_believed(
    spoil: Callable[[Path], None], tmp_path: Path
) -> None:
    run, cache, file = _tree(tmp_path)
    document = json.loads(file.read_text())
    document["folders"][""][6] = []  # no .env here
    document["folders"][""][5] = []
    file.write_text(json.dumps(document))
    assert _look(run, cache).secrets == (), "what only its owner can write is believed"
    if spoil is _somebody_else_s and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    spoil(file)
    assert [each.path for each in _look(run, cache).secrets] == [f"{run.tree}/.env"]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "{",
            "[]",
            "null",
            '{"version": 1}',
            '{"version": 2, "root": "%R", "folders": {}, "files": {}}',
        ),
        '{"version": 1, "root": "/elsewhere", "folders": {}, "files": {}}',
        '{"version": 1, "root": "%R", "folders": {"": [1]}, "files": {}}',
        '{"version": 1, "root": "%R", "folders": {"": [%S, 0, ["../../etc"], []]}, "files": {}}',
        '{"version": 1, "root": "%R", "folders": {"": [%S, 0, [".."], []]}, "files": {}}',
        '{"version": 1, "root": "%R", "folders": {"": [%S, 0, [], [["s"]]]}, "files": {}}',
        '{"version": 1, "root": "%R", "folders": {"": [%S, 0, [], ["s"]]}, "files": []}',
        '{"version": 1, "root": "%R", "folders": {}, "files": {".env": [[1, 2], null]}}',
        "[" * 100_000,
    ],
)
def test_a_file_that_ringfence_did_not_write_is_as_none(text: str, tmp_path: Path) -> None:
    run, cache, file = _tree(tmp_path)
    status = run.tree.stat()
    state = f"{status.st_dev}, {status.st_ino}, {status.st_mtime_ns}, {status.st_ctime_ns}"
    file.write_text(text.replace("%R", str(run.tree)).replace("%S", state))
    found = _look(run, cache)
    assert (found.folders, [each.path for each in found.secrets]) == (41, [f"{run.tree}/.env"])
