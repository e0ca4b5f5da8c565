"""`ringfence policy` as people run it: whole processes, what they print and how they end."""

import json
import stat
from pathlib import Path

from jsonschema import Draft202012Validator

from ringfence.app.documents import SCHEMA_FOLDER
from ringfence.policy.built_in import SCHEMA, STARTER, STRICT, text_of
from running_policy import policy


def own(home: Path) -> Path:
    return home / ".config" / "ringfence" / "ringfence.yaml"


def test_init_writes_the_users_own_starter_with_its_schema_and_never_twice(tmp_path: Path) -> None:
    done = policy("init", home=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{own(tmp_path)}\n", "")
    assert own(tmp_path).read_bytes() == text_of(STARTER)
    assert stat.S_IMODE(own(tmp_path).stat().st_mode) == 0o644
    assert (own(tmp_path).parent / SCHEMA).read_bytes() == text_of(SCHEMA)
    own(tmp_path).write_text("version: 1\n")
    again = policy("init", "--strict", home=tmp_path)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == (
        f"ringfence: error: {own(tmp_path)}: there is something already\n"
        "ringfence: hint: edit that, or name another file with --output; - prints the document\n"
    )
    assert own(tmp_path).read_text() == "version: 1\n"


def test_init_follows_no_link_and_makes_no_folder_that_was_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    assert policy("init", "-o", tmp_path / "link.yaml", home=tmp_path).returncode == 2
    assert policy("init", "-o", tmp_path / "no" / "p.yaml", home=tmp_path).returncode == 2
    assert [each.name for each in tmp_path.iterdir()] == ["link.yaml"]


def test_init_says_what_keeps_it_from_making_its_folder(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("a file")
    done = policy("init", home=tmp_path)
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2,
        f"ringfence: error: {own(tmp_path)}: not a directory",
    )


def test_init_prints_the_closed_document(tmp_path: Path) -> None:
    done = policy("init", "--strict", "--output", "-", home=tmp_path)
    assert (done.returncode, done.stdout) == (0, text_of(STRICT).decode())


WRONG = "version: 1\nmodles: {}\nmodels:\n  rules:\n    - {then: denny}\n"


def test_check_tells_all_that_is_wrong_with_places_and_hints(tmp_path: Path) -> None:
    good, wrong = tmp_path / "good.yaml", tmp_path / "wrong.yaml"
    good.write_bytes(text_of(STARTER))
    wrong.write_text(WRONG)
    done = policy("check", "good.yaml", "wrong.yaml", home=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "good.yaml: good; 13 rules, 10 examples\n"
        "wrong.yaml:2:1: unknown key `modles`\n"
        "    did you mean `models`?\n"
        "wrong.yaml:5:14: `denny` is none of the words here\n"
        "    did you mean `deny`?\n"
    )
    assert policy("check", "good.yaml", home=tmp_path).returncode == 0


def test_check_writes_a_document_that_fits_its_schema(tmp_path: Path) -> None:
    done = policy("check", "-", "--format", "json", home=tmp_path, given=WRONG)
    document = json.loads(done.stdout)
    Draft202012Validator(json.loads((SCHEMA_FOLDER / "policy-check-1.json").read_text())).validate(document)
    assert done.returncode == 1
    assert document["problems"][0] == {
        "file": "standard input",
        "line": 2,
        "column": 1,
        "what": "unknown key `modles`",
        "hint": "did you mean `models`?",
    }


def test_check_of_what_cannot_be_read_ends_with_three(tmp_path: Path) -> None:
    for path, what in (("nowhere.yaml", "there is no such file"), (".", "it is a folder")):
        done = policy("check", path, home=tmp_path)
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.startswith(f"ringfence: error: {path}: {what}\n")


def test_check_knows_what_a_working_tree_may_not_say(tmp_path: Path) -> None:
    said = "version: 1\noperators: {}\n"
    assert policy("check", "-", home=tmp_path, given=said).returncode == 0
    done = policy("check", "-", "--tier", "working-tree", home=tmp_path, given=said)
    assert done.returncode == 1
    assert done.stdout.startswith("standard input:2:1: a working tree's document has no `operators`\n")


def test_check_without_a_file_is_about_the_documents_that_are_found_here(tmp_path: Path) -> None:
    policy("init", home=tmp_path)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "ringfence.yaml").write_text("version: 1\nmodels: {rules: [{id: old-ollama, then: deny}]}\n")
    done = policy("check", home=tmp_path, folder=tree)
    assert done.returncode == 1
    assert "ringfence.yaml:2:19: the id `old-ollama` is taken" in done.stdout.replace("\n", "")


def test_show_tells_which_documents_are_in_force(tmp_path: Path) -> None:
    done = policy("show", "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [(each["tier"], each["name"]) for each in json.loads(done.stdout)["files"]] == [
        ("built-in", "built-in")
    ]
    own(tmp_path).parent.mkdir(parents=True, mode=0o700)
    own(tmp_path).write_text("version: 1\nserial: 4\nmodels: {mode: enforce, rules: [{then: ask}]}\n")
    own(tmp_path).chmod(0o644)
    done = policy("show", home=tmp_path)
    assert "  user  ~/.config/ringfence/ringfence.yaml\n    1 rule, serial 4\n" in done.stdout
    assert "  models     enforce  1 rule  user, line 3\n" in done.stdout
    assert "  data       observe          no document says\n" in done.stdout
    document = json.loads(policy("show", "--json", home=tmp_path).stdout)
    Draft202012Validator(json.loads((SCHEMA_FOLDER / "policy-show-1.json").read_text())).validate(document)
    assert document["complete"] is True
    assert document["files"][0]["modes"] == {"models": "enforce"}


def test_show_says_when_the_documents_as_they_are_are_not_in_force(tmp_path: Path) -> None:
    policy("init", home=tmp_path)
    assert policy("show", home=tmp_path).returncode == 0
    own(tmp_path).write_text(WRONG)
    done = policy("show", "--json", home=tmp_path)
    document = json.loads(done.stdout)
    assert (done.returncode, document["complete"]) == (1, False)
    assert "unknown key `modles`" in document["trouble"]
    assert document["hint"] == "did you mean `models`?"
    assert document["files"][0]["rules"]["models"] == 2
    lines = policy("show", home=tmp_path).stdout.splitlines()
    assert lines[:4] == [
        "the documents as they are now are not in force:",
        document["trouble"],
        "    did you mean `models`?",
        "",
    ]


def test_no_path_is_broken_however_long_it_is(tmp_path: Path) -> None:
    home = tmp_path / ("a" * 60) / ("b" * 60)
    place = own(home)
    place.parent.mkdir(parents=True, mode=0o700)
    place.write_text("version: 1\nmode: warn\n")
    place.chmod(0o644)
    tree = tmp_path / ("c" * 60) / ("d" * 60)
    tree.mkdir(parents=True)
    (tree / "ringfence.yaml").write_text("version: 1\n")
    shown = policy("show", home=home, folder=tree).stdout.splitlines()
    assert "  user  ~/.config/ringfence/ringfence.yaml" in shown
    assert f"  working-tree  {tree / 'ringfence.yaml'}" in shown
    assert "  agents     warn    user, line 2" in shown
    (tree / "ringfence.yaml").write_text(WRONG)
    checked = policy("check", home=home, folder=tree)
    assert f"{tree / 'ringfence.yaml'}:2:1: unknown key `modles`" in checked.stdout.splitlines()
