import pytest

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.xml_walk import Doctype, Element, elements, root_name


def _walked(text: bytes) -> list[Element | Doctype]:
    return list(elements(Reader.of_bytes(text)))


def test_elements_come_in_order_with_what_is_around_them() -> None:
    assert _walked(b'<a><p:b xmlns:p="x" n="1"/></a>') == [
        Element(name="a", attributes={}, path=(), at=0),
        Element(name="b", attributes={"xmlns:p": "x", "n": "1"}, path=("a",), at=3),
    ]


def test_nothing_behind_a_document_type_is_walked() -> None:
    assert _walked(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>') == [Doctype(name="a", at=12)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"<a><b></a>", ProblemKind.BAD_HEADER),
        (b"<a>&undeclared;</a>", ProblemKind.BAD_HEADER),
        (b"<a><b/>", ProblemKind.TRUNCATED),
        (b"", ProblemKind.TRUNCATED),
    ],
)
def test_what_is_not_well_formed_is_said(text: bytes, kind: ProblemKind) -> None:
    with pytest.raises(Malformed) as stop:
        _walked(text)
    assert stop.value.problem.kind is kind


def test_the_root_is_known_from_a_beginning() -> None:
    assert root_name(b'<?xml version="1.0"?><!-- c --><p:PMML xmlns:p="x"><Hea') == "PMML"
    assert root_name(b"<!DOCTYPE net [") == "net"
    assert root_name(b"\x7fELF") == ""
