"""What a box plants for ringfence itself: modules and start files that its next start would load outside."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from real.running import PATIENCE_S, Place, place

_MAIN = "from ringfence.cli.main import main; import sys; sys.exit(main(sys.argv[1:]))"
_UNKEPT = "from ringfence.app.running import prepare; prepare.kept_code = lambda *_: (); " + _MAIN
_PLANT = 'echo \'import os; os.mkdir(os.environ["HOME"] + "/ran")\' >> '
_SITE = f"python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def _installed(here: Place) -> Path:
    """A virtual environment of the project's own, as people make it, with ringfence installed in it."""
    environment = here.tree / ".venv"
    packages = environment / "lib" / _SITE
    packages.mkdir(parents=True)
    (environment / "bin").mkdir()
    (environment / "bin/python3").symlink_to(f"/usr/bin/{Path(sys.executable).resolve().name}")
    (environment / "pyvenv.cfg").write_text("home = /usr/bin\n")
    source = Path(__file__).parents[2] / "src"
    (packages / "ringfence.pth").write_text(f"{sysconfig.get_path('purelib')}\n{source}\n")
    return environment


def _run(here: Place, python: Path | str, script: str, *, main: str = _MAIN, **more: str) -> str:
    done = subprocess.run(
        [str(python), "-c", main, "run", "--", "sh", "-c", script],
        cwd=here.tree,
        env={**here.environment, **more},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return done.stderr


@pytest.mark.parametrize("planted", [f"lib/{_SITE}/ringfence.pth", f"lib/{_SITE}/another.pth"])
def test_a_box_cannot_change_the_environment_that_ringfence_is_installed_in(planted: str) -> None:
    with place() as here:
        environment = _installed(here)
        python = environment / "bin/python3"
        script = f"{_PLANT} .venv/{planted}; mv .venv away"
        told = _run(here, python, script)
        assert f"{environment} is read-only in the box" in told
        assert ("Read-only file system" in told, "busy" in told) == (True, True)
        _run(here, python, "true")
        assert not (here.home / "ran").exists()
        _run(here, python, f"{_PLANT} .venv/{planted}", main=_UNKEPT)
        _run(here, python, "true", main=_UNKEPT)
        assert (here.home / "ran").exists()


def test_a_folder_of_modules_in_the_tree_is_read_only_and_the_tree_itself_is_refused_as_one() -> None:
    with place() as here:
        (here.tree / "src").mkdir()
        told = _run(here, sys.executable, f"{_PLANT} src/sitecustomize.py", PYTHONPATH="src")
        assert "Read-only file system" in told
        assert list((here.tree / "src").iterdir()) == []
        told = _run(here, sys.executable, "echo > begun", PYTHONPATH=f"{here.tree}:/elsewhere")
        assert "a box could change them" in told
        assert here.names() == ["src"]
        _run(here, sys.executable, f"{_PLANT} sitecustomize.py", main=_UNKEPT, PYTHONPATH=str(here.tree))
        _run(here, sys.executable, "true", main=_UNKEPT, PYTHONPATH=str(here.tree))
        assert (here.home / "ran").exists()


def test_modules_that_lie_where_people_stand_are_not_loaded(tmp_path: Path) -> None:
    """The program that is installed looks for modules beside itself, and never in the current folder."""
    with place(executed=True) as here:
        for name in ("yaml.py", "json.py", "sitecustomize.py", "usercustomize.py", "ringfence.py"):
            here.write(name, "import os; os.mkdir(os.environ['HOME'] + '/ran')\n")
        here.write(".pdbrc", "import os")
        assert here.run("true").exit == 0
        assert not (here.home / "ran").exists()
