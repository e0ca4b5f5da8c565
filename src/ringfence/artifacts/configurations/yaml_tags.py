"""Judges the tags of a YAML document: the constructors that an unsafe loader would call.

Sources: PyYAML's `FullConstructor` and `UnsafeConstructor`, HyperPyYAML, SnakeYAML's global tags.
"""

import re
from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.configurations.code_references import Runs, judge_dotted, stays_within
from ringfence.artifacts.configurations.words import words
from ringfence.artifacts.configurations.yaml_documents import Tagged
from ringfence.artifacts.pickles.policy import Kind, danger, kind_of
from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Confidence, Severity

__all__ = ["judge_tag"]

_PLAIN: Final = words("plain")
_PYTHON: Final = re.compile(r"python/(object/apply|object/new|object|name|module):([\w.]{1,300})")
_HYPER: Final = re.compile(r"(new|name|applyref|apply|module|include):\s{0,4}([^\s{}<>]{1,300})")
_JAVA: Final = re.compile(r"[a-z]\w*(?:\.\w+){2,}|ruby/\S+|perl/\S+|php/\S+")


def judge_tag(tagged: Tagged) -> Iterator[Spotted]:
    """What constructing the value under the tag would do; nothing for YAML's own types and private ones."""
    if tagged.tag in _PLAIN:
        return
    if found := _PYTHON.fullmatch(tagged.tag):
        yield from _python(found[1], found[2], tagged)
    elif (
        tagged.is_global and (tagged.tag.startswith("python/") or _JAVA.fullmatch(tagged.tag))
    ) or tagged.tag.startswith("ruby/"):
        yield _spotted("yaml-object", Severity.HIGH, tagged, "an object of a program")
    elif found := _HYPER.fullmatch(tagged.tag):
        yield from _hyper(found[1], found[2], tagged)


def _hyper(how: str, name: str, tagged: Tagged) -> Iterator[Spotted]:
    if how == "include":
        if not stays_within(name):
            yield _spotted("path-leaves-folder", Severity.HIGH, tagged, "a file outside the folder")
        return
    named = f"{name}.x" if how == "module" else name
    if (said := judge_dotted(f"!{how}", named, runs=Runs.SURELY)) is not None:
        yield said


def _python(how: str, name: str, tagged: Tagged) -> Iterator[Spotted]:
    module, _, last = name.rpartition(".")
    kind = kind_of(module or "builtins", last)
    if how == "module":
        kind = Kind.MODULE
    if kind is Kind.DATA:
        return
    if kind is Kind.DANGEROUS:
        why = danger(module or "builtins", last) or ""
        calls = how in ("object/apply", "object/new")
        yield _spotted("yaml-object", Severity.CRITICAL if calls else Severity.HIGH, tagged, why)
    elif kind is Kind.LIBRARY:
        yield _spotted("configuration-needs-library", Severity.INFO, tagged, "a class of a known library")
    elif kind is Kind.CLASS or how == "object":
        yield _spotted("yaml-object", Severity.LOW, tagged, "a class that nobody has looked at")
    else:
        yield _spotted("yaml-object", Severity.HIGH, tagged, kind.value)


def _spotted(check: str, severity: Severity, tagged: Tagged, why: str) -> Spotted:
    certain = severity <= Severity.LOW
    return Spotted(
        check=check,
        severity=severity,
        confidence=Confidence.CERTAIN if certain else Confidence.LIKELY,
        at=None,
        evidence=(f"{tagged.tag}, line {tagged.at_line}", why),
        advice="load it with a safe loader only, which builds no objects"
        if certain
        else "do not load it: an unsafe loader calls what is named here",
    )
