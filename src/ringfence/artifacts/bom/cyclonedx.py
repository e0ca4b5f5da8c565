"""A bill of materials as CycloneDX JSON, 1.6 or 1.7.

A model is a component with its files nested inside. `licenses` is the one that counts; every claim stands in
`evidence` with its source. Findings about the bytes are vulnerabilities, which is where tools that gate a
build look; findings about terms are annotations, because a license is no weakness. See docs/decisions/0006.

Source: CycloneDX specification 1.6 and 1.7, bom-1.6.schema.json and bom-1.7.schema.json.
"""

from collections.abc import Iterable, Iterator
from typing import Literal
from uuid import UUID

from ringfence.artifacts.bom.bill import Bill, Described
from ringfence.artifacts.bom.serial import numbered
from ringfence.artifacts.bom.stated import (
    Stated,
    affected_file,
    is_about_terms,
    plain,
    rfc3339,
    shown,
    stated,
)
from ringfence.artifacts.licenses import is_inherited
from ringfence.artifacts.licenses.expressions import tree_of
from ringfence.artifacts.licenses.spdx import Named, Tree, written
from ringfence.core.check_docs import check_named
from ringfence.core.facts import FactName
from ringfence.core.findings import Finding
from ringfence.core.models import LicenseClaim, Model, ModelFile

__all__ = ["CycloneDxVersion", "cyclonedx"]

CycloneDxVersion = Literal["1.6", "1.7"]

_Object = dict[str, object]
_SOURCE = {"name": "ringfence"}
_FILE_FACTS = (
    FactName.NAME,
    FactName.VERSION,
    FactName.PRODUCER,
    FactName.ARCHITECTURE,
    FactName.PARAMETERS,
    FactName.TENSORS,
    FactName.QUANTIZATION,
    FactName.DTYPES,
    FactName.CONTEXT,
    FactName.CHAT_TEMPLATES,
    FactName.SHARDS,
    FactName.RUNS_CODE,
    FactName.IMPORTS,
)


def cyclonedx(bill: Bill, *, version: CycloneDxVersion) -> str:
    """The document's JSON text."""
    return numbered(lambda serial: _document(bill, version, serial))


def _document(bill: Bill, version: CycloneDxVersion, serial: UUID) -> _Object:
    models = tuple((f"model-{number}", each) for number, each in enumerate(bill.models, start=1))
    found = [
        (f"{ref}/finding-{number}", _affected(ref, each.model, finding), finding)
        for ref, each in models
        for number, finding in enumerate(each.model.findings, start=1)
    ]
    others = _others(bill)
    found += [
        (f"finding-{number}", others[_file_name(finding)], finding)
        for number, finding in enumerate(bill.findings, start=1)
    ]
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{version}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": _metadata(bill),
        "components": [
            *(_model(ref, each) for ref, each in models),
            *({"type": "file", "bom-ref": ref, "name": name} for name, ref in others.items()),
        ],
        "compositions": [
            {
                "aggregate": "complete" if bill.complete else "incomplete",
                "assemblies": [ref for ref, _ in models],
            }
        ],
        "vulnerabilities": [
            _vulnerability(ref, affected, finding)
            for ref, affected, finding in found
            if not is_about_terms(finding)
        ],
        "annotations": [
            _annotation(bill, ref, affected, finding)
            for ref, affected, finding in found
            if is_about_terms(finding)
        ],
    }


def _others(bill: Bill) -> dict[str, str]:
    """The files that findings are about and that belong to no model: their references by name."""
    names = dict.fromkeys(map(_file_name, bill.findings))
    return {name: f"file-{number}" for number, name in enumerate(names, start=1)}


def _file_name(finding: Finding) -> str:
    return finding.subject.partition("!/")[0] or "file"


def _metadata(bill: Bill) -> _Object:
    skipped = ((f"skipped:{each.kind}", f"{each.count}: {plain(each.reason)}") for each in bill.skipped)
    return {
        "timestamp": rfc3339(bill.created_at),
        "lifecycles": [{"phase": "discovery"}],
        "tools": {"components": [_tool(bill)]},
    } | _properties(skipped)


def _tool(bill: Bill) -> _Object:
    return {"type": "application", "name": "ringfence", "version": bill.tool_version}


def _model(ref: str, described: Described) -> _Object:
    model, said = described.model, stated(described)
    weights = tuple(file for file in model.files if file.format)
    component: _Object = {"type": "machine-learning-model", "bom-ref": ref, "name": said.name}
    if said.version:
        component["version"] = said.version
    if said.publisher:
        component["publisher"] = said.publisher
    if len(weights) == 1:
        component |= _hashes(weights[0])
    if model.effective_license:
        component["licenses"] = _license_that_counts(model.effective_license)
    if said.purl:
        component["purl"] = said.purl
    if said.base_models:
        component["pedigree"] = {
            "ancestors": [
                {"type": "machine-learning-model", "bom-ref": f"{ref}/base-{number}", "name": each.name}
                | ({"purl": each.purl} if each.purl else {})
                for number, each in enumerate(said.base_models, start=1)
            ]
        }
    if said.address:
        component["externalReferences"] = [{"type": "distribution", "url": said.address}]
    if model.files:
        component["components"] = [
            _file(f"{ref}/file-{number}", file) for number, file in enumerate(model.files, start=1)
        ]
    if model.licenses:
        component["evidence"] = {"licenses": [_claim(claim) for claim in model.licenses]}
    return component | {"modelCard": _model_card(ref, said)} | _properties(_about(model))


