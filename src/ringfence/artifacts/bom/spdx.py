"""A bill of materials as SPDX 3.0.1 JSON-LD, with the AI profile.

A model is an `ai_AIPackage` that contains its files. Three of the fields that the profile asks for are seldom
known of a model that lies on a disk; what stands in for them says so. Findings are annotations.

Source: SPDX 3.0.1, chapters Core, Software, AI and SimpleLicensing.
"""

from collections.abc import Iterable, Iterator
from uuid import UUID

from ringfence.artifacts.bom.bill import Bill, Described
from ringfence.artifacts.bom.serial import numbered
from ringfence.artifacts.bom.stated import (
    Origin,
    Stated,
    affected_file,
    local_license_names,
    plain,
    rfc3339,
    stated,
)
from ringfence.artifacts.licenses import is_inherited
from ringfence.artifacts.licenses.catalogue import catalogue
from ringfence.artifacts.licenses.expressions import tree_of
from ringfence.artifacts.licenses.spdx import written
from ringfence.core.findings import Finding
from ringfence.core.models import Model, ModelFile

__all__ = ["spdx"]

_Object = dict[str, object]

_CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_NOBODY_KNOWS = "https://spdx.org/rdf/3.0.1/terms/Core/NoAssertionElement"
_CREATION = "_:creation"
_RELEASE_UNKNOWN = "releaseTime is the time of this document: when the model was released is not known."


def spdx(bill: Bill) -> str:
    """The document's JSON text."""
    return numbered(lambda serial: {"@context": _CONTEXT, "@graph": _Graph(bill, serial).elements()})


