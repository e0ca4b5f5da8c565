import os
import sqlite3
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.core.digests import GitBlobSha1, Sha256
from ringfence.core.inventory import Skipped
from ringfence.endpoint import digest_cache
from ringfence.endpoint.digest_cache import SETTLED_NS, DigestCache, Digests
from ringfence.endpoint.found import FoundFile

DAY_NS = 24 * 60 * 60 * 1_000_000_000
NOW_NS = 2_000_000_000_000_000_000
ONE = Digests(sha256=Sha256("1" * 64))
BOTH = Digests(sha256=Sha256("2" * 64), git_sha1=GitBlobSha1("3" * 40))


def file(**changes) -> FoundFile:
    state = {"device": 1, "inode": 2, "size_bytes": 3, "mtime_ns": 4, "ctime_ns": 5} | changes
    return FoundFile(path=Path("/models/a.gguf"), **state)


def where(tmp_path: Path) -> Path:
    return tmp_path / "ringfence/digests.sqlite"


def open_cache(tmp_path: Path, *, now_ns: int = NOW_NS) -> DigestCache:
    return DigestCache(where(tmp_path), clock=lambda: now_ns)


def filled(tmp_path: Path, *digests: tuple[FoundFile, Digests], now_ns: int = NOW_NS) -> None:
    with open_cache(tmp_path, now_ns=now_ns) as cache:
        for each, known in digests:
            cache.store(each, known, read_from_ns=now_ns)
    assert cache.skipped == ()


def test_a_digest_is_kept_from_one_scan_to_the_next(tmp_path: Path) -> None:
    filled(tmp_path, (file(), ONE), (file(inode=9), BOTH))
    with open_cache(tmp_path) as cache:
        assert (cache.lookup(file()), cache.lookup(file(inode=9))) == (ONE, BOTH)
        assert cache.skipped == ()


@pytest.mark.parametrize("name", ["device", "inode", "size_bytes", "mtime_ns", "ctime_ns"])
def test_a_file_in_another_state_is_not_known(tmp_path: Path, name: str) -> None:
    filled(tmp_path, (file(), ONE))
    with open_cache(tmp_path) as cache:
        assert cache.lookup(file(**{name: 77})) is None


def test_a_file_known_without_its_git_digest_does_not_answer_for_it(tmp_path: Path) -> None:
    filled(tmp_path, (file(), ONE), (file(inode=9), BOTH))
    with open_cache(tmp_path) as cache:
        assert cache.lookup(file(), git_sha1=True) is None
        assert cache.lookup(file(inode=9), git_sha1=True) == BOTH


@pytest.mark.parametrize(
    ("ctime_ns", "kept"),
    [(NOW_NS - SETTLED_NS, True), (NOW_NS - SETTLED_NS + 1, False), (NOW_NS, False), (NOW_NS + 1, False)],
)
def test_a_file_changed_less_than_two_seconds_ago_is_not_kept(
    tmp_path: Path, ctime_ns: int, kept: bool
) -> None:
    filled(tmp_path, (file(ctime_ns=ctime_ns), ONE))
    with open_cache(tmp_path) as cache:
        assert (cache.lookup(file(ctime_ns=ctime_ns)) == ONE) == kept


def test_a_file_takes_one_row_whatever_becomes_of_it(tmp_path: Path) -> None:
    filled(tmp_path, *((file(mtime_ns=n), ONE) for n in range(200)))
    with sqlite3.connect(where(tmp_path)) as database:
        assert database.execute("SELECT count(*) FROM digests").fetchone() == (1,)


@given(st.tuples(*[st.integers(-(2**70), 2**70)] * 5))
def test_numbers_of_any_size_are_kept_apart(tmp_path_factory: pytest.TempPathFactory, numbers) -> None:
    tmp_path = tmp_path_factory.mktemp("cache")
    names = ("device", "inode", "size_bytes", "mtime_ns", "ctime_ns")
    odd = file(**dict(zip(names, numbers, strict=True)))
    with open_cache(tmp_path, now_ns=2**71) as cache:
        cache.store(odd, ONE, read_from_ns=2**71)
    with open_cache(tmp_path) as cache:
        assert cache.lookup(odd) == ONE
        assert cache.skipped == ()


def test_the_longest_unused_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = digest_cache.LIMITS.__class__(cached_digests=3)
    filled(tmp_path, (file(inode=1), ONE), (file(inode=2), ONE), now_ns=NOW_NS)
    with open_cache(tmp_path, now_ns=NOW_NS + 9 * DAY_NS) as cache:
        assert cache.lookup(file(inode=1)) == ONE
    monkeypatch.setattr(digest_cache, "LIMITS", limits)
    filled(tmp_path, (file(inode=3), ONE), (file(inode=4), ONE), now_ns=NOW_NS + 8 * DAY_NS)
    with open_cache(tmp_path) as cache:
        assert [inode for inode in range(9) if cache.lookup(file(inode=inode))] == [1, 3, 4]


