import pytest

from ringfence.cli.main import main
from ringfence.core.check_docs import all_checks


def test_explain_prints_the_page_of_one_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "truncated"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("truncated: The file ends too early\n\nIts header promises more than there is.")
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_explain_all_lists_every_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "all"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(all_checks())


def test_explain_names_the_nearest_checks_for_what_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "pickle-dangerous-cal\x1b"]) == 2
    shown = capsys.readouterr().err
    assert "ringfence: error: pickle-dangerous-cal\\x1b: no check has this name\n" in shown
    assert "ringfence: hint: did you mean pickle-dangerous-call or" in shown
    assert main(["explain", "qqqqqqqq"]) == 2
    assert "ringfence: hint: `ringfence explain all` lists every check\n" in capsys.readouterr().err
