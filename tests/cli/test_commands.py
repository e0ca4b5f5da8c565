"""The commands as people run them: whole processes, what they print and how they end."""

import json
import os
import pickle
import subprocess
from pathlib import Path

import pytest

import forked
from real.node_server import node_server
from real.tiny_gguf import write_tiny_gguf
from ringfence import __version__


def ringfence(
    *arguments: str | Path, home: Path | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home or "/proc/nobody"), "LANG": "C.UTF-8"}
    return forked.ringfence(*arguments, env=environment, cwd=cwd)


def scan_files(*paths: Path, more: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return ringfence("scan", *paths, "--no-processes", "--no-listeners", "--no-hash", *more)


def test_version_is_one_line() -> None:
    done = ringfence("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"ringfence {__version__}\n", "")


def test_without_a_command_usage_goes_to_stderr_and_the_status_is_two() -> None:
    done = ringfence()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ringfence")


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("polcy",), "policy"),
        (("scna", "--no-hash"), "scan"),
        (("policy", "shw"), "show"),
        (("ledger", "verfy"), "verify"),
        (("scan", "--format", "jsno"), "json"),
    ],
)
def test_of_a_mistyped_word_the_one_that_was_meant_is_told(arguments: tuple[str, ...], meant: str) -> None:
    done = ringfence(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    error, hint = done.stderr.splitlines()[-2:]
    assert "error: argument" in error
    assert hint == f"ringfence: hint: did you mean `{meant}`?"


def test_of_a_word_that_is_like_none_nothing_is_guessed() -> None:
    assert "hint" not in ringfence("xyzzy").stderr


def test_a_scope_that_does_not_exist_is_an_error_with_a_hint_and_status_three(tmp_path: Path) -> None:
    done = scan_files(tmp_path / "nowhere")
    assert (done.returncode, done.stdout) == (3, "")
    error, hint = done.stderr.splitlines()
    assert error == f"ringfence: error: {tmp_path}/nowhere: there is no such file or folder"
    assert hint.startswith("ringfence: hint: name a file or folder that exists")


def test_a_scope_of_which_a_part_is_missing_is_scanned_and_ends_with_three(
    demo_home: Path, tmp_path: Path
) -> None:
    done = scan_files(demo_home / "models", tmp_path / "nowhere", more=("--json",))
    document = json.loads(done.stdout)
    assert (done.returncode, document["complete"]) == (3, False)
    assert "big.gguf" in {model["name"] for model in document["models"]}


def test_a_loose_file_stands_under_its_folder_and_the_digests_after_an_empty_line(demo_home: Path) -> None:
    done = ringfence("scan", "--home", demo_home / "models/big")
    assert "\nloose files in ~/\n  big.gguf  " in done.stdout
    assert done.stdout.endswith("\n\nDigests  2 of 2 files hashed\n")


@pytest.mark.parametrize(
    ("fail_on", "status"),
    [
        ((), 0),
        (("critical",), 0),
        (("high",), 0),
        (("medium",), 1),
        (("low",), 1),
        (("local-servers",), 0),
        (("license-ambiguity",), 1),
        (("local-servers", "unrecorded-code"), 1),
    ],
)
def test_the_status_is_one_when_what_fail_on_names_is_there(
    demo_home: Path, fail_on: tuple[str, ...], status: int
) -> None:
    asked = [word for what in fail_on for word in ("--fail-on", what)]
    assert ringfence("scan", "--home", demo_home, "--no-hash", *asked).returncode == status


def test_what_fail_on_names_beats_an_incomplete_scope(demo_home: Path, tmp_path: Path) -> None:
    done = scan_files(demo_home / "Downloads", tmp_path / "nowhere", more=("--fail-on", "medium"))
    assert done.returncode == 1


def test_inspect_says_everything_about_one_file(demo_home: Path) -> None:
    done = ringfence("inspect", "holiday.jpg", cwd=demo_home / "Downloads")
    assert done.returncode == 3
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0] == "inconclusive  suffix-lies"
    assert "holiday.jpg  5.4 MB" in lines
    assert "location  holiday.jpg" in lines
    assert "quantization    F16" in lines
    assert "medium suffix-lies  holiday.jpg at byte 0" in lines


DATA = {
    "clean": pickle.dumps({"weights": [1.5]}),
    "unknown": b"\x80\x02cmyapp.models\nThing\n)\x81.",
    "inconclusive": pickle.dumps(list(range(100)))[:60],
    "malicious": b"cos\nsystem\n(S'true'\ntR.",
}


@pytest.mark.parametrize(
    ("verdict", "fail_on", "status"),
    [
        ("clean", (), 0),
        ("unknown", (), 0),
        ("unknown", ("unknown",), 1),
        ("unknown", ("low",), 1),
        ("unknown", ("inconclusive",), 0),
        ("inconclusive", (), 3),
        ("inconclusive", ("inconclusive",), 1),
        ("inconclusive", ("malicious",), 3),
        ("malicious", (), 1),
        ("malicious", ("malicious",), 1),
    ],
)
def test_the_status_of_inspect_is_the_verdict(
    tmp_path: Path, verdict: str, fail_on: tuple[str, ...], status: int
) -> None:
    (tmp_path / "model.pkl").write_bytes(DATA[verdict])
    asked = [word for what in fail_on for word in ("--fail-on", what)]
    done = ringfence("inspect", tmp_path / "model.pkl", *asked, "--json")
    assert (json.loads(done.stdout)["verdict"], done.returncode) == (verdict, status)


