"""How lists of library names are made: a stand-in for a library is looked into, and versions are merged."""

import json
import subprocess
import sys
from pathlib import Path

import allowlist

_LOOK = Path(allowlist.__file__).with_name("allowlist_look.py")
_LIBRARY = '''
import os

class Plain:
    """It may say open( here."""

    def __init__(self, value=0):
        self.value = value
        if value is None:
            raise ValueError("use open(path) for that")

    class Within:
        pass

class Restored:
    def __setstate__(self, state):
        self.fill(state)

    def fill(self, state):
        for path in state:
            shown(path)

def shown(path):
    return open(path).read()

class Called:
    def describe(self):
        return os.system("ls")

class SocketServer:
    pass

class Trouble(Exception):
    pass
'''


def looked(folder: Path, relativedelta: str) -> dict:
    """What pickles may name of a library of this one module, by a process of its own."""
    package = folder / "dateutil"
    (package / "tz").mkdir(parents=True)
    (package / "__init__.py").write_text("__version__ = '1.2+local'\n")
    (package / "tz" / "__init__.py").write_text("")
    (package / "relativedelta.py").write_text(relativedelta)
    done = subprocess.run(
        [sys.executable, "-S", str(_LOOK)],
        env={"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=True,
    )
    found: dict = json.loads(done.stdout.splitlines()[-1])
    return found


def test_only_what_acts_in_nothing_that_runs_while_it_is_restored_is_listed(tmp_path: Path) -> None:
    assert looked(tmp_path, _LIBRARY) == {
        "dateutil": {
            "version": "1.2",
            "names": {"dateutil.relativedelta": ["Called", "Plain", "Plain.Within"]},
            "restored": {},
            "left_out": {
                "dateutil.relativedelta.Restored": "Restored.__setstate__ > Restored.fill > shown: open("
            },
        }
    }


def test_of_several_versions_nothing_is_listed_that_acts_in_one(tmp_path: Path) -> None:
    harmless = _LIBRARY.replace("return open(path).read()", "return path")
    found = [looked(tmp_path / name, text)["dateutil"] for name, text in (("1", _LIBRARY), ("2", harmless))]
    assert "Restored" in found[1]["names"]["dateutil.relativedelta"]
    assert allowlist.merged_names(found) == {
        "names": {"dateutil.relativedelta": {"Called", "Plain", "Plain.Within"}},
        "restored": {},
        "runs_text": {},
    }
