"""A command loads what it needs and no more: most of the time that a small file takes is spent on imports."""

import os
import pickle
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

# Modules of ours and of others that cost much to load, and what a command needs them for.
_FORMS = {"jinja2", "rich", "rich.table", "ringfence.app.reports", "ringfence.cli.tables"}
_SIGNING = {"cryptography", "ringfence.artifacts.signing"}
_LIBRARIES = {"numpy", "h5py", "py7zr", "lz4", "importlib.metadata", "concurrent.futures", "email", "logging"}
_WHAT_JUDGES = {
    "ringfence.artifacts.pickles",
    "ringfence.artifacts.pickles.judge",
    "ringfence.artifacts.companions",
    "ringfence.artifacts.judging",
    "ringfence.artifacts.texts",
    "ringfence.artifacts.code",
    "ringfence.artifacts.configurations",
    "ringfence.artifacts.graphs.onnx_judge",
    "ringfence.artifacts.tensorflow_judge",
    "ringfence.artifacts.keras_config",
}
_POLICY = {"yaml", "ringfence.policy.load"}  # everything that is seen is judged by it
_LICENSES = {"ringfence.artifacts.licenses"}
# What only other documents than the starter, operators, and those who read the ledger take.
_FOR_OTHERS = {
    *_POLICY,
    "ringfence.policy.shapes",
    "ringfence.policy.sentences",
    "ringfence.policy.trust",
    "ringfence.gate.approvals",
    "ringfence.ledger.event_types",
    "ringfence.ledger.postgresql",
    "ringfence.core.inventory",
    "uuid",
}
_OPTIONS = {"argparse", "gettext", "locale", "ringfence.cli.parser", "ringfence.cli.parsers"}
# What a box takes that is kept, answered, bounded or refused, as few are.
_OTHER_BOXES = {
    "ringfence.ledger.events.effect_failed",
    "ringfence.ledger.events.egress_opened",
    "ringfence.ledger.events.policy_refused",
    "ringfence.ledger.events.ports_published",
    "ringfence.sandbox.kept_homes",
    "ringfence.sandbox.key_answers",
    "ringfence.sandbox.known_failures",
    "ringfence.sandbox.linux.cgroups",
    "ringfence.sandbox.linux.seccomp.program",
    "ringfence.sandbox.planning.authority_forms",
    "ringfence.sandbox.publishing",
    "ringfence.sandbox.signed_in",
}
_USES = {"ringfence.app", "ringfence.artifacts", "ringfence.endpoint", "dataclasses", "json"}

_LIST_OF_MODULES = """
import atexit, sys
from ringfence.cli.main import main
atexit.register(lambda: print(*sys.modules, sep="\\n", file=sys.stderr))
sys.exit(main(sys.argv[1:]))
"""


def test_what_should_not_be_loaded_exists() -> None:
    ours = {
        each
        for each in (
            *_OPTIONS,
            *_OTHER_BOXES,
            *_FORMS,
            *_FOR_OTHERS,
            *_SIGNING,
            *_WHAT_JUDGES,
            *_LICENSES,
            *_USES,
        )
        if "ringfence" in each
    }
    assert {each for each in ours if find_spec(each) is None} == set()


def loaded(*arguments: str, home: Path, folder: Path | None = None) -> set[str]:
    """The modules that the process of the command has loaded when it ends well."""
    done = subprocess.run(
        (sys.executable, "-I", "-c", _LIST_OF_MODULES, *arguments),
        env={"HOME": str(home), "LC_ALL": "C.UTF-8", "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    return set(done.stderr.split())


def test_inspecting_a_pickle_loads_nothing_that_judges_in_the_process_that_asks(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([0.5]))
    modules = loaded("inspect", str(path), "--no-hash", "--json", home=tmp_path)
    assert "ringfence.artifacts.formats.pickled" in modules
    assert not modules & (_WHAT_JUDGES | _FORMS | _SIGNING | _LIBRARIES | _LICENSES)


def test_scanning_and_judging_loads_no_report_and_no_library(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps([0.5]))
    command = ("scan", str(tmp_path), "--judge", "--no-hash", "--json", "--no-processes", "--no-listeners")
    modules = loaded(*command, home=tmp_path)
    assert "ringfence.app.judging.judges" in modules
    assert not modules & (_WHAT_JUDGES | _FORMS | _SIGNING | (_LIBRARIES - {"concurrent.futures", "logging"}))


def test_running_a_command_loads_no_more_than_a_box_takes(tmp_path: Path) -> None:
    for each in (tree := tmp_path / "tree", home := tmp_path / "home"):
        each.mkdir()
    modules = loaded("run", "--", "true", home=home, folder=tree)
    assert "ringfence.sandbox.supervising" in modules
    assert not modules & (
        _OPTIONS | _OTHER_BOXES | _FOR_OTHERS | _FORMS | _SIGNING | _WHAT_JUDGES | _LICENSES | _LIBRARIES
    )


def test_next_to_nothing_is_loaded_before_garbage_is_looked_for_less_often() -> None:
    new = "import sys; known = set(sys.modules); import ringfence.cli.main; print(*set(sys.modules) - known)"
    done = subprocess.run((sys.executable, "-I", "-c", new), capture_output=True, text=True, check=True)
    assert "ringfence.cli.main" in done.stdout.split()
    assert not set(done.stdout.split()) & {"enum", "typing", "contextlib", "re", "signal", "ringfence.core"}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_what_only_prints_loads_neither_values_nor_use_cases(option: str, tmp_path: Path) -> None:
    modules = loaded(option, home=tmp_path)
    assert "ringfence.cli.parser" in modules
    assert not modules & (_USES | _FORMS | _POLICY | _SIGNING | _LIBRARIES | _WHAT_JUDGES)