class _Graph:
    """The elements of one document. Its ids are the document's serial number with a fragment."""

    def __init__(self, bill: Bill, serial: UUID) -> None:
        self._bill = bill
        self._base = f"urn:uuid:{serial}"
        self._created = rfc3339(bill.created_at)
        self._licenses: dict[str, str] = {}  # ids by expression: models of one license share it
        self._custom: dict[str, str] = {}  # ids by LicenseRef-…

    def elements(self) -> list[_Object]:
        models = tuple((self._id(f"model-{n}"), each) for n, each in enumerate(self._bill.models, start=1))
        described = [element for id_, each in models for element in self._about(id_, each)]
        inside = [*self._makers(), *self._license_elements(), *described, *self._others()]
        roots = [id_ for id_, _ in models]
        bom = self._element(
            "software_Sbom",
            self._id("bom"),
            software_sbomType=["analyzed"],
            rootElement=roots,
            element=[each["spdxId"] for each in inside],
            profileConformance=["core", "software", "ai", "simpleLicensing"],
        )
        document = self._element(
            "SpdxDocument",
            self._id("document"),
            name="Models found by ringfence",
            rootElement=[bom["spdxId"]],
            element=[bom["spdxId"], *(each["spdxId"] for each in inside)],
            profileConformance=["core", "software", "ai", "simpleLicensing"],
            **self._incomplete(),
        )
        return [self._creation(), document, bom, *inside]

    def _creation(self) -> _Object:
        return {
            "type": "CreationInfo",
            "@id": _CREATION,
            "specVersion": "3.0.1",
            "created": self._created,
            "createdBy": [self._id("ringfence")],
        }

    def _makers(self) -> Iterator[_Object]:
        tool = f"ringfence {self._bill.tool_version}"
        yield self._element("SoftwareAgent", self._id("ringfence"), name=tool)
        yield self._element("Agent", self._id("unknown-supplier"), name="a supplier that is not known")

    def _incomplete(self) -> dict[str, object]:
        if self._bill.complete:
            return {}
        skipped = (f"{each.kind}, {each.count}: {plain(each.reason)}" for each in self._bill.skipped)
        return {"comment": "; ".join(("Incomplete: a part could not be examined", *skipped))}

    def _about(self, id_: str, described: Described) -> Iterator[_Object]:
        model, said = described.model, stated(described)
        supplier = self._id("unknown-supplier")
        if said.publisher:
            supplier = f"{id_}-supplier"
            yield self._element("Organization", supplier, name=said.publisher)
        yield self._package(id_, supplier, model, said)
        files = [(f"{id_}-file-{n}", file) for n, file in enumerate(model.files, start=1)]
        for file_id, file in files:
            yield self._file(file_id, file)
        yield from self._related(id_, "contains", [file_id for file_id, _ in files])
        yield from self._license_relationships(id_, model)
        yield from self._origins(id_, said)
        for number, finding in enumerate(model.findings, start=1):
            affected = affected_file(model, finding)
            about = f"{id_}-file-{affected}" if affected else id_
            yield self._annotation(f"{id_}-finding-{number}", about, finding)

    def _others(self) -> Iterator[_Object]:
        """Findings about files that belong to no model, and these files."""
        files: dict[str, str] = {}
        for number, finding in enumerate(self._bill.findings, start=1):
            name = finding.subject.partition("!/")[0] or "file"
            if name not in files:
                files[name] = self._id(f"file-{len(files) + 1}")
                yield self._element("software_File", files[name], name=name, software_primaryPurpose="file")
            yield self._annotation(self._id(f"finding-{number}"), files[name], finding)

    def _package(self, id_: str, supplier: str, model: Model, said: Stated) -> _Object:
        languages = [f"Languages: {', '.join(said.languages)}."] if said.languages else []
        asked = [f"Asks: {obligation.text}." for obligation in model.obligations]
        optional: dict[str, object] = {
            "software_packageUrl": said.purl,
            "ai_domain": [said.task] if said.task else None,
            "ai_typeOfModel": [kind for kind in (said.family, said.architecture) if kind],
            "ai_hyperparameter": [_entry(key, value) for key, value in said.parameters],
            "ai_metric": [_entry(f"{t} ({of})" if of else t, value) for t, value, of in said.metrics],
            "ai_limitation": "\n\n".join(said.limitations),
        }
        return self._element(
            "ai_AIPackage",
            id_,
            name=said.name,
            software_packageVersion=said.version or model.id or "unknown",
            software_primaryPurpose="model",
            software_downloadLocation=said.address or _NOBODY_KNOWS,
            suppliedBy=supplier,
            releaseTime=self._created,
            comment=" ".join([_RELEASE_UNKNOWN, *languages, *asked]),
            **{key: value for key, value in optional.items() if value},
        )

    def _file(self, id_: str, file: ModelFile) -> _Object:
        digest = {"type": "Hash", "algorithm": "sha256", "hashValue": file.sha256}
        return self._element(
            "software_File",
            id_,
            name=plain(file.name) or "file",
            software_primaryPurpose="model" if file.format else "file",
            **({"verifiedUsing": [digest]} if file.sha256 else {}),
        )

    def _origins(self, id_: str, said: Stated) -> Iterator[_Object]:
        bases = [(f"{id_}-base-{n}", each) for n, each in enumerate(said.base_models, start=1)]
        for base_id, each in bases:
            yield self._elsewhere(base_id, each, "model")
        yield from self._related(id_, "descendantOf", [base_id for base_id, _ in bases])
        data = [(f"{id_}-dataset-{n}", each) for n, each in enumerate(said.datasets, start=1)]
        for data_id, each in data:
            yield self._elsewhere(data_id, each, "data")
        yield from self._related(id_, "trainedOn", [data_id for data_id, _ in data])

    def _elsewhere(self, id_: str, origin: Origin, purpose: str) -> _Object:
        known = {"software_downloadLocation": origin.address, "software_packageUrl": origin.purl}
        return self._element(
            "software_Package",
            id_,
            name=origin.name or purpose,
            software_primaryPurpose=purpose,
            **{key: value for key, value in known.items() if value},
        )

    def _license_relationships(self, id_: str, model: Model) -> Iterator[_Object]:
        """What the model's own files state is declared; what base models bring counts in the conclusion."""
        sources: dict[str, list[str]] = {}
        for claim in model.licenses:
            if is_inherited(claim):
                continue
            sources.setdefault(claim.expression, []).append(plain(claim.source))
        for number, (expression, where) in enumerate(sources.items(), start=1):
            yield self._relationship(
                f"{id_}-declared-{number}",
                id_,
                "hasDeclaredLicense",
                [self._license(expression)],
                comment=f"Stated in: {', '.join(where)}",
            )
        if model.effective_license:
            license_id = self._license(model.effective_license)
            yield self._relationship(f"{id_}-concluded", id_, "hasConcludedLicense", [license_id])

    def _license(self, expression: str) -> str:
        expression = written(tree_of(expression))  # grammatical, whatever it was
        for name in local_license_names(expression):
            self._custom.setdefault(name, self._id(f"text-{len(self._custom) + 1}"))
        return self._licenses.setdefault(expression, self._id(f"license-{len(self._licenses) + 1}"))

    def _license_elements(self) -> Iterator[_Object]:
        for expression, id_ in self._licenses.items():
            custom = [_entry(name, self._custom[name]) for name in local_license_names(expression)]
            yield self._element(
                "simplelicensing_LicenseExpression",
                id_,
                simplelicensing_licenseExpression=expression,
                **({"simplelicensing_customIdToUri": custom} if custom else {}),
            )
        for name, id_ in self._custom.items():
            yield self._element(
                "simplelicensing_SimpleLicensingText",
                id_,
                name=name,
                simplelicensing_licenseText=_instead_of_text(name),
            )

    def _annotation(self, id_: str, about: str, finding: Finding) -> _Object:
        what = f"{finding.severity.value} {finding.check} ({finding.confidence.value})"
        told = "; ".join((finding.subject, *finding.evidence, finding.advice))
        return self._element(
            "Annotation",
            id_,
            annotationType="review",
            subject=about,
            statement=f"{what}: {told}",
        )

    def _related(self, from_: str, kind: str, to: list[str]) -> Iterator[_Object]:
        if to:
            yield self._relationship(f"{from_}-{kind}", from_, kind, to)

    def _relationship(self, id_: str, from_: str, kind: str, to: Iterable[str], **more: object) -> _Object:
        return self._element(
            "Relationship", id_, **{"from": from_, "relationshipType": kind, "to": list(to), **more}
        )

    def _element(self, kind: str, id_: str, **fields: object) -> _Object:
        return {"type": kind, "spdxId": id_, "creationInfo": _CREATION, **fields}

    def _id(self, name: str) -> str:
        return f"{self._base}#{name}"


def _instead_of_text(name: str) -> str:
    known = catalogue().by_expression.get(name.casefold())
    if known is None:
        return f"The text of {name} is not part of this document."
    return f"{known.name}; its text is not part of this document, see {known.source}"


def _entry(key: str, value: str) -> _Object:
    return {"type": "DictionaryEntry", "key": key, "value": value}
