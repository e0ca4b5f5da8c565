"""PMML: models as XML. What it computes with must be functions of the standard, or of the document itself.

Source: PMML 4.4, built-in functions and DefineFunction; JPMML-Evaluator, which takes the names of other
functions for Java classes and loads them.
"""

import re
from collections.abc import Iterator

from ringfence.artifacts import xml_walk
from ringfence.artifacts.format import Format
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.xml_findings import doctype, include
from ringfence.core.facts import Fact, FactName
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_BUILT_IN = frozenset(
    (
        *("+", "-", "*", "/", "min", "max", "sum", "avg", "median", "product", "log10", "ln", "sqrt", "abs"),
        *("exp", "pow", "threshold", "floor", "ceil", "round", "modulo", "isMissing", "isNotMissing"),
        *("isValid", "isNotValid", "equal", "notEqual", "lessThan", "lessOrEqual", "greaterThan"),
        *("greaterOrEqual", "and", "or", "not", "isIn", "isNotIn", "if", "uppercase", "lowercase"),
        *("stringLength", "substring", "trimBlanks", "concat", "replace", "matches", "formatNumber"),
        *("formatDatetime", "dateDaysSinceYear", "dateSecondsSinceYear", "dateSecondsSinceMidnight"),
        *("normalCDF", "normalPDF", "stdNormalCDF", "stdNormalPDF", "erf", "normalIDF", "stdNormalIDF"),
        *("expm1", "hypot", "ln1p", "rint", "sin", "asin", "sinh", "cos", "acos", "cosh", "tan", "atan"),
        *("tanh", "multiset", "count", "sequence", "x-atan2"),
    )
)
_PLATFORM = re.compile(
    r"(?:java|javax|jdk|sun|com\.sun|groovy|bsh|org\.(?:springframework|apache|codehaus|mozilla))\.", re.ASCII
)


def _sniff(reader: Reader) -> bool:
    head = reader.head
    return b"PMML" in head and xml_walk.root_name(head) == "PMML"


def _sniff_named(reader: Reader) -> bool:
    """XML under PMML's suffix, whatever its document type calls the root."""
    return b"<!DOCTYPE" in reader.head.replace(b"\0", b"")  # in UTF-16, too


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    for seen, each in enumerate(xml_walk.elements(reader)):
        if isinstance(each, xml_walk.Element):
            if each.name == "PMML":
                yield Fact(name=FactName.VERSION, value=each.attributes.get("version", ""))
            elif each.name == "Application":
                said = (each.attributes.get("name", ""), each.attributes.get("version", ""))
                yield Fact(name=FactName.PRODUCER, value=" ".join(said).strip())
        if seen > LIMITS.evidence_items:
            return


def _judge(reader: Reader) -> Iterator[Spotted | Problem]:
    used: dict[str, int] = {}
    defined: set[str] = set()
    for each in xml_walk.elements(reader):
        if isinstance(each, xml_walk.Doctype):
            yield doctype(each)
            continue
        if each.name == "include":
            yield include(each)
        elif each.name == "DefineFunction":
            defined.add(each.attributes.get("name", ""))
        elif each.name == "TableLocator":
            yield _unknown(each.at, "TableLocator: data from elsewhere")
        if len(used) < LIMITS.header_items:
            for name in (each.attributes.get("function"), each.attributes.get("aggregate")):
                if name and each.name in ("Apply", "Aggregate"):
                    used.setdefault(name, each.at)
    for name, at in used.items():
        if _PLATFORM.match(name):
            yield Spotted(
                check="pmml-java-class",
                severity=Severity.HIGH,
                confidence=Confidence.LIKELY,
                at=at,
                evidence=(name,),
                advice="do not load it: the name of a function is a class of the platform that runs it",
            )
        elif name not in _BUILT_IN and name not in defined:
            yield _unknown(at, name)


def _unknown(at: int, name: str) -> Spotted:
    return Spotted(
        check="pmml-unknown-function",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=at,
        evidence=(name,),
        advice="find out what it stands for where the model is run: the standard does not define it",
    )


FORMAT = Format(
    name="pmml",
    title="PMML",
    suffixes=(".pmml",),
    written_as=(".xml",),
    sniff=_sniff,
    sniff_named=_sniff_named,
    starts=(b"<", b"\xef\xbb\xbf", b" ", b"\t", b"\n", b"\r"),
    read=_read,
    judge=_judge,
)
