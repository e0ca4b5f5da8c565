"""Names that somebody replaces over which something stands in a box."""

import os
import select
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from boxes import bind, made
from ringfence.sandbox import covers as covers_module
from ringfence.sandbox.covers import Covering, Covers
from ringfence.sandbox.plan import Mount, MountKind


@pytest.fixture
def mounts(tmp_path: Path) -> tuple[Mount, ...]:
    (tmp_path / "folder/inner").mkdir(parents=True)
    for name in (".env", "folder/inner/.env", "other"):
        (tmp_path / name).write_text("x")
    tree = str(tmp_path)
    return (
        bind("/usr", MountKind.READ),
        bind(tree, MountKind.WRITE),
        bind(f"{tree}/folder", MountKind.READ),
        made(f"{tree}/.env", MountKind.EMPTY_FILE),
        made(f"{tree}/folder/inner/.env", MountKind.EMPTY_FILE),
        made("/etc/passwd", MountKind.FILE),
    )


@pytest.fixture
def covers(mounts: tuple[Mount, ...]) -> Iterator[Covers]:
    with Covers(mounts) as made_covers:
        yield made_covers


def _replaced(covers: Covers, tree: Path) -> list[str]:
    return [str(Path(each.target).relative_to(tree)) for each in covers.replaced()]


def _wait_for_closing() -> None:
    for each in threading.enumerate():
        if each.name == "covers":
            each.join()


def _is_readable(covers: Covers) -> bool:
    return bool(select.select([covers], [], [], 0)[0])


def test_a_file_that_is_renamed_over_one_or_made_anew_is_told_once(covers: Covers, tmp_path: Path) -> None:
    assert (_is_readable(covers), _replaced(covers, tmp_path)) == (False, [])
    os.replace(tmp_path / "other", tmp_path / ".env")
    assert _is_readable(covers)
    assert _replaced(covers, tmp_path) == [".env"]
    assert _replaced(covers, tmp_path) == []
    (tmp_path / ".env").unlink()
    (tmp_path / ".env").touch()
    assert _replaced(covers, tmp_path) == [".env"]


def test_what_happens_to_other_names_and_to_what_is_in_a_file_is_not(covers: Covers, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("more")
    (tmp_path / "another").write_text("more")
    assert _replaced(covers, tmp_path) == []


def test_with_a_folder_goes_what_is_covered_below_it_and_is_heard_again(
    covers: Covers, tmp_path: Path
) -> None:
    (tmp_path / "folder").rename(tmp_path / "old")
    (tmp_path / "folder/inner").mkdir(parents=True)
    assert _replaced(covers, tmp_path) == ["folder", "folder/inner/.env"]
    (tmp_path / "folder/inner/.env").touch()
    assert _replaced(covers, tmp_path) == ["folder/inner/.env"]


def test_when_too_much_happened_to_be_told_everything_is_covered_again(
    covers: Covers, tmp_path: Path
) -> None:
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for number in range(most + 2):  # the kernel counts two that are alike and follow each other as one
        os.rename(tmp_path / ("other", "another")[number % 2], tmp_path / ("another", "other")[number % 2])
    assert _replaced(covers, tmp_path) == ["folder", ".env", "folder/inner/.env"]


def test_one_that_stays_bare_is_known_until_it_is_covered(mounts: tuple[Mount, ...], tmp_path: Path) -> None:
    answers = iter([{f"{tmp_path}/.env": 1}, {}])
    put: list[int] = []
    with Covers(mounts) as covers:
        covering = Covering(covers, lambda covers: put.append(len(covers)) or next(answers))  # type: ignore[func-returns-value]
        covering.cover()
        for bare in ({f"{tmp_path}/.env": 1}, {}):
            (tmp_path / ".env").unlink()
            (tmp_path / ".env").touch()
            covering.cover()
            assert covering.bare == bare
    assert put == [1, 1]


def test_where_the_kernel_watches_no_more_that_is_said(
    mounts: tuple[Mount, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(24, "too many")

    monkeypatch.setattr(covers_module.kernel, "inotify", full)
    with Covers(mounts) as covers:
        assert (covers.unheard, _is_readable(covers), covers.replaced()) == (24, False, ())


def test_what_was_closed_is_closed_once_and_no_other_descriptor_with_it(mounts: tuple[Mount, ...]) -> None:
    with Covers(mounts) as covers:
        number = covers.fileno()
        covers.close()
        _wait_for_closing()
        read, write = os.pipe()
        os.dup2(read, number)
    _wait_for_closing()
    assert os.path.samestat(os.fstat(number), os.fstat(write))
    for fd in {read, write, number}:
        os.close(fd)
