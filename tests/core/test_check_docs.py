import ast
import json
import re
from functools import cache
from pathlib import Path

import findings_docs
import pytest

from ringfence.artifacts.problems import ProblemKind
from ringfence.core import check_docs
from ringfence.core.check_docs import all_checks, check_named, nearest_checks
from ringfence.core.findings import Confidence, Severity, finding

SOURCES = Path(check_docs.__file__).parent.parent
GOLDEN = Path(__file__).parents[1] / "golden"
# Functions whose first argument is a check.
MAKERS = re.compile(r"(^|_)(finding|spotted|inconclusive|judgement|license_finding)$|^Spotted$|^Acts?$")
KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@cache
def sources() -> tuple[frozenset[str], frozenset[str]]:
    """All texts that stand in the sources, and the checks where something is spotted or found."""
    texts, found = set[str](), set(map(str, ProblemKind))
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [each.value for each in node.keywords if each.arg == "check"]
            if MAKERS.search(name):
                given += node.args[:1]
            for value in given:
                found |= {
                    each.value
                    for each in ast.walk(value)
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                }
    return frozenset(texts), frozenset(each for each in found if KEBAB.fullmatch(each))


def test_every_check_in_the_sources_has_a_page() -> None:
    _, emitted = sources()
    assert {"digest-mismatch", "license-conflict", "judging-failed", "truncated"} <= emitted
    assert emitted - set(all_checks()) == set()


def test_every_check_that_golden_files_show_has_a_page() -> None:
    shown = {
        check.partition(" ")[2]
        for path in GOLDEN.glob("*/expected.json")
        for each in json.loads(path.read_text(encoding="utf-8")).values()
        for check in each["checks"]
    }
    assert len(shown) > 50
    assert shown - set(all_checks()) == set()


def test_no_page_is_about_a_check_that_nothing_emits() -> None:
    literals, _ = sources()
    assert set(all_checks()) - literals == set()


def test_the_page_of_findings_is_made_from_the_pages_of_checks() -> None:
    shown = findings_docs.FILE.read_text(encoding="utf-8")
    assert shown == findings_docs.page(), "run: .venv/bin/python scripts/findings_docs.py"
    assert all(f"\n### {id_}\n" in shown for id_ in all_checks())


def test_a_finding_says_where_its_page_is() -> None:
    found = finding(
        "truncated", severity=Severity.LOW, confidence=Confidence.CERTAIN, subject="a", advice="b"
    )
    assert found.documentation == "docs/findings.md#truncated"


def test_a_check_that_two_files_explain_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = '[a-check]\ntitle = "A"\nmeaning = "B"\n'
    (tmp_path / "one.toml").write_text(page)
    (tmp_path / "two.toml").write_text(page)
    monkeypatch.setattr(check_docs, "_FOLDER", tmp_path)
    all_checks.cache_clear()
    with pytest.raises(ValueError, match=r"a-check stands in one\.toml and in two\.toml"):
        all_checks()
    (tmp_path / "two.toml").write_text(page.replace("a-check", "b-check") + "extra = 1\n")
    with pytest.raises(ValueError, match=r"two\.toml: b-check must have"):
        all_checks()
    monkeypatch.undo()
    all_checks.cache_clear()


def test_what_is_no_check_has_no_page_but_neighbours() -> None:
    assert check_named("pickle-dangerous-cal") is None
    assert nearest_checks("pickle-dangerous-cal")[0] == "pickle-dangerous-call"
    assert "archive-escapes" in nearest_checks("escapes")
    assert nearest_checks("qqqqqqqq") == ()
