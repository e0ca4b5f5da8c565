"""Headers that somebody has read already are not read again; what nobody has read is."""

from pathlib import Path

from ringfence.app.scan.files import Files, look_at
from ringfence.app.scan.seen import SeenFile
from ringfence.artifacts.examine import examined
from ringfence.core.facts import FactName
from ringfence.endpoint.found import FoundFile

PICKLE = b"cos\nsystem\n(S'true'\ntR."


def test_a_header_that_is_known_is_taken_and_all_others_are_read(tmp_path: Path) -> None:
    found = []
    for name in ("a.pkl", "b.pkl"):
        (tmp_path / name).write_bytes(PICKLE)
        found.append(FoundFile.of(tmp_path / name, (tmp_path / name).stat()))
    told = examined("pickle", {FactName.IMPORTS: ("told",)}, [])
    known = {str(found[0].path): told}
    files = Files(known=known)
    assert [files.meet(each) for each in found] == [None, None]
    read = look_at(found[1].path)
    assert isinstance(read, SeenFile)
    assert list(files.unclaimed(set())) == [SeenFile(found=found[0], examined=told), read]
    assert known == {}
