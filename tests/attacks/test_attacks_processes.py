"""Processes with hostile names, command lines and maps."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real.talking import python_process
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Process
from ringfence.endpoint.linux.drm import parse_fdinfo
from ringfence.endpoint.linux.linux import Linux
from ringfence.endpoint.linux.network import parse_links
from ringfence.endpoint.linux.processes import parse_maps
from ringfence.endpoint.platform import HeldFile
from ringfence.endpoint.processes import find_processes

HOLDS = "import sys; f=open(sys.argv[1],'rb'); print(1,flush=True); sys.stdin.read()"
LINE = b"7f00-7f01 r--p 00000000 fe:01 %d                         %s\n"


def listed(pid: int) -> Process | None:
    found = find_processes(Linux().snapshot(), lambda _path, _id: False)
    return next((p for p in found if isinstance(p, Process) and p.pid == pid), None)


@pytest.mark.parametrize(
    "name", ["\x1b[2J.gguf", "a\nb.gguf", "\u202efgp.gguf", os.fsdecode(b"\xff\xfe.gguf"), "a (deleted).gguf"]
)
def test_a_hostile_file_name_is_harmless_in_the_report_and_true_in_the_path(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"GGUF")
    with python_process(HOLDS, str(path)) as process:
        found = listed(process.pid)
    assert found is not None
    assert found.models == (path,)
    assert all(text.isprintable() for text in (*found.evidence, *found.command))


def test_a_very_long_command_line_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF")
    with python_process(HOLDS, str(path), *(["x" * 100_000] * 5), *(["y"] * 5000)) as process:
        found = listed(process.pid)
    assert found is not None
    assert len(found.command) <= LIMITS.process_arguments
    assert max(map(len, found.command)) <= LIMITS.evidence_chars


def test_a_title_that_a_program_writes_over_its_command_line_is_no_proof() -> None:
    code = "open('/proc/self/comm','w').write('ollama'); print(1,flush=True); input()"
    with python_process(code, "ollama", "serve") as process:
        assert listed(process.pid) is None


def test_a_line_of_maps_that_was_cut_off_is_left_out() -> None:
    whole = LINE % (5, b"/m/a.gguf")
    assert list(parse_maps(whole + whole[:-1])) == [
        HeldFile(path=Path("/m/a.gguf"), id=(os.makedev(0xFE, 1), 5), mapped=True)
    ]


def test_the_same_file_mapped_many_times_is_one_file() -> None:
    assert len(list(parse_maps(LINE % (5, b"/m/a.gguf") * 1000))) == 1


def test_more_maps_than_the_limit_are_not_followed() -> None:
    many = b"".join(LINE % (i, b"/m/%d" % i) for i in range(LIMITS.process_files + 10))
    assert len(list(parse_maps(many))) == LIMITS.process_files


@given(st.binary(max_size=300))
def test_no_bytes_break_the_readers(data: bytes) -> None:
    list(parse_maps(data))
    list(parse_links(data))
    parse_fdinfo(data)


@given(
    st.lists(st.sampled_from([b"7f-7f", b" ", b"r--p", b"fe:01", b"9" * 30, b"/x", b"\n", b"ffffffffff:1"]))
)
def test_no_order_of_the_parts_of_maps_breaks_its_reader(parts: list[bytes]) -> None:
    list(parse_maps(b"".join(parts)))
