"""Files are judged by real processes; what happens to those happens to one file at most."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ringfence.app.inspect import inspect
from ringfence.app.judging import Allowed, Judges
from ringfence.app.judging.below import FileToJudge
from ringfence.app.judging.processes import Judging, started
from ringfence.app.scan.files import look_at
from ringfence.app.scan.here import Here
from ringfence.app.scan.request import NoProgress
from ringfence.app.scan.seen import SeenFile
from ringfence.core.facts import FactName
from ringfence.core.inventory import Skipped
from ringfence.core.judged import JudgedFile
from ringfence.core.verdicts import Verdict

PLAIN = b"\x80\x04]."
LARGE = b"[" + b'"0123456789abcdef",' * 400_000 + b"0]"
CALLS = b"cos\nsystem\n(S'true'\ntR."


def to_judge(path: Path) -> FileToJudge:
    return FileToJudge(path=path, name=path.name)


def verdicts(files: list[Path], allowed: Allowed | None = None) -> list[Verdict]:
    with Judges(allowed or Allowed(), processes=2) as judges:
        answers = list(judges.judge(map(to_judge, files)))
    assert not any(isinstance(each, Skipped) for each in answers)
    return [each.verdict for each in answers if isinstance(each, JudgedFile)]


def test_many_files_come_back_in_their_order(tmp_path: Path) -> None:
    files = []
    for number in range(60):
        files.append(tmp_path / f"{number}.pkl")
        files[-1].write_bytes(CALLS if number % 3 == 0 else PLAIN)
    expected = [Verdict.MALICIOUS if number % 3 == 0 else Verdict.CLEAN for number in range(60)]
    assert verdicts(files) == expected


def test_a_name_that_is_no_utf8_is_judged_like_any_other(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.pkl"))
    path.write_bytes(CALLS)
    assert verdicts([path]) == [Verdict.MALICIOUS]


def test_what_cannot_be_opened_is_skipped_with_its_reason(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pkl")
    with Judges(Allowed(), processes=1) as judges:
        (answer,) = judges.judge([to_judge(tmp_path / "pipe.pkl")])
    assert answer == Skipped(kind="file", subject=str(tmp_path / "pipe.pkl"), reason="not a regular file")


def test_a_process_that_dies_costs_one_file_and_not_the_next(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(PLAIN)
    with Judges(Allowed(), processes=1) as judges:
        process = judges._all[0]._process
        assert process
        os.kill(process.pid, signal.SIGKILL)
        answers = list(judges.judge([to_judge(path), to_judge(path)]))
    assert [each.verdict for each in answers if isinstance(each, JudgedFile)] == [
        Verdict.INCONCLUSIVE,
        Verdict.CLEAN,
    ]


def test_a_process_that_does_not_answer_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.app.judging.judges._GRACE_S", 0.0)
    path = tmp_path / "a.pkl"
    path.write_bytes(PLAIN)
    with Judges(Allowed(seconds=0.2), processes=1) as judges:
        process = judges._all[0]._process
        assert process
        os.kill(process.pid, signal.SIGSTOP)
        (answer,) = judges.judge([to_judge(path)])
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)
    assert isinstance(answer, JudgedFile)
    assert (answer.verdict, answer.findings[0].evidence) == (
        Verdict.INCONCLUSIVE,
        ("takes longer than 0.2 s",),
    )


def test_one_that_breaks_off_costs_none_of_the_files_it_was_asked_about_ahead(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(CALLS)
    with Judges(Allowed(), processes=1) as judges:
        process = judges._all[0]._process
        assert process
        os.kill(process.pid, signal.SIGKILL)
        answers = list(judges.judge([to_judge(path)] * 100))
    found = [each.verdict for each in answers if isinstance(each, JudgedFile)]
    assert found == [Verdict.INCONCLUSIVE, *[Verdict.MALICIOUS] * 99]


def test_files_are_judged_beside_what_else_is_done(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(CALLS)
    with Judges(Allowed(), processes=2) as judges:
        assert judges._beside is None
        answers = judges.judge_beside([to_judge(path)] * 40)
        assert judges._beside is not None
        judges._beside.join(60)
        assert not judges._beside.is_alive()
        found = [each.verdict for each, _ in answers if isinstance(each, JudgedFile)]
    assert found == [Verdict.MALICIOUS] * 40


def test_what_a_header_says_comes_with_the_verdict_where_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(CALLS)
    seen = look_at(path)
    assert isinstance(seen, SeenFile)
    assert seen.examined.facts[FactName.IMPORTS] == ("os.system",)
    asked = FileToJudge(path=path, name="a.pkl", with_header=True)
    with Judges(Allowed(), processes=1) as judges:
        (_, header), (_, none) = judges.judge_beside([asked, to_judge(path)])
    assert (header, none) == (seen.examined, None)


def test_a_file_of_which_the_process_was_lost_is_looked_at_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder := tmp_path / "folder").mkdir()
    (folder / "a.pkl").write_bytes(CALLS)
    here = Here(
        environment={"HOME": str(tmp_path)},
        platform=lambda: None,
        now=lambda: datetime.now(UTC),
        digest_cache=tmp_path / "digests.sqlite",
        cores=1,
        door=pytest.fail,
    )

    def lost(allowed: Allowed) -> Judging:
        process = started(allowed)
        process.kill()
        return process

    monkeypatch.setattr("ringfence.app.judging.judges.started", lost)
    found = inspect(folder, here, NoProgress(), hashed=False)
    assert [each.verdict for each in found.judged] == [Verdict.INCONCLUSIVE]
    assert [file.facts[FactName.IMPORTS] for model in found.models for file in model.files] == [
        ("os.system",)
    ]


def test_whoever_leaves_early_does_not_wait_for_what_is_judged_beside(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(CALLS)
    with Judges(Allowed(seconds=600), processes=2) as judges:
        for each in judges._all:
            assert each._process
            os.kill(each._process.pid, signal.SIGSTOP)
        judges.judge_beside([to_judge(path)] * 40)
        beside = judges._beside
    assert beside is not None
    assert not beside.is_alive()
    assert [each._process for each in judges._all] == [None, None]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_a_process_that_judges_holds_nothing_of_the_scan_or_of_another_one(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(CALLS)
    with path.open("rb"), Judges(Allowed(), processes=3) as judges:
        list(judges.judge([to_judge(path)] * 3))
        held = {
            os.readlink(f"/proc/{each._process.pid}/fd/{fd}")
            for each in judges._all
            if each._process
            for fd in os.listdir(f"/proc/{each._process.pid}/fd")
        }
        pipes = {each for each in held if each.startswith("pipe:")}
    assert held - pipes == {"/dev/null"}
    assert len(pipes) == 6


def test_too_little_memory_is_inconclusive_and_never_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A copy of this process might have so much free memory already that it need not ask for more.
    monkeypatch.setattr("ringfence.app.judging.processes._may_fork", lambda: False)
    path = tmp_path / "a.json"
    path.write_bytes(LARGE)
    assert verdicts([path]) == [Verdict.CLEAN]
    assert verdicts([path], Allowed(memory_bytes=32 << 20)) == [Verdict.INCONCLUSIVE]


_ONE_THAT_FORKS = """
import mmap, sys
from pathlib import Path
from ringfence.app.judging import Allowed, FileToJudge, Judges

mapped = mmap.mmap(-1, 1 << 30)
with Judges(Allowed(memory_bytes=32 << 20), processes=1) as judges:
    assert judges._all[0]._process.child is None
    for path in map(Path, sys.argv[1:]):
        for answer in judges.judge([FileToJudge(path=path, name=path.name)]):
            print(path.name, answer.verdict, *(each.evidence[0] for each in answer.findings), sep=": ")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_a_forked_process_has_the_memory_that_is_allowed_beside_what_was_there_already(
    tmp_path: Path,
) -> None:
    small, large = tmp_path / "small.json", tmp_path / "large.json"
    small.write_bytes(b"[0]")
    large.write_bytes(LARGE)
    done = subprocess.run(
        (sys.executable, "-I", "-c", _ONE_THAT_FORKS, str(small), str(large), str(small)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "small.json: clean",
        "large.json: inconclusive: needs more memory than is allowed",
        "small.json: clean",
    ]
