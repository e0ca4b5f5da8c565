"""Keras 3's own format: a zip file of two JSON documents, the weights, and what layers keep beside them.

The model is built from config.json alone; every member of that name is judged, because loaders and repacked
archives disagree on which of several counts.

Source: keras/src/saving/saving_lib.py.
"""

from collections.abc import Iterator

from ringfence.artifacts import payloads, zip_directory, zip_layout, zip_members
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.json_table import bad_json
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.zip_directory import Member
from ringfence.artifacts.zip_layout import Entry
from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_CONFIG, _METADATA = "config.json", "metadata.json"
_WEIGHTS = ("model.weights.h5", "model.weights.npz", "model.weights.json")


def _sniff(reader: Reader) -> bool:
    if not zip_directory.first_name(reader):
        return False
    found = reader.once(zip_directory.directory)
    if found is None or b"model.weights." not in found.data:
        return False
    members: list[Member] = []
    for _problem in zip_directory.read_members(reader, members):
        pass
    names = {member.name for member in members}
    return names >= {_CONFIG, _METADATA} and not names.isdisjoint(_WEIGHTS)


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    members: list[Member] = []
    yield from zip_directory.read_members(reader, members)
    yield Fact(name=FactName.MEMBERS, value=len(members))
    yield from zip_directory.check_members(reader, members)
    by_name = {member.name: member for member in members}
    metadata = _document(reader, by_name[_METADATA])
    if version := _text(metadata, "keras_version"):
        yield Fact(name=FactName.PRODUCER, value=f"keras {version}")
    config = _document(reader, by_name[_CONFIG])
    if kind := _text(config, "class_name"):
        yield Fact(name=FactName.ARCHITECTURE, value=kind)
    if name := _text(config.get("config"), "name"):
        yield Fact(name=FactName.NAME, value=name)
    if _has_lambda(config):
        yield Fact(name=FactName.RUNS_CODE, value=("keras lambda",))


def _sniff_named(reader: Reader) -> bool:
    """One that is cut short: its first member could be anybody's."""
    first = zip_directory.first_name(reader)
    return first.decode("utf-8", "replace") in (_CONFIG, _METADATA) and not reader.once(
        zip_directory.directory
    )


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts import keras_config

    names: set[str] = set()
    for found in zip_layout.laid_out(reader):
        if not isinstance(found, Entry):
            yield found
            continue
        names.add(found.name)
        last = found.name.replace("\\", "/").rpartition("/")[2].lower().rstrip(". ")
        judge = keras_config.judge_document if last in (_CONFIG, _METADATA) else None
        if found.name.startswith("assets/") and last.endswith(".txt"):
            judge = _judge_words
        yield from zip_members.inside(reader, found, judge=judge)
    if _CONFIG not in names:
        raise Malformed(ProblemKind.TRUNCATED, at=None, detail=f"there is no {_CONFIG}")


FORMAT = Format(
    name="keras",
    title="Keras",
    suffixes=(".keras",),
    sniff=_sniff,
    starts=(zip_directory.LOCAL,),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    judges_structure=True,
)


def _judge_words(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    """A vocabulary: layers read its lines and nothing else."""
    yield from payloads.in_text(reader, 0, reader.size_bytes, name="vocabulary")
    if reader.size_bytes <= LIMITS.header_bytes and b"\0" not in reader.at(0, reader.size_bytes):
        return
    yield Problem(kind=ProblemKind.BAD_HEADER, at=0, detail="a vocabulary that is no text")


def _document(reader: Reader, member: Member) -> dict[str, Json]:
    data = zip_directory.content(reader, member, max_bytes=LIMITS.config_bytes)
    if len(data) == LIMITS.config_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=member.at, detail=f"{member.name} is too long to be read")
    try:
        value = parse(data)
    except BadJson as error:
        raise bad_json(error, at=member.at, of=member.name) from error
    if not isinstance(value, dict):
        raise Malformed(ProblemKind.BAD_HEADER, at=member.at, detail=f"{member.name} is no JSON object")
    return value


def _text(document: Json, key: str) -> str | None:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, str) else None


def _has_lambda(config: Json) -> bool:
    """Whether a layer anywhere in the configuration is pickled code. What is parsed is bounded already."""
    left = [config]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            if value.get("class_name") in ("Lambda", "__lambda__"):
                return True
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
    return False
