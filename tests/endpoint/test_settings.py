"""Settings files of every syntax, and what happens to those that are none."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.endpoint.settings import read_json, read_jsonc, read_toml, read_yaml

READERS = (read_json, read_jsonc, read_toml, read_yaml)


def file(folder: Path, data: bytes) -> Path:
    path = folder / "settings"
    path.write_bytes(data)
    return path


def test_each_syntax_reads_its_own(tmp_path: Path) -> None:
    assert read_json(file(tmp_path, b'{"a": [1]}')) == {"a": [1]}
    assert read_jsonc(file(tmp_path, b"\xef\xbb\xbf{a: [1,],} // x")) == {"a": [1]}
    assert read_toml(file(tmp_path, b"[a]\nb = 1\nc = 1979-05-27")) == {"a": {"b": 1, "c": "1979-05-27"}}
    assert read_yaml(file(tmp_path, b"a:\n  - yes\n  - 1.5\n  - 2001-01-01\n")) == {
        "a": ["yes", "1.5", "2001-01-01"]
    }


@pytest.mark.parametrize("read", READERS)
def test_no_file_is_none(tmp_path: Path, read) -> None:
    assert read(tmp_path / "none") is None


@pytest.mark.parametrize("read", READERS)
def test_a_fifo_a_folder_and_a_loop_are_skipped_at_once(tmp_path: Path, read) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert [read(tmp_path / name).reason for name in ("fifo", "loop", ".")] == [
        "not a regular file",
        "symbolic links in a circle",
        "not a regular file",
    ]


@pytest.mark.parametrize(
    ("read", "data", "reason"),
    [
        (read_json, b"{1}", "not valid JSON"),
        (read_json, b"\xff\xfe", "not valid JSON"),
        (read_jsonc, b"{a}", "not valid JSON, not even with comments"),
        (read_jsonc, b"[" * 100_000, "not valid JSON, not even with comments"),
        (read_jsonc, b"[1," * LIMITS.relaxed_json_bytes, "not valid JSON, and larger than 1048576 bytes"),
        (read_jsonc, b" " * LIMITS.config_bytes + b"1", f"larger than {LIMITS.config_bytes} bytes"),
        (read_toml, b"a = [" * 20_000, "not valid TOML"),
        (read_toml, b"a = '\xff'", "not valid TOML"),
        (read_toml, b".".join([b"a"] * 65) + b" = 1", "TOML with a key of more than 64 parts"),
        (read_yaml, b"a: &x [1]\nb: *x", "YAML with aliases"),
        (read_yaml, b"[" * 100_000, "not valid YAML"),
        (read_yaml, b"a: b: c", "not valid YAML"),
        (read_yaml, b"? [a]\n: b", "not valid YAML"),
        (read_yaml, b"---\n1\n---\n2", "not valid YAML"),
    ],
)
def test_what_cannot_be_read_is_skipped_in_our_own_words(
    tmp_path: Path, read, data: bytes, reason: str
) -> None:
    path = file(tmp_path, data[: LIMITS.config_bytes + 1])
    if read is read_jsonc and b"1," in data:
        path = file(tmp_path, data[: LIMITS.relaxed_json_bytes + 1])
    assert read(path) == Skipped(kind="file", subject=str(path), reason=reason)


def test_a_tag_builds_no_object(tmp_path: Path) -> None:
    assert read_yaml(file(tmp_path, b"a: !!python/object/apply:os.system ['touch /nowhere']")) == {
        "a": ["touch /nowhere"]
    }


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_value_or_skipped(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = file(tmp_path_factory.getbasetemp(), data)
    for read in READERS:
        value = read(path)
        assert isinstance(value, Skipped) or json.dumps(value) is not None
