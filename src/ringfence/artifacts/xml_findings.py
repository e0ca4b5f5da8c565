"""What XML of any kind must not hold."""

import re
from collections.abc import Iterator

from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.xml_walk import Doctype, Element
from ringfence.core.findings import Confidence, Severity

__all__ = ["doctype", "entities", "include"]

_ENTITY = re.compile(r"<!ENTITY\s{1,20}(?:%\s{1,20})?[\w.:-]{1,100}\s{1,20}(?:SYSTEM|PUBLIC)\s")


def doctype(found: Doctype) -> Spotted:
    """A document type, which may declare entities."""
    return Spotted(
        check="xml-doctype",
        severity=Severity.HIGH,
        confidence=Confidence.LIKELY,
        at=found.at,
        evidence=(f"<!DOCTYPE {found.name}",),
        advice="do not load it: a document type may read files, open connections or grow without end",
    )


def entities(text: str) -> Iterator[Spotted]:
    """Entities of another document or file, in a text that may be XML of any kind."""
    if "<!DOCTYPE" in text and (found := _ENTITY.search(text)):
        yield Spotted(
            check="xml-doctype",
            severity=Severity.HIGH,
            confidence=Confidence.LIKELY,
            at=None,
            evidence=(found[0].strip(),),
            advice="do not load it: a document type may read files, open connections or grow without end",
        )


def include(found: Element) -> Spotted:
    """Another document that is to be put in here."""
    return Spotted(
        check="xml-include",
        severity=Severity.HIGH,
        confidence=Confidence.LIKELY,
        at=found.at,
        evidence=(found.attributes.get("href", ""),),
        advice="do not load it: it pulls in a document from elsewhere",
    )
