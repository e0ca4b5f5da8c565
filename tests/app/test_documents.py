import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ringfence import __version__
from ringfence.app.documents import as_json, document
from ringfence.core.facts import FactName
from ringfence.core.findings import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    started_at: datetime
    complete: bool
    path: Path
    severity: Severity | None = None


def example(path: str) -> Example:
    return Example(
        started_at=datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC), complete=True, path=Path(path)
    )


def test_a_document_carries_schema_version_start_and_completeness_before_its_body() -> None:
    assert json.loads(document("ringfence.example/1", example("/models/a.gguf"))) == {
        "schema": "ringfence.example/1",
        "tool_version": __version__,
        "started_at": "2026-01-02T03:04:05.678Z",
        "complete": True,
        "path": "/models/a.gguf",
        "severity": None,
    }


def test_a_path_that_is_no_utf8_is_escaped_and_its_bytes_stand_beside_it() -> None:
    body = as_json(example("/models/caf\udce9.gguf"))
    assert isinstance(body, dict)
    assert body["path"] == "/models/caf\\xe9.gguf"
    assert base64.b64decode(str(body["path_base64"])) == b"/models/caf\xe9.gguf"


def test_every_document_is_valid_utf8_json_whatever_the_names_hold() -> None:
    text = document("ringfence.example/1", example("/\udcff/\u202e/\x1b[31m"))
    assert text.isascii()
    assert "\x1b" not in text


def test_mappings_keep_their_keys_as_text_and_tuples_become_lists() -> None:
    assert as_json({FactName.DTYPES: ("F16", "F32")}) == {"dtypes": ["F16", "F32"]}


def test_a_value_without_a_place_in_documents_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no place"):
        as_json(object())
