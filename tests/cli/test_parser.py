import argparse
from pathlib import Path

import pytest

from ringfence.app.bom import BillFormat
from ringfence.cli.answering import without_options
from ringfence.cli.options import BILL_FORMATS, SEVERITIES, SIGNALS, VERDICTS
from ringfence.cli.parser import make_parser
from ringfence.core.findings import Severity
from ringfence.core.inventory import SignalId
from ringfence.core.verdicts import Verdict


def test_the_words_of_fail_on_are_those_of_severities_and_signals() -> None:
    assert list(Severity) == list(SEVERITIES)
    assert list(SignalId) == list(SIGNALS)
    assert list(Verdict)[1:] == list(VERDICTS)


def test_the_formats_of_a_bill_are_those_that_can_be_written() -> None:
    assert list(BillFormat) == list(BILL_FORMATS)


def test_scan_without_options_asks_for_everything_at_its_defaults() -> None:
    options = vars(make_parser().parse_args(["scan"]))
    assert options == {
        "command": "scan",
        "paths": [],
        "home": None,
        "all_users": False,
        "judge": False,
        "no_hash": False,
        "min_size": 1 << 20,
        "no_processes": False,
        "no_listeners": False,
        "network_mounts": False,
        "large": 2_000_000_000,
        "lock": [],
        "feed": [],
        "purpose": None,
        "no_record": False,
        "fail_on": [],
        "format": "table",
        "output": Path("-"),
    }


def test_json_is_short_for_format_json() -> None:
    assert make_parser().parse_args(["scan", "--json"]) == make_parser().parse_args(
        ["scan", "--format", "json"]
    )


def test_home_and_all_users_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        make_parser().parse_args(["scan", "--home", "/x", "--all-users"])
    assert stop.value.code == 2
    assert "not allowed with argument" in capsys.readouterr().err


def test_paths_that_are_no_utf8_arrive_as_they_are() -> None:
    assert make_parser().parse_args(["inspect", "caf\udce9.gguf"]).path == Path("caf\udce9.gguf")


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", ""],
        ["scan", ""],
        ["bom", ""],
        ["convert", "", "-o", "a"],
        ["diff", "", "b"],
        ["diff", "a", ""],
        ["sign", "", "--key", "k"],
        ["verify", ""],
        ["lock", ""],
        ["demo", ""],
    ],
)
def test_an_empty_path_is_no_folder(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args(arguments)
    assert ended.value.code == 2
    assert "an empty path names nothing; this folder is ." in capsys.readouterr().err


def test_completion_says_which_shells_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args(["completion", "fish"])
    assert ended.value.code == 2
    assert "there is none for 'fish', only for bash, zsh, tcsh" in capsys.readouterr().err


def test_lists_of_bad_digests_may_be_several() -> None:
    options = make_parser().parse_args(["lock", "--bad-digests", "a", "--bad-digests", "b"])
    assert options.bad_digests == [Path("a"), Path("b")]


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (choices,) = (each.choices for each in parser._actions if isinstance(each.choices, dict))
    return choices


def test_every_command_alone_reads_as_it_does_among_all() -> None:
    everything = _commands(make_parser())
    for name, parser in everything.items():
        alone = _commands(make_parser(name))
        assert alone[name].format_help() == parser.format_help()
        assert len(alone) <= 4, f"{name} does not stand in the table"


@pytest.mark.parametrize("word", [None, "--version", "skan", ""])
def test_what_is_no_command_has_all_of_them(word: str | None) -> None:
    assert _commands(make_parser(word)).keys() == _commands(make_parser()).keys()


@pytest.mark.parametrize(
    "command", [[], ["true"], ["ls", "--report"], ["--", "true"], ["sh", "--", "-c", ""]]
)
def test_run_without_options_is_what_the_parser_makes_of_it(command: list[str]) -> None:
    argv = ["--", *command]
    assert vars(without_options(argv)) == vars(make_parser("run").parse_args(["run", *argv]))
