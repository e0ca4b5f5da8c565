"""Whatever strangers wrote, the documents stay what they are."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import COMMIT, bill, described
from ringfence.artifacts.bom import cyclonedx, spdx
from ringfence.artifacts.description import Description, Metric
from ringfence.core.facts import FactName
from ringfence.core.findings import Confidence, Severity, finding
from ringfence.core.models import LicenseClaim, ModelFile
from validating import valid_cyclonedx, valid_spdx

EVIL = [
    "",
    " ",
    '"}],"x":[{"',
    "\x1b[2J\x00\r\n",
    "\udcff\udc80\ud800",
    "\u202e\u2066gpj.exe\u200b",
    "name/../../etc",
    "#model-1",
    "_:creation",
    "urn:uuid:00000000-0000-0000-0000-000000000000",
    "LicenseRef-x OR (LicenseRef-y AND MIT)",
    "http://[::1",
    "é\U0001f600" * 10_000,
    "x" * 1_000_000,
]


def said_by_a_stranger(text: str):
    file = ModelFile(
        path=described().model.location,
        name=text,
        format="gguf",
        size_bytes=1,
        facts={FactName.ARCHITECTURE: text, FactName.DTYPES: (text, text), FactName.BASE_MODELS: (text,)},
    )
    return bill(
        described(
            name=text,
            revision=text,
            files=(file, file),
            licenses=(LicenseClaim(expression=text, source=text),),
            effective_license=text,
            findings=(
                finding(
                    "suffix-lies",
                    severity=Severity.LOW,
                    confidence=Confidence.LIKELY,
                    subject=text,
                    evidence=(text,),
                    advice="look",
                ),
            ),
            description=Description(
                task=text,
                languages=(text,),
                datasets=(text,),
                base_models=(text, text),
                metrics=(Metric(type=text, value=text, dataset=text),),
                limitations=(text,),
                family=text,
                architecture=text,
                quantization=text,
            ),
        )
    )


@pytest.mark.parametrize("text", EVIL, ids=lambda text: ascii(text[:12]))
def test_what_strangers_wrote_breaks_no_document(text: str) -> None:
    valid_cyclonedx(cyclonedx(said_by_a_stranger(text), version="1.6"))
    valid_cyclonedx(cyclonedx(said_by_a_stranger(text), version="1.7"))
    written = spdx(said_by_a_stranger(text))
    valid_spdx(written)
    assert len(written) < 400_000
    json.dumps(json.loads(written), ensure_ascii=False).encode()  # no lone surrogate is left
    assert not any(hidden in written for hidden in ("\\u001b", "\\u0000", "\\u202e", "\\u200b"))


@settings(max_examples=30)
@given(st.text(st.characters(), max_size=40))
def test_no_text_breaks_a_document(text: str) -> None:
    valid_cyclonedx(cyclonedx(said_by_a_stranger(text), version="1.6"))
    valid_spdx(spdx(said_by_a_stranger(text)))


@pytest.mark.parametrize("name", ["acme/t?x=1", "acme/t#x", "a/b/c", "../x", "acme/té", "acme/%41"])
def test_a_name_that_no_hub_gives_makes_no_address(name: str) -> None:
    location = described().model.location / f"models--{name.replace('/', '--')}" / "snapshots" / COMMIT
    model = valid_cyclonedx(
        cyclonedx(bill(described(name=name, revision=COMMIT, location=location)), version="1.6")
    )["components"][0]
    assert "purl" not in model
