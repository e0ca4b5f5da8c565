import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from needs import missing
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tar_headers import members_from
from ringfence.artifacts.tar_holes import is_sparse, with_holes

_TAR = shutil.which("tar")


@pytest.fixture(scope="module", params=["gnu", "0.1", "1.0"])
def packed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A sparse file, and a tar file with it."""
    if _TAR is None:
        missing("tar", "apt install tar")
    folder: Path = tmp_path_factory.mktemp("holes")
    with (folder / "file").open("wb") as file:
        for i in range(40):
            file.seek(i * 65536)
            file.write(b"%d" % i + os.urandom(4000))
        file.truncate(40 * 65536 + 9)
    form = ["-Hgnu"] if request.param == "gnu" else ["-Hpax", f"--sparse-version={request.param}"]
    done = subprocess.run(
        [_TAR, "-cSf", "-", *form, "file"], cwd=folder, capture_output=True, check=True, timeout=60
    )
    return (folder / "file").read_bytes(), done.stdout


def test_a_sparse_file_is_whole_again(packed: tuple[bytes, bytes]) -> None:
    whole, archive = packed
    reader = Reader.of_bytes(archive)
    (member,) = members_from(reader, 0)
    assert is_sparse(member)
    assert member.name == "file"
    filled = with_holes(reader, member)
    assert filled.size_bytes == len(whole) > len(archive)
    assert filled.at(0, filled.size_bytes) == whole
    assert filled.part(65530, 100).at(10, 90) == whole[65540:65630]


@given(st.data())
def test_any_part_of_it_can_be_read(packed: tuple[bytes, bytes], data: st.DataObject) -> None:
    whole, archive = packed
    reader = Reader.of_bytes(archive)
    (member,) = members_from(reader, 0)
    at = data.draw(st.integers(0, len(whole)))
    size = data.draw(st.integers(0, len(whole) - at))
    assert with_holes(reader, member).at(at, size) == whole[at : at + size]