def test_the_file_and_its_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    filled(tmp_path, (file(), ONE))
    assert stat.S_IMODE(where(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE(where(tmp_path).parent.stat().st_mode) == 0o700
    where(tmp_path).chmod(0o644)
    filled(tmp_path, (file(), ONE))
    assert stat.S_IMODE(where(tmp_path).stat().st_mode) == 0o600


def refused(tmp_path: Path) -> str:
    """Why a cache is not used, after every operation has been tried on it."""
    with open_cache(tmp_path) as cache:
        cache.store(file(), ONE, read_from_ns=NOW_NS)
        assert cache.lookup(file()) is None
    [skipped] = cache.skipped
    assert skipped == Skipped(kind="digest-cache", subject=str(where(tmp_path)), reason=skipped.reason)
    return skipped.reason


def test_a_damaged_cache_is_left_alone(tmp_path: Path) -> None:
    filled(tmp_path, *((file(inode=n), ONE) for n in range(2000)))
    size = where(tmp_path).stat().st_size
    with where(tmp_path).open("r+b") as database:
        database.seek(200)
        database.write(b"\xff" * (size - 300))
    before = where(tmp_path).read_bytes()
    assert refused(tmp_path) == "it is damaged, or no cache of digests; move it away to start one"
    assert where(tmp_path).read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database" * 100, b"\0" * 5000, os.urandom(9000)])
def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, content: bytes) -> None:
    where(tmp_path).parent.mkdir()
    where(tmp_path).write_bytes(content)
    assert refused(tmp_path) == "it is damaged, or no cache of digests; move it away to start one"
    assert where(tmp_path).read_bytes() == content


def foreign(tmp_path: Path, *statements: str) -> None:
    where(tmp_path).parent.mkdir(exist_ok=True)
    with sqlite3.connect(where(tmp_path)) as database:
        for statement in statements:
            database.execute(statement)
    database.close()


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    foreign(tmp_path, "CREATE TABLE bookmarks (url TEXT)")
    assert refused(tmp_path) == "it is no cache of digests; move it away to start one"


def test_the_cache_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    filled(tmp_path, (file(), ONE))
    foreign(tmp_path, "PRAGMA user_version = 7")
    assert refused(tmp_path) == "another version of ringfence wrote it (7, not 1)"


def test_a_cache_without_its_table_is_left_alone(tmp_path: Path) -> None:
    filled(tmp_path, (file(), ONE))
    foreign(tmp_path, "DROP TABLE digests")
    assert refused(tmp_path) == "SQLite cannot use it: no such table: digests"


def test_rows_that_are_no_digests_are_not_believed(tmp_path: Path) -> None:
    filled(tmp_path, (file(), BOTH))
    for column, value in [
        ("sha256", "'text'"),
        ("sha256", "x'00'"),
        ("git_sha1", "7"),
        ("git_sha1", "x'1234'"),
    ]:
        foreign(tmp_path, f"UPDATE digests SET {column} = {value}")
        with open_cache(tmp_path) as cache:
            assert cache.lookup(file()) is None
            assert cache.skipped == ()
        filled(tmp_path, (file(), BOTH))


def test_a_locked_cache_is_done_without(tmp_path: Path) -> None:
    filled(tmp_path, (file(), ONE))
    other = sqlite3.connect(where(tmp_path), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert refused(tmp_path) == "another program keeps it locked"
    other.close()


def test_a_cache_locked_later_loses_only_what_was_new(tmp_path: Path) -> None:
    filled(tmp_path, (file(), ONE))
    cache = open_cache(tmp_path)
    other = sqlite3.connect(where(tmp_path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    cache.store(file(inode=9), ONE, read_from_ns=NOW_NS)
    assert cache.lookup(file()) == ONE
    cache.close()
    assert [skipped.reason for skipped in cache.skipped] == ["another program keeps it locked"]
    other.close()


def test_two_scans_fill_one_cache(tmp_path: Path) -> None:
    one, other = open_cache(tmp_path), open_cache(tmp_path)
    one.store(file(), ONE, read_from_ns=NOW_NS)
    other.store(file(inode=9), BOTH, read_from_ns=NOW_NS)
    one.close()
    other.close()
    with open_cache(tmp_path) as cache:
        assert (cache.lookup(file()), cache.lookup(file(inode=9))) == (ONE, BOTH)


def test_a_link_a_second_name_or_a_pipe_in_its_place_is_not_used(tmp_path: Path) -> None:
    where(tmp_path).parent.mkdir()
    precious = tmp_path / "precious"
    precious.write_bytes(b"")
    where(tmp_path).symlink_to(precious)
    assert refused(tmp_path) == "symbolic links in a circle"
    where(tmp_path).unlink()
    os.link(precious, where(tmp_path))
    assert refused(tmp_path) == "it has a second name elsewhere"
    where(tmp_path).unlink()
    os.mkfifo(where(tmp_path))
    assert refused(tmp_path) == "it is not a regular file"
    assert precious.read_bytes() == b""


def test_a_folder_that_others_can_write_to_is_not_used(tmp_path: Path) -> None:
    where(tmp_path).parent.mkdir()
    where(tmp_path).parent.chmod(0o777)
    assert refused(tmp_path) == "others can write to its folder"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    where(tmp_path).parent.write_bytes(b"in the way")
    assert refused(tmp_path) in ("file exists", "not a directory")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_somebody_else_is_not_used(tmp_path: Path) -> None:
    filled(tmp_path, (file(), ONE))
    os.chown(where(tmp_path), 12345, -1)
    assert refused(tmp_path) == "it belongs to somebody else"
    os.chown(where(tmp_path).parent, 12345, -1)
    assert refused(tmp_path) == "its folder belongs to somebody else"
