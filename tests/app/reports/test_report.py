from dataclasses import replace
from pathlib import Path

from reporting import ROOT, inspection, inventory
from ringfence.app.reports import of_inspection, of_inventory
from ringfence.app.reports.report import by_check
from ringfence.core.verdicts import Verdict


def places(report):
    return [(each.finding.check, str(each.path), each.inside) for each in report.findings]


def test_findings_of_an_inspection_stand_at_their_files_the_worst_first() -> None:
    assert places(of_inspection(inspection(), root=ROOT)) == [
        ("pickle-dangerous-call", "/somewhere/models/a b/m%.pkl", "archive/data.pkl"),
        ("script-attack", "/somewhere/models/run.sh", ""),
        ("license-unknown", "/somewhere/models/a b/m%.pkl", ""),
    ]


def test_findings_of_a_scan_stand_at_what_they_are_about() -> None:
    assert places(of_inventory(inventory(), root=ROOT)) == [
        ("exposed-model-server", "None", ""),
        ("agent-holds-credentials", "/home/x y", ""),
    ]


def test_a_scan_has_a_verdict_only_when_all_its_models_have_one() -> None:
    (model,) = inspection().models
    remote = replace(model, remote=True, verdict=None)
    known = replace(model, verdict=Verdict.KNOWN_LIBRARY)
    unjudged = replace(model, verdict=None)
    whole = replace(inventory(), models=(model, known, remote))
    assert of_inventory(whole, root=ROOT).verdict is Verdict.MALICIOUS
    assert of_inventory(replace(whole, models=(model, unjudged)), root=ROOT).verdict is None
    assert of_inventory(replace(whole, models=()), root=ROOT).verdict is None


def test_a_file_judged_under_a_links_name_has_its_targets_digest(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(b"x")
    (tmp_path / "model.pkl").symlink_to("blob")
    result = inspection()
    model = replace(result.models[0], files=(replace(result.models[0].files[0], path=tmp_path / "blob"),))
    judged = (replace(result.judged[0], path=tmp_path / "model.pkl"),)
    report = of_inspection(replace(result, models=(model,), judged=judged), root=tmp_path)
    assert [(each.path.name, each.sha256) for each in report.files] == [
        ("blob", "a" * 64),
        ("model.pkl", "a" * 64),
    ]


def test_checks_come_by_their_worst_finding() -> None:
    report = of_inspection(inspection(), root=ROOT)
    assert [check for check, _ in by_check(reversed(report.findings))] == [
        "pickle-dangerous-call",
        "script-attack",
        "license-unknown",
    ]