def test_what_is_suspicious_beats_what_could_not_be_examined(tmp_path: Path) -> None:
    for verdict, data in DATA.items():
        (tmp_path / f"{verdict}.pkl").write_bytes(data)
    done = ringfence("inspect", tmp_path, "--json")
    document = json.loads(done.stdout)
    assert (document["verdict"], document["reasons"], done.returncode) == (
        "malicious",
        ["pickle-dangerous-call"],
        1,
    )
    assert [(each["name"], each["verdict"]) for each in document["judged"]] == [
        (f"{verdict}.pkl", verdict) for verdict in sorted(DATA)
    ]
    assert document["findings"][0]["subject"] == "malicious.pkl"


def test_a_budget_that_is_spent_is_inconclusive(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps([1.5] * 1000))
    done = ringfence("inspect", tmp_path / "model.pkl", "--max-read", "100B", "--json")
    assert (json.loads(done.stdout)["verdict"], done.returncode) == ("inconclusive", 3)


def test_a_clean_verdict_says_what_it_covers(demo_home: Path, tmp_path: Path) -> None:
    tensor = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    (tmp_path / "a.safetensors").write_bytes(len(tensor).to_bytes(8, "little") + tensor + bytes(4))
    lines = ringfence("inspect", tmp_path / "a.safetensors").stdout.splitlines()
    assert lines[0].startswith("clean")
    assert "  not examined: what the weights make a model do" in lines


def test_what_is_no_model_is_named_with_its_format(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    assert ringfence("inspect", "note.txt", cwd=tmp_path).stdout.splitlines() == [
        "clean",
        "  everything that loading runs was examined, and none of it can act",
        "  note.txt  text  5 B",
    ]


def test_a_finding_says_of_which_model_its_file_is(demo_home: Path) -> None:
    lines = ringfence("inspect", demo_home / ".cache/huggingface").stdout.splitlines()
    assert "  high digest-mismatch  model.safetensors of acme/tampered@e90c4d7" in lines


def test_of_very_many_models_the_first_are_shown(tmp_path: Path) -> None:
    for number in range(53):
        (tmp_path / f"{number}.pkl").write_bytes(pickle.dumps({"weights": [number]}))
    assert ringfence("inspect", tmp_path).stdout.splitlines()[-1] == "and 3 more models: see --json"


def test_an_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    assert ringfence("inspect", tmp_path).stdout.splitlines() == [
        "inconclusive  nothing-to-judge",
        "  there is no file in this folder",
    ]


def test_an_empty_folder_is_not_clean(tmp_path: Path) -> None:
    done = ringfence("inspect", tmp_path, "--json")
    document = json.loads(done.stdout)
    assert (document["verdict"], document["complete"], done.returncode) == ("inconclusive", False, 3)


def test_the_demo_is_built_once_and_never_over_something(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    assert ringfence("demo", folder).returncode == 0
    again = ringfence("demo", folder)
    assert again.returncode == 2
    assert again.stderr.startswith("ringfence: error: ")
    assert "ringfence: hint: " in again.stderr


def test_doctor_says_of_each_capability_whether_it_is_there_and_what_is_lost_without() -> None:
    document = json.loads(ringfence("doctor", "--json").stdout)
    names = {each["name"] for each in document["capabilities"]}
    assert {"landlock", "user-namespaces", "seccomp", "fanotify", "cgroups", "nvml"} <= names
    assert all(each["lost_without"] for each in document["capabilities"])
    table = ringfence("doctor").stdout
    assert all(name in table for name in names)


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_knows_every_command(shell: str) -> None:
    done = ringfence("completion", shell)
    assert done.returncode == 0
    assert all(command in done.stdout for command in ("scan", "inspect", "doctor", "demo"))


def test_bash_accepts_the_completion_script() -> None:
    script = ringfence("completion", "bash").stdout
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_a_model_that_llama_cpp_has_loaded_is_tied_to_its_process_and_its_listener(tmp_path: Path) -> None:
    model = tmp_path / "home" / "innocent.jpg"
    model.parent.mkdir()
    write_tiny_gguf(model)
    with node_server(model, mmap=True) as server:
        done = ringfence("scan", model, "--json", home=model.parent)
    document = json.loads(done.stdout)
    assert [each["name"] for each in document["models"]] == ["innocent.jpg"]
    processes = {each["pid"]: each for each in document["processes"]}
    assert processes[server.pid]["models"] == [str(model)]
    listeners = {each["port"]: each for each in document["listeners"]}
    assert listeners[server.port]["pid"] == server.pid
    raised = {each["id"]: each["raised"] for each in document["signals"]}
    assert raised["local-servers"] is True
