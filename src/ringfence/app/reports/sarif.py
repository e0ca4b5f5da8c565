"""A report as SARIF, for code scanning.

Files below the working directory are named relative to `%SRCROOT%`, others by absolute addresses. Code
scanning shows a result only with a file and a place in its text: the first stands beside the byte that is
meant, and what is no file, such as a server's address, stands where a file's name would.

Source: SARIF 2.1.0 (OASIS Standard), and GitHub's documentation of what code scanning supports of it.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, quote_from_bytes

from ringfence.app.reports.located import Located
from ringfence.app.reports.report import KnownFile, Report, by_check
from ringfence.core.check_docs import check_named
from ringfence.core.findings import Finding, Severity
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable

__all__ = ["sarif"]

_Object = dict[str, object]

_ROOT = "%SRCROOT%"
_LEVEL = {
    Severity.INFO: "note",
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}
# Code scanning takes these for bands: above 9 critical, above 7 high, above 4 medium.
_SECURITY_SEVERITY = {
    Severity.INFO: "0.1",
    Severity.LOW: "3.0",
    Severity.MEDIUM: "5.0",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}
_TERMS = ("license-", "model-card-")  # checks on what is permitted, which is no question of security


def sarif(report: Report) -> str:
    """The document's JSON text. The same report is the same text."""
    rules = [_rule(check, [each.finding for each in same]) for check, same in by_check(report.findings)]
    found = report.findings[: LIMITS.sarif_results]
    numbers = {str(rule["id"]): number for number, rule in enumerate(rules)}
    files = {each.path: number for number, each in enumerate(report.files)}
    run: _Object = {
        "tool": {"driver": {"name": "ringfence", "version": report.tool_version, "rules": rules}},
        "automationDetails": {"id": f"ringfence-{report.command}/"},
        "invocations": [_invocation(report)],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The directory that ringfence was run in."}}},
        "artifacts": [_artifact(each, report.root) for each in report.files],
        "results": [_result(each, report.root, numbers, files) for each in found],
        "columnKind": "unicodeCodePoints",
    }
    about: _Object = {"leavesOut": list(report.leaves_out)} if report.leaves_out else {}
    if report.verdict is not None:
        about = {"verdict": report.verdict, "reasons": list(report.reasons)} | about
    if about:
        run["properties"] = about
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, allow_nan=False)


def _rule(check: str, found: Iterable[Finding]) -> _Object:
    worst = max(each.severity for each in found)
    page = check_named(check)
    title = page.title if page else check
    meaning = page.meaning if page else f"See docs/findings.md#{check}."
    about_terms = check.startswith(_TERMS)
    about_policy = check.startswith("policy-")
    tag = "policy" if about_policy else "license" if about_terms else "security"
    properties: _Object = {"tags": [tag, "model"]}
    if not (about_terms or about_policy):
        properties["security-severity"] = _SECURITY_SEVERITY[worst]
    return {
        "id": check,
        "name": check,
        "shortDescription": {"text": title},
        "fullDescription": {"text": meaning},
        "help": {"text": meaning, "markdown": f"**{title}.** {meaning}\n\n`ringfence explain {check}`"},
        "defaultConfiguration": {"level": _LEVEL[worst]},
        "properties": properties,
    }


def _invocation(report: Report) -> _Object:
    told: list[_Object] = [
        {
            "level": "warning",
            "descriptor": {"id": "skipped"},
            "message": {"text": _message(f"{each.subject}: {each.kind} not looked at: {each.reason}")},
            "properties": {"count": each.count},
        }
        for each in report.skipped
    ]
    told += (
        {"level": "warning", "descriptor": {"id": "unsettled"}, "message": {"text": _message(each)}}
        for each in report.unsettled
    )
    beyond = len(report.findings) - LIMITS.sarif_results
    if beyond > 0:
        text = f"{beyond:,} milder results are left out: code scanning takes no more"
        told.append({"level": "warning", "descriptor": {"id": "results-left-out"}, "message": {"text": text}})
    return {
        "executionSuccessful": report.complete,
        "startTimeUtc": report.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "toolExecutionNotifications": told,
    }


def _artifact(file: KnownFile, root: Path) -> _Object:
    hashes = {"hashes": {"sha-256": file.sha256}} if file.sha256 else {}
    return {"location": _address(file.path, root), "length": file.size_bytes, **hashes}


def _result(each: Located, root: Path, rules: dict[str, int], files: dict[Path, int]) -> _Object:
    found = each.finding
    page = check_named(found.check)
    what = f"{page.title if page else found.check}: {found.subject}"
    evidence = f" ({'; '.join(found.evidence)})" if found.evidence else ""
    return {
        "ruleId": found.check,
        "ruleIndex": rules[found.check],
        "level": _LEVEL[found.severity],
        "message": {"text": _message(f"{what}{evidence}. What to do: {found.advice}")},
        "locations": [_location(each, root, files)],
        "partialFingerprints": {
            "ringfence/v1": found.fingerprint,
            "primaryLocationLineHash": found.fingerprint,
        },
        "properties": {
            "severity": found.severity,
            "confidence": found.confidence,
            "documentation": found.documentation,
        },
    }


def _location(each: Located, root: Path, files: dict[Path, int]) -> _Object:
    region: _Object = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}
    if each.finding.offset is not None:
        region["byteOffset"] = each.finding.offset
    if each.path is None:
        artifact: _Object = {
            "uri": quote(each.finding.subject, safe="", errors="replace"),
            "uriBaseId": _ROOT,
        }
    else:
        artifact = _address(each.path, root)
        if each.path in files:
            artifact["index"] = files[each.path]
    location: _Object = {"physicalLocation": {"artifactLocation": artifact, "region": region}}
    if each.inside:
        name = each.inside.rpartition("!/")[2]
        location["logicalLocations"] = [
            {"name": name, "fullyQualifiedName": each.finding.subject, "kind": "member"}
        ]
    elif each.path is None:
        location["logicalLocations"] = [{"name": each.finding.subject, "kind": "resource"}]
    return location


def _address(path: Path, root: Path) -> _Object:
    """A file's name as its bytes are, whatever they are."""
    if path.is_relative_to(root):
        return {"uri": quote_from_bytes(os.fsencode(path.relative_to(root))), "uriBaseId": _ROOT}
    return {"uri": "file://" + quote_from_bytes(os.fsencode(path))}


def _message(text: str) -> str:
    """Foreign text without links: `[text](address)` is one in a SARIF message."""
    return printable(text).replace("](", "] (")