def _about(model: Model) -> Iterator[tuple[str, str]]:
    yield "size_bytes", str(model.size_bytes)
    if model.verdict:
        yield "verdict", model.verdict.value
    if model.id:
        yield "id", model.id
    if model.store:
        yield "store", model.store
    if model.remote:
        yield "remote", "true"
    for obligation in model.obligations:
        yield f"obligation:{obligation.id}", obligation.text


def _file(ref: str, file: ModelFile) -> _Object:
    about = [("size_bytes", str(file.size_bytes))]
    if file.format:
        about.append(("format", file.format))
    if file.sha256 is None and file.sha256_claimed:
        about.append(("sha256_claimed", file.sha256_claimed))
    about += [(name.value, shown(file.facts[name])) for name in _FILE_FACTS if name in file.facts]
    component: _Object = {"type": "file", "bom-ref": ref, "name": plain(file.name) or "file"}
    return component | _hashes(file) | _properties(about)


def _hashes(file: ModelFile) -> _Object:
    """Only what was computed from the bytes: a digest that somebody claims is no hash."""
    return {"hashes": [{"alg": "SHA-256", "content": file.sha256}]} if file.sha256 else {}


def _model_card(ref: str, said: Stated) -> _Object:
    parameters = {
        "task": said.task,
        "architectureFamily": said.family,
        "modelArchitecture": said.architecture,
        "datasets": [
            {"type": "dataset", "bom-ref": f"{ref}/dataset-{number}", "name": each.name}
            | ({"contents": {"url": each.address}} if each.address else {})
            for number, each in enumerate(said.datasets, start=1)
        ],
    }
    card: _Object = {"modelParameters": {key: value for key, value in parameters.items() if value}}
    if said.metrics:
        card["quantitativeAnalysis"] = {
            "performanceMetrics": [
                {"type": kind, "value": value} | ({"slice": dataset} if dataset else {})
                for kind, value, dataset in said.metrics
            ]
        }
    if said.limitations:
        card["considerations"] = {"technicalLimitations": list(said.limitations)}
    return card | _properties((*said.parameters, *(("language", each) for each in said.languages)))


def _license_that_counts(expression: str) -> list[_Object]:
    tree = tree_of(expression)
    if isinstance(tree, Named):
        return [{"license": _named(tree) | {"acknowledgement": "concluded"}}]
    return [{"expression": written(tree), "acknowledgement": "concluded"}]


def _claim(claim: LicenseClaim) -> _Object:
    own = {} if is_inherited(claim) else {"acknowledgement": "declared"}
    source = _properties([("source", plain(claim.source))])
    return {"license": _named(tree_of(claim.expression)) | own | source}


def _named(tree: Tree) -> _Object:
    """`id` only for what is on the SPDX list by itself; an expression or a name of ours is a `name`."""
    text = written(tree)
    on_list = isinstance(tree, Named) and (tree.on_spdx_list or tree.license)
    alone = " " not in text and not text.startswith("LicenseRef-")
    return {"id": text} if on_list and alone else {"name": text}


def _vulnerability(ref: str, affected: str, finding: Finding) -> _Object:
    about = [
        ("confidence", finding.confidence.value),
        ("fingerprint", finding.fingerprint),
        ("documentation", finding.documentation),
    ]
    page = check_named(finding.check)
    if finding.offset is not None:
        about.append(("offset", str(finding.offset)))
    return {
        "bom-ref": ref,
        "id": finding.check,
        "source": _SOURCE,
        "ratings": [{"source": _SOURCE, "severity": finding.severity.value, "method": "other"}],
        **({"description": page.title} if page else {}),
        "detail": _detail(finding),
        "recommendation": finding.advice,
        "affects": [{"ref": affected}],
    } | _properties(about)


def _affected(ref: str, model: Model, finding: Finding) -> str:
    """The file that a finding is about, where it is about one."""
    number = affected_file(model, finding)
    return f"{ref}/file-{number}" if number else ref


def _annotation(bill: Bill, ref: str, affected: str, finding: Finding) -> _Object:
    return {
        "bom-ref": ref,
        "subjects": [affected],
        "annotator": {"component": _tool(bill)},
        "timestamp": rfc3339(bill.created_at),
        "text": f"{finding.severity.value} {finding.check}: {_detail(finding)}; {finding.advice}",
    }


def _detail(finding: Finding) -> str:
    return f"{finding.subject}: {'; '.join(finding.evidence)}" if finding.evidence else finding.subject


def _properties(pairs: Iterable[tuple[str, str]]) -> _Object:
    """A `properties` list under our own prefix; nothing for no pairs."""
    written = [{"name": f"ringfence:{name}", "value": value} for name, value in pairs]
    return {"properties": written} if written else {}
