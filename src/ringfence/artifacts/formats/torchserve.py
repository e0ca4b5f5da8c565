"""TorchServe's model archives (.mar): a zip file of weights, a handler in Python, and a manifest.

The server imports the handler and installs what the requirements file lists.

Source: pytorch/serve, model-archiver/README.md and ts/model_loader.py.
"""

from collections.abc import Iterator

from ringfence.artifacts import zip_directory, zip_layout, zip_members
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.zip_directory import Member
from ringfence.artifacts.zip_layout import Entry
from ringfence.core.bounded_json import BadJson, parse
from ringfence.core.facts import Fact, FactName
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_MANIFEST = "MAR-INF/MANIFEST.json"
_HANDLERS = frozenset(
    ("image_classifier", "image_segmenter", "object_detector", "text_classifier", "base_handler")
)


def _sniff(reader: Reader) -> bool:
    return bool(zip_directory.first_name(reader)) and _MANIFEST in reader.once(zip_directory.names)


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    members: list[Member] = []
    yield from zip_directory.read_members(reader, members)
    yield Fact(name=FactName.MEMBERS, value=len(members))
    yield Fact(name=FactName.RUNS_CODE, value=("handler",))


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    for found in zip_layout.laid_out(reader):
        if not isinstance(found, Entry):
            yield found
        elif found.name == _MANIFEST:
            yield from zip_members.inside(reader, found, judge=_manifest)
        else:
            yield from zip_members.inside(reader, found)


FORMAT = Format(
    name="torchserve",
    title="TorchServe model archive",
    suffixes=(".mar",),
    sniff=_sniff,
    starts=(zip_directory.LOCAL,),
    read=_read,
    judge=_judge,
    judges_structure=True,
)


def _manifest(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    """What the server runs besides loading the weights."""
    try:
        whole = parse(
            reader.at(0, min(reader.size_bytes, LIMITS.config_bytes + 1)), max_bytes=LIMITS.config_bytes
        )
    except BadJson as error:
        raise Malformed(ProblemKind.BAD_HEADER, at=None, detail=str(error)) from error
    model = whole.get("model") if isinstance(whole, dict) else None
    handler = model.get("handler") if isinstance(model, dict) else None
    requirements = model.get("requirementsFile") if isinstance(model, dict) else None
    if isinstance(handler, str) and handler not in _HANDLERS:
        yield _runs(f"the handler {handler}")
    if isinstance(requirements, str):
        yield _runs(f"what pip installs by {requirements}")


def _runs(what: str) -> Spotted:
    return Spotted(
        check="runs-own-code",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=None,
        evidence=(what,),
        advice="read this code before you serve the model",
    )
